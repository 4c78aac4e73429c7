"""A text at some distance from its point in space, with a line between them."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from manim import LEFT, RIGHT, Line

from rnnviz.mobjects.billboard import Billboard
from rnnviz.mobjects.camera3d import Camera3D
from rnnviz.mobjects.framing import Region
from rnnviz.mobjects.text import Ink
from rnnviz.mobjects.theme import Theme

_FROM_POINT: Final = 0.2
_FROM_TEXT: Final = 0.1
_WIDTH, _RIM = 1.5, 4.0


class Pointer(Billboard):
    """A billboard that a thin line joins to its point, which may be far away."""

    def __init__(
        self,
        ink: Ink,
        world: Sequence[float] | np.ndarray,
        offset: tuple[float, float],
        theme: Theme,
    ):
        super().__init__(ink, world, offset, theme)
        self.line = Line(color=theme.color("text"), stroke_width=_WIDTH)
        self.line.set_stroke(theme.ground, width=_RIM, background=True)
        self.add_to_back(self.line)

    def draw(self, view: Camera3D, frame: Region) -> None:
        """Move beside the point as the camera sees it, and draw the line to it."""
        super().draw(view, frame)
        start = view.project(self.world)
        end = self.ink.get_edge_center(LEFT if self.offset[0] > 0 else RIGHT)
        along = (end - start) / np.linalg.norm(end - start)
        self.line.put_start_and_end_on(start + _FROM_POINT * along, end - _FROM_TEXT * along)
        opacity = self.ink.get_fill_opacity()
        self.line.set_stroke(opacity=opacity).set_stroke(opacity=opacity, background=True)

"""Text at a place in space that always faces the viewer."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from manim import VGroup

from rnnviz.mobjects.camera3d import Camera3D
from rnnviz.mobjects.framing import Region
from rnnviz.mobjects.text import Ink
from rnnviz.mobjects.theme import Theme

_GAP: Final = 0.12
_RIM: Final = 4.0


class Billboard(VGroup):
    """A text beside a world point, in one size wherever it is, with a rim in the ground's colour.

    ``world`` (3,) is the point and ``shown`` (), 0 … 1, its opacity. ``offset`` is the side on
    which it stands: (0, 1) above the point, (−1, 0) left of it, (0, 0) over it.
    """

    def __init__(
        self,
        ink: Ink,
        world: Sequence[float] | np.ndarray,
        offset: tuple[float, float],
        theme: Theme,
    ):
        ink.set_stroke(theme.ground, width=_RIM, background=True)
        self.ink, self.world = ink, np.array(world, dtype=float)
        self.offset, self.shown = np.array(offset, dtype=float), np.array(0.0)
        self._half = np.array([ink.width, ink.height]) / 2
        self._glyphs = ink.family_members_with_points()
        self._outlines = [glyph.points - ink.get_center() for glyph in self._glyphs]
        self._drawn = 1.0
        super().__init__(ink)

    def draw(self, view: Camera3D, frame: Region) -> None:
        """Move beside the point as the camera sees it."""
        place = view.project(self.world)[:2] + self.offset * (self._half + _GAP)
        there = np.array([*place, 0.0])
        for glyph, outline in zip(self._glyphs, self._outlines, strict=True):
            glyph.points = outline + there
        presence = frame.presence(place - self._half, place + self._half)
        opacity = float(self.shown) * float(presence)
        if opacity != self._drawn:
            self.ink.set_fill(opacity=opacity).set_stroke(opacity=opacity, background=True)
            self._drawn = opacity

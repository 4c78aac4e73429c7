"""A plane of two principal components."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from manim import LEFT, RIGHT, VGroup

from rnnviz.measure import PrincipalComponents
from rnnviz.mobjects.numbers import percent
from rnnviz.mobjects.plane import Plane
from rnnviz.mobjects.text import NOTE, label
from rnnviz.mobjects.theme import Theme

_CENTRE: Final = (-1.78, 0.85)
_WIDTH: Final = 8.3
_HEIGHT: Final = 4.6
_ROOM: Final = 0.58


class StatePlane(VGroup):
    """The plane of two principal components, with their shares of the variance.

    A unit is as long on one axis as on the other.

    Shapes: points (point, 2) are those that it has room for
    """

    def __init__(
        self,
        points: np.ndarray,
        components: PrincipalComponents,
        names: Sequence[str],
        theme: Theme,
    ):
        shares = [percent(float(share)) for share in components.shares]
        low, high = points.min(axis=0), points.max(axis=0)
        middle, reach = (low + high) / 2, _ROOM * (high - low)
        scale = max(reach[0] / _WIDTH, reach[1] / _HEIGHT, 1e-12)
        (left, bottom), (right, top) = (
            middle + side * scale * np.array([_WIDTH, _HEIGHT]) for side in (-1, 1)
        )
        self.plane = Plane(
            (left, right),
            (bottom, top),
            theme,
            width=_WIDTH,
            height=_HEIGHT,
            centre=_CENTRE,
            ticks=4,
        )
        color = theme.color("note")
        across, up = (
            label(f"{name} ({share})", color=color, size=NOTE)
            for name, share in zip(names, shares, strict=True)
        )
        frame = self.plane.frame
        across.move_to([frame.get_right()[0], 0.0, 0.0], aligned_edge=RIGHT)
        across.set_on(self.plane.ticks.get_bottom()[1] - 0.25)
        up.move_to([frame.get_left()[0], 0.0, 0.0], aligned_edge=LEFT)
        up.set_on(frame.get_top()[1] + 0.12)
        self.names = VGroup(across, up)
        super().__init__(self.plane, self.names)

    def at(self, point: np.ndarray) -> np.ndarray:
        """Return the place (3,) of a pair of components in the frame."""
        return self.plane.at(float(point[0]), float(point[1]))

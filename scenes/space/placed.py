"""Outlines and texts with a place in space."""

from collections.abc import Sequence
from typing import Self

import numpy as np
from manim import VGroup, VMobject

from rnnviz.mobjects.projection import Projection
from rnnviz.mobjects.text import Ink


class Placed(VMobject):
    """An outline with world coordinates, drawn in projection."""

    def __init__(self, world: np.ndarray, **style: object):
        super().__init__(**style)
        self.world = np.asarray(world, dtype=float)
        self._curves = VMobject().set_points_as_corners(self.world).points

    def project_by(self, view: Projection) -> Self:
        """Take the projected shape, with straight lines and their proportions preserved."""
        self.points = view.project(self._curves)
        return self


class Sign(VGroup):
    """Text at a world point that always faces the viewer."""

    def __init__(self, ink: Ink, world: Sequence[float], offset: np.ndarray):
        super().__init__(ink)
        self.world = np.asarray(world, dtype=float)
        self.offset = offset

    def project_by(self, view: Projection) -> Self:
        """Move beside the projected point, by the offset."""
        half = np.array([self.width / 2, self.height / 2, 0.0])
        return self.move_to(view.project(self.world) + self.offset * (half + 0.16))

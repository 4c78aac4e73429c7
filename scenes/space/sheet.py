"""The values of one layer over time, as tiles in space."""

import numpy as np
from manim import VGroup
from rnnviz.scenes.space.placed import Placed

from rnnviz.mobjects.strip import MOST_CELLS
from rnnviz.mobjects.theme import Theme


class Sheet(VGroup):
    """Tiles in a plane, with steps along x and units along y, the first unit in front.

    Of more than ``MOST_CELLS`` units the first are shown.

    Shapes: values (steps, units)
    """

    def __init__(
        self, values: np.ndarray, height: float, unit_pitch: float, limit: float, theme: Theme
    ):
        self.values = np.asarray(values, dtype=float)[:, :MOST_CELLS]
        self.z = height
        steps, units = self.values.shape
        self.xs = np.arange(steps) - (steps - 1) / 2
        self.ys = (np.arange(units) - (units - 1) / 2) * unit_pitch
        self.columns = VGroup(
            *[
                VGroup(
                    self._plate(x, theme),
                    *[
                        self._tile(x, y, unit_pitch, theme, float(value) / limit)
                        for y, value in zip(self.ys, row, strict=True)
                    ],
                )
                for x, row in zip(self.xs, self.values, strict=True)
            ]
        )
        super().__init__(*self.columns)

    def tile(self, step: int, unit: int) -> Placed:
        """Return the tile of one value."""
        return self.columns[step][unit + 1]

    def _plate(self, x: float, theme: Theme) -> Placed:
        """Return a plate that hides the lines below a column between its tiles."""
        world = self._corners(x, self.ys[0], self.ys[-1])
        return Placed(world, fill_color=theme.ground, fill_opacity=1.0, stroke_width=0)

    def _tile(self, x: float, y: float, pitch: float, theme: Theme, value: float) -> Placed:
        return Placed(
            self._corners(x, y - 0.42 * pitch, y + 0.42 * pitch),
            fill_color=theme.signed(value),
            fill_opacity=1.0,
            stroke_width=0.8,
            stroke_color=theme.ground,
        )

    def _corners(self, x: float, low: float, high: float) -> np.ndarray:
        left, right = x - 0.4, x + 0.4
        corners = [(left, low), (right, low), (right, high), (left, high), (left, low)]
        return np.array([(*corner, self.z) for corner in corners])

    def point(self, step: int, unit: int) -> np.ndarray:
        """Return the world point of a tile's middle."""
        return np.array([self.xs[step], self.ys[unit], self.z])

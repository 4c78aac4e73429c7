"""The part of the frame that a scene in space uses, and how it ends at its edges."""

from dataclasses import astuple, dataclass
from typing import Final

import numpy as np

from rnnviz.mobjects import layout


@dataclass(frozen=True)
class Region:
    """A rectangle of the frame, in which a stage is seen.

    Units:  Manim units; what comes nearer to an edge than ``soft`` fades out
    """

    left: float
    right: float
    bottom: float
    top: float
    soft: float = 0.3

    @property
    def width(self) -> float:
        """The width."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """The height."""
        return self.top - self.bottom

    @property
    def centre(self) -> tuple[float, float]:
        """The middle."""
        return (self.left + self.right) / 2, (self.bottom + self.top) / 2

    def presence(self, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Return how visible (0 … 1) boxes are, from their lower and upper corners (…, 2)."""
        inner = np.minimum(low - [self.left, self.bottom], [self.right, self.top] - high)
        return np.clip(inner.min(axis=-1) / self.soft, 0.0, 1.0)

    def towards(self, other: "Region", share: float) -> "Region":
        """Return the rectangle a share (0 … 1) of the way to another."""
        ends = zip(astuple(self), astuple(other), strict=True)
        return Region(*[(1 - share) * here + share * there for here, there in ends])

    def cut(self, polygon: np.ndarray) -> np.ndarray:
        """Return the part (m, 2) of a convex polygon (n, 2) inside the rectangle."""
        for axis, limit, sign in (
            (0, self.left, 1.0),
            (0, self.right, -1.0),
            (1, self.bottom, 1.0),
            (1, self.top, -1.0),
        ):
            if not len(polygon):
                return polygon
            inner = sign * (polygon[:, axis] - limit)
            kept = []
            for here, there, a, b in zip(
                polygon, np.roll(polygon, -1, axis=0), inner, np.roll(inner, -1), strict=True
            ):
                if a >= 0:
                    kept.append(here)
                if (a > 0 > b) or (a < 0 < b):
                    kept.append(here + a / (a - b) * (there - here))
            polygon = np.array(kept).reshape(-1, 2)
        return polygon


STAGE: Final = Region(layout.LEFT_EDGE, layout.RIGHT_EDGE, -2.3, layout.TOP_EDGE)
"""All of the safe area above the caption."""

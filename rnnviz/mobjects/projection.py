"""A parallel projection of space onto the frame.

The world's x runs along time, y along the units (away from the viewer), z along the layers (up).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class Projection:
    """The direction from which space is seen, and the zoom.

    Units:  azimuth and elevation in degrees (elevation 90 looks straight down), zoom in frame
            units per world unit; ``target`` is the world point seen at ``place`` in the frame
    """

    azimuth: float
    elevation: float
    zoom: float
    target: tuple[float, float, float] = (0.0, 0.0, 0.0)
    place: tuple[float, float] = (0.0, 0.0)

    def project(self, points: np.ndarray) -> np.ndarray:
        """Return the places in the frame (…, 3), with z = 0, of world points (…, 3)."""
        return np.asarray(points, dtype=float) @ self._matrix + self._shift

    @cached_property
    def _matrix(self) -> np.ndarray:
        turn, tilt = np.radians(self.azimuth), np.radians(self.elevation)
        across = (np.cos(turn), -np.sin(turn), 0.0)
        up = (np.sin(turn) * np.sin(tilt), np.cos(turn) * np.sin(tilt), np.cos(tilt))
        return self.zoom * np.array([across, up, (0.0, 0.0, 0.0)]).T

    @cached_property
    def _shift(self) -> np.ndarray:
        return np.array([*self.place, 0.0]) - np.array(self.target) @ self._matrix

    def towards(self, other: "Projection", share: float) -> "Projection":
        """Return the projection a share (0 … 1) of the way to another."""

        def between(a: float, b: float) -> float:
            return (1 - share) * a + share * b

        return Projection(
            between(self.azimuth, other.azimuth),
            between(self.elevation, other.elevation),
            self.zoom * (other.zoom / self.zoom) ** share,
            tuple(map(between, self.target, other.target)),  # type: ignore[arg-type]
            tuple(map(between, self.place, other.place)),  # type: ignore[arg-type]
        )

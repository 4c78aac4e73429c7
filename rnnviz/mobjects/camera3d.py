"""A camera with perspective: where world points appear in the frame, and how the eye moves.

The world's x runs along time, y along the units (away from the viewer), z up.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np

from rnnviz.mobjects.framing import Region

Point = tuple[float, float, float]

_NEAREST: Final = 0.05
"""The least depth of a point, as a share of the eye's distance; nearer points are moved there."""
_DISTANCES: Final = (0.2, 200.0)
_HALVINGS: Final = 48


@dataclass(frozen=True)
class Camera3D:
    """An eye that looks at a target.

    Units:  azimuth in degrees to the right of the front, elevation in degrees above the horizon
            (90 looks straight down), distance in world units, focal length in frame units: at a
            depth of ``focal`` a world unit is a frame unit; ``target`` is seen at ``place``
    Raises: ValueError if the eye would be at or below the height of its target
    """

    azimuth: float
    elevation: float
    distance: float = 14.0
    focal: float = 14.0
    target: Point = (0.0, 0.0, 0.0)
    place: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        if not 0 < self.elevation <= 90 or self.distance <= 0 or self.focal <= 0:
            raise ValueError(
                f"elevation {self.elevation}, distance {self.distance} and focal {self.focal} "
                "must be positive, and the elevation at most 90"
            )

    @property
    def eye(self) -> np.ndarray:
        """The world point (3,) of the eye."""
        return np.array(self.target) - self.distance * self._axes()[2]

    def project(self, points: np.ndarray) -> np.ndarray:
        """Return the places in the frame (…, 3), with z = 0, of world points (…, 3)."""
        seen = (np.asarray(points, dtype=float) - np.array(self.target)) @ self._axes().T
        depth = np.maximum(self.distance + seen[..., 2], _NEAREST * self.distance)
        flat = np.zeros(seen.shape)
        flat[..., :2] = seen[..., :2] * (self.focal / depth)[..., None] + np.array(self.place)
        return flat

    def depth(self, points: np.ndarray) -> np.ndarray:
        """Return how far world points (…, 3) lie before the eye, along its line of sight."""
        seen = np.asarray(points, dtype=float) - np.array(self.target)
        return self.distance + seen @ self._axes()[2]

    def scale(self, points: np.ndarray) -> np.ndarray:
        """Return the frame units of one world unit at world points (…, 3)."""
        return self.focal / np.maximum(self.depth(points), _NEAREST * self.distance)

    def towards(self, other: "Camera3D", share: float) -> "Camera3D":
        """Return the camera a share (0 … 1) of the way to another, along an orbit.

        The eye goes round its target by angles and keeps above it.
        """

        def between(a: float, b: float) -> float:
            return (1 - share) * a + share * b

        return Camera3D(
            between(self.azimuth, other.azimuth),
            between(self.elevation, other.elevation),
            self.distance ** (1 - share) * other.distance**share,
            self.focal ** (1 - share) * other.focal**share,
            tuple(map(between, self.target, other.target)),  # type: ignore[arg-type]
            tuple(map(between, self.place, other.place)),  # type: ignore[arg-type]
        )

    def turned(self, degrees: float) -> "Camera3D":
        """Return the camera turned around its target, to the right."""
        return replace(self, azimuth=self.azimuth + degrees)

    def framing(self, points: np.ndarray, frame: Region) -> "Camera3D":
        """Return the camera at the distance and place at which world points (n, 3) fill a frame.

        The target becomes the middle of the points.
        """
        points = np.asarray(points, dtype=float)
        middle = (points.min(axis=0) + points.max(axis=0)) / 2
        aimed = replace(self, target=tuple(middle.tolist()), place=(0.0, 0.0))
        near, far = _DISTANCES
        for _ in range(_HALVINGS):
            half = float(np.sqrt(near * far))
            view = replace(aimed, distance=half)
            size = np.ptp(view.project(points)[:, :2], axis=0)
            beyond = view.depth(points).min() < _NEAREST * half
            if beyond or size[0] > frame.width or size[1] > frame.height:
                near = half
            else:
                far = half
        view = replace(aimed, distance=far)
        seen = view.project(points)[:, :2]
        place = np.array(frame.centre) - (seen.min(axis=0) + seen.max(axis=0)) / 2
        return replace(view, place=tuple(place.tolist()))

    def _axes(self) -> np.ndarray:
        return _axes(self.azimuth, self.elevation)


@lru_cache(maxsize=4)
def _axes(azimuth: float, elevation: float) -> np.ndarray:
    """Return the directions right, up and forward (3, 3), one a row."""
    turn, tilt = np.radians(azimuth), np.radians(elevation)
    (sin_turn, cos_turn), (sin_tilt, cos_tilt) = ((np.sin(a), np.cos(a)) for a in (turn, tilt))
    return np.array(
        [
            (cos_turn, sin_turn, 0.0),
            (-sin_turn * sin_tilt, cos_turn * sin_tilt, cos_tilt),
            (-sin_turn * cos_tilt, cos_turn * cos_tilt, -sin_tilt),
        ]
    )

"""Arrows that are drawn in the direction in which a value flows."""

from collections.abc import Sequence
from typing import Self

import numpy as np
from manim import (
    DOWN,
    RIGHT,
    UP,
    Animation,
    ManimColor,
    UpdateFromAlphaFunc,
    VMobject,
    rate_functions,
)

Point = np.ndarray


class FlowArrow(VMobject):
    """A filled arrow along a path. Its thickness may stand for a recorded magnitude.

    Shapes: path (points, 3)
    Units:  thickness of the shaft in Manim units
    """

    def __init__(
        self, path: Sequence[Point] | np.ndarray, *, color: ManimColor, thickness: float = 0.03
    ):
        super().__init__(fill_color=color, fill_opacity=1.0, stroke_width=0.0)
        self.track = VMobject(stroke_width=0.0).set_points_as_corners(path)
        self.add(self.track)
        self.thickness = thickness
        self.reach = 1.0
        self.set_reach(1.0)

    @property
    def path(self) -> np.ndarray:
        """The points (points, 3) of the path, moved along with the arrow."""
        return np.vstack([self.track.get_start_anchors(), self.track.get_end()])

    def set_reach(self, reach: float) -> Self:
        """Show only the first ``reach`` (0 … 1) of the path, with the head at its end."""
        self.reach = reach
        self.set_points_as_corners(self._outline(reach))
        return self

    def grow(self, run_time: float = 0.6) -> Animation:
        """Draw the arrow from its tail to its head."""
        self.set_reach(0.0)
        return UpdateFromAlphaFunc(
            self,
            lambda arrow, alpha: arrow.set_reach(alpha),
            run_time=run_time,
            rate_func=rate_functions.ease_in_out_sine,
        )

    def point_at(self, share: float) -> Point:
        """Return the point at a share (0 … 1) of the path's length."""
        return along(self.path, share)

    def _outline(self, reach: float) -> np.ndarray:
        shown = _until(self.path, max(reach, 1e-3))
        length = _lengths(shown)[-1]
        half = self.thickness / 2
        head = min(max(1.6 * self.thickness, 0.16), 0.62 * length)
        wing = half + 0.42 * min(head, 0.16)
        shaft = _until(shown, 1.0 - head / length) if head < length else shown[:1]
        normals = _normals(shaft if len(shaft) > 1 else shown)[: len(shaft)]
        tip, base = shown[-1], shaft[-1]
        side = _normals(np.array([base, tip]))[0] if head > 0 else normals[-1]
        left = shaft + half * normals
        right = shaft - half * normals
        outline = [*left, base + wing * side, tip, base - wing * side, *right[::-1], left[0]]
        return np.array(outline)


def straight(start: Point, end: Point, gap: float = 0.0) -> np.ndarray:
    """Return the straight path from start to end, leaving ``gap`` free at both ends."""
    direction = (end - start) / np.linalg.norm(end - start)
    return np.array([start + gap * direction, end - gap * direction])


def loop(
    box: VMobject, *, half: float, middle: float, size: tuple[float, float], gap: float, points: int
) -> np.ndarray:
    """Return the path that leaves a box on its right and returns below its start.

    Units:  the path starts and ends ``half`` above and below the middle of the box's side and
            ``gap`` beside it; its arc is centred ``middle`` to the right, with half axes ``size``
    """
    start, end = box.get_right() + half * UP, box.get_right() + half * DOWN
    centre = (start + end) / 2 + middle * RIGHT
    angles = np.linspace(np.pi / 2, -np.pi / 2, points)
    arc = [centre + np.array([size[0] * np.cos(a), size[1] * np.sin(a), 0.0]) for a in angles]
    return np.array([start + gap * RIGHT, *arc, end + gap * RIGHT])


def _lengths(path: np.ndarray) -> np.ndarray:
    steps = np.linalg.norm(np.diff(path, axis=0), axis=1)
    return np.concatenate([[0.0], np.cumsum(steps)])


def along(path: np.ndarray, share: float) -> Point:
    """Return the point at a share (0 … 1) of the length of a path (points, 3)."""
    lengths = _lengths(path)
    at = share * lengths[-1]
    return np.array([np.interp(at, lengths, path[:, axis]) for axis in range(3)])


def _until(path: np.ndarray, share: float) -> np.ndarray:
    lengths = _lengths(path)
    kept = path[lengths < share * lengths[-1]]
    return np.vstack([kept if len(kept) else path[:1], along(path, share)])


def _normals(path: np.ndarray) -> np.ndarray:
    tangents = np.gradient(path, axis=0)
    tangents /= np.maximum(np.linalg.norm(tangents, axis=1, keepdims=True), 1e-9)
    return np.stack([-tangents[:, 1], tangents[:, 0], np.zeros(len(path))], axis=1)

"""A floor with a grid, and panes of glass above it."""

from typing import Final

import numpy as np
from manim import VGroup, VMobject

from rnnviz.mobjects.camera3d import Camera3D
from rnnviz.mobjects.framing import Region
from rnnviz.mobjects.outlines import closed, lines
from rnnviz.mobjects.theme import Theme

_BANDS: Final = 5
_NOWHERE: Final = np.zeros((0, 3))


class FloorGrid(VGroup):
    """Lines on a plane around a rectangle, which fade with their distance from it.

    Units:  ``reach`` is how far the lines go beyond the rectangle (low, high: (2,)), ``pitch``
            their distance, ``z`` the height of the plane, all in world units
    """

    def __init__(
        self,
        low: np.ndarray,
        high: np.ndarray,
        z: float,
        theme: Theme,
        *,
        pitch: float = 1.0,
        reach: float = 5.0,
    ):
        self.shown = np.array(0.0)
        starts, ends = _grid(np.floor(low - reach), np.ceil(high + reach), pitch)
        middle = (starts + ends) / 2
        beyond = np.linalg.norm(np.maximum(np.maximum(low - middle, middle - high), 0), axis=1)
        band = np.minimum((beyond / reach * _BANDS).astype(int), _BANDS)
        self._pieces = [
            tuple(
                np.concatenate([points[band == b], np.full((int((band == b).sum()), 1), z)], axis=1)
                for points in (starts, ends)
            )
            for b in range(_BANDS)
        ]
        color = theme.faint()
        super().__init__(*[VMobject(stroke_width=1.0, stroke_color=color) for _ in range(_BANDS)])

    def draw(self, view: Camera3D, frame: Region) -> None:
        """Draw the lines that are inside the frame."""
        for band, (line, (starts, ends)) in enumerate(zip(self, self._pieces, strict=True)):
            opacity = float(self.shown) * 0.6 * (1 - band / _BANDS)
            a, b = view.project(starts)[:, :2], view.project(ends)[:, :2]
            inside = frame.presence(np.minimum(a, b), np.maximum(a, b)) > 0
            clear = view.depth(starts) > 0.3 * view.distance
            kept = inside & clear
            line.points = lines(a[kept], b[kept]) if opacity > 0 else _NOWHERE
            line.set_stroke(opacity=opacity)


class GlassPane(VGroup):
    """A sheet of glass: a faint fill and a thin edge. ``shown`` (0 … 1) is its opacity.

    Units:  low and high (2,) are its corners in the plane at height ``z``, in world units
    """

    def __init__(self, low: np.ndarray, high: np.ndarray, z: float, theme: Theme):
        self.shown = np.array(0.0)
        self.world = np.array(
            [(low[0], low[1], z), (high[0], low[1], z), (high[0], high[1], z), (low[0], high[1], z)]
        )
        self.pane = VMobject(stroke_width=0, fill_color=theme.surface, fill_opacity=0.0)
        self.edge = VMobject(stroke_width=1.0, stroke_color=theme.faint())
        super().__init__(self.pane, self.edge)

    def draw(self, view: Camera3D, frame: Region) -> None:
        """Draw the part inside the frame."""
        corners = frame.cut(view.project(self.world)[:, :2])
        points = closed(corners) if len(corners) > 2 and self.shown > 0 else _NOWHERE
        self.pane.points, self.edge.points = points, points
        self.pane.set_fill(opacity=0.8 * float(self.shown))
        self.edge.set_stroke(opacity=0.6 * float(self.shown))


def _grid(low: np.ndarray, high: np.ndarray, pitch: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the starts and ends (n, 2) of all grid lines, cut at their crossings."""
    xs, ys = (np.arange(low[axis], high[axis] + pitch / 2, pitch) for axis in (0, 1))
    starts, ends = [], []
    for x in xs:
        starts += [(x, y) for y in ys[:-1]]
        ends += [(x, y) for y in ys[1:]]
    for y in ys:
        starts += [(x, y) for x in xs[:-1]]
        ends += [(x, y) for x in xs[1:]]
    return np.array(starts, dtype=float), np.array(ends, dtype=float)

"""Curves in space along which values flow."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from manim import ManimColor, VGroup, VMobject

from rnnviz.mobjects.camera3d import Camera3D
from rnnviz.mobjects.framing import Region
from rnnviz.mobjects.outlines import closed

_POINTS: Final = 22
_LAYERS: Final = ((3.0, 0.05), (2.4, 0.07), (1.9, 0.10), (1.45, 0.16), (1.0, 1.0))
"""Width and opacity of the glow, from the outside in."""
_PULSE_LENGTH: Final = 0.22
_PULSE_WIDTH: Final = 1.7
_THINNEST: Final = 0.008


class Strands(VGroup):
    """Curves with a width along each, a glow, and a pulse that runs along them.

    The state of each strand is an entry of an array (strands,): ``start`` and ``end`` (0 … 1) are
    the part that is drawn, ``strength`` its opacity, ``pulse`` where its pulse is (none at 0 and
    1).

    Shapes: paths (strands, points, 3), widths (strands, points) in world units, one color each
    """

    def __init__(
        self, paths: np.ndarray, widths: np.ndarray, colors: Sequence[ManimColor], flash: ManimColor
    ):
        self.paths, self.widths = np.asarray(paths, float), np.asarray(widths, float)
        count = len(self.paths)
        self.start, self.end = np.zeros(count), np.zeros(count)
        self.strength, self.pulse = np.ones(count), np.zeros(count)
        self.strands = VGroup(
            *[
                VGroup(
                    *[VMobject(stroke_width=0, fill_color=c, fill_opacity=0) for _ in _LAYERS],
                    VMobject(stroke_width=0, fill_color=flash, fill_opacity=0),
                )
                for c in colors
            ]
        )
        super().__init__(*self.strands)

    def points_at(self, index: int, shares: np.ndarray) -> np.ndarray:
        """Return the world points (…, 3) at shares of one strand."""
        known = np.linspace(0.0, 1.0, self.paths.shape[1])
        return np.stack(
            [np.interp(shares, known, self.paths[index, :, axis]) for axis in range(3)], axis=-1
        )

    def draw(self, view: Camera3D, frame: Region) -> None:
        """Draw what is shown of all strands."""
        for index, group in enumerate(self.strands):
            self._draw_one(index, group, view, frame)

    def _draw_one(self, index: int, group: VGroup, view: Camera3D, frame: Region) -> None:
        start, end = float(self.start[index]), float(self.end[index])
        strength = float(self.strength[index])
        at = float(self.pulse[index])
        *layers, flash = group.submobjects
        shown = end > start and strength > 0
        if not shown:
            for each in group.submobjects:
                each.points = np.zeros((0, 3))
            return
        shares = np.linspace(start, end, _POINTS)
        flat, half = self._seen(index, shares, view)
        reach = half[:, None] * _LAYERS[0][0]
        inside = np.flatnonzero(frame.presence(flat - reach, flat + reach) > 0)
        presence = float(len(inside) > 1)
        if presence:
            part = slice(inside[0], inside[-1] + 1)
            flat, half, (start, end) = flat[part], half[part], shares[[inside[0], inside[-1]]]
        for layer, (wider, opacity) in zip(layers, _LAYERS, strict=True):
            layer.points = _band(flat, half * wider) if presence > 0 else np.zeros((0, 3))
            layer.set_fill(opacity=opacity * strength * presence)
        if 0 < at < 1 and presence > 0:
            shares = np.clip(np.linspace(at - _PULSE_LENGTH, at, _POINTS), start, end)
            flat, half = self._seen(index, shares, view)
            taper = np.sqrt(np.linspace(0.0, 1.0, _POINTS))
            taper[-1] = 0.3
            flash.points = _band(flat, half * _PULSE_WIDTH * taper + 0.004)
            flash.set_fill(opacity=0.9 * strength * presence)
        else:
            flash.points = np.zeros((0, 3))

    def _seen(
        self, index: int, shares: np.ndarray, view: Camera3D
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return places in the frame (points, 2) and half widths (points,) along one strand."""
        world = self.points_at(index, shares)
        known = np.linspace(0.0, 1.0, self.widths.shape[1])
        width = np.interp(shares, known, self.widths[index])
        return view.project(world)[:, :2], np.maximum(width * view.scale(world), _THINNEST) / 2


def arch(start: np.ndarray, end: np.ndarray, rise: float, points: int = 32) -> np.ndarray:
    """Return a path (points, 3) between world points that rises above the straight line."""
    share = np.linspace(0.0, 1.0, points)[:, None]
    path = (1 - share) * start + share * end
    path[:, 2] += rise * (4 * share * (1 - share))[:, 0]
    return path


def _band(path: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Return the outline of a line (n, 2) with half widths (n,)."""
    along = np.gradient(path, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1) * half[:, None]
    return closed(np.concatenate([path + across, (path - across)[::-1]]))

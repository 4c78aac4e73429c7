"""Values as prisms on a plane in space."""

from collections.abc import Callable
from typing import Final

import numpy as np
from manim import ManimColor, VGroup, VMobject

from rnnviz.mobjects.camera3d import Camera3D
from rnnviz.mobjects.framing import Region
from rnnviz.mobjects.outlines import closed
from rnnviz.mobjects.stage3d import Track, change
from rnnviz.mobjects.theme import Role, Theme

_FRONT, _SIDE = 0.76, 0.55
"""How much of its light the wall in front and that at the side get."""
_HIGHLIGHT: Final = 0.14
"""How much white is in the top."""
_SHADOW: Final = ((1.0, 0.20), (1.5, 0.12))
"""Two shadows over each other, soft at the edge: how far they reach and how dark they are."""
_TOWARDS: Final = np.array([0.42, 0.30])
"""Where a shadow of height 1 falls."""
_FLAT: Final = 1e-3
_RIM: Final = 3.6
_FACES: Final = 3


class Prisms(VGroup):
    """A grid of values (steps, units) as prisms: height |value|, coloured by ``color(value)``.

    The state of each prism is an entry of an array (steps, units): ``grown`` (0 … 1) is the share
    of its height, ``there`` how opaque it is, ``light`` how bright, ``rim`` the strength of the
    glow on its upper edge; ``outline`` (steps,) shows places that are still empty.

    They are drawn from back to front as seen by the eye. For prisms in rows and columns that order
    is exact: the farthest column first, and in each the farthest prism.

    Shapes: values (steps, units), xs (steps,), ys (units,)
    Units:  ``z`` is the height of the plane, ``size`` of a prism's base; a value of ``limit`` is
            ``height`` high
    """

    def __init__(
        self,
        values: np.ndarray,
        theme: Theme,
        *,
        xs: np.ndarray,
        ys: np.ndarray,
        z: float,
        size: tuple[float, float],
        height: float,
        limit: float,
        color: Callable[[float], ManimColor],
        role: Role,
    ):
        self.values = np.array(values, dtype=float)
        self._color = color
        self.theme, self.xs, self.ys, self.z, self.limit = theme, xs, ys, z, limit
        self.height_of_limit, self.half = height, np.array(size) / 2
        shape = self.values.shape
        self.colors, self.heights = self._colors(self.values), self._heights(self.values)
        self.grown, self.there, self.light = np.zeros(shape), np.zeros(shape), np.ones(shape)
        self.rim, self.outline = np.zeros(shape), np.zeros(shape[0])
        self.rim_color = theme.color("gradient").to_rgb()
        self.ground = ManimColor(theme.ground).to_rgb()
        self.shadows = VGroup(
            *[VMobject(stroke_width=0, fill_color="#000000", fill_opacity=0.0) for _ in _SHADOW]
        )
        color_of_outline = theme.dimmed(role, 0.6)
        self.outlines = VGroup(
            *[VMobject(stroke_width=1.3, stroke_color=color_of_outline) for _ in range(shape[0])]
        )
        self.faces = VGroup(
            *[VMobject(stroke_width=0, fill_opacity=1.0) for _ in range(_FACES * self.values.size)]
        )
        super().__init__(self.shadows, self.outlines, self.faces)

    def turn_into(self, values: np.ndarray) -> list[Track]:
        """Return tracks in which the prisms become those of other values (steps, units)."""
        return [
            change(self.values, np.s_[:], values),
            change(self.heights, np.s_[:], self._heights(values)),
            change(self.colors, np.s_[:], self._colors(values)),
        ]

    def foot(self, step: int, unit: int) -> np.ndarray:
        """Return the world point (3,) in the middle of a base."""
        return np.array([self.xs[step], self.ys[unit], self.z])

    def top(self, step: int, unit: int) -> np.ndarray:
        """Return the world point (3,) in the middle of a full-grown prism's top."""
        return self.foot(step, unit) + np.array([0.0, 0.0, self.heights[step, unit]])

    def corners(self, first: int = 0, last: int | None = None) -> np.ndarray:
        """Return the world corners (8, 3) of a box around the columns from first to last."""
        xs = self.xs[first : None if last is None else last + 1]
        reach = self.half
        return np.array(
            [
                (x, y, z)
                for x in (xs.min() - reach[0], xs.max() + reach[0])
                for y in (self.ys.min() - reach[1], self.ys.max() + reach[1])
                for z in (self.z, self.z + self.height_of_limit)
            ]
        )

    def _heights(self, values: np.ndarray) -> np.ndarray:
        return np.abs(values) / self.limit * self.height_of_limit

    def _colors(self, values: np.ndarray) -> np.ndarray:
        shares = np.asarray(values, dtype=float).flat / np.array(self.limit)
        return np.array([self._color(float(share)).to_rgb() for share in shares])

    def draw(self, view: Camera3D, frame: Region) -> None:
        """Draw all prisms, their shadows and the outlines of empty places."""
        x, y = (grid.ravel() for grid in np.meshgrid(self.xs, self.ys, indexing="ij"))
        tall = (self.heights * self.grown).ravel()
        low = np.stack([x, y], axis=1)
        base = _rectangles(low, self.half)
        lower = view.project(_at(base, self.z))[..., :2]
        upper = view.project(_at(base, self.z + tall[:, None]))[..., :2]
        both = np.concatenate([lower, upper], axis=1)
        seen = self.there.ravel() * frame.presence(both.min(axis=1), both.max(axis=1))
        self._draw_shadows(view, frame, low, tall, seen)
        self._draw_outlines(lower, frame)
        self._draw_faces(view, low, tall, seen, lower, upper)

    def _draw_faces(
        self,
        view: Camera3D,
        low: np.ndarray,
        tall: np.ndarray,
        seen: np.ndarray,
        lower: np.ndarray,
        upper: np.ndarray,
    ) -> None:
        away = view.eye[:2] - low
        side = np.where(np.abs(away[:, 0]) > self.half[0], np.sign(away[:, 0]), 0).astype(int)
        front = np.where(np.abs(away[:, 1]) > self.half[1], np.sign(away[:, 1]), 0).astype(int)
        raised = tall > _FLAT
        hull = np.where(raised[:, None, None], _hulls(lower, upper, side, front), upper[:, _SQUARE])
        walls = np.where(front[:, None, None] > 0, lower[:, [2, 3]], lower[:, [0, 1]])
        heads = np.where(front[:, None, None] > 0, upper[:, [3, 2]], upper[:, [1, 0]])
        wall = np.concatenate([walls, heads], axis=1)
        points = closed(hull), closed(wall), closed(upper)
        color = self._lit(view, low)
        under = np.where(side != 0, _SIDE, _FRONT)[:, None] * color
        lightest = color + _HIGHLIGHT * (1 - color) * self.light.reshape(-1, 1)
        shades = under, _FRONT * color, lightest
        rims = self.rim.ravel()
        order = np.lexsort((-np.abs(away[:, 1]), -np.abs(away[:, 0])))
        empty = np.zeros((0, 3))
        faces = iter(self.faces.submobjects)
        for at in order.tolist():
            back, before, top = next(faces), next(faces), next(faces)
            opacity = seen[at]
            if opacity <= 0:
                back.points = before.points = top.points = empty
                continue
            has_walls = raised[at] and (side[at] or front[at])
            back.points = points[0][at] if has_walls else empty
            before.points = points[1][at] if has_walls and side[at] and front[at] else empty
            top.points = points[2][at]
            for face, shade in zip((back, before, top), shades, strict=True):
                if len(face.points):
                    face.fill_rgbas = np.array([[*shade[at], opacity]])
            self._draw_rim(top, float(rims[at]), opacity)

    def _draw_rim(self, top: VMobject, rim: float, opacity: float) -> None:
        top.stroke_width = _RIM * rim
        if rim > 0:
            top.stroke_rgbas = np.array([[*self.rim_color, opacity * min(1.0, 4 * rim)]])

    def _lit(self, view: Camera3D, low: np.ndarray) -> np.ndarray:
        """Return the colours (n, 3), dimmed where the light is low and fogged where it is far."""
        haze = fog(view, _at(low, self.z))
        clear = (self.light.ravel() * (1 - haze))[:, None]
        return clear * self.colors + (1 - clear) * self.ground

    def _draw_shadows(
        self, view: Camera3D, frame: Region, low: np.ndarray, tall: np.ndarray, seen: np.ndarray
    ) -> None:
        depth = float(seen.max(initial=0.0))
        cast = (tall > _FLAT) & (seen > 0)
        for shadow, (reach, dark) in zip(self.shadows, _SHADOW, strict=True):
            half = self.half * (1 + 0.12 * reach)
            moved = reach * tall[cast][:, None] * _TOWARDS
            near, far = _rectangles(low[cast], half), _rectangles(low[cast] + moved, half)
            corners = [near[:, 0], near[:, 1], far[:, 1], far[:, 2], far[:, 3], near[:, 3]]
            flat = view.project(_at(np.stack(corners, axis=1), self.z))[..., :2]
            inside = frame.presence(flat.min(axis=1), flat.max(axis=1)) > 0
            shadow.points = closed(flat[inside]).reshape(-1, 3)
            shadow.fill_rgbas = np.array([[0.0, 0.0, 0.0, dark * depth]])

    def _draw_outlines(self, lower: np.ndarray, frame: Region) -> None:
        columns = lower.reshape(*self.values.shape, 4, 2)
        for outline, strength, column in zip(self.outlines, self.outline, columns, strict=True):
            presence = frame.presence(column.min(axis=(0, 1)), column.max(axis=(0, 1)))
            opacity = float(strength * presence)
            outline.points = closed(column).reshape(-1, 3) if opacity > 0 else np.zeros((0, 3))
            outline.stroke_rgbas = np.array([[*outline.stroke_rgbas[0, :3], opacity]])


_SQUARE: Final = [0, 1, 2, 3, 3, 3]
_AROUND: Final = {
    # (side, front): corners of the outline, those of the top from 4 on
    (0, 0): (4, 5, 6, 7, 7, 7),
    (0, -1): (0, 1, 5, 6, 7, 4),
    (0, 1): (2, 3, 7, 4, 5, 6),
    (1, 0): (1, 2, 6, 7, 4, 5),
    (-1, 0): (3, 0, 4, 5, 6, 7),
    (1, -1): (0, 1, 2, 6, 7, 4),
    (-1, -1): (3, 0, 1, 5, 6, 7),
    (1, 1): (1, 2, 3, 7, 4, 5),
    (-1, 1): (2, 3, 0, 4, 5, 6),
}


def fog(view: Camera3D, points: np.ndarray) -> np.ndarray:
    """Return how much of the ground's colour (0 … 0.6) lies over world points (…, 3)."""
    beyond = view.depth(points) / view.distance - 1.0
    return np.clip(0.1 + 0.9 * beyond, 0.0, 0.6)


def _hulls(lower: np.ndarray, upper: np.ndarray, side: np.ndarray, front: np.ndarray) -> np.ndarray:
    """Return the outlines (n, 6, 2) of whole prisms, by which of their walls are seen."""
    both = np.concatenate([lower, upper], axis=1)
    chosen = np.array([_AROUND[key] for key in zip(side.tolist(), front.tolist(), strict=True)])
    return np.take_along_axis(both, chosen[..., None], axis=1)


def _rectangles(middles: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Return the corners (n, 4, 2) around middles (n, 2), counter-clockwise from the front left."""
    signs = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
    return middles[:, None] + signs * half


def _at(flat: np.ndarray, z: np.ndarray | float) -> np.ndarray:
    """Return world points (…, 3) at a height over places (…, 2)."""
    heights = np.broadcast_to(z, flat.shape[:-1])
    return np.concatenate([flat, heights[..., None]], axis=-1)

"""The picture of a scene, drawn again only where something changed.

The pixels are those of Manim's Cairo camera; what is saved is drawing what has not changed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Any, Final, NamedTuple

import numpy as np
from manim import Camera, Mobject, VMobject

_STRIPE: Final = 40
"""The height of a stripe, in rows of pixels: an even number, since two rows share a colour."""
_LINE_WIDTH: Final = 0.01
_MITER: Final = 10.0
"""How far a pointed corner may reach, in half line widths: Cairo's limit."""
_CURVE: Final = 4
_NEAR: Final = 1e-6
_CLOSE: Final = 1e-5
"""Two curves meet where Manim says so: within 1e-6, and 1e-5 of the coordinate."""


class Rows(NamedTuple):
    """Rows of pixels, from the top one up to, not with, the bottom one."""

    top: int
    bottom: int

    def meet(self, other: "Rows") -> bool:
        """Whether they have a row in common."""
        return self.top < other.bottom and other.top < self.bottom


@dataclass(eq=False, slots=True)
class _Drawn:
    """One mobject as it was drawn last: what decides its looks, its rows, its outline if made."""

    points: bytes
    style: tuple[Any, ...]
    rows: Rows | None
    path: Any = None


class Canvas(Camera):
    """A camera that keeps its last picture.

    ``changed`` tells, after each ``show``, which rows of the picture may have changed: runs of
    whole stripes, with unchanged ones between them.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.changed: list[Rows] = []
        self._ground = self.pixel_array.copy()
        self._drawn: dict[int, _Drawn] = {}
        self._order: list[int] | None = None

    def init_background(self) -> None:
        """Make the ground, its colour multiplied with its opacity as Cairo wants it."""
        super().init_background()
        if self.background_opacity < 1:
            colours = self.background[..., :3]
            self.background[..., :3] = np.round(colours * self.background_opacity)

    def rest(self, mobjects: Iterable[Mobject]) -> None:
        """Draw what stands still, as the ground for all pictures that follow."""
        self.reset()
        self.capture_mobjects(mobjects)
        self._ground = self.pixel_array.copy()
        self._drawn, self._order = {}, None

    def show(self, mobjects: Sequence[Mobject]) -> None:
        """Draw what may have moved, on the ground."""
        shown = leaves(mobjects)
        if not all(isinstance(one, VMobject) and not one.background_image for one in shown):
            self._show_anew(shown)
            return
        before, self._drawn = self._drawn, {}
        touched: list[Rows] = []
        for one in shown:
            old = before.get(id(one))
            new = self._look(one, old)
            self._drawn[id(one)] = new
            if new is not old:
                touched += [drawn.rows for drawn in (old, new) if drawn and drawn.rows]
        if not self._in_order(list(self._drawn), before):
            touched = [Rows(0, self.pixel_height)]
        touched += [old.rows for key, old in before.items() if key not in self._drawn and old.rows]
        self.changed = self._runs(touched)
        self._draw(shown)

    def _in_order(self, order: list[int], before: Mapping[int, _Drawn]) -> bool:
        """Whether those that were drawn before still lie on one another as they did."""
        old, self._order = self._order, order
        return old is not None and (
            [key for key in order if key in before] == [key for key in old if key in self._drawn]
        )

    def _show_anew(self, shown: Sequence[Mobject]) -> None:
        """The whole picture by Manim's own means, for what is not made of outlines."""
        self._drawn, self._order = {}, None
        self.set_frame_to_background(self._ground)
        self.capture_mobjects(shown)
        self.changed = [Rows(0, self.pixel_height)]

    def _look(self, one: Any, old: _Drawn | None) -> _Drawn:
        points = one.points.tobytes()
        style = _style(one)
        if old is None or old.points != points:
            return _Drawn(points, style, self._rows(one))
        return old if old.style == style else _Drawn(points, style, self._rows(one), old.path)

    def _rows(self, one: Any) -> Rows | None:
        if not _inked(one) or not np.isfinite(one.points).all():
            return None
        heights = one.points[:, 1]
        widest = max(one.get_stroke_width(), one.get_stroke_width(True))
        margin = widest * _LINE_WIDTH / 2 * _MITER
        scale, middle = self.pixel_height / self.frame_height, self.pixel_height / 2
        top = middle - (float(heights.max()) + margin - self.frame_center[1]) * scale
        bottom = middle - (float(heights.min()) - margin - self.frame_center[1]) * scale
        rows = Rows(max(0, floor(top) - 1), min(self.pixel_height, ceil(bottom) + 1))
        return rows if rows.top < rows.bottom else None

    def _runs(self, touched: Sequence[Rows]) -> list[Rows]:
        stripes = np.zeros(ceil(self.pixel_height / _STRIPE), dtype=bool)
        for rows in touched:
            stripes[rows.top // _STRIPE : (rows.bottom - 1) // _STRIPE + 1] = True
        edges = np.flatnonzero(np.diff(stripes, prepend=False, append=False)) * _STRIPE
        return [
            Rows(top, min(bottom, self.pixel_height))
            for top, bottom in edges.reshape(-1, 2).tolist()
        ]

    def _draw(self, shown: Sequence[Any]) -> None:
        """Draw whole rows: where a clip has left or right edges, Cairo rounds otherwise."""
        context = self.get_cairo_context(self.pixel_array)
        matrix = context.get_matrix()
        for region in self.changed:
            self.pixel_array[slice(*region)] = self._ground[slice(*region)]
            context.save()
            context.identity_matrix()
            context.new_path()
            context.rectangle(0, region.top, self.pixel_width, region.bottom - region.top)
            context.clip()
            context.set_matrix(matrix)
            for one in shown:
                drawn = self._drawn[id(one)]
                if drawn.rows is not None and drawn.rows.meet(region):
                    self._ink(context, one, drawn)
            context.restore()

    def _ink(self, context: Any, one: Any, drawn: _Drawn) -> None:
        context.new_path()
        if drawn.path is None:
            outline(context, one.points)
            drawn.path = context.copy_path()
        else:
            context.append_path(drawn.path)
        self.apply_stroke(context, one, background=True)
        if one.get_fill_rgbas()[:, 3].any():
            self.apply_fill(context, one)
        self.apply_stroke(context, one)


def leaves(mobjects: Sequence[Any]) -> list[Any]:
    """All that has points, in the order of drawing.

    ``mobjects`` are whole families, one after the other; what joined one since then comes with it.
    """
    known = set(mobjects)
    found = []
    for one in mobjects:
        if len(one.points):
            found.append(one)
        for part in one.submobjects:
            if part not in known:
                found += part.family_members_with_points()
    order = list(dict.fromkeys(reversed(found)))[::-1]
    return (
        sorted(order, key=lambda one: one.z_index) if any(one.z_index for one in order) else order
    )


def outline(context: Any, points: np.ndarray) -> None:
    """Add a mobject's cubic curves to the path, a new part where two curves do not meet."""
    flat = points[:, :2].tolist()
    start: list[float] | None = None
    end: list[float] = []
    for place in range(0, len(flat) - _CURVE + 1, _CURVE):
        first, handle, other, last = flat[place : place + _CURVE]
        if start is None or not _meet_at(end, first):
            if start is not None and _meet_at(start, end):
                context.close_path()
            context.new_sub_path()
            context.move_to(*first)
            start = first
        context.curve_to(*handle, *other, *last)
        end = last
    if start is not None and _meet_at(start, end):
        context.close_path()


def _meet_at(one: Sequence[float], other: Sequence[float]) -> bool:
    return one == other or all(
        abs(a - b) <= _NEAR + _CLOSE * abs(b) for a, b in zip(one, other, strict=True)
    )


def _style(one: Any) -> tuple[Any, ...]:
    background = one.get_stroke_width(True)
    return (
        one.get_fill_rgbas().tobytes(),
        one.get_stroke_rgbas().tobytes(),
        one.get_stroke_width(),
        background,
        one.get_stroke_rgbas(background=True).tobytes() if background else b"",
        one.sheen_factor and tuple(one.get_sheen_direction()),
        one.joint_type,
        one.cap_style,
    )


def _inked(one: Any) -> bool:
    return bool(
        one.get_fill_rgbas()[:, 3].any()
        or (one.get_stroke_width() and one.get_stroke_rgbas()[:, 3].any())
        or one.get_stroke_width(True)
    )

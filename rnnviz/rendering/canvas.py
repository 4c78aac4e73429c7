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


class _Style(NamedTuple):
    """What decides how an outline is inked."""

    fill: bytes
    stroke: bytes
    background: bytes
    width: float
    background_width: float
    sheen: Any
    joint: Any
    cap: Any


@dataclass(eq=False, slots=True)
class _Drawn:
    """One mobject as it was drawn last: its points and style, and what follows from them.

    ``span`` is from its lowest to its highest point, None if one of them is not finite; ``rows``
    are those that it covers, None if it is not seen; ``path`` is its outline, if it was made.
    """

    points: bytes
    span: tuple[float, float] | None
    style: _Style
    filled: bool
    stroked: bool
    rows: Rows | None = None
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
        points, style = one.points.tobytes(), _style(one)
        known = old if old is not None and old.points == points else None
        if known and known.style == style:
            return known
        new = _Drawn(
            points,
            known.span if known else _span(one.points),
            style,
            filled=bool(one.get_fill_rgbas()[:, 3].any()),
            stroked=style.width > 0 and bool(one.get_stroke_rgbas()[:, 3].any()),
            path=known and known.path,
        )
        new.rows = self._rows(new)
        return new

    def _rows(self, one: _Drawn) -> Rows | None:
        width = max(one.style.width, one.style.background_width)
        if one.span is None or not (one.filled or one.stroked or one.style.background_width):
            return None
        margin = width * _LINE_WIDTH / 2 * _MITER
        scale, middle = self.pixel_height / self.frame_height, self.pixel_height / 2
        lowest, highest = one.span
        top = middle - (highest + margin - self.frame_center[1]) * scale
        bottom = middle - (lowest - margin - self.frame_center[1]) * scale
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
        seen = [(one, drawn, *drawn.rows) for one in shown if (drawn := self._drawn[id(one)]).rows]
        for top, bottom in self.changed:
            self.pixel_array[top:bottom] = self._ground[top:bottom]
            context.save()
            context.identity_matrix()
            context.new_path()
            context.rectangle(0, top, self.pixel_width, bottom - top)
            context.clip()
            context.set_matrix(matrix)
            for one, drawn, first, last in seen:
                if first < bottom and top < last:
                    self._ink(context, one, drawn)
            context.restore()

    def _ink(self, context: Any, one: Any, drawn: _Drawn) -> None:
        context.new_path()
        if drawn.path is None:
            outline(context, one.points)
            drawn.path = context.copy_path()
        else:
            context.append_path(drawn.path)
        if drawn.style.background_width:
            self.apply_stroke(context, one, background=True)
        if drawn.filled:
            self.apply_fill(context, one)
        if drawn.stroked:
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
    curves = points[: len(points) // _CURVE * _CURVE, :2].reshape(-1, 2 * _CURVE).tolist()
    curve_to = context.curve_to
    start: tuple[float, float] | None = None
    end = (0.0, 0.0)
    for x, y, *rest in curves:
        if start is None or (end != (x, y) and not _meet_at(end, (x, y))):
            if start is not None and _meet_at(start, end):
                context.close_path()
            context.new_sub_path()
            context.move_to(x, y)
            start = (x, y)
        curve_to(*rest)
        end = (rest[4], rest[5])
    if start is not None and _meet_at(start, end):
        context.close_path()


def _meet_at(one: Sequence[float], other: Sequence[float]) -> bool:
    return all(abs(a - b) <= _NEAR + _CLOSE * abs(b) for a, b in zip(one, other, strict=True))


def _span(points: np.ndarray) -> tuple[float, float] | None:
    heights = points[:, 1]
    span = float(heights.min()), float(heights.max())
    return span if np.isfinite(points).all() else None


def _style(one: Any) -> _Style:
    background = max(0.0, one.background_stroke_width)
    return _Style(
        one.get_fill_rgbas().tobytes(),
        one.get_stroke_rgbas().tobytes(),
        one.get_stroke_rgbas(background=True).tobytes() if background else b"",
        max(0.0, one.stroke_width),
        background,
        one.sheen_factor and tuple(one.get_sheen_direction()),
        one.joint_type,
        one.cap_style,
    )

"""A camera that draws a scene again only where something changed.

The pixels are those of Manim's Cairo camera; what has not changed is not drawn again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Any, Final, NamedTuple

import numpy as np
from manim import Camera, Mobject, VMobject

from rnnviz.mobjects.stretch import Stretch

_STRIPE: Final = 40
_COLUMN: Final = 240
"""The height of a stripe and the width of a column, in pixels: even, as chroma is subsampled."""
_LINE_WIDTH: Final = 0.01
_MITER: Final = 10.0
"""Cairo's limit for the reach of a pointed corner, in half line widths."""
_CURVE: Final = 4
_NEAR: Final = 1e-6
_CLOSE: Final = 1e-5
"""Manim's tolerances for two curves that meet: 1e-6, and 1e-5 of the coordinate."""


class Box(NamedTuple):
    """A range of pixels: rows from ``top`` to ``bottom`` (exclusive), and columns likewise."""

    top: int
    bottom: int
    left: int
    right: int

    def grown(self, by: int, size: tuple[int, int]) -> "Box":
        """Return the box with more pixels on all sides, within a frame's width and height."""
        width, height = size
        return Box(
            max(0, self.top - by),
            min(height, self.bottom + by),
            max(0, self.left - by),
            min(width, self.right + by),
        )


class _Ends(NamedTuple):
    """The extent of an outline."""

    lowest: float
    highest: float
    leftmost: float
    rightmost: float


@dataclass(eq=False, slots=True)
class _Drawn:
    """One mobject as it was last drawn: its points and style, and what follows from them.

    ``ends`` are None if a point is not finite; ``box`` is what it covers, None if it is not
    visible; ``path`` is its Cairo path, if there is one.
    """

    points: bytes
    style: tuple[Any, ...]
    ends: _Ends | None
    background: bool
    filled: bool
    stroked: bool
    box: Box | None = None
    path: Any = None


class Canvas(Camera):
    """A camera that keeps its last frame.

    ``changed`` is, after each ``show``, where the frame may have changed: runs of whole stripes,
    with unchanged ones between them, and in each some whole columns. ``stretch`` moves what is on
    the stage to its place in a tall frame.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.changed: list[Box] = []
        self._base = self.pixel_array.copy()
        self._drawn: dict[int, _Drawn] = {}
        self._order: list[int] | None = None
        self.stretch: Stretch | None = None

    def transform_points_pre_display(self, mobject: Mobject, points: np.ndarray) -> np.ndarray:
        """Return the points of a mobject as they are shown."""
        shown: np.ndarray = super().transform_points_pre_display(mobject, points)
        return shown if self.stretch is None else self.stretch.place(mobject, shown)

    def init_background(self) -> None:
        """Make the background, its colour multiplied with its opacity as Cairo expects."""
        super().init_background()
        if self.background_opacity < 1:
            colours = self.background[..., :3]
            self.background[..., :3] = np.round(colours * self.background_opacity)

    def rest(self, mobjects: Iterable[Mobject]) -> None:
        """Draw what does not move, as the background for the frames that follow."""
        self.reset()
        self.capture_mobjects(mobjects)
        self._base = self.pixel_array.copy()
        self._drawn, self._order = {}, None

    def show(self, mobjects: Sequence[Mobject]) -> None:
        """Draw what may have moved, on the background."""
        shown = leaves(mobjects)
        if not all(isinstance(one, VMobject) and not one.background_image for one in shown):
            self._show_whole(shown)
            return
        before, self._drawn = self._drawn, {}
        touched: list[Box] = []
        for one in shown:
            old = before.get(id(one))
            new = self._drawing_of(one, old)
            self._drawn[id(one)] = new
            if new is not old:
                touched += [drawn.box for drawn in (old, new) if drawn and drawn.box]
        if not self._in_order(list(self._drawn), before):
            touched = [self._whole()]
        touched += [old.box for key, old in before.items() if key not in self._drawn and old.box]
        self.changed = []
        self._draw(shown, touched)

    def _whole(self) -> Box:
        return Box(0, self.pixel_height, 0, self.pixel_width)

    def _in_order(self, order: list[int], before: Mapping[int, _Drawn]) -> bool:
        """Whether the mobjects that were drawn before are still in the same order."""
        old, self._order = self._order, order
        return old is not None and (
            [key for key in order if key in before] == [key for key in old if key in self._drawn]
        )

    def _show_whole(self, shown: Sequence[Mobject]) -> None:
        """Draw the whole frame as Manim does, for mobjects that are not outlines."""
        self._drawn, self._order = {}, None
        self.set_frame_to_background(self._base)
        self.capture_mobjects(shown)
        self.changed = [self._whole()]

    def _drawing_of(self, one: Any, old: _Drawn | None) -> _Drawn:
        points, style = one.points.tobytes(), _style(one)
        known = old if old is not None and old.points == points else None
        if known and known.style == style:
            return known
        new = _Drawn(
            points,
            style,
            known.ends if known else self._ends(one),
            background=one.background_stroke_width > 0,
            filled=bool(one.get_fill_rgbas()[:, 3].any()),
            stroked=one.stroke_width > 0 and bool(one.get_stroke_rgbas()[:, 3].any()),
            path=known and known.path,
        )
        if new.ends and (new.background or new.filled or new.stroked):
            width = max(0.0, one.stroke_width, one.background_stroke_width)
            new.box = self._box(new.ends, width * _LINE_WIDTH / 2 * _MITER)
        return new

    def _ends(self, one: Any) -> _Ends | None:
        if not np.isfinite(one.points).all():
            return None
        shown = self.transform_points_pre_display(one, one.points)
        (left, low, _), (right, high, _) = shown.min(axis=0).tolist(), shown.max(axis=0).tolist()
        return _Ends(low, high, left, right)

    def _box(self, ends: _Ends, margin: float) -> Box | None:
        """Return the pixels within an extent and a margin, or None if none is in the frame."""
        x, y, _ = self.frame_center
        top, bottom = _pixels(
            (y - ends.highest - margin, y - ends.lowest + margin),
            self.pixel_height,
            self.frame_height,
        )
        left, right = _pixels(
            (ends.leftmost - margin - x, ends.rightmost + margin - x),
            self.pixel_width,
            self.frame_width,
        )
        return Box(top, bottom, left, right) if top < bottom and left < right else None

    def _runs(self, touched: Sequence[Box]) -> list[tuple[int, int]]:
        """Return the rows of the stripes that boxes touch, adjacent stripes joined."""
        stripes = np.zeros(ceil(self.pixel_height / _STRIPE), dtype=bool)
        for box in touched:
            stripes[box.top // _STRIPE : (box.bottom - 1) // _STRIPE + 1] = True
        edges = np.flatnonzero(np.diff(stripes, prepend=False, append=False)) * _STRIPE
        return [
            (top, min(bottom, self.pixel_height)) for top, bottom in edges.reshape(-1, 2).tolist()
        ]

    def _draw(self, shown: Sequence[Any], touched: Sequence[Box]) -> None:
        """Draw whole rows: at left and right edges of a clip, Cairo rounds differently.

        Columns that nothing changed touches, directly or through overlaps, are left as they are.
        """
        context = self.get_cairo_context(self.pixel_array)
        matrix = context.get_matrix()
        seen = [(one, drawn, drawn.box) for one in shown if (drawn := self._drawn[id(one)]).box]
        for top, bottom in self._runs(touched):
            here = [box for box in touched if box.top < bottom and top < box.bottom]
            members = [each for each in seen if each[2].top < bottom and top < each[2].bottom]
            left, right = min(box.left for box in here), max(box.right for box in here)
            self.changed.append(
                Box(
                    top,
                    bottom,
                    left // _COLUMN * _COLUMN,
                    min(ceil(right / _COLUMN) * _COLUMN, self.pixel_width),
                )
            )
            context.save()
            context.identity_matrix()
            context.new_path()
            context.rectangle(0, top, self.pixel_width, bottom - top)
            context.clip()
            context.set_matrix(matrix)
            for left, right in _columns(here, [box for _, _, box in members]):
                self.pixel_array[top:bottom, left:right] = self._base[top:bottom, left:right]
                for one, drawn, box in members:
                    if left <= box.left < right:
                        self._draw_outline(context, one, drawn)
            context.restore()

    def _draw_outline(self, context: Any, one: Any, drawn: _Drawn) -> None:
        context.new_path()
        if drawn.path is None:
            outline(context, self.transform_points_pre_display(one, one.points))
            drawn.path = context.copy_path()
        else:
            context.append_path(drawn.path)
        if drawn.background:
            self.apply_stroke(context, one, background=True)
        if drawn.filled:
            self.apply_fill(context, one)
        if drawn.stroked:
            self.apply_stroke(context, one)


def leaves(mobjects: Sequence[Any]) -> list[Any]:
    """Return all mobjects that have points, in the order of drawing.

    ``mobjects`` are whole families, one after the other; parts that were added since are found.
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
    """Add a mobject's cubic curves to the path, with a new subpath where two curves do not meet."""
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


def _columns(touched: Sequence[Box], covered: Sequence[Box]) -> list[tuple[int, int]]:
    """Return the column ranges that overlap touched boxes, directly or through other boxes."""
    found: list[tuple[int, int, bool]] = []
    spans = [(box.left, box.right, True) for box in touched]
    spans += [(box.left, box.right, False) for box in covered]
    for left, right, changes in sorted(spans):
        if found and left < found[-1][1]:
            start, end, changed = found.pop()
            found.append((start, max(end, right), changed or changes))
        else:
            found.append((left, right, changes))
    return [(left, right) for left, right, changes in found if changes]


def _pixels(ends: tuple[float, float], count: int, length: float) -> tuple[int, int]:
    """Return the first and last pixel of a range that is measured from the middle."""
    first, last = (end * count / length + count / 2 for end in ends)
    return max(0, floor(first) - 1), min(count, ceil(last) + 1)


def _style(one: Any) -> tuple[Any, ...]:
    """Return what decides how an outline is drawn."""
    background = one.background_stroke_width
    return (
        one.get_fill_rgbas().tobytes(),
        one.get_stroke_rgbas().tobytes(),
        background > 0 and (background, one.get_stroke_rgbas(background=True).tobytes()),
        one.stroke_width,
        one.sheen_factor and tuple(one.get_sheen_direction()),
        one.joint_type,
        one.cap_style,
    )


def unmultiplied(pixels: np.ndarray) -> np.ndarray:
    """Return pixels whose colours Cairo multiplied with their opacity, without that factor."""
    opacity = pixels[..., 3:].astype(np.uint16)
    colours = pixels[..., :3].astype(np.uint16) * 255 + opacity // 2
    plain = np.minimum(colours // np.maximum(opacity, 1), 255).astype(np.uint8)
    return np.concatenate([plain, pixels[..., 3:]], axis=2)

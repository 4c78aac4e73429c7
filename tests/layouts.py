"""Check the layout of a screen against the rules of the design guide that can be measured."""

import itertools
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
from manim import VMobject

from rnnviz.mobjects import layout
from rnnviz.mobjects.stretch import is_fixed
from rnnviz.mobjects.text import Ink
from rnnviz.rendering.manim_adapter.canvas import leaves

Box = tuple[float, float, float, float]

PIXELS_PER_UNIT = 480 / 8
LEAST_EM = 15
"""Pixels at 480p."""
LEAST_PIXELS = 9
FOR_OTHER_RECORDINGS = ("crossed", "little")
"""Rules for the recordings that scenes are made for: a word of 60 letters may touch a box, and a
network of one unit fills little."""
CAPITAL, FIGURE, SCRIPT = 0.68, 0.64, 0.7
LEAST_WIDTH = 0.6 * layout.SAFE_WIDTH
LEAST_HEIGHT = 0.55 * 305 / PIXELS_PER_UNIT
TOUCHING = 0.03
"""How far a line may reach into the box of a text, whose letters seldom fill it."""
_NOWHERE: Box = (np.inf, np.inf, -np.inf, -np.inf)
_SAMPLES = np.linspace(0.0, 1.0, 5)
_BERNSTEIN = np.stack(
    [
        (1 - _SAMPLES) ** 3,
        3 * _SAMPLES * (1 - _SAMPLES) ** 2,
        3 * _SAMPLES**2 * (1 - _SAMPLES),
        _SAMPLES**3,
    ],
    axis=1,
)


def check_layout(screens, aspect="16:9", allowed=()):
    """Check the layouts returned by ``layout_of``, one per beat.

    ``allowed`` are the rules that a scene is excused from, by their names.
    """
    for beat, screen in screens.items():
        found = [each for each in violations(screen, aspect) if each[0] not in allowed]
        assert not found, (beat, *found)


def violations(screen: SimpleNamespace, aspect: str = "16:9") -> Iterator[tuple[Any, ...]]:
    """Name each rule that a screen breaks, and by what."""
    frame = layout.FRAMES[aspect]
    if not screen.texts:
        yield ("no text",)
    for (left, bottom, right, top), what in screen.boxes:
        inside = (
            left >= layout.LEFT_EDGE - 0.01
            and right <= layout.RIGHT_EDGE + 0.01
            and bottom >= frame.bottom - 0.01
            and top <= frame.top + 0.01
        )
        if not inside:
            yield "outside", what, (left, bottom, right, top)
    for text in screen.texts:
        ratio = SCRIPT * FIGURE if text.small else CAPITAL
        if (
            text.em * ratio * PIXELS_PER_UNIT < LEAST_PIXELS
            or text.em * PIXELS_PER_UNIT < LEAST_EM - 0.01
        ):
            yield "small", text.text, text.em * PIXELS_PER_UNIT
    for a, b in itertools.combinations(screen.texts, 2):
        if overlap_of_turned(a.corners, b.corners) >= 0.01:
            yield "overlap", a.text, b.text, a.box, b.box
    for crossing in screen.crossings:
        yield "crossed", *crossing
    left, bottom, right, top = screen.subject
    if right - left < LEAST_WIDTH and top - bottom < LEAST_HEIGHT:
        yield "little", screen.subject


def overlap(a: Box, b: Box) -> float:
    """Return the overlap of two boxes, negative if they are apart."""
    across = min(a[2], b[2]) - max(a[0], b[0])
    up = min(a[3], b[3]) - max(a[1], b[1])
    return min(across, up)


def overlap_of_turned(a: np.ndarray, b: np.ndarray) -> float:
    """Return the overlap of two boxes, given by their corners (4, 2), negative if they are apart.

    Two boxes are apart if they are along one of their sides.
    """
    sides = np.concatenate([np.diff(box[:3], axis=0) for box in (a, b)])
    sides /= np.linalg.norm(sides, axis=1, keepdims=True)
    ours, theirs = a @ sides.T, b @ sides.T
    shared = np.minimum(ours.max(axis=0), theirs.max(axis=0))
    return float((shared - np.maximum(ours.min(axis=0), theirs.min(axis=0))).min())


def screen_of(scene: Any) -> SimpleNamespace:
    """Measure what a scene shows: boxes of all that is visible, texts, and lines across them."""
    family = [part for mobject in scene.mobjects for part in mobject.get_family()]
    inks = list({id(part): part for part in family if isinstance(part, Ink)}.values())
    shown = [ink for ink in inks if any(map(visible, ink.get_family()))]
    boxes: dict[int, Box] = {}
    shown_at = scene.camera.transform_points_pre_display
    for mobject in scene.mobjects:
        _boxes_in(mobject, boxes, shown_at)
    drawn = [part for part in leaves(family) if visible(part)]
    subject = [boxes[id(part)] for part in drawn if not is_fixed(part)]
    return SimpleNamespace(
        time=scene.time,
        boxes=[(boxes[id(part)], repr(part)) for part in family if visible(part)],
        texts=[
            SimpleNamespace(
                text=ink.text,
                em=ink.em,
                box=boxes[id(ink)],
                corners=_corners(ink, boxes[id(ink)]),
                small=ink.has_scripts,
            )
            for ink in shown
        ],
        crossings=list(_crossings(drawn, shown, boxes, shown_at)),
        subject=_union(subject),
    )


def _corners(ink: Ink, box: Box) -> np.ndarray:
    """Return the corners (4, 2) of a text where it is shown; a tall frame moves it as a whole."""
    left, bottom, right, top = box
    if not ink.slant:
        return np.array([[left, bottom], [right, bottom], [right, top], [left, top]])
    corners = ink.corners[:, :2]
    return corners - corners.mean(axis=0) + [(left + right) / 2, (bottom + top) / 2]


def visible(mobject: Any) -> bool:
    """Whether a mobject itself, without its parts, is seen."""
    if not isinstance(mobject, VMobject) or not len(mobject.points):
        return False
    filled = mobject.get_fill_opacity() > 0
    stroked = mobject.get_stroke_opacity() > 0 and mobject.get_stroke_width() > 0
    return filled or stroked


def _boxes_in(mobject: Any, found: dict[int, Box], shown_at: Any) -> Box:
    """Left, bottom, right and top of a mobject with all its parts; note those of each part."""
    points = shown_at(mobject, getattr(mobject, "points", np.zeros((0, 3))))
    ends = np.concatenate([points[::4], points[3::4]])[:, :2] if len(points) else ()
    each = [_boxes_in(part, found, shown_at) for part in mobject.submobjects]
    if len(ends):
        each.append((*ends.min(axis=0).tolist(), *ends.max(axis=0).tolist()))
    found[id(mobject)] = _union(each)
    return found[id(mobject)]


def _union(boxes: Sequence[Box]) -> Box:
    left, bottom, right, top = zip(*(boxes or [_NOWHERE]), strict=True)
    return min(left), min(bottom), max(right), max(top)


def _crossings(
    drawn: Sequence[Any], inks: Sequence[Ink], boxes: dict[int, Box], shown_at: Any
) -> Iterator[tuple[str, str, Box, Box]]:
    """Name each text that a visible outline crosses: a line, a bar, the border of a box.

    A text with a rim in the ground's colour may stand on a line, as may one on a filled box that
    hides the line. Of a formula or a turned text each glyph counts by itself.
    """
    order = {id(part): place for place, part in enumerate(drawn)}
    letters = {id(part) for ink in inks for part in ink.get_family()}
    others = [part for part in drawn if id(part) not in letters]
    filled = [part for part in others if part.get_fill_opacity() > 0.9]
    outlines: dict[int, np.ndarray] = {}
    for ink in inks:
        glyphs = [glyph for glyph in ink.get_family() if visible(glyph)]
        if all(glyph.background_stroke_width > 0 for glyph in glyphs):
            continue
        pieces = glyphs if ink.has_scripts or ink.slant else [ink]
        places = [boxes[id(piece)] for piece in pieces]
        first = min(order[id(glyph)] for glyph in glyphs)
        for other in others:
            if overlap(_inner(boxes[id(ink)]), boxes[id(other)]) < 0:
                continue
            if id(other) not in outlines:
                outlines[id(other)] = _outline(shown_at(other, other.points))
            crossed = [place for place in places if _meets(outlines[id(other)], place)]
            if not crossed:
                continue
            over = [
                part
                for part in filled
                if order[id(other)] < order[id(part)] < first
                and all(_holds(boxes[id(part)], place) for place in crossed)
            ]
            if not over:
                yield ink.text, repr(other), boxes[id(other)], boxes[id(ink)]


def _holds(outer: Box, inner: Box) -> bool:
    return overlap(outer, inner) >= min(inner[2] - inner[0], inner[3] - inner[1]) - TOUCHING


def _outline(points: np.ndarray) -> np.ndarray:
    """Return the pieces (n, start and end, 2) of an outline."""
    curves = points[: len(points) // 4 * 4, :2].reshape(-1, 4, 2)
    along = np.einsum("sk,nkd->nsd", _BERNSTEIN, curves)
    return np.stack([along[:, :-1], along[:, 1:]], axis=2).reshape(-1, 2, 2)


def _inner(box: Box) -> Box:
    """Return a box without its edge, or its middle if it is thinner."""
    left, bottom, right, top = box
    across, up = min(TOUCHING, (right - left) / 2), min(TOUCHING, (top - bottom) / 2)
    return left + across, bottom + up, right - across, top - up


def _meets(pieces: np.ndarray, box: Box) -> bool:
    """Whether one of some straight pieces enters a box by more than ``TOUCHING``."""
    low, high = np.reshape(_inner(box), (2, 2))
    start, way = pieces[:, 0], pieces[:, 1] - pieces[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = np.stack([(low - start) / way, (high - start) / way])
    still = np.abs(way) < 1e-9
    within = (start > low) & (start < high)
    enters = np.where(still, np.where(within, -np.inf, np.inf), ends.min(axis=0)).max(axis=1)
    leaves_ = np.where(still, np.where(within, np.inf, -np.inf), ends.max(axis=0)).min(axis=1)
    return bool((np.maximum(enters, 0.0) < np.minimum(leaves_, 1.0)).any())

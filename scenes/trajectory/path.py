"""Hidden states as points of a plane, their path, and the states that a step does not move."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Self

import numpy as np
from manim import (
    DOWN,
    LEFT,
    RIGHT,
    UP,
    Animation,
    AnimationGroup,
    Circle,
    Create,
    Dot,
    FadeIn,
    FadeOut,
    GrowFromEdge,
    LaggedStart,
    Line,
    Rectangle,
    ReplacementTransform,
    Succession,
    VGroup,
    VMobject,
)

from rnnviz.measure import FixedPoints, PrincipalComponents, fixed_points, principal_components
from rnnviz.mobjects.equation import Equation
from rnnviz.mobjects.numbers import number, percent
from rnnviz.mobjects.plane import Plane
from rnnviz.mobjects.strip import Strip
from rnnviz.mobjects.text import BODY, NOTE, SMALL, Ink, fitted_label, formula, label
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.mobjects.window import Window
from rnnviz.system.short_repr import ShortRepr
from rnnviz.trace import Trace

_CENTRE: Final = (-2.75, 0.62)
_WIDTH: Final = 6.2
_HEIGHT: Final = 4.5
_LIST_LEFT: Final = 1.5
_LIST_TOP: Final = 2.5
_LIST_HEIGHT: Final = 4.4
_ASIDE: Final = (4.1, 0.55)
_NEAR: Final = (0.0, 0.25, -0.25, 0.5, -0.5, 0.75, -0.75, 1.0)
MOST_POINTS: Final = 4
_BEFORE: Final = 3


@dataclass(frozen=True, eq=False, repr=False)
class Paths(ShortRepr):
    """The numbers of two paths that part, and of the own one while its last input stays.

    Shapes: h (2, time, hidden) of both sequences from the state zero; distances (time,);
            after (steps, hidden), from the last state on, and moves (steps − 1,) of each step
    """

    pair: Trace
    parted: int
    window: Window
    components: PrincipalComponents
    h: np.ndarray
    distances: np.ndarray
    after: np.ndarray
    moves: np.ndarray
    found: FixedPoints

    @classmethod
    def of(cls, pair: Trace, stay: Trace, parted: int, most: int) -> Self:
        """From the recording of both, from that of the input that stays, and the step they part."""
        h = pair.h[0, 0].swapaxes(0, 1)
        first = max(0, min(parted - _BEFORE, pair.steps - most))
        after = stay.h[0, 0, pair.steps - 1 :, 0]
        return cls(
            pair=pair,
            parted=parted,
            window=Window(tuple(range(first + 1, min(pair.steps, first + most) + 1)), pair.steps),
            components=principal_components(pair),
            h=h,
            distances=np.linalg.norm(h[0] - h[1], axis=-1),
            after=after,
            moves=np.linalg.norm(np.diff(after, axis=0), axis=-1),
            found=fixed_points(stay, stay.x[-1, 0]),
        )

    @property
    def states(self) -> np.ndarray:
        """The own states that are shown: (steps, hidden)."""
        return self.h[0, self.window.indices]

    @property
    def shown_distances(self) -> np.ndarray:
        """The distances at the steps that are shown: (steps,)."""
        return self.distances[self.window.indices]

    @property
    def start(self) -> np.ndarray:
        """The state before the first one that is shown, in the plane: (2,)."""
        return self.components.project(self.pair.states_before()[self.window.indices.start, 0])

    @property
    def points(self) -> np.ndarray:
        """Both paths in the plane: (2, steps, 2)."""
        return self.components.project(self.h[:, self.window.indices])

    @property
    def rest_points(self) -> np.ndarray:
        """The fixed points in the plane: (point, 2)."""
        return self.components.project(self.found.states)

    @property
    def away(self) -> np.ndarray:
        """Where the states go while the last input stays, in the plane: (steps, 2)."""
        return self.components.project(self.after)

    @property
    def words(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What people call the inputs of both; without labels, one that is changed is marked."""
        own = self.window.words(self.pair)
        if self.pair.metadata.step_labels:
            return own, self.pair.metadata.step_labels[1][self.window.indices]
        shown = self.pair.x[self.window.indices]
        differ = (shown[:, 0] != shown[:, 1]).any(axis=-1)
        return own, tuple(f"{x}*" if d else x for x, d in zip(own, differ, strict=True))


class StatePlane(VGroup):
    """The plane of two principal components, with their shares of the states' spread.

    All that will be drawn has room in it.
    """

    def __init__(self, paths: Paths, names: Sequence[str], theme: Theme):
        points = np.concatenate([*paths.points, paths.rest_points, paths.away, paths.start[None]])
        shares = [percent(float(share)) for share in paths.components.shares]
        low, high = points.min(axis=0), points.max(axis=0)
        middle, reach = (low + high) / 2, 0.57 * (high - low)
        scale = max(reach[0] / _WIDTH, reach[1] / _HEIGHT, 1e-12)
        (left, bottom), (right, top) = (
            middle + side * scale * np.array([_WIDTH, _HEIGHT]) for side in (-1, 1)
        )
        self.plane = Plane(
            (left, right),
            (bottom, top),
            theme,
            width=_WIDTH,
            height=_HEIGHT,
            centre=_CENTRE,
            ticks=4,
        )
        color = theme.color("note")
        across, up = (
            label(f"{name} ({share})", color=color, size=NOTE)
            for name, share in zip(names, shares, strict=True)
        )
        frame = self.plane.frame
        across.move_to([frame.get_right()[0], 0.0, 0.0], aligned_edge=RIGHT)
        across.set_on(self.plane.ticks.get_bottom()[1] - 0.3)
        up.move_to([frame.get_left()[0], 0.0, 0.0], aligned_edge=LEFT)
        up.set_on(frame.get_top()[1] + 0.12)
        self.names = VGroup(across, up)
        super().__init__(self.plane, self.names)

    def at(self, point: np.ndarray) -> np.ndarray:
        """Where a pair of components stands in the frame: (3,)."""
        return self.plane.at(float(point[0]), float(point[1]))


class StatePath(VGroup):
    """States in the plane, joined in the order of their steps, with the words that led there.

    A word stands beside its dot where there is room for it.

    Shapes: points (steps, 2); ``start`` (2,) is the state before the first of them
    """

    def __init__(
        self,
        points: np.ndarray,
        words: Sequence[str],
        start: np.ndarray,
        plane: StatePlane,
        theme: Theme,
        *,
        role: Role,
        taken: Sequence[VMobject] = (),
    ):
        self.points_shown = np.asarray(points, dtype=float)
        color = theme.color(role)
        spots = [plane.at(point) for point in self.points_shown]
        self.dots = VGroup(*[Dot(spot, radius=0.085, color=color).set_z_index(2) for spot in spots])
        self.start = Circle(radius=0.08, stroke_width=2.5, color=color).move_to(plane.at(start))
        ends = [plane.at(start), *spots]
        self.lines = VGroup(
            *[
                Line(a, b, stroke_width=3.5, color=color).set_opacity(0.75)
                for a, b in pairwise(ends)
            ]
        )
        self.words = _placed(words, spots, ends, plane, theme, [*taken, *self.dots, self.start])
        super().__init__(self.lines, self.start, self.dots, *self.words.values())

    def from_strips(self, strips: Sequence[VMobject]) -> Animation:
        """Each state, drawn as a column, becomes one point."""
        return LaggedStart(
            *[
                ReplacementTransform(strip, dot)
                for strip, dot in zip(strips, self.dots, strict=True)
            ],
            lag_ratio=0.15,
            run_time=3.0,
        )

    def join(self, index: int, run_time: float = 0.9) -> Animation:
        """The path goes on to one point, and its word appears."""
        moves: list[Animation] = [Create(self.lines[index])]
        if index in self.words:
            moves.append(FadeIn(self.words[index]))
        return AnimationGroup(*moves, run_time=run_time)

    def step_back(self) -> Animation:
        """The path steps back behind what comes, without its words."""
        return AnimationGroup(
            self.dots.animate.set_opacity(0.4),
            self.lines.animate.set_stroke(opacity=0.25),
            *[FadeOut(word) for word in self.words.values()],
        )

    def walk(self, first: int, run_time: float) -> Animation:
        """The path from one step on, with its dots and words."""
        return LaggedStart(
            *[
                AnimationGroup(FadeIn(self.dots[index]), self.join(index))
                for index in range(first, len(self.dots))
            ],
            lag_ratio=0.7,
            run_time=run_time,
        )


def both_paths(paths: Paths, plane: StatePlane, theme: Theme) -> tuple[StatePath, StatePath]:
    """The own path with all its words, the other one with the words that are not the same."""
    (own, other), start = paths.words, paths.start
    first = StatePath(paths.points[0], own, start, plane, theme, role="hidden")
    new = ["" if a == b else b for a, b in zip(own, other, strict=True)]
    taken = [*first.dots, *first.words.values()]
    return first, StatePath(paths.points[1], new, start, plane, theme, role="text", taken=taken)


class StatesInRow(VGroup):
    """The own states as columns of cells in a row, with their words below."""

    def __init__(self, paths: Paths, theme: Theme):
        states, words = paths.states, paths.words[0]
        pitch = min(1.4, 12.6 / len(words))
        places = [(index - (len(words) - 1) / 2) * pitch for index in range(len(words))]
        self.strips = [
            Strip(state, theme, limit=1.0, height=2.6, width=min(0.5, 0.6 * pitch)).move_to(
                [x, 0.75, 0.0]
            )
            for state, x in zip(states, places, strict=True)
        ]
        self.words = VGroup(
            *[
                fitted_label(word, color=theme.color("input"), width=0.92 * pitch, size=BODY)
                .move_to([x, 0.0, 0.0])
                .set_on(-1.15)
                for word, x in zip(words, places, strict=True)
            ]
        )
        super().__init__(*self.strips, self.words)

    def appear(self) -> Animation:
        """Word after word comes, and the state after it."""
        return LaggedStart(
            *[
                AnimationGroup(FadeIn(word), FadeIn(strip, shift=0.2 * UP))
                for word, strip in zip(self.words, self.strips, strict=True)
            ],
            lag_ratio=0.5,
            run_time=4.0,
        )


class StepList(VGroup):
    """The steps as rows: the word of one sentence, that of another, and how far apart they are.

    Shapes: distances (steps,)
    """

    def __init__(self, paths: Paths, theme: Theme):
        self.theme = theme
        self.distances = paths.shown_distances
        words, steps = paths.words, paths.window.steps
        pitch = min(0.5, _LIST_HEIGHT / len(steps))
        longest = float(self.distances.max()) or 1.0
        self.own, self.other = VGroup(), VGroup()
        self.bars, self.numbers, self.steps = VGroup(), VGroup(), VGroup()
        for index, (step, own, other) in enumerate(zip(steps, *words, strict=True)):
            y = _LIST_TOP - index * pitch - 0.35
            changed = own != other
            self.steps.add(self._text(str(step), "note", _LIST_LEFT - 0.45, 0.5, y))
            self.own.add(self._text(own, "input", _LIST_LEFT, 1.3, y))
            written = self._text(other, "input", _LIST_LEFT + 1.4, 1.2, y)
            self.other.add(written if changed else written.set_opacity(0.35))
            bar = Rectangle(
                width=max(1.55 * self.distances[index] / longest, 0.02),
                height=pitch * 0.52,
                stroke_width=0,
                fill_opacity=1.0,
                fill_color=theme.color("hidden"),
            ).move_to([_LIST_LEFT + 2.75, y + 0.08, 0.0], aligned_edge=LEFT)
            self.bars.add(bar)
            shown = label(number(self.distances[index]), color=theme.color("text"), size=SMALL)
            shown.move_to([bar.get_right()[0] + 0.12, 0.0, 0.0], aligned_edge=LEFT).set_on(y)
            self.numbers.add(shown)
        places: tuple[tuple[Role, float], ...] = (
            ("hidden", _LIST_LEFT),
            ("text", _LIST_LEFT + 1.4),
        )
        self.marks = VGroup(
            *[
                Line(LEFT * 0.3, RIGHT * 0.3, stroke_width=5, color=theme.color(role)).move_to(
                    [x + 0.3, _LIST_TOP + 0.25, 0.0]
                )
                for role, x in places
            ]
        )
        self.title = formula("norm(h_t - h'_t)", color=theme.color("text"), size=0.4)
        self.title.move_to([_LIST_LEFT + 2.75, _LIST_TOP + 0.25, 0.0], aligned_edge=LEFT)
        super().__init__(self.steps, self.own)

    def take_words(self, words: VGroup) -> Animation:
        """The words of a row go to their places in the list."""
        return AnimationGroup(
            *[ReplacementTransform(word, own) for word, own in zip(words, self.own, strict=True)],
            FadeIn(self.steps),
            run_time=1.6,
        )

    def show_other(self) -> Animation:
        """The words of the other sentence come, under the colour of its path."""
        return LaggedStart(
            FadeIn(self.marks),
            *[FadeIn(word, shift=0.2 * RIGHT) for word in self.other],
            lag_ratio=0.15,
            run_time=1.6,
        )

    def measure(self) -> Animation:
        """The distances grow as bars, step after step."""
        return Succession(
            FadeIn(self.title, run_time=0.5),
            LaggedStart(
                *[
                    AnimationGroup(GrowFromEdge(bar, LEFT), FadeIn(text))
                    for bar, text in zip(self.bars, self.numbers, strict=True)
                ],
                lag_ratio=0.5,
                run_time=3.5,
            ),
        )

    def everything(self) -> VGroup:
        """All that the list has shown."""
        return VGroup(
            self.steps, self.own, self.other, self.marks, self.title, self.bars, self.numbers
        )

    def _text(self, text: str, role: Role, x: float, width: float, y: float) -> Ink:
        shown = fitted_label(text, color=self.theme.color(role), width=width, size=SMALL)
        return shown.move_to([x, 0.0, 0.0], aligned_edge=LEFT).set_on(y)


class RestingPoints(VGroup):
    """Fixed points as rings in the plane, full if stable."""

    def __init__(self, paths: Paths, plane: StatePlane, theme: Theme):
        points, found = paths.rest_points, paths.found
        shown = min(len(points), MOST_POINTS)
        self.rings = VGroup(
            *[
                _ring(bool(stable), theme).move_to(plane.at(point))
                for point, stable in zip(points[:shown], found.stable[:shown], strict=True)
            ]
        )
        super().__init__(self.rings)

    def appear(self) -> Animation:
        """The rings close around the points."""
        return LaggedStart(*[Create(ring) for ring in self.rings], lag_ratio=0.3, run_time=1.5)


class RestList(VGroup):
    """The fixed points as rows: how far a step moves each of them, and how many starts led there.

    Shapes: residuals and starts (point,)
    """

    def __init__(self, paths: Paths, titles: tuple[str, str], theme: Theme):
        found = paths.found
        shown = min(len(found.states), MOST_POINTS)
        self.residuals, self.starts = found.residuals[:shown], found.starts[:shown]
        ink = theme.color("text")
        self.titles = VGroup(
            *[
                fitted_label(title, color=theme.color("note"), width=width, size=SMALL)
                for title, width in zip(titles, (3.2, 1.3), strict=True)
            ]
        )
        places = (_LIST_LEFT + 0.5, _LIST_LEFT + 4.0)
        for head, x in zip(self.titles, places, strict=True):
            head.move_to([x, 0.0, 0.0], aligned_edge=LEFT).set_on(_LIST_TOP - 0.55)
        self.rings, self.cells = VGroup(), VGroup()
        total = int(found.starts.sum()) + found.lost
        for index, (residual, starts) in enumerate(zip(self.residuals, self.starts, strict=True)):
            y = _LIST_TOP - 1.2 - 0.62 * index
            ring = _ring(bool(found.stable[index]), theme)
            self.rings.add(ring.move_to([_LIST_LEFT + 0.1, y + 0.1, 0.0]))
            for text, x in zip(
                (number(float(residual)), f"{starts} / {total}"), places, strict=True
            ):
                shown_text = label(text, color=ink, size=BODY)
                self.cells.add(shown_text.move_to([x, 0.0, 0.0], aligned_edge=LEFT).set_on(y))
        super().__init__(self.titles, self.rings, self.cells)

    def appear(self) -> Animation:
        """The titles, then row after row."""
        rows = [
            FadeIn(VGroup(ring, *self.cells[2 * index : 2 * index + 2]), shift=0.2 * DOWN)
            for index, ring in enumerate(self.rings)
        ]
        return LaggedStart(FadeIn(self.titles), *rows, lag_ratio=0.4, run_time=2.0)


class UnitCircle(VGroup):
    """The eigenvalues at the first fixed point, with the circle within which a push fades."""

    def __init__(self, paths: Paths, title: str, theme: Theme):
        self.values = paths.found.eigenvalues[:1].ravel()
        reach = 1.15 * max(1.0, float(np.abs(self.values).max()) if len(self.values) else 1.0)
        side = 3.7
        self.plane = Plane(
            (-reach, reach),
            (-reach, reach),
            theme,
            width=side,
            height=side,
            centre=_ASIDE,
            ticks=4,
            x_name='"Re" lambda',
            y_name='"Im" lambda',
        )
        self.circle = Circle(
            radius=side / 2 / reach, stroke_width=3, color=theme.color("text")
        ).move_to([*_ASIDE, 0.0])
        self.dots = self.plane.dots(self.values.real, self.values.imag, role="weight", radius=0.09)
        for dot in self.dots:
            dot.set_z_index(2)
        self.title = fitted_label(title, color=theme.color("text"), width=4.8, size=SMALL)
        self.title.move_to([_ASIDE[0], 0.0, 0.0]).set_on(self.plane.frame.get_top()[1] + 0.14)
        super().__init__(self.plane, self.circle, self.dots, self.title)

    def appear(self) -> Animation:
        """The plane, the circle, then the eigenvalues."""
        return Succession(
            AnimationGroup(FadeIn(self.plane), FadeIn(self.title), run_time=0.8),
            Create(self.circle, run_time=1.0),
            LaggedStart(
                *[FadeIn(dot, scale=2.0) for dot in self.dots], lag_ratio=0.2, run_time=1.2
            ),
        )


class StayingPath(VGroup):
    """Where the states go while the input stays, and how far each step moves them."""

    def __init__(self, paths: Paths, plane: StatePlane, theme: Theme):
        points, self.moves, first = paths.away, paths.moves, paths.pair.steps + 1
        color = theme.color("hidden")
        spots = [plane.at(point) for point in points]
        self.path = VMobject(stroke_color=color, stroke_width=2.0, stroke_opacity=0.6)
        self.path.set_points_as_corners(spots)
        self.end = Dot(spots[-1], radius=0.11, color=theme.color("text")).set_z_index(4)
        times = np.arange(first, first + len(self.moves))
        self.chart = Plane(
            (float(times[0]), float(times[-1])),
            (0.0, float(self.moves.max())),
            theme,
            width=4.2,
            height=3.2,
            centre=(_ASIDE[0] + 0.1, _ASIDE[1]),
            x_name="t",
            ticks=4,
        )
        self.line = self.chart.curve(times, self.moves, role="hidden", width=3.0)
        self.title = formula("norm(h_t - h_(t-1))", color=theme.color("text"), size=0.4)
        self.title.move_to([_ASIDE[0], self.chart.frame.get_top()[1] + 0.35, 0.0])
        super().__init__(self.path, self.end, self.chart, self.line, self.title)

    def go_on(self) -> Animation:
        """The path goes on in the plane, as its moves are drawn beside it."""
        return Succession(
            AnimationGroup(FadeIn(self.chart), FadeIn(self.title), run_time=0.7),
            AnimationGroup(Create(self.path), Create(self.line), run_time=5.0),
            FadeIn(self.end, scale=2.0, run_time=0.5),
        )


def resting_equation(step: int, theme: Theme) -> Equation:
    """A state that a step with the last input does not move."""
    return Equation(
        f"{{{{ h : now }}}} = tanh({{{{ U : U }}}} {{{{ x_({step}) : x }}}} + "
        "{{ W : W }} {{ h : before }} + {{ b : b }})",
        theme,
        roles={
            "now": "hidden",
            "before": "hidden",
            "x": "input",
            "U": "weight",
            "W": "weight",
            "b": "weight",
        },
        size=0.5,
    )


def _ring(stable: bool, theme: Theme) -> Circle:
    """A fixed point: full if it is stable."""
    ring = Circle(radius=0.12, stroke_width=4, color=theme.color("output"))
    return ring.set_fill(opacity=0.9 if stable else 0.0).set_z_index(3)


def _placed(
    words: Sequence[str],
    spots: Sequence[np.ndarray],
    ends: Sequence[np.ndarray],
    plane: StatePlane,
    theme: Theme,
    taken: Sequence[VMobject],
) -> dict[int, Ink]:
    """Words beside their dots, away from the middle, where they meet nothing else."""
    middle = np.mean(spots, axis=0)
    placed: dict[int, Ink] = {}
    for index in range(len(spots) - 1, -1, -1):
        if not words[index]:
            continue
        text = fitted_label(words[index], color=theme.color("input"), width=1.3, size=SMALL)
        text.set_stroke(theme.ground, width=4, background=True).set_z_index(3)
        away = spots[index] - middle
        heading = float(np.arctan2(away[1], away[0]))
        others = [*taken, *placed.values(), *plane.names, *plane.plane.ticks]
        free: list[tuple[int, int, np.ndarray]] = []
        for turn in _NEAR:
            angle = heading + turn * np.pi
            side = np.array([np.cos(angle), np.sin(angle), 0.0])
            reach = 0.2 + np.abs(side[:2]) @ (text.width / 2, text.height / 2)
            text.move_to(spots[index] + reach * side)
            if _inside(text, plane) and not any(_meet(text, other) for other in others):
                free.append((_crossed(text, ends), len(free), text.get_center()))
        if free:
            placed[index] = text.move_to(min(free)[2])
    return placed


def _crossed(text: VMobject, ends: Sequence[np.ndarray]) -> int:
    """How many places of a path lie under a text."""
    shares = np.linspace(0, 1, 60)[:, None]
    along = np.concatenate([a + shares * (b - a) for a, b in pairwise(ends)])
    low, high = text.get_corner(DOWN + LEFT) - 0.05, text.get_corner(UP + RIGHT) + 0.05
    return int(((along > low) & (along < high))[:, :2].all(axis=1).sum())


def _inside(text: VMobject, plane: StatePlane) -> bool:
    low, high = plane.plane.frame.get_start(), plane.plane.frame.get_end()
    left, right = text.get_left()[0], text.get_right()[0]
    return bool(
        low[0] < left
        and right < high[0]
        and low[1] < text.get_bottom()[1]
        and text.get_top()[1] < high[1]
    )


def _meet(a: VMobject, b: VMobject, gap: float = 0.05) -> bool:
    across = min(a.get_right()[0], b.get_right()[0]) - max(a.get_left()[0], b.get_left()[0])
    up = min(a.get_top()[1], b.get_top()[1]) - max(a.get_bottom()[1], b.get_bottom()[1])
    return bool(min(across, up) > -gap)

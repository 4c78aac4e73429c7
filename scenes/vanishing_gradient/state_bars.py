"""The length of a gradient at one state, as a bar for each step, and the factors between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from manim import (
    DL,
    LEFT,
    RIGHT,
    UP,
    Animation,
    AnimationGroup,
    DashedLine,
    FadeIn,
    Indicate,
    LaggedStart,
    Rectangle,
    Succession,
    UpdateFromAlphaFunc,
    VGroup,
)

from rnnviz import measure
from rnnviz.mobjects import layout
from rnnviz.mobjects.arrows import FlowArrow
from rnnviz.mobjects.bar_chart import BarChart
from rnnviz.mobjects.equation import Equation
from rnnviz.mobjects.labels import LabelRow, inside
from rnnviz.mobjects.log_axis import LogAxis
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.shown_states import state_symbol
from rnnviz.mobjects.text import formula
from rnnviz.mobjects.theme import Theme

_THICKEST, _THINNEST = 0.17, 0.018
_GAP: Final = 0.35
_BESIDE_FORMULA: Final = 3.6
"""The least x of the title of the bars, which stands at the height of the formula."""
_NAME: Final = 0.44
_NAME_ROOM: Final = 0.55
"""The width of a state's name at most, in pitches; longer ones are replaced by the step."""
_SMALLEST: Final = 0.68
_NUMBER: Final = 0.33
_NUMBER_ROOM: Final = 0.41
"""The width of a number of one of two bars at most, in pitches, if it is legible then."""
_SMALLEST_NUMBER: Final = 0.77
_UNKNOWN: Final = "–"


@dataclass(frozen=True)
class Place:
    """Where the bars of a state stand, and how they look among those of several states.

    Units:  heights in Manim units; ``aside`` is the shift of the bars from the steps' places, and
            ``bar`` their width, in pitches; type is smaller where it is ``crowded``
    """

    base: float
    height: float
    names_y: float
    title_y: float
    aside: float = 0.0
    bar: float = 0.42
    crowded: bool = False
    resting: bool = False


class StateBars(VGroup):
    """‖∂L_t/∂(state)_k‖ above each step, and on each arrow back the ratio of its two ends.

    Shapes: norms, places (steps,) of the steps shown
    Units:  ``most`` gets the greatest height; ``loss`` counts from 1
    """

    def __init__(
        self,
        state: str,
        norms: np.ndarray,
        steps: Sequence[int],
        places: np.ndarray,
        pitch: float,
        at: Place,
        most: float,
        loss: int,
        theme: Theme,
        *,
        with_swatch: bool,
    ):
        self.theme, self.state, self.norms, self.at, self.pitch = theme, state, norms, at, pitch
        count = len(steps)
        self.ratios = np.divide(norms[:-1], norms[1:], out=np.zeros(count - 1), where=norms[1:] > 0)
        self.places = places + at.aside * pitch
        self.end = int(np.flatnonzero(norms)[-1])
        share = float(norms.max()) / most
        self.chart = BarChart(
            norms, self.places, theme, role="gradient", height=at.height * share,
            bar_width=pitch * at.bar, base=at.base, number_size=_NUMBER,
        )  # fmt: skip
        self.most = most
        if at.crowded:
            widest = max(text.width for text in self.chart.numbers)
            for text in self.chart.numbers:
                text.scale(max(_SMALLEST_NUMBER, min(1.0, _NUMBER_ROOM * pitch / widest)))
        self.chart.set_heights(self.heights)
        self.names = self._names(steps, places)
        self.arrows = VGroup(*[self._arrow(place) for place in range(count - 1)])
        lost = (norms[1:] == 0) & (norms[:-1] > 0)
        self.marks = LabelRow(
            [
                _UNKNOWN if unknown else f"×{number(ratio)}"
                for ratio, unknown in zip(self.ratios, lost, strict=True)
            ],
            [arrow.get_x() for arrow in self.arrows],
            at.names_y + 0.24,
            color=theme.color("gradient"),
            size=_NUMBER,
        )
        symbol = state_symbol(state, "k")
        quotient = f"(partial L_({loss}))/(partial {symbol})"
        if at.crowded:
            quotient = f"partial L_({loss}) \\/ partial {symbol}"
        self.title = VGroup(formula(f"norm({quotient})", color=theme.color("gradient"), size=0.44))
        if at.resting:
            self._rest(self.chart.bars)
        if with_swatch:
            swatch = Rectangle(width=0.24, height=0.24, stroke_width=0)
            swatch.set_fill(theme.color("gradient"), opacity=1.0)
            if at.resting:
                self._rest([swatch])
            self.title.add(swatch.next_to(self.title, RIGHT, buff=0.15))
        beside = max(places[-1] + 0.5 * pitch, _BESIDE_FORMULA)
        inside(self.title.move_to([beside, at.title_y, 0], DL))
        super().__init__(self.chart, self.names, self.arrows, self.marks, self.title)

    @property
    def heights(self) -> np.ndarray:
        """The heights of the bars on the linear scale: (steps,)."""
        return np.asarray(self.norms / self.most * self.at.height)

    @property
    def factors(self) -> np.ndarray:
        """The ratios from the last step that the gradient reaches back, in the order of time."""
        return self.ratios[: self.end]

    @property
    def left(self) -> float:
        """The share of the gradient that is left at the first step shown."""
        return float(self.norms[0] / self.norms[self.end])

    def write(self) -> Animation:
        """Write the lengths above the bars, from the loss back."""
        numbers = [FadeIn(text, shift=0.1 * UP) for text in reversed(self.chart.numbers)]
        return AnimationGroup(
            FadeIn(self.title), LaggedStart(*numbers, lag_ratio=0.3, run_time=1.6)
        )

    def step_back(self, place: int, run_time: float) -> Animation:
        """Move an outline of the next bar here, and shrink it to this one's height by the ratio."""
        bars = self.chart.bars
        outline = bars[place + 1].copy().set_fill(opacity=0.0).set_z_index(1)
        outline.set_stroke(self.theme.color("text"), width=2.5)
        start, end = bars[place + 1], bars[place]
        heights, xs = (start.height, end.height), (start.get_x(), end.get_x())
        base = self.at.base

        def move(mark: VGroup, share: float) -> None:
            along, shrunk = min(1.0, 2 * share), max(0.0, 2 * share - 1)
            mark.stretch_to_fit_height(heights[0] + shrunk * (heights[1] - heights[0]))
            x = xs[0] + along * (xs[1] - xs[0])
            mark.move_to([x, base + mark.height / 2, 0.0])

        moving = UpdateFromAlphaFunc(outline, move, introducer=True, remover=True)
        return AnimationGroup(
            moving, FadeIn(self.marks[place], shift=0.15 * LEFT), run_time=run_time
        )

    def make_fit(self, equation: Equation) -> None:
        """Move a formula beside the title of the bars, smaller if it has no room."""
        room = float(self.title.get_left()[0]) - _GAP - layout.LEFT_EDGE
        if equation.width > room:
            equation.scale_to_fit_width(room)
        equation.next_to(self.title, LEFT, buff=_GAP)

    def gather(self, equation: Equation) -> Animation:
        """Let each ratio light up while it comes into the product, from the loss back."""
        parts = [equation.part(f"f{place}") for place in range(len(self.factors))]
        marks = list(reversed(self.marks[: len(parts)]))
        coming = [
            AnimationGroup(Indicate(mark, scale_factor=1.3, color=None), FadeIn(part))
            for mark, part in zip(marks, parts, strict=True)
        ]
        left = {id(glyph) for glyph in equation.part("left")}
        known = left | {id(glyph) for part in parts for glyph in part}
        signs = [glyph for glyph in equation.ink if id(glyph) not in known]
        return Succession(
            LaggedStart(*coming, lag_ratio=0.4, run_time=1.6),
            FadeIn(*signs, run_time=0.4),
        )

    def place_between(self, axis: LogAxis, share: float) -> None:
        """Give the bars and numbers their places between the linear (0) and the log scale (1)."""
        line = np.array([axis.height_at(value) for value in self._on_line()])
        rise = abs(line[-1] - line[0]) / (self.places[-1] - self.places[0])
        line += [rise * text.width / 2 for text in self.chart.numbers]
        log = np.array([axis.height_at(value) for value in self.norms])
        self.chart.set_heights((1 - share) * self.heights + share * log)
        for text, high in zip(self.chart.numbers, share * (line - log), strict=True):
            text.shift((max(0.0, float(high)) + 0.1 * share) * UP)

    def rate_line(self, axis: LogAxis) -> DashedLine:
        """Return the straight line through the bars: one factor for every step back."""
        values = self._on_line()
        points = [
            [self.places[end], self.at.base + axis.height_at(values[end]), 0] for end in (-1, 0)
        ]
        line = DashedLine(*points, color=self.theme.color("text"), stroke_width=3, dash_length=0.12)
        return line.set_z_index(-1)

    def _on_line(self) -> np.ndarray:
        factor, offset = measure.log_line(self.norms)
        return np.asarray(np.exp(offset) * factor ** np.arange(len(self.norms)))

    def _names(self, steps: Sequence[int], places: np.ndarray) -> VGroup:
        """Return the states' names below the bars, or the steps where names have no room."""
        color = self.theme.color("hidden")
        names = [formula(state_symbol(self.state, step), color=color, size=_NAME) for step in steps]
        room = _NAME_ROOM * self.pitch / max(name.width for name in names)
        if room < _SMALLEST:
            names = [formula(str(step), color=color, size=_NAME) for step in steps]
            room = _NAME_ROOM * self.pitch / max(name.width for name in names)
        for name, x in zip(names, places, strict=True):
            name.scale(min(1.0, room)).move_to([x, self.at.names_y, 0.0])
        return VGroup(*names)

    def _rest(self, bars: Sequence[Rectangle] | VGroup) -> None:
        """Let bars look like those of the state beside the one that is followed."""
        for bar in bars:
            bar.set_fill(self.theme.dimmed("gradient", 0.35))
            bar.set_stroke(self.theme.color("gradient"), width=1.5)

    def _arrow(self, place: int) -> FlowArrow:
        share = float(self.norms[place] / self.most)
        left, right = self.names[place].get_right()[0], self.names[place + 1].get_left()[0]
        y = self.at.names_y
        return FlowArrow(
            np.array([[right - 0.08, y, 0.0], [left + 0.08, y, 0.0]]),
            color=self.theme.color("gradient"),
            thickness=max(_THINNEST, _THICKEST * share),
        )

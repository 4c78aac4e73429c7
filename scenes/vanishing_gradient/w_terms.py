"""The gradient with other recurrent weights, and the terms of the gradient of W."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from manim import (
    DOWN,
    LEFT,
    PI,
    UP,
    Animation,
    AnimationGroup,
    Create,
    FadeIn,
    FadeOut,
    Line,
    Mobject,
    ReplacementTransform,
    Succession,
    VGroup,
)
from rnnviz.scenes.vanishing_gradient.gradient_bars import LEAVES, GradientBars
from rnnviz.scenes.vanishing_gradient.last_gradient import rate_per_step_back, whole_percents

from rnnviz.mobjects.bar_chart import BarChart
from rnnviz.mobjects.emphasis import dim
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.text import label, scaled
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.mobjects.value_line import ValueLine, spread

_SHARES: Final = 2.15
_SUM_ROOM: Final = 0.4
"""The room above the highest of all bars for the sum of the last terms."""
_RATE_AT: Final = 3
"""The dot at which the rate of a line is written."""
_NAME_DISTANCE: Final = 0.36
_RATE_DISTANCE: Final = 0.34
_ROLES: Final[tuple[Role, ...]] = ("note", "gradient", "text")


class OtherWeights(VGroup):
    """The same lengths with other recurrent weights as lines, named at their ends.

    The factor for every step back is written at each line.

    Shapes: norms name → (steps,)
    """

    def __init__(
        self,
        norms: dict[str, np.ndarray],
        bars: GradientBars,
        theme: Theme,
    ):
        self.lines = VGroup(
            *[
                ValueLine(values, bars.middles, bars.axis, name, theme, role=role)
                for (name, values), role in zip(norms.items(), _ROLES, strict=True)
            ]
        )
        for dot in self.lines[1].dots:
            dot.rotate(PI / 4)  # so that its outline begins where a bar's does, and none turns
        for line in self.lines:
            line.title.next_to(line.dots[0], LEFT, buff=0.15)
        spread(
            [line.title for line in self.lines],
            [float(line.dots[0].get_y()) for line in self.lines],
            _NAME_DISTANCE,
        )
        self.rates = VGroup()
        rates = map(rate_per_step_back, norms.values())
        for line, rate, side in zip(self.lines, rates, (DOWN, UP, UP), strict=True):
            text = label(f"×{number(rate)}", color=line.title[0].get_fill_color(), size=0.36)
            text.set_stroke(theme.ground, width=5, background=True).set_z_index(2)
            dot = line.dots[min(_RATE_AT, len(line.dots) - 1)]
            self.rates.add(text.next_to(dot, side, buff=0.12))
        heights = [max(float(rate.get_y()), bars.base + 0.2) for rate in self.rates]
        spread(list(self.rates), heights, _RATE_DISTANCE)
        super().__init__(self.lines, self.rates)

    def out_of(self, bars: GradientBars) -> Animation:
        """Let the bars become the dots of their line; those of another state leave."""
        line, chart = self.lines[1], bars.main.chart
        pairs = zip(chart.bars, line.dots, strict=True)
        others = [part for each in bars.others for part in (each.chart, each.title, each.names)]
        return Succession(
            FadeOut(chart.numbers, chart.axis, *others, run_time=LEAVES),
            AnimationGroup(*[ReplacementTransform(*pair) for pair in pairs], run_time=1.0),
            AnimationGroup(Create(line.line), FadeIn(line.title, self.rates[1]), run_time=0.8),
        )

    def draw(self, place: int) -> Animation:
        """Draw another line from the loss back."""
        return AnimationGroup(self.lines[place].appear(), FadeIn(self.rates[place]), run_time=1.8)


class TermShares(VGroup):
    """The share of each use of W in the lengths of all terms of ∂L_t/∂W, in whole percents.

    The last ``near`` have their sum above them, and so have all others if all are shown.

    The percentages add up to 100, with that of the steps that are not shown.

    Shapes: shares (steps,) of all steps up to the loss
    """

    def __init__(self, shares: np.ndarray, near: int, bars: GradientBars, theme: Theme):
        places = bars.middles
        shown = shares[-len(places) :]
        percents = whole_percents(shares)
        self.percents = percents[-len(places) :]
        self.chart = BarChart(
            shown, places, theme, role="gradient",
            height=min(_SHARES, bars.height_of_all - _SUM_ROOM) / scaled(1.0),
            bar_width=bars.pitch * bars.main.at.bar, base=bars.base,
            texts=[f"{each}%" for each in self.percents], number_size=0.36,
        )  # fmt: skip
        self.near, total = near, sum(percents[-near:])
        numbers = self.chart.numbers
        self.sums = VGroup(_summed(numbers[-near:], f"{total}%", bars.pitch, theme))
        if near < len(shown) == len(shares):
            self.sums.add(_summed(numbers[:-near], f"{100 - total}%", bars.pitch, theme))
        super().__init__(self.chart, self.sums)

    def point_out(self) -> Animation:
        """Write the sum of the last uses above them, then that of all others, which rest."""
        near = self.near
        far = [*self.chart.bars[:-near], *self.chart.numbers[:-near]]
        others = [FadeIn(each, shift=0.1 * UP) for each in self.sums[1:]]
        resting = [AnimationGroup(*dim(*far), *others, run_time=0.8)] if far else []
        return Succession(FadeIn(self.sums[0], shift=0.1 * UP, run_time=0.8), *resting)

    def out_of(self, marks: VGroup, gone: Sequence[Mobject]) -> Animation:
        """Let a mark of each step, a bar or a dot, become its term; the rest of it leaves."""
        pairs = zip(marks, self.chart.bars, strict=True)
        growing = AnimationGroup(*[ReplacementTransform(*pair) for pair in pairs], run_time=1.0)
        return Succession(
            AnimationGroup(FadeOut(*gone, run_time=LEAVES), growing),
            FadeIn(self.chart.axis, self.chart.numbers, run_time=0.4),
        )


def after_lines(lines: OtherWeights, bars: GradientBars) -> tuple[VGroup, Sequence[Mobject]]:
    """Return the dots of the network's own line, and what leaves the stage with them."""
    line = lines.lines[1]
    others = lines.lines[0], lines.lines[2]
    return line.dots, (*others, line.line, line.title, lines.rates, bars.axis, bars.main.title)


def after_bars(line: Mobject, bars: GradientBars) -> tuple[VGroup, Sequence[Mobject]]:
    """Return the bars of the state that is followed, and what leaves the stage with them."""
    chart = bars.main.chart
    others = [part for each in bars.others for part in (each.chart, each.title, each.names)]
    gone = line, bars.axis, bars.main.title, chart.numbers, chart.axis, *others
    return chart.bars, gone


def _summed(numbers: VGroup, text: str, pitch: float, theme: Theme) -> VGroup:
    """Return a line above the numbers of some bars, with their sum on it."""
    y = numbers.get_top()[1] + 0.15
    left, right = (float(end.get_x()) for end in (numbers[0], numbers[-1]))
    ends = [left - 0.35 * pitch, y, 0.0], [right + 0.35 * pitch, y, 0.0]
    line = Line(*ends, color=theme.color("text"), stroke_width=2)
    return VGroup(line, label(text, color=theme.color("text"), size=0.42).next_to(line, UP, 0.1))

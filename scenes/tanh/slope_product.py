"""The slopes of one unit, and a bar that they shrink."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from manim import (
    DOWN,
    UP,
    Animation,
    AnimationGroup,
    Dot,
    FadeIn,
    FadeOut,
    Indicate,
    Line,
    Rectangle,
    ReplacementTransform,
    Succession,
    UpdateFromAlphaFunc,
    VGroup,
    rate_functions,
)

from rnnviz.mobjects.bar_chart import BarChart
from rnnviz.mobjects.emphasis import dim
from rnnviz.mobjects.labels import FormulaRow
from rnnviz.mobjects.log_axis import LogAxis
from rnnviz.mobjects.morph import morph, paired_glyphs
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.text import Ink, label
from rnnviz.mobjects.theme import Theme

BASE: Final = -1.2
HEIGHT: Final = 2.9
NAMES_Y: Final = BASE - 0.42
LEFT_X: Final = -4.9
FIRST_X: Final = -2.75
WIDTH: Final = 8.4
_NEARLY_GONE: Final = 0.01
_LEAST, _ABOVE = 0.012, 0.12
"""The least height of the bar, and how far its number stands above it."""


class SlopeProduct(VGroup):
    """One unit's slopes as bars over the steps, and on their left the product of those passed.

    Shapes: slopes, steps (factors,), in the order of time
    """

    def __init__(self, slopes: np.ndarray, steps: Sequence[int], theme: Theme, name: str):
        self.theme = theme
        self.slopes = np.asarray(slopes, dtype=float)
        self.products = np.cumprod(self.slopes[::-1])
        count = len(steps)
        self.pitch = min(1.5, WIDTH / max(count - 1, 1))
        self.places = FIRST_X + np.arange(count) * self.pitch
        self.chart = BarChart(
            self.slopes, self.places, theme, role="text", height=HEIGHT,
            bar_width=self.pitch * 0.42, base=BASE, number_size=0.33,
        ).set_heights(self.slopes * HEIGHT)  # fmt: skip
        self.names = FormulaRow(
            [f"h_({step})" for step in steps], self.places, NAMES_Y,
            color=theme.color("hidden"), size=0.42,
        )  # fmt: skip
        self.running = Rectangle(
            width=0.9, height=HEIGHT, stroke_width=0, fill_opacity=1.0,
            fill_color=theme.color("gradient"),
        ).move_to([LEFT_X, BASE, 0], DOWN)  # fmt: skip
        self.ground = Line(
            [LEFT_X - 0.7, BASE, 0], [LEFT_X + 0.7, BASE, 0], stroke_width=1.5,
            color=theme.color("note"),
        )  # fmt: skip
        self.written = self._written(1.0, 1.0)
        self.title = label(name, color=theme.color("text"), size=0.34)
        self.title.move_to([LEFT_X, 0, 0]).set_on(NAMES_Y - 0.12)
        small = self.products[self.products > 0]
        self.axis = LogAxis(
            [1.0, *(small if len(small) == len(self.products) else [*small, 0.0])], theme,
            base=BASE, height=HEIGHT, left=LEFT_X - 0.7, right=LEFT_X + 0.7,
        )  # fmt: skip
        self.axis.set_share(0.0)
        super().__init__(
            self.chart, self.names, self.running, self.ground, self.written, self.title
        )

    def take(self, dots: Sequence[Dot]) -> Animation:
        """Let dots become the bars of their slopes."""
        bars = zip(dots, self.chart.bars, strict=True)
        return Succession(
            AnimationGroup(
                FadeIn(self.chart.axis, self.names),
                *[ReplacementTransform(dot, bar) for dot, bar in bars],
                run_time=1.6,
            ),
            FadeIn(self.chart.numbers, run_time=0.5),
        )

    def begin(self) -> Animation:
        """Show the product of no slope: 1."""
        return FadeIn(self.running, self.ground, self.written, self.title, shift=0.15 * UP)

    def multiply(self, place: int, run_time: float = 1.0) -> Animation:
        """Multiply by one more slope, counted from the last step: the bar shrinks by it."""
        index = len(self.slopes) - 1 - place
        source, passed = self.chart.numbers[index], self.chart.bars[index]
        before, value = self.written, float(self.products[place])
        factor = self._text(f"× {number(float(self.slopes[index]))}")
        factor.next_to(before, UP, buff=0.1)
        self.written = self._written(value, value)
        start, height = float(self.running.height), max(value * HEIGHT, _LEAST)

        def shrink(bar: Rectangle, share: float) -> None:
            bar.stretch_to_fit_height((1 - share) * start + share * height).move_to(
                [LEFT_X, BASE, 0], DOWN
            )

        def fall(text: Ink, share: float) -> None:
            text.set_on(BASE + (1 - share) * start + share * height + _ABOVE)

        return Succession(
            AnimationGroup(
                Indicate(source, color=None, scale_factor=1.4),
                FadeIn(factor, shift=0.15 * DOWN),
                run_time=0.4 * run_time,
            ),
            AnimationGroup(
                UpdateFromAlphaFunc(self.running, shrink),
                UpdateFromAlphaFunc(before, fall),
                FadeOut(factor, shift=0.15 * DOWN, run_time=0.15 * run_time),
                *dim(passed, source),
                run_time=0.35 * run_time,
            ),
            morph(
                before,
                self.written,
                paired_glyphs(before, self.written),
                run_time=0.25 * run_time,
            ),
        )

    def to_log(self, run_time: float = 1.6) -> Animation:
        """Move the bar and the ticks of its scale together to a logarithmic scale."""
        value = float(self.products[-1])
        group = VGroup(self.axis, self.running, self.written)

        def between(moving: VGroup, share: float) -> None:
            self.axis.set_share(share)
            height = max(self.axis.height_between(value, share), _LEAST)
            self.running.stretch_to_fit_height(height).move_to([LEFT_X, BASE, 0], DOWN)
            self.written.set_on(BASE + height + _ABOVE)

        between(group, 0.0)
        return UpdateFromAlphaFunc(
            group, between, run_time=run_time, rate_func=rate_functions.ease_in_out_cubic
        )

    def _written(self, value: float, height: float) -> Ink:
        text = self._text(number(value)).move_to([LEFT_X, 0, 0])
        return text.set_on(BASE + max(height * HEIGHT, _LEAST) + _ABOVE)

    def _text(self, text: str) -> Ink:
        ink = label(text, color=self.theme.color("text"), size=0.36)
        return ink.set_stroke(self.theme.ground, width=5, background=True).set_z_index(2)


def unit_to_follow(slopes: np.ndarray) -> int:
    """Return the unit whose product of slopes nearly vanishes, but not at the first step back.

    Shapes: slopes (factors, units), in the order of time
    """
    products = slopes.prod(axis=0)
    gone = products < _NEARLY_GONE
    return int(np.where(gone, slopes[-1], -1.0).argmax() if gone.any() else products.argmin())

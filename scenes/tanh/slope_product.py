"""The slopes of one unit and their product."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from manim import (
    LEFT,
    Animation,
    AnimationGroup,
    Create,
    DashedLine,
    FadeIn,
    LaggedStart,
    Succession,
    VGroup,
    rate_functions,
)

from rnnviz.mobjects.bar_chart import BarChart
from rnnviz.mobjects.labels import FormulaRow, LabelRow
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.text import NOTE, SMALL, formula, label
from rnnviz.mobjects.theme import Theme


class SlopeProduct(VGroup):
    """One unit's slopes as bars over the steps, and their products from the last step back.

    Shapes: slopes, steps (factors,), in the order of time
    """

    BASE: Final = -0.7
    HEIGHT: Final = 2.4
    ROW: Final = -1.9

    def __init__(self, slopes: np.ndarray, steps: Sequence[int], theme: Theme, name: str):
        self.slopes = np.asarray(slopes, dtype=float)
        self.products = np.cumprod(self.slopes[::-1])[::-1]
        count = len(steps)
        self.pitch = min(1.35, 10.4 / count)
        self.places = (np.arange(count) - (count - 1) / 2) * self.pitch + 0.4
        small = NOTE if count > 8 else SMALL
        self.chart = BarChart(
            self.slopes,
            self.places,
            theme,
            role="gradient",
            height=self.HEIGHT,
            bar_width=self.pitch * 0.42,
            base=self.BASE,
            number_size=small,
        )
        self.chart.set_heights(self.slopes * self.HEIGHT)
        top = self.BASE + self.HEIGHT
        left, right = self.places[0] - self.pitch * 0.5, self.places[-1] + self.pitch * 0.5
        self.most = DashedLine(
            [left, top, 0], [right, top, 0], color=theme.color("note"), stroke_width=2
        )
        self.most_label = label("1", color=theme.color("note"), size=SMALL).next_to(self.most, LEFT)
        self.names = FormulaRow(
            [f"h_({step})" for step in steps],
            self.places,
            self.BASE - 0.4,
            color=theme.color("hidden"),
            size=0.4,
        )
        self.results = LabelRow(
            map(number, self.products), self.places, self.ROW, color=theme.color("text"), size=small
        )
        self.title = formula(name, color=theme.color("text"), size=0.4)
        self.title.next_to([left, self.ROW + 0.08, 0], LEFT, buff=0.1)
        super().__init__(
            self.chart, self.most, self.most_label, self.names, self.results, self.title
        )

    def grow_bars(self) -> Animation:
        """Grow the slopes, below the greatest slope possible."""
        return Succession(
            AnimationGroup(
                FadeIn(self.chart.axis, self.names), Create(self.most), FadeIn(self.most_label)
            ),
            self.chart.grow_all(lag_ratio=0.25, run_time=2.5),
        )

    def multiply(self) -> Animation:
        """Show the products, from the last step back."""
        lines = [
            FadeIn(result, shift=0.25 * LEFT, rate_func=rate_functions.ease_out_sine)
            for result in reversed(self.results)
        ]
        return Succession(
            FadeIn(self.title), LaggedStart(*lines, lag_ratio=0.7, run_time=0.7 * len(lines))
        )

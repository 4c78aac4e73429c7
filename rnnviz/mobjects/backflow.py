"""The gradient of one loss on its way back through time."""

from typing import Final

import numpy as np
from manim import LEFT, UP, Animation, AnimationGroup, FadeIn, LaggedStart, Succession, VGroup

from rnnviz import measure
from rnnviz.mobjects import layout
from rnnviz.mobjects.arrows import FlowArrow
from rnnviz.mobjects.bar_chart import BarChart
from rnnviz.mobjects.labels import FormulaRow, LabelRow
from rnnviz.mobjects.log_axis import LogAxis
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.text import BODY, NOTE, SMALL, formula
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.window import Window
from rnnviz.trace import Trace

CHART_BASE: Final = -0.75
CHART_HEIGHT: Final = 2.3
_NAMES_Y: Final = -1.28
_WORDS_Y: Final = -1.98
_WIDTH: Final = 11.2
_MOST_PITCH: Final = 1.4
_THICKEST: Final = 0.17
_THINNEST: Final = 0.018


class Backflow(VGroup):
    """States in a row with ‖∂L_t/∂h_k‖ above each, for the loss at the last step shown.

    The height of a bar, its number, and the width and colour of the arrow into its state show the
    same value. The number at an arrow is σ₁ of the step's Jacobian diag(1 − h²) W.
    """

    def __init__(self, trace: Trace, window: Window, theme: Theme):
        self.theme = theme
        self.steps = window.steps
        last = self.steps[-1] - 1
        self.norms = measure.gradient_norms(trace)[last, window.indices, 0]
        self.factors = measure.jacobian_norms(trace)[window.indices, 0][1:]
        count = len(self.steps)
        self.pitch = min(_MOST_PITCH, _WIDTH / count)
        self.places = (np.arange(count) - (count - 1) / 2) * self.pitch - 0.15
        small = NOTE if count > 8 else SMALL
        self.chart = BarChart(
            self.norms,
            self.places,
            theme,
            role="gradient",
            height=CHART_HEIGHT,
            bar_width=self.pitch * 0.42,
            base=CHART_BASE,
            number_size=small,
        )
        self.names = FormulaRow(
            [f"h_({step})" for step in self.steps],
            self.places,
            _NAMES_Y,
            color=theme.color("hidden"),
            size=0.42,
        )
        self.words = LabelRow(
            window.words(trace),
            self.places,
            _WORDS_Y,
            color=theme.color("input"),
            size=BODY * 0.9,
            width=self.pitch * 0.92,
        )
        self.arrows = VGroup(*[self._arrow(index) for index in range(count - 1)])
        self.factor_marks = LabelRow(
            map(number, self.factors),
            [arrow.get_x() for arrow in self.arrows],
            _NAMES_Y + 0.2,
            color=theme.color("weight"),
            size=NOTE,
        )
        self.loss = formula(f"L_({self.steps[-1]})", color=theme.color("gradient"), size=0.46)
        self.loss.move_to([self.places[-1] + self.pitch * 0.95, _NAMES_Y, 0.0])
        self.start = self._between(self.loss.get_left()[0], self.names[-1].get_right()[0], 1.0)
        self.legend = formula(
            f"norm((partial L_({self.steps[-1]}))/(partial h_k))",
            color=theme.color("gradient"),
            size=0.36,
        ).move_to([layout.LEFT_EDGE, layout.FORMULA_Y, 0.0], LEFT)
        self.factor_legend = formula("sigma_1", color=theme.color("weight"), size=0.36)
        self.factor_legend.move_to([layout.LEFT_EDGE, _NAMES_Y + 0.28, 0.0], LEFT)
        super().__init__(
            self.chart,
            self.names,
            self.words,
            self.arrows,
            self.factor_marks,
            self.loss,
            self.start,
            self.legend,
            self.factor_legend,
        )

    def begin(self) -> Animation:
        """Show the states, the loss, and its gradient at the state beside it."""
        return Succession(
            AnimationGroup(FadeIn(self.names), FadeIn(self.words), FadeIn(self.chart.axis)),
            FadeIn(self.loss, shift=0.2 * LEFT),
            self.start.grow(),
            AnimationGroup(self.chart.grow(len(self.steps) - 1), FadeIn(self.legend)),
        )

    def step_back(self, index: int, run_time: float) -> Animation:
        """Go one step back, to the state at ``index``: factor, arrow, bar."""
        return Succession(
            AnimationGroup(
                self.arrows[index].grow(), FadeIn(self.factor_marks[index], shift=0.1 * UP)
            ),
            self.chart.grow(index),
            run_time=run_time,
        )

    def axis_for(self, values: np.ndarray) -> LogAxis:
        """Return a logarithmic axis for values, as wide as the chart."""
        return LogAxis(
            values,
            self.theme,
            base=CHART_BASE,
            height=CHART_HEIGHT,
            left=self.places[0] - self.pitch * 0.5,
            right=self.places[-1] + self.pitch * 0.5,
        )

    def linear_only(self) -> VGroup:
        """Return what a logarithmic chart does not need: the arrows and factors of the steps."""
        return VGroup(self.arrows, self.factor_marks, self.factor_legend, self.start, self.loss)

    def wave(self) -> Animation:
        """Light the values up, from the loss back."""
        gradient = self.theme.color("gradient")
        return LaggedStart(
            *[text.animate.set_color(gradient) for text in reversed(self.chart.numbers)],
            lag_ratio=0.4,
            run_time=2.0,
        )

    def _arrow(self, index: int) -> FlowArrow:
        share = self.norms[index] / self.norms.max()
        return self._between(
            self.names[index + 1].get_left()[0], self.names[index].get_right()[0], share
        )

    def _between(self, start: float, end: float, share: float) -> FlowArrow:
        return FlowArrow(
            [np.array([start - 0.1, _NAMES_Y, 0.0]), np.array([end + 0.1, _NAMES_Y, 0.0])],
            color=self.theme.magnitude(float(share)),
            thickness=max(_THINNEST, _THICKEST * float(share)),
        )

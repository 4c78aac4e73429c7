"""How gradients decay: a fitted line, several networks compared, shares by lag."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from manim import LEFT, Animation, DashedLine, FadeIn, LaggedStart, Succession, VGroup

from rnnviz import measure
from rnnviz.mobjects import layout
from rnnviz.mobjects.backflow import CHART_BASE, CHART_HEIGHT, Backflow
from rnnviz.mobjects.bar_chart import BarChart
from rnnviz.mobjects.equation import Equation
from rnnviz.mobjects.labels import LabelRow
from rnnviz.mobjects.log_axis import LogAxis
from rnnviz.mobjects.numbers import percent
from rnnviz.mobjects.text import SMALL, formula
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.mobjects.value_line import ValueLine, spread
from rnnviz.trace import Trace

_ROLES: Final[tuple[Role, ...]] = ("gradient", "note", "text")
_NAME_DISTANCE: Final = 0.36


class RateLine(VGroup):
    """The straight line through the norms on a logarithmic axis: one factor for every step."""

    def __init__(self, flow: Backflow, axis: LogAxis, theme: Theme):
        factor, offset = measure.log_line(flow.norms)
        ends = [len(flow.norms) - 1, 0]
        points = [
            [
                flow.places[index],
                axis.base + axis.height_at(float(np.exp(offset) * factor**index)),
                0,
            ]
            for index in ends
        ]
        line = DashedLine(*points, color=theme.color("text"), stroke_width=3, dash_length=0.12)
        super().__init__(line)


def rate_per_step_back(norms: np.ndarray) -> float:
    """Return the factor of a gradient for every step back, or 0 if it vanishes after one."""
    return 1 / measure.log_line(norms)[0] if (norms > 0).sum() > 1 else 0.0


class Comparison(VGroup):
    """‖∂L_t/∂h_k‖ of several networks over the same steps, on one logarithmic axis.

    Shapes: norms name → (steps,)
    """

    def __init__(self, norms: Mapping[str, np.ndarray], flow: Backflow, theme: Theme):
        self.axis = flow.axis_for(np.concatenate(list(norms.values())))
        self.lines = VGroup(
            *[
                ValueLine(values, flow.places, self.axis, name, theme, role=role)
                for (name, values), role in zip(norms.items(), _ROLES, strict=True)
            ]
        )
        for line in self.lines:
            line.title.move_to([flow.places[-1] + flow.pitch * 0.4, 0.0, 0.0], LEFT)
        spread(
            [line.title for line in self.lines],
            [float(line.dots[-1].get_y()) for line in self.lines],
            _NAME_DISTANCE,
        )
        super().__init__(self.axis, self.lines)

    def appear(self) -> Animation:
        """Show the axis, then draw one line after the other, from the loss back."""
        return Succession(
            FadeIn(self.axis),
            LaggedStart(*[line.appear() for line in self.lines], lag_ratio=0.7, run_time=4.0),
        )


class LagShares(VGroup):
    """The shares of the terms ∂L_t/∂W_s by lag, the number of steps before the loss.

    Only as many lags are shown as there are places.
    """

    def __init__(
        self, trace: Trace, places: Sequence[float] | np.ndarray, theme: Theme, *, bar_width: float
    ):
        shares = measure.weight_gradient_share_by_lag(trace)[: len(places)]
        xs = np.asarray(places)[: len(shares)]
        self.chart = BarChart(
            shares,
            xs,
            theme,
            role="gradient",
            height=CHART_HEIGHT,
            bar_width=bar_width,
            base=CHART_BASE,
            texts=[percent(share) for share in shares],
        )
        color = theme.color("note")
        self.lags = LabelRow(
            map(str, range(len(xs))), xs, CHART_BASE - 0.4, color=color, size=SMALL
        )
        self.legend = formula("t - s", color=color, size=0.36)
        self.legend.move_to([layout.LEFT_EDGE, CHART_BASE - 0.32, 0.0], LEFT)
        super().__init__(self.chart, self.lags, self.legend)

    def appear(self) -> Animation:
        """Show the lags, then grow the bars from the nearest to the farthest."""
        return Succession(
            FadeIn(self.chart.axis, self.lags, self.legend),
            self.chart.grow_all(lag_ratio=0.3, run_time=3.0),
        )


def weight_sum_equation(theme: Theme) -> Equation:
    """Return the gradient of W, a sum over all losses and all steps at which W is used."""
    return Equation(
        "{{ (partial L)/(partial W) : left }} = sum_t sum_(s <= t) "
        "{{ (partial L_t)/(partial W_s) : term }}",
        theme,
        roles={"left": "weight", "term": "gradient"},
        size=0.44,
    )

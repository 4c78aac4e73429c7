"""Rates on a logarithmic axis: a fitted line, several networks side by side, shares by lag."""

from collections.abc import Mapping, Sequence
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
)

from rnnviz import measure
from rnnviz.mobjects import layout
from rnnviz.mobjects.backflow import CHART_BASE, CHART_HEIGHT, Backflow
from rnnviz.mobjects.bar_chart import BarChart
from rnnviz.mobjects.log_axis import LogAxis
from rnnviz.mobjects.numbers import percent
from rnnviz.mobjects.text import SMALL, formula, label
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.mobjects.value_line import ValueLine
from rnnviz.trace import Trace

_ROLES: Final[tuple[Role, ...]] = ("gradient", "note", "text")
_NAME_DISTANCE: Final = 0.36


class RateLine(VGroup):
    """The straight line through values on a logarithmic axis: one factor for every step."""

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
    """The factor by which a gradient changes with every step back; 0 if none is left after one."""
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
        self._place_names(flow.places[-1] + flow.pitch * 0.4)
        super().__init__(self.axis, self.lines)

    def appear(self) -> Animation:
        """The axis, then one line after the other, from the loss back."""
        return Succession(
            FadeIn(self.axis),
            LaggedStart(
                *[
                    AnimationGroup(Create(line.line), FadeIn(line.dots), FadeIn(line.title))
                    for line in self.lines
                ],
                lag_ratio=0.7,
                run_time=4.0,
            ),
        )

    def _place_names(self, x: float) -> None:
        ordered = sorted(self.lines, key=lambda line: float(line.dots[-1].get_y()))
        lowest = -np.inf
        for line in ordered:
            y = max(float(line.dots[-1].get_y()), lowest + _NAME_DISTANCE)
            line.title.move_to([x, y, 0.0], LEFT)
            lowest = y


class LagShares(VGroup):
    """What share of the terms ∂L_t/∂W_s lies how many steps before its loss.

    Shapes: shares (lags,), shown for the first ones, as many as there are places
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
        self.lags = VGroup(
            *[
                label(str(lag), color=color, size=SMALL).move_to([x, 0, 0]).set_on(CHART_BASE - 0.4)
                for lag, x in enumerate(xs)
            ]
        )
        self.legend = formula("t - s", color=color, size=0.36)
        self.legend.move_to([layout.LEFT_EDGE, CHART_BASE - 0.32, 0.0], LEFT)
        super().__init__(self.chart, self.lags, self.legend)

    def appear(self) -> Animation:
        """The lags, then the bars from the nearest to the farthest."""
        return Succession(
            FadeIn(self.chart.axis, self.lags, self.legend),
            LaggedStart(
                *[self.chart.grow(index) for index in range(len(self.chart.values))],
                lag_ratio=0.3,
                run_time=3.0,
            ),
        )

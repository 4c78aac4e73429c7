"""Products of slopes over the steps."""

from collections.abc import Mapping, Sequence

import numpy as np
from manim import LEFT, Animation, FadeIn, LaggedStart, Succession, VGroup
from rnnviz.scenes.tanh.slope_product import SlopeProduct

from rnnviz.mobjects.labels import FormulaRow
from rnnviz.mobjects.log_axis import LogAxis
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.mobjects.value_line import ValueLine, spread


class ProductLines(VGroup):
    """Products from the last step back, each as a line on a logarithmic axis.

    Shapes: products name → (steps,), in the order of time
    """

    def __init__(
        self,
        products: Mapping[str, np.ndarray],
        places: np.ndarray,
        steps: Sequence[int],
        theme: Theme,
        pitch: float,
    ):
        values = np.concatenate(list(products.values()))
        self.axis = LogAxis(
            values,
            theme,
            base=SlopeProduct.ROW + 0.55,
            height=SlopeProduct.HEIGHT + 1.1,
            left=places[0] - pitch * 0.5,
            right=places[-1] + pitch * 0.2,
        )
        roles: tuple[Role, ...] = ("gradient", "weight")
        self.lines = VGroup(
            *[
                ValueLine(each, places, self.axis, name, theme, role=role)
                for (name, each), role in zip(products.items(), roles, strict=False)
            ]
        )
        for line in self.lines:
            line.title.move_to([places[0] + 0.1, 0.0, 0.0], LEFT)
        spread(
            [line.title for line in self.lines],
            [float(line.dots[0].get_y()) + 0.3 for line in self.lines],
        )
        self.names = FormulaRow(
            [f"h_({step})" for step in steps],
            places,
            SlopeProduct.ROW + 0.15,
            color=theme.color("hidden"),
            size=0.4,
        )
        super().__init__(self.axis, self.lines, self.names)

    def appear(self) -> Animation:
        """Show the axis, then draw the lines from the last step back."""
        return Succession(
            FadeIn(self.axis, self.names),
            LaggedStart(*[line.appear() for line in self.lines], lag_ratio=0.7, run_time=3.5),
        )

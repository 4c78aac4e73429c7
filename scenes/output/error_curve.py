"""Half the square of an error, as a curve, with the recorded errors on it."""

from typing import Final

import numpy as np
from manim import (
    RIGHT,
    UP,
    Animation,
    AnimationGroup,
    Create,
    DashedLine,
    FadeIn,
    LaggedStart,
    Line,
    Succession,
    VGroup,
)
from rnnviz.scenes.output.value_numbers import ValueNumbers

from rnnviz.mobjects.arrows import FlowArrow
from rnnviz.mobjects.labels import inside
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.plane import Plane
from rnnviz.mobjects.text import BODY, formula, label
from rnnviz.mobjects.theme import Theme

_WIDTH, _HEIGHT = 4.9, 3.2
_CENTRE: Final = (3.7, 0.35)
_BEYOND: Final = 1.35
"""How far the curve goes on beyond the largest error."""
_TANGENT: Final = 0.28
"""How far the tangent reaches to either side, as a share of the axis."""
_STEP: Final = 0.45
"""The share of an error that the arrow of a step is long."""
_RADIUS: Final = 0.11


class ErrorCurve(VGroup):
    """½ e² over the error e, with a dot for each error, and the tangent at the largest one."""

    def __init__(self, numbers: ValueNumbers, theme: Theme):
        self.numbers, self.theme = numbers, theme
        self.error = float(numbers.errors[numbers.largest])
        most = _BEYOND * abs(self.error) or 1.0
        self.plane = Plane(
            (-most, most),
            (0.0, 0.5 * most**2),
            theme,
            width=_WIDTH,
            height=_HEIGHT,
            centre=_CENTRE,
            ticks=4,
            x_name="y - y^*",
        )
        xs = np.linspace(-most, most, 121)
        self.curve = self.plane.curve(xs, 0.5 * xs**2, role="output")
        self.dots = self.plane.dots(
            numbers.errors, 0.5 * numbers.errors**2, role="text", radius=_RADIUS
        ).set_z_index(3)
        place = self.plane.at(self.error, 0.5 * self.error**2)
        self.mark = DashedLine(
            self.plane.at(self.error, 0.0), place + 1e-3 * UP,
            stroke_width=2.5, color=theme.color("text"),
        )  # fmt: skip
        size = number(abs(self.error))
        self.written = formula(
            f'1/2 dot "{size}"^2 = "{number(0.5 * self.error**2)}"',
            color=theme.color("text"),
            size=0.42,
        ).move_to([_CENTRE[0], self.plane.at(0.0, 0.5 * most**2)[1] - 0.45, 0.0])
        self.tangent = self._tangent(most)
        slope = label(number(self.error), color=theme.color("gradient"), size=BODY)
        side = RIGHT if self.error < 0 else -RIGHT
        self.slope = inside(slope.next_to(self.tangent.get_center(), side, buff=0.3))
        for ink in (self.written, self.slope):
            ink.set_stroke(theme.ground, width=5, background=True).set_z_index(4)
        self.arrows = VGroup(*[self._arrow(float(error)) for error in numbers.errors if error])
        super().__init__(
            *(self.plane, self.curve, self.dots, self.mark, self.written),
            *(self.tangent, self.slope, self.arrows),
        )

    def appear(self) -> Animation:
        """Draw the curve, then each error on it, and the cost of the largest one."""
        return Succession(
            Create(self.curve, run_time=1.2),
            AnimationGroup(
                Create(self.mark),
                LaggedStart(*[FadeIn(dot, scale=2) for dot in self.dots], lag_ratio=0.2),
                run_time=0.9,
            ),
            FadeIn(self.written, run_time=0.6),
        )

    def draw_tangent(self) -> Animation:
        """Draw the tangent at the largest error, and write its slope."""
        return Succession(
            Create(self.tangent, run_time=1.0), FadeIn(self.slope, shift=0.1 * UP, run_time=0.5)
        )

    def step_against(self) -> Animation:
        """Show which way each error goes in a step against the gradient."""
        growing = [arrow.grow() for arrow in self.arrows] or [FadeIn(self.plane)]
        return LaggedStart(*growing, lag_ratio=0.25, run_time=1.6)

    def _tangent(self, most: float) -> Line:
        reach = _TANGENT * most
        ends = [
            self.plane.at(x, 0.5 * self.error**2 + self.error * (x - self.error))
            for x in (self.error - reach, self.error + reach)
        ]
        return Line(*ends, stroke_width=4, color=self.theme.color("gradient"))

    def _arrow(self, error: float) -> FlowArrow:
        """Return an arrow along the axis, from an error towards 0."""
        ends = [self.plane.at(x, 0.0) + 0.22 * UP for x in (error, (1 - _STEP) * error)]
        return FlowArrow(ends, color=self.theme.color("output"), thickness=0.06)

"""The curve of tanh and its slope in one plot, with the recorded sums on both."""

from typing import Final

import numpy as np
from manim import (
    DOWN,
    LEFT,
    RIGHT,
    UP,
    Animation,
    AnimationGroup,
    Create,
    DashedLine,
    Dot,
    FadeIn,
    LaggedStart,
    Line,
    ReplacementTransform,
    Succession,
    UpdateFromAlphaFunc,
    VGroup,
    VMobject,
    rate_functions,
)

from rnnviz.mobjects.emphasis import REST
from rnnviz.mobjects.equation import Equation
from rnnviz.mobjects.numbers import number, percent
from rnnviz.mobjects.plane import Plane
from rnnviz.mobjects.text import formula, label
from rnnviz.mobjects.theme import Theme

_LEAST_REACH: Final = 3.4
_POINTS: Final = 161
_WIDTH, _HEIGHT, _Y = 11.0, 3.75, 0.38
_LOW, _HIGH = -1.12, 1.3
_TANGENT: Final = 0.16
"""Half the length of the tangent, in shares of the reach."""
_DOT: Final = 0.075
_BIGGER: Final = 1.5
_SHARE_AT: Final = 0.72
"""Where the share of saturated sums is written, in shares of the reach."""


class Curves(VGroup):
    """tanh over the range of recorded sums, and its slope 1 − tanh² in the same plot.

    Every sum is a dot on both curves. The slope is not shown before ``trace_slope``.

    Shapes: sums (steps, units)
    """

    def __init__(self, sums: np.ndarray, theme: Theme):
        self.theme = theme
        self.sums = np.asarray(sums, dtype=float)
        flat = self.sums.ravel()
        self.reach = max(_LEAST_REACH, 1.06 * float(np.abs(flat).max()))
        ends = (-self.reach, self.reach)
        xs = np.linspace(*ends, _POINTS)
        self.plane = Plane(
            ends, (_LOW, _HIGH), theme, width=_WIDTH, height=_HEIGHT, centre=(0.2, _Y), x_name="a"
        )
        self.curve = self.plane.curve(xs, np.tanh(xs), role="hidden", width=5)
        self.dots = self.plane.dots(flat, np.tanh(flat), role="hidden", radius=_DOT)
        self.above = self.plane.dots(flat, np.full_like(flat, _HIGH), role="text", radius=_DOT)
        self.slope = self.plane.curve(xs, 1 - np.tanh(xs) ** 2, role="text", width=5)
        self.slope_dots = self.plane.dots(flat, self.slopes.ravel(), role="text", radius=_DOT)
        for dots in (self.dots, self.above, self.slope_dots):
            dots.set_stroke(theme.ground, width=1.2).set_z_index(2)
        self.curve_name = formula("h = tanh(a)", color=theme.color("hidden"), size=0.42)
        self.curve_name.next_to(self.plane.at(self.reach, 1.0), LEFT, buff=0.1)
        self.curve_name.set_y(self.plane.at(0, 0.78)[1])
        self.slope_name = formula("1 - h^2", color=theme.color("text"), size=0.42)
        self.slope_name.next_to(self.plane.at(-0.6, 0.75), LEFT, buff=0.15)
        super().__init__(
            self.plane, self.curve, self.dots, self.above, self.slope, self.slope_dots,
            self.curve_name, self.slope_name,
        )  # fmt: skip

    @property
    def slopes(self) -> np.ndarray:
        """1 − tanh² of the sums: (steps, units)."""
        return np.asarray(1 - np.tanh(self.sums) ** 2)

    def appear(self) -> Animation:
        """Show the axes, then draw the curve from left to right."""
        return Succession(
            FadeIn(self.plane),
            Create(self.curve, run_time=2.5),
            FadeIn(self.curve_name, run_time=0.4),
        )

    def land(self) -> Animation:
        """Show the sums above the plot, then let them drop onto the curve."""
        arriving = LaggedStart(*[FadeIn(dot) for dot in self.above], lag_ratio=0.05, run_time=1.6)
        falling = [ReplacementTransform(*pair) for pair in zip(self.above, self.dots, strict=True)]
        return Succession(arriving, LaggedStart(*falling, lag_ratio=0.02, run_time=2.6))

    def trace_slope(self, run_time: float = 4.5) -> Animation:
        """Slide a tangent along the curve while its slope draws the other curve."""
        color = self.theme.color("text")
        self.tangent = VGroup(Line(color=color, stroke_width=4), Dot(radius=0.1, color=color))
        self.point = Dot(radius=0.1, color=color)
        self.tangent.set_z_index(3)
        self.point.set_z_index(3)
        drawn = self.slope.copy()
        moving = VGroup(self.tangent, self.point, self.slope)

        def slide(group: VMobject, share: float) -> None:
            a = self.reach * (2 * share - 1)
            h = np.tanh(a)
            line, point = self.tangent
            length = _TANGENT * self.reach / np.hypot(1, 1 - h**2)
            along = np.clip([a - length, a + length], -self.reach, self.reach)
            ends = [self.plane.at(x, h + (x - a) * (1 - h**2)) for x in along]
            line.put_start_and_end_on(*ends)
            point.move_to(self.plane.at(a, h))
            self.point.move_to(self.plane.at(a, 1 - h**2))
            self.slope.pointwise_become_partial(drawn, 0, max(share, 1e-3))

        slide(moving, 0.0)
        return UpdateFromAlphaFunc(
            moving, slide, run_time=run_time, rate_func=rate_functions.ease_in_out_sine
        )

    def fall(self) -> Animation:
        """Move every dot from the curve straight to its slope."""
        falling = [
            ReplacementTransform(*pair) for pair in zip(self.dots, self.slope_dots, strict=True)
        ]
        return AnimationGroup(
            self.curve.animate.set_stroke(opacity=REST),
            self.curve_name.animate.set_fill(opacity=REST),
            LaggedStart(*falling, lag_ratio=0.02, run_time=2.4),
        )

    def single_out(self, under: float) -> Animation:
        """Draw a level, let all dots above it rest, and write the share of the others."""
        color = self.theme.color("text")
        ends = [self.plane.at(x, under) for x in self.plane.x_bounds]
        self.level = DashedLine(*ends, color=color, stroke_width=2, dash_length=0.1)
        self.level_name = label(number(under, 1), color=color, size=0.33)
        self.level_name.next_to(self.level, RIGHT, buff=0.1)
        low = self.slopes < under
        dots = list(zip(self.slope_dots, low.flat, strict=True))
        others = VGroup(*[dot for dot, is_low in dots if not is_low])
        self.share = label(percent(float(low.mean())), color=color, size=0.42)
        self.share.move_to(self.plane.at(_SHARE_AT * self.reach, 0.0)).shift(0.42 * DOWN)
        return Succession(
            AnimationGroup(Create(self.level), FadeIn(self.level_name)),
            AnimationGroup(
                others.animate.set_opacity(REST),
                self.slope.animate.set_stroke(opacity=REST),
                self.slope_name.animate.set_fill(opacity=REST),
                *[dot.animate.scale(_BIGGER) for dot, is_low in dots if is_low],
                FadeIn(self.share, shift=0.1 * UP),
            ),
        )

    def dots_of(self, unit: int) -> list[Dot]:
        """Return the dots of one unit on the curve of slopes, in the order of steps."""
        width = self.sums.shape[1]
        return [dot for place, dot in enumerate(self.slope_dots) if place % width == unit]

    def bring_out(self, unit: int) -> Animation:
        """Dim all dots but those of one unit."""
        own = {id(dot) for dot in self.dots_of(unit)}
        others = VGroup(*[dot for dot in self.slope_dots if id(dot) not in own])
        return AnimationGroup(
            VGroup(*self.dots_of(unit)).animate.set_opacity(1), others.animate.set_opacity(0.15)
        )


def state_equation(theme: Theme) -> Equation:
    """Return a state as the tanh of a sum."""
    return Equation(
        "{{ h_t : now }} = tanh({{ a_t : sum }}), quad a_t = U x_t + W h_(t-1) + b", theme, size=0.5
    )


def slope_equation(theme: Theme, unit: int | None = None) -> Equation:
    """Return the slope of a state, or of one unit of it, with respect to its sum."""
    at = "t" if unit is None else f"(t,{unit})"
    source = f"(dif {{{{ h_{at} : now }}}})/(dif {{{{ a_{at} : sum }}}}) = 1 - h_{at}^2"
    return Equation(source, theme, size=0.5)

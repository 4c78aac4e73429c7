"""The curve of tanh with its slope below."""

from typing import Final

import numpy as np
from manim import (
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

from rnnviz.mobjects.plane import Plane
from rnnviz.mobjects.theme import Theme

_LEAST_REACH: Final = 3.4
_POINTS: Final = 161
_WIDTH: Final = 9.6
_HIGH, _LOW = 2.3, 1.25
_ALONE_Y, _HIGH_Y, _LOW_Y = 0.2, 1.3, -1.05
_TANGENT: Final = 0.75
_DOT: Final = 0.065


class Curves(VGroup):
    """tanh over the range of recorded sums, and below it its slope 1 − tanh².

    Every sum is a dot on both curves. The slope is not shown before ``make_room``.

    Shapes: sums (steps, units)
    """

    def __init__(self, sums: np.ndarray, theme: Theme):
        self.theme = theme
        self.sums = np.asarray(sums, dtype=float)
        flat = self.sums.ravel()
        self.reach = max(_LEAST_REACH, 1.06 * float(np.abs(flat).max()))
        ends = (-self.reach, self.reach)
        xs = np.linspace(*ends, _POINTS)
        self.high = Plane(
            ends,
            (-1.12, 1.12),
            theme,
            width=_WIDTH,
            height=_HIGH,
            centre=(0.2, _ALONE_Y),
            x_name="a",
            y_name="h",
        )
        self.low = Plane(
            ends,
            (0.0, 1.12),
            theme,
            width=_WIDTH,
            height=_LOW,
            centre=(0.2, _LOW_Y),
            x_name="a",
            y_name="1 - h^2",
            ticks=3,
        )
        self.curve = self.high.curve(xs, np.tanh(xs), role="hidden", width=5)
        self.dots = self.high.dots(flat, np.tanh(flat), role="hidden", radius=_DOT)
        self.feet = self.high.dots(flat, np.zeros_like(flat), role="input", radius=_DOT)
        self.slope = self.low.curve(xs, 1 - np.tanh(xs) ** 2, role="gradient", width=5)
        self.slope_dots = self.low.dots(flat, self.slopes.ravel(), role="gradient", radius=_DOT)
        for dots in (self.dots, self.feet, self.slope_dots):
            dots.set_stroke(theme.ground, width=1.2).set_z_index(2)
        super().__init__(
            self.high, self.low, self.curve, self.dots, self.feet, self.slope, self.slope_dots
        )

    @property
    def slopes(self) -> np.ndarray:
        """1 − tanh² of the sums: (steps, units)."""
        return np.asarray(1 - np.tanh(self.sums) ** 2)

    def appear(self) -> Animation:
        """Show the axes, then draw the curve from left to right."""
        return Succession(FadeIn(self.high), Create(self.curve, run_time=2.5))

    def land(self) -> Animation:
        """Show the sums on their axis, then move them onto the curve."""
        arriving = LaggedStart(*[FadeIn(foot) for foot in self.feet], lag_ratio=0.05, run_time=2.0)
        rising = [ReplacementTransform(*pair) for pair in zip(self.feet, self.dots, strict=True)]
        return Succession(arriving, LaggedStart(*rising, lag_ratio=0.02, run_time=2.5))

    def make_room(self) -> Animation:
        """Move the curve up, and show the axes of the slope below it."""
        moved = (_HIGH_Y - _ALONE_Y) * UP
        dimmed = self.dots.animate.shift(moved).set_opacity(0.25)
        name = self.high.names[0]
        return Succession(
            AnimationGroup(
                *[part.animate.shift(moved) for part in (self.high.frame, self.high.lines)],
                *[part.animate.shift(moved) for part in (self.high.ticks, self.high.names[1])],
                self.curve.animate.shift(moved),
                dimmed,
                name.animate.shift(moved).set_opacity(0),
            ),
            FadeIn(self.low),
        )

    def trace_slope(self, run_time: float = 5.0) -> Animation:
        """Slide a tangent along the curve while its slope draws the lower curve."""
        self.tangent = VGroup(Line(color=self.theme.color("text"), stroke_width=4), Dot(radius=0.1))
        self.tangent[1].set_color(self.theme.color("text"))
        self.tangent.set_z_index(3)
        self.low_point = Dot(radius=0.1, color=self.theme.color("text")).set_z_index(3)
        drawn = self.slope.copy()
        moving = VGroup(self.tangent, self.low_point, self.slope)

        def slide(group: VMobject, share: float) -> None:
            a = self.reach * (2 * share - 1)
            h = np.tanh(a)
            line, point = self.tangent
            length = _TANGENT / np.hypot(1, 1 - h**2)
            ends = [self.high.at(a + s * length, h + s * length * (1 - h**2)) for s in (-1, 1)]
            line.put_start_and_end_on(*ends)
            point.move_to(self.high.at(a, h))
            self.low_point.move_to(self.low.at(a, 1 - h**2))
            self.slope.pointwise_become_partial(drawn, 0, max(share, 1e-3))

        slide(moving, 0.0)
        return UpdateFromAlphaFunc(
            moving, slide, run_time=run_time, rate_func=rate_functions.ease_in_out_sine
        )

    def fall(self) -> Animation:
        """Copy every dot down to the curve of slopes."""
        copies = self.dots.copy().set_opacity(1)
        falling = [
            ReplacementTransform(*pair) for pair in zip(copies, self.slope_dots, strict=True)
        ]
        return AnimationGroup(
            self.dots.animate(run_time=0.5).set_opacity(1),
            LaggedStart(*falling, lag_ratio=0.02, run_time=2.5),
        )

    def single_out(self, under: float) -> Animation:
        """Dim all dots but those with a slope below a value."""
        ends = [self.low.at(x, under) for x in self.low.x_bounds]
        self.level = DashedLine(
            *ends, color=self.theme.color("text"), stroke_width=2, dash_length=0.1
        )
        others = VGroup(
            *[
                dots[index]
                for index, slope in enumerate(self.slopes.flat)
                if slope >= under
                for dots in (self.dots, self.slope_dots)
            ]
        )
        return Succession(Create(self.level), others.animate(run_time=1.2).set_opacity(0.16))

    def bring_out(self, unit: int) -> Animation:
        """Dim all dots on the curve of slopes but those of one unit."""
        width = self.sums.shape[1]
        own = VGroup(*[d for i, d in enumerate(self.slope_dots) if i % width == unit])
        others = VGroup(*[d for i, d in enumerate(self.slope_dots) if i % width != unit])
        return AnimationGroup(own.animate.set_opacity(1), others.animate.set_opacity(0.08))

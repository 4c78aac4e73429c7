"""The curve tanh with its slope below it, recorded sums upon both, and slopes multiplied."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from manim import (
    LEFT,
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

from rnnviz.mobjects.bar_chart import BarChart
from rnnviz.mobjects.log_axis import LogAxis
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.plane import Plane
from rnnviz.mobjects.text import NOTE, SMALL, formula, label
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.mobjects.value_line import ValueLine

_LEAST_REACH: Final = 3.4
_POINTS: Final = 161
_WIDTH: Final = 9.6
_HIGH, _LOW = 2.3, 1.25
_ALONE_Y, _HIGH_Y, _LOW_Y = 0.2, 1.3, -1.05
_TANGENT: Final = 0.75
_DOT: Final = 0.065


class Curves(VGroup):
    """tanh over the range of recorded sums, and below it, on the same axis, its slope 1 − tanh².

    Every sum is one dot on both. The curve stands alone until ``make_room``.

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
        """The axes, then the curve from left to right."""
        return Succession(FadeIn(self.high), Create(self.curve, run_time=2.5))

    def land(self) -> Animation:
        """The sums appear upon their axis, and go up or down to the curve."""
        arriving = LaggedStart(*[FadeIn(foot) for foot in self.feet], lag_ratio=0.05, run_time=2.0)
        rising = [ReplacementTransform(*pair) for pair in zip(self.feet, self.dots, strict=True)]
        return Succession(arriving, LaggedStart(*rising, lag_ratio=0.02, run_time=2.5))

    def make_room(self) -> Animation:
        """The curve goes up, and the axes of the slope come below it."""
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
        """A tangent slides along the curve, and its slope draws the lower curve."""
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
        """Every recorded sum shows its slope: its dot goes down to the lower curve."""
        copies = self.dots.copy().set_opacity(1)
        falling = [
            ReplacementTransform(*pair) for pair in zip(copies, self.slope_dots, strict=True)
        ]
        return AnimationGroup(
            self.dots.animate(run_time=0.5).set_opacity(1),
            LaggedStart(*falling, lag_ratio=0.02, run_time=2.5),
        )

    def single_out(self, under: float) -> Animation:
        """Dots whose slope is less than a value stay bright, on both curves."""
        self.level = self._level(under)
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
        """Only one unit's dots stay bright on the slope's curve."""
        width = self.sums.shape[1]
        own = VGroup(*[d for i, d in enumerate(self.slope_dots) if i % width == unit])
        others = VGroup(*[d for i, d in enumerate(self.slope_dots) if i % width != unit])
        return AnimationGroup(own.animate.set_opacity(1), others.animate.set_opacity(0.08))

    def _level(self, value: float) -> DashedLine:
        ends = [self.low.at(x, value) for x in self.low.x_bounds]
        return DashedLine(*ends, color=self.theme.color("text"), stroke_width=2, dash_length=0.1)


class SlopeProduct(VGroup):
    """One unit's slopes as bars over the steps, and below each what is left, multiplied back.

    Shapes: slopes (factors,), in the order of time; steps their times
    """

    BASE: Final = -0.7
    HEIGHT: Final = 2.4
    ROW: Final = -1.9

    def __init__(
        self,
        slopes: np.ndarray,
        steps: Sequence[int],
        theme: Theme,
        name: str,
    ):
        self.slopes = np.asarray(slopes, dtype=float)
        self.left = np.cumprod(self.slopes[::-1])[::-1]
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
        one = self.BASE + self.HEIGHT
        left, right = self.places[0] - self.pitch * 0.5, self.places[-1] + self.pitch * 0.5
        self.most = DashedLine(
            [left, one, 0], [right, one, 0], color=theme.color("note"), stroke_width=2
        )
        self.one = label("1", color=theme.color("note"), size=SMALL).next_to(self.most, LEFT)
        self.names = VGroup(
            *[
                formula(f"h_({step})", color=theme.color("hidden"), size=0.4).move_to(
                    [x, self.BASE - 0.4, 0]
                )
                for step, x in zip(steps, self.places, strict=True)
            ]
        )
        self.results = VGroup(
            *[
                label(number(value), color=theme.color("text"), size=small)
                .move_to([x, 0, 0])
                .set_on(self.ROW)
                for value, x in zip(self.left, self.places, strict=True)
            ]
        )
        self.title = formula(name, color=theme.color("text"), size=0.4)
        self.title.next_to([left, self.ROW + 0.08, 0], LEFT, buff=0.1)
        self.signs = VGroup(
            *[
                formula("dot", color=theme.color("note"), size=0.5).move_to(
                    [x - self.pitch / 2, self.ROW + 0.08, 0]
                )
                for x in self.places[1:]
            ]
        )
        super().__init__(self.chart, self.most, self.one, self.names, self.results, self.title)

    def grow_bars(self) -> Animation:
        """The slopes, and the most that a slope can be."""
        rising = [self.chart.grow(index) for index in range(len(self.slopes))]
        return Succession(
            AnimationGroup(
                FadeIn(self.chart.axis, self.names), Create(self.most), FadeIn(self.one)
            ),
            LaggedStart(*rising, lag_ratio=0.25, run_time=2.5),
        )

    def multiply(self) -> Animation:
        """From the last step back, what is left of 1."""
        lines = [
            FadeIn(result, shift=0.25 * LEFT, rate_func=rate_functions.ease_out_sine)
            for result in reversed(self.results)
        ]
        return Succession(
            FadeIn(self.title), LaggedStart(*lines, lag_ratio=0.7, run_time=0.7 * len(lines))
        )


class ProductLines(VGroup):
    """What is left of 1 after each step back, on a logarithmic axis: one line a product.

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
        highest = -np.inf
        for line in sorted(self.lines, key=lambda one: float(one.dots[0].get_y())):
            highest = max(float(line.dots[0].get_y()) + 0.3, highest + 0.4)
            line.title.move_to([places[0] + 0.1, highest, 0.0], LEFT)
        self.names = VGroup(
            *[
                formula(f"h_({step})", color=theme.color("hidden"), size=0.4).move_to(
                    [x, SlopeProduct.ROW + 0.15, 0]
                )
                for step, x in zip(steps, places, strict=True)
            ]
        )
        super().__init__(self.axis, self.lines, self.names)

    def appear(self) -> Animation:
        """The axis, then the lines, from the last step back."""
        return Succession(
            FadeIn(self.axis, self.names),
            LaggedStart(
                *[
                    AnimationGroup(Create(line.line), FadeIn(line.dots), FadeIn(line.title))
                    for line in self.lines
                ],
                lag_ratio=0.7,
                run_time=3.5,
            ),
        )

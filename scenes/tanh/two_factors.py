"""What the slopes and what W do to the length of a gradient, step by step."""

from typing import Final

import numpy as np
from manim import (
    DOWN,
    LEFT,
    RIGHT,
    UP,
    Animation,
    AnimationGroup,
    FadeIn,
    GrowFromEdge,
    Indicate,
    LaggedStart,
    Line,
    Rectangle,
    VGroup,
)
from rnnviz.scenes.tanh.slope_product import FIRST_X, LEFT_X, WIDTH

from rnnviz.mobjects import layout
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.text import formula, label
from rnnviz.mobjects.theme import Role, Theme

_MIDDLE: Final = 0.55
_REACH: Final = 1.5


class TwoFactors(VGroup):
    """Two bars a step on a logarithmic scale: down what the slopes shrink, up what W stretches.

    Shapes: slopes, weights (steps,), factors of the gradient's length, in the order of time
    """

    def __init__(
        self,
        slopes: np.ndarray,
        weights: np.ndarray,
        theme: Theme,
        names: tuple[str, str],
    ):
        self.theme = theme
        self.factors: dict[Role, np.ndarray] = {"text": slopes, "weight": weights}
        logs = {role: np.log10(np.maximum(each, 1e-12)) for role, each in self.factors.items()}
        most = max(float(np.abs(each).max()) for each in logs.values()) or 1.0
        count = len(slopes)
        self.pitch = min(1.5, WIDTH / max(count - 1, 1))
        self.places = FIRST_X + np.arange(count) * self.pitch
        sides: dict[Role, float] = {"text": -0.21, "weight": 0.21}
        self.bars = {
            role: VGroup(
                *[
                    self._bar(float(value) / most * _REACH, x + side * self.pitch, role)
                    for value, x in zip(logs[role], self.places, strict=True)
                ]
            )
            for role, side in sides.items()
        }
        self.numbers = {
            role: VGroup(
                *[self._number(*pair, role) for pair in zip(self.bars[role], each, strict=True)]
            )
            for role, each in self.factors.items()
        }
        ends = self.places[0] - 0.55 * self.pitch, self.places[-1] + 0.55 * self.pitch
        self.middle = Line(
            [ends[0], _MIDDLE, 0],
            [ends[1], _MIDDLE, 0],
            stroke_width=1.5,
            color=theme.color("note"),
        )
        self.one = label("×1", color=theme.color("note"), size=0.33)
        self.one.next_to(self.middle, LEFT, buff=0.12)
        self.titles = {
            "weight": formula("W^T", color=theme.color("weight"), size=0.46),
            "text": label(names[0], color=theme.color("text"), size=0.34),
        }
        scale = label(names[1], color=theme.color("note"), size=0.3)
        scale.move_to([LEFT_X, _MIDDLE, 0])
        self.axis = VGroup(self.middle, self.one, scale)
        self.titles["weight"].move_to([LEFT_X, _MIDDLE + 0.75, 0])
        self.titles["text"].move_to([LEFT_X, _MIDDLE - 0.75, 0])
        self.total = float((slopes * weights).prod())
        self.line = VGroup(
            self._total("text"),
            label("×", color=theme.color("note"), size=0.5),
            self._total("weight"),
            label("=", color=theme.color("note"), size=0.5),
            label(number(self.total), color=theme.color("gradient"), size=0.5),
        ).arrange(RIGHT, buff=0.3)
        for part in self.line:
            part.set_on(layout.FORMULA_Y - 0.15)
        super().__init__(
            *self.bars.values(), *self.numbers.values(), self.axis,
            *self.titles.values(), self.line,
        )  # fmt: skip

    def show(self, role: Role) -> Animation:
        """Grow the bars of one role, from the last step back."""
        growing = [
            AnimationGroup(GrowFromEdge(bar, UP if bar.get_y() < _MIDDLE else DOWN), FadeIn(text))
            for bar, text in zip(self.bars[role][::-1], self.numbers[role][::-1], strict=True)
        ]
        return AnimationGroup(
            FadeIn(self.titles[role]), LaggedStart(*growing, lag_ratio=0.25, run_time=2.6)
        )

    def multiply(self, place: int) -> Animation:
        """Show the product of all factors of one kind, which are pointed out, or of both."""
        written = FadeIn(*self.line[slice(*((0, 1), (1, 3), (3, 5))[place])], shift=0.15 * UP)
        pointed = [
            Indicate(text, scale_factor=1.2, color=None)
            for numbers in [*self.numbers.values()][place : place + 1]
            for text in numbers
        ]
        return AnimationGroup(written, *pointed)

    def _total(self, role: Role) -> VGroup:
        text = number(float(self.factors[role].prod()))
        return label(text, color=self.theme.color(role), size=0.5)

    def _bar(self, height: float, x: float, role: Role) -> Rectangle:
        bar = Rectangle(
            width=0.32 * self.pitch, height=max(abs(height), 0.012), stroke_width=0,
            fill_opacity=1.0, fill_color=self.theme.color(role),
        )  # fmt: skip
        return bar.move_to([x, _MIDDLE, 0], DOWN if height >= 0 else UP)

    def _number(self, bar: Rectangle, value: float, role: Role) -> VGroup:
        text = label(f"×{number(value)}", color=self.theme.color("text"), size=0.28)
        if role == "weight":
            return text.move_to([bar.get_x(), 0, 0]).set_on(max(bar.get_top()[1], _MIDDLE) + 0.1)
        return text.next_to(bar, DOWN, buff=0.1)

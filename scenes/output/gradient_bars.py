"""The gradient of a loss at the scores, answer by answer."""

from collections.abc import Sequence
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
    FadeOut,
    LaggedStart,
    Succession,
    VGroup,
    Wait,
)
from rnnviz.scenes.output.output_numbers import OutputNumbers
from rnnviz.scenes.output.rows import DROP, ROW, row_ys
from rnnviz.scenes.output.signed_bars import SignedBars

from rnnviz.mobjects import layout
from rnnviz.mobjects.arrows import FlowArrow
from rnnviz.mobjects.labels import LabelColumn, LabelRow
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.text import BODY, SMALL, fitted_label, formula, label
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.mobjects.wording import Say
from rnnviz.text.plain_text import Phrase
from rnnviz.text.translation import N_

_NAMES: Final = -4.6
_NAME_WIDTH: Final = 2.0
_Y: Final = -3.7
_WANTED: Final = -2.5
_ZERO: Final = 1.7
_LONGEST: Final = 2.6
_ARROWS: Final = 5.75
_HEAD: Final = 0.08
_KEY: Final = 0.45
_KEY_LINE: Final = 0.36
_KEY_WIDTH: Final = 9.4
_LOSSES: Final = {
    N_("cross-entropy"): "-ln y",
    N_("squared loss"): "norm(y - y^*)^2 \\/ 2",
}
_CLEARED: Final = 0.2
"""Seconds after which what leaves the stage is hardly seen."""


class GradientBars:
    """y, the target y*, and the gradient of each loss as bars from a zero line."""

    def __init__(self, numbers: OutputNumbers, theme: Theme, say: Say):
        self.numbers, self.theme = numbers, theme
        self.ys = row_ys(len(numbers.shown))
        self.above = max(self.ys) + ROW * 0.95
        step = numbers.step + 1
        entropy, _ = numbers.gradients(numbers.target)
        texts = [number(float(value)) for value in numbers.y]
        texts[numbers.target] = as_fine(
            float(numbers.y[numbers.target]), number(float(entropy[numbers.target]))
        )
        self.y = VGroup(self._title(f"y_({step})", _Y, "output"), *self._column(texts, _Y))
        self.minus = formula("-", color=theme.color("note"), size=0.46)
        self.minus.move_to([(_Y + _WANTED) / 2, self.above, 0.0])
        self.wanted_title = self._title("y^*", _WANTED, "text")
        self.choose(numbers.target)
        self.first = self._bars(entropy, numbers.target)
        self.arrows = self._arrows(entropy)
        self.arrows_title = self._title(f"o_({step})", _ARROWS, "output")
        self.again = self._bars(numbers.gradients(numbers.other)[0], numbers.other)
        self.head = loss_head("cross-entropy", theme, say)
        self.head.move_to([_ZERO, self.above + _HEAD, 0.0])
        self.derivation = self._lines(
            Phrase(say("slope of $ln sum e^o$: $1 \\/ sum e^o$ times the slope of $e^o$, so $y$")),
            Phrase(say("slope of $-o^*$: −1 for the right answer's score, 0 for the others")),
        )

    def choose(self, target: int) -> None:
        """Let an answer be the right one."""
        marks = ["1" if row == target else "0" for row in range(len(self.ys))]
        self.wanted = self._column(marks, _WANTED)
        colors = [
            self.theme.color("text" if row == target else "note") for row in range(len(self.ys))
        ]
        self.names = LabelColumn(
            self.numbers.names,
            _NAMES,
            [y - DROP for y in self.ys],
            color=colors,
            size=BODY,
            width=_NAME_WIDTH,
        )

    def begin(self) -> Animation:
        """Show the answers with their probabilities, beside what they should be."""
        return Succession(
            Wait(_CLEARED),
            AnimationGroup(
                FadeIn(self.names, self.y, shift=0.15 * RIGHT),
                FadeIn(self.minus, self.wanted_title, self.wanted, shift=0.15 * RIGHT),
                run_time=0.7,
            ),
        )

    def derive(self, place: int) -> Animation:
        """Write the slope of one of the two terms of the loss."""
        return FadeIn(self.derivation[place], shift=0.15 * RIGHT, run_time=1.2)

    def subtract(self) -> Animation:
        """Grow the differences as bars."""
        return self.first.grow(run_time=2.6)

    def step_against(self) -> Animation:
        """Show which way each score goes in a step against the gradient."""
        return LaggedStart(
            FadeIn(self.arrows_title),
            *[arrow.grow() for arrow in self.arrows],
            lag_ratio=0.25,
            run_time=2.2,
        )

    def another_target(self) -> Animation:
        """Let another answer be the right one, and see the gradient change."""
        old_names, old_marks = self.names, self.wanted
        self.choose(self.numbers.other)
        return AnimationGroup(
            FadeOut(self.arrows, self.arrows_title, self.derivation, run_time=0.4),
            FadeOut(old_names, old_marks, run_time=0.4),
            FadeIn(self.names, self.wanted, run_time=0.8),
            FadeIn(self.head, run_time=0.8),
            self.first.turn_into(self.again, run_time=2.0),
        )

    def _bars(self, values: np.ndarray, target: int) -> SignedBars:
        return SignedBars(
            values,
            [number(float(value)) for value in values],
            self.ys,
            self.theme,
            x=_ZERO,
            width=_LONGEST,
            full=float(np.abs(values).max()) or 1.0,
            row=ROW,
            role="gradient",
            chosen=target,
        )

    def _lines(self, *texts: str) -> VGroup:
        """Return what is written below the rows."""
        color = self.theme.color("text")
        lines = VGroup(
            *[fitted_label(text, color=color, width=_KEY_WIDTH, size=SMALL) for text in texts]
        )
        for place, line in enumerate(lines):
            line.move_to([layout.LEFT_EDGE, min(self.ys) - _KEY - place * _KEY_LINE, 0.0], LEFT)
        return lines

    def _arrows(self, gradient: np.ndarray) -> VGroup:
        arrows = VGroup()
        for value, y in zip(gradient, self.ys, strict=True):
            side = DOWN if value > 0 else UP
            ends = [np.array([_ARROWS, y, 0.0]) + sign * 0.2 * side for sign in (-1, 1)]
            color = self.theme.color("output")
            arrows.add(FlowArrow(ends, color=color, thickness=0.06))
        return arrows

    def _column(self, texts: Sequence[str], x: float) -> VGroup:
        color = self.theme.color("text")
        rows = zip(texts, self.ys, strict=True)
        return VGroup(*[LabelRow([t], [x], y - DROP, color=color, size=BODY)[0] for t, y in rows])

    def _title(self, source: str, x: float, role: Role) -> VGroup:
        return formula(source, color=self.theme.color(role), size=0.46).move_to([x, self.above, 0])


def loss_head(loss: str, theme: Theme, say: Say) -> VGroup:
    """Return the name of a loss with its formula."""
    return VGroup(
        label(say(loss), color=theme.color("text"), size=SMALL),
        formula(_LOSSES[loss], color=theme.color("gradient"), size=0.42),
    ).arrange(RIGHT, buff=0.2)


def as_fine(share: float, difference: str) -> str:
    """Return a probability with as many decimals as the number that 1 less than it is written with.

    Example: 0.986 if 0.986 − 1 is written −0.014
    """
    _, point, places = difference.partition(".")
    if not point or not places.isdigit():
        return number(share)
    return f"{share:.{len(places)}f}"

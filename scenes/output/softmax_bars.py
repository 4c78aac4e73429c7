"""Scores that become probabilities: bars, their powers, and their shares of the sum."""

from typing import Final

import numpy as np
from manim import (
    LEFT,
    RIGHT,
    UP,
    Animation,
    AnimationGroup,
    FadeIn,
    FadeOut,
    LaggedStart,
    Rectangle,
    ReplacementTransform,
    Succession,
    VGroup,
)
from rnnviz.scenes.output.output_numbers import OutputNumbers, power_text
from rnnviz.scenes.output.rows import DROP, ROW, row_ys
from rnnviz.scenes.output.score_sum import ScoreSum
from rnnviz.scenes.output.signed_bars import SignedBars

from rnnviz.mobjects.copies import copy_becomes
from rnnviz.mobjects.labels import LabelColumn, inside
from rnnviz.mobjects.numbers import decimals, number
from rnnviz.mobjects.text import BODY, formula, label
from rnnviz.mobjects.theme import Theme

ZERO: Final = -3.9
"""The x at which powers and probabilities begin."""
ONE: Final = 7.6
"""The length of a probability of 1, and of the sum of all powers."""
_NAMES: Final = ZERO - 0.25
_NAME_WIDTH: Final = 2.3
_SIGNED: Final = 0.2
_HALF: Final = 2.9
_STACK: Final = 0.56


class SoftmaxBars:
    """The bars of one output; those of powers and of probabilities have the same lengths.

    So the sum of all powers is as long as a probability of 1.
    """

    def __init__(self, numbers: OutputNumbers, theme: Theme):
        self.numbers, self.theme = numbers, theme
        self.ys = row_ys(len(numbers.shown))
        self.names = LabelColumn(
            numbers.names,
            _NAMES,
            [y - DROP for y in self.ys],
            color=theme.color("text"),
            size=BODY,
            width=_NAME_WIDTH,
        )
        full = float(np.abs(numbers.o).max()) or 1.0
        self.scores = self._bars(
            numbers.o, [decimals(float(o)) for o in numbers.o], x=_SIGNED, width=_HALF, full=full
        )
        self.powers = self._bars(numbers.y, [power_text(float(o)) for o in numbers.o])
        self.shares = self._bars(numbers.y, [number(float(y)) for y in numbers.y])
        above = max(self.ys) + ROW * 0.95
        self.titles = {
            name: inside(
                formula(f"{source}", color=theme.color("output"), size=0.46).move_to(
                    [x, above, 0.0], aligned_edge=LEFT
                )
            )
            for name, source, x in (
                ("scores", f"o_({numbers.step + 1})", _SIGNED - 0.2),
                ("powers", f"e^(o_({numbers.step + 1}))", ZERO),
                ("shares", f"y_({numbers.step + 1})", ZERO),
            )
        }
        low = min(self.ys) - _STACK
        self.stack = _end_to_end(numbers, low, theme)
        end = [ZERO + ONE + 0.14, 0.0, 0.0]
        self.sum, self.whole = (
            label(text, color=theme.color("text"), size=BODY).move_to(end, LEFT).set_on(low - DROP)
            for text in (power_text(numbers.total), "1")
        )
        self.signs, self.divisors = VGroup(), VGroup()
        for text in self.powers.numbers:
            for kind, written in ((self.signs, "÷"), (self.divisors, power_text(numbers.total))):
                ink = label(written, color=theme.color("note"), size=BODY)
                kind.add(ink.next_to(text, RIGHT, buff=0.16).set_on(text.baseline))
        self.divisors.shift((self.signs[0].width + 0.12) * RIGHT)

    @property
    def crossed_numbers(self) -> VGroup:
        """The numbers that the bars pass on their way into the sum."""
        return self.powers.numbers

    def swell(self, before: ScoreSum) -> Animation:
        """Turn the written scores into bars."""
        pairs = [
            *zip(before.names, self.names, strict=True),
            *zip(before.o.numbers, self.scores.numbers, strict=True),
            (before.o.title, self.titles["scores"]),
        ]
        return Succession(
            AnimationGroup(*[ReplacementTransform(*pair) for pair in pairs], run_time=0.8),
            AnimationGroup(
                FadeIn(self.scores.zero),
                *[self.scores.bars.grow(index) for index in range(len(self.ys))],
                run_time=0.8,
            ),
        )

    def exponentiate(self) -> Animation:
        """Turn each score into e to its power."""
        return self._change(self.scores, self.powers, "scores", "powers")

    def add_up(self) -> Animation:
        """Lay all bars end to end, and write their sum."""
        pieces = self.stack[: len(self.ys)]
        return Succession(
            LaggedStart(
                *[
                    copy_becomes(bar, piece)
                    for bar, piece in zip(self.powers.bars, pieces, strict=True)
                ],
                *[FadeIn(rest) for rest in self.stack[len(self.ys) :]],
                lag_ratio=0.25,
                run_time=2.2,
            ),
            FadeIn(self.sum, shift=0.15 * RIGHT, run_time=0.5),
        )

    def spread(self) -> Animation:
        """Send the sum to each power, to divide it."""
        sent = [copy_becomes(self.sum, divisor, path_arc=-0.3) for divisor in self.divisors]
        return AnimationGroup(
            LaggedStart(*sent, lag_ratio=0.15, run_time=1.5), FadeIn(self.signs, run_time=0.6)
        )

    def divide(self) -> Animation:
        """Divide each power by the sum: the sum becomes 1, and each bar its share of it."""
        return AnimationGroup(
            FadeOut(self.divisors, self.signs, run_time=0.4),
            FadeOut(self.sum, shift=0.15 * UP, run_time=0.5),
            FadeIn(self.whole, shift=0.15 * UP),
            self._change(self.powers, self.shares, "powers", "shares"),
        )

    def _change(self, old: SignedBars, new: SignedBars, before: str, after: str) -> Animation:
        return AnimationGroup(
            old.turn_into(new),
            FadeOut(self.titles[before], run_time=0.5),
            FadeIn(self.titles[after], run_time=0.8),
        )

    def _bars(
        self,
        values: np.ndarray,
        texts: list[str],
        *,
        x: float = ZERO,
        width: float = ONE,
        full: float = 1.0,
    ) -> SignedBars:
        return SignedBars(
            values, texts, self.ys, self.theme, x=x, width=width, full=full, row=ROW, role="output"
        )


def _end_to_end(numbers: OutputNumbers, y: float, theme: Theme) -> VGroup:
    """Return the probabilities as pieces of one bar, with one for all answers not shown."""
    left = max(0.0, 1.0 - float(numbers.y.sum()))
    sizes = [*map(float, numbers.y), *([left] if len(numbers.y) < len(numbers.full_y) else [])]
    stack, x = VGroup(), ZERO
    for index, size in enumerate(sizes):
        length = max(size * ONE, 1e-4)
        shade = theme.color("output" if index < len(numbers.y) else "note")
        piece = Rectangle(
            width=length, height=ROW * 0.56, stroke_width=0, fill_opacity=1.0, fill_color=shade
        )
        stack.add(piece.move_to([x, y, 0.0], aligned_edge=LEFT).set_z_index(-1))
        x += length
    return stack

"""From a state to an output: scores, probabilities, the loss, and two gradients."""

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
    Create,
    DashedLine,
    Dot,
    FadeIn,
    FadeOut,
    LaggedStart,
    Succession,
    VGroup,
)
from rnnviz.scenes.output.output_numbers import OutputNumbers, power_text
from rnnviz.scenes.output.signed_bars import SignedBars

from rnnviz.mobjects.labels import LabelColumn, LabelRow
from rnnviz.mobjects.matrix import Matrix
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.plane import Plane
from rnnviz.mobjects.text import SMALL, Ink, formula, label
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.mobjects.wording import Say

_ROW: Final = 0.56
_GAP: Final = 0.05
_TITLE: Final = 0.46
_WIDE: Final = 0.82
_Y: Final = -0.1
_NAME_WIDTH: Final = 1.7
_BAR: Final = 2.3
_HALF: Final = 1.1
_NAMES: Final = -4.75
_ASIDE: Final = 1.7
_HEAD: Final = 2.35
_FAR_FROM_GUESS: Final = 0.4


class SoftmaxWalkthrough:
    """The drawings of one output, from the state to the gradients of two losses."""

    def __init__(self, numbers: OutputNumbers, theme: Theme, say: Say):
        self.numbers, self.theme, self.say = numbers, theme, say
        count = len(numbers.shown)
        self.ys = [_Y + ((count - 1) / 2 - row) * _ROW for row in range(count)]
        step = numbers.step + 1
        arrays = (numbers.V, numbers.h, numbers.c)
        self.limit = max(1.0, *(float(np.abs(array).max()) for array in arrays))
        self.names = self._names(_NAMES)
        self.V = self._grid(numbers.V, "V", "weight", width=0.4, written=False).stand(-2.7, _Y)
        self.h = self._grid(numbers.h, f"h_({step})", "hidden", tall=3.4).stand(-0.35, _Y)
        self.c = self._grid(numbers.c, "c", "weight").stand(1.45, _Y)
        self.o = self._grid(numbers.o, f"o_({step})", "output", limit=np.inf).stand(3.7, _Y)
        self.signs = VGroup(self._sign("+", 0.55), self._sign("=", 2.55))

    def score(self) -> Animation:
        """Multiply the state by V, add c, and show the score of each class."""
        rows = [FadeIn(self.o.row(index), shift=0.2 * RIGHT) for index in range(len(self.ys))]
        return Succession(
            FadeIn(self.h, shift=0.2 * RIGHT, run_time=0.8),
            FadeIn(self.V, self.names, shift=0.2 * RIGHT, run_time=1.0),
            FadeIn(self.c, self.signs, run_time=0.8),
            FadeIn(self.o.frame, self.o.title, run_time=0.4),
            LaggedStart(*rows, lag_ratio=0.4, run_time=2.2),
        )

    def exponentiate(self) -> Animation:
        """Show e to the power of each score."""
        numbers = self.numbers
        powers = np.exp(numbers.o - numbers.o.max())
        self.powers = SignedBars(
            powers,
            [power_text(float(value)) for value in numbers.o],
            self.ys,
            self.theme,
            x=-0.7,
            width=_BAR,
            full=1.0,
            row=_ROW,
            role="note",
        )
        self.power_title = self._title(f"e^(o_({numbers.step + 1}))", 0.4, "note")
        moved = AnimationGroup(
            self.names.animate.shift(_ASIDE * RIGHT),
            self.o.animate.shift((-1.9 - self.o.frame.get_x()) * RIGHT),
            FadeOut(self.V, self.h, self.c, self.signs),
            run_time=1.4,
        )
        return Succession(moved, FadeIn(self.power_title, run_time=0.4), self.powers.grow())

    def normalize(self) -> Animation:
        """Divide each power by the sum of all."""
        numbers = self.numbers
        self.shares = self._shares(2.6)
        self.share_title = self._title(f"y_({numbers.step + 1})", 3.3, "output")
        total = power_text(numbers.total)
        text = self.say("sum of all: {total}").format(total=total)
        self.sum = label(text, color=self.theme.color("text"), size=SMALL)
        low = min(self.ys) - _ROW
        self.sum.move_to([-1.3, low, 0.0]).set_on(low - 0.1)
        self.divide = formula(f'div "{total}"', color=self.theme.color("note"), size=0.42)
        self.divide.move_to([1.55, _Y, 0.0])
        going = (self.names, self.o, self.powers, self.power_title)
        return Succession(
            AnimationGroup(*[each.animate.shift(_ASIDE * LEFT) for each in going], run_time=1.0),
            FadeIn(self.sum, shift=0.15 * DOWN, run_time=0.8),
            FadeIn(self.divide, shift=0.2 * RIGHT, run_time=0.8),
            FadeIn(self.share_title, run_time=0.4),
            self.shares.grow(),
        )

    def loss(self) -> Animation:
        """Show the target's probability on the curve of −ln."""
        numbers, theme = self.numbers, self.theme
        y = float(numbers.y[numbers.target])
        loss, guess = -np.log(y), np.log(len(numbers.full_y))
        top = max(1.25 * guess, 1.1 * loss, 3.0)
        self.plane = Plane(
            (0.0, 1.0), (0.0, top), theme, width=5.0, height=3.4, centre=(3.4, 0.1), x_name="y"
        )
        xs = np.linspace(np.exp(-top), 1.0, 200)
        self.curve = self.plane.curve(xs, -np.log(xs), role="output")
        name = formula("-ln y", color=theme.color("output"), size=0.42)
        name.move_to(self.plane.at(0.85, 0.9 * top))
        even = 1 / len(numbers.full_y)
        self.guess = Dot(self.plane.at(even, guess), radius=0.07, color=theme.color("note"))
        text = self.say("even guess: {loss}").format(loss=number(guess))
        beside = label(text, color=theme.color("note"), size=SMALL)
        beside.next_to(self.guess, RIGHT, buff=0.2)
        self.dot = Dot(self.plane.at(y, loss), radius=0.1, color=theme.color("text"))
        far = y > _FAR_FROM_GUESS
        foot, head = self.plane.at(y, 0.0), self.plane.at(y, top * (0.55 if far else 0.92))
        self.mark = DashedLine(foot, head, stroke_width=2, color=theme.color("text"))
        loss_text = label(number(float(loss)), color=theme.color("text"), size=0.4)
        loss_text.next_to(head, UP if far else RIGHT, buff=0.1)
        again = self._shares(-4.3, chosen=numbers.target)
        title = self._title(f"y_({numbers.step + 1})", -3.6, "output")
        gone = FadeOut(
            self.o,
            self.powers,
            self.power_title,
            self.sum,
            self.divide,
            self.share_title,
            self.names,
        )
        self.names = self._names(_NAMES, chosen=numbers.target)
        old, self.shares, self.share_title = self.shares, again, title
        self.chart = VGroup(
            self.plane, self.curve, name, self.guess, beside, self.dot, self.mark, loss_text
        )
        return Succession(
            AnimationGroup(gone, FadeOut(old), run_time=0.7),
            FadeIn(again, title, self.names, run_time=0.8),
            FadeIn(self.plane, run_time=0.6),
            AnimationGroup(Create(self.curve), FadeIn(name), run_time=1.5),
            FadeIn(self.guess, beside, run_time=0.8),
            AnimationGroup(
                FadeIn(self.dot, scale=2), Create(self.mark), FadeIn(loss_text), run_time=1.0
            ),
        )

    def cross_entropy(self) -> Animation:
        """Show y minus the target, the gradient of cross-entropy, as bars."""
        numbers = self.numbers
        self.y_grid = self._plain([number(float(value)) for value in numbers.y], "y", -3.95)
        self.hat = self._hat(numbers.target)
        self.first, self.second = self._gradients(numbers.target)
        self.left = formula("(partial L)/(partial o) =", color=self.theme.color("note"), size=0.42)
        self.left.move_to([-0.85, _HEAD, 0.0])
        self.first_title = self._heading(self.say("cross-entropy"), "y - hat(y)", 0.4)
        aside = (self.y_grid, self.hat, self.left, self.first, self.first_title)
        VGroup(*aside).shift(_ASIDE * RIGHT)
        return Succession(
            AnimationGroup(
                FadeOut(self.chart, self.shares, self.share_title),
                self.names.animate.shift(_ASIDE * RIGHT),
                run_time=0.8,
            ),
            FadeIn(self.y_grid, run_time=0.6),
            FadeIn(self.hat, run_time=0.8),
            FadeIn(self.left, self.first_title, run_time=0.6),
            self.first.grow(),
        )

    def squared(self) -> Animation:
        """Show the gradient of the squared loss, on the same scale."""
        source = '("diag"(y) - y y^upright(T))(y - hat(y))'
        self.second_title = self._heading(self.say("squared loss on softmax"), source, 4.5)
        going = (self.names, self.y_grid, self.hat, self.left, self.first, self.first_title)
        return Succession(
            AnimationGroup(*[each.animate.shift(_ASIDE * LEFT) for each in going], run_time=1.0),
            FadeIn(self.second_title, run_time=0.8),
            self.second.grow(),
        )

    def another_target(self) -> Animation:
        """Show both gradients for another target."""
        other = self.numbers.other
        hat, names = self._hat(other), self._names(_NAMES, chosen=other)
        first, second = self._gradients(other)
        old = (self.hat, self.names, self.first, self.second)
        self.hat, self.names, self.first, self.second = hat, names, first, second
        return Succession(
            FadeOut(*old, run_time=0.7),
            FadeIn(names, hat, run_time=1.0),
            first.grow(),
            second.grow(),
        )

    def _gradients(self, target: int) -> tuple[SignedBars, SignedBars]:
        both = self.numbers.gradients(target)
        full = max(float(np.abs(values).max()) for values in both) or 1.0
        first, second = (
            SignedBars(
                values,
                [number(float(value)) for value in values],
                self.ys,
                self.theme,
                x=x,
                width=_HALF,
                full=full,
                row=_ROW,
                role="gradient",
                chosen=target,
            )
            for values, x in zip(both, (0.4, 4.5), strict=True)
        )
        return first, second

    def _shares(self, x: float, chosen: int | None = None) -> SignedBars:
        return SignedBars(
            self.numbers.y,
            [number(float(value)) for value in self.numbers.y],
            self.ys,
            self.theme,
            x=x,
            width=_BAR,
            full=1.0,
            row=_ROW,
            role="output",
            chosen=chosen,
        )

    def _hat(self, target: int) -> VGroup:
        marks = ["1" if row == target else "0" for row in range(len(self.ys))]
        return self._plain(marks, "hat(y)", -2.75)

    def _plain(self, texts: Sequence[str], title: str, x: float) -> VGroup:
        inks = VGroup(self._title(title, x, "output"))
        for text, y in zip(texts, self.ys, strict=True):
            inks.add(*LabelRow([text], [x], y - 0.1, color=self.theme.color("text"), size=SMALL))
        return inks

    def _heading(self, text: str, source: str, x: float) -> VGroup:
        name = label(text, color=self.theme.color("text"), size=0.32)
        below = formula(source, color=self.theme.color("gradient"), size=0.42)
        name.move_to([x, 2.95, 0.0])
        return VGroup(name, below.move_to([x, _HEAD, 0.0]))

    def _title(self, source: str, x: float, role: Role) -> Ink:
        ink = formula(source, color=self.theme.color(role), size=_TITLE)
        return ink.move_to([x, max(self.ys) + _ROW, 0.0])

    def _names(self, right: float, chosen: int | None = None) -> VGroup:
        inks = [
            self.theme.color("text" if chosen in (None, index) else "note")
            for index in range(len(self.ys))
        ]
        baselines = [y - 0.1 for y in self.ys]
        return LabelColumn(
            self.numbers.names, right, baselines, color=inks, size=SMALL, width=_NAME_WIDTH
        )

    def _grid(
        self,
        values: np.ndarray,
        title: str,
        role: Role,
        *,
        width: float = _WIDE,
        written: bool = True,
        tall: float | None = None,
        limit: float | None = None,
    ) -> Matrix:
        return Matrix(
            values,
            self.theme,
            cell=(width, _ROW if tall is None else min(_ROW, tall / len(values))),
            gap=_GAP,
            limit=limit or self.limit,
            title=title,
            title_size=_TITLE,
            role=role,
            numbers=written,
        )

    def _sign(self, sign: str, x: float) -> Ink:
        return formula(sign, color=self.theme.color("note"), size=0.5).move_to([x, _Y, 0.0])

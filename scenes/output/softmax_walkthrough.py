"""From a state to an answer: scores, shares, the loss, and what two losses give back."""

from collections.abc import Sequence
from dataclasses import dataclass
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
    GrowFromEdge,
    LaggedStart,
    Line,
    Rectangle,
    Succession,
    VGroup,
)

from rnnviz.measure.outputs import cross_entropy_gradient, squared_on_softmax_gradient
from rnnviz.mobjects.plane import Plane
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.mobjects.typography import SMALL, Ink, fitted_label, formula, label, number, scientific
from rnnviz.mobjects.value_grid import NumberGrid, decimals
from rnnviz.mobjects.wording import Say
from rnnviz.system.short_repr import ShortRepr
from rnnviz.trace import Trace

MOST_CLASSES: Final = 6
MOST_UNITS: Final = 8
_ROW: Final = 0.56
_WIDE: Final = 0.82
_Y: Final = -0.1
_NAME_WIDTH: Final = 1.7
_BAR: Final = 2.3
_HALF: Final = 1.1
_NAMES: Final = -4.75
_ASIDE: Final = 1.7
_HEAD: Final = 2.35
_FAR_FROM_GUESS: Final = 0.4
_LN10: Final = float(np.log(10))


@dataclass(frozen=True, repr=False)
class AnswerNumbers(ShortRepr):
    """What the network says at one step of the first sequence, for the classes that are shown.

    ``total`` is the natural logarithm of the sum of all e^o, of the classes not shown too.

    Shapes: ``shown`` (classes,) are the indices of classes in their order; o, y, V, c go with them
    Units:  ``step`` is 0-based; ``wanted`` and ``other`` are places among the classes shown
    """

    step: int
    shown: np.ndarray
    names: tuple[str, ...]
    h: np.ndarray
    V: np.ndarray
    c: np.ndarray
    o: np.ndarray
    y: np.ndarray
    total: float
    wanted: int
    full_y: np.ndarray

    @classmethod
    def of(cls, trace: Trace, step: int) -> "AnswerNumbers":
        """The numbers of a step (0-based) that has a target."""
        assert trace.y is not None
        assert trace.output is not None
        y, o = trace.y[step, 0].astype(float), trace.output[step, 0].astype(float)
        target = int(trace.targets[step, 0])
        best = np.argsort(-y, kind="stable")[:MOST_CLASSES]
        if target not in best:
            best[-1] = target
        shown = np.sort(best)
        labels = trace.metadata.output_labels
        return cls(
            step=step,
            shown=shown,
            names=tuple(labels[i] if labels else str(i + 1) for i in shown),
            h=trace.h[0, 0, step, 0, :MOST_UNITS],
            V=trace.V[shown, :MOST_UNITS],
            c=trace.output_bias[shown],
            o=o[shown],
            y=y[shown],
            total=float(np.logaddexp.reduce(o)),
            wanted=int(np.flatnonzero(shown == target)[0]),
            full_y=y,
        )

    @property
    def best(self) -> int:
        """The place of the most probable class."""
        return int(self.y.argmax())

    @property
    def other(self) -> int:
        """The place of the least probable class shown that is not the wanted one."""
        return int(np.where(np.arange(len(self.y)) == self.wanted, np.inf, self.y).argmin())

    def gradients(self, wanted: int) -> tuple[np.ndarray, np.ndarray]:
        """∂L/∂o of cross-entropy and of the squared loss, were a shown class the right one."""
        target = int(self.shown[wanted])
        both = (cross_entropy_gradient, squared_on_softmax_gradient)
        first, second = (gradient(self.full_y, target)[self.shown] for gradient in both)
        return first, second


def step_to_explain(trace: Trace) -> int:
    """The step (0-based) of the first sequence that has a target and, of those, the most loss."""
    return int(np.where(trace.has_loss[:, 0], trace.loss[:, 0], -1.0).argmax())


def power_text(exponent: float) -> str:
    """e to a power as text, however great the power is."""
    if abs(exponent) < 9:
        value = float(np.exp(exponent))
        return decimals(value) if value >= 0.095 else number(value)
    places, rest = divmod(exponent / _LN10, 1.0)
    return scientific(f"{10**rest:.1f}", int(places))


class RowValues(VGroup):
    """Values as bars from a zero line, one a row, to the right or, below zero, to the left.

    Shapes: values, texts, ys (rows,)
    Units:  a value of ``full`` is ``width`` long; ``x`` is where the zero line stands
    """

    def __init__(
        self,
        values: Sequence[float] | np.ndarray,
        texts: Sequence[str],
        ys: Sequence[float],
        theme: Theme,
        *,
        x: float,
        width: float,
        full: float,
        role: Role,
        chosen: int | None = None,
    ):
        self.values = np.asarray(values, dtype=float)
        self.bars, self.numbers = VGroup(), VGroup()
        for index, (value, text, y) in enumerate(zip(self.values, texts, ys, strict=True)):
            bright = chosen is None or index == chosen
            left = value < 0
            bar = Rectangle(
                width=max(abs(float(value)) / full * width, 0.02),
                height=_ROW * 0.56,
                stroke_width=0,
                fill_opacity=1.0,
                fill_color=theme.color(role) if bright else theme.dimmed(role, 0.6),
            ).move_to([x, y, 0.0], aligned_edge=RIGHT if left else LEFT)
            ink = label(text, color=theme.color("text" if bright else "note"), size=SMALL)
            ink.next_to(bar, LEFT if left else RIGHT, buff=0.14)
            self.bars.add(bar)
            self.numbers.add(ink.set_on(y - 0.1))
        reach = _ROW / 2
        self.zero = Line(
            [x, max(ys) + reach, 0],
            [x, min(ys) - reach, 0],
            stroke_width=1.5,
            color=theme.color("note"),
        )
        super().__init__(self.zero, self.bars, self.numbers)

    def grow(self, run_time: float = 2.0) -> Animation:
        """The bars grow out of the zero line, one after the other."""
        growing = [
            AnimationGroup(
                GrowFromEdge(bar, RIGHT if value < 0 else LEFT),
                FadeIn(text),
            )
            for bar, text, value in zip(self.bars, self.numbers, self.values, strict=True)
        ]
        return AnimationGroup(
            FadeIn(self.zero, run_time=0.3), LaggedStart(*growing, lag_ratio=0.3, run_time=run_time)
        )


class Answer:
    """The drawings of one answer, each of which comes when its turn has come."""

    def __init__(self, numbers: AnswerNumbers, theme: Theme, say: Say):
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
        """V meets the state, c is added, and each class has its score."""
        rows = [FadeIn(self.o.row(index), shift=0.2 * RIGHT) for index in range(len(self.ys))]
        return Succession(
            FadeIn(self.h, shift=0.2 * RIGHT, run_time=0.8),
            FadeIn(self.V, self.names, shift=0.2 * RIGHT, run_time=1.0),
            FadeIn(self.c, self.signs, run_time=0.8),
            FadeIn(self.o.frame, self.o.title, run_time=0.4),
            LaggedStart(*rows, lag_ratio=0.4, run_time=2.2),
        )

    def exponentiate(self) -> Animation:
        """Each score becomes a positive number."""
        numbers = self.numbers
        powers = np.exp(numbers.o - numbers.o.max())
        self.powers = RowValues(
            powers,
            [power_text(float(value)) for value in numbers.o],
            self.ys,
            self.theme,
            x=-0.7,
            width=_BAR,
            full=1.0,
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

    def share(self) -> Animation:
        """Each is divided by the sum of all."""
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

    def cost(self) -> Animation:
        """The right class's share on the curve of −ln."""
        numbers, theme = self.numbers, self.theme
        y = float(numbers.y[numbers.wanted])
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
        told = label(number(float(loss)), color=theme.color("text"), size=0.4)
        told.next_to(head, UP if far else RIGHT, buff=0.1)
        again = self._shares(-4.3, chosen=numbers.wanted)
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
        self.names = self._names(_NAMES, chosen=numbers.wanted)
        old, self.shares, self.share_title = self.shares, again, title
        self.chart = VGroup(
            self.plane, self.curve, name, self.guess, beside, self.dot, self.mark, told
        )
        return Succession(
            AnimationGroup(gone, FadeOut(old), run_time=0.7),
            FadeIn(again, title, self.names, run_time=0.8),
            FadeIn(self.plane, run_time=0.6),
            AnimationGroup(Create(self.curve), FadeIn(name), run_time=1.5),
            FadeIn(self.guess, beside, run_time=0.8),
            AnimationGroup(
                FadeIn(self.dot, scale=2), Create(self.mark), FadeIn(told), run_time=1.0
            ),
        )

    def cross_entropy(self) -> Animation:
        """y less what is wanted, as bars."""
        numbers = self.numbers
        self.y_grid = self._plain([number(float(value)) for value in numbers.y], "y", -3.95)
        self.hat = self._hat(numbers.wanted)
        self.first, self.second = self._gradients(numbers.wanted)
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
        """The other loss's gradient, on the same scale."""
        source = '("diag"(y) - y y^upright(T))(y - hat(y))'
        self.second_title = self._heading(self.say("squared loss on softmax"), source, 4.5)
        going = (self.names, self.y_grid, self.hat, self.left, self.first, self.first_title)
        return Succession(
            AnimationGroup(*[each.animate.shift(_ASIDE * LEFT) for each in going], run_time=1.0),
            FadeIn(self.second_title, run_time=0.8),
            self.second.grow(),
        )

    def another_target(self) -> Animation:
        """Another class is the right one, and both gradients are worked out anew."""
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

    def _gradients(self, wanted: int) -> tuple[RowValues, RowValues]:
        both = self.numbers.gradients(wanted)
        full = max(float(np.abs(values).max()) for values in both) or 1.0
        first, second = (
            RowValues(
                values,
                [number(float(value)) for value in values],
                self.ys,
                self.theme,
                x=x,
                width=_HALF,
                full=full,
                role="gradient",
                chosen=wanted,
            )
            for values, x in zip(both, (0.4, 4.5), strict=True)
        )
        return first, second

    def _shares(self, x: float, chosen: int | None = None) -> RowValues:
        return RowValues(
            self.numbers.y,
            [number(float(value)) for value in self.numbers.y],
            self.ys,
            self.theme,
            x=x,
            width=_BAR,
            full=1.0,
            role="output",
            chosen=chosen,
        )

    def _hat(self, wanted: int) -> VGroup:
        marks = ["1" if row == wanted else "0" for row in range(len(self.ys))]
        return self._plain(marks, "hat(y)", -2.75)

    def _plain(self, texts: Sequence[str], title: str, x: float) -> VGroup:
        inks = VGroup(self._title(title, x, "output"))
        for text, y in zip(texts, self.ys, strict=True):
            ink = label(text, color=self.theme.color("text"), size=SMALL)
            inks.add(ink.move_to([x, y, 0.0]).set_on(y - 0.1))
        return inks

    def _heading(self, text: str, source: str, x: float) -> VGroup:
        name = label(text, color=self.theme.color("text"), size=0.32)
        below = formula(source, color=self.theme.color("gradient"), size=0.42)
        name.move_to([x, 2.95, 0.0])
        return VGroup(name, below.move_to([x, _HEAD, 0.0]))

    def _title(self, source: str, x: float, role: Role) -> Ink:
        ink = formula(source, color=self.theme.color(role), size=0.46)
        return ink.move_to([x, max(self.ys) + _ROW, 0.0])

    def _names(self, right: float, chosen: int | None = None) -> VGroup:
        names = VGroup()
        for index, (name, y) in enumerate(zip(self.numbers.names, self.ys, strict=True)):
            ink = self.theme.color("note" if chosen not in (None, index) else "text")
            text = fitted_label(name, color=ink, width=_NAME_WIDTH, size=SMALL)
            names.add(text.move_to([right, y, 0.0], aligned_edge=RIGHT).set_on(y - 0.1))
        return names

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
    ) -> NumberGrid:
        return NumberGrid(
            values,
            self.theme,
            width=width,
            height=_ROW if tall is None else min(_ROW, tall / len(values)),
            limit=limit or self.limit,
            title=title,
            role=role,
            numbers=written,
        )

    def _sign(self, sign: str, x: float) -> Ink:
        return formula(sign, color=self.theme.color("note"), size=0.5).move_to([x, _Y, 0.0])

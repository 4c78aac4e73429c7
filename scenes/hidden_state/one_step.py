"""One step of a recurrent layer in recorded numbers: products, their sum, its tanh."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from manim import (
    DOWN,
    RIGHT,
    Animation,
    AnimationGroup,
    Dot,
    FadeIn,
    FadeOut,
    LaggedStart,
    MoveAlongPath,
    Rectangle,
    ReplacementTransform,
    Succession,
    VGroup,
    VMobject,
)
from rnnviz.scenes.hidden_state.step_numbers import StepNumbers
from rnnviz.scenes.hidden_state.step_picture import StepPicture

from rnnviz.mobjects.copies import copy_becomes
from rnnviz.mobjects.emphasis import REST
from rnnviz.mobjects.matrix import Matrix
from rnnviz.mobjects.numbers import decimals
from rnnviz.mobjects.plane import Plane
from rnnviz.mobjects.text import SMALL, Ink, fitted_label, formula, label
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.mobjects.wording import Say
from rnnviz.trace import Trace

Y: Final = 0.0
_HIGH: Final = 0.46
_WIDE: Final = 0.82
_NARROW: Final = 0.32
_GAP: Final = 0.05
_TITLE: Final = 0.46
_PARKED: Final = -6.2
_FIRST: Final = -3.9
_FAR: Final = 5.9
_BESIDE: Final = -0.7
_INPUT: Final = -1.05
_LEAST_NAMED: Final = 0.3
_WORD: Final = 0.31
_OTHERS: Final = 0.26
_NAME: Final = 0.33


class OneStep:
    """The drawings of one step, from the input and the state before to the new state."""

    def __init__(
        self, trace: Trace, numbers: StepNumbers, word: str, theme: Theme, say: Say, limit: float
    ):
        self.numbers, self.theme, self.say, self.trace = numbers, theme, say, trace
        self.limit = limit
        step = numbers.step + 1
        self.x = self._matrix(
            numbers.x, f"x_({step})", (_NARROW, min(_HIGH, 4.0 / len(numbers.x))), "input"
        ).stand(-2.0, Y)
        self.names = self._names(word)
        self.before = self._column(numbers.before, f"h_({step - 1})", "hidden").stand(2.2, Y)
        self.U = self._matrix(numbers.U, "U", (_NARROW, _HIGH)).stand(-3.7, Y)
        self.from_input = self._column(numbers.from_input, f"U x_({step})", "input").stand(2.3, Y)
        self.W = self._matrix(numbers.W, "W", (_HIGH, _HIGH)).stand(-3.4, Y)
        self.from_state = self._column(numbers.from_state, f"W h_({step - 1})", "hidden")
        self.b = self._column(numbers.b, "b", "weight")
        self.sum = self._column(numbers.sum, self._words(say("sum"), "text"), "text")
        self.state = self._column(numbers.state, f"h_({step})", "hidden")
        self.equals = self._sign("=", 1.25)

    def enter(self) -> Animation:
        """Show the input with its name, and the state from the step before."""
        return AnimationGroup(
            FadeIn(self.x, shift=0.3 * RIGHT),
            FadeIn(self.names),
            FadeIn(self.before, shift=-0.3 * RIGHT),
            lag_ratio=0.3,
            run_time=2.0,
        )

    def multiply_input(self) -> Iterator[Animation]:
        """Multiply U by the input; a one-hot input picks one column."""
        shift = (_INPUT - self.x.frame.get_x()) * RIGHT
        yield AnimationGroup(
            FadeIn(self.U, shift=0.3 * RIGHT),
            self.x.animate.shift(shift),
            self.names.animate.shift(shift),
            _to(self.before, _FAR).set_strength(REST),
            run_time=1.4,
        )
        picked = self.numbers.picked
        if picked is None:
            yield FadeIn(self.equals, self.from_input, run_time=1.5)
            return
        column = self.U.cells.column(picked)
        yield self.U.light_only(column)
        yield FadeIn(self.equals, self.from_input.frame, self.from_input.title)
        rows = range(len(self.from_input.values))
        yield LaggedStart(
            *[FadeIn(self.from_input.row(row), shift=0.3 * RIGHT) for row in rows],
            lag_ratio=0.25,
            run_time=2.2,
        )

    def spell_out(self) -> Iterator[Animation]:
        """Multiply one row of W by the state, entry by entry, and add the products."""
        numbers, unit = self.numbers, self.numbers.unit
        weights = numbers.W[unit]
        products = weights * numbers.before
        name = self._words(self.say("row {unit}").format(unit=numbers.unit_name), "weight")
        self.weights = self._column(weights, name, "weight").stand(-0.55, Y)
        name = self._words(self.say("products"), "text")
        self.products = self._column(products, name, "text").stand(3.05, Y)
        self.total = label(
            decimals(float(numbers.from_state[unit])), color=self.theme.color("hidden"), size=0.44
        ).move_to([5.6, Y, 0.0])
        name = self._words(self.say("unit {unit}").format(unit=numbers.unit_name), "hidden")
        adding = VGroup(self._sign("arrow.r.long^sum", 4.3), name.next_to(self.total, DOWN, 0.25))
        if self.trace.hidden_size > len(numbers.units):
            adding.add(self._rest(float(numbers.rest[unit])))
        times, equals = self._sign("times", 0.35), self._sign("=", 2.15)
        self.spelled = VGroup(self.weights, self.products, times, equals, *adding)
        yield FadeOut(self.U, self.x, self.names, self.equals, run_time=0.5)
        yield AnimationGroup(
            _to(self.from_input, _PARKED).set_strength(REST),
            _to(self.before, 1.25).set_strength(1.0),
            run_time=1.0,
        )
        row = self.W.row(unit)
        yield FadeIn(self.W, shift=0.3 * RIGHT, run_time=0.8)
        yield self.W.light_only(row)
        yield AnimationGroup(
            self._fly(row, self.weights), FadeIn(self.weights.frame, self.weights.title)
        )
        yield FadeIn(self.weights.numbers, times, run_time=0.5)
        yield FadeIn(self.products.frame, self.products.title, equals, run_time=0.5)
        yield LaggedStart(
            *[FadeIn(self.products.row(i), shift=0.2 * RIGHT) for i in range(len(products))],
            lag_ratio=0.4,
            run_time=3.0,
        )
        yield FadeIn(adding, self.total, shift=0.2 * RIGHT)

    def multiply_state(self) -> Iterator[Animation]:
        """Multiply the rows of W by the state, one after the other."""
        self.from_state.stand(1.35, Y)
        self.equals = self._sign("=", 0.25)
        done = self.numbers.unit
        result = self.from_state.row(done)
        yield FadeOut(self.spelled, run_time=0.5)
        yield AnimationGroup(
            _to(self.before, _BESIDE),
            self.total.animate.move_to(result),
            FadeIn(self.from_state.frame, self.from_state.title),
            run_time=1.0,
        )
        yield AnimationGroup(FadeIn(self.equals, result), FadeOut(self.total), run_time=0.4)
        others = [index for index in range(len(self.numbers.from_state)) if index != done]
        yield LaggedStart(
            *[
                AnimationGroup(
                    self.W.row(index).animate.set_fill(opacity=1.0),
                    FadeIn(self.from_state.row(index), shift=0.3 * RIGHT),
                )
                for index in others
            ],
            lag_ratio=0.5,
            run_time=4.0,
        )

    def add_up(self) -> Iterator[Animation]:
        """Show both products and b side by side, then their sum."""
        self.b.stand(1.0, Y)
        self.sum.stand(3.7, Y)
        self.terms = VGroup(self._sign("+", -2.65), self._sign("+", -0.25), self._sign("=", 2.35))
        self.unit_mark = self._mark(self.numbers.unit)
        yield FadeOut(self.W, self.before, self.equals, run_time=0.5)
        yield AnimationGroup(
            _to(self.from_input, _FIRST).set_strength(1.0),
            _to(self.from_state, -1.45),
            run_time=1.0,
        )
        yield FadeIn(self.b, *self.terms[:2], run_time=0.8)
        yield FadeIn(self.terms[2], self.sum.frame, self.sum.title, run_time=0.5)
        yield LaggedStart(
            *[FadeIn(self.sum.row(index)) for index in range(len(self.numbers.sum))],
            lag_ratio=0.35,
            run_time=2.5,
        )
        yield FadeIn(self.unit_mark, run_time=0.5)

    def squash(self) -> Iterator[Animation]:
        """Move each sum onto the curve of tanh, and on to its state."""
        sums = self.numbers.sum
        reach = max(2.0, 1.1 * float(np.abs(sums).max()))
        function = self.trace.metadata.nonlinearity
        squashed = np.tanh if function == "tanh" else _relu
        high, beside = (-1.15, 1.15), 0.7
        if function != "tanh":
            high, beside = (-0.3 * reach, reach), 0.6 * reach
        self.plane = Plane(
            (-reach, reach), high, self.theme, width=5.4, height=3.4, centre=(0.0, 0.15)
        )
        xs = np.linspace(-reach, reach, 121)
        self.curve = self.plane.curve(xs, squashed(xs), role="note", width=3.0)
        self.name = formula(f'"{function}"', color=self.theme.color("note"), size=0.42)
        self.name.move_to(self.plane.at(-0.62 * reach, beside))
        self.name.set_stroke(self.theme.ground, width=4, background=True)
        self.state.stand(4.9, Y)
        self.dots = self.plane.dots(sums, squashed(sums), role="hidden", radius=0.07)
        going = VGroup(self.from_input, self.from_state, self.b, self.terms, self.unit_mark)
        yield FadeOut(going, run_time=0.35)
        coming = (self.plane, self.curve, self.name, self.state.frame, self.state.title)
        yield AnimationGroup(
            AnimationGroup(_to(self.sum, -4.9), run_time=0.8),
            FadeIn(*coming, run_time=0.8),
            lag_ratio=0.5,
        )
        passing = [self._pass(index) for index in range(len(sums))]
        yield LaggedStart(*passing, lag_ratio=0.3, run_time=7.0)
        farthest = self.numbers.farthest
        self.ends = VGroup(self._ring(self.sum, farthest), self._ring(self.state, farthest))
        yield FadeIn(self.ends, run_time=0.5)

    def become(self, picture: StepPicture) -> Iterator[Animation]:
        """Give way to the whole step on one line, in which the state takes its place."""
        gone = (self.sum, self.plane, self.curve, self.name, self.dots, self.ends)
        yield FadeOut(*gone, self.state.numbers, run_time=0.35)
        pairs = zip(
            (self.state.frame, self.state.cells, self.state.title),
            (picture.state.frame, picture.state.cells, picture.state.title),
            strict=True,
        )
        yield AnimationGroup(
            AnimationGroup(*[ReplacementTransform(*pair) for pair in pairs], run_time=1.2),
            picture.appear_around(picture.state),
            lag_ratio=0.15,
        )

    def _pass(self, index: int) -> Animation:
        value = float(self.numbers.sum[index])
        traveller = Dot(
            self.sum.cells[index].get_right(), radius=0.07, color=self.theme.color("text")
        )
        onto = (traveller.get_center(), self.plane.at(value, 0.0), self.dots[index].get_center())
        out = (self.dots[index].get_center(), self.state.cells[index].get_left())
        return Succession(
            FadeIn(traveller, run_time=0.3),
            MoveAlongPath(traveller, _path(onto), run_time=1.4),
            AnimationGroup(
                FadeIn(self.dots[index]), MoveAlongPath(traveller, _path(out)), run_time=1.0
            ),
            AnimationGroup(FadeOut(traveller), FadeIn(self.state.row(index)), run_time=0.4),
        )

    def _fly(self, cells: VGroup, grid: Matrix) -> Animation:
        """Copy cells into those of a matrix, one after the other."""
        pairs = zip(cells, grid.cells, strict=True)
        return LaggedStart(
            *[copy_becomes(one, other) for one, other in pairs], lag_ratio=0.08, run_time=2.0
        )

    def _rest(self, value: float) -> Ink:
        count = self.trace.hidden_size - len(self.numbers.units)
        text = self.say("{count} more add {value}").format(count=count, value=decimals(value))
        ink = label(text, color=self.theme.color("note"), size=SMALL)
        return ink.next_to(self.products.frame, DOWN, buff=0.12)

    def _ring(self, column: Matrix, row: int) -> Rectangle:
        ring = Rectangle(
            width=_WIDE + 0.06,
            height=_HIGH + 0.06,
            stroke_width=3,
            stroke_color=self.theme.color("text"),
        )
        return ring.move_to(column.cells.at(row, 0))

    def _mark(self, unit: int) -> Rectangle:
        """Return a frame around one unit's row, from the first column to the sum."""
        last, cell = float(self.sum.frame.get_x()), self.sum.cells.at(unit, 0)
        mark = Rectangle(
            width=last - _FIRST + self.sum.frame.width + 0.1,
            height=_HIGH + 0.06,
            stroke_width=3,
            stroke_color=self.theme.color("text"),
        )
        return mark.move_to([(_FIRST + last) / 2, cell.get_y(), 0.0])

    def _names(self, word: str) -> VGroup:
        """Return the word beside its cell, with the names of the other entries if they fit."""
        x, theme = self.numbers, self.theme
        row = x.picked if x.picked is not None else int(np.abs(x.x).argmax())
        texts = dict.fromkeys(range(len(x.x)), "")
        labels = self.trace.metadata.input_labels[x.first_input :]
        if x.picked is not None and self.x.cells.height >= _LEAST_NAMED * len(x.x) - 0.1:
            texts |= dict(zip(texts, labels, strict=False))
        texts[row] = word
        names = VGroup()
        for index, text in texts.items():
            if text:
                color = theme.color("input") if index == row else theme.dimmed("note", 0.75)
                name = fitted_label(
                    text, color=color, width=1.5, size=_WORD if index == row else _OTHERS
                )
                name.next_to(self.x.frame, RIGHT, buff=0.18)
                names.add(name.set_on(self.x.cells.at(index, 0).get_y() - 0.08))
        return names

    def _words(self, text: str, role: Role) -> Ink:
        return label(text, color=self.theme.color(role), size=_NAME)

    def _column(self, values: np.ndarray, title: str | Ink, role: Role) -> Matrix:
        return self._matrix(values, title, (_WIDE, _HIGH), role, numbers=True)

    def _matrix(
        self,
        values: np.ndarray,
        title: str | Ink,
        cell: tuple[float, float],
        role: Role = "weight",
        *,
        numbers: bool = False,
    ) -> Matrix:
        return Matrix(
            values,
            self.theme,
            cell=cell,
            gap=_GAP,
            limit=self.limit,
            title=title,
            title_size=_TITLE,
            role=role,
            numbers=numbers,
        )

    def _sign(self, sign: str, x: float) -> Ink:
        return formula(sign, color=self.theme.color("note"), size=0.5).move_to([x, Y, 0.0])


def _relu(values: np.ndarray) -> np.ndarray:
    return np.maximum(values, 0.0)


def _to(grid: Matrix, x: float) -> Any:
    return grid.animate.shift((x - grid.frame.get_x()) * RIGHT)


def _path(points: Sequence[np.ndarray]) -> VMobject:
    return VMobject(stroke_width=0.0).set_points_as_corners(points)

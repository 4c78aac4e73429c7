"""Columns of numbers on a line, with signs between them; what two lines share moves."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
from manim import (
    DOWN,
    RIGHT,
    Animation,
    AnimationGroup,
    FadeIn,
    FadeOut,
    LaggedStart,
    Rectangle,
    VGroup,
    VMobject,
)
from rnnviz.scenes.hidden_state.gate_numbers import Quantity

from rnnviz.mobjects.emphasis import REST
from rnnviz.mobjects.matrix import Matrix
from rnnviz.mobjects.text import SMALL, fitted_label, formula, label
from rnnviz.mobjects.theme import Theme

_Y: Final = 0.15
_CELL: Final = (0.86, 0.46)
_NARROW: Final = 0.36
_TALLEST: Final = 2.9
_GAP: Final = 0.05
_TITLE: Final = 0.44
_BETWEEN: Final = 0.3
"""Between a column and a sign."""
_EDGE: Final = 6.5
_WIDEST: Final = 1.9
"""The width that a column's title or word may have."""
_LAST: Final = 6.1
_PARKED: Final = 1.15
"""The middle of the last column that rests, and the distance between such columns."""


class Column(VGroup):
    """A quantity as a column with its formula above, a word below, and one row in a frame.

    Units:  ``limit`` gets the end of the colours
    """

    def __init__(self, quantity: Quantity, theme: Theme, limit: float):
        self.quantity = quantity
        count = len(quantity.values)
        wide, high = _CELL
        if quantity.is_input:
            wide, high = _NARROW, min(high, _TALLEST / count)
        title = quantity.formula or label(
            quantity.word, color=theme.color(quantity.role), size=SMALL * 1.1
        )
        self.matrix = Matrix(
            quantity.values,
            theme,
            cell=(wide, high),
            gap=_GAP if high > 2 * _GAP else 0.0,
            limit=1.0 if quantity.is_gate else limit,
            title=title,
            title_size=_TITLE,
            role=quantity.role,
            numbers=not quantity.is_input,
            ramp="gate" if quantity.is_gate else "signed",
        )
        self.word = VGroup()
        if quantity.formula and quantity.word:
            color = theme.color(quantity.role)
            word = fitted_label(quantity.word, color=color, width=_WIDEST, size=SMALL)
            self.word.add(word.next_to(self.matrix.frame, DOWN, buff=0.16))
        self.ring = VGroup()
        if quantity.row is not None:
            ring = Rectangle(
                width=wide + 0.06,
                height=high + 0.06,
                stroke_width=3,
                stroke_color=theme.color("text"),
            )
            self.ring.add(ring.move_to(self.matrix.cells.at(quantity.row, 0)))
        super().__init__(self.matrix, self.word, self.ring)

    @property
    def x(self) -> float:
        """The middle of the column."""
        return float(self.matrix.frame.get_x())

    def stand(self, x: float) -> "Column":
        """Move the middle of the column to a place."""
        return self.shift([x - self.x, _Y - self.matrix.frame.get_y(), 0.0])

    def rest(self, strength: float = REST) -> "Column":
        """Stand back, without word and frame, or forward again at strength 1."""
        self.matrix.set_strength(strength)
        self.word.set_fill(opacity=float(strength >= 1.0))
        self.ring.set_stroke(opacity=float(strength >= 1.0))
        return self


class Board:
    """The line of columns that is shown, and those that wait at the right."""

    def __init__(self, theme: Theme, limit: float):
        self.theme, self.limit = theme, limit
        self.columns: dict[str, Column] = {}
        self.signs = VGroup()

    def show(
        self,
        line: Sequence[str],
        quantities: Mapping[str, Quantity],
        *,
        waiting: Sequence[str] = (),
    ) -> Iterator[Animation]:
        """Turn the line into another: names of quantities, and signs between them.

        Columns that both lines have move, others leave, and new ones come, row by row, in order."""
        kept = {*line, *waiting} & set(self.columns)
        gone: list[VMobject] = [self.columns.pop(name) for name in set(self.columns) - kept]
        new = {
            name: Column(quantities[name], self.theme, self.limit)
            for name in line
            if name in quantities and name not in kept
        }
        known = {**self.columns, **new}
        parts = [known[token] if token in known else self._sign(token) for token in line]
        places = _places(parts, len(waiting))
        gone += [self.signs] if len(self.signs) else []
        if gone:
            yield AnimationGroup(*map(FadeOut, gone), run_time=0.4)
        moves: list[Animation] = []
        for token, part, x in zip(line, parts, places, strict=True):
            if token in kept:
                moves.append(part.animate.stand(x).rest(1.0))
            elif isinstance(part, Column):
                part.stand(x)
            else:
                part.move_to([x, _Y, 0.0])
        for place, name in enumerate(reversed(waiting)):
            moves.append(self.columns[name].animate.stand(_LAST - place * _PARKED).rest())
        if moves:
            yield AnimationGroup(*moves, run_time=0.9)
        self.columns |= new
        self.signs = VGroup(*[part for part in parts if not isinstance(part, Column)])
        for token, part in zip(line, parts, strict=True):
            if token in new:
                yield _arrive(new[token])
            elif token not in kept:
                yield FadeIn(part, run_time=0.3)

    def rename(self, names: Mapping[str, str]) -> None:
        """Call columns that are shown by other names."""
        self.columns = {names.get(name, name): column for name, column in self.columns.items()}

    def _sign(self, sign: str) -> VMobject:
        return formula(sign, color=self.theme.color("note"), size=0.5)


def _arrive(column: Column) -> Animation:
    matrix = column.matrix
    rows = [FadeIn(matrix.row(row), shift=0.15 * RIGHT) for row in range(len(matrix.values))]
    return AnimationGroup(
        FadeIn(matrix.frame, matrix.title, *column.word, *column.ring),
        LaggedStart(*rows, lag_ratio=0.3),
        run_time=1.2,
    )


def _places(parts: Sequence[VMobject], waiting: int) -> np.ndarray:
    """Return the middles of columns and signs, in the middle of the room left of those that wait.

    Shapes: → (parts,)
    """
    widths = np.array([part.width for part in parts])
    ends = np.cumsum(widths + _BETWEEN) - _BETWEEN
    right = _LAST - waiting * _PARKED if waiting else _EDGE
    start = min(-ends[-1] / 2, right - ends[-1])
    return np.asarray(start + ends - widths / 2)

"""Rows and columns of recorded numbers, as coloured cells that may have their values in them."""

from typing import Final

import numpy as np
from manim import UP, Animation, AnimationGroup, ManimColor, Rectangle, VGroup

from rnnviz.mobjects.theme import Role, Theme
from rnnviz.mobjects.typography import MINUS, NOTE, Ink, formula, label

DIM: Final = 0.3
_GAP: Final = 0.05
_MARGIN: Final = 0.06


def decimals(value: float) -> str:
    """A value with two decimals, so that a column of values adds up as written; fewer if large."""
    size = abs(value)
    places = 2 if size < 9.995 else 1 if size < 99.95 else 0
    text = f"{size:.{places}f}"
    return f"{MINUS}{text}" if value < 0 and float(text) else text


class NumberGrid(VGroup):
    """A vector or a matrix as cells of any width and height, in a frame, with a title above.

    Shapes: values (rows,) or (rows, columns)
    Units:  ``width`` and ``height`` are a cell's in Manim units; ``limit`` gets the end of the
            colour scale; a number reads in a cell of 0.72 × 0.36 and up
    """

    def __init__(
        self,
        values: np.ndarray,
        theme: Theme,
        *,
        width: float,
        height: float,
        limit: float,
        title: str | Ink | None = None,
        role: Role = "weight",
        title_size: float = 0.46,
        numbers: bool = False,
    ):
        held = np.asarray(values, dtype=float)
        self.values = held if held.ndim == 2 else held[:, None]
        self.theme, self.limit, self.role = theme, limit, role
        rows, columns = self.values.shape
        self.cells = VGroup(
            *[
                Rectangle(
                    width=width - _GAP,
                    height=height - _GAP,
                    stroke_width=0,
                    fill_opacity=1.0,
                    fill_color=self._color(self.values[i, j]),
                ).move_to([(j - (columns - 1) / 2) * width, ((rows - 1) / 2 - i) * height, 0.0])
                for i in range(rows)
                for j in range(columns)
            ]
        )
        self.frame = Rectangle(
            width=columns * width + 2 * _MARGIN,
            height=rows * height + 2 * _MARGIN,
            stroke_width=1.8,
            stroke_color=theme.color(role),
        )
        self.numbers = VGroup(*map(self._written, range(len(self.cells)) if numbers else ()))
        self.title = VGroup() if title is None else self._titled(title, title_size)
        super().__init__(self.frame, self.cells, self.numbers, self.title)

    def row(self, index: int) -> VGroup:
        """The cells of one row, with their numbers."""
        columns = self.values.shape[1]
        return self._some(range(index * columns, (index + 1) * columns))

    def column(self, index: int) -> VGroup:
        """The cells of one column, with their numbers."""
        return self._some(range(index, len(self.cells), self.values.shape[1]))

    def row_y(self, index: int) -> float:
        """The height (y) at which a row stands."""
        return float(self.cells[index * self.values.shape[1]].get_y())

    def stand(self, x: float, y: float) -> "NumberGrid":
        """Stand with the frame's middle at a place."""
        self.shift([x - self.frame.get_x(), y - self.frame.get_y(), 0.0])
        return self

    def set_strength(self, strength: float) -> "NumberGrid":
        """How far all of it stands out: 1 in full; numbers are written only then."""
        for part in (self.cells, self.title):
            part.set_fill(opacity=strength)
        self.numbers.set_fill(opacity=float(strength >= 1.0))
        self.frame.set_stroke(opacity=strength)
        return self

    def step_back(self) -> Animation:
        """All of it steps back."""
        return self.animate.set_strength(DIM)

    def light_only(self, lit: VGroup) -> Animation:
        """Some cells stand out, the others step back."""
        kept = set(map(id, lit))
        inks = [*self.cells, *self.numbers]
        return AnimationGroup(
            *[each.animate.set_fill(opacity=1.0 if id(each) in kept else DIM) for each in inks]
        )

    def _some(self, indices: range) -> VGroup:
        numbers = [self.numbers[index] for index in indices] if len(self.numbers) else []
        return VGroup(*[self.cells[index] for index in indices], *numbers)

    def _written(self, index: int) -> Ink:
        cell = self.cells[index]
        ink = self.theme.on(cell.get_fill_color())
        text = label(decimals(float(self.values.flat[index])), color=ink, size=NOTE)
        text.move_to(cell)
        return text.set_on(cell.get_y() - 0.08)

    def _titled(self, title: str | Ink, size: float) -> Ink:
        color = self.theme.color(self.role)
        ink = formula(title, color=color, size=size) if isinstance(title, str) else title
        return ink.next_to(self.frame, UP, buff=0.14)

    def _color(self, value: float) -> ManimColor:
        return self.theme.signed(float(value) / self.limit if self.limit else 0.0)

"""A matrix of recorded numbers as a grid of coloured cells."""

from typing import Final

import numpy as np
from manim import UP, Animation, AnimationGroup, ManimColor, Rectangle, Square, VGroup

from rnnviz.mobjects.theme import Role, Theme
from rnnviz.mobjects.typography import SMALL, Ink, formula, label, number

MOST_ROWS: Final = 16


class WeightMatrix(VGroup):
    """Rows and columns of cells, coloured by their signed values, in a frame, with a title above.

    Of more than ``MOST_ROWS`` rows or columns the first are shown. With ``numbers`` each cell has
    its value written in it; a cell of 0.5 is then the smallest that reads.

    Shapes: values (rows, columns)
    Units:  ``cell`` is a cell's side in Manim units; ``limit`` gets the end of the colour scale
    """

    def __init__(
        self,
        values: np.ndarray,
        theme: Theme,
        *,
        cell: float,
        limit: float,
        title: str | None = None,
        role: Role = "weight",
        title_size: float = 0.42,
        numbers: bool = False,
    ):
        self.values = np.asarray(values, dtype=float)[:MOST_ROWS, :MOST_ROWS]
        self.theme = theme
        self.limit = limit
        rows, columns = self.values.shape
        self.cells = VGroup(
            *[
                Square(
                    cell * 0.9, stroke_width=0, fill_opacity=1.0, fill_color=self._color(value)
                ).move_to([(j - (columns - 1) / 2) * cell, ((rows - 1) / 2 - i) * cell, 0.0])
                for i, row in enumerate(self.values)
                for j, value in enumerate(row)
            ]
        )
        self.frame = Rectangle(
            width=columns * cell + 0.12,
            height=rows * cell + 0.12,
            stroke_width=1.8,
            stroke_color=theme.color(role),
        )
        self.numbers = VGroup()
        super().__init__(self.frame, self.cells, self.numbers)
        if numbers:
            self._write()
        self.title: Ink | None = None
        if title is not None:
            self.title = formula(title, color=theme.color(role), size=title_size)
            self.add(self.title.next_to(self.frame, UP, buff=0.14))

    def cell_at(self, row: int, column: int) -> Square:
        """The cell of one entry."""
        return self.cells[row * self.values.shape[1] + column]

    def recolor(self, values: np.ndarray, limit: float | None = None) -> Animation:
        """The cells take the colours of other values."""
        self.values = np.asarray(values, dtype=float)[:MOST_ROWS, :MOST_ROWS]
        self.limit = limit or self.limit
        return AnimationGroup(
            *[
                cell.animate.set_fill(self._color(value))
                for cell, value in zip(self.cells, self.values.flat, strict=True)
            ]
        )

    def _write(self) -> None:
        for box, value in zip(self.cells, self.values.flat, strict=True):
            ink = self.theme.on(box.get_fill_color())
            text = label(number(float(value)), color=ink, size=SMALL)
            if text.width > box.width * 0.92:
                text.scale_to_fit_width(box.width * 0.92)
            self.numbers.add(text.move_to(box))

    def _color(self, value: float) -> ManimColor:
        return self.theme.signed(value / self.limit if self.limit else 0.0)

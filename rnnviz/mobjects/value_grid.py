"""Values as coloured cells in rows and columns."""

from collections.abc import Sequence
from typing import Self

import numpy as np
from manim import Animation, AnimationGroup, ManimColor, Rectangle, VGroup

from rnnviz.mobjects.copies import copied
from rnnviz.mobjects.theme import Ramp, Theme


class ValueGrid(VGroup):
    """Cells in rows and columns, coloured by their values, row by row from the top.

    ``ramp`` says what the values are: "signed", or without a sign "gradient", "gate",
    "probability" or "error".

    Shapes: values (rows, columns), or (rows,) for one column
    Units:  ``pitch`` is the distance between cells and ``cell`` their size (nine tenths of it by
            default), each as (width, height) in Manim units; ``limit`` gets the end of the colours
    """

    def __init__(
        self,
        values: Sequence[float] | np.ndarray,
        theme: Theme,
        *,
        pitch: tuple[float, float],
        cell: tuple[float, float] | None = None,
        limit: float = 1.0,
        ramp: Ramp = "signed",
    ):
        self.values = _as_rows(values)
        self.limit = limit or 1.0
        self.theme, self.ramp = theme, ramp
        rows, columns = self.values.shape
        width, height = pitch
        cell_width, cell_height = cell or (width * 0.9, height * 0.9)
        prototype = Rectangle(
            width=cell_width, height=cell_height, stroke_width=0, fill_opacity=1.0
        )
        super().__init__(
            *[
                copied(prototype)
                .set_fill(self.color_of(value))
                .move_to([(j - (columns - 1) / 2) * width, ((rows - 1) / 2 - i) * height, 0.0])
                for (i, j), value in np.ndenumerate(self.values)
            ]
        )

    def at(self, row: int, column: int) -> Rectangle:
        """Return the cell of one value."""
        return self[row * self.values.shape[1] + column]

    def row(self, index: int) -> VGroup:
        """Return the cells of one row."""
        columns = self.values.shape[1]
        return VGroup(*self[index * columns : (index + 1) * columns])

    def column(self, index: int) -> VGroup:
        """Return the cells of one column, from the top."""
        return VGroup(*self[index :: self.values.shape[1]])

    def color_of(self, value: float) -> ManimColor:
        """Return the colour of a value."""
        return self.theme.shade(self.ramp, float(value) / self.limit)

    def set_values(self, values: Sequence[float] | np.ndarray) -> Self:
        """Show other values. Only those that have a cell are shown."""
        self.values = self._with_cells(values)
        for cell, value in zip(self, self.values.flat, strict=True):
            cell.set_fill(self.color_of(value))
        return self

    def recolor(self, values: Sequence[float] | np.ndarray) -> Animation:
        """Turn the colours into those of other values. Only those that have a cell are shown."""
        self.values = self._with_cells(values)
        return AnimationGroup(
            *[
                cell.animate.set_fill(self.color_of(value))
                for cell, value in zip(self, self.values.flat, strict=True)
            ]
        )

    def _with_cells(self, values: Sequence[float] | np.ndarray) -> np.ndarray:
        rows, columns = self.values.shape
        return _as_rows(values)[:rows, :columns]


def _as_rows(values: Sequence[float] | np.ndarray) -> np.ndarray:
    array = np.asarray(values, dtype=float)
    return array if array.ndim == 2 else array[:, None]

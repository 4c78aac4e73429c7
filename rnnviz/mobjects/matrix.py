"""A matrix or vector of values in a frame."""

from typing import Final, Self

import numpy as np
from manim import UP, Animation, AnimationGroup, Rectangle, VGroup

from rnnviz.mobjects.numbers import decimals
from rnnviz.mobjects.text import NOTE, Ink, formula, label
from rnnviz.mobjects.theme import Ramp, Role, Theme
from rnnviz.mobjects.value_grid import ValueGrid

MOST_ROWS: Final = 16
DIM: Final = 0.3
_MARGIN: Final = 0.12
_OVERHANG: Final = 0.06
"""How much wider than its frame a title may be, before it is set smaller."""
_LEAST_TITLE: Final = 0.36
"""The em height below which a title is never set."""
_LEAST_SHARE: Final = 0.82
"""The share of its own size below which a title is never set."""


class Matrix(VGroup):
    """A framed grid of values with a title above it.

    Of more than ``MOST_ROWS`` rows or columns the first are shown. With ``numbers`` the cells
    hold their values, which can be read in cells of 0.72 × 0.36 and larger.

    Shapes: values (rows, columns), or (rows,) for a column
    Units:  ``cell`` is the side of a cell, or its width and height, with the ``gap`` beside it (a
            tenth by default); ``limit`` gets the end of the colour scale
    """

    def __init__(
        self,
        values: np.ndarray,
        theme: Theme,
        *,
        cell: float | tuple[float, float],
        limit: float,
        gap: float | None = None,
        title: str | Ink | None = None,
        role: Role = "weight",
        title_size: float = 0.42,
        numbers: bool = False,
        ramp: Ramp = "signed",
    ):
        width, height = cell if isinstance(cell, tuple) else (cell, cell)
        shown = np.asarray(values)[:MOST_ROWS]
        self.cells = ValueGrid(
            shown[:, :MOST_ROWS] if shown.ndim == 2 else shown,
            theme,
            pitch=(width, height),
            cell=None if gap is None else (width - gap, height - gap),
            limit=limit,
            ramp=ramp,
        )
        rows, columns = self.values.shape
        self.frame = Rectangle(
            width=columns * width + _MARGIN,
            height=rows * height + _MARGIN,
            stroke_width=1.8,
            stroke_color=theme.color(role),
        )
        self.numbers = VGroup()
        for index in range(len(self.cells) if numbers else 0):
            cell_ = self.cells[index]
            ink = theme.on(cell_.get_fill_color())
            text = label(decimals(float(self.values.flat[index])), color=ink, size=NOTE)
            self.numbers.add(text.move_to(cell_).set_on(cell_.get_y() - 0.08))
        self.title = VGroup()
        if title is not None:
            color = theme.color(role)
            ink = title
            if isinstance(title, str):
                ink = formula(title, color=color, size=title_size)
                least = ink.width * min(1.0, max(_LEAST_SHARE, _LEAST_TITLE / title_size))
                most = max(self.frame.width + _OVERHANG, least)
                if ink.width > most:
                    ink.scale(most / ink.width)
            self.title = ink.next_to(self.frame, UP, buff=0.14)
        super().__init__(self.frame, self.cells, self.numbers, self.title)

    @property
    def values(self) -> np.ndarray:
        """The values shown: (rows, columns)."""
        return self.cells.values

    def row(self, index: int) -> VGroup:
        """Return the cells of one row, with their numbers."""
        columns = self.values.shape[1]
        numbers = self.numbers[index * columns : (index + 1) * columns]
        return VGroup(*self.cells.row(index), *numbers)

    def stand(self, x: float, y: float) -> Self:
        """Move the middle of the frame to a place."""
        return self.shift([x - self.frame.get_x(), y - self.frame.get_y(), 0.0])

    def set_strength(self, strength: float) -> Self:
        """Set how far the matrix stands out; numbers are shown only at 1, its full strength."""
        for part in (self.cells, self.title):
            part.set_fill(opacity=strength)
        self.numbers.set_fill(opacity=float(strength >= 1.0))
        self.frame.set_stroke(opacity=strength)
        return self

    def light_only(self, lit: VGroup) -> Animation:
        """Dim all cells but some."""
        kept = set(map(id, lit))
        return AnimationGroup(
            *[
                each.animate.set_fill(opacity=1.0 if id(each) in kept else DIM)
                for each in (*self.cells, *self.numbers)
            ]
        )

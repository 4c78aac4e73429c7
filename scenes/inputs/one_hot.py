"""The words of a sentence as one-hot vectors."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from manim import (
    DOWN,
    RIGHT,
    UP,
    Animation,
    AnimationGroup,
    FadeIn,
    LaggedStart,
    TransformFromCopy,
    VGroup,
)

from rnnviz.mobjects.labels import FormulaRow, LabelColumn, LabelRow
from rnnviz.mobjects.text import BODY, label
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.value_grid import ValueGrid

_HIGHEST: Final = 3.9


class OneHot(VGroup):
    """A column for each word of a sentence, with a 1 in the row of that word.

    Shapes: x (time, input)
    """

    def __init__(self, x: np.ndarray, words: Sequence[str], names: Sequence[str], theme: Theme):
        self.theme = theme
        self.values = np.asarray(x, dtype=float).T
        rows, columns = self.values.shape
        side = min(0.72, _HIGHEST / rows)
        wide = min(1.5, 9.4 / columns)
        self.cells = ValueGrid(self.values, theme, pitch=(wide, side))
        self.cells.shift(0.6 * RIGHT + 0.2 * UP)
        self.digits = VGroup(
            *[
                label(
                    f"{value:zg}",
                    color=theme.on(cell.get_fill_color()) if value else theme.color("note"),
                    size=BODY,
                ).move_to(cell)
                for cell, value in zip(self.cells, self.values.flat, strict=True)
            ]
        )
        top, left = self.cells.get_top()[1], self.cells.get_left()[0]
        color = theme.color("input")
        xs = [self.cells.at(0, column).get_x() for column in range(columns)]
        self.words = LabelRow(words, xs, top + 0.24, color=color, size=0.44, width=wide * 0.94)
        self.names = LabelColumn(
            names,
            left - 0.25,
            [self.cells.at(row, 0).get_y() - 0.12 for row in range(rows)],
            color=color,
            width=2.2,
        )
        self.first = [list(words).index(name) for name in names]
        self.steps = FormulaRow(
            [f"x_{step + 1}" for step in range(columns)],
            xs,
            self.cells.get_bottom()[1] - 0.34,
            color=color,
            size=0.42,
        )
        super().__init__(self.cells, self.digits, self.words, self.names, self.steps)

    def show_words(self) -> Animation:
        """Show the words, one after the other."""
        return LaggedStart(
            *[FadeIn(word, shift=0.15 * UP) for word in self.words], lag_ratio=0.5, run_time=2.6
        )

    def list_names(self) -> Animation:
        """Copy each new word to its row."""
        return LaggedStart(
            *[
                TransformFromCopy(self.words[first], name)
                for first, name in zip(self.first, self.names, strict=True)
            ],
            lag_ratio=0.35,
            run_time=3.0,
        )

    def fill(self) -> Animation:
        """Show the columns, from the first word to the last."""
        columns = self.values.shape[1]
        return LaggedStart(
            *[
                AnimationGroup(
                    FadeIn(self.cells.column(index), shift=0.2 * DOWN),
                    FadeIn(VGroup(*self.digits[index::columns]), shift=0.2 * DOWN),
                    FadeIn(self.steps[index]),
                )
                for index in range(columns)
            ],
            lag_ratio=0.55,
            run_time=4.5,
        )

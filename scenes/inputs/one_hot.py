"""The inputs of a sequence as columns of a grid."""

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
    FadeIn,
    FadeOut,
    LaggedStart,
    ReplacementTransform,
    Succession,
    VGroup,
)
from rnnviz.scenes.inputs.carried_word import carried

from rnnviz.mobjects.labels import FormulaRow, LabelColumn, LabelRow
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.text import BODY, NOTE, label
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.value_grid import ValueGrid

_HIGHEST: Final = 3.9
_X: Final = 0.7
_Y: Final = 0.3


class InputGrid(VGroup):
    """A column for each step, with a row for each entry of x_t; of a word that is a single 1.

    Shapes: x (time, input)
    Units:  ``steps`` are 1-based; ``limit`` gets the end of the colour scale
    """

    def __init__(
        self,
        x: np.ndarray,
        words: Sequence[str],
        names: Sequence[str],
        steps: Sequence[int],
        theme: Theme,
    ):
        self.theme = theme
        self.values = np.asarray(x, dtype=float).T
        rows, columns = self.values.shape
        side = min(0.72, _HIGHEST / rows)
        wide = min(1.5, 9.2 / columns)
        limit = float(np.abs(self.values).max()) or 1.0
        self.cells = ValueGrid(self.values, theme, pitch=(wide, side), limit=limit)
        self.cells.shift(_X * RIGHT + _Y * UP)
        size = max(NOTE, min(BODY, 0.85 * side))
        self.digits = VGroup()
        for cell, value in zip(self.cells, self.values.flat, strict=True):
            whole = float(value).is_integer()
            ink = theme.on(cell.get_fill_color()) if value else theme.color("note")
            text = f"{value:zg}" if whole else number(float(value))
            self.digits.add(label(text, color=ink, size=size).move_to(cell))
        top, left = self.cells.get_top()[1], self.cells.get_left()[0]
        color = theme.color("input")
        xs = [self.cells.at(0, column).get_x() for column in range(columns)]
        self.words = LabelRow(words, xs, top + 0.2, color=color, size=0.42, width=wide * 0.94)
        self.names = LabelColumn(
            names,
            left - 0.25,
            [self.cells.at(row, 0).get_y() - 0.11 for row in range(rows)],
            color=color,
            size=max(0.3, size),
            width=2.2,
        )
        self.first = [list(words).index(name) for name in names if name in words]
        self.steps = FormulaRow(
            [f"x_({step})" for step in steps],
            xs,
            self.cells.get_bottom()[1] - 0.28,
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
        """Copy each new word down its column and along its row, so that it crosses no other."""
        firsts = [self.words[first] for first in self.first]
        return LaggedStart(
            *[
                carried(word, name, [np.array([word.get_x(), name.get_y(), 0.0])])
                for word, name in zip(firsts, self.names, strict=True)
            ],
            lag_ratio=0.65,
            run_time=4.4,
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

    def turn_into(self, other: "InputGrid") -> Animation:
        """Clear the cells, and let them become those of another sequence in place, all 0."""
        other.cells.set_values(np.zeros_like(other.values))
        rows, columns = np.minimum(self.values.shape, other.values.shape)
        shared = [(row, column) for row in range(rows) for column in range(columns)]
        old, new = (
            [grid.cells.at(row, column) for row, column in shared] for grid in (self, other)
        )
        kept_old, kept_new = set(map(id, old)), set(map(id, new))
        gone = VGroup(*[cell for cell in self.cells if id(cell) not in kept_old])
        come = VGroup(*[cell for cell in other.cells if id(cell) not in kept_new])
        return Succession(
            AnimationGroup(
                FadeOut(self.words, shift=0.3 * UP),
                FadeOut(self.names, shift=0.3 * LEFT),
                FadeOut(self.digits, self.steps),
                self.cells.recolor(np.zeros_like(self.values)),
                run_time=0.5,
            ),
            AnimationGroup(
                *[ReplacementTransform(one, two) for one, two in zip(old, new, strict=True)],
                *([FadeOut(gone)] if len(gone) else []),
                *([FadeIn(come)] if len(come) else []),
                run_time=0.9,
            ),
        )

    def name_and_fill(self) -> Animation:
        """Write the words and the names of the rows, and let the entries come."""
        return AnimationGroup(
            FadeIn(self.words, shift=0.3 * UP),
            FadeIn(self.names, shift=0.3 * RIGHT),
            FadeIn(self.digits, self.steps),
            self.cells.recolor(self.values),
            run_time=0.8,
        )

"""The rows of the transposed U that inputs read."""

from typing import Final

import numpy as np
from manim import (
    DOWN,
    RIGHT,
    Animation,
    AnimationGroup,
    FadeIn,
    FadeOut,
    Succession,
    TransformFromCopy,
    VGroup,
)
from rnnviz.scenes.inputs.frame import framed

from rnnviz.mobjects.labels import LabelColumn
from rnnviz.mobjects.strip import MOST_CELLS
from rnnviz.mobjects.text import NOTE, SMALL, formula, label
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.value_grid import ValueGrid
from rnnviz.mobjects.window import Window
from rnnviz.mobjects.wording import Say
from rnnviz.trace import Trace

MOST_ROWS: Final = 12
_HIGHEST: Final = 3.9


class LookupTable(VGroup):
    """x_t, the columns of U as the rows of a table, and the products U x_t.

    The rows are those of the entries of x_t, or of many those that are not 0 at the steps shown.

    Units:  ``limit`` gets the end of the colour scale
    """

    def __init__(self, trace: Trace, window: Window, theme: Theme, say: Say):
        self.theme = theme
        self.x = trace.x[window.indices, 0].astype(float)
        U, words, steps = trace.U, window.words(trace), window.steps
        names = trace.metadata.input_labels or [str(i + 1) for i in range(trace.input_size)]
        self.drawn = _most_used(self.x)
        self.table_values = U.T[self.drawn, :MOST_CELLS]
        self.products = (self.x @ U.T)[:, :MOST_CELLS]
        self.limit = float(max(np.abs(self.table_values).max(), np.abs(self.products).max())) or 1.0
        rows, units = self.table_values.shape
        high = min(0.4, _HIGHEST / max(rows, len(words)))
        wide = min(0.44, 3.5 / units)
        reach = float(np.abs(self.x).max()) or 1.0
        self.table = ValueGrid(self.table_values, theme, pitch=(wide, high), limit=self.limit)
        self.entries = ValueGrid(np.zeros(rows), theme, pitch=(0.44, min(high, 0.44)), limit=reach)
        self.results = ValueGrid(self.products, theme, pitch=(wide, high), limit=self.limit)
        self.table.move_to([-1.15, 0.35, 0.0])
        self.results.move_to([4.65, 0.35, 0.0])
        self.names = LabelColumn(
            [names[index] for index in self.drawn],
            self.table.get_left()[0] - 0.2,
            [self.table.at(row, 0).get_y() - 0.09 for row in range(rows)],
            color=theme.color("input"),
            size=SMALL,
            width=1.5,
        )
        self.entries.move_to([-5.6, 0.35, 0.0])
        self.words = LabelColumn(
            words,
            self.results.get_left()[0] - 0.2,
            [self.results.at(row, 0).get_y() - 0.09 for row in range(len(words))],
            color=theme.color("input"),
            size=SMALL,
            width=1.4,
        )
        weight, hidden = theme.color("weight"), theme.color("text")
        above = max(self.table.get_top()[1], self.results.get_top()[1]) + 0.34
        self.frame = framed(self.table, theme.color("weight"))
        self.title = formula("U^top", color=weight, size=0.46).move_to(
            [self.table.get_x(), above, 0.0]
        )
        self.step_names = [
            formula(f"x_({step})", color=theme.color("input"), size=0.46).move_to(
                [self.entries.get_x(), above, 0.0]
            )
            for step in steps
        ]
        self.result_title = formula("U x_t", color=hidden, size=0.46).move_to(
            [self.results.get_x(), above, 0.0]
        )
        drawn, count = len(self.drawn), trace.input_size
        self.left_out = VGroup()
        if drawn < count:
            text = say("{drawn} of {count} inputs").format(drawn=drawn, count=count)
            noted = label(text, color=theme.color("note"), size=NOTE)
            self.left_out.add(noted.next_to(self.frame, DOWN, buff=0.12))
        super().__init__(
            self.table, self.frame, self.title, self.names, self.entries, self.left_out
        )
        self.now = self.step_names[0]

    def appear(self) -> Animation:
        """Show the table with the names of its rows."""
        return AnimationGroup(
            *[
                FadeIn(part)
                for part in (self.frame, self.title, self.names, self.table, self.left_out)
            ],
            run_time=1.4,
        )

    def first(self) -> Animation:
        """Show the first x_t and its product."""
        return Succession(
            AnimationGroup(FadeIn(self.entries), FadeIn(self.now), run_time=0.6),
            self.look_up(0, run_time=2.6),
        )

    def look_up(self, index: int, run_time: float = 1.5) -> Animation:
        """Show one x_t, brighten the rows that it reads, and move their sum to the products."""
        values = self.x[index, self.drawn]
        named = self.step_names[index]
        change = [self.entries.recolor(values)]
        if named is not self.now:
            change += [FadeOut(self.now), FadeIn(named)]
        self.now = named
        read = [place for place, value in enumerate(values) if value] or [0]
        lit = [
            self.table.row(place).animate.set_opacity(1.0 if place in read else 0.18)
            for place in range(len(self.drawn))
        ]
        named_rows = [
            name.animate.set_opacity(1.0 if place in read else 0.4)
            for place, name in enumerate(self.names)
        ]
        source = self.table.row(read[0])
        return Succession(
            AnimationGroup(*change, run_time=run_time * 0.3),
            AnimationGroup(*lit, *named_rows, run_time=run_time * 0.25),
            AnimationGroup(
                TransformFromCopy(source.copy().set_opacity(1.0), self.results.row(index)),
                FadeIn(self.words[index], shift=0.2 * RIGHT),
                run_time=run_time * 0.45,
            ),
        )

    def brighten(self) -> Animation:
        """Brighten all rows again."""
        return AnimationGroup(
            self.table.animate.set_opacity(1.0), self.names.animate.set_opacity(1.0)
        )

    @property
    def one_hot(self) -> bool:
        """Whether every x_t shown is one-hot."""
        return bool(np.isin(self.x, (0.0, 1.0)).all() and (self.x.sum(axis=-1) == 1.0).all())


def _most_used(x: np.ndarray) -> np.ndarray:
    """Return the indices of the entries of inputs (time, input) that are drawn, in order."""
    used = (x != 0).any(axis=0)
    chosen = np.argsort(~used, kind="stable")[:MOST_ROWS]
    return np.sort(chosen)

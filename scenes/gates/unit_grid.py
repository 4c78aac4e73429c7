"""Values of units over the words of a sentence."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from manim import (
    Animation,
    AnimationGroup,
    FadeIn,
    FadeOut,
    Succession,
    Transform,
    UpdateFromAlphaFunc,
    VGroup,
    rate_functions,
)
from rnnviz.scenes.gates.word_axis import BASE, HEIGHT, LEFT_X, RIGHT_X, WordAxis

from rnnviz import measure
from rnnviz.mobjects.labels import LabelColumn
from rnnviz.mobjects.text import NOTE, formula
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.value_grid import ValueGrid
from rnnviz.system.short_repr import ShortRepr
from rnnviz.trace import Trace

MOST_UNITS: Final = 16


@dataclass(frozen=True, repr=False)
class UnitValues(ShortRepr):
    """Values of a trace's first sequence over time, with their name.

    Values without a sign lie between 0 and 1. ``limit`` gets the end of the colour scale.

    Shapes: values (time, unit)
    """

    values: np.ndarray
    name: str
    signed: bool = False
    limit: float = 1.0

    @classmethod
    def of_cell(cls, trace: Trace) -> Self:
        """Return the cell state c_t of an LSTM."""
        assert trace.c is not None
        cells = trace.c[0, 0, :, 0]
        return cls(cells, "c_t", signed=True, limit=float(np.abs(cells).max()))

    @classmethod
    def of_gate(cls, trace: Trace, gate: str) -> Self:
        """Return a gate by its name."""
        return cls(measure.gates(trace)[gate][:, 0], f"{gate}_t")


class UnitGrid(VGroup):
    """A row of cells for each unit, a column for each word, and the name on the left.

    Of more than ``MOST_UNITS`` units the first are shown.
    """

    def __init__(self, values: UnitValues, axis: WordAxis, theme: Theme):
        self.theme = theme
        self.axis = axis
        shown = values.values[axis.window.indices, :MOST_UNITS].T
        units = len(shown)
        self.pitch = min(0.42, HEIGHT / units)
        self.top = BASE + units * self.pitch
        self.cells = ValueGrid(
            shown,
            theme,
            pitch=(axis.pitch, self.pitch),
            cell=(axis.pitch * 0.94, self.pitch * 0.88),
            limit=values.limit,
            signed=values.signed,
        ).shift([(LEFT_X + RIGHT_X) / 2, (BASE + self.top) / 2, 0.0])
        self.title = formula(values.name, color=theme.color("hidden"), size=0.6)
        self.title.move_to([LEFT_X - 0.7, (BASE + self.top) / 2, 0.0])
        named = sorted({1, units})
        self.units = LabelColumn(
            list(map(str, named)),
            LEFT_X - 0.12,
            [self.height_of(unit - 1) - 0.08 for unit in named],
            color=theme.color("note"),
            size=NOTE,
        )
        super().__init__(self.cells, self.title, self.units)

    def appear(self, run_time: float = 3.0) -> Animation:
        """Fade the columns in, from the first word to the last."""
        count = len(self.axis.places)

        def show(cells: VGroup, share: float) -> None:
            for index, cell in enumerate(cells):
                reached = share * (count + 2) - index % count
                cell.set_fill(opacity=float(np.clip(reached / 3, 0.0, 1.0)) if share < 1 else 1.0)

        show(self.cells, 0.0)
        return AnimationGroup(
            FadeIn(self.title, self.units, run_time=0.6),
            UpdateFromAlphaFunc(
                self.cells, show, run_time=run_time, rate_func=rate_functions.linear
            ),
        )

    def turn_into(
        self, values: UnitValues, axis: WordAxis, run_time: float = 1.6
    ) -> tuple["UnitGrid", Animation]:
        """Return the grid of other values, and its animation; it is this one if the words agree."""
        other = UnitGrid(values, axis, self.theme)
        if axis is not self.axis or len(other.cells) != len(self.cells):
            return other, Succession(FadeOut(self), FadeIn(other), run_time=run_time)
        starts, ends = ([cell.get_fill_color() for cell in grid.cells] for grid in (self, other))

        def fade(cells: VGroup, share: float) -> None:
            for cell, start, end in zip(cells, starts, ends, strict=True):
                cell.set_fill(end if share == 1 else start.interpolate(end, share))

        return self, AnimationGroup(
            UpdateFromAlphaFunc(self.cells, fade, run_time=run_time),
            Transform(self.title, other.title, run_time=run_time),
        )

    def height_of(self, unit: int) -> float:
        """Return the y of the middle of a unit's row."""
        return self.top - (unit + 0.5) * self.pitch

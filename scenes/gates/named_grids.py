"""The gates that a custom cell names, as one grid above another."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from manim import Animation, AnimationGroup, Create, Rectangle, Succession, VGroup
from rnnviz.scenes.gates.unit_grid import MOST_UNITS, UnitGrid, gate_values, most_moving
from rnnviz.scenes.gates.word_axis import BASE, WordAxis

from rnnviz import measure
from rnnviz.mobjects.emphasis import dim
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.window import Window
from rnnviz.mobjects.wording import Say
from rnnviz.trace import Trace

_MOST_GATES: Final = 3
_APART: Final = 0.45


def named_grids_of(trace: Trace, window: Window) -> Mapping[str, Sequence[int]]:
    """Return the gates that have room, and of each the units that move most within a window.

    Of more than three gates those that move most are taken; the first is the one that moves most.
    """
    moves = {
        name: float(np.ptp(gate_values(trace, name)[window.indices], axis=0).max())
        for name in measure.gates(trace)
    }
    names = sorted(moves, key=lambda name: -moves[name])[:_MOST_GATES]
    most = MOST_UNITS // len(names)
    return {name: most_moving(trace, name, window, most=most) for name in names}


class NamedGrids(VGroup):
    """One grid for each gate, the one that moves most on top.

    Units:  ``shown`` are the units of each gate, from 0
    """

    def __init__(
        self,
        trace: Trace,
        shown: Mapping[str, Sequence[int]],
        words: WordAxis,
        theme: Theme,
        say: Say,
    ):
        self.theme, self.words = theme, words
        self.grids: list[UnitGrid] = []
        base = BASE
        for name, units in reversed(list(shown.items())):
            grid = UnitGrid(trace, name, units, words, theme, say, base=base)
            base = grid.top + _APART
            self.grids.insert(0, grid)
        first = self.grids[0]
        for grid in self.grids[1:]:
            if (grid.ramp, grid.limit) == (first.ramp, first.limit):
                grid.scale.set_opacity(0.0)
        super().__init__(*self.grids)

    def appear(self) -> Animation:
        """Fade the columns of all grids in, from the first word to the last."""
        return AnimationGroup(*[grid.appear() for grid in self.grids])

    def point_out(self) -> Animation:
        """Frame the first row, and let the others rest."""
        grid = self.grids[0]
        row = grid.row_of(grid.shown[0])
        frame = Rectangle(
            width=row.width + 0.06, height=grid.pitch + 0.06, stroke_width=4,
            stroke_color=self.theme.color("text"),
        ).set_z_index(3)  # fmt: skip
        own = set(map(id, row))
        others = [cell for each in self.grids for cell in each.cells if id(cell) not in own]
        return Succession(Create(frame.move_to(row), run_time=1.0), AnimationGroup(*dim(*others)))

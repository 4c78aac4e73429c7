"""A gate's values of all units over the words of a sentence, and what one unit keeps of a word."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from manim import (
    RIGHT,
    UP,
    Animation,
    AnimationGroup,
    FadeIn,
    FadeOut,
    LaggedStart,
    Rectangle,
    UpdateFromAlphaFunc,
    VGroup,
    rate_functions,
)
from rnnviz.scenes.gates.followed_unit import FollowedUnit
from rnnviz.scenes.gates.word_axis import BASE, HEIGHT, LEFT_X, RIGHT_X, WordAxis

from rnnviz import measure
from rnnviz.mobjects.bar_chart import BarChart
from rnnviz.mobjects.color_scale import ColorScale
from rnnviz.mobjects.labels import LabelColumn
from rnnviz.mobjects.numbers import MINUS, number
from rnnviz.mobjects.shown_states import state_symbol
from rnnviz.mobjects.text import formula, label
from rnnviz.mobjects.theme import Ramp, Theme
from rnnviz.mobjects.value_grid import ValueGrid
from rnnviz.mobjects.window import Window
from rnnviz.mobjects.wording import Say
from rnnviz.text.notation import gate_source
from rnnviz.trace import Trace

MOST_UNITS: Final = 8
_ROW: Final = 0.46
_TITLE: Final = 1.0
"""The width of the name of a gate at most."""
_BARS: Final = 2.6
_NUMBER: Final = 0.36
_GAP: Final = 0.1


class UnitGrid(VGroup):
    """A row of cells for each of some units, a column for each word, and the name on the left.

    The values are those of one gate in the first sequence of a trace. A custom cell's gate whose
    values are not all between 0 and 1 has colours of both signs.

    Units:  ``shown`` are units from 0, from the top
    """

    def __init__(
        self,
        trace: Trace,
        gate: str,
        shown: Sequence[int],
        axis: WordAxis,
        theme: Theme,
        say: Say,
        *,
        base: float = BASE,
    ):
        values = gate_values(trace, gate)
        inside = bool((values >= 0).all() and (values <= 1).all())
        self.ramp: Ramp = "gate" if inside else "signed"
        self.limit = 1.0 if inside else float(np.abs(values).max())
        self.theme, self.axis, self.shown = theme, axis, tuple(shown)
        units = len(shown)
        self.pitch = min(_ROW, HEIGHT / units)
        self.top = base + units * self.pitch
        self.cells = ValueGrid(
            values[axis.window.indices][:, self.shown].T,
            theme,
            pitch=(axis.pitch, self.pitch),
            cell=(axis.pitch * 0.94, self.pitch * 0.88),
            limit=self.limit,
            ramp=self.ramp,
        ).shift([(LEFT_X + RIGHT_X) / 2, (base + self.top) / 2, 0.0])
        name = state_symbol(gate, "t") if trace.is_custom else f"{gate_source(gate)}_t"
        self.title = formula(name, color=theme.color("gate"), size=0.6)
        self.title.scale(min(1.0, _TITLE / self.title.width))
        self.title.move_to([LEFT_X - 1.0, (base + self.top) / 2, 0.0])
        self.units = LabelColumn(
            [say("unit"), *(str(unit + 1) for unit in shown)],
            LEFT_X - 0.14,
            [self.top + 0.16, *(self.height_of(unit) - 0.09 for unit in shown)],
            color=theme.color("note"),
            size=0.28,
        )
        end = number(self.limit)
        ends = ("0", "1") if inside else (f"{MINUS}{end}", f"+{end}")
        self.scale = ColorScale(ends, theme, limit=self.limit, ramp=self.ramp, size=0.3)
        self.scale.move_to([RIGHT_X, self.top + 0.28, 0.0], aligned_edge=RIGHT)
        super().__init__(self.cells, self.title, self.units, self.scale)

    def appear(self, run_time: float = 3.0) -> Animation:
        """Fade the columns in, from the first word to the last."""
        count = len(self.axis.places)

        def show(cells: VGroup, share: float) -> None:
            for index, cell in enumerate(cells):
                reached = share * (count + 2) - index % count
                cell.set_fill(opacity=float(np.clip(reached / 3, 0.0, 1.0)) if share < 1 else 1.0)

        show(self.cells, 0.0)
        return AnimationGroup(
            FadeIn(self.title, self.units, self.scale, run_time=0.6),
            UpdateFromAlphaFunc(
                self.cells, show, run_time=run_time, rate_func=rate_functions.linear
            ),
        )

    def frame_of(self, unit: FollowedUnit, *, row: bool) -> Rectangle:
        """Return a frame around a unit's cell at its word, or around those at later words."""
        first = max(0, unit.step - self.axis.window.indices.start)
        places, pitch = self.axis.places, self.axis.pitch
        last = len(places) - 1 if row else first
        first = min(first + row, last)
        left, right = places[first] - pitch / 2, places[last] + pitch / 2
        frame = Rectangle(
            width=right - left + 0.06, height=self.pitch + 0.06, stroke_width=4,
            stroke_color=self.theme.color("text"),
        ).set_z_index(3)  # fmt: skip
        return frame.move_to([(left + right) / 2, self.height_of(unit.unit), 0.0])

    def height_of(self, unit: int) -> float:
        """Return the y of the middle of a unit's row."""
        return self.top - (self.shown.index(unit) + 0.5) * self.pitch

    def row_of(self, unit: int) -> VGroup:
        """Return the cells of a unit."""
        return self.cells.row(self.shown.index(unit))


def gate_values(trace: Trace, gate: str) -> np.ndarray:
    """Return a gate in the first sequence of a trace, with its entries in a row: (time, unit)."""
    return np.asarray(measure.gates(trace)[gate][:, 0]).reshape(trace.steps, -1)


def most_moving(
    trace: Trace, gate: str, window: Window, unit: int | None = None, *, most: int = MOST_UNITS
) -> list[int]:
    """Return the units whose gates differ most among the steps shown, at most eight.

    ``unit`` is one of them in any case.
    """
    values = gate_values(trace, gate)[window.indices]
    order = [int(each) for each in np.argsort(-np.ptp(values, axis=0), kind="stable")]
    kept = order[:most]
    return kept if unit is None or unit in kept else [*kept[:-1], unit]


class KeptProduct(VGroup):
    """What is left of a word in one unit after each later word: the product of its gate.

    Each bar is the one before it times the gate at its word, whose row lies below.
    """

    def __init__(self, grid: UnitGrid, unit: FollowedUnit, theme: Theme):
        self.grid, self.unit = grid, unit
        axis = grid.axis
        first = max(0, unit.step - axis.window.indices.start)
        places = axis.places[first:]
        self.values = unit.left[-len(places) :]
        self.row_y = BASE + 0.2
        self.row = grid.row_of(unit.unit)
        ink = theme.color("text")
        widest = max(
            label(number(float(each)), color=ink, size=_NUMBER).width for each in self.values
        )
        stride = max(1, -(-len(places) // 7), int(np.ceil((widest + _GAP) / axis.pitch)))
        kept = [place % stride == 0 or place == len(places) - 1 for place in range(len(places))]
        if len(places) > 1 and (len(places) - 1) % stride:
            kept[(len(places) - 1) // stride * stride] = False
        self.texts = [
            number(float(value)) if shown else ""
            for value, shown in zip(self.values, kept, strict=True)
        ]
        self.chart = BarChart(
            self.values, places, theme, role="gate", height=_BARS * float(self.values.max()),
            bar_width=axis.pitch * 0.62, base=BASE + 0.5, number_size=_NUMBER,
            texts=[text or "·" for text in self.texts],
        )  # fmt: skip
        self.marks = VGroup(
            *[mark for mark, text in zip(self.chart.numbers, self.texts, strict=True) if text]
        )
        super().__init__(self.chart.axis, self.chart.bars, self.marks)

    def out_of_grid(self, frame: Rectangle) -> Animation:
        """Leave the unit's row alone, and lay it down as the foot of the chart."""
        grid = self.grid
        own = set(map(id, self.row))
        others = [cell for cell in grid.cells if id(cell) not in own]
        by = (self.row_y - self.row.get_y()) * UP
        return AnimationGroup(
            FadeOut(*others, grid.units),
            *[cell.animate.shift(by) for cell in self.row],
            frame.animate.shift(by),
            grid.title.animate.set_y(self.row_y),
            run_time=1.2,
        )

    def multiply(self, run_time: float = 4.0) -> Animation:
        """Let the product grow word by word, from the word on."""
        steps = []
        for place, (bar, text) in enumerate(zip(self.chart.bars, self.texts, strict=True)):
            come = [_carried_over(self.chart.bars[max(0, place - 1)], bar)]
            if text:
                come.append(FadeIn(self.chart.numbers[place], shift=0.1 * UP))
            steps.append(AnimationGroup(*come))
        return AnimationGroup(
            FadeIn(self.chart.axis),
            LaggedStart(*steps, lag_ratio=0.5, run_time=run_time),
        )


def _carried_over(before: Rectangle, bar: Rectangle) -> Animation:
    """Move a bar's outline to the next place, where it becomes that bar."""
    start, end = before.copy(), bar.copy()

    def move(shown: Rectangle, share: float) -> None:
        shown.become(end)
        if share < 1:
            shown.stretch_to_fit_height(start.height + share * (end.height - start.height))
            x = start.get_x() + share * (end.get_x() - start.get_x())
            shown.move_to([x, end.get_bottom()[1] + shown.height / 2, 0.0])
            shown.set_fill(opacity=min(1.0, 3.0 * share))

    return UpdateFromAlphaFunc(bar, move, run_time=0.6, introducer=True)

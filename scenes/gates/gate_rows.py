"""Gates and cell states over the words of a sentence: a row for each unit, a column a word."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from manim import (
    DOWN,
    LEFT,
    RIGHT,
    UP,
    Animation,
    AnimationGroup,
    Create,
    FadeIn,
    FadeOut,
    LaggedStart,
    ManimColor,
    Rectangle,
    ReplacementTransform,
    Succession,
    Transform,
    UpdateFromAlphaFunc,
    VGroup,
    rate_functions,
)

from rnnviz import measure
from rnnviz.experiments.studies import Kept, Run, carried_shares
from rnnviz.mobjects import layout
from rnnviz.mobjects.accuracy_by_gap import carried_title, color_of, spread
from rnnviz.mobjects.axes import LogAxis, ValueLine
from rnnviz.mobjects.equation import Equation
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.typography import NOTE, SMALL, Ink, fitted_label, formula, label, number
from rnnviz.mobjects.window import Window
from rnnviz.mobjects.wording import Say
from rnnviz.system.short_repr import ShortRepr
from rnnviz.text.plain_text import isolated
from rnnviz.trace import Trace

MOST_UNITS: Final = 16
MOST_STEPS: Final = 20
_LEFT: Final = -5.1
_RIGHT: Final = 5.6
_BASE: Final = -1.35
_HEIGHT: Final = 3.5
_NARROW: Final = 0.62


class WordAxis(VGroup):
    """The words of a sentence in a row, as far apart as the columns above them.

    Where words are too many to be read, only the one that decides and the last are written.
    """

    def __init__(self, words: Sequence[str], window: Window, theme: Theme, *, clue: int | None):
        self.theme = theme
        self.words = tuple(words)
        self.window = window
        self.clue = clue
        self.pitch = (_RIGHT - _LEFT) / len(words)
        self.places = [_LEFT + (index + 0.5) * self.pitch for index in range(len(words))]
        written = [
            index
            for index in range(len(words))
            if self.pitch >= _NARROW or index in (clue, len(words) - 1)
        ]
        rooms = self._rooms(written)
        self.texts = VGroup()
        for index, room in zip(written, rooms, strict=True):
            color = theme.color("input" if index == clue else "note")
            text = fitted_label(self.words[index], color=color, width=room, size=SMALL)
            self.texts.add(text.move_to([self.places[index], 0, 0]).set_on(_BASE - 0.42))
        super().__init__(self.texts)

    @classmethod
    def of(cls, trace: Trace, clue: int, theme: Theme) -> Self:
        """The last words of a trace; ``clue`` is the place, from 0, of the one that decides."""
        window = Window.last(trace, MOST_STEPS)
        place = clue - window.indices.start
        return cls(window.words(trace), window, theme, clue=place if place >= 0 else None)

    def turn_into(self, other: "WordAxis") -> tuple["WordAxis", *tuple[Animation, ...]]:
        """The axis to go on with, and the animations that bring it: none for the same words."""
        if self.words == other.words and self.window == other.window:
            return (self,)
        return other, FadeOut(self), FadeIn(other)

    def _rooms(self, written: Sequence[int]) -> list[float]:
        """How wide each written word may be: its column, and what its neighbours leave free."""
        color = self.theme.color("note")
        halves = {
            index: min(label(self.words[index], color=color, size=NOTE).width, self.pitch) / 2
            for index in written
        }
        rooms = []
        for index in written:
            beside = [other for other in written if other != index]
            free = [abs(other - index) * self.pitch - halves[other] for other in beside]
            edge = self.pitch * (min(index, len(self.words) - 1 - index) + 0.5)
            least = min([*free, edge + 0.6])
            rooms.append(max(0.9 * self.pitch, 2 * least - 0.16))
        return rooms


@dataclass(frozen=True, repr=False)
class UnitValues(ShortRepr):
    """What a grid shows of a trace's first sequence: values over time, with their name.

    What has no sign lies between 0 and 1 and is coloured as a magnitude. ``limit`` gets the end of
    the colour scale.

    Shapes: values (time, unit)
    """

    values: np.ndarray
    name: str
    signed: bool = False
    limit: float = 1.0

    @classmethod
    def of_cell(cls, trace: Trace) -> Self:
        """The cell state c_t of an LSTM."""
        assert trace.c is not None
        cells = trace.c[0, 0, :, 0]
        return cls(cells, "c_t", signed=True, limit=float(np.abs(cells).max()))

    @classmethod
    def of_gate(cls, trace: Trace, gate: str) -> Self:
        """A gate by its name."""
        return cls(measure.gates(trace)[gate][:, 0], f"{gate}_t")

    def colors(self, window: Window, theme: Theme) -> list[list[ManimColor]]:
        """The colour of each value that is shown, column by column."""
        color = theme.signed if self.signed else theme.magnitude
        shown = self.values[window.indices, :MOST_UNITS] / (self.limit or 1.0)
        return [[color(float(value)) for value in column] for column in shown]


class UnitGrid(VGroup):
    """Values of units over the words, as a grid of coloured cells with a name on its left.

    Of more than ``MOST_UNITS`` units the first are shown.
    """

    def __init__(self, values: UnitValues, axis: WordAxis, theme: Theme):
        self.theme = theme
        self.axis = axis
        colors = values.colors(axis.window, theme)
        units = len(colors[0])
        self.pitch = min(0.42, _HEIGHT / units)
        self.top = _BASE + units * self.pitch
        tile = Rectangle(
            width=axis.pitch * 0.94, height=self.pitch * 0.88, stroke_width=0, fill_opacity=1.0
        )
        self.cells = VGroup(
            *[
                tile.copy().set_fill(color).move_to([x, self.height_of(unit), 0.0])
                for x, column in zip(axis.places, colors, strict=True)
                for unit, color in enumerate(column)
            ]
        )
        self.title = self._titled(values.name)
        self.units = VGroup(
            *[
                label(str(unit), color=theme.color("note"), size=NOTE)
                .move_to([_LEFT - 0.12, 0, 0], aligned_edge=RIGHT)
                .set_on(self.height_of(unit - 1) - 0.08)
                for unit in sorted({1, units})
            ]
        )
        super().__init__(self.cells, self.title, self.units)

    def appear(self, run_time: float = 3.0) -> Animation:
        """The columns come one after the other, as the words are read."""
        count = len(self.axis.places)
        units = len(self.cells) // count

        def show(cells: VGroup, share: float) -> None:
            for index, cell in enumerate(cells):
                reached = share * (count + 2) - index // units
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
        """The grid to go on with, and how it comes: the cells take other colours, or make way."""
        colors = [color for column in values.colors(axis.window, self.theme) for color in column]
        if axis is not self.axis or len(colors) != len(self.cells):
            other = UnitGrid(values, axis, self.theme)
            return other, Succession(FadeOut(self), FadeIn(other), run_time=run_time)
        starts = [cell.get_fill_color() for cell in self.cells]

        def fade(cells: VGroup, share: float) -> None:
            for cell, start, end in zip(cells, starts, colors, strict=True):
                cell.set_fill(end if share == 1 else start.interpolate(end, share))

        return self, AnimationGroup(
            UpdateFromAlphaFunc(self.cells, fade, run_time=run_time),
            Transform(self.title, self._titled(values.name), run_time=run_time),
        )

    def _titled(self, name: str) -> Ink:
        made = formula(name, color=self.theme.color("hidden"), size=0.6)
        return made.move_to([_LEFT - 0.7, (_BASE + self.top) / 2, 0.0])

    def height_of(self, unit: int) -> float:
        """The y of the middle of a unit's row."""
        return self.top - (unit + 0.5) * self.pitch


class KeptRow(VGroup):
    """One unit's row from one word to the last, in a frame, with what is kept of it at its end.

    Where the row holds the ``factors`` that what is kept is the product of, it begins a word later.
    """

    def __init__(self, grid: UnitGrid, kept: Kept, theme: Theme, *, factors: bool = False):
        self.kept = kept
        places, pitch = grid.axis.places, grid.axis.pitch
        begin = max(0, kept.step + factors - grid.axis.window.indices.start)
        left, right = places[begin] - pitch / 2, places[-1] + pitch / 2
        y = grid.height_of(kept.unit)
        self.frame = Rectangle(
            width=right - left + 0.06,
            height=grid.pitch + 0.04,
            stroke_width=4,
            stroke_color=theme.color("text"),
        ).move_to([(left + right) / 2, y, 0.0])
        self.number = label(f"×{number(kept.part)}", color=theme.color("text"), size=SMALL)
        self.number.move_to([right + 0.14, 0, 0], aligned_edge=LEFT).set_on(y - 0.1)
        super().__init__(self.frame, self.number)

    def appear(self, run_time: float = 1.6) -> Animation:
        """The frame draws itself, then the number comes."""
        return Succession(
            Create(self.frame), FadeIn(self.number, shift=0.15 * RIGHT), run_time=run_time
        )


class GradientPaths(VGroup):
    """The gradient at what each cell passes on, over the words, as shares of the last.

    Shapes: norms cell → (time,)
    """

    def __init__(
        self, norms: Mapping[str, np.ndarray], axis: LogAxis, words: WordAxis, theme: Theme
    ):
        self.axis = axis
        self.lines = {
            cell: ValueLine(
                values[words.window.indices],
                words.places,
                axis,
                carried_title(cell),
                theme,
                role=color_of(cell),
            )
            for cell, values in norms.items()
        }
        spread(
            [line.title for line in self.lines.values()],
            [float(line.dots[0].get_y()) for line in self.lines.values()],
        )
        for line in self.lines.values():
            line.title.move_to([_LEFT - 0.15, line.title.get_y(), 0.0], aligned_edge=RIGHT)
        super().__init__(*self.lines.values())

    @classmethod
    def of(
        cls, runs: Mapping[str, Run], words: WordAxis, theme: Theme
    ) -> tuple["GradientPaths", "GradientPaths"]:
        """Those of a network of each cell before and after training, on the same axis."""
        before = {cell: carried_shares(run.untrained) for cell, run in runs.items()}
        after = {cell: carried_shares(run.trace) for cell, run in runs.items()}
        values = np.concatenate([*before.values(), *after.values()])
        axis = LogAxis(values, theme, base=_BASE, height=_HEIGHT, left=_LEFT, right=_RIGHT)
        for line, tick in zip(axis.lines, axis.ticks, strict=True):
            tick.next_to(line, RIGHT, buff=0.15)
        return cls(before, axis, words, theme), cls(after, axis, words, theme)

    def appear(self, run_time: float = 4.0) -> Animation:
        """One line after the other, from the loss back."""
        return LaggedStart(
            *[
                AnimationGroup(Create(line.line), FadeIn(line.dots), FadeIn(line.title))
                for line in self.lines.values()
            ],
            lag_ratio=0.6,
            run_time=run_time,
        )

    def turn_into(self, other: "GradientPaths", run_time: float = 2.6) -> Animation:
        """The lines take other values."""
        return AnimationGroup(
            *[ReplacementTransform(mine, other.lines[cell]) for cell, mine in self.lines.items()],
            run_time=run_time,
        )


class UnitStep(VGroup):
    """How one unit's cell came about at one step, in recorded numbers, with a line that says so."""

    def __init__(self, trace: Trace, kept: Kept, say: Say, theme: Theme):
        unit, step = kept.unit, kept.step
        assert trace.c is not None
        i, f, g, _ = trace.gates[0, 0, step, 0, :, unit]
        before, now = trace.cells_before()[step, 0, unit], trace.c[0, 0, step, 0, unit]
        self.values = tuple(float(value) for value in (now, f, before, i, g))
        c, keep, held, opened, new = map(_signed, self.values)
        c = c.strip("()")
        self.equation = Equation(
            f"{{{{ {c} : c }}}} approx {{{{ {keep} : keep }}}} dot {{{{ {held} : before }}}} + "
            f"{{{{ {opened} dot {new} : write }}}}",
            theme,
            roles={"c": "hidden", "keep": "hidden", "before": "hidden", "write": "input"},
            size=0.62,
        ).move_to([0.0, layout.CENTRE_Y + 0.25, 0.0])
        text = say("unit {unit} at “{word}”, recorded")
        word = isolated(trace.metadata.step_labels[0][step])
        about = text.format(unit=unit + 1, word=word)
        self.about = label(about, color=theme.color("note"), size=SMALL)
        self.about.next_to(self.equation, DOWN, buff=0.45)
        super().__init__(self.equation, self.about)


def _signed(value: float) -> str:
    """A value with two decimals in Typst's notation, a negative one in brackets."""
    text = f"{abs(value):.2f}"
    return f"(-{text})" if value < 0 and float(text) else text


def lstm_equation(theme: Theme) -> Equation:
    """The cell state of an LSTM: what is kept of it, and what is written to it."""
    made = Equation(
        "{{ c_t : c }} = {{ f_t : keep }} dot.o {{ c_(t-1) : before }} + "
        "{{ i_t dot.o g_t : write }} , quad {{ h_t : h }} = o_t dot.o tanh(c_t)",
        theme,
        roles={
            "c": "hidden",
            "keep": "hidden",
            "before": "hidden",
            "write": "input",
            "h": "hidden",
        },
        size=0.48,
    )
    return made.shift(layout.FORMULA_Y * UP)


def gru_equation(theme: Theme) -> Equation:
    """The state of a GRU: what is kept of it, and what is written to it."""
    made = Equation(
        "{{ h_t : h }} = {{ z_t : keep }} dot.o {{ h_(t-1) : before }} + "
        "{{ (1 - z_t) dot.o n_t : write }}",
        theme,
        roles={"h": "hidden", "keep": "hidden", "before": "hidden", "write": "input"},
        size=0.48,
    )
    return made.shift(layout.FORMULA_Y * UP)


def gradient_title(theme: Theme) -> Equation:
    """What the lines over the words are: the gradient at each state over that at the last."""
    made = Equation(
        "norm((partial L_t)/(partial s_k)) \\/ norm((partial L_t)/(partial s_t)) , "
        "quad s in {h, c}",
        theme,
        roles={},
        size=0.42,
    )
    return made.shift(layout.FORMULA_Y * UP)

"""Each input times U: a one-hot vector picks out a column."""

from typing import Final

import numpy as np
from manim import (
    DOWN,
    RIGHT,
    UP,
    Animation,
    AnimationGroup,
    FadeIn,
    FadeOut,
    ReplacementTransform,
    Succession,
    VGroup,
    Wait,
)
from rnnviz.scenes.inputs.frame import CLEARED, framed
from rnnviz.scenes.inputs.one_hot import InputGrid

from rnnviz import measure
from rnnviz.mobjects.color_scale import ColorScale
from rnnviz.mobjects.copies import copy_becomes
from rnnviz.mobjects.labels import LabelColumn, LabelRow
from rnnviz.mobjects.numbers import MINUS, number
from rnnviz.mobjects.strip import MOST_CELLS
from rnnviz.mobjects.text import NOTE, SMALL, formula, label
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.mobjects.value_grid import ValueGrid
from rnnviz.mobjects.window import Window
from rnnviz.mobjects.wording import Say
from rnnviz.trace import Trace

MOST_ROWS: Final = 12
_HIGHEST: Final = 3.6
_Y: Final = 0.35
_X: Final = -4.95
_NAME_WIDTH: Final = 1.4
_U_LEFT: Final = -4.25
_U_WIDE: Final = 4.0
_RESULTS: Final = (0.1, 6.7)
_REST: Final = 0.45


class ColumnPick(VGroup):
    """One x_t, U beside it, and the products U x_t as columns in the order of the steps.

    Of many inputs those are drawn that are not 0 at the steps shown, of many units those that move
    most, and of a cell with gates the rows of U for its candidate.

    Units:  ``limit`` gets the end of the colour scale
    """

    def __init__(self, trace: Trace, window: Window, theme: Theme, say: Say):
        self.theme = theme
        x = trace.x[window.indices, 0].astype(float)
        self.drawn = most_used(x)
        self.x, texts = drawn_inputs(trace, window)
        weights = shown_rows(trace, window)
        self.U = weights[:, self.drawn]
        self.products = x @ weights.T
        self.limit = float(max(np.abs(self.U).max(), np.abs(self.products).max())) or 1.0
        units, inputs = self.U.shape
        high = min(0.42, _HIGHEST / units)
        wide = min(0.42, _U_WIDE / inputs)
        self.matrix = ValueGrid(self.U, theme, pitch=(wide, high), limit=self.limit)
        self.matrix.move_to([_U_LEFT + _U_WIDE / 2, _Y, 0.0])
        self.frame = framed(self.matrix, theme.color("weight"))
        side = min(0.42, _HIGHEST / inputs)
        reach = float(np.abs(self.x).max()) or 1.0
        self.entries = ValueGrid(self.x[0], theme, pitch=(0.42, side), limit=reach)
        self.entries.move_to([_X, _Y, 0.0])
        self.names = LabelColumn(
            texts,
            _X - 0.34,
            [cell.get_y() - 0.1 for cell in self.entries],
            color=theme.color("input"),
            size=SMALL,
            width=_NAME_WIDTH,
        )
        left, right = _RESULTS
        pitch = min(0.85, (right - left) / len(x))
        self.results = ValueGrid(
            self.products.T,
            theme,
            pitch=(pitch, high),
            cell=(0.6 * pitch, 0.9 * high),
            limit=self.limit,
        ).move_to([left + len(x) * pitch / 2, _Y, 0.0])
        above = max(self.matrix.get_top()[1], self.entries.get_top()[1]) + 0.45
        self.words = LabelRow(
            window.words(trace),
            [self.results.at(0, step).get_x() for step in range(len(x))],
            self.results.get_top()[1] + 0.16,
            color=theme.color("input"),
            size=0.3,
            width=0.97 * pitch,
        )
        over = above + (0.4 if inputs <= 2 else 0.0)  # the entry stands over a narrow matrix
        symbol = weights_symbol(trace)
        self.title = self._title(symbol, "weight", self.frame.get_x(), over)
        high_words = max(above + 0.12, float(self.words.get_top()[1]) + 0.3)
        self.result_title = self._title(f"{symbol} x_t", "text", self.results.get_x(), high_words)
        self.step_names = [self._title(f"x_({step})", "input", _X, above) for step in window.steps]
        end = f"{self.limit:.3g}"
        self.legend = ColorScale((f"{MINUS}{end}", f"+{end}"), theme, limit=self.limit)
        self.legend.next_to(self.frame, DOWN, buff=0.16)
        self.left_out = VGroup()
        if inputs < trace.input_size:
            text = say("{drawn} of {count} inputs").format(drawn=inputs, count=trace.input_size)
            noted = label(text, color=theme.color("note"), size=NOTE)
            self.left_out.add(noted.next_to(self.legend, DOWN, buff=0.1))
        self.factors = [self._factor(index) for index in range(len(x))]
        super().__init__(self.matrix, self.frame, self.title, self.legend, self.left_out)

    def begin(self, before: InputGrid) -> Animation:
        """Keep the first column of the inputs, and show U beside it."""
        column = zip(before.cells.column(0), self.entries, strict=True)
        names = zip(before.names, self.names, strict=True)
        return AnimationGroup(
            *[ReplacementTransform(old, new) for old, new in (*column, *names)],
            FadeOut(before.steps[0], run_time=CLEARED),
            Succession(
                Wait(CLEARED),
                FadeIn(
                    self, self.result_title, self.step_names[0], shift=0.2 * RIGHT, run_time=0.7
                ),
            ),
        )

    def look_up(self, index: int, run_time: float = 1.5) -> tuple[Animation, ...]:
        """Show one x_t, and pull out the columns of U that it reads, added up: three moves."""
        changed: list[Animation] = []
        if index:
            changed = [
                self.entries.recolor(self.x[index]),
                FadeOut(self.step_names[index - 1]),
                FadeIn(self.step_names[index]),
                *map(FadeOut, self.factors[index - 1]),
            ]
        read = self._read(index)
        lit = [
            self.matrix.column(place).animate.set_opacity(1.0 if place in read else _REST)
            for place in range(len(self.drawn))
        ]
        lit += [
            name.animate.set_opacity(1.0 if place in read else _REST)
            for place, name in enumerate(self.names)
        ]
        sent = [
            copy_becomes(self._shown(index, place), factor)
            for place, factor in zip(read, self.factors[index], strict=False)
        ]
        sources = VGroup(*[self.matrix.column(place) for place in read]).copy().set_opacity(1.0)
        pulled = [copy_becomes(column, self.results.column(index)) for column in sources[:1]]
        return (
            AnimationGroup(*changed, *lit, run_time=run_time * 0.3),
            AnimationGroup(*sent, Wait(), run_time=run_time * 0.3),
            AnimationGroup(
                *pulled, FadeIn(self.words[index], shift=0.1 * UP), run_time=run_time * 0.4
            ),
        )

    def rest(self) -> Animation:
        """Show all of U again, without the last input's mark."""
        return AnimationGroup(
            self.matrix.animate.set_opacity(1.0),
            self.names.animate.set_opacity(1.0),
            *map(FadeOut, self.factors[-1]),
        )

    def frame_equal(self, color: object) -> list[Animation]:
        """Frame the first two equal products, if there are any."""
        pairs = [
            (one, two)
            for one in range(len(self.x))
            for two in range(one + 1, len(self.x))
            if np.array_equal(self.x[one], self.x[two])
        ]
        return [
            FadeIn(framed(self.results.column(step), color, buff=0.14))
            for step in (pairs[0] if pairs else ())
        ]

    @property
    def one_hot(self) -> bool:
        """Whether every x_t shown is one-hot."""
        return bool(np.isin(self.x, (0.0, 1.0)).all() and (self.x.sum(axis=-1) == 1.0).all())

    def _read(self, index: int) -> list[int]:
        return [place for place, value in enumerate(self.x[index]) if value] or [0]

    def _shown(self, index: int, place: int) -> VGroup:
        """Return an entry of x_t as it is written above its column, at its cell."""
        text = self._written(index, place)
        return text.move_to(self.entries[place])

    def _written(self, index: int, place: int) -> VGroup:
        value = float(self.x[index, place])
        text = f"{value:zg}" if value.is_integer() else number(value)
        return label(text, color=self.theme.color("input"), size=SMALL)

    def _factor(self, index: int) -> VGroup:
        """Return the one entry that is not 0 above the column that it is multiplied by."""
        read = self._read(index)
        if len(read) > 1:
            return VGroup()
        column = self.matrix.column(read[0])
        return VGroup(self._written(index, read[0]).next_to(column, UP, buff=0.12))

    def _title(self, source: str, role: Role, x: float, y: float) -> VGroup:
        return formula(source, color=self.theme.color(role), size=0.46).move_to([x, y, 0.0])


def drawn_inputs(trace: Trace, window: Window) -> tuple[np.ndarray, list[str]]:
    """Return the inputs (time, drawn) at the steps of a window, and the names of their entries."""
    x = trace.x[window.indices, 0].astype(float)
    drawn = most_used(x)
    known = trace.metadata.input_labels or [str(i + 1) for i in range(trace.input_size)]
    return x[:, drawn], [known[index] for index in drawn]


def shown_units(trace: Trace, window: Window) -> np.ndarray:
    """Return the units whose rows of U are drawn: those that move most."""
    states = trace.h if trace.c is None else trace.c
    return measure.most_moving(states[0, 0, window.indices, 0], MOST_CELLS)


def shown_rows(trace: Trace, window: Window) -> np.ndarray:
    """Return the rows of U that are drawn, (unit, input); of a cell with gates its candidate's."""
    gate = trace.cell.candidate
    place = trace.cell.gates.index(gate) if gate else 0
    rows = np.split(trace.U, len(trace.cell.gates))[place]
    return np.asarray(rows[shown_units(trace, window)])


def weights_symbol(trace: Trace) -> str:
    """Return the symbol of the drawn rows of U: U, or U_g of an LSTM's candidate g."""
    gate = trace.cell.candidate
    return f"U_{gate}" if gate else "U"


def most_used(x: np.ndarray) -> np.ndarray:
    """Return the indices of the entries of inputs (time, input) that are drawn, in order."""
    used = (x != 0).any(axis=0)
    chosen = np.argsort(~used, kind="stable")[:MOST_ROWS]
    return np.sort(chosen)

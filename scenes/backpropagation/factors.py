"""The factors of a gradient as arrays, and their products."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from manim import (
    DOWN,
    UP,
    Animation,
    AnimationGroup,
    FadeIn,
    FadeOut,
    LaggedStart,
    Succession,
    SurroundingRectangle,
    VGroup,
    VMobject,
)
from rnnviz.scenes.backpropagation.chain_states import MOST_UNITS, CellRule

from rnnviz.measure.chain_rule import ChainRule
from rnnviz.mobjects.copies import copy_becomes
from rnnviz.mobjects.matrix import Matrix
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.terms import Terms
from rnnviz.mobjects.text import Ink, formula, label
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.trace import Trace

Shown = np.ndarray | slice
"""Which rows or columns of an array are shown."""
FIRST: Final = slice(MOST_UNITS)
_HEIGHT: Final = 1.5
_WIDEST: Final = 0.34
_MIDDLE_Y: Final = -1.1
_SCALE: Final = 0.3


class ScaledArray(VGroup):
    """An array with a colour scale of its own, whose limit is written below.

    ``rows`` and ``columns`` are those that are shown, by default the first eight; the limit is that
    of the whole array.

    Shapes: values (rows, columns), or (rows,) for a column
    """

    def __init__(
        self,
        values: np.ndarray,
        title: str,
        theme: Theme,
        role: Role,
        cell: float,
        *,
        rows: Shown = FIRST,
        columns: Shown = FIRST,
    ):
        shown = np.asarray(values, dtype=float)[rows]
        shown = shown[:, columns] if shown.ndim == 2 else shown
        self.limit = float(np.abs(values).max())
        self.grid = Matrix(shown, theme, cell=cell, limit=self.limit, role=role)
        self.frame = self.grid.frame
        self.title = formula(title, color=theme.color(role), size=0.35)
        self.title.next_to(self.frame, UP, buff=0.12)
        scale = f"±{number(self.limit)}" if self.limit else "0"
        self.scale_mark = label(scale, color=theme.color("note"), size=_SCALE)
        self.scale_mark.next_to(self.frame, DOWN, buff=0.08)
        super().__init__(self.grid, self.title, self.scale_mark)


class Product(Terms):
    """Arrays with signs between them; the last one is the result of the others.

    ``entry`` are the cells of the factors that make one entry of the result, and that entry.
    """

    def __init__(self, parts: Sequence[ScaledArray | str], theme: Theme, entry: Sequence[VMobject]):
        super().__init__(parts, theme, gap=0.42)
        self.shift(_MIDDLE_Y * UP)
        self.result: ScaledArray = self.parts[-1]
        self.entry = entry
        self.ring_color = theme.color("text")

    def form(self, sources: Mapping[int, VMobject], run_time: float = 2.4) -> Animation:
        """Bring the factors from where they stand, then press them into the result.

        ``sources`` are the drawings that factors come from, by the place of the part; the other
        factors fade in.
        """
        coming = []
        for place, part in enumerate(self.parts[:-1]):
            if place in sources:
                about = VGroup(part.grid.frame, part.title, part.scale_mark)
                moving = _out_of(sources[place], part.grid.cells)
                coming.append(AnimationGroup(moving, FadeIn(about)))
            else:
                coming.append(FadeIn(part, shift=0.12 * UP))
        factors = [part.grid.cells for part in self.parts[:-1] if isinstance(part, ScaledArray)]
        pressed = [
            FadeOut(cells.copy(), target_position=self.result.grid, introducer=True)
            for cells in factors
        ]
        return Succession(
            LaggedStart(*coming, lag_ratio=0.35, run_time=0.62 * run_time),
            AnimationGroup(*pressed, FadeIn(self.result), run_time=0.38 * run_time),
        )

    def point_out(self, run_time: float = 0.8) -> Animation:
        """Frame what makes one entry, then the entry."""
        rings = VGroup(
            *[
                SurroundingRectangle(cells, color=self.ring_color, buff=0.02, stroke_width=2.5)
                for cells in self.entry
            ]
        )
        self.add(rings.set_z_index(2))
        return Succession(FadeIn(*rings[:-1]), FadeIn(rings[-1]), run_time=run_time)


def _out_of(source: VMobject, cells: VMobject) -> Animation:
    """Return an animation that brings cells from a drawing: a copy of it, unless that is a text."""
    if isinstance(source, Ink):
        return FadeIn(cells, target_position=source, scale=0.2)
    return copy_becomes(source, cells)


def cell_side(*sizes: int, height: float = _HEIGHT) -> float:
    """Return the side of cells of which the longest array has a height."""
    return min(_WIDEST, height / min(MOST_UNITS, max(sizes)))


def of_v(rule: ChainRule, trace: Trace, units: np.ndarray, theme: Theme) -> Product:
    """Return ∂L_t/∂V, the gradient at the scores times the state that V multiplies."""
    t, h = trace.steps, trace.h[0, 0, -1, 0]
    cell = cell_side(len(rule.at_output), len(h))
    scores = ScaledArray(rule.at_output, _at(t, f"o_({t})"), theme, "gradient", cell)
    state = ScaledArray(h[None, :], f"h_({t})^T", theme, "hidden", cell, columns=units)
    result = ScaledArray(rule.of_v, _at(t, "V"), theme, "gradient", cell, columns=units)
    parts: list[ScaledArray | str] = [scores, "dot", state, "=", result]
    return Product(parts, theme, _outer(scores, state, result))


def into_state(rule: ChainRule, trace: Trace, units: np.ndarray, theme: Theme) -> Product:
    """Return ∂L_t/∂h_t, the gradient at the scores through V transposed."""
    t = trace.steps
    cell = cell_side(trace.hidden_size, len(rule.at_output))
    weights = ScaledArray(rule.V.T, "V^T", theme, "weight", cell, rows=units)
    scores = ScaledArray(rule.at_output, _at(t, f"o_({t})"), theme, "gradient", cell)
    at = _at(t, f"h_({t})")
    result = ScaledArray(rule.at_states[-1], at, theme, "gradient", cell, rows=units)
    parts: list[ScaledArray | str] = [weights, "dot", scores, "=", result]
    return Product(parts, theme, _row_times(weights, [scores], result))


def term_of_w(rule: ChainRule, trace: Trace, units: np.ndarray, step: int, theme: Theme) -> Product:
    """Return the term of one use of W: gradient times slopes, times the state before."""
    t, cell = trace.steps, cell_side(trace.hidden_size)
    before = trace.states_before()[step - 1, 0]
    gradient, slopes = _at_sum(rule, units, t, step, cell, theme)
    name = f"h_({step - 1})^T"
    state = ScaledArray(before[None, :], name, theme, "hidden", cell, columns=units)
    title = f"{_at(t, f'h_({step})')} (partial^+ h_({step}))/(partial W)"
    term, both = rule.terms_w[step - 1], {"rows": units, "columns": units}
    result = ScaledArray(term, title, theme, "gradient", cell, **both)
    parts: list[ScaledArray | str] = [
        "(",
        gradient,
        "dot.o",
        slopes,
        ")",
        "dot",
        state,
        "=",
        result,
    ]
    at_unit = gradient.grid.cells.at(largest_entry(result.grid.values)[0], 0)
    return Product(parts, theme, [at_unit, *_outer(slopes, state, result)])


def step_back(rule: ChainRule, trace: Trace, units: np.ndarray, step: int, theme: Theme) -> Product:
    """Return the way from ∂L_t/∂h_k to ∂L_t/∂h_{k−1}: slopes, then W transposed."""
    t, cell = trace.steps, cell_side(trace.hidden_size)
    weights = ScaledArray(trace.W.T, "W^T", theme, "weight", cell, rows=units, columns=units)
    gradient, slopes = _at_sum(rule, units, t, step, cell, theme)
    at = _at(t, f"h_({step - 1})")
    result = ScaledArray(rule.at_states[step - 2], at, theme, "gradient", cell, rows=units)
    parts: list[ScaledArray | str] = [weights, "(", gradient, "dot.o", slopes, ")", "=", result]
    return Product(parts, theme, _row_times(weights, [gradient, slopes], result))


def jacobian_back(
    rule: CellRule, symbol: str, units: np.ndarray, loss: int, step: int, theme: Theme
) -> Product:
    """Return the way from ∂L_t/∂s_k to ∂L_t/∂s_{k−1} of any cell: its Jacobian, transposed."""
    cell = cell_side(len(units))
    transposed = rule.jacobian(step).T[units[:, None], units]
    title = f"((partial {symbol}_({step}))/(partial {symbol}_({step - 1})))^T"
    jacobian = ScaledArray(transposed, title, theme, "hidden", cell)
    gradient, result = (
        ScaledArray(
            rule.at_states[each - 1][units], _at(loss, f"{symbol}_({each})"), theme,
            "gradient", cell,
        )
        for each in (step, step - 1)
    )  # fmt: skip
    parts: list[ScaledArray | str] = [jacobian, "dot", gradient, "=", result]
    return Product(parts, theme, _row_times(jacobian, [gradient], result))


def largest_entry(values: np.ndarray) -> tuple[int, int]:
    """Return the row and the column of the entry that is farthest from 0."""
    row, column = np.unravel_index(np.abs(values).argmax(), values.shape)
    return int(row), int(column)


def _at_sum(
    rule: ChainRule, units: np.ndarray, loss: int, step: int, cell: float, theme: Theme
) -> tuple[ScaledArray, ScaledArray]:
    """Return the gradient at the state of a step, and the slopes there."""
    at = _at(loss, f"h_({step})")
    return (
        ScaledArray(rule.at_states[step - 1], at, theme, "gradient", cell, rows=units),
        ScaledArray(rule.slopes[step - 1], f"1 - h_({step})^2", theme, "hidden", cell, rows=units),
    )


def _outer(column: ScaledArray, row: ScaledArray, result: ScaledArray) -> list[VMobject]:
    """Return the cell of a column and the cell of a row that make the largest entry, and it."""
    i, j = largest_entry(result.grid.values)
    places = ((column, (i, 0)), (row, (0, j)), (result, (i, j)))
    return [part.grid.cells.at(*place) for part, place in places]


def _row_times(
    weights: ScaledArray, columns: Sequence[ScaledArray], result: ScaledArray
) -> list[VMobject]:
    """Return the row and the columns that make the largest entry of a column, and that entry."""
    i, _ = largest_entry(result.grid.values)
    whole = [part.grid.cells for part in columns]
    return [weights.grid.cells.row(i), *whole, result.grid.cells.at(i, 0)]


def _at(step: int, place: str) -> str:
    return f"(partial L_({step}))/(partial {place})"

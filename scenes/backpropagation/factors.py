"""The factors of a gradient as arrays."""

from typing import Final

import numpy as np
from manim import DOWN, UP, VGroup

from rnnviz.measure.chain_rule import ChainRule
from rnnviz.mobjects.matrix import Matrix
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.terms import Terms
from rnnviz.mobjects.text import NOTE, formula, label
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.trace import Trace

MOST_UNITS: Final = 8
_HEIGHT: Final = 2.3
_WIDEST: Final = 0.34
MIDDLE_Y: Final = 0.15


class ScaledArray(VGroup):
    """An array with a colour scale of its own, whose limit is written below.

    Of more than eight rows or columns the first are shown; the limit is that of the whole array.

    Shapes: values (rows, columns), or (rows,) for a column
    """

    def __init__(self, values: np.ndarray, title: str, theme: Theme, role: Role, cell: float):
        rows = np.asarray(values, dtype=float)[:MOST_UNITS]
        shown = rows[:, :MOST_UNITS] if rows.ndim == 2 else rows
        self.limit = float(np.abs(values).max())
        self.grid = Matrix(shown, theme, cell=cell, limit=self.limit, role=role)
        self.frame = self.grid.frame
        self.title = formula(title, color=theme.color(role), size=0.38)
        self.title.next_to(self.frame, UP, buff=0.12)
        scale = f"±{number(self.limit)}" if self.limit else "0"
        self.scale_mark = label(scale, color=theme.color("note"), size=NOTE)
        self.scale_mark.next_to(self.frame, DOWN, buff=0.1)
        super().__init__(self.grid, self.title, self.scale_mark)


def cell_side(*sizes: int, height: float = _HEIGHT) -> float:
    """Return the side of cells of which the longest array has a height."""
    return min(_WIDEST, height / min(MOST_UNITS, max(sizes)))


def output_product(rule: ChainRule, trace: Trace, theme: Theme) -> Terms:
    """Return ∂L_t/∂V, the gradient at the scores times the state before them."""
    t, h = trace.steps, trace.h[0, 0, -1, 0]
    cell = cell_side(len(rule.at_output), len(h))
    return Terms(
        [
            ScaledArray(
                rule.at_output, f"(partial L_({t}))/(partial o_({t}))", theme, "gradient", cell
            ),
            "dot",
            ScaledArray(h[None, :], f"h_({t})^T", theme, "hidden", cell),
            "=",
            ScaledArray(rule.of_v, f"(partial L_({t}))/(partial V)", theme, "gradient", cell),
        ],
        theme,
    ).shift(MIDDLE_Y * UP)


def step_back(rule: ChainRule, trace: Trace, theme: Theme) -> Terms:
    """Return the step from ∂L_t/∂h_t to ∂L_t/∂h_{t−1}: slopes, then W transposed."""
    t = trace.steps
    cell = cell_side(trace.hidden_size)
    at = [f"(partial L_({t}))/(partial h_({k}))" for k in (t - 1, t)]
    return Terms(
        [
            ScaledArray(rule.at_states[t - 2], at[0], theme, "gradient", cell),
            "=",
            ScaledArray(trace.W.T, "W^T", theme, "weight", cell),
            "(",
            ScaledArray(rule.slopes[t - 1], f"1 - h_({t})^2", theme, "hidden", cell),
            "dot.o",
            ScaledArray(rule.at_states[t - 1], at[1], theme, "gradient", cell),
            ")",
        ],
        theme,
        gap=0.3,
    ).shift(MIDDLE_Y * UP)

"""The factors of a gradient as arrays: products, outer products, their sum beside autograd's."""

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
    Indicate,
    LaggedStart,
    Succession,
    VGroup,
)

from rnnviz.measure.chain_rule import ChainRule
from rnnviz.mobjects.matrix import Matrix
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.terms import Terms
from rnnviz.mobjects.text import NOTE, SMALL, formula, label
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.trace import Trace

MOST_UNITS: Final = 8
_HEIGHT: Final = 2.3
_WIDEST: Final = 0.34
_TERM_HEIGHT: Final = 1.6
_SLOT: Final = 2.55
_MIDDLE_Y: Final = 0.15


class ScaledArray(VGroup):
    """An array of its own scale: a title above, below the value that its full colour stands for.

    Of more than eight rows or columns the first are shown; the scale is that of the whole.

    Shapes: values (rows, columns)
    """

    def __init__(self, values: np.ndarray, title: str, theme: Theme, *, role: Role, cell: float):
        whole = np.atleast_2d(np.asarray(values, dtype=float))
        self.limit = float(np.abs(whole).max())
        self.grid = Matrix(
            whole[:MOST_UNITS, :MOST_UNITS], theme, cell=cell, limit=self.limit, role=role
        )
        self.frame = self.grid.frame
        self.title = formula(title, color=theme.color(role), size=0.38)
        self.title.next_to(self.frame, UP, buff=0.12)
        told = f"±{number(self.limit)}" if self.limit else "0"
        self.scale_mark = label(told, color=theme.color("note"), size=NOTE)
        self.scale_mark.next_to(self.frame, DOWN, buff=0.1)
        super().__init__(self.grid, self.title, self.scale_mark)


def column(values: np.ndarray, title: str, theme: Theme, role: Role, cell: float) -> ScaledArray:
    """A vector (rows,) standing."""
    return ScaledArray(np.asarray(values)[:, None], title, theme, role=role, cell=cell)


def row(values: np.ndarray, title: str, theme: Theme, role: Role, cell: float) -> ScaledArray:
    """A vector (columns,) lying."""
    return ScaledArray(np.asarray(values)[None, :], title, theme, role=role, cell=cell)


def _cell(*sizes: int, height: float = _HEIGHT) -> float:
    return min(_WIDEST, height / min(MOST_UNITS, max(sizes)))


def output_product(rule: ChainRule, trace: Trace, theme: Theme) -> Terms:
    """∂L_t/∂V: the gradient at the scores times the state that made them."""
    t, h = trace.steps, trace.h[0, 0, -1, 0]
    cell = _cell(len(rule.at_output), len(h))
    return Terms(
        [
            column(rule.at_output, f"(partial L_({t}))/(partial o_({t}))", theme, "gradient", cell),
            "dot",
            row(h, f"h_({t})^T", theme, "hidden", cell),
            "=",
            ScaledArray(
                rule.of_v, f"(partial L_({t}))/(partial V)", theme, role="gradient", cell=cell
            ),
        ],
        theme,
    ).shift(_MIDDLE_Y * UP)


def step_back(rule: ChainRule, trace: Trace, theme: Theme) -> Terms:
    """From ∂L_t/∂h_t to the state before: the slopes of the step, then W transposed."""
    t = trace.steps
    cell = _cell(trace.hidden_size)
    at = [f"(partial L_({t}))/(partial h_({k}))" for k in (t - 1, t)]
    return Terms(
        [
            column(rule.at_states[t - 2], at[0], theme, "gradient", cell),
            "=",
            ScaledArray(trace.W.T, "W^T", theme, role="weight", cell=cell),
            "(",
            column(rule.slopes[t - 1], f"1 - h_({t})^2", theme, "hidden", cell),
            "dot.o",
            column(rule.at_states[t - 1], at[1], theme, "gradient", cell),
            ")",
        ],
        theme,
        gap=0.3,
    ).shift(_MIDDLE_Y * UP)


class OuterProduct(VGroup):
    """One step's term: the gradient at its sum on the left, the state before it above, and in
    each cell their product.
    """

    def __init__(self, rule: ChainRule, trace: Trace, k: int, theme: Theme):
        cell = _cell(trace.hidden_size, height=_TERM_HEIGHT)
        before = trace.states_before()[k - 1, 0]
        self.term = Matrix(
            rule.terms_w[k - 1][:MOST_UNITS, :MOST_UNITS],
            theme,
            cell=cell,
            limit=float(np.abs(rule.terms_w).max()),
            role="gradient",
        )
        self.left = _bare(rule.at_sums[k - 1][:, None], theme, "gradient", cell)
        self.left.next_to(self.term, LEFT, buff=0.1)
        self.above = _bare(before[None, :], theme, "hidden", cell)
        self.above.next_to(self.term, UP, buff=0.1)
        self.step_mark = formula(f"k = {k}", color=theme.color("text"), size=0.4)
        self.step_mark.next_to(self.term, DOWN, buff=0.2)
        super().__init__(self.term, self.left, self.above, self.step_mark)

    def grow(self) -> Animation:
        """The two vectors, then what they make."""
        return Succession(
            AnimationGroup(
                FadeIn(self.left, shift=0.1 * RIGHT), FadeIn(self.above, shift=0.1 * DOWN)
            ),
            AnimationGroup(FadeIn(self.term, lag_ratio=0.01), FadeIn(self.step_mark)),
        )


def _bare(values: np.ndarray, theme: Theme, role: Role, cell: float) -> Matrix:
    limit = float(np.abs(values).max())
    return Matrix(values[:MOST_UNITS, :MOST_UNITS], theme, cell=cell, limit=limit, role=role)


class TermSum(VGroup):
    """The terms of all steps from the last back, their sum, and autograd's gradient beside it."""

    def __init__(self, rule: ChainRule, trace: Trace, theme: Theme, own: str, theirs: str):
        self.theme, self.trace, self.rule = theme, trace, rule
        steps = range(trace.steps, 0, -1)
        slots = len(steps) + 2
        xs = (np.arange(slots) - (slots - 1) / 2) * _SLOT + 0.2
        self.products = [OuterProduct(rule, trace, k, theme) for k in steps]
        cell = _cell(trace.hidden_size, height=_TERM_HEIGHT)
        self.limit = float(np.abs(rule.terms_w).max())
        gradient = trace.gradients or {}
        self.autograd = gradient[trace.parameter_name("weight_hh")]
        made = rule.terms_w.sum(axis=0)
        self.total, self.other = (
            Matrix(
                values[:MOST_UNITS, :MOST_UNITS],
                theme,
                cell=cell,
                limit=self.limit,
                role="gradient",
            )
            for values in (made, self.autograd)
        )
        self.names = VGroup(
            *[label(text, color=theme.color("text"), size=SMALL) for text in (own, theirs)]
        )
        matrices = [*[product.term for product in self.products], self.total, self.other]
        wholes: list[VGroup] = [*self.products, self.total, self.other]
        for x, matrix, whole in zip(xs, matrices, wholes, strict=True):
            whole.shift((x - matrix.get_x()) * RIGHT + (_MIDDLE_Y - matrix.get_y()) * UP)
        for name, matrix in zip(self.names, (self.total, self.other), strict=True):
            name.next_to(matrix, DOWN, buff=0.24)
        signs = ["+"] * (len(steps) - 1) + ["="]
        self.signs = VGroup(
            *[
                formula(sign, color=theme.color("note"), size=0.5).move_to(
                    [(left + right) / 2, _MIDDLE_Y, 0]
                )
                for sign, left, right in zip(signs, xs, xs[1:], strict=False)
            ]
        )
        self.counts = VGroup(
            *[
                formula(f"{count} times", color=theme.color("gradient"), size=0.44).next_to(
                    product.term, UP, buff=0.2
                )
                for count, product in enumerate(self.products, start=1)
            ]
        )
        super().__init__(*self.products, self.signs, self.total, self.other, self.names)

    def grow_terms(self) -> Animation:
        """One term after the other, from the last step back."""
        return LaggedStart(*[each.grow() for each in self.products], lag_ratio=0.6, run_time=6.0)

    def add_up(self) -> Animation:
        """The terms become their sum."""
        vectors = [part for each in self.products for part in (each.left, each.above)]
        going = [FadeOut(each.term.copy(), target_position=self.total) for each in self.products]
        return Succession(
            AnimationGroup(FadeOut(*vectors), FadeIn(self.signs)),
            AnimationGroup(*going, FadeIn(self.total), run_time=1.6),
            FadeIn(self.names[0]),
        )

    def compare(self) -> Animation:
        """Autograd's own gradient appears beside the sum."""
        return Succession(
            AnimationGroup(FadeIn(self.other, lag_ratio=0.01), FadeIn(self.names[1])),
            AnimationGroup(
                Indicate(self.total, scale_factor=1.08, color=None),
                Indicate(self.other, scale_factor=1.08, color=None),
            ),
        )

    def count_twice(self) -> Animation:
        """Each term is counted as often as there are steps from it to the loss."""
        return Succession(
            LaggedStart(*[FadeIn(count, shift=0.1 * DOWN) for count in self.counts], lag_ratio=0.4),
            self.total.recolor(self.rule.twice[:MOST_UNITS, :MOST_UNITS]),
            run_time=3.0,
        )

    def count_once(self) -> Animation:
        """Back to the sum of the direct terms."""
        return AnimationGroup(
            FadeOut(self.counts),
            self.total.recolor(self.rule.terms_w.sum(axis=0)[:MOST_UNITS, :MOST_UNITS]),
        )

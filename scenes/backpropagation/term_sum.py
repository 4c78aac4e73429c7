"""The terms of the gradient of W, and their sum beside autograd's."""

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
from rnnviz.scenes.backpropagation.factors import MIDDLE_Y, MOST_UNITS, cell_side

from rnnviz.measure.chain_rule import ChainRule
from rnnviz.mobjects.labels import FormulaRow
from rnnviz.mobjects.matrix import Matrix
from rnnviz.mobjects.text import SMALL, formula, label
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.trace import Trace

_TERM_HEIGHT: Final = 1.6
_SLOT: Final = 2.55


class OuterProduct(VGroup):
    """One step's term: the gradient at its sum on the left, the state before it above, and in
    each cell their product.
    """

    def __init__(self, rule: ChainRule, trace: Trace, k: int, theme: Theme):
        cell = cell_side(trace.hidden_size, height=_TERM_HEIGHT)
        before = trace.states_before()[k - 1, 0]
        limit = float(np.abs(rule.terms_w).max())
        self.term = _matrix(rule.terms_w[k - 1], theme, "gradient", cell, limit)
        self.left = _matrix(rule.at_sums[k - 1][:, None], theme, "gradient", cell)
        self.left.next_to(self.term, LEFT, buff=0.1)
        self.above = _matrix(before[None, :], theme, "hidden", cell)
        self.above.next_to(self.term, UP, buff=0.1)
        self.step_mark = formula(f"k = {k}", color=theme.color("text"), size=0.4)
        self.step_mark.next_to(self.term, DOWN, buff=0.2)
        super().__init__(self.term, self.left, self.above, self.step_mark)

    def grow(self) -> Animation:
        """Show the two vectors, then their product."""
        return Succession(
            AnimationGroup(
                FadeIn(self.left, shift=0.1 * RIGHT), FadeIn(self.above, shift=0.1 * DOWN)
            ),
            AnimationGroup(FadeIn(self.term, lag_ratio=0.01), FadeIn(self.step_mark)),
        )


class TermSum(VGroup):
    """The terms of all steps from the last back, their sum, and autograd's gradient."""

    def __init__(self, rule: ChainRule, trace: Trace, theme: Theme, own: str, theirs: str):
        self.rule = rule
        steps = range(trace.steps, 0, -1)
        slots = len(steps) + 2
        xs = (np.arange(slots) - (slots - 1) / 2) * _SLOT + 0.2
        self.products = [OuterProduct(rule, trace, k, theme) for k in steps]
        cell = cell_side(trace.hidden_size, height=_TERM_HEIGHT)
        self.limit = float(np.abs(rule.terms_w).max())
        gradient = trace.gradients or {}
        self.autograd = gradient[trace.parameter_name("weight_hh")]
        total = rule.terms_w.sum(axis=0)
        self.total, self.other = (
            _matrix(values, theme, "gradient", cell, self.limit)
            for values in (total, self.autograd)
        )
        self.names = VGroup(
            *[label(text, color=theme.color("text"), size=SMALL) for text in (own, theirs)]
        )
        matrices = [*[product.term for product in self.products], self.total, self.other]
        wholes: list[VGroup] = [*self.products, self.total, self.other]
        for x, matrix, whole in zip(xs, matrices, wholes, strict=True):
            whole.shift((x - matrix.get_x()) * RIGHT + (MIDDLE_Y - matrix.get_y()) * UP)
        for name, matrix in zip(self.names, (self.total, self.other), strict=True):
            name.next_to(matrix, DOWN, buff=0.24)
        signs = ["+"] * (len(steps) - 1) + ["="]
        between = (xs[:-1] + xs[1:])[: len(signs)] / 2
        self.signs = FormulaRow(signs, between, MIDDLE_Y, color=theme.color("note"), size=0.5)
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
        """Show one term after the other, from the last step back."""
        return LaggedStart(*[each.grow() for each in self.products], lag_ratio=0.6, run_time=6.0)

    def add_up(self) -> Animation:
        """Turn the terms into their sum."""
        vectors = [part for each in self.products for part in (each.left, each.above)]
        going = [FadeOut(each.term.copy(), target_position=self.total) for each in self.products]
        return Succession(
            AnimationGroup(FadeOut(*vectors), FadeIn(self.signs)),
            AnimationGroup(*going, FadeIn(self.total), run_time=1.6),
            FadeIn(self.names[0]),
        )

    def compare(self) -> Animation:
        """Show autograd's gradient beside the sum."""
        return Succession(
            AnimationGroup(FadeIn(self.other, lag_ratio=0.01), FadeIn(self.names[1])),
            AnimationGroup(
                Indicate(self.total, scale_factor=1.08, color=None),
                Indicate(self.other, scale_factor=1.08, color=None),
            ),
        )

    def count_twice(self) -> Animation:
        """Count each term as often as there are steps from it to the loss."""
        return Succession(
            LaggedStart(*[FadeIn(count, shift=0.1 * DOWN) for count in self.counts], lag_ratio=0.4),
            self.total.cells.recolor(self.rule.twice),
            run_time=3.0,
        )

    def count_once(self) -> Animation:
        """Return to the sum of the immediate terms."""
        return AnimationGroup(
            FadeOut(self.counts), self.total.cells.recolor(self.rule.terms_w.sum(axis=0))
        )


def _matrix(
    values: np.ndarray, theme: Theme, role: Role, cell: float, limit: float | None = None
) -> Matrix:
    return Matrix(
        values[:MOST_UNITS, :MOST_UNITS],
        theme,
        cell=cell,
        limit=float(np.abs(values).max()) if limit is None else limit,
        role=role,
    )

"""Terms that add up, and their sum beside autograd's gradient."""

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
    Succession,
    VGroup,
)

from rnnviz.mobjects.copies import copy_becomes
from rnnviz.mobjects.matrix import Matrix
from rnnviz.mobjects.text import formula, label
from rnnviz.mobjects.theme import Role, Theme

_MIDDLE_Y: Final = -1.05
_LOW_Y: Final = -1.42
_SIDE: Final = 2.0
_SMALL_SIDE: Final = 1.4
_APART: Final = 1.3
_ABOVE: Final = 0.25
_NAME_ROLES: Final[tuple[Role, ...]] = ("text", "text", "note")
_NAME_SIZES: Final = (0.34, 0.34, 0.3)


class TermSum(VGroup):
    """A sum of terms, which land on it one by one, and autograd's gradient beside it.

    Rows and columns are those of all units, or of some ``units``. If terms of steps before
    ``begin`` are left out, the sum says so. ``low`` leaves room for a term of each step above it.

    Shapes: terms (terms, hidden, hidden), ``other`` (hidden, hidden)
    """

    def __init__(
        self,
        terms: np.ndarray,
        step: int,
        theme: Theme,
        names: tuple[str, str, str] | None = None,
        other: np.ndarray | None = None,
        *,
        units: np.ndarray | None = None,
        begin: int | None = None,
        low: bool = False,
    ):
        shown = (slice(None), slice(None)) if units is None else np.ix_(units, units)
        self.terms = terms[(slice(None), *shown)]
        limit = float(np.abs(terms).max())
        y, side = (_LOW_Y, _SMALL_SIDE) if low or other is not None else (_MIDDLE_Y, _SIDE)
        cell = side / self.terms.shape[1]
        self.total = Matrix(
            np.zeros_like(self.terms[0]), theme, cell=cell, limit=limit, role="gradient"
        ).stand(0.0, y)
        self.other, self.names, self.sign = VGroup(), VGroup(), VGroup()
        self.names.add(
            formula(f"{_left(step, begin)} =", color=theme.color("text"), size=0.46).next_to(
                self.total.frame, LEFT, buff=0.25
            )
        )
        if other is not None and names is not None:
            self.names.remove(*self.names)
            self.total.stand(-_APART, y)
            self.other = Matrix(other[shown], theme, cell=cell, limit=limit, role="gradient").stand(
                _APART, y
            )
            self.sign = formula("=", color=theme.color("text"), size=0.6).move_to([0.0, y, 0.0])
            left, right, apart = (
                label(text, color=theme.color(role), size=size)
                for text, role, size in zip(names, _NAME_ROLES, _NAME_SIZES, strict=True)
            )
            left.next_to(self.total.frame, LEFT, buff=0.3)
            right.next_to(self.other.frame, RIGHT, buff=0.3).shift(_ABOVE * UP)
            apart.next_to(right, DOWN, buff=0.15, aligned_edge=LEFT)
            self.names.add(left, right, apart)
        super().__init__(self.total, self.other, self.names, self.sign)

    def land(self, place: int, card: Matrix, run_time: float = 0.4) -> Animation:
        """Let one term land: the first becomes the sum, the others change it."""
        values = self.terms[: place + 1].sum(axis=0)
        if place == 0:
            self.total.cells.set_values(values)
            about = VGroup(self.total.frame, self.total.title, *self.names[:1])
            moving = copy_becomes(card.cells, self.total.cells)
            return AnimationGroup(FadeIn(about), moving, run_time=run_time)
        flying = card.cells.copy().set_z_index(4)
        return AnimationGroup(
            FadeOut(flying, target_position=self.total, introducer=True),
            self.total.cells.recolor(values),
            run_time=run_time,
        )  # fmt: skip

    def compare(self) -> Animation:
        """Show the other array beside the sum."""
        return Succession(
            FadeIn(self.other, self.sign, *self.names[1:], run_time=0.6),
            AnimationGroup(
                Indicate(self.total, scale_factor=1.06, color=None),
                Indicate(self.other, scale_factor=1.06, color=None),
                run_time=0.8,
            ),
        )


def _left(step: int, begin: int | None) -> str:
    if begin is None:
        return f"(partial L_({step}))/(partial W)"
    return f"sum_(k={begin})^({step}) (partial L_({step}))/(partial W_k)"

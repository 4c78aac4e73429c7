"""Norms of W and of its powers, and a clipped gradient, as bars."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, FadeIn, Succession, VGroup

from rnnviz.mobjects.bar_chart import BarChart
from rnnviz.mobjects.labels import FormulaRow
from rnnviz.mobjects.matrix import Matrix
from rnnviz.mobjects.named_bars import NamedBars
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.text import SMALL, label
from rnnviz.mobjects.theme import Theme

_COLUMN: Final = 6.2
_BASE: Final = -1.35
_DECIMALS: Final = 9


class SizesOfW(VGroup):
    """σ₁ and ρ of several recurrent weights as bars.

    Shapes: sizes name → (σ₁, ρ)
    """

    def __init__(self, sizes: Mapping[str, Sequence[float]], theme: Theme):
        most = max(max(pair) for pair in sizes.values())
        self.groups = VGroup()
        for name, pair in sizes.items():
            bars = NamedBars(("σ₁", "ρ"), pair, theme, role="weight", width=4.6, row=0.5, full=most)
            title = label(name, color=theme.color("text"), size=SMALL * 1.2)
            title.next_to(bars, UP, buff=0.25).align_to(bars.bars, LEFT)
            self.groups.add(VGroup(title, bars))
        self.groups.arrange(DOWN, buff=0.6, aligned_edge=LEFT).move_to(0.35 * UP)
        super().__init__(self.groups)

    def appear(self) -> Animation:
        """Show one network after the other."""
        return Succession(*[Succession(FadeIn(title), bars.grow()) for title, bars in self.groups])


class Nilpotent(VGroup):
    """A W with its numbers on the left, and the norms of its Jacobian's powers as bars.

    Shapes: weights (2, 2), norms (powers,)
    """

    def __init__(self, weights: np.ndarray, norms: np.ndarray, facts: str, theme: Theme):
        limit = float(np.abs(weights).max())
        self.matrix = Matrix(weights, theme, cell=0.95, limit=limit, title="W", title_size=0.5)
        for cell, value in zip(self.matrix.cells, self.matrix.values.flat, strict=True):
            color = theme.on(cell.get_fill_color())
            self.matrix.numbers.add(label(number(value), color=color, size=SMALL).move_to(cell))
        self.matrix.move_to([-4.6, 0.5, 0.0])
        self.sizes = label(facts, color=theme.color("text"))
        self.sizes.next_to(self.matrix.frame, DOWN, buff=0.4)
        count = len(norms)
        places = np.linspace(-1.7, 5.6, count)
        self.chart = BarChart(
            norms,
            places,
            theme,
            role="gradient",
            height=2.9,
            bar_width=0.45,
            base=_BASE,
            number_size=SMALL,
        )
        self.names = FormulaRow(
            [f"J^{power}" for power in range(1, count + 1)],
            places,
            _BASE - 0.35,
            color=theme.color("note"),
            size=0.4,
        )
        super().__init__(self.matrix, self.sizes, self.chart, self.names)

    def appear(self) -> Animation:
        """Show the weights, then the norms of the powers."""
        return Succession(
            FadeIn(self.matrix),
            FadeIn(self.sizes),
            FadeIn(self.chart.axis, self.names),
            self.chart.grow_all(lag_ratio=0.5, run_time=4.0),
        )


class ClippedGradient(VGroup):
    """A recorded gradient's length by parameter, before and after clipping.

    Shapes: before and after name → length; the last is that of the whole gradient
    """

    def __init__(
        self,
        before: Mapping[str, float],
        after: Mapping[str, float],
        titles: tuple[str, str],
        theme: Theme,
    ):
        most = max(before.values())
        self.groups = VGroup()
        for values, title, x in zip((before, after), titles, (-1, 1), strict=True):
            bars = NamedBars(
                list(values),
                list(values.values()),
                theme,
                role="gradient",
                width=3.4,
                row=0.5,
                full=most,
                chosen=len(values) - 1,
            )
            heading = label(title, color=theme.color("text"), size=SMALL * 1.2)
            bars.move_to([x * _COLUMN / 2, -0.1, 0.0])
            heading.next_to(bars, UP, buff=0.35)
            self.groups.add(VGroup(heading, bars))
        super().__init__(self.groups)

    def appear(self) -> Animation:
        """Show the gradient as recorded, then clipped."""
        return Succession(
            *[
                Succession(FadeIn(title, shift=0.1 * RIGHT), bars.grow())
                for title, bars in self.groups
            ]
        )


def sizes_text(sigma: float, rho: float) -> str:
    """Return σ₁ and ρ of a matrix as text, with ρ rounded to zero if it is that small."""
    return f"σ₁ = {number(sigma)},  ρ = {number(round(rho, _DECIMALS))}"

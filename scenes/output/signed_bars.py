"""Values of either sign as rows of bars."""

from collections.abc import Sequence

import numpy as np
from manim import (
    LEFT,
    RIGHT,
    Animation,
    AnimationGroup,
    FadeIn,
    FadeOut,
    LaggedStart,
    Line,
    ReplacementTransform,
    Succession,
    VGroup,
)
from rnnviz.scenes.output.rows import DROP

from rnnviz.mobjects.bars import Bars, bar_colors
from rnnviz.mobjects.text import BODY, label
from rnnviz.mobjects.theme import Role, Theme


class SignedBars(VGroup):
    """Values as bars in rows, to the right of a zero line or, if negative, to its left.

    Shapes: values, texts, ys (rows,)
    Units:  a value of ``full`` is ``width`` long; ``x`` is the place of the zero line, ``row`` the
            distance between rows
    """

    def __init__(
        self,
        values: Sequence[float] | np.ndarray,
        texts: Sequence[str],
        ys: Sequence[float],
        theme: Theme,
        *,
        x: float,
        width: float,
        full: float,
        row: float,
        role: Role,
        chosen: int | None = None,
    ):
        self.bars = Bars(
            values,
            ys,
            zero=x,
            unit=width / full,
            thickness=row * 0.56,
            colors=bar_colors(len(ys), theme, role, chosen=chosen, strength=0.6),
        )
        self.numbers = VGroup()
        for index, (text, y) in enumerate(zip(texts, ys, strict=True)):
            color = theme.color("text" if chosen in (None, index) else "note")
            ink = label(text, color=color, size=BODY)
            ink.next_to(self.bars[index], LEFT if self.bars.values[index] < 0 else RIGHT, buff=0.14)
            self.numbers.add(ink.set_on(y - DROP))
        self.zero = Line(
            [x, max(ys) + row / 2, 0],
            [x, min(ys) - row / 2, 0],
            stroke_width=1.5,
            color=theme.color("note"),
        )
        super().__init__(self.zero, self.bars, self.numbers)

    def grow(self, run_time: float = 2.0) -> Animation:
        """Grow the bars from the zero line, one after the other."""
        growing = [
            AnimationGroup(self.bars.grow(index), FadeIn(text))
            for index, text in enumerate(self.numbers)
        ]
        return AnimationGroup(
            FadeIn(self.zero, run_time=0.3), LaggedStart(*growing, lag_ratio=0.3, run_time=run_time)
        )

    def turn_into(self, other: "SignedBars", run_time: float = 1.6) -> Animation:
        """Turn the bars into others of the same rows, whose values are written once they stand."""
        moved = [
            ReplacementTransform(bar, new) for bar, new in zip(self.bars, other.bars, strict=True)
        ]
        return Succession(
            FadeOut(self.numbers, run_time=0.2 * run_time),
            AnimationGroup(
                ReplacementTransform(self.zero, other.zero), *moved, run_time=0.5 * run_time
            ),
            FadeIn(other.numbers, run_time=0.3 * run_time),
        )

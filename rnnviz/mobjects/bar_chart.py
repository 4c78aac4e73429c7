"""Values as upright bars on a baseline."""

from collections.abc import Sequence
from typing import Final, Self

import numpy as np
from manim import (
    UP,
    Animation,
    AnimationGroup,
    FadeIn,
    LaggedStart,
    Line,
    VGroup,
)

from rnnviz.mobjects.bars import Bars
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.text import SMALL, label
from rnnviz.mobjects.theme import Role, Theme

_LEAST: Final = 0.012


class BarChart(VGroup):
    """Values as upright bars with their values on top, on a linear or any other scale.

    Shapes: values, places (bars,)
    Units:  places are x in Manim units; on the linear scale the greatest value is ``height`` high
    """

    def __init__(
        self,
        values: Sequence[float] | np.ndarray,
        places: Sequence[float] | np.ndarray,
        theme: Theme,
        *,
        role: Role,
        height: float,
        bar_width: float,
        base: float,
        texts: Sequence[str] | None = None,
        number_size: float = SMALL,
    ):
        self.values = np.asarray(values, dtype=float)
        self.places, self.base = np.asarray(places, dtype=float), base
        heights = self.values / max(float(self.values.max()), 1e-300) * height
        self.bars = Bars(
            heights,
            self.places,
            zero=base,
            unit=1.0,
            thickness=bar_width,
            colors=[theme.color(role)] * len(heights),
            upright=True,
            least=_LEAST,
        )
        self.numbers = VGroup(
            *[
                label(text, color=theme.color("text"), size=number_size)
                .set_stroke(theme.ground, width=5, background=True)
                .set_z_index(2)
                for text in texts or map(number, self.values)
            ]
        )
        self.axis = Line(
            [self.places.min() - bar_width, base, 0.0],
            [self.places.max() + bar_width, base, 0.0],
            stroke_width=1.5,
            color=theme.color("note"),
        )
        super().__init__(self.axis, self.bars, self.numbers)
        self.set_heights(heights)

    def set_heights(self, heights: np.ndarray) -> Self:
        """Give the bars other heights, with their values on top."""
        self.bars.set_values(heights)
        for text, x, height in zip(self.numbers, self.places, heights, strict=True):
            text.move_to([x, 0.0, 0.0])
            text.set_on(self.base + max(float(height), _LEAST) + 0.12)
        return self

    def grow(self, index: int) -> Animation:
        """Grow one bar from the baseline, and fade its value in."""
        text = self.numbers[index]
        return AnimationGroup(self.bars.grow(index), FadeIn(text, shift=0.15 * UP), run_time=0.8)

    def grow_all(self, lag_ratio: float, run_time: float) -> Animation:
        """Grow the bars one after the other."""
        growing = [self.grow(index) for index in range(len(self.values))]
        return LaggedStart(*growing, lag_ratio=lag_ratio, run_time=run_time)

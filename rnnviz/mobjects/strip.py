"""A vector of recorded values as a column of coloured cells."""

from collections.abc import Sequence

import numpy as np
from manim import DOWN, RIGHT, Animation, AnimationGroup, ManimColor, Rectangle, Square, VGroup

from rnnviz.mobjects.theme import Theme

MOST_CELLS = 16


class Strip(VGroup):
    """A column of cells, one for each unit, coloured by its signed value.

    Of more than ``MOST_CELLS`` units the first are shown.

    Shapes: values (units,)
    Units:  values are divided by ``limit``, which gets the end of the colour scale
    """

    def __init__(
        self,
        values: Sequence[float] | np.ndarray,
        theme: Theme,
        *,
        limit: float,
        height: float,
        width: float | None = None,
    ):
        self.values = np.asarray(values, dtype=float)[:MOST_CELLS]
        self.theme = theme
        self.limit = limit
        side = height / len(self.values)
        cells = [
            Rectangle(
                width=width or side * 0.88,
                height=side * 0.88,
                stroke_width=0,
                fill_opacity=1.0,
                fill_color=self._color(value),
            )
            for value in self.values
        ]
        super().__init__(*cells)
        self.arrange(DOWN, buff=side * 0.12)

    def take(self, values: Sequence[float] | np.ndarray) -> Animation:
        """The cells take the colours of other values."""
        self.values = np.asarray(values, dtype=float)[:MOST_CELLS]
        return AnimationGroup(
            *[
                cell.animate.set_fill(self._color(value))
                for cell, value in zip(self, self.values, strict=True)
            ]
        )

    def _color(self, value: float) -> ManimColor:
        return self.theme.signed(value / self.limit)


class ColorScale(VGroup):
    """The legend of signed colours: a bar from −limit to +limit with its ends written out."""

    def __init__(self, theme: Theme, *, limit: float, ends: tuple[VGroup, VGroup], width: float):
        self.limit = limit
        shades = VGroup(
            *[
                Square(1.0, stroke_width=0, fill_opacity=1.0, fill_color=theme.signed(value))
                for value in np.linspace(-1, 1, 41)
            ]
        ).arrange(RIGHT, buff=-0.02)
        shades.stretch_to_fit_width(width).stretch_to_fit_height(0.13)
        low, high = ends
        super().__init__(low, shades, high)
        self.arrange(RIGHT, buff=0.12)

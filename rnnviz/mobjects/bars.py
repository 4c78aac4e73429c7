"""Values as bars."""

from collections.abc import Sequence
from typing import Self

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, GrowFromEdge, ManimColor, Rectangle, VGroup

from rnnviz.mobjects.theme import Role, Theme


class Bars(VGroup):
    """Values as bars from a common zero line, lying in rows or standing ``upright``.

    Shapes: values, places, colors (bars,)
    Units:  a value of 1 is ``unit`` long in Manim units, and no bar is shorter than ``least``;
            ``places`` are the middles of the bars, ``zero`` is the place of the zero line
    """

    def __init__(
        self,
        values: Sequence[float] | np.ndarray,
        places: Sequence[float] | np.ndarray,
        *,
        zero: float,
        unit: float,
        thickness: float,
        colors: Sequence[ManimColor],
        upright: bool = False,
        least: float = 0.02,
    ):
        self.unit, self.upright, self.least = unit, upright, least
        self.values = np.zeros(len(places))
        width, height = (thickness, 1.0) if upright else (1.0, thickness)
        super().__init__(
            *[
                Rectangle(
                    width=width, height=height, stroke_width=0, fill_opacity=1.0, fill_color=color
                ).move_to([place, zero, 0.0] if upright else [zero, place, 0.0], self.foot(0))
                for place, color in zip(places, colors, strict=True)
            ]
        )
        self.set_values(values)

    def set_values(self, values: Sequence[float] | np.ndarray) -> Self:
        """Give the bars the lengths of other values, from their zero line as it lies now."""
        feet = [bar.get_edge_center(self.foot(index)) for index, bar in enumerate(self)]
        self.values = np.asarray(values, dtype=float)
        for index, (bar, foot, value) in enumerate(zip(self, feet, self.values, strict=True)):
            length = max(abs(float(value)) * self.unit, self.least)
            if self.upright:
                bar.stretch_to_fit_height(length)
            else:
                bar.stretch_to_fit_width(length)
            bar.move_to(foot, aligned_edge=self.foot(index))
        return self

    def foot(self, index: int) -> np.ndarray:
        """Return the direction in which a bar's end on the zero line lies."""
        positive, negative = (DOWN, UP) if self.upright else (LEFT, RIGHT)
        return negative if self.values[index] < 0 else positive

    def grow(self, index: int) -> Animation:
        """Grow one bar out of the zero line."""
        return GrowFromEdge(self[index], self.foot(index))


def bar_colors(
    count: int, theme: Theme, role: Role, *, chosen: int | None, strength: float
) -> list[ManimColor]:
    """Return the colours of bars of which one is bright and the others dim, or all bright."""
    dim, bright = theme.dimmed(role, strength), theme.color(role)
    return [bright if chosen in (None, index) else dim for index in range(count)]

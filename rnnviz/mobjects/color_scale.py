"""Legends of colours."""

from typing import Self

import numpy as np
from manim import LEFT, RIGHT, Square, VGroup

from rnnviz.mobjects import layout
from rnnviz.mobjects.text import NOTE, label
from rnnviz.mobjects.theme import Ramp, Theme


class ColorScale(VGroup):
    """A bar of colours between what its two ends stand for.

    Colours are those of ``ramp``, of values up to ``limit``.
    """

    def __init__(
        self,
        ends: tuple[str, str],
        theme: Theme,
        *,
        limit: float,
        ramp: Ramp = "signed",
        width: float = 1.7,
        size: float = NOTE,
    ):
        self.limit = limit
        low = -1 if ramp == "signed" else 0
        self.shades = VGroup(
            *[
                Square(1.0, stroke_width=0, fill_opacity=1.0, fill_color=theme.shade(ramp, value))
                for value in np.linspace(low, 1, 41)
            ]
        ).arrange(RIGHT, buff=-0.02)
        self.shades.stretch_to_fit_width(width).stretch_to_fit_height(0.13)
        self.ends = [label(text, color=theme.color("note"), size=size) for text in ends]
        super().__init__(self.ends[0], self.shades, self.ends[1])
        self.arrange(RIGHT, buff=0.12)

    def in_corner(self) -> Self:
        """Move to the lower left corner of the frame."""
        return self.move_to([layout.LEFT_EDGE, layout.SOURCE_Y, 0.0], aligned_edge=LEFT)


class HeatScale(ColorScale):
    """The legend of a ramp of values without a sign, from 0 to ``end``, in the corner."""

    def __init__(self, ramp: Ramp, theme: Theme, *, end: str):
        super().__init__(("0", end), theme, limit=1.0, ramp=ramp, width=1.5)
        for ink in self.ends:
            ink.set_on(self.shades.get_y() - 0.08)
        self.in_corner()

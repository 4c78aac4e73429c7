"""A valve across a way, open by the value of a gate."""

from typing import Final

import numpy as np
from manim import RIGHT, UP, Animation, AnimationGroup, FadeIn, Rectangle, Transform, VGroup

from rnnviz.mobjects.numbers import decimals
from rnnviz.mobjects.text import formula
from rnnviz.mobjects.theme import Theme

LOW, HIGH = 0.15, 1.55
"""The edges of the belt."""
HALF_PIPE: Final = 0.75
LEAF: Final = 0.2
NAME: Final = 0.4


class Valve:
    """A slot with two leaves across a way, with the gate's symbol and value.

    Units:  these are at most ``room`` wide, if they are not above the slot
    """

    def __init__(
        self,
        place: list[float],
        symbol: str,
        share: float,
        theme: Theme,
        *,
        upright: bool = False,
        room: float = np.inf,
    ):
        self.theme, self.symbol, self.share, self.upright = theme, symbol, share, upright
        self.place = np.array([*place, 0.0])
        self.half = (HIGH - LOW) / 2 if upright else HALF_PIPE
        self.leaves = self._leaves(0.0)
        source = f'{{{{ {symbol} : gate }}}} = "{decimals(share)}"'
        self.name = formula(source, color=theme.color("gate"), size=NAME)
        if upright:
            self.name.next_to([place[0], HIGH, 0.0], UP, buff=0.18)
        else:
            self.name.scale(min(1.0, room / self.name.width))
            self.name.next_to([place[0] + HALF_PIPE, place[1] - 0.16, 0.0], RIGHT, buff=0.15)

    def open(self, run_time: float = 1.0) -> Animation:
        """Open the valve by its value, which is written beside it."""
        return AnimationGroup(
            Transform(self.leaves, self._leaves(self.share), run_time=run_time),
            FadeIn(self.name, shift=0.1 * UP),
        )

    def _leaves(self, share: float) -> VGroup:
        length = max(self.half * (1.0 - share), 0.02)
        size = (LEAF, 2 * self.half) if self.upright else (2 * self.half, LEAF)
        slot = Rectangle(
            width=size[0], height=size[1], stroke_width=1.5, stroke_color=self.theme.color("gate"),
        ).move_to(self.place)  # fmt: skip
        leaves = VGroup(slot)
        for side in (1, -1):
            size = (LEAF, length) if self.upright else (length, LEAF)
            leaf = Rectangle(
                width=size[0], height=size[1], stroke_width=0, fill_opacity=1.0,
                fill_color=self.theme.color("gate"),
            )  # fmt: skip
            away = self.half - length / 2
            leaf.move_to(self.place + side * away * (UP if self.upright else RIGHT))
            leaves.add(leaf)
        return leaves

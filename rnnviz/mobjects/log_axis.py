"""A logarithmic axis."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from manim import LEFT, Line, VGroup

from rnnviz.mobjects.text import formula
from rnnviz.mobjects.theme import Theme

_MOST_TICKS: Final = 6


class LogAxis(VGroup):
    """Grid lines at the decades from below the smallest value to above the greatest.

    If a value is zero, the lowest line is one decade lower and is marked 0; no other value
    reaches it.

    Units:  ``base`` and ``height`` in Manim units; the lines run from ``left`` to ``right``
    """

    def __init__(
        self,
        values: Sequence[float] | np.ndarray,
        theme: Theme,
        *,
        base: float,
        height: float,
        left: float,
        right: float,
    ):
        values = np.asarray(values, dtype=float)
        shown, has_zero = values[values > 0], bool((values <= 0).any())
        self.low = int(np.floor(np.log10(shown.min()) + 1e-9)) if shown.size else -1
        self.high = int(np.ceil(np.log10(shown.max()) - 1e-9)) if shown.size else 0
        self.high = max(self.high, self.low + 1)
        self.low -= has_zero
        self.base, self.height_of_all = base, height
        stride = -(-(self.high - self.low) // (_MOST_TICKS - 1))
        self.lines, self.ticks = VGroup(), VGroup()
        for decade in range(self.low, self.high + 1, stride):
            y = base + self.height_at(10.0**decade)
            self.lines.add(
                Line([left, y, 0], [right, y, 0], stroke_width=1, color=theme.dimmed("note", 0.4))
            )
            name = "0" if has_zero and decade == self.low else f"10^({decade})"
            tick = formula(name, color=theme.color("note"), size=0.36)
            self.ticks.add(tick.next_to([left, y, 0.0], LEFT, buff=0.15))
        super().__init__(self.lines, self.ticks)

    def height_at(self, value: float) -> float:
        """Return the height of a value above the base; zero and smaller values are on the base."""
        if value <= 0:
            return 0.0
        share = (np.log10(value) - self.low) / (self.high - self.low)
        return float(np.clip(share, 0.0, 1.0) * self.height_of_all)

"""A logarithmic axis."""

from collections.abc import Sequence
from typing import Final, Self

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
        self.has_zero = has_zero
        self.base, self.height_of_all = base, height
        self.greatest = float(shown.max()) if shown.size else 1.0
        stride = -(-(self.high - self.low) // (_MOST_TICKS - 1))
        self.lines, self.ticks = VGroup(), VGroup()
        self.decades = range(self.low, self.high + 1, stride)
        for decade in self.decades:
            y = base + self.height_at(10.0**decade)
            self.lines.add(Line([left, y, 0], [right, y, 0], stroke_width=1, color=theme.faint()))
            name = "0" if has_zero and decade == self.low else f"10^({decade})"
            tick = formula(name, color=theme.color("note"), size=0.36)
            self.ticks.add(tick.next_to([left, y, 0.0], LEFT, buff=0.15))
        super().__init__(self.lines, self.ticks)

    def set_share(self, share: float) -> Self:
        """Place lines and ticks between a linear scale (0) and the logarithmic one (1).

        On the linear scale the greatest value is as high as the axis, and ticks are invisible.
        """
        for decade, line, tick in zip(self.decades, self.lines, self.ticks, strict=True):
            value = 0.0 if decade == self.low and self.has_zero else 10.0**decade
            y = self.base + self.height_between(value, share)
            line.set_y(y).set_stroke(opacity=min(1.0, 2.0 * share))
            tick.set_y(y).set_fill(opacity=min(1.0, 2.0 * share))
        return self

    def height_between(self, value: float, share: float) -> float:
        """Return the height of a value between the linear scale (0) and the logarithmic one (1)."""
        linear = min(value / self.greatest, 1.1) * self.height_of_all
        return (1.0 - share) * linear + share * self.height_at(value)

    def height_at(self, value: float) -> float:
        """Return the height of a value above the base; zero and smaller values are on the base."""
        if value <= 0:
            return 0.0
        share = (np.log10(value) - self.low) / (self.high - self.low)
        return float(np.clip(share, 0.0, 1.0) * self.height_of_all)

"""A logarithmic axis, and lines of recorded values upon it."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from manim import LEFT, Dot, Line, VGroup, VMobject

from rnnviz.mobjects.theme import Role, Theme
from rnnviz.mobjects.typography import SMALL, formula, label

_MOST_TICKS: Final = 6


class LogAxis(VGroup):
    """Decades from the one below the smallest value to the one above the greatest.

    Where a value is zero, the base is a decade lower and is marked 0: no other value stands on it.

    Units:  ``base`` and ``height`` in Manim units; the grid runs from ``left`` to ``right``
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
        """How high above the base a value stands; zero and what is too small stand on it."""
        if value <= 0:
            return 0.0
        share = (np.log10(value) - self.low) / (self.high - self.low)
        return float(np.clip(share, 0.0, 1.0) * self.height_of_all)


class ValueLine(VGroup):
    """Values over steps, as dots joined by a line that runs back from the last, and a name.

    Shapes: values, places (points,)
    """

    def __init__(
        self,
        values: Sequence[float] | np.ndarray,
        places: Sequence[float] | np.ndarray,
        axis: LogAxis,
        name: str,
        theme: Theme,
        *,
        role: Role,
    ):
        self.values = tuple(float(value) for value in values)
        color = theme.color(role)
        points = [
            np.array([x, axis.base + axis.height_at(value), 0.0])
            for x, value in zip(places, self.values, strict=True)
        ]
        self.line = VMobject(stroke_color=color, stroke_width=4).set_points_as_corners(points[::-1])
        self.dots = VGroup(*[Dot(point, radius=0.06, color=color) for point in points])
        self.title = label(name, color=color, size=SMALL)
        super().__init__(self.line, self.dots, self.title)

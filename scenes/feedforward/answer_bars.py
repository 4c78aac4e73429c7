"""The outputs of a network as tall bars above its output nodes."""

from collections.abc import Callable, Sequence
from typing import Final, Self

import numpy as np
from manim import Animation, AnimationGroup, FadeIn, FadeOut, Line, Transform, VGroup

from rnnviz.mobjects.bars import Bars, bar_colors
from rnnviz.mobjects.text import SMALL, label
from rnnviz.mobjects.theme import Theme

_BASE: Final = 1.66
_HEIGHT: Final = 1.66
_ROOM: Final = 0.4


class AnswerBars(VGroup):
    """One bar for each output, with its value; the greatest is bright.

    Shapes: shown, all values that will be shown; places (outputs,)
    Units:  ``places`` are x in Manim units, ``pitch`` apart; a bar of ``full`` has the whole
            height; ``write`` returns a value as text
    """

    def __init__(
        self,
        shown: Sequence[float],
        places: Sequence[float] | np.ndarray,
        theme: Theme,
        *,
        full: float | None,
        write: Callable[[float], str],
        pitch: float,
    ):
        self.theme, self.places, self.write = theme, places, write
        low = min(0.0, min(shown))
        high = full if full is not None else max(0.0, max(shown))
        below = _ROOM if low < 0 else 0.0
        self.unit = (_HEIGHT - below) / max(high - low, 1e-12)
        self.zero = _BASE + below - low * self.unit
        self.thickness = min(0.9, 0.6 * pitch)
        half = 0.7 * self.thickness
        self.axes = VGroup(
            *[
                Line([x - half, self.zero, 0], [x + half, self.zero, 0], stroke_width=1.5)
                for x in places
            ]
        ).set_color(theme.color("note"))
        self.values = np.zeros(len(places))
        self.bars = self._bars(self.values)
        self.numbers = VGroup()
        super().__init__(self.axes, self.bars)

    def fresh(self) -> Self:
        """Return bars on the same scale, before they show anything."""
        other = self.copy()
        other.values = np.zeros(len(self.places))
        other.remove(other.bars, other.numbers)
        other.bars, other.numbers = other._bars(other.values), VGroup()
        return other.add(other.bars)

    def show(self, values: np.ndarray, run_time: float = 1.4) -> Animation:
        """Grow or change the bars to the values of an answer."""
        self.values = np.asarray(values, dtype=float)
        before, self.numbers = self.numbers, self._numbers(self.values)
        first = not len(before)
        gone = [FadeOut(before)] if len(before) else []
        self.remove(before)
        self.add(self.numbers)
        return AnimationGroup(
            *([FadeIn(self.axes)] if first else []),
            *[
                Transform(bar, goal)
                for bar, goal in zip(self.bars, self._bars(self.values), strict=True)
            ],
            *gone,
            FadeIn(self.numbers),
            run_time=run_time,
        )

    def _bars(self, values: np.ndarray) -> Bars:
        best = int(values.argmax()) if values.any() else None
        return Bars(
            values,
            self.places,
            zero=self.zero,
            unit=self.unit,
            thickness=self.thickness,
            colors=bar_colors(len(values), self.theme, "output", chosen=best, strength=0.55),
            upright=True,
            least=0.015,
        )

    def _numbers(self, values: np.ndarray) -> VGroup:
        numbers = VGroup()
        for bar, value in zip(self._bars(values), values, strict=True):
            text = label(
                self.write(float(value)), color=self.theme.color("text"), size=SMALL
            ).move_to([bar.get_x(), 0.0, 0.0])
            numbers.add(
                text.set_on(bar.get_top()[1] + 0.1 if value >= 0 else bar.get_bottom()[1] - 0.3)
            )
        return numbers

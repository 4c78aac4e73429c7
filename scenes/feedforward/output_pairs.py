"""The outputs of two runs, side by side above their nodes."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from manim import (
    LEFT,
    RIGHT,
    Animation,
    AnimationGroup,
    FadeIn,
    LaggedStart,
    Line,
    Rectangle,
    Succession,
    VGroup,
)

from rnnviz.mobjects import layout
from rnnviz.mobjects.bars import Bars
from rnnviz.mobjects.text import NOTE, label
from rnnviz.mobjects.theme import Theme

_BASE: Final = 2.12
_HEIGHT: Final = 1.2
_NUMBER_ROOM: Final = 0.34


class OutputPairs(VGroup):
    """The outputs of the first and the second time, as two bars for each node.

    Shapes: values (2, outputs), places (outputs,)
    Units:  ``places`` are x in Manim units, ``distance`` apart; a bar of ``full`` has the whole
            height; ``write`` returns a value as text
    """

    def __init__(
        self,
        values: np.ndarray,
        places: Sequence[float] | np.ndarray,
        theme: Theme,
        *,
        full: float | None,
        write: Callable[[float], str],
        names: Sequence[str],
        distance: float,
    ):
        self.values = np.asarray(values, dtype=float)
        low = min(0.0, float(self.values.min()))
        high = full if full is not None else max(0.0, float(self.values.max()))
        base = _BASE + (_NUMBER_ROOM if low < 0 else 0.0)
        height = _HEIGHT - (_NUMBER_ROOM if low < 0 else 0.0)
        unit = height / max(high - low, 1e-12)
        zero = base - low * unit
        shift = 0.21 * distance
        colors = (theme.dimmed("output", 0.5), theme.color("output"))
        self.axes = VGroup(
            *[
                Line(
                    [x - 2 * shift, zero, 0], [x + 2 * shift, zero, 0], stroke_width=1.5
                ).set_color(theme.color("note"))
                for x in places
            ]
        )
        self.bars = tuple(
            Bars(
                self.values[time],
                [x + (2 * time - 1) * shift for x in places],
                zero=zero,
                unit=unit,
                thickness=0.26 * distance,
                colors=[colors[time]] * len(places),
                upright=True,
                least=0.015,
            )
            for time in range(2)
        )
        self.numbers = VGroup(), VGroup()
        for time in range(2):
            for bar, value in zip(self.bars[time], self.values[time], strict=True):
                text = label(
                    write(float(value)),
                    color=theme.color("note" if not time else "text"),
                    size=NOTE,
                ).move_to([bar.get_x(), 0.0, 0.0])
                text.set_on(bar.get_top()[1] + 0.1 if value >= 0 else bar.get_bottom()[1] - 0.26)
                self.numbers[time].add(text)
        self.legends = VGroup()
        for time, name in enumerate(names):
            swatch = Rectangle(
                width=0.2, height=0.2, stroke_width=0, fill_opacity=1.0, fill_color=colors[time]
            )
            text = label(name, color=theme.color("note" if not time else "text"), size=NOTE)
            row = VGroup(swatch, text).arrange(RIGHT, buff=0.12)
            self.legends.add(row.move_to([layout.LEFT_EDGE, 3.48 - 0.38 * time, 0.0], LEFT))
        super().__init__(self.axes, *self.bars, *self.numbers, self.legends)

    def grow(self, time: int) -> Animation:
        """Grow the bars of the first or the second time."""
        shown = [FadeIn(self.axes, run_time=0.3)] if not time else []
        bars = [
            AnimationGroup(self.bars[time].grow(index), FadeIn(text))
            for index, text in enumerate(self.numbers[time])
        ]
        return Succession(
            AnimationGroup(*shown, FadeIn(self.legends[time]), run_time=0.3),
            LaggedStart(*bars, lag_ratio=0.12, run_time=1.3),
        )

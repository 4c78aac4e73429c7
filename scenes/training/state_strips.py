"""The states of a network in training, for one sequence."""

from typing import Final, Self

import numpy as np
from manim import RIGHT, Animation, AnimationGroup, FadeIn, Succession, VGroup
from rnnviz.scenes.training.playback import Records

from rnnviz.mobjects.labels import FormulaRow, LabelRow
from rnnviz.mobjects.strip import Strip
from rnnviz.mobjects.text import SMALL
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.window import Window
from rnnviz.trace import Trace

MOST_STEPS: Final = 8
_STRIP_HEIGHT: Final = 1.9
_STRIPS_Y: Final = -0.72
_WORDS_Y: Final = -2.15
_PITCH: Final = 1.0
X_ALONE: Final = 0.0
X_BESIDE: Final = 2.55


class StateStrips(VGroup):
    """The states of a sequence as strips above its words, at any position among the records.

    Shapes: h (record, time, hidden)
    """

    def __init__(self, trace: Trace, h: np.ndarray, window: Window, theme: Theme):
        shown = h[:, window.indices]
        self.record = Records(shown)
        self.limit = float(max(1.0, np.abs(shown).max()))
        count = len(window.steps)
        places = (np.arange(count) - (count - 1) / 2) * _PITCH
        self.strips = VGroup(
            *[
                Strip(
                    state, theme, limit=self.limit, height=_STRIP_HEIGHT, width=_PITCH * 0.42
                ).move_to([x, _STRIPS_Y, 0.0])
                for state, x in zip(shown[0], places, strict=True)
            ]
        )
        self.names = FormulaRow(
            [f"h_({step})" for step in window.steps],
            places,
            _STRIPS_Y + _STRIP_HEIGHT / 2 + 0.25,
            color=theme.color("hidden"),
            size=0.42,
        )
        self.words = LabelRow(
            window.words(trace),
            places,
            _WORDS_Y,
            color=theme.color("input"),
            size=SMALL,
            width=_PITCH * 0.92,
        )
        super().__init__(self.strips, self.names, self.words)

    def show(self, position: float) -> Self:
        """Show the states at a position among the records."""
        for strip, values in zip(self.strips, self.record.at(position), strict=True):
            strip.set_values(values)
        return self

    def appear(self) -> Animation:
        """Show the words with their states, from first to last."""
        columns = zip(self.words, self.strips, self.names, strict=True)
        return Succession(
            *[AnimationGroup(*[FadeIn(part) for part in column]) for column in columns],
            run_time=3.0,
        )


def move_to_x(strips: StateStrips, bars: VGroup, x: float) -> None:
    """Move the strips to a place across the frame, and the bars with them."""
    way = (x - strips.strips.get_x()) * RIGHT
    strips.shift(way)
    bars.shift(way)

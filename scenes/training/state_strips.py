"""The states of a network in training, for one sequence."""

from typing import Final, Self

import numpy as np
from manim import DOWN, UP, Animation, AnimationGroup, FadeIn, Succession, VGroup
from rnnviz.scenes.training.places import STAGE_Y
from rnnviz.scenes.training.playback import Records

from rnnviz.mobjects.color_scale import ColorScale
from rnnviz.mobjects.labels import FormulaRow, LabelRow
from rnnviz.mobjects.numbers import MINUS
from rnnviz.mobjects.strip import Strip
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.window import Window
from rnnviz.trace import Trace

MOST_STEPS: Final = 8
_HEIGHT: Final = 2.3
_LOW_HEIGHT: Final = 1.5
_PITCH: Final = 0.92
_X: Final = -2.9
_WORDS_BELOW: Final = 0.4


class StateStrips(VGroup):
    """The states of a sequence as strips above its words, at any position among the records.

    The legend of their colours is in the corner.

    Shapes: h (record, time, hidden)
    """

    def __init__(self, trace: Trace, h: np.ndarray, window: Window, theme: Theme):
        shown = h[:, window.indices]
        self.record = Records(shown)
        self.limit = float(max(1.0, np.abs(shown).max()))
        count = len(window.steps)
        places = (np.arange(count) - (count - 1) / 2) * _PITCH + _X
        self.strips = VGroup(
            *[
                Strip(state, theme, limit=self.limit, height=_HEIGHT, width=_PITCH * 0.5).move_to(
                    [x, STAGE_Y, 0.0]
                )
                for state, x in zip(shown[0], places, strict=True)
            ]
        )
        self.names = FormulaRow(
            [f"h_({step})" for step in window.steps],
            places,
            STAGE_Y + _HEIGHT / 2 + 0.25,
            color=theme.color("hidden"),
            size=0.42,
        )
        self.words = LabelRow(
            window.words(trace),
            places,
            STAGE_Y - _HEIGHT / 2 - _WORDS_BELOW,
            color=theme.color("input"),
            size=0.33,
            width=_PITCH * 0.95,
        )
        end = f"{self.limit:.3g}"
        self.legend = ColorScale((f"{MINUS}{end}", f"+{end}"), theme, limit=self.limit)
        self.legend.in_corner()
        super().__init__(self.strips, self.names, self.words)

    def show(self, position: float) -> Self:
        """Show the states at a position among the records."""
        for strip, values in zip(self.strips, self.record.at(position), strict=True):
            strip.set_values(values)
        return self

    def move_down(self, distance: float) -> Self:
        """Move below what else is shown, and become lower."""
        less = (_HEIGHT - _LOW_HEIGHT) / 2
        for strip in self.strips:
            strip.stretch_to_fit_height(_LOW_HEIGHT)
        self.names.shift(less * DOWN)
        self.words.shift(less * UP)
        return self.shift(distance * DOWN)

    def appear(self) -> Animation:
        """Show the words with their states, from first to last."""
        columns = zip(self.words, self.strips, self.names, strict=True)
        return Succession(
            FadeIn(self.legend, run_time=0.3),
            *[AnimationGroup(*[FadeIn(part) for part in column]) for column in columns],
            run_time=3.0,
        )

"""The length of one loss's gradient at each state, as bars."""

from typing import Final

import numpy as np
from manim import LEFT, RIGHT, VGroup
from rnnviz.scenes.space.contents import column_name
from rnnviz.scenes.space.loss_path import LossPath

from rnnviz.mobjects import layout
from rnnviz.mobjects.bar_chart import BarChart
from rnnviz.mobjects.labels import FormulaRow, LabelRow
from rnnviz.mobjects.text import BODY, NOTE, SMALL, formula, label
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.wording import Say
from rnnviz.text.plain_text import Phrase
from rnnviz.trace import Trace

_BASE: Final = -0.75
_HEIGHT: Final = 2.3
_NAMES_Y: Final = -1.28
_WORDS_Y: Final = -1.98
_WIDTH: Final = 11.2
_MOST_PITCH: Final = 1.4
_MOST_LARGE: Final = 8
"""The most bars whose numbers are of the usual size."""


class GradientChart(VGroup):
    """The states of each step in a row, with the length of a loss's gradient as a bar above."""

    def __init__(self, trace: Trace, path: LossPath, theme: Theme, say: Say):
        window, steps = path.window, path.window.steps
        count = len(steps)
        self.norms = path.norms
        self.pitch = min(_MOST_PITCH, _WIDTH / count)
        self.places = (np.arange(count) - (count - 1) / 2) * self.pitch - 0.15
        self.chart = BarChart(
            self.norms,
            self.places,
            theme,
            role="gradient",
            height=_HEIGHT,
            bar_width=self.pitch * 0.42,
            base=_BASE,
            number_size=SMALL if count <= _MOST_LARGE else NOTE,
        )
        self.names = FormulaRow(
            [column_name(trace, step) for step in steps],
            self.places,
            _NAMES_Y,
            color=theme.color("hidden"),
            size=0.42,
        )
        self.words = LabelRow(
            window.words(trace),
            self.places,
            _WORDS_Y,
            color=theme.color("input"),
            size=BODY * 0.9,
            width=self.pitch * 0.92,
        )
        self.legend = formula(
            f"norm({path.symbols()})",
            color=theme.color("gradient"),
            size=0.36,
        ).move_to([layout.LEFT_EDGE, layout.FORMULA_Y, 0.0], LEFT)
        told = say("length of the gradient at $h_k$: how much the loss changes per unit of $h_k$")
        if path.names != ("h",):
            told = say("length of the gradient at all that step $k$ passes on")
        self.told = label(Phrase(told), color=theme.color("text"), size=SMALL)
        self.told.next_to(self.legend, RIGHT, buff=0.25)
        super().__init__(self.chart, self.names, self.words, self.legend, self.told)

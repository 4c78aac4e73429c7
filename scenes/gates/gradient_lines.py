"""The gradients at the states of several cells, as lines over the words."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from manim import RIGHT, Animation, AnimationGroup, FadeIn, LaggedStart, VGroup
from rnnviz.scenes.gates.word_axis import BASE, LEFT_X, RIGHT_X, WordAxis

from rnnviz.experiments.studies import Run, carried_shares
from rnnviz.mobjects.accuracy_by_gap import carried_title, color_of
from rnnviz.mobjects.log_axis import LogAxis
from rnnviz.mobjects.text import label
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.value_line import ValueLine, spread
from rnnviz.mobjects.wording import Say

_BASE: Final = BASE + 0.25
_HEIGHT: Final = 2.85


class GradientLines(VGroup):
    """The gradient at each cell's state before training, as a share of that at the last."""

    def __init__(self, runs: Mapping[str, Run], words: WordAxis, say: Say, theme: Theme):
        shares = {cell: carried_shares(run.untrained) for cell, run in runs.items()}
        values = np.concatenate(list(shares.values()))
        self.axis = LogAxis(values, theme, base=_BASE, height=_HEIGHT, left=LEFT_X, right=RIGHT_X)
        for line, tick in zip(self.axis.lines, self.axis.ticks, strict=True):
            tick.next_to(line, RIGHT, buff=0.15)
        name = say("gradient at each state ÷ that at the last, log scale")
        self.heading = label(name, color=theme.color("note"), size=0.33)
        self.heading.move_to([RIGHT_X + 0.6, _BASE + _HEIGHT + 0.26, 0.0], aligned_edge=RIGHT)
        self.lines = {
            cell: ValueLine(
                each[words.window.indices],
                words.places,
                self.axis,
                carried_title(cell),
                theme,
                role=color_of(cell),
            )
            for cell, each in shares.items()
        }
        spread(
            [line.title for line in self.lines.values()],
            [float(line.dots[0].get_y()) for line in self.lines.values()],
        )
        for line in self.lines.values():
            line.title.move_to([LEFT_X - 0.15, line.title.get_y(), 0.0], aligned_edge=RIGHT)
        super().__init__(self.axis, self.heading, *self.lines.values())

    def appear(self, run_time: float = 4.0) -> Animation:
        """Show the axis, and draw one line after the other, from the loss back."""
        lines = [line.appear() for line in self.lines.values()]
        return AnimationGroup(
            FadeIn(self.axis, self.heading, run_time=0.6),
            LaggedStart(*lines, lag_ratio=0.6, run_time=run_time),
        )

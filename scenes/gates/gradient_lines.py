"""The gradients at the states of several cells, as lines over the words."""

from collections.abc import Mapping

import numpy as np
from manim import RIGHT, Animation, AnimationGroup, LaggedStart, ReplacementTransform, VGroup
from rnnviz.scenes.gates.word_axis import BASE, HEIGHT, LEFT_X, RIGHT_X, WordAxis

from rnnviz.experiments.studies import Run, carried_shares
from rnnviz.mobjects.accuracy_by_gap import CARRIED, CELL_ROLES
from rnnviz.mobjects.log_axis import LogAxis
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.value_line import ValueLine, spread


class GradientLines(VGroup):
    """The gradient at each cell's state over the words, as a share of that at the last.

    Shapes: norms cell → (time,)
    """

    def __init__(
        self, norms: Mapping[str, np.ndarray], axis: LogAxis, words: WordAxis, theme: Theme
    ):
        self.axis = axis
        self.lines = {
            cell: ValueLine(
                values[words.window.indices],
                words.places,
                axis,
                CARRIED[cell],
                theme,
                role=CELL_ROLES[cell],
            )
            for cell, values in norms.items()
        }
        spread(
            [line.title for line in self.lines.values()],
            [float(line.dots[0].get_y()) for line in self.lines.values()],
        )
        for line in self.lines.values():
            line.title.move_to([LEFT_X - 0.15, line.title.get_y(), 0.0], aligned_edge=RIGHT)
        super().__init__(*self.lines.values())

    @classmethod
    def of(
        cls, runs: Mapping[str, Run], words: WordAxis, theme: Theme
    ) -> tuple["GradientLines", "GradientLines"]:
        """Return the lines before and after training, on the same axis."""
        before = {cell: carried_shares(run.untrained) for cell, run in runs.items()}
        after = {cell: carried_shares(run.trace) for cell, run in runs.items()}
        values = np.concatenate([*before.values(), *after.values()])
        axis = LogAxis(values, theme, base=BASE, height=HEIGHT, left=LEFT_X, right=RIGHT_X)
        for line, tick in zip(axis.lines, axis.ticks, strict=True):
            tick.next_to(line, RIGHT, buff=0.15)
        return cls(before, axis, words, theme), cls(after, axis, words, theme)

    def appear(self, run_time: float = 4.0) -> Animation:
        """Draw one line after the other, from the loss back."""
        return LaggedStart(
            *[line.appear() for line in self.lines.values()], lag_ratio=0.6, run_time=run_time
        )

    def turn_into(self, other: "GradientLines", run_time: float = 2.6) -> Animation:
        """Turn the lines into those of other values."""
        return AnimationGroup(
            *[ReplacementTransform(mine, other.lines[cell]) for cell, mine in self.lines.items()],
            run_time=run_time,
        )

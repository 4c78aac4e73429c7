"""The unrolled network."""

from collections.abc import Sequence
from typing import Self

import numpy as np
from manim import (
    RIGHT,
    UP,
    Animation,
    AnimationGroup,
    FadeIn,
    FadeOut,
    LaggedStart,
    ReplacementTransform,
    Succession,
    TransformFromCopy,
    VGroup,
    VMobject,
)

from rnnviz.mobjects.arrows import FlowArrow, straight
from rnnviz.mobjects.equation import Equation
from rnnviz.mobjects.labels import LabelRow
from rnnviz.mobjects.network import CELL_HEIGHT, CELL_WIDTH, NetworkCell
from rnnviz.mobjects.strip import Strip
from rnnviz.mobjects.text import BODY, formula
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.window import Window
from rnnviz.trace import Trace

_WORD_DROP = 1.12
_ARROW_DROP = 0.76
_GAP = 0.03
"""The least distance between a word and the arrow above it."""


class StateChain(VGroup):
    """One cell for each step shown, in a row, with the inputs below and states to fill in.

    Shapes: states (steps, hidden)
    """

    def __init__(
        self,
        steps: Sequence[int],
        words: Sequence[str],
        states: np.ndarray,
        theme: Theme,
        *,
        width: float = 12.6,
        most_pitch: float = 1.5,
    ):
        self.theme = theme
        self.steps = tuple(steps)
        self.pitch = min(most_pitch, width / len(steps))
        cell_width = min(CELL_WIDTH, self.pitch * 0.66)
        places = [
            (index - (len(steps) - 1) / 2) * self.pitch * RIGHT for index in range(len(steps))
        ]
        self.cells = VGroup(
            *[
                NetworkCell(f"h_({step})", theme, width=cell_width).shift(place)
                for step, place in zip(steps, places, strict=True)
            ]
        )
        bottom = -CELL_HEIGHT / 2
        self.words = LabelRow(
            words,
            [place[0] for place in places],
            bottom - _WORD_DROP,
            color=theme.color("input"),
            size=BODY,
            width=self.pitch * 0.92,
        )
        # keep marks above letters, as in Thai and Hindi, off the arrows
        tops = [float(word.get_top()[1]) for word in self.words if len(word)]
        highest = bottom - _ARROW_DROP - _GAP
        self.words.shift(-max([0.0, *(top - highest for top in tops)]) * UP)
        self.inputs = VGroup(
            *[
                FlowArrow(
                    [place + (bottom - _ARROW_DROP) * UP, place + (bottom - 0.04) * UP],
                    color=theme.color("input"),
                )
                for place in places
            ]
        )
        self.passes = VGroup(
            *[
                FlowArrow(
                    straight(left.box.get_right(), right.box.get_left(), gap=0.03),
                    color=theme.color("hidden"),
                    thickness=0.04,
                )
                for left, right in zip(self.cells[:-1], self.cells[1:], strict=True)
            ]
        )
        self.strips = [
            Strip(state, theme, limit=1.0, height=CELL_HEIGHT * 0.86, width=cell_width * 0.42)
            .move_to(place)
            .set_z_index(1)
            for state, place in zip(states, places, strict=True)
        ]
        super().__init__(self.cells, self.passes, self.inputs, self.words)

    @classmethod
    def of(cls, trace: Trace, window: Window, theme: Theme) -> Self:
        """Return the chain of a trace's first sequence."""
        states = trace.h[0, 0, window.indices, 0]
        return cls(window.steps, window.words(trace), states, theme)

    def shift(self, *vectors: np.ndarray) -> Self:
        """Move the chain with the states that are not shown yet."""
        for strip in self.strips:
            strip.shift(*vectors)
        return super().shift(*vectors)

    def fill(self) -> Animation:
        """Fade all states in, from the first to the last."""
        return LaggedStart(
            *[FadeIn(strip, shift=0.15 * RIGHT) for strip in self.strips], lag_ratio=0.25
        )

    def without_words(self) -> VGroup:
        """Return the cells with their states, and the arrows."""
        return VGroup(self.cells, self.passes, self.inputs, *self.strips)

    def subdue(self) -> Self:
        """Look like future steps: outlines only."""
        for cell in self.cells:
            cell.subdue()
        self.passes.set_fill(self.theme.dimmed("hidden"))
        self.inputs.set_fill(self.theme.dimmed("input"))
        self.words.set_color(self.theme.dimmed("input"))
        return self

    def unfold_from(self, cell: VMobject, run_time: float = 2.2) -> Animation:
        """Turn one cell into all cells, each in its place."""
        return AnimationGroup(
            FadeOut(cell, run_time=0.6),
            *[TransformFromCopy(cell, own, run_time=run_time) for own in self.cells],
        )

    def connect(self, run_time: float = 1.8) -> Animation:
        """Draw the arrows between the cells, then show the inputs."""
        return Succession(
            LaggedStart(*[arrow.grow() for arrow in self.passes], lag_ratio=0.3),
            AnimationGroup(FadeIn(self.words), FadeIn(self.inputs)),
            run_time=run_time,
        )

    def matrix_marks(self) -> VGroup:
        """Return the names of the weights, the same U and W at every arrow."""
        color = self.theme.color("weight")
        marks = VGroup()
        for arrow in self.inputs:
            marks.add(formula("U", color=color, size=0.34).next_to(arrow, RIGHT, buff=0.1))
        for arrow in self.passes:
            marks.add(formula("W", color=color, size=0.34).next_to(arrow, UP, buff=0.1))
        return marks

    def share(self, equation: Equation, marks: VGroup, run_time: float = 2.6) -> Animation:
        """Copy the formula's U and W to every step."""
        sources = [equation.part("U")] * len(self.inputs) + [equation.part("W")] * len(self.passes)
        return LaggedStart(
            *[TransformFromCopy(part, mark) for part, mark in zip(sources, marks, strict=True)],
            lag_ratio=0.04,
            run_time=run_time,
        )

    def read(self, index: int, run_time: float = 1.4) -> Animation:
        """Show one step: its word enters, the previous state is passed on, and its own appears."""
        cell, word, arrow = self.cells[index], self.words[index], self.inputs[index]
        strip = self.strips[index]
        lit = [
            word.animate.set_color(self.theme.color("input")),
            arrow.animate.set_fill(self.theme.color("input")),
            cell.animate.wake(),
        ]
        entering = word.copy().set_color(self.theme.color("input"))
        moves = [FadeOut(entering, target_position=cell.box.get_bottom(), scale=0.4)]
        if index == 0:
            arrives: Animation = FadeIn(strip, shift=0.3 * UP)
        else:
            passed = self.strips[index - 1].copy()
            lit.append(self.cells[index - 1].animate.settle())
            lit.append(self.passes[index - 1].animate.set_fill(self.theme.color("hidden")))
            arrives = ReplacementTransform(passed, strip)
        return Succession(
            AnimationGroup(*lit, *moves, run_time=run_time * 0.45),
            AnimationGroup(arrives, run_time=run_time * 0.55),
        )

    def finish(self) -> Animation:
        """End the last step."""
        return self.cells[-1].animate.settle()

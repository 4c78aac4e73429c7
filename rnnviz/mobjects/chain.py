"""The unrolled network."""

from collections.abc import Iterator, Sequence
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
    VGroup,
)

from rnnviz.mobjects.arrows import FlowArrow, straight
from rnnviz.mobjects.labels import LabelRow
from rnnviz.mobjects.network import CELL_HEIGHT, CELL_WIDTH, NetworkCell
from rnnviz.mobjects.shown_states import ShownStates, Values, by_name, state_symbol, strip_of
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

    Shapes: states (steps, hidden), or several by their names, which share a step's cell
    Units:  ``limit`` is the value at the end of the states' colours
    """

    def __init__(
        self,
        steps: Sequence[int],
        words: Sequence[str],
        states: np.ndarray | Values,
        theme: Theme,
        *,
        width: float = 12.6,
        most_pitch: float = 1.5,
        limit: float = 1.0,
    ):
        self.theme = theme
        self.steps = tuple(steps)
        self.limit = limit
        named = by_name(states)
        self.pitch = min(most_pitch, width / len(steps))
        cell_width = min(CELL_WIDTH, self.pitch * 0.58)
        places = [
            (index - (len(steps) - 1) / 2) * self.pitch * RIGHT for index in range(len(steps))
        ]
        self.cells = VGroup(
            *[
                NetworkCell(
                    [state_symbol(name, step) for name in named], theme, width=cell_width
                ).shift(place)
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
            strip_of(
                {name: values[index] for name, values in named.items()},
                theme,
                limit=limit,
                height=CELL_HEIGHT * 0.86,
                width=cell_width * 0.42,
            )
            .move_to(place)
            .set_z_index(1)
            for index, place in enumerate(places)
        ]
        super().__init__(self.cells, self.passes, self.inputs, self.words)

    @classmethod
    def of(cls, trace: Trace, window: Window, theme: Theme) -> Self:
        """Return the chain of a trace's first sequence."""
        shown = ShownStates(trace, window)
        words = window.words(trace)
        return cls(window.steps, words, shown.of(), theme, limit=shown.limit)

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

    def matrix_marks(
        self, size: float = 0.36, *, trace: Trace | None = None
    ) -> tuple[VGroup, VGroup]:
        """Return the names of the weights: U at every input, W at every arrow between states.

        Of a trace with a custom cell, f is at every arrow between states, and nothing at inputs.
        """
        color = self.theme.color("weight")
        custom = trace is not None and trace.is_custom
        u = VGroup() if custom else formula("U", color=color, size=size)
        w = formula("f" if custom else "W", color=color, size=size)
        into = [u.copy().next_to(arrow, RIGHT, buff=0.1) for arrow in self.inputs]
        over = [w.copy().next_to(arrow, UP, buff=0.22) for arrow in self.passes]
        return VGroup(*into), VGroup(*over)

    def name_weights(self, into: VGroup, over: VGroup) -> Iterator[Animation]:
        """Move the outline of one layer from step to step; at each it leaves the same U and W.

        The first U and W are on the stage already.
        """
        outline = self.cells[0].box.copy().set_stroke(self.theme.color("text"), width=6.0)
        outline.set_fill(opacity=0.0).set_z_index(4)
        yield FadeIn(outline, run_time=0.5)
        for index in range(1, len(self.cells)):
            left = [into[index], *([over[index - 1]] if index > 1 else [])]
            moved = outline.animate.move_to(self.cells[index].box)
            yield AnimationGroup(moved, FadeIn(*left), lag_ratio=0.5, run_time=0.6)
        yield FadeOut(outline, run_time=0.5)

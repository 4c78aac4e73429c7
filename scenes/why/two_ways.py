"""How a transformer and a recurrent network connect the words of a sentence."""

from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import Final

import numpy as np
from manim import (
    DOWN,
    PI,
    UP,
    Animation,
    AnimationGroup,
    ArcBetweenPoints,
    Create,
    Dot,
    FadeIn,
    LaggedStart,
    RoundedRectangle,
    VGroup,
)
from rnnviz.scenes.why.memory import STATE_LIMIT
from rnnviz.scenes.why.wording import Costs

from rnnviz.mobjects.arrows import FlowArrow, straight
from rnnviz.mobjects.labels import LabelRow
from rnnviz.mobjects.strip import Strip
from rnnviz.mobjects.text import label
from rnnviz.mobjects.theme import Theme
from rnnviz.trace import Trace

_WIDTH: Final = 5.7
_CENTRES: Final = (-3.42, 3.42)
_BASE: Final = -0.24
_WORDS: Final = -0.74
_TITLE: Final = 3.2
_COUNTS: Final = (-1.24, -1.65)
_KEEPS: Final = -2.06
_ROUND: Final = 0.97
_STATE: Final = 1.51
_HEIGHT: Final = 2.3
_MARGIN: Final = 0.06
_SIZE: Final = 0.32


class TwoWays(VGroup):
    """The words of a trace's first sequence twice: all pairs joined, and read into states.

    Below each stands what it costs, and what it keeps.
    """

    def __init__(self, trace: Trace, costs: Sequence[Costs], theme: Theme):
        words = trace.metadata.step_labels[0]
        states = trace.h[0, 0, :, 0]
        self.titles, self.counts, self.dots, self.words = (VGroup() for _ in range(4))
        slot = _WIDTH / max(1, len(words) - 1)
        radius = min(0.12, 0.2 * slot)
        for centre, cost in zip(_CENTRES, costs, strict=True):
            xs = centre + np.linspace(-_WIDTH / 2, _WIDTH / 2, len(words))
            self.dots.add(
                VGroup(*[Dot([x, _BASE, 0], radius=radius, color=theme.input) for x in xs])
            )
            row = LabelRow(
                words, xs, _WORDS, color=theme.color("input"), size=0.27, width=1.05 * slot
            )
            self.words.add(row)
            ink = label(cost.title, color=theme.color("text"), size=0.42)
            self.titles.add(ink.move_to([centre, 0.0, 0.0]).set_on(_TITLE))
            lines = VGroup()
            for y, text in zip((*_COUNTS, _KEEPS), (*cost.counts, cost.keeps), strict=True):
                color = theme.color("hidden" if y in _COUNTS else "text")
                line = label(text, color=color, size=_SIZE)
                lines.add(line.move_to([centre, 0.0, 0.0]).set_on(y))
            self.counts.add(lines)
        left, right = self.dots
        color = theme.color("hidden")
        self.pairs = VGroup(
            *[
                ArcBetweenPoints(
                    two.get_center(), one.get_center(), angle=PI * _ROUND, stroke_width=2.0
                ).set_color(color)
                for one, two in combinations(left, 2)
            ]
        )
        width = 0.44 * slot
        self.strips = [
            Strip(state, theme, limit=STATE_LIMIT, height=_HEIGHT, width=width).move_to(
                [dot.get_x(), _STATE, 0.0]
            )
            for dot, state in zip(right, states, strict=True)
        ]
        self.frames = [
            RoundedRectangle(
                corner_radius=0.06,
                width=width + 2 * _MARGIN,
                height=_HEIGHT + 2 * _MARGIN,
                stroke_width=2.5,
                stroke_color=color,
            ).move_to(strip)
            for strip in self.strips
        ]
        self.inputs = [
            FlowArrow(
                straight(dot.get_top(), frame.get_bottom(), gap=0.04), color=theme.color("input")
            )
            for dot, frame in zip(right, self.frames, strict=True)
        ]
        self.links = [
            FlowArrow(
                straight(one.get_right(), two.get_left(), gap=0.02), color=color, thickness=0.05
            )
            for one, two in pairwise(self.frames)
        ]
        super().__init__(
            *(self.titles, self.counts, self.dots, self.words, self.pairs),
            *(*self.frames, *self.strips, *self.inputs, *self.links),
        )

    def appear(self, which: int) -> Animation:
        """Show one of the two: on the left arcs word by word, on the right state by state."""
        lines = self._read() if which else [Create(arc) for arc in self.pairs]
        return AnimationGroup(
            FadeIn(self.titles[which], shift=0.15 * UP),
            FadeIn(self.dots[which], self.words[which]),
            LaggedStart(*lines, lag_ratio=0.5 if which else 0.15),
            LaggedStart(*[FadeIn(line, shift=0.15 * DOWN) for line in self.counts[which]]),
            run_time=4.0 if which else 2.6,
        )

    def _read(self) -> list[Animation]:
        steps = []
        links: list[FlowArrow | None] = [None, *self.links]
        parts = zip(links, self.inputs, self.frames, self.strips, strict=True)
        for link, wire, frame, strip in parts:
            carried = [] if link is None else [link.grow()]
            steps.append(AnimationGroup(*carried, wire.grow(), FadeIn(frame, strip)))
        return steps

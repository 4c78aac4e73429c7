"""A recorded state that moves along a lane and changes with every word."""

from typing import Final

import numpy as np
from manim import (
    UP,
    Animation,
    AnimationGroup,
    FadeIn,
    LaggedStart,
    RoundedRectangle,
    Succession,
    UpdateFromAlphaFunc,
    VGroup,
    rate_functions,
)

from rnnviz.mobjects.strip import Strip
from rnnviz.mobjects.text import label
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.word_lane import WordLane
from rnnviz.trace import Trace

STATE_LIMIT: Final = 1.0
"""The end of the colours of states, all of which lie between −1 and 1."""
_ABOVE: Final = 1.7
_HEIGHT: Final = 1.9
_WIDTH: Final = 0.42


class Memory(VGroup):
    """The state of a trace's first sequence, over the word that has just been read.

    Shapes: states (words shown, units)
    """

    def __init__(self, lane: WordLane, trace: Trace, title: str, theme: Theme):
        self.lane, self.theme = lane, theme
        states = trace.h[0, 0, :, 0]
        # an ellipsis stands for the steps up to the next word that is shown
        following = [step for step in lane.shown if step is not None]
        steps = [
            step if step is not None else following[place] - 1
            for place, step in enumerate(lane.shown)
        ]
        self.states = states[steps]
        self.strip = Strip(self.states[0], theme, limit=STATE_LIMIT, height=_HEIGHT, width=_WIDTH)
        self.frame = RoundedRectangle(
            corner_radius=0.08,
            width=_WIDTH + 0.2,
            height=_HEIGHT + 0.2,
            stroke_width=3,
            stroke_color=theme.color("hidden"),
        )
        self.title = label(title, color=theme.color("hidden"), size=0.36)
        self.title.next_to(self.frame, UP, buff=0.14)
        super().__init__(self.frame, self.strip, self.title)
        self._over(0.0)

    def read(self, seconds: float = 6.0) -> Animation:
        """Pass over the words from the first to the last, which light up."""
        moving = UpdateFromAlphaFunc(
            self,
            lambda memory, share: memory._over(share),
            run_time=seconds,
            rate_func=rate_functions.linear,
        )
        color = self.theme.color("input")
        lit = [word.animate.set_color(color) for word in self.lane.words]
        return Succession(
            FadeIn(self, run_time=0.5),
            AnimationGroup(moving, LaggedStart(*lit, lag_ratio=0.9, run_time=seconds)),
        )

    def _over(self, share: float) -> None:
        """Stand at a share of the way, with the state of the word read last."""
        at = share * (len(self.states) - 1)
        x = float(np.interp(at, np.arange(len(self.states)), self.lane.places))
        self.shift([x - self.frame.get_x(), self.lane.y + _ABOVE - self.frame.get_y(), 0.0])
        state = self.states[int(at)]
        for cell, value in zip(self.strip, state, strict=False):
            cell.set_fill(self.theme.shade("signed", float(value) / STATE_LIMIT))

"""The states of a network before and after a weight was changed."""

from typing import Any, Final

import numpy as np
from manim import (
    DOWN,
    LEFT,
    RIGHT,
    Animation,
    AnimationGroup,
    FadeIn,
    FadeOut,
    LaggedStart,
    Rectangle,
    Succession,
    VGroup,
)

from rnnviz.mobjects.bar_chart import BarChart
from rnnviz.mobjects.chain import StateChain
from rnnviz.mobjects.emphasis import dim, undim
from rnnviz.mobjects.labels import inside
from rnnviz.mobjects.shown_states import ShownStates, StripRow, strip_of
from rnnviz.mobjects.strip import Strip
from rnnviz.mobjects.text import formula, label
from rnnviz.mobjects.wording import Say
from rnnviz.trace import Trace

MARKED: Final = 0.1
"""A cell that changes by this much is ringed."""
_BASE: Final = 1.66
_HEIGHT: Final = 0.75
_LEGEND_Y: Final = 3.3
_SIZE: Final = 0.33
_NARROW: Final = 0.48
"""The share of a box that several states have, before and after the change."""


class ChangedStates(VGroup):
    """Each new state beside the old one, which rests, and the size of the change as a bar above.

    Shapes: ``differences`` (steps,) are ‖h'_t − h_t‖ at the steps shown
    """

    def __init__(
        self,
        trace: Trace,
        changed: Trace,
        chain: StateChain,
        shown: ShownStates,
        limit: float,
        say: Say,
    ):
        theme, window = chain.theme, shown.window
        self.chain = chain
        new, old_states = shown.of(changed), shown.of()
        self.narrow = 1.0 if len(new) == 1 else _NARROW
        whole = changed.h[0, 0, window.indices, 0] - trace.h[0, 0, window.indices, 0]
        self.differences = np.linalg.norm(whole, axis=-1)
        self.aside = 0.26 * chain.cells[0].box.width
        self.strips = [
            strip_of(
                {name: values[index] for name, values in new.items()},
                theme,
                limit=limit,
                height=old.height,
                width=(old.width if len(new) == 1 else chain.cells[0].box.width) * 0.9,
            )
            .match_height(old)
            .move_to(old)
            .shift(self.aside * RIGHT)
            .set_z_index(2)
            for index, old in enumerate(chain.strips)
        ]
        if len(new) > 1:
            for strip in self.strips:
                strip.stretch_to_fit_width(_NARROW * 0.9 * chain.cells[0].box.width)
        apart = {name: new[name] - old_states[name] for name in new}
        color = theme.color("text")
        self.rings = [
            VGroup(
                *[
                    Rectangle(
                        width=cell.width + 0.05,
                        height=cell.height + 0.03,
                        stroke_width=2.5,
                        stroke_color=color,
                    )
                    .move_to(cell)
                    .set_z_index(3)
                    for column, values in zip(_columns(strip), apart.values(), strict=True)
                    for cell, value in zip(column, values[index], strict=True)
                    if abs(value) >= MARKED
                ]
            )
            for index, strip in enumerate(self.strips)
        ]
        self.chart = BarChart(
            self.differences,
            [cell.box.get_x() for cell in chain.cells],
            theme,
            role="text",
            height=_HEIGHT,
            bar_width=0.4 * chain.pitch,
            base=_BASE,
            number_size=_SIZE,
        )
        self.symbol = formula("norm(Delta h_t)", color=theme.color("note"), size=0.42)
        self.symbol.next_to(self.chart.axis, LEFT, buff=0.2).set_y(_BASE + 0.2)
        key = Rectangle(width=0.34, height=0.2, stroke_width=2.5, stroke_color=color)
        text = say("a cell that changed by {amount} or more").format(amount=MARKED)
        sides = label(say("left: before, right: after"), color=theme.color("note"), size=_SIZE)
        ringed = VGroup(key, label(text, color=theme.color("note"), size=_SIZE))
        rows = [sides, ringed.arrange(RIGHT, buff=0.18)]
        needed = rows if any(len(rings) for rings in self.rings) else rows[:1]
        self.legend = VGroup(*needed).arrange(DOWN, buff=0.14)
        inside(self.legend.move_to([chain.get_x(), _LEGEND_Y, 0.0]))
        super().__init__(self.chart, self.symbol, *self.strips, *self.rings, self.legend)

    def make_room(self) -> Animation:
        """Move the old states aside, where they rest, and draw the axis of the changes."""
        moves = [
            strip.stretch(self.narrow, 0).shift(self.aside * LEFT)
            for strip in dim(*self.chain.strips)
        ]
        return AnimationGroup(
            *moves, FadeIn(self.chart.axis, self.symbol, self.legend), run_time=0.8
        )

    def run(self, run_time: float = 6.0) -> Animation:
        """Compute the new states, one after the other, each with its change."""
        return LaggedStart(
            *[self._step(index) for index in range(len(self.strips))],
            lag_ratio=0.6,
            run_time=run_time,
        )

    def leave(self) -> Animation:
        """Remove the new states; the old ones come back to their places."""
        back: list[Any] = [
            strip.stretch(1 / self.narrow, 0).shift(self.aside * RIGHT)
            for strip in undim(*self.chain.strips)
        ]
        return AnimationGroup(FadeOut(self), *back, run_time=0.8)

    def _step(self, index: int) -> Animation:
        strip = self.strips[index]
        arrives = FadeIn(strip, shift=0.2 * RIGHT)
        ringed = FadeIn(self.rings[index]) if len(self.rings[index]) else None
        shown = [self.chart.grow(index)] + ([ringed] if ringed else [])
        return Succession(arrives, AnimationGroup(*shown))


def _columns(strip: Strip | StripRow) -> list[Strip]:
    return strip.strips if isinstance(strip, StripRow) else [strip]

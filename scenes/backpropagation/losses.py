"""Losses above an unrolled network, with arrows for their gradients."""

from collections.abc import Sequence

import numpy as np
from manim import LEFT, UP, Animation, AnimationGroup, FadeIn, LaggedStart, VGroup

from rnnviz.mobjects.arrows import FlowArrow
from rnnviz.mobjects.chain import StateChain
from rnnviz.mobjects.text import formula
from rnnviz.mobjects.theme import Theme

_RISE = 0.62


class ChainLosses(VGroup):
    """A loss above each step that has one, an arrow down from it, and arrows back between steps."""

    def __init__(self, chain: StateChain, steps: Sequence[int], theme: Theme):
        color = theme.color("gradient")
        self.chain = chain
        self.places = [place for place, step in enumerate(chain.steps) if step in steps]
        self.names, self.down = VGroup(), VGroup()
        for place in self.places:
            cell = chain.cells[place]
            name = formula(f"L_({chain.steps[place]})", color=color, size=0.42)
            name.move_to(cell.title.get_top() + _RISE * UP)
            self.names.add(name)
            foot = cell.box.get_top() + 0.43 * cell.box.width * LEFT
            top = np.array([foot[0], name.get_bottom()[1] - 0.04, 0.0])
            self.down.add(FlowArrow([top, foot + 0.03 * UP], color=color))
        self.back = VGroup(
            *[
                FlowArrow(
                    [right.box.get_left() + 0.35 * UP, left.box.get_right() + 0.35 * UP],
                    color=color,
                )
                for left, right in zip(chain.cells[:-1], chain.cells[1:], strict=True)
            ]
        )
        super().__init__(self.names, self.down, self.back)

    def appear(self) -> Animation:
        """Show the losses, from the first to the last."""
        return LaggedStart(*[FadeIn(name, shift=0.1 * UP) for name in self.names], lag_ratio=0.2)

    def flow(self, run_time: float = 3.0) -> Animation:
        """Draw the gradients from the losses down, and back through the states."""
        return AnimationGroup(
            LaggedStart(*[arrow.grow() for arrow in reversed(self.down)], lag_ratio=0.15),
            LaggedStart(*[arrow.grow() for arrow in reversed(self.back)], lag_ratio=0.6),
            run_time=run_time,
        )

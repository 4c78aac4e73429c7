"""The length of a gradient at each state as a bar, on a linear and then a logarithmic scale."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from manim import (
    RIGHT,
    Animation,
    AnimationGroup,
    FadeIn,
    FadeOut,
    ReplacementTransform,
    Succession,
    UpdateFromAlphaFunc,
    VGroup,
    rate_functions,
)
from rnnviz.scenes.vanishing_gradient.fading_chain import SHIFT, FadingChain, pitch_of
from rnnviz.scenes.vanishing_gradient.state_bars import Place, StateBars

from rnnviz.mobjects.labels import LabelRow
from rnnviz.mobjects.log_axis import LogAxis
from rnnviz.mobjects.theme import Theme

_ALONE: Final = (Place(base=-0.72, height=2.7, names_y=-1.32, title_y=2.18),)
_TWO: Final = (
    Place(-0.5, 2.1, -1.0, 2.95, aside=-0.24, bar=0.3, crowded=True, resting=True),
    Place(-0.5, 2.1, -1.54, 2.25, aside=0.24, bar=0.3, crowded=True),
)
_WORDS_Y: Final = (-2.0, -2.14)
LEAVES: Final = 0.6
"""Seconds in which the old drawing leaves, before the new one comes."""


class GradientBars(VGroup):
    """‖∂L_t/∂h_k‖ above each state, and on each arrow back the ratio of its two ends.

    With two states, each step has a bar for each, and each state arrows of its own; the gradient is
    followed at the last one.

    Shapes: norms name → (steps,) of the steps shown
    Units:  all ``values`` fit on the logarithmic axis; ``loss`` counts from 1
    """

    def __init__(
        self,
        norms: Mapping[str, np.ndarray],
        steps: Sequence[int],
        words: Sequence[str],
        values: np.ndarray,
        loss: int,
        theme: Theme,
    ):
        self.theme = theme
        count = len(steps)
        self.pitch = pitch_of(count, len(norms))
        self.middles = (np.arange(count) - (count - 1) / 2) * self.pitch + SHIFT
        most = max(float(each.max()) for each in norms.values())
        several = len(norms) > 1
        places = _TWO if several else _ALONE
        self.states = [
            StateBars(
                name,
                each,
                steps,
                self.middles,
                self.pitch,
                at,
                most,
                loss,
                theme,
                with_swatch=several,
            )
            for (name, each), at in zip(norms.items(), places, strict=True)
        ]
        self.base, self.height_of_all = places[0].base, places[0].height
        self.words = LabelRow(
            words, self.middles, _WORDS_Y[several], color=theme.color("input"), size=0.36,
            width=self.pitch * 0.92,
        )  # fmt: skip
        self.axis = LogAxis(
            values, theme, base=self.base, height=self.height_of_all,
            left=self.middles[0] - (0.18 if not several else 0.42 * self.pitch),
            right=self.middles[-1] + 0.5 * self.pitch,
        )  # fmt: skip
        for line, tick in zip(self.axis.lines, self.axis.ticks, strict=True):
            tick.next_to(line, RIGHT, buff=0.15)
            line.set_z_index(-2)
        super().__init__(*self.states, self.words)

    @property
    def main(self) -> StateBars:
        """The bars of the state at which the gradient is followed."""
        return self.states[-1]

    @property
    def others(self) -> Sequence[StateBars]:
        """The bars of the other state, if there is one."""
        return self.states[:-1]

    def out_of(self, fading: FadingChain) -> Animation:
        """Turn the glowing chain into bars: each rim becomes its bar, words and arrows move along.

        What crosses the bars on its way, the names, leaves before and comes again below.
        """
        pairs = list(zip(fading.chain.words, self.words, strict=True))
        for state, rims, flow in zip(self.states, fading.rims, fading.flows, strict=True):
            pairs += zip(rims, state.chart.bars, strict=True)
            pairs += zip(list(flow.wires)[:0:-1], state.arrows, strict=True)
        coming = [part for state in self.states for part in (state.chart.axis, state.names)]
        return Succession(
            FadeOut(*fading.rest, run_time=LEAVES),
            AnimationGroup(
                *[ReplacementTransform(*pair) for pair in pairs],
                FadeIn(*coming),
                run_time=1.3,
            ),
        )

    def write(self) -> Animation:
        """Write the lengths above the bars, from the loss back."""
        return AnimationGroup(*[state.write() for state in self.states])

    def step_back(self, place: int, run_time: float) -> Animation:
        """Shrink an outline of each next bar to this one's height by the ratio."""
        return AnimationGroup(*[state.step_back(place, run_time) for state in self.states])

    def without_factors(self) -> Animation:
        """Let the ratios and their arrows leave."""
        return FadeOut(*[part for state in self.states for part in (state.marks, state.arrows)])

    def to_log(self, run_time: float = 2.4) -> Animation:
        """Move bars, numbers and ticks together from their linear to their logarithmic places."""
        group = VGroup(self.axis, *[state.chart for state in self.states])

        def between(moving: VGroup, share: float) -> None:
            self.axis.set_share(share)
            for state in self.states:
                state.place_between(self.axis, share)

        between(group, 0.0)
        return UpdateFromAlphaFunc(
            group, between, run_time=run_time, rate_func=rate_functions.ease_in_out_cubic
        )

    def rate_lines(self) -> VGroup:
        """Return the straight line through the bars of each state."""
        return VGroup(*[state.rate_line(self.axis) for state in self.states])

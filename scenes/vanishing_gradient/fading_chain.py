"""The unrolled network with a gradient on its way back, which fades."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from manim import LEFT, RIGHT, UP, Animation, AnimationGroup, FadeIn, LaggedStart, VGroup

from rnnviz.mobjects.arrows import FlowArrow
from rnnviz.mobjects.chain import StateChain
from rnnviz.mobjects.flow import GradientFlow
from rnnviz.mobjects.labels import inside
from rnnviz.mobjects.network import CELL_HEIGHT, layer_box
from rnnviz.mobjects.shown_states import ShownStates, StripRow, state_symbol
from rnnviz.mobjects.text import formula
from rnnviz.mobjects.theme import Theme

PITCH: Final = 1.42
WIDE_PITCH: Final = 1.9
"""The distance of steps where each has two bars."""
WIDTH: Final = 11.4
SHIFT: Final = -0.5
_Y: Final = 0.35
_WIRES: Final = (0.42, -0.42)
_NAMES: Final = (0.82, -0.82)
_THICKEST_RIM: Final = 13.0
_THICKEST_OF_TWO: Final = 6.0


def pitch_of(count: int, states: int) -> float:
    """Return the distance of some steps with the gradients at one or two states."""
    return min(PITCH if states == 1 else WIDE_PITCH, WIDTH / count)


class FadingChain(VGroup):
    """States in a row and the loss of the last one, with its gradients as widths on the way back.

    Each state has a wire at every step back, and a rim: around the step's box, or around its own
    strip where there are two.

    Shapes: norms name → (steps,), those of the steps shown, in the order of time
    Units:  ``loss`` is the step of the loss, from 1
    """

    def __init__(
        self, shown: ShownStates, norms: Mapping[str, np.ndarray], loss: int, theme: Theme
    ):
        steps, names = shown.window.steps, tuple(norms)
        self.chain = StateChain(
            steps,
            shown.window.words(shown.trace),
            shown.of(),
            theme,
            width=WIDTH,
            most_pitch=pitch_of(len(steps), len(names)),
            limit=shown.limit,
        )
        self.chain.shift(SHIFT * RIGHT + _Y * UP)
        cells = self.chain.cells
        self.loss = formula(f"L_({loss})", color=theme.color("text"), size=0.5)
        self.loss.move_to(cells[-1].box.get_center() + 0.95 * self.chain.pitch * RIGHT)
        self.out = FlowArrow(
            [cells[-1].box.get_right() + 0.03 * RIGHT, self.loss.get_left() + 0.08 * LEFT],
            color=theme.color("output"),
        )
        starts = [self.loss.get_left(), *[cell.box.get_left() for cell in cells[:0:-1]]]
        ends = [cell.box.get_right() for cell in cells[::-1]]
        paths = [
            np.array([start + 0.03 * LEFT, end + 0.03 * RIGHT])
            for start, end in zip(starts, ends, strict=True)
        ]
        most = max(float(each.max()) for each in norms.values())
        self.flows = [
            GradientFlow([path + y * UP for path in paths], each[::-1], theme, most=most)
            for each, y in zip(norms.values(), _WIRES, strict=False)
        ]
        self.rims = [self._rims(name, each / most, theme) for name, each in norms.items()]
        self.names = VGroup()
        if len(names) > 1:
            for name, y in zip(names, _NAMES, strict=False):
                color = theme.color("gradient")
                sign = formula(state_symbol(name, "k"), color=color, size=0.4)
                self.names.add(inside(sign.move_to([self.loss.get_x(), _Y + y, 0.0])))
        super().__init__(
            self.chain, self.loss, self.out, *self.flows, *self.rims, self.names
        )  # fmt: skip

    def appear(self) -> Animation:
        """Show the chain with its states, then the loss."""
        return LaggedStart(
            FadeIn(self.chain), self.chain.fill(), FadeIn(self.out, self.loss),
            lag_ratio=0.4, run_time=2.2,
        )  # fmt: skip

    def fade_back(self) -> Animation:
        """Send the gradient back: each wire and each rim as wide as its norm."""
        count = len(self.chain.cells)
        steps = [
            AnimationGroup(
                *[flow.flow_along(place) for flow in self.flows],
                FadeIn(*[rims[count - 1 - place] for rims in self.rims]),
            )
            for place in range(count)
        ]
        back = LaggedStart(*steps, lag_ratio=0.7, run_time=4.0)
        return AnimationGroup(FadeIn(self.names), back) if len(self.names) else back

    @property
    def rest(self) -> Sequence[Any]:
        """What does not become a bar, a word or an arrow below the bars."""
        chain = self.chain
        return (
            *[part for cell in chain.cells for part in (cell.title, cell.box)],
            *(chain.passes, chain.inputs, *chain.strips, self.loss, self.out),
            *[flow.wires[0] for flow in self.flows],
            *self.names,
        )

    def _rims(self, name: str, shares: np.ndarray, theme: Theme) -> VGroup:
        rims = VGroup()
        for cell, strip, share in zip(self.chain.cells, self.chain.strips, shares, strict=True):
            around, thickest = cell.box, _THICKEST_RIM
            if isinstance(strip, StripRow):
                around, thickest = strip.strips[strip.names.index(name)], _THICKEST_OF_TWO
            height = min(CELL_HEIGHT, around.height + 0.08)
            rim = layer_box(around.width, height, "gradient", theme)
            rim.set_stroke(width=max(1.0, thickest * float(share))).set_fill(opacity=0.0)
            rims.add(rim.move_to(around).set_z_index(2 if around is not cell.box else 0))
        return rims

"""The curves of tanh, which holds a state back, and of ReLU, which does not."""

from typing import Final

import numpy as np
from manim import UL, UR, Animation, AnimationGroup, Create, FadeIn, Succession, VGroup

from rnnviz.mobjects.emphasis import dim
from rnnviz.mobjects.equation import Equation
from rnnviz.mobjects.morph import morph, paired_glyphs
from rnnviz.mobjects.plane import Plane
from rnnviz.mobjects.text import formula
from rnnviz.mobjects.theme import Theme

_REACH: Final = 3.0
_WIDTH, _HEIGHT, _Y = 10.0, 3.75, 0.45
_LOW: Final = -1.2
_POINTS: Final = 121
_SIZE: Final = 0.42


class Nonlinearities(VGroup):
    """tanh and ReLU over the same sums, in one plot."""

    def __init__(self, theme: Theme):
        ends = (-_REACH, _REACH)
        xs = np.linspace(*ends, _POINTS)
        self.plane = Plane(
            ends, (_LOW, _REACH), theme, width=_WIDTH, height=_HEIGHT, centre=(0.0, _Y), x_name="a"
        )
        color = theme.color("hidden")
        self.tanh = self.plane.curve(xs, np.tanh(xs), role="hidden", width=5)
        self.tanh_name = formula("tanh(a)", color=color, size=_SIZE)
        self.tanh_name.next_to(self.plane.at(-_REACH, -1.0), UR, buff=0.15)
        self.relu = self.plane.curve(xs, np.maximum(xs, 0.0), role="hidden", width=5)
        self.relu_name = formula('"ReLU"(a) = max(0, a)', color=color, size=_SIZE)
        self.relu_name.next_to(self.plane.at(0.6 * _REACH, 0.6 * _REACH), UL, buff=0.12)
        for name in (self.tanh_name, self.relu_name):
            name.set_stroke(theme.ground, width=5, background=True)
        super().__init__(self.plane, self.tanh, self.tanh_name, self.relu, self.relu_name)

    def appear(self) -> Animation:
        """Show tanh, then let it rest while ReLU is drawn from left to right."""
        return Succession(
            FadeIn(self.plane, self.tanh, self.tanh_name),
            AnimationGroup(
                *dim(self.tanh, self.tanh_name), Create(self.relu, run_time=2.5), run_time=2.5
            ),
            FadeIn(self.relu_name, run_time=0.5),
        )

    def rise_to(self, equation: Equation) -> Animation:
        """Turn the name of ReLU into its formula at the top."""
        return morph(self.relu_name, equation, paired_glyphs(self.relu_name, equation.ink))

"""The chain rule for a single weight, in plain numbers."""

from itertools import pairwise
from typing import Final

import numpy as np
from manim import (
    DOWN,
    LEFT,
    RIGHT,
    UP,
    Animation,
    AnimationGroup,
    Circle,
    FadeIn,
    LaggedStart,
    VGroup,
)
from rnnviz.scenes.backpropagation.factors import largest_entry

from rnnviz.measure.chain_rule import ChainRule
from rnnviz.mobjects.arrows import FlowArrow
from rnnviz.mobjects.copies import copy_becomes
from rnnviz.mobjects.flow import GradientFlow
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.text import BODY, formula, label
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.trace import Trace

_Y: Final = -0.15
_PITCH: Final = 3.4
_RADIUS: Final = 0.48
_PRODUCT_Y: Final = -1.85
_DIGITS: Final = 3
_LOWER, _UPPER = 0.14 * DOWN, 0.26 * UP


class OneWeight(VGroup):
    """One weight of W, the sum, the state and the loss that it reaches, and a slope at each arrow.

    It is the weight between the units shown with the greatest term at the last step.

    Shapes: factors (3,), the slopes of sum, state and loss
    """

    def __init__(self, rule: ChainRule, trace: Trace, units: np.ndarray, theme: Theme):
        t, term = trace.steps, rule.terms_w[-1]
        row, column = (int(units[at]) for at in largest_entry(term[np.ix_(units, units)]))
        self.row, self.column = row + 1, column + 1
        self.factors = (
            float(trace.states_before()[-1, 0, column]),
            float(rule.slopes[-1][row]),
            float(rule.at_states[-1][row]),
        )
        self.product = float(term[row, column])
        self.written = number(self.product, _DIGITS)
        weight, unit = f"W_({row + 1},{column + 1})", f"({t},{row + 1})"
        names: list[tuple[str, Role]] = [
            (weight, "weight"), (f"a_{unit}", "text"),
            (f"h_{unit}", "hidden"), (f"L_({t})", "text"),
        ]  # fmt: skip
        xs = (np.arange(4) - 1.5) * _PITCH
        self.nodes = VGroup()
        for x, (name, role) in zip(xs, names, strict=True):
            text = formula(name, color=theme.color(role), size=0.4)
            radius = max(_RADIUS, text.width / 2 + 0.06)
            ring = Circle(radius=radius, stroke_width=2.5, stroke_color=theme.color(role))
            ring.set_fill(theme.surface, opacity=1.0).move_to([x, _Y, 0.0])
            self.nodes.add(VGroup(ring, text.move_to(ring)))
        ends = [
            (left.get_right() + 0.06 * RIGHT, right.get_left() + 0.06 * LEFT)
            for left, right in pairwise(self.nodes)
        ]
        self.arrows = VGroup(
            *[FlowArrow([a + _LOWER, b + _LOWER], color=theme.color("note")) for a, b in ends]
        )
        sources = [
            f"h_({t - 1},{column + 1})",
            f"1 - h_{unit}^2",
            f"(partial L_({t}))/(partial h_{unit})",
        ]
        self.slopes, self.values = VGroup(), VGroup()
        for arrow, source, value in zip(self.arrows, sources, self.factors, strict=True):
            slope = formula(source, color=theme.color("text"), size=0.38)
            self.slopes.add(slope.next_to([arrow.get_x(), _Y - 0.2, 0], DOWN, buff=0.08))
            text = label(number(value, _DIGITS), color=theme.color("gradient"), size=BODY)
            self.values.add(text.move_to([arrow.get_x(), 0, 0]).set_on(_Y + 0.4))
        paths = [np.array([b + _UPPER, a + _UPPER]) for a, b in reversed(ends)]
        self.flow = GradientFlow(paths, [1.0] * 3, theme, most=4.0)
        pieces = " dot ".join(
            f"{{{{ {_in_product(value)} : f{place} }}}}" for place, value in enumerate(self.factors)
        )
        self.line = formula(
            f'{pieces} = {{{{ "{self.written}" : product }}}}', color=theme.color("text"), size=0.46
        ).move_to([0, _PRODUCT_Y, 0])
        self.line.part("product").set_color(theme.color("gradient"))
        super().__init__(self.nodes, self.arrows, self.slopes, self.values, self.flow, self.line)

    def appear(self) -> Animation:
        """Draw the way from the weight to the loss."""
        parts = [FadeIn(self.nodes[0], shift=0.1 * UP)]
        for arrow, node in zip(self.arrows, self.nodes[1:], strict=True):
            parts += [arrow.grow(), FadeIn(node)]
        return LaggedStart(*parts, lag_ratio=0.5, run_time=2.0)

    def go_back(self, place: int) -> Animation:
        """Go back along the arrow of one factor, and show its slope."""
        return AnimationGroup(
            self.flow.flow_along(2 - place),
            FadeIn(self.slopes[place]),
            FadeIn(self.values[place], shift=0.1 * UP),
            run_time=0.9,
        )

    def multiply(self) -> Animation:
        """Bring the slopes into one product."""
        moving = [
            copy_becomes(value, self.line.part(f"f{place}"))
            for place, value in enumerate(self.values)
        ]
        there = {id(glyph) for place in range(3) for glyph in self.line.part(f"f{place}")}
        rest = VGroup(*[glyph for glyph in self.line if id(glyph) not in there])
        return AnimationGroup(*moving, FadeIn(rest), run_time=1.2)


def _in_product(value: float) -> str:
    text = f'"{number(value, _DIGITS)}"'
    return f"({text})" if value < 0 else text

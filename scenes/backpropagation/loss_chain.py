"""The last steps of an unrolled network, with its loss and the uses of its weights."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
from manim import (
    DOWN,
    LEFT,
    RIGHT,
    UP,
    Animation,
    AnimationGroup,
    FadeIn,
    FadeOut,
    Indicate,
    LaggedStart,
    ReplacementTransform,
    Succession,
    SurroundingRectangle,
    VGroup,
    VMobject,
)
from rnnviz.scenes.backpropagation.chain_states import ChainStates, Rule
from rnnviz.scenes.backpropagation.factors import Product
from rnnviz.scenes.backpropagation.frames import Frame

from rnnviz.mobjects.arrows import FlowArrow
from rnnviz.mobjects.copies import copy_becomes
from rnnviz.mobjects.flow import GradientFlow
from rnnviz.mobjects.matrix import Matrix
from rnnviz.mobjects.network import layer_box
from rnnviz.mobjects.strip import Strip
from rnnviz.mobjects.text import Ink, fitted_label, formula, label, scaled
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.mobjects.window import Window
from rnnviz.trace import Trace

_LEAVES, _MOVES, _COMES = 0.25, 0.9, 0.35
"""Seconds."""
_NAME: Final = 0.42
_FORWARD, _BACK, _USE = -0.1, 0.26, -0.36
"""Heights of the arrow forward, of the gradient and of a weight's name, in heights of a box."""
_BELOW_ARROW: Final = 0.08
"""How far a weight's name is below the arrow at least."""


class ChainStep(VGroup):
    """One step: a box with its state and its name, and its input and U below if it has one."""

    def __init__(
        self, states: ChainStates, step: int, word: str | None, x: float, at: Frame, theme: Theme
    ):
        width, height = at.box
        self.box = layer_box(width, height, "hidden", theme).move_to([x, at.y, 0.0])
        self.strip = Strip(
            states.at(step), theme, limit=states.limit, height=height * 0.86, width=width * 0.3
        )
        self.strip.move_to([x - 0.22 * width * at.room, at.y, 0.0]).set_z_index(1)
        self.title = formula(f"{states.symbol}_({step})", color=theme.color("hidden"), size=_NAME)
        self.title.next_to(self.box, UP, buff=0.1)
        self.word, self.arrow, self.use = VGroup(), VGroup(), VGroup()
        if word is not None:
            low = at.y - height / 2
            self.arrow = FlowArrow(
                np.array([[x, low - 0.4, 0.0], [x, low - 0.05, 0.0]]), color=theme.color("input")
            )
            self.use = formula("U", color=theme.color("weight"), size=0.36)
            self.use.next_to(self.arrow, RIGHT, buff=0.1)
            if "U" not in states.weights:
                self.use.set_fill(opacity=0.0)
            self.word = fitted_label(
                word, color=theme.color("input"), width=at.pitch * 0.74, size=0.34
            )
            self.word.move_to([x, 0.0, 0.0]).set_on(low - 0.42 - scaled(0.28))
        super().__init__(self.box, self.strip, self.title, self.arrow, self.use, self.word)


class LossChain(VGroup):
    """Steps side by side, the loss of the last one on the right, and each use of a weight named.

    Gradients and terms that were computed stand in the boxes and below the uses of W: of all units,
    or of some ``units``.
    """

    def __init__(
        self,
        trace: Trace,
        steps: Sequence[int],
        at: Frame,
        theme: Theme,
        states: ChainStates,
        units: np.ndarray | None = None,
    ):
        self.theme, self.at, self.numbers = theme, at, tuple(steps)
        self.states, self.units = states, units
        count = len(steps) + 1
        xs = (np.arange(count) - (count - 1) / 2) * at.pitch
        words = Window.last(trace, trace.steps).words(trace)
        self.steps = {
            step: ChainStep(
                self.states, step, words[step - 1] if place >= at.given else None, x, at, theme
            )
            for place, (step, x) in enumerate(zip(steps, xs, strict=False))
        }
        self.last = steps[-1]
        self.loss = formula(f"L_({self.last})", color=theme.color("text"), size=0.5)
        self.loss.move_to([xs[-1] - 0.1 * at.pitch, at.y + _FORWARD * at.box[1], 0.0])
        self.forward = {
            after: self._wire(self.steps[before].box, self.steps[after].box, "hidden")
            for before, after in pairwise(steps)
        }
        self.out = self._wire(self.steps[self.last].box, self.loss, "output")
        self.uses = {step: self._use("W", arrow) for step, arrow in self.forward.items()}
        self.use_of_v = self._use("V", self.out)
        self.gradients: dict[int, Strip] = {}
        self.terms: dict[int, Matrix] = {}
        super().__init__(
            *self.steps.values(), *self.forward.values(), *self.uses.values(),
            self.out, self.use_of_v, self.loss,
        )  # fmt: skip

    def appear(self) -> Animation:
        """Show the steps from the first to the last, then the loss."""
        parts = []
        for step in self.numbers:
            wires = [part for part in (self.forward.get(step), self.uses.get(step)) if part]
            parts.append(AnimationGroup(FadeIn(self.steps[step], *wires, shift=0.15 * RIGHT)))
        return LaggedStart(
            *parts, FadeIn(self.out, self.use_of_v, self.loss), lag_ratio=0.35, run_time=3.0
        )

    def become(self, other: "LossChain", *gone: VMobject) -> Animation:
        """Turn into a chain of fewer or more steps, in another place: the same parts move.

        Parts of this chain alone, and what is ``gone``, leave before the others move over their
        places, and parts of the other chain alone come when all stand still.
        """
        pairs: list[tuple[VMobject, VMobject]] = [
            (self.out, other.out), (self.use_of_v, other.use_of_v), (self.loss, other.loss),
        ]  # fmt: skip
        alone: list[VMobject] = [*gone]
        new: list[VMobject] = []
        for mine, theirs in (
            (self.forward, other.forward),
            (self.uses, other.uses),
            (self.gradients, other.gradients),
            (self.terms, other.terms),
        ):
            _match(mine, theirs, pairs, alone, new)
        for step in {*self.steps, *other.steps}:
            one, two = self.steps.get(step), other.steps.get(step)
            _match(_parts(one), _parts(two), pairs, alone, new)
        moving = AnimationGroup(*[ReplacementTransform(*pair) for pair in pairs], run_time=_MOVES)
        leaving = [FadeOut(*alone, run_time=_LEAVES)] if alone else []
        coming = [FadeIn(*new, run_time=_COMES)] if new else []
        return Succession(*leaving, moving, *coming)

    def call_weights(self) -> list[Animation]:
        """Point out the uses of weights."""
        inputs = [step.use for step in self.steps.values() if len(step.use)]
        return [
            Indicate(use, scale_factor=1.4, color=None)
            for use in (*self.uses.values(), self.use_of_v, *inputs)
        ]

    def call_uses(self) -> Animation:
        """Point out the uses of W one by one, from the last one back."""
        uses = [Indicate(use, scale_factor=1.4, color=None) for use in self.uses.values()]
        return LaggedStart(*reversed(uses), lag_ratio=0.5, run_time=1.6)

    def call_inputs(self) -> list[Animation]:
        """Point out the inputs and the uses of U."""
        return [
            Indicate(part, color=None)
            for step in self.steps.values()
            if len(step.word)
            for part in (step.word, step.use)
        ]

    def take_over(self, other: "LossChain", rule: Rule) -> None:
        """Have the gradients and terms that another chain has, at the steps of this one."""
        if not self.at.room:
            return
        for step in self.steps.keys() & other.gradients.keys():
            self._put_gradient(step, rule)
        for step in self.uses.keys() & other.terms.keys() if self.at.card else ():
            self._put_term(step, rule)

    def path_to(self, step: int, rule: Rule) -> GradientFlow:
        """Return the path from the loss to one use of W.

        It is as wide as ‖∂L/∂h‖ at each state it passes.
        """
        passed = range(self.last, step - 1, -1)
        paths = [*map(self._back_into, passed), self._into_use(step)]
        norms = [_norm(rule.at_states[each - 1]) for each in (*passed, step)]
        return GradientFlow(paths, norms, self.theme, most=self._most(rule))

    def flow_to_first(self, rule: Rule) -> GradientFlow:
        """Return the way back through all states, as wide as ‖∂L/∂h‖ at each."""
        passed = range(self.last, self.numbers[0] - 1, -1)
        norms = [_norm(rule.at_states[step - 1]) for step in passed]
        return GradientFlow(
            [*map(self._back_into, passed)], norms, self.theme, most=self._most(rule)
        )

    def fill_gradients(self, rule: Rule) -> Animation:
        """Show ∂L/∂h in every box that has none, from the last one back, or point out all."""
        new = [step for step in reversed(self.numbers) if step not in self.gradients]
        strips = [FadeIn(self._put_gradient(step, rule), shift=0.15 * LEFT) for step in new]
        there = [Indicate(strip, color=None) for strip in self.gradients.values()]
        return LaggedStart(*(strips or there), lag_ratio=0.5, run_time=1.6)

    def all_terms(self, rule: Rule) -> tuple[GradientFlow, VGroup]:
        """Return the way down to each term, as wide as the term is large, and the terms."""
        cards = VGroup(*[self._put_term(step, rule) for step in reversed(self.uses)])
        paths = []
        for use, card in zip(reversed(self.uses.values()), cards, strict=True):
            x, low = float(use.get_x()), float(card.frame.get_top()[1]) + 0.05
            paths.append(np.array([[x, use.get_bottom()[1] - 0.06, 0.0], [x, low, 0.0]]))
        norms = [_norm(rule.terms_w[step - 1]) for step in reversed(self.uses)]
        return GradientFlow(paths, norms, self.theme), cards

    def cards_from_last(self) -> list[Matrix]:
        """Return the terms, from that of the last step back."""
        return [self.terms[step] for step in sorted(self.terms, reverse=True)]

    def receive_at_once(self, step: int, rule: Rule) -> Animation:
        """Show the gradient in a box, then the term below the use of W before it."""
        return Succession(
            FadeIn(self._put_gradient(step, rule), shift=0.2 * LEFT),
            FadeIn(self._put_term(step, rule), shift=0.2 * DOWN),
        )

    def show_gradient(self, step: int, rule: Rule) -> Animation:
        """Show the gradient in the box of a step, beside the state."""
        return FadeIn(self._put_gradient(step, rule), shift=0.2 * LEFT)

    def receive(self, step: int, product: Product, rule: Rule) -> Animation:
        """Bring a copy of a product's result into the box of a step, beside the state."""
        return copy_becomes(product.result.grid.cells, self._put_gradient(step, rule))

    def receive_term(self, step: int, product: Product, rule: Rule) -> Animation:
        """Bring a copy of a product's result below the use of W that it belongs to."""
        return copy_becomes(product.result.grid, self._put_term(step, rule))

    def held_before(self, step: int, text: str) -> VGroup:
        """Return a mark around the state that a use of W multiplies."""
        box, color = self.steps[step - 1].box, self.theme.color("text")
        ring = SurroundingRectangle(box, color=color, buff=0.08, corner_radius=0.18, stroke_width=3)
        name = label(text, color=color, size=0.34)
        return VGroup(ring, name.next_to(self.steps[step - 1].title, UP, buff=0.06))

    def _put_gradient(self, step: int, rule: Rule) -> Strip:
        width, height = self.at.box
        values = rule.at_states[step - 1][self.states.units]
        strip = Strip(
            values, self.theme, limit=_most(values), height=height * 0.86, width=width * 0.3
        )
        strip.set_stroke(self.theme.color("gradient"), width=1.4)
        strip.move_to(self.steps[step].box).shift(0.22 * width * RIGHT).set_z_index(1)
        self.gradients[step] = strip
        return strip

    def _put_term(self, step: int, rule: Rule) -> Matrix:
        assert self.at.card is not None
        drop, side = self.at.card
        values = rule.terms_w[step - 1]
        if self.units is not None:
            values = values[np.ix_(self.units, self.units)]
        card = Matrix(
            values, self.theme, cell=side / len(values), limit=_most(rule.terms_w), role="gradient"
        )
        self.terms[step] = card.stand(float(self.uses[step].get_x()), self.at.y - drop)
        return card

    def _back_into(self, step: int) -> np.ndarray:
        source = self.loss if step == self.last else self.steps[step + 1].box
        y = self.at.y + _BACK * self.at.box[1]
        start = source.get_left()[0] - 0.04
        return np.array([[start, y, 0.0], [self.steps[step].box.get_right()[0] + 0.06, y, 0.0]])

    def _into_use(self, step: int) -> np.ndarray:
        y = self.at.y + _USE * self.at.box[1]
        start, end = self.steps[step].box.get_left()[0], self.uses[step].get_right()[0]
        return np.array([[start - 0.04, y, 0.0], [end + 0.08, y, 0.0]])

    def _most(self, rule: Rule) -> float:
        return max(map(_norm, rule.at_states)) or 1.0

    def _wire(self, start: VMobject, end: VMobject, role: Role) -> FlowArrow:
        y = self.at.y + _FORWARD * self.at.box[1]
        right = end.get_left()[0] - (0.14 if role == "output" else 0.04)
        return FlowArrow(
            np.array([[start.get_right()[0] + 0.04, y, 0.0], [right, y, 0.0]]),
            color=self.theme.color(role),
            thickness=0.035,
        )

    def _use(self, name: str, arrow: FlowArrow) -> Ink:
        mark = formula(name, color=self.theme.color("weight"), size=0.4)
        if name not in self.states.weights:
            mark.set_fill(opacity=0.0)
        mark.move_to([arrow.get_x(), self.at.y + _USE * self.at.box[1], 0.0])
        high = float(mark.get_top()[1] - arrow.get_y()) + _BELOW_ARROW
        return mark.shift(max(0.0, high) * DOWN)


def _parts(step: ChainStep | None) -> dict[str, VMobject]:
    if step is None:
        return {}
    names = ("box", "strip", "title", "word", "arrow", "use")
    return {name: part for name in names if len((part := getattr(step, name)).get_family()) > 1
            or len(part.points)}  # fmt: skip


def _norm(values: np.ndarray) -> float:
    return float(np.linalg.norm(values))


def _most(values: np.ndarray) -> float:
    return float(np.abs(values).max())


def _match(
    mine: dict[Any, VMobject],
    theirs: dict[Any, VMobject],
    pairs: list[tuple[VMobject, VMobject]],
    alone: list[VMobject],
    new: list[VMobject],
) -> None:
    """Sort the parts of two chains into those of both, and of one alone."""
    for key in {**mine, **theirs}:
        if key in mine and key in theirs:
            pairs.append((mine[key], theirs[key]))
        elif key in mine:
            alone.append(mine[key])
        else:
            new.append(theirs[key])

"""What happens in several beats of backpropagation: the chain moves, products are formed."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from manim import UP, Animation, FadeIn, FadeOut, Succession, VGroup, VMobject
from rnnviz.scenes.backpropagation import equations, factors, legends
from rnnviz.scenes.backpropagation.chain_states import ChainStates
from rnnviz.scenes.backpropagation.frames import Frame
from rnnviz.scenes.backpropagation.loss_chain import LossChain
from rnnviz.scenes.backpropagation.one_weight import OneWeight
from rnnviz.scenes.backpropagation.term_sum import TermSum

from rnnviz import measure
from rnnviz.measure.chain_rule import chain_rule
from rnnviz.mobjects import layout
from rnnviz.mobjects.equation import Equation
from rnnviz.mobjects.flow import GradientFlow
from rnnviz.mobjects.labels import width_note
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.shown_states import chosen_note
from rnnviz.mobjects.wording import after_training
from rnnviz.scene.storyboard import Storyboard


class ChainMoves(Storyboard):
    """The chain at the top, the formula above it, and the product formed below it."""

    chain: LossChain
    equation: Equation
    product: Any
    rule: Any
    states: ChainStates
    paths: list[GradientFlow]
    held: VGroup
    flow: GradientFlow
    marks: legends.PartNotes
    note: VMobject
    corner: VMobject
    sums: TermSum

    def setup(self) -> None:
        self.alone = self.context.experiments["alone"]
        self.last = self.alone.steps
        weights = measure.output_weights(self.context.trace)
        self.rule = chain_rule(self.alone, self.last - 1, V=weights)
        self.states = ChainStates.of_h(self.alone)
        self.prepare_notes()
        self.total = (self.alone.gradients or {})[self.alone.parameter_name("weight_hh")]

    def prepare_notes(self) -> None:
        """Let no note and no legend be shown yet."""
        self.note, self.corner = VGroup(), VGroup()

    def facts(self) -> Mapping[str, str]:
        one = OneWeight(self.rule, self.alone, self.states.few, self.theme)
        at_last = self.rule.at_states[-1]
        return {
            "last": str(self.last),
            "before": str(self.last - 1),
            "given": str(self.last - 2),
            "product": one.written,
            "apart": number(float(np.abs(self.rule.terms_w.sum(axis=0) - self.total).max())),
            "when": self.say("After training") if self.trace.metadata.epochs else self.say("Here"),
            "reach": number(_length(self.rule.at_states[0]) / (_length(at_last) or 1.0)),
        }

    def notes(self) -> tuple[str, ...]:
        units = chosen_note(len(self.states.few), self.trace.hidden_size, self.say)
        if self.context.trace.directions > 1:
            units = (*units, self.say("V: its columns for this direction"))
        if self.last == self.trace.loss_steps[-1] + 1:
            return (*after_training(self.trace, self.say), *units)
        text = self.say("{steps} steps up to a loss, from state 0")
        return (text.format(steps=self.last), *units)

    def chain_of(self, steps: Iterable[int], frame: Frame) -> LossChain:
        """Return a chain of some steps in a place."""
        few = self.states.few
        return LossChain(self.alone, tuple(steps), frame, self.theme, self.states, few)

    def move_chain(
        self, steps: Iterable[int], frame: Frame, equation: Equation, *gone: VMobject
    ) -> None:
        """Turn the chain into one of other steps, in another place, and the formula into another.

        What is ``gone`` leaves before the chain moves, and so does a note on a symbol.
        """
        chain = self.chain_of(steps, frame)
        chain.take_over(self.chain, self.rule)
        note, self.note = self.note, VGroup()
        leaving = [each for each in (*gone, note) if len(each)]
        self.play(self.chain.become(chain, *leaving), self.turn_formula(equation))
        self.chain = chain

    def loss_formula(self) -> Equation:
        """Return what the loss is, in the place of formulas."""
        equation = equations.loss_equation(self.alone, self.last, self.theme)
        return equation.shift(layout.FORMULA_Y * UP)

    def turn_formula(self, equation: Equation) -> Animation:
        """Return an animation that turns the formula into another."""
        before, self.equation = self.equation, equation
        return before.turn_into(equation.move_to(before))

    def explain(self, text: str) -> Animation:
        """Return an animation that shows a note on a symbol in the place of another."""
        before, self.note = self.note, legends.symbol_note(text, self.theme, self.chain.at)
        return _swap(before, self.note)

    def read_by_numbers(self, equation: Equation) -> None:
        """Turn the formula into the general one, and number its parts as they are read."""
        back = self.say(
            "1: one step after another, from $h_({last})$ back to $h_k$, each with its slopes and "
            "$W^T$"
        )
        self.play(self.turn_formula(equation), self.explain(back.format(last=self.last)))
        texts = {
            "at": self.say("1  back to $h_k$"),
            "slopes": self.say("2  slopes"),
            "state": self.say("3  what was multiplied"),
            "sum": self.say("4  every use $k$"),
        }
        self.marks = legends.PartNotes(equation, texts, self.theme)
        self.play(self.marks.come("at"), equation.light("at"), self.flow.again(1.5))
        self.play(self.marks.come("slopes"), equation.light("at", "slopes"))
        self.play(self.marks.come("state"), equation.light("at", "slopes", "state"))
        self.play(self.marks.come("sum"), equation.plain(), self.chain.call_uses())

    def say_width(self, text: str) -> Animation:
        """Return an animation that says in the corner what widths mean."""
        before, self.corner = self.corner, width_note(text, self.theme)
        return _swap(before, self.corner)

    def say_colors(self) -> Animation:
        """Return an animation that says in the corner what the colours of arrays mean."""
        note = legends.color_note(self.say("ends: ± values"), self.theme)
        before, self.corner = self.corner, note
        return _swap(before, self.corner)

    def show_product(self, product: Any, equation: Equation, sources: Mapping[int, Any]) -> None:
        """Form another product below the chain, from the drawings of its factors."""
        self.play(self.turn_formula(equation), FadeOut(self.product, run_time=0.4))
        self.form(product, sources)

    def form(self, product: Any, sources: Mapping[int, Any]) -> None:
        """Form a product from the drawings of its factors, and point out one entry."""
        self.product = product
        self.play(product.form(sources))
        self.play(product.point_out())

    def show_one_weight(self) -> None:
        """Go back from the loss to one weight, and multiply the slopes on the way."""
        one = OneWeight(self.rule, self.alone, self.states.few, self.theme)
        forward = equations.forward_equation(self.last, self.theme)
        appear = Succession(FadeOut(self.product, run_time=0.3), one.appear())
        self.play(self.turn_formula(forward), appear)
        self.play(forward.light("sum", "W", "now"))
        equation = equations.one_weight_equation(self.last, one.row, one.column, self.theme)
        self.play(self.turn_formula(equation))
        for place in reversed(range(3)):
            self.play(one.go_back(place), equation.light(f"f{place}"))
        self.play(one.multiply(), equation.light("left"))
        self.product = one

    def show_term(self, step: int) -> None:
        """Form the term of one use of W, and put it below that use."""
        chain = self.chain
        sources = {1: chain.gradients[step], 6: chain.steps[step - 1].strip}
        product = factors.term_of_w(self.rule, self.alone, self.states.few, step, self.theme)
        self.show_product(product, equations.term_equation(self.last, step, self.theme), sources)
        self.play(chain.receive_term(step, product, self.rule))

    def show_step_back(self, step: int) -> None:
        """Form the gradient one step back, and put it into the box of that step."""
        sources = {0: self.chain.uses[step], 2: self.chain.gradients[step]}
        product = factors.step_back(self.rule, self.alone, self.states.few, step, self.theme)
        equation = equations.step_back_equation(self.last, step, self.theme)
        self.show_product(product, equation, sources)
        self.play(self.chain.receive(step - 1, product, self.rule))

    def hold_states_constant(self) -> None:
        """Go along each path again, with the state held constant that its use of W multiplies."""
        held: list[Animation] = []
        for step, path in zip((self.last, self.last - 1), self.paths, strict=True):
            self.held = self.chain.held_before(step, self.say("held constant"))
            self.play(*held, FadeIn(self.held), self.equation.light(f"direct{step}"))
            self.play(path.again(1.6))
            held = [FadeOut(self.held)]

    def names_of_sums(self, apart: str) -> tuple[str, str, str]:
        """Return what the sum and autograd's gradient are called, and how they agree."""
        agree = self.say("at most {apart} apart").format(apart=apart)
        return self.say("sum of the terms"), self.say("PyTorch's autograd"), agree

    def sum_of(self, terms: np.ndarray, *beside: Any) -> TermSum:
        """Return the sum of terms of W, ``beside`` names and autograd's gradient if given."""
        return TermSum(terms, self.last, self.theme, *beside, units=self.states.few)

    def add_up(self, sums: TermSum) -> None:
        """Let the terms below the chain land on their sum, from the last one back."""
        self.sums = sums
        cards = enumerate(self.chain.cards_from_last())
        self.play(Succession(*[sums.land(place, card) for place, card in cards]))


def _length(gradient: np.ndarray) -> float:
    return float(np.linalg.norm(gradient))


def _swap(before: VMobject, after: VMobject) -> Animation:
    """Return an animation in which one legend goes, if there is one, and another comes."""
    gone = [FadeOut(before, run_time=0.25)] if len(before) else []
    return Succession(*gone, FadeIn(after, run_time=0.4))

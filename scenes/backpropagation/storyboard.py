"""The chain rule for one loss, factor by factor, up to autograd's own number."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from manim import DOWN, UP, FadeIn, FadeOut
from rnnviz.scenes.backpropagation.equations import (
    losses_equation,
    one_step_back_equation,
    output_gradient_equation,
    unrolled_sum_equation,
)
from rnnviz.scenes.backpropagation.factors import MOST_UNITS, output_product, step_back
from rnnviz.scenes.backpropagation.losses import ChainLosses
from rnnviz.scenes.backpropagation.term_sum import TermSum

from rnnviz.experiments import last_loss_alone
from rnnviz.measure.chain_rule import chain_rule
from rnnviz.mobjects import layout
from rnnviz.mobjects.chain import StateChain
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.window import Window, units_note
from rnnviz.scene.beats import beat
from rnnviz.scene.storyboard import Storyboard
from rnnviz.text.translation import N_

MOST_STEPS = 8
SPELLED_OUT = 3


class Backpropagation(Storyboard):
    """All losses flow back; then one of them, with every factor in recorded numbers."""

    name = "backpropagation"
    title = N_("Back through time, factor by factor")
    summary = N_("The chain rule for one loss in recorded numbers, up to autograd's result.")
    task = "prices"
    needs = ("plain-rnn", "gradients", "gradient-path", "run-again")
    least_steps = 2
    experiments: ClassVar = {"alone": last_loss_alone(SPELLED_OUT)}

    def setup(self) -> None:
        self.window = Window.before_last_loss(self.trace, MOST_STEPS)
        self.alone = self.context.experiments["alone"]
        self.rule = chain_rule(self.alone, self.alone.steps - 1)

    def notes(self) -> tuple[str, ...]:
        return (*self.window.note(self.say), *units_note(self.trace, MOST_UNITS, self.say))

    def facts(self) -> Mapping[str, str]:
        autograd = self.alone.gradients or {}
        of_w = autograd[self.alone.parameter_name("weight_hh")]
        of_u = autograd[self.alone.parameter_name("weight_ih")]
        apart_w = np.abs(self.rule.terms_w.sum(axis=0) - of_w).max()
        apart_u = np.abs(self.rule.terms_u.sum(axis=0) - of_u).max()
        wrong = np.linalg.norm(self.rule.twice - of_w) / np.linalg.norm(of_w)
        return {
            "losses": str(len(self.trace.loss_steps)),
            "steps": str(self.alone.steps),
            "before": str(self.alone.steps - 1),
            "apart": number(float(apart_w)),
            "apart_u": number(float(apart_u)),
            "wrong": f"{wrong:.0%}",
        }

    @beat(
        "The loss of a sequence is the sum over its steps. Every loss sends its gradient down, "
        "and back through all states before it."
    )
    def every_loss(self) -> None:
        self.chain = StateChain.of(self.trace, self.window, self.theme)
        self.chain.shift(layout.LOW_CHAIN_Y * UP)
        self.equation = losses_equation(self.theme).shift(layout.FORMULA_Y * UP)
        steps = [step + 1 for step in self.trace.loss_steps]
        self.losses = ChainLosses(self.chain, steps, self.theme)
        self.play(FadeIn(self.equation, shift=0.15 * DOWN), FadeIn(self.chain), self.chain.fill())
        self.play(self.losses.appear())
        self.play(self.losses.flow())

    @beat(
        "Take one loss alone, $L_({steps})$: the same network on the last {steps} {items}, from "
        "the state zero."
    )
    def one_loss(self) -> None:
        window = Window.last(self.alone, SPELLED_OUT)
        self.play(FadeOut(self.losses, self.chain.without_words(), self.chain.words))
        self.chain = StateChain.of(self.alone, window, self.theme)
        self.chain.shift(layout.LOW_CHAIN_Y * UP)
        self.losses = ChainLosses(self.chain, [self.alone.steps], self.theme)
        self.play(FadeIn(self.chain), self.chain.fill())
        self.play(self.losses.appear(), self.losses.flow())

    @beat(
        "$V$ is used once for this loss. Its gradient is the gradient at the scores times the "
        "state: one number for each pair."
    )
    def output_weights(self) -> None:
        equation = output_gradient_equation(self.alone.steps, self.theme).move_to(self.equation)
        self.play(FadeOut(self.losses, self.chain.without_words(), self.chain.words))
        self.play(self.equation.turn_into(equation))
        self.equation = equation
        self.product = output_product(self.rule, self.alone, self.theme)
        self.play(self.product.appear(run_time=3.5))

    @beat(
        "One step back, the gradient passes the slopes of $h_({steps})$ and then $W$ transposed. "
        "That is one factor of the product."
    )
    def one_step_back(self) -> None:
        equation = one_step_back_equation(self.alone.steps, self.theme).move_to(self.equation)
        self.play(FadeOut(self.product), self.equation.turn_into(equation))
        self.equation = equation
        self.product = step_back(self.rule, self.alone, self.theme)
        self.play(self.product.appear(run_time=4.0))

    @beat(
        "$W$ is used at every step. Each use has a term: the gradient at its sum, times the state "
        "before it. At step 1 that state is zero."
    )
    def terms(self) -> None:
        equation = unrolled_sum_equation("W", str(self.alone.steps), self.theme)
        equation.move_to(self.equation)
        self.play(FadeOut(self.product), self.equation.turn_into(equation))
        self.equation = equation
        names = self.say("their sum"), self.say("autograd")
        self.sums = TermSum(self.rule, self.alone, self.theme, *names)
        self.scale = self.color_scale(self.sums.limit)
        self.play(self.equation.light("direct"), FadeIn(self.scale))
        self.play(self.sums.grow_terms())

    @beat("The terms add up to what autograd found by itself: they differ by {apart} at most.")
    def equals_autograd(self) -> None:
        self.play(self.equation.light("left"))
        self.play(self.sums.add_up())
        self.play(self.sums.compare())

    @beat(
        "Each term must hold the state before it fixed. With the whole derivative instead, early "
        "steps count again and again, and the sum is {wrong} off."
    )
    def counted_twice(self) -> None:
        self.play(self.equation.light("direct"))
        self.play(self.sums.count_twice())

    @beat(
        "So it is for every loss and every step, and for $U$ with the input in the place of the "
        "state: there the difference is {apart_u}."
    )
    def general(self) -> None:
        equation = unrolled_sum_equation("W", "t", self.theme).move_to(self.equation)
        of_u = unrolled_sum_equation("U", "t", self.theme).move_to(layout.CENTRE_Y * UP)
        self.play(self.sums.count_once())
        self.play(FadeOut(self.sums, self.scale), self.equation.turn_into(equation))
        self.play(equation.animate.move_to((layout.CENTRE_Y + 1.2) * UP))
        self.play(FadeIn(of_u.shift(0.9 * DOWN), shift=0.2 * DOWN))
        self.play(equation.light("direct", "factors"), of_u.light("direct", "factors"))

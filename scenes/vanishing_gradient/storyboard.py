"""One gradient on its way back: how it fades, why, and what that does to W."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from manim import DOWN, UP, Animation, AnimationGroup, Create, FadeIn, FadeOut, Indicate, Mobject
from rnnviz.scenes.vanishing_gradient import equations, wording
from rnnviz.scenes.vanishing_gradient.fading_chain import FadingChain
from rnnviz.scenes.vanishing_gradient.gradient_bars import GradientBars
from rnnviz.scenes.vanishing_gradient.last_gradient import LastGradient, rate_per_step_back
from rnnviz.scenes.vanishing_gradient.w_terms import OtherWeights, TermShares, after_lines

from rnnviz.experiments import in_turn, scaled_recurrence
from rnnviz.experiments.retraining import before_training
from rnnviz.mobjects import layout
from rnnviz.mobjects.labels import width_note
from rnnviz.mobjects.shown_states import ShownStates
from rnnviz.scene.beats import beat
from rnnviz.scene.storyboard import Storyboard
from rnnviz.text.plain_text import Phrase
from rnnviz.text.translation import N_

HALF, TRIPLE = 0.5, 3.0


class VanishingGradient(Storyboard):
    """The network before it was trained: a loss, its gradient at every state, the terms of W.

    A network that rnnviz did not train is shown as it was recorded. Of a network that cannot be run
    again there are no other weights, and of a custom cell no terms of W.
    """

    name = "vanishing-gradient"
    title = N_("How a gradient fades over time")
    summary = N_("From one loss back through time before training, on a linear and a log scale.")
    task = "sentence"
    needs = ("gradient-path",)
    experiments: ClassVar = {
        "start": before_training,
        "half": in_turn(before_training, scaled_recurrence(HALF)),
        "triple": in_turn(before_training, scaled_recurrence(TRIPLE)),
    }
    variants = (
        "rnnviz.scenes.vanishing_gradient.own_networks:OfAnyCell",
        "rnnviz.scenes.vanishing_gradient.own_networks:OfOneRun",
    )

    def setup(self) -> None:
        self.shown = self.context.experiments.get("start", self.trace)
        self.gradient = LastGradient.of(self.shown)
        self.window = self.gradient.window
        self.states = ShownStates(self.shown, self.window)

    @property
    def early(self) -> bool:
        """Whether the network is shown as it was before training."""
        about, recorded = self.shown.metadata, self.trace.metadata
        return about.parameters_hash != recorded.parameters_hash

    def notes(self) -> tuple[str, ...]:
        early = (self.say("before training"),) if self.early else ()
        return (*early, *self.window.note(self.say), *self.states.note(self.say))

    def facts(self) -> Mapping[str, str]:
        return {
            "which": wording.which_network(not self.early, self.say),
            **wording.facts_of(self.gradient, self.say),
            **self.facts_of_w(),
        }

    def facts_of_w(self) -> Mapping[str, str]:
        """Return what captions say of other weights, and of the terms of W."""
        facts = dict(wording.facts_of_terms(self.gradient, self.say))
        if "half" in self.context.experiments:
            names = ("half", "start", "triple")
            rates = [rate_per_step_back(self.main_norms(name)) for name in names]
            facts |= wording.facts_of_other_weights(*rates, self.say)
        return facts

    def main_norms(self, run: str) -> np.ndarray:
        """Return the lengths with other weights, at the state that is followed: (steps,)."""
        return self.gradient.norms_in(self.context.experiments[run])[self.gradient.main]

    @beat("{which} The loss $L_({last})$ sends its gradient back through all earlier states.")
    def one_loss(self) -> None:
        self.fading = FadingChain(self.states, self.gradient.norms, self.gradient.loss, self.theme)
        self.play(self.fading.appear())
        self.note = width_note(self.say("width: size of the gradient"), self.theme)
        self.play(self.fading.fade_back(), FadeIn(self.note))

    @beat("How strong is it at each state? {bars}")
    def lengths(self) -> None:
        gradient, steps = self.gradient, self.window.steps
        every = gradient.with_norms_in(self.context.experiments.values())
        words = self.window.words(self.shown)
        self.bars = GradientBars(gradient.norms, steps, words, every, gradient.loss, self.theme)
        self.play(self.bars.out_of(self.fading), FadeOut(self.note))
        self.play(self.bars.write())

    @beat("{each_step} Compare the lengths: {ratios}")
    def step_by_step(self) -> None:
        self.equation: Mobject | None = None
        gradient = self.gradient
        if wording.has_step_equation(self.shown, gradient.path):
            self.equation = equations.step_equation(
                self.shown, gradient.loss, gradient.main, self.theme
            )
            self.equation.shift(layout.FORMULA_Y * UP)
            self.play(FadeIn(self.equation, shift=0.15 * DOWN))
        for done, place in enumerate(reversed(range(len(self.window.steps) - 1))):
            self.play(self.bars.step_back(place, run_time=1.4 if done < 2 else 0.7))

    @beat("Multiply all of them: {back} steps back, {left} {seen}")
    def what_is_left(self) -> None:
        gone = [] if self.equation is None else [FadeOut(self.equation, shift=0.15 * UP)]
        products = []
        for state in self.bars.states:
            equation = equations.product_equation(state.factors, state.left, self.theme)
            state.make_fit(equation)
            products.append((state, equation))
        self.play(*gone, *[state.gather(equation) for state, equation in products])
        self.play(*[self._result(equation) for _, equation in products])
        self.play(
            *[
                Indicate(state.chart.numbers[0], scale_factor=1.4, color=None)
                for state, _ in products
            ]
        )
        self.products = [equation for _, equation in products]

    @beat("On a logarithmic scale, the same bars {shape}: about {rates} for every step back.")
    def log_scale(self) -> None:
        self.play(FadeOut(*self.products), self.bars.without_factors(), self.bars.to_log())
        self.lines = self.bars.rate_lines()
        self.play(*[Create(line) for line in self.lines], run_time=1.5)

    @beat(
        "With half of $W$: about ×{half} for every step back. With three times $W$: ×{triple}. "
        "{what_w_does}"
    )
    def other_weights(self) -> None:
        names = {"half": Phrase("0.5 $W$"), "start": Phrase("$W$"), "triple": Phrase("3 $W$")}
        norms = {text: self.main_norms(run) for run, text in names.items()}
        self.others = OtherWeights(norms, self.bars, self.theme)
        self.play(self.others.out_of(self.bars), FadeOut(self.lines))
        self.play(self.others.draw(0))
        self.play(self.others.draw(2))

    @beat(
        "The gradient of $W$ has one term for each use. {last_terms} {near_share} of their "
        "lengths, all earlier ones {far_share}. {what_w_learns}"
    )
    def terms_of_w(self) -> None:
        gradient = self.gradient
        equation = equations.terms_equation(self.shown, gradient.loss, self.theme)
        equation.shift(layout.FORMULA_Y * UP)
        self.terms = TermShares(gradient.shares, gradient.near, self.bars, self.theme)
        self.play(self.terms.out_of(*self.before_terms()))
        self.play(FadeIn(equation, shift=0.15 * DOWN))
        self.play(equation.light("term"), self.terms.point_out())

    def before_terms(self) -> tuple[Mobject, Sequence[Mobject]]:
        """Return what becomes the terms of W, and what leaves with it."""
        return after_lines(self.others, self.bars)

    def _result(self, equation: equations.Equation) -> Animation:
        return AnimationGroup(FadeIn(equation.part("left")), equation.light("left"))

"""Large weights, a cliff in the error, and clipping."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from manim import DOWN, UP, FadeIn, FadeOut
from rnnviz.scenes.exploding_gradient.cliff_surface import CliffSurface
from rnnviz.scenes.exploding_gradient.explosion import (
    ClippedGradient,
    Nilpotent,
    SizesOfW,
    sizes_text,
)

from rnnviz import measure
from rnnviz.experiments import scaled_recurrence
from rnnviz.experiments.counterexample import nilpotent_network
from rnnviz.measure.cliff import (
    START,
    cliff_error,
    cliff_gradient,
    descent,
    gradient_lengths,
    steepest,
)
from rnnviz.mobjects import layout
from rnnviz.mobjects.backflow import Backflow
from rnnviz.mobjects.equation import backward_equation
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.window import Window
from rnnviz.scene.beats import beat
from rnnviz.scene.storyboard import Storyboard
from rnnviz.text.translation import N_

MOST_STEPS = 8
FACTOR = 3.0
AT_BIAS = -2.6
RATE, STEPS = 0.05, 12
LONGEST_STEP = 1.0
LONGEST = 1.0


class ExplodingGradient(Storyboard):
    """The same network with three times W; what σ₁ and ρ say; the cliff; a clipped gradient."""

    name = "exploding-gradient"
    title = N_("How a gradient explodes, and what clipping does")
    summary = N_("Large weights, a cliff in the loss, and a gradient cut to length.")
    task = "prices"
    needs = ("plain-rnn", "gradients", "gradient-path", "run-again")
    least_steps = 2
    experiments: ClassVar = {"large": scaled_recurrence(FACTOR), "nilpotent": nilpotent_network}

    def setup(self) -> None:
        self.large = self.context.experiments["large"]
        self.nilpotent = self.context.experiments["nilpotent"]
        self.window = Window.before_last_loss(self.large, MOST_STEPS)
        last = self.nilpotent.steps - 1
        norms = measure.state_jacobian_norms(self.nilpotent)[last, :last, 0]
        self.powers = norms[::-1]
        foot = steepest(AT_BIAS)
        self.jump = descent(foot, RATE, 1)
        self.clipped = descent(foot, RATE, STEPS, LONGEST_STEP)
        self.lengths = gradient_lengths(self.large, LONGEST)

    def notes(self) -> tuple[str, ...]:
        return self.window.note(self.say)

    def facts(self) -> Mapping[str, str]:
        last = self.window.steps[-1] - 1
        norms = measure.gradient_norms(self.large)[last, self.window.indices, 0]
        before, after = (list(lengths.values())[-1] for lengths in self.lengths)
        return {
            "factor": number(FACTOR, 1),
            "back": str(len(self.window.steps) - 1),
            "grown": number(float(norms[0] / norms[-1])),
            "verdict": self.what_it_did(float(norms[0] / norms[-1])),
            "radius": number(measure.spectral_radius(self.trace.W)),
            "power": str(len(self.powers)),
            "last_power": number(float(self.powers[-1])),
            "start": number(START),
            "steep": number(float(np.linalg.norm(cliff_gradient(*self.jump[0])))),
            "w": number(float(self.jump[1][0])),
            "b": number(float(self.jump[1][1])),
            "far": number(float(np.linalg.norm(self.jump[1] - self.jump[0]))),
            "error_before": number(float(cliff_error(*self.jump[0]))),
            "error_thrown": number(float(cliff_error(*self.jump[1]))),
            "error_kept": number(float(cliff_error(*self.clipped[-1]))),
            "count": str(STEPS),
            "longest": number(LONGEST_STEP),
            "before": number(before),
            "after": number(after),
        }

    @beat(
        "The same network with {factor} times $W$. {back} steps back, the gradient is {grown} "
        "times what it was at the loss: {verdict}."
    )
    def large_weights(self) -> None:
        self.flow = Backflow(self.large, self.window, self.theme)
        self.equation = backward_equation(self.window.steps[-1], self.theme)
        self.equation.shift(layout.FORMULA_Y * UP)
        self.play(FadeIn(self.equation, shift=0.15 * DOWN), self.flow.begin())
        self.play(self.equation.light("factors"), FadeIn(self.flow.factor_legend))
        for index in reversed(range(len(self.window.steps) - 1)):
            self.play(self.flow.step_back(index, run_time=0.9))

    @beat(
        "Each step stretches by at most $sigma_1$, the largest singular value of $W$. Above 1 a "
        "gradient can explode; it need not. $rho$ is the largest eigenvalue."
    )
    def sizes(self) -> None:
        names = (
            self.say("W as trained"),
            self.say("{factor} times W").format(factor=number(FACTOR, 1)),
        )
        sizes = {
            name: (measure.spectral_norm(trace.W), measure.spectral_radius(trace.W))
            for name, trace in zip(names, (self.trace, self.large), strict=True)
        }
        self.numbers = SizesOfW(sizes, self.theme)
        self.play(FadeOut(self.flow, self.equation))
        self.play(self.numbers.appear())

    @beat(
        "But $rho$ of $W$ does not decide. All eigenvalues of this $W$ are zero, yet the product "
        "of {power} recorded Jacobians stretches {last_power} times."
    )
    def counterexample(self) -> None:
        weights = self.nilpotent.W
        numbers = sizes_text(measure.spectral_norm(weights), measure.spectral_radius(weights))
        self.powers_view = Nilpotent(weights, self.powers, numbers, self.theme)
        self.play(FadeOut(self.numbers))
        self.play(self.powers_view.appear())

    @beat(
        "What it does to an error: one unit, $x_t = w sigma(x_(t-1)) + b$ from {start}, 50 steps. "
        "Over $w$ and $b$ the error has a cliff."
    )
    def cliff(self) -> None:
        self.play(FadeOut(self.powers_view))
        self.surface = CliffSurface(self.theme)
        self.play(self.surface.appear())

    @beat(
        "At its foot the gradient is {steep} long. One step of descent flies {far} away, off this "
        "map, to $w = {w}$ and $b = {b}$: an error of {error_thrown} instead of {error_before}."
    )
    def thrown_off(self) -> None:
        self.flight = self.surface.path(self.jump, "text")
        self.play(self.surface.walk(self.flight, run_time=1.5))

    @beat(
        "Clipped to a length of {longest}, the gradient keeps its direction, and the descent is "
        "not thrown off: after {count} steps the error is {error_kept}."
    )
    def clipped_descent(self) -> None:
        walk = self.surface.path(self.clipped, "input")
        self.play(self.flight.animate.set_opacity(0.3))
        self.play(self.surface.walk(walk, run_time=2.5))
        self.walk = walk

    @beat(
        "The same for the recorded gradient of the network with large weights: {before} long, "
        "clipped to {after}. Every part shrinks alike."
    )
    def clipped_gradient(self) -> None:
        titles = self.say("recorded"), self.say("clipped")
        view = ClippedGradient(*self.lengths, titles, self.theme)
        self.play(FadeOut(self.surface, self.flight, self.walk))
        self.play(view.appear())

    def what_it_did(self, grown: float) -> str:
        """Say whether a gradient has grown on its way."""
        return self.say("it grows") if grown > 1 else self.say("it does not grow")

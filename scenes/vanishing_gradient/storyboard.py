"""From one loss back through time: how the gradient decays, and what that does to W."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from manim import DOWN, UP, Create, FadeIn, FadeOut
from rnnviz.scenes.vanishing_gradient.decay_rates import (
    Comparison,
    LagShares,
    RateLine,
    rate_per_step_back,
    weight_sum_equation,
)

from rnnviz import measure
from rnnviz.experiments import scaled_recurrence
from rnnviz.mobjects import layout
from rnnviz.mobjects.backflow import Backflow
from rnnviz.mobjects.equation import backward_equation
from rnnviz.mobjects.numbers import number, percent
from rnnviz.mobjects.window import Window
from rnnviz.scene.beats import beat
from rnnviz.scene.storyboard import Storyboard
from rnnviz.text.translation import N_

MOST_STEPS = 8
HALF, TRIPLE = 0.5, 3.0


class VanishingGradient(Storyboard):
    """One loss, its gradient at every earlier state, and the gradient of W by lag."""

    name = "vanishing-gradient"
    title = N_("How a gradient fades over time")
    summary = N_("From one loss back through time, step by step, on a linear and a log scale.")
    task = "prices"
    needs = ("plain-rnn", "gradients", "gradient-path")
    experiments: ClassVar = {"half": scaled_recurrence(HALF), "triple": scaled_recurrence(TRIPLE)}

    def setup(self) -> None:
        self.window = Window.before_last_loss(self.trace, MOST_STEPS)
        traces = {"trained": self.trace, **self.context.experiments}
        last = self.window.steps[-1] - 1
        self.norms = {
            name: measure.gradient_norms(trace)[last, self.window.indices, 0]
            for name, trace in traces.items()
        }

    def notes(self) -> tuple[str, ...]:
        return self.window.note(self.say)

    def facts(self) -> Mapping[str, str]:
        rates = {name: number(rate_per_step_back(v)) for name, v in self.norms.items()}
        shares = measure.weight_gradient_share_by_lag(self.trace)
        near = measure.lags_holding(shares, 0.9)
        left = float(self.norms["trained"][0] / self.norms["trained"][-1])
        return {
            "last": str(self.window.steps[-1]),
            "back": str(len(self.window.steps) - 1),
            "left": percent(left),
            "seen": self.how_much_is_seen(left),
            "shape": self.shape_on_log_axis(measure.r_squared(self.norms["trained"])),
            "near": str(near - 1),
            "near_share": percent(float(shares[:near].sum())),
            "far_share": percent(float(shares[near:].sum())),
            **rates,
        }

    @beat("Take one loss, $L_({last})$. How strongly does each earlier state act on it?")
    def one_loss(self) -> None:
        self.flow = Backflow(self.trace, self.window, self.theme)
        self.equation = backward_equation(self.window.steps[-1], self.theme)
        self.equation.shift(layout.FORMULA_Y * UP)
        self.play(FadeIn(self.equation, shift=0.15 * DOWN))
        self.play(self.equation.light("direct"))
        self.play(self.flow.begin(), run_time=4)

    @beat(
        'Each step back multiplies by $"diag"(1 - h^2) W$. In violet: the most that it could '
        "stretch a gradient; the next bar is what it did."
    )
    def step_back(self) -> None:
        self.play(self.equation.light("factors"), FadeIn(self.flow.factor_legend))
        for done, index in enumerate(reversed(range(len(self.window.steps) - 1))):
            self.play(self.flow.step_back(index, run_time=1.8 if done < 2 else 0.9))

    @beat("{back} steps back, {left} of the gradient is left. {seen}")
    def linear_scale(self) -> None:
        self.play(self.equation.light("left"))
        self.play(self.flow.wave())

    @beat("On a logarithmic scale the same numbers {shape}: about ×{trained} for every step back.")
    def log_scale(self) -> None:
        axis = self.flow.axis_for(self.flow.norms)
        heights = np.array([axis.height_at(value) for value in self.flow.norms])
        self.play(FadeOut(self.flow.linear_only()), FadeIn(axis), self.equation.plain())
        self.play(self.flow.chart.change_heights(heights))
        self.line = RateLine(self.flow, axis, self.theme)
        self.play(Create(self.line), run_time=1.5)
        self.axis = axis

    @beat(
        "The same network, run again with other recurrent weights: ×{half} a step with half of "
        "$W$, ×{triple} with three times $W$."
    )
    def three_networks(self) -> None:
        names = {"trained": self.say("trained W"), "half": "0.5 W", "triple": "3 W"}
        norms = {names[name]: values for name, values in self.norms.items()}
        self.comparison = Comparison(norms, self.flow, self.theme)
        self.play(FadeOut(self.flow.chart, self.line, self.axis))
        self.play(self.comparison.appear())

    @beat(
        "The gradient of $W$ adds up terms from all steps: {near_share} of it from at most "
        "{near} steps before a loss, {far_share} from all steps farther back."
    )
    def shares_of_the_sum(self) -> None:
        equation = weight_sum_equation(self.theme).move_to(self.equation)
        shares = LagShares(
            self.trace, self.flow.places, self.theme, bar_width=self.flow.chart.bars[0].width
        )
        self.play(
            FadeOut(self.comparison, self.flow.names, self.flow.words, self.flow.legend),
            self.equation.turn_into(equation),
        )
        self.play(equation.light("term"))
        self.play(shares.appear())

    def how_much_is_seen(self, left: float) -> str:
        """Say what a linear scale shows of the farthest gradient."""
        if left < 0.05:
            return self.say("On this scale it is gone.")
        if left < 1:
            return self.say("It has shrunk.")
        return self.say("It has not shrunk.")

    def shape_on_log_axis(self, r_squared: float) -> str:
        """Say whether a line describes the values."""
        if r_squared > 0.9:
            return self.say("lie close to a line")
        return self.say("do not lie on a line")

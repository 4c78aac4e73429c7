"""One set of weights used at every step: changed, and given its gradient by all steps."""

from collections.abc import Mapping
from typing import ClassVar

from manim import DOWN, UP, FadeIn, FadeOut
from rnnviz.scenes.weight_sharing.shared_weights import (
    Nudge,
    StepGradients,
    WeightSet,
    first_step_apart,
    step_sum_equation,
)

from rnnviz.experiments import nudged_recurrence
from rnnviz.mobjects import layout
from rnnviz.mobjects.chain import StateChain
from rnnviz.mobjects.equation import update_equation
from rnnviz.mobjects.matrix import MOST_ROWS
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.window import Window, units_note
from rnnviz.scene.beats import beat
from rnnviz.scene.storyboard import Storyboard
from rnnviz.text.translation import N_

MOST_STEPS = 8
NUDGE = 0.5


class WeightSharing(Storyboard):
    """U, W, V, b and c are the same at every step; the steps' gradients of W add up."""

    name = "weight-sharing"
    title = N_("One set of weights for all steps")
    summary = N_(
        "One entry of W is nudged and every state follows; the gradients of all steps add up."
    )
    task = "sentence"
    needs = ("plain-rnn", "gradients")
    experiments: ClassVar = {"nudged": nudged_recurrence(NUDGE, within=MOST_ROWS)}

    def setup(self) -> None:
        self.window = Window.before_last_loss(self.trace, MOST_STEPS)

    def notes(self) -> tuple[str, ...]:
        return (*self.window.note(self.say), *units_note(self.trace, MOST_ROWS, self.say))

    def facts(self) -> Mapping[str, str]:
        return {
            "steps": str(self.trace.steps),
            "count": str(WeightSet.count_of(self.trace)),
            "amount": number(NUDGE),
            "first_moved": str(first_step_apart(self.trace, self.context.experiments["nudged"])),
        }

    @beat("Five arrays are the whole network: {count} numbers.")
    def one_set(self) -> None:
        self.weights = WeightSet(self.trace, self.theme).shift(layout.CENTRE_Y * UP)
        self.scale = self.color_scale(self.weights.limit)
        self.play(FadeIn(self.weights, lag_ratio=0.02), FadeIn(self.scale), run_time=2.5)

    @beat("All {steps} steps use the same five. There is one $W$, however long the sequence.")
    def at_every_step(self) -> None:
        self.chain = StateChain.of(self.trace, self.window, self.theme)
        self.chain.shift(layout.LOW_CHAIN_Y * UP)
        self.play(self.weights.move_up())
        self.play(FadeIn(self.chain, shift=0.2 * UP))
        self.marks = self.chain.matrix_marks()
        self.play(self.weights.share(self.chain, self.marks))

    @beat(
        "Move one entry of $W$ by {amount} and run the network again: "
        "the states change at every step from step {first_moved} on."
    )
    def nudge(self) -> None:
        self.play(FadeOut(self.marks), self.weights.keep_w(), self.chain.fill(), run_time=2)
        states = self.color_scale(limit=1.0)
        self.play(FadeOut(self.scale), FadeIn(states))
        self.scale = states
        self.nudged = Nudge(
            self.trace, self.context.experiments["nudged"], self.weights, self.chain, self.window
        )
        self.play(self.nudged.show())
        self.play(FadeIn(self.nudged.legend), self.nudged.run_again())

    @beat("Backwards, every use of $W$ has a gradient of its own.")
    def gradient_of_each_step(self) -> None:
        self.gradients = StepGradients(self.trace, self.chain, self.window, self.theme)
        self.equation = step_sum_equation(self.theme).shift(layout.FORMULA_Y * UP)
        scale = self.color_scale(self.gradients.limit)
        self.play(
            FadeOut(self.nudged, self.chain.without_words(), self.scale),
            FadeIn(scale),
            self.nudged.undo(),
        )
        self.scale = scale
        self.play(FadeIn(self.equation, shift=0.15 * DOWN))
        self.play(self.equation.light("term"))
        self.play(self.gradients.appear())

    @beat("Added up, they are the one gradient $(partial L)/(partial W)$ of the one $W$.")
    def sum_of_all(self) -> None:
        self.play(self.equation.light("left"))
        self.play(self.gradients.add_up())

    @beat("One gradient, one update: training moves $W$ once, and so moves it at every step.")
    def one_update(self) -> None:
        equation = update_equation(self.theme).move_to(self.equation)
        self.play(self.equation.turn_into(equation))
        self.play(equation.light("W", "old", "gradient"))
        self.play(self.gradients.go_to(self.weights))

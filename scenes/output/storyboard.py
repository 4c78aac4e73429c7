"""From the last state to an output: scores, probabilities, the loss, and two gradients."""

from collections.abc import Mapping

import numpy as np
from manim import DOWN, UP, FadeIn, FadeOut
from rnnviz.scenes.output.output_numbers import (
    MOST_CLASSES,
    MOST_UNITS,
    OutputNumbers,
    power_text,
    step_to_explain,
)
from rnnviz.scenes.output.softmax_walkthrough import SoftmaxWalkthrough

from rnnviz.mobjects import layout
from rnnviz.mobjects.equation import output_equation
from rnnviz.mobjects.numbers import number, percent
from rnnviz.mobjects.window import units_note
from rnnviz.mobjects.wording import in_a_caption
from rnnviz.scene.beats import beat
from rnnviz.scene.storyboard import Storyboard
from rnnviz.text.translation import N_


class Output(Storyboard):
    """Softmax and its loss at one step, and the gradient with which learning begins."""

    name = "output"
    title = N_("From a state to an answer")
    summary = N_("Scores become probabilities, a loss, and the first gradient.")
    task = "sentence"
    needs = ("plain-rnn", "classes", "gradients")

    def setup(self) -> None:
        self.numbers = OutputNumbers.of(self.trace, step_to_explain(self.trace))

    def notes(self) -> tuple[str, ...]:
        notes = units_note(self.trace, MOST_UNITS, self.say)
        if self.trace.output_size > MOST_CLASSES:
            text = self.say("{most} of {count} outputs")
            return (*notes, text.format(most=MOST_CLASSES, count=self.trace.output_size))
        return notes

    def facts(self) -> Mapping[str, str]:
        numbers = self.numbers
        entropy, squared = (each[numbers.other] for each in numbers.gradients(numbers.other))
        share = numbers.y[numbers.target]
        return {
            "step": str(numbers.step + 1),
            "count": str(self.trace.output_size),
            "total": power_text(numbers.total),
            "best": in_a_caption(numbers.names[numbers.best]),
            "best_share": percent(float(numbers.y[numbers.best])),
            "wanted": in_a_caption(numbers.names[numbers.target]),
            "share": percent(float(share)),
            "loss": number(float(-np.log(share))),
            "guess": number(float(np.log(self.trace.output_size))),
            "other": in_a_caption(numbers.names[numbers.other]),
            "entropy": number(float(entropy)),
            "squared": number(float(squared)),
            "pull": self.how_strong(float(abs(squared / entropy)), float(numbers.y.max())),
        }

    @beat(
        "The state after step {step} meets $V$, and $c$ is added: now each of {count} answers has "
        "a score."
    )
    def scores(self) -> None:
        self.walkthrough = SoftmaxWalkthrough(self.numbers, self.theme, self.say)
        self.equation = output_equation(self.numbers.step + 1, self.trace, self.theme)
        self.equation.shift(layout.FORMULA_Y * UP)
        self.scale = self.color_scale(self.walkthrough.limit)
        self.play(FadeIn(self.equation, shift=0.15 * DOWN))
        self.play(self.equation.light("V", "h", "c"), FadeIn(self.scale))
        self.play(self.walkthrough.score())

    @beat("A score can be negative. $e^o$ makes every one positive, and a high score far higher.")
    def powers(self) -> None:
        self.play(self.equation.plain())
        self.play(self.walkthrough.exponentiate())

    @beat(
        "Divided by their sum, {total}, they become probabilities: they add up to 1. {best} gets "
        "{best_share}."
    )
    def shares(self) -> None:
        self.play(self.equation.light("y"))
        self.play(self.walkthrough.normalize())

    @beat(
        "{wanted} is right, and has {share}. The loss is −ln of this probability: {loss}. "
        "An even guess would cost {guess}."
    )
    def cost(self) -> None:
        self.play(FadeOut(self.scale))
        self.play(self.walkthrough.loss())

    @beat(
        "Learning begins here: cross-entropy's gradient is just $y - hat(y)$. Going against it "
        "raises the right score and lowers all others."
    )
    def cross_entropy(self) -> None:
        self.play(FadeOut(self.equation))
        self.play(self.walkthrough.cross_entropy())

    @beat(
        "The squared loss on the same softmax gives something else: the slope of the softmax "
        "stands before $y - hat(y)$."
    )
    def squared(self) -> None:
        self.play(self.walkthrough.squared())

    @beat(
        "Were {other} right, its score would get {entropy} from cross-entropy, and {squared} from "
        "the squared loss: {pull}"
    )
    def another_target(self) -> None:
        self.play(self.walkthrough.another_target())

    def how_strong(self, ratio: float, sureness: float) -> str:
        """Say how the gradient of the squared loss compares with that of cross-entropy."""
        if ratio < 0.05 and sureness > 0.9:
            return self.say("so sure and wrong, that loss hardly helps.")
        if ratio < 1:
            return self.say("a weaker pull.")
        return self.say("no weaker a pull.")

"""A network in training: loss, weights, states and prediction over the recorded epochs."""

from collections.abc import Mapping
from typing import Any, ClassVar

from manim import DOWN, LEFT, UP, Animation, FadeIn, FadeOut
from rnnviz.scenes.training.curves import loss_curve, score_curve
from rnnviz.scenes.training.playback import replay, rewind
from rnnviz.scenes.training.prediction_bars import PredictionBars
from rnnviz.scenes.training.state_strips import (
    MOST_STEPS,
    X_ALONE,
    X_BESIDE,
    StateStrips,
    move_to_x,
)
from rnnviz.scenes.training.weight_updates import Descent, adam_equation, loss_equation, rows_note
from rnnviz.scenes.training.wording import learning_facts

from rnnviz.experiments.retraining import retrain
from rnnviz.mobjects import layout
from rnnviz.mobjects.equation import update_equation
from rnnviz.mobjects.strip import MOST_CELLS
from rnnviz.mobjects.window import Window, units_note
from rnnviz.scene.beats import beat
from rnnviz.scene.storyboard import Storyboard
from rnnviz.text.translation import N_


class Training(Storyboard):
    """A prediction before training and its loss, an update, and the effect of many updates."""

    name = "training"
    title = N_("How a network learns")
    summary = N_("Loss, weights, states and prediction over the recorded epochs.")
    task = "sentence"
    needs = ("one-layer", "outputs", "training")
    least_steps = 1
    experiments: ClassVar = {"retraining": retrain}

    def setup(self) -> None:
        self.retraining = self.context.experiments["retraining"]
        self.records = len(self.retraining.score)
        self.window = Window.before_last_loss(self.trace, MOST_STEPS)
        self.step = self.window.steps[-1]

    def notes(self) -> tuple[str, ...]:
        return (
            *self.window.note(self.say),
            *units_note(self.trace, MOST_CELLS, self.say),
            *rows_note(self.retraining.W, self.say),
        )

    def facts(self) -> Mapping[str, str]:
        return learning_facts(self.trace, self.retraining, self.step, self.say)

    @beat("Before training, all weights are left to chance, and so is the answer: {answer}")
    def before(self) -> None:
        self.strips = StateStrips(self.trace, self.retraining.h, self.window, self.theme)
        y = self.retraining.y[:, self.step - 1]
        self.prediction = PredictionBars(
            self.trace, y, self.step, self.strips, self.theme, self.say
        )
        move_to_x(self.strips, self.prediction, X_ALONE)
        self.states = self.color_scale(self.strips.limit)
        self.play(FadeIn(self.states), self.strips.appear())
        self.play(self.prediction.appear())

    @beat("How wrong that is becomes one number, the loss: {loss}. Training is to make it small.")
    def loss(self) -> None:
        self.equation = loss_equation(self.trace, self.retraining, self.step, self.theme)
        self.play(FadeIn(self.equation, shift=0.15 * DOWN))
        self.play(self.equation.light("loss", "value"))

    @beat(
        "The gradient says, for every weight, which way this loss grows. "
        "A step of gradient descent goes the other way."
    )
    def against_the_gradient(self) -> None:
        self.descent = Descent(self.retraining.W, self.retraining.gradient, self.theme)
        equation = update_equation(self.theme).shift(layout.FORMULA_Y * UP)
        self.play(FadeOut(self.strips, self.prediction, self.states))
        self.play(self.equation.turn_into(equation), self.descent.appear())
        self.play(equation.light("gradient"), self.descent.step())
        self.equation = equation

    @beat(
        "This network was trained with Adam, which scales the step of every weight by itself. "
        "After {updates} updates $W$ has moved this much."
    )
    def first_updates(self) -> None:
        equation = adam_equation(self.theme).move_to(self.equation)
        self.play(self.equation.turn_into(equation))
        self.play(equation.light("gradient"))
        self.play(self.descent.become_moved())
        self.equation = equation

    @beat(
        "In {epochs} epochs all the weights move on. The loss on {count} newly drawn sequences "
        "{loss_goes} from {first_loss} to {last_loss}."
    )
    def epochs(self) -> None:
        self.curve = loss_curve(self.retraining, self.theme, self.say)
        self.play(FadeOut(self.equation), self.descent.add_up())
        self.play(FadeIn(self.curve.show(1.0)))
        self.play(self.play_on(self.curve, self.descent.w, first=1))

    @beat(
        "Run through it once more: the same {items} now give other states. The mean size "
        "of their entries {size_goes} from {first_size} to {last_size}."
    )
    def states_change(self) -> None:
        self.curve.trace_out = False
        for view in (self.strips, self.prediction):
            view.show(0.0)
        move_to_x(self.strips, self.prediction, X_BESIDE)
        self.play(FadeOut(self.descent.w), self.play_back(self.curve))
        self.play(FadeIn(self.strips, shift=0.3 * LEFT), FadeIn(self.states))
        self.play(self.play_on(self.curve, self.strips))

    @beat("And once more for the answer: {answers}")
    def answer_changes(self) -> None:
        self.play(self.play_back(self.curve, self.strips))
        self.play(self.prediction.appear())
        self.play(self.play_on(self.curve, self.strips, self.prediction))

    @beat("{measure}: {first_score} before training, {last_score} after it. Guessing: {chance}.")
    def against_chance(self) -> None:
        self.play(FadeOut(self.strips, self.prediction, self.states), self.play_back(self.curve))
        self.scores = score_curve(self.retraining, self.theme, self.say)
        self.play(FadeIn(self.scores))
        self.play(self.play_on(self.curve, self.scores))

    def play_on(self, *views: Any, first: int = 0) -> Animation:
        """Play views through all epochs."""
        return replay(views, self.records, first=first)

    def play_back(self, *views: Any) -> Animation:
        """Play views back to before training."""
        return rewind(views, self.records)

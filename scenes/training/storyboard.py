"""A network in training: loss, weights, states and prediction over the recorded epochs."""

from collections.abc import Mapping
from typing import Any, ClassVar

from manim import (
    DOWN,
    UP,
    Animation,
    AnimationGroup,
    FadeIn,
    FadeOut,
    Indicate,
    LaggedStart,
    Succession,
    Wait,
)
from rnnviz.scenes.training.curves import loss_curve, score_curve
from rnnviz.scenes.training.places import CLEARED, DASHBOARD_Y, STAGE_Y
from rnnviz.scenes.training.playback import replay, rewind
from rnnviz.scenes.training.prediction_bars import PredictionBars
from rnnviz.scenes.training.state_strips import MOST_STEPS, StateStrips
from rnnviz.scenes.training.weight_updates import Descent, loss_equation, rows_note
from rnnviz.scenes.training.wording import learning_facts, repeated_note

from rnnviz import measure
from rnnviz.experiments.retraining import retrain
from rnnviz.mobjects import layout
from rnnviz.mobjects.equation import update_equation
from rnnviz.mobjects.shown_states import chosen_note
from rnnviz.mobjects.strip import MOST_CELLS
from rnnviz.mobjects.window import Window
from rnnviz.scene.beats import beat
from rnnviz.scene.storyboard import Storyboard
from rnnviz.text.translation import N_

QUICK = 5.0
"""Seconds."""


class Training(Storyboard):
    """A prediction before training and its loss, an update, and the effect of many updates."""

    name = "training"
    title = N_("How a network learns")
    summary = N_("Loss, weights, states and prediction over the recorded epochs.")
    task = "sentence"
    needs = ("outputs", "training")
    least_steps = 1
    shown_layer = 0
    experiments: ClassVar = {"retraining": retrain}

    def setup(self) -> None:
        self.retraining = self.context.experiments["retraining"]
        self.records = len(self.retraining.score)
        self.window = Window.before_last_loss(self.trace, MOST_STEPS)
        self.step = self.window.steps[-1]
        last = self.retraining.h[-1, self.window.indices]
        self.units = measure.most_moving(last, MOST_CELLS)

    def notes(self) -> tuple[str, ...]:
        return (
            *self.window.note(self.say),
            *chosen_note(len(self.units), self.trace.hidden_size, self.say),
            *rows_note(self.retraining.W, self.say),
            *repeated_note(self.retraining.apart, self.say),
        )

    def facts(self) -> Mapping[str, str]:
        return learning_facts(self.trace, self.retraining, self.step, self.say)

    @beat("Before training the weights are random, so the answer is a guess: {answer}")
    def before(self) -> None:
        self.strips = StateStrips(
            self.trace, self.retraining.h[..., self.units], self.window, self.theme
        )
        y = self.retraining.y[:, self.step - 1]
        self.prediction = PredictionBars(
            self.trace, y, self.step, self.strips, self.theme, self.say
        )
        self.play(self.strips.appear())
        self.play(self.prediction.appear())

    @beat("How wrong that is becomes one number, the loss: {loss}. Training tries to reduce it.")
    def loss(self) -> None:
        self.equation = loss_equation(self.trace, self.retraining, self.step, self.theme)
        self.play(FadeIn(self.equation, shift=0.15 * DOWN))
        self.play(self.equation.light("loss", "value"))

    @beat(
        "Each weight steps against its gradient{unseen}. The learning rate $alpha = {alpha}$ sets "
        "the size; Adam, used here, divides each gradient by its recent size."
    )
    def against_the_gradient(self) -> None:
        self.descent = Descent(self.retraining.W, self.retraining.gradient, self.theme)
        equation = update_equation(self.theme).shift(layout.FORMULA_Y * UP)
        room = self.make_room(keep=[self.equation])
        self.play(room, self.descent.appear(), self.equation.turn_into(equation))
        self.play(equation.light("gradient"), self.descent.step())
        self.play(Indicate(self.descent.minus, color=None))
        self.play(self.descent.land())
        self.equation = equation

    @beat(
        "In {epochs} rounds (epochs) of {updates} such steps, the loss on {count} new sequences "
        "{loss_goes} from {first_loss} to {last_loss}; here, {answers}"
    )
    def epochs(self) -> None:
        self.curve = loss_curve(self.retraining, self.theme, self.say)
        self.strips.move_down(STAGE_Y - DASHBOARD_Y)
        self.prediction.shift((DASHBOARD_Y - STAGE_Y) * UP)
        again = FadeIn(self.strips, self.strips.legend, self.prediction, shift=0.15 * UP)
        self.play(
            self.make_room(keep=[self.descent.w]),
            self.descent.go_aside(),
            LaggedStart(Wait(CLEARED), again, FadeIn(self.curve), lag_ratio=0.5),
        )
        self.play(replay(self.dashboard(self.curve), self.records))

    @beat(
        "Back to the beginning. The {items} never changed: only the weights did, and with them the "
        "states and the answer."
    )
    def back(self) -> None:
        self.curve.trace_out = False
        self.play(rewind(self.dashboard(self.curve), self.records))
        self.play(self.point_at(self.strips.words))
        self.play(self.point_at(self.descent.w.matrix))
        self.play(self.point_at(self.strips.strips, self.prediction.bars))

    @beat("{measure}: {first_score} before training, {last_score} after it. Chance is {chance}.")
    def against_chance(self) -> None:
        self.scores = score_curve(self.retraining, self.theme, self.say)
        self.play(Succession(FadeOut(self.curve, run_time=0.3), FadeIn(self.scores, run_time=0.5)))
        self.play(self.run_on())

    def point_at(self, *views: Any) -> Animation:
        """Let views swell for a moment."""
        return AnimationGroup(
            *[Indicate(view, scale_factor=1.06, color=None) for view in views], run_time=1.0
        )

    def run_on(self) -> Animation:
        """Play all views through the epochs once more, quickly."""
        return replay(self.dashboard(self.scores), self.records, run_time=QUICK)

    def dashboard(self, curve: Any) -> tuple[Any, ...]:
        """Return all views that change with the epochs."""
        return (curve, self.descent.w, self.strips, self.prediction)

"""One set of weights used at every step: changed, and given its gradient by all steps."""

from collections.abc import Iterable, Mapping
from typing import ClassVar

from manim import DOWN, UP, Animation, FadeIn, FadeOut
from rnnviz.scenes.weight_sharing.changed_states import ChangedStates
from rnnviz.scenes.weight_sharing.shared_chain import SharedChain, most_steps
from rnnviz.scenes.weight_sharing.shared_weights import EntryChange, WeightSet
from rnnviz.scenes.weight_sharing.step_gradients import StepGradients, step_sum_equation
from rnnviz.scenes.weight_sharing.update import Update, learning_rate, update_equation, updated
from rnnviz.scenes.weight_sharing.weight_part import WeightPart, entries_shown
from rnnviz.scenes.weight_sharing.wording import gradient_of_first_use, what_arrays, what_moves

from rnnviz.experiments import nudged_recurrence
from rnnviz.mobjects import layout
from rnnviz.mobjects.matrix import MOST_ROWS
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.shown_states import ShownStates
from rnnviz.mobjects.window import Window
from rnnviz.mobjects.wording import after_training
from rnnviz.scene.beats import beat
from rnnviz.scene.storyboard import Storyboard
from rnnviz.text.translation import N_

NUDGE = 0.5


class WeightSharing(Storyboard):
    """U, W, V, b and c are the same at every step; the steps' gradients of W add up."""

    name = "weight-sharing"
    title = N_("One set of weights for all steps")
    summary = N_("One weight is nudged and every state follows; the gradients of all steps add up.")
    task = "sentence"
    needs = ("weights", "summed-gradients", "later-loss")
    least_steps = 3
    experiments: ClassVar = {"nudged": nudged_recurrence(NUDGE, entries_shown)}

    def setup(self) -> None:
        self.window = Window.before_last_loss(self.trace, most_steps(self.trace))
        self.part = WeightPart.of(self.trace)
        self.shown = ShownStates(self.trace, self.window, MOST_ROWS)
        self.nudged = self.context.experiments["nudged"]
        self.alpha = learning_rate(self.trace)

    def notes(self) -> tuple[str, ...]:
        return (
            *after_training(self.trace, self.say),
            *self.window.note(self.say),
            *self.part.notes(self.trace, self.say),
        )

    def facts(self) -> Mapping[str, str]:
        return {
            "steps": str(self.trace.steps),
            "part": self.part.told(self.say),
            "whole": what_arrays(self.trace, self.part, self.say),
            "amount": number(NUDGE),
            "moved": what_moves(self.trace, self.nudged, self.say),
            "first": gradient_of_first_use(self.trace, self.say),
            "alpha": f"{self.alpha:g}",
        }

    @beat("{whole} numbers.{part}")
    def one_set(self) -> None:
        later = (self.nudged.W, updated(self.trace, self.alpha))
        limit = self.shown.limit
        weights = WeightSet(self.trace, self.part, self.theme, later, least=limit)
        self.weights = weights.shift(layout.CENTRE_Y * UP)
        self.scale = self.color_scale(self.weights.limit)
        first, *rest = self.weights.appear()
        self.play(first, FadeIn(self.scale))
        self.play_all(rest)

    @beat("All {steps} steps use the same $U$ and the same $W$, however long the sequence.")
    def at_every_step(self) -> None:
        self.chain = SharedChain(self.trace, self.shown, self.theme, limit=self.weights.limit)
        into, over = self.chain.into, self.chain.over
        self.play(self.weights.move_up())
        self.play(FadeIn(self.chain, shift=0.3 * UP))
        self.play(self.weights.point_out(), FadeIn(into[0], over[0], shift=0.3 * DOWN))
        self.play_all(self.chain.name_weights(into, over))

    @beat("Now change a single entry of $W$ by {amount}.")
    def nudge(self) -> None:
        self.play(FadeOut(*self.weights.others()), *self.chain.rest_names(), self.chain.fill())
        self.play(self.weights.move_left(), *self.chain.move_aside())
        self.play(self.weights.enlarge())
        self.change = EntryChange(self.weights.w, self.part, self.nudged.W, self.theme)
        self.play(self.change.appear())
        self.play(self.change.apply())

    @beat("Run the network again: {moved}")
    def run_again(self) -> None:
        self.changed = ChangedStates(
            self.trace, self.nudged, self.chain, self.shown, self.weights.limit, self.say
        )
        self.play(self.changed.make_room())
        self.play(self.changed.run())

    @beat(
        "Now backwards, as if each step had its own $W_k$. How does the loss change with $W_k$ "
        "alone? {first}"
    )
    def gradient_of_each_use(self) -> None:
        self.gradients = StepGradients(
            self.trace, self.part, self.chain, self.window, self.theme, self.say
        )
        self.equation = step_sum_equation(self.trace, self.theme).shift(layout.FORMULA_Y * UP)
        self.play(self.changed.leave(), FadeOut(self.change), self.change.undo())
        self.play(self.chain.number_uses())
        self.play_all(self.gradients.appear())

    @beat(
        "But they are all the same $W$: change it, and all uses change at once. Their effects on "
        "the loss add up, so its gradient is the sum."
    )
    def sum_of_all(self) -> None:
        self.play(self.gradients.clear_titles(), self.chain.share_again())
        self.play(self.gradients.begin_sum(), FadeIn(self.equation, shift=0.15 * DOWN))
        self.play(self.equation.light("left", "term", "direct"))
        self.play_all(self.gradients.add_up())

    @beat(
        "One update: $W$ steps against its gradient, and every use of it changes. The learning "
        "rate $alpha$ sets the size of the step (here {alpha}, to show it)."
    )
    def one_update(self) -> None:
        equation = update_equation(self.theme).move_to(self.equation)
        self.play(self.equation.turn_into(equation))
        self.play(equation.light("W", "old", "left"))
        self.update = Update(self.trace, self.part, self.weights, self.gradients, self.alpha)
        self.play_all(self.update.apply())
        self.play(*self.chain.wake_uses())
        self.play(self.chain.flash_uses())

    def play_all(self, parts: Iterable[Animation]) -> None:
        """Play animations in turn, making each one after the one before has been played."""
        for part in parts:
            self.play(part)

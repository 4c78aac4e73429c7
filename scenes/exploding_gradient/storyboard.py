"""A training that explodes, how far W stretches, the cliff in the loss, and clipping."""

from collections.abc import Mapping
from typing import ClassVar

from manim import FadeIn, FadeOut, LaggedStart
from rnnviz.scenes.exploding_gradient import equations
from rnnviz.scenes.exploding_gradient.cliff_space import CliffSpace
from rnnviz.scenes.exploding_gradient.courses import Courses
from rnnviz.scenes.exploding_gradient.nonlinearities import Nonlinearities
from rnnviz.scenes.exploding_gradient.sizes_of_w import Rules, SizesOfW, compared
from rnnviz.scenes.exploding_gradient.wording import (
    clipped_at_the_foot,
    facts_of_descents,
    facts_of_trainings,
)

from rnnviz.experiments.explosion import explosion
from rnnviz.measure.cliff import descent
from rnnviz.scene.beats import beat
from rnnviz.scene.orbiting import OrbitingStoryboard
from rnnviz.scene.source_line import now_shown
from rnnviz.text.translation import N_

START = (4.818, -2.624)
RATE, STEPS = 0.12, 10
LONGEST = 0.5
TO_WALL = 4


class ExplodingGradient(OrbitingStoryboard):
    """A recorded explosion and the same with clipping; σ₁; two descents at a cliff.

    The recorded network's own W is compared with these; of a cell with gates or of a user's code it
    is the Jacobian of a step, which takes the place of slopes and W.

    The descents start on the plateau before the cliff. After ``TO_WALL`` steps they are at the foot
    of its wall, where one of them is thrown off.
    """

    name = "exploding-gradient"
    title = N_("How a gradient explodes, and what clipping does")
    summary = N_("Large weights, a cliff in the loss, and a gradient cut to length.")
    task = "prices"
    widest_source = 13.0
    experiments: ClassVar = {"found": explosion}

    def setup(self) -> None:
        self.found = self.context.experiments["found"]
        self.thrown = descent(START, RATE, TO_WALL + 1)
        self.kept = descent(START, RATE, STEPS, LONGEST)

    def facts(self) -> Mapping[str, str]:
        return {
            **facts_of_trainings(self.found, self.say),
            **facts_of_descents(self.thrown, self.kept, RATE, LONGEST),
        }

    @beat(
        "To see a gradient explode, replace tanh by ReLU: negative sums become 0, positive "
        "ones pass unchanged. Nothing holds a state back."
    )
    def another_network(self) -> None:
        shown = now_shown(self.found.unclipped.last, self.say)
        self.curves = Nonlinearities(self.theme)
        self.play(self.curves.appear(), self.name_source(shown))

    @beat(
        "It learns to predict tomorrow's price. One update, and its loss leaps to {loss_after}, "
        "its gradient to {norm_after}."
    )
    def leap(self) -> None:
        self.courses = Courses(self.found, self.say, self.theme)
        self.equation = equations.relu(self.theme)
        gone = self.make_room(keep=[self.curves.relu_name])
        change = LaggedStart(gone, FadeIn(self.courses.axes, run_time=0.6), lag_ratio=0.7)
        self.play(change, self.curves.rise_to(self.equation))
        self.play(self.courses.leap())

    @beat("{ruin}")
    def ruin(self) -> None:
        self.play(self.courses.go_on())

    @beat(
        "Same start. But a gradient longer than {clip} is clipped, that is shortened to "
        "{clip}, before each update: now it learns, down to {clipped_last}."
    )
    def clipped(self) -> None:
        self.play(self.courses.clip())

    @beat(
        "Each step back multiplies by slopes $s_k$ and by $W^T$. $W$ stretches a vector at "
        "most $sigma_1$ times, its largest singular value: unclipped, {stretch}."
    )
    def sizes(self) -> None:
        weights = {
            self.say("start: 1 on the diagonal"): self.found.start,
            self.say("end, not clipped"): self.found.unclipped.last.W,
            self.say("end, clipped"): self.found.clipped.last.W,
            **compared(self.trace, self.say),
        }
        self.numbers = SizesOfW(weights, self.say, self.theme)
        equation = equations.backward_step(self.theme)
        gone = self.make_room(keep=[self.equation])
        change = LaggedStart(gone, self.numbers.appear(), lag_ratio=0.45)
        self.play(change, self.equation.turn_into(equation, run_time=0.4))
        self.play(equation.light("W", "slopes"))
        self.equation = equation

    @beat(
        "Slopes lengthen a gradient at most $gamma$ times, 1 for tanh and ReLU, and $W^T$ at "
        "most $sigma_1$ times. One step back: at most $sigma_1 gamma$ times."
    )
    def rules(self) -> None:
        self.rule = Rules(self.say, self.theme)
        self.play(self.rule.appear())

    @beat(
        "Why such harm? Take one unit without input: its loss is a landscape over $w$ and $b$. "
        "Its answer, squashed to 0…1 by sigmoid, should be {aim}."
    )
    def cliff(self) -> None:
        self.space = CliffSpace(self.thrown, self.kept, self.say, self.theme)
        equation = equations.one_unit(self.theme)
        self.space.surface.grown[...] = 0.0
        stage = self.space.stage(self.space.view(-15.0, 40.0))
        source = self.name_source(self.say("computed, not trained: one unit, 50 steps"))
        gone = FadeOut(self.numbers, self.rule, run_time=0.9)
        change = LaggedStart(gone, FadeIn(stage, run_time=0.8), lag_ratio=0.45)
        self.play(change, self.equation.turn_into(equation, run_time=0.4), source)
        self.show_stage(stage)
        self.play(self.stage.shot(*self.space.rise(), run_time=2.0))
        self.play(self.stage.shot(to=self.space.view(38.0, 33.0), run_time=4.0))
        self.equation = equation

    @beat(
        "Update {leap} moves $w$ and $b$ by only {moved}, but the answer leaps from {above} "
        "to {below}: used 50 times, a small change grows. This is a cliff."
    )
    def over_the_edge(self) -> None:
        space, path = self.space, self.space.thrown
        over, under = space.answers
        self.play(self.stage.shot(path.go(TO_WALL - 1), run_time=2.4))
        self.play(self.stage.shot(*space.name(over), run_time=0.8))
        self.play(self.stage.shot(path.go(TO_WALL), run_time=1.4))
        self.play(self.stage.shot(*space.name(under), run_time=0.8))

    @beat(
        "At the foot the gradient $nabla L$ is {steep} long. The next update, {rate} times as"
        " long, moves {far}: off the map, to a loss of {error_thrown}."
    )
    def thrown_off(self) -> None:
        space = self.space
        self.play(self.stage.shot(*space.measure(), run_time=0.8))
        self.play(self.stage.shot(*space.fly(), to=space.away(52.0, 30.0), run_time=3.0))
        self.play(self.stage.shot(*space.name(space.far, space.landing), run_time=0.8))

    @beat(
        "Clipped to a length of $theta$ = {longest}, update {back} climbs back too, but stays"
        " on the map. After {count} updates the loss is {error_kept}."
    )
    def clipped_descent(self) -> None:
        space, path = self.space, self.space.kept
        rule = equations.clipping(self.theme)
        numbers = clipped_at_the_foot(self.thrown, LONGEST)
        begin, near = (*space.rest(TO_WALL), path.go(0.0)), space.view(40.0, 38.0)
        self.play(self.equation.turn_into(rule), self.stage.shot(*begin, to=near, run_time=2.0))
        self.play(self.stage.shot(path.go(STEPS), run_time=4.6))
        self.play(
            rule.turn_into(equations.clipping_in_numbers(*numbers, self.theme)),
            self.stage.shot(*space.name(space.end), run_time=0.8),
        )

"""A sentence as a path of hidden states, a second path, and the fixed points of a step."""

from collections.abc import Mapping
from typing import ClassVar

from manim import DOWN, UP, FadeIn, FadeOut
from rnnviz.scenes.trajectory.constant_input_path import ConstantInputPath
from rnnviz.scenes.trajectory.fixed_point_rings import (
    FixedPointList,
    FixedPointRings,
    fixed_point_equation,
)
from rnnviz.scenes.trajectory.paths import Paths
from rnnviz.scenes.trajectory.state_path import both_paths
from rnnviz.scenes.trajectory.state_plane import StatePlane
from rnnviz.scenes.trajectory.states_in_row import StatesInRow
from rnnviz.scenes.trajectory.step_list import StepList
from rnnviz.scenes.trajectory.unit_circle import UnitCircle
from rnnviz.scenes.trajectory.wording import (
    fate_text,
    findings_text,
    parting_text,
    rest_text,
    stability_text,
)

from rnnviz.experiments.other_inputs import another_input, parting, staying
from rnnviz.mobjects import layout
from rnnviz.mobjects.numbers import number, percent
from rnnviz.mobjects.strip import MOST_CELLS
from rnnviz.mobjects.window import units_note
from rnnviz.scene.beats import beat
from rnnviz.scene.storyboard import Storyboard
from rnnviz.text.translation import N_

MOST_STEPS = 10
STAYING = 60


class Trajectory(Storyboard):
    """States in their principal plane: a path, one that branches off, and fixed points."""

    name = "trajectory"
    title = N_("A sentence as a path")
    summary = N_("Hidden states in their principal plane, and where they come to rest.")
    task = "sentence"
    needs = ("plain-rnn", "run-again", "plane-of-states")
    experiments: ClassVar = {"pair": another_input, "staying": staying(STAYING)}

    def setup(self) -> None:
        pair, stay = self.context.experiments["pair"], self.context.experiments["staying"]
        self.paths = Paths.of(pair, stay, parting(pair), MOST_STEPS)

    def notes(self) -> tuple[str, ...]:
        return (*self.paths.window.note(self.say), *units_note(self.trace, MOST_CELLS, self.say))

    def facts(self) -> Mapping[str, str]:
        return {
            "units": str(self.trace.hidden_size),
            "share": percent(float(self.paths.components.shares.sum())),
            "changed": str(self.paths.parted + 1),
            "at_once": number(float(self.paths.distances[self.paths.parted])),
            "at_end": number(float(self.paths.distances[-1])),
            "part": parting_text(self.paths, self.say),
            "fate": fate_text(self.paths, self.say),
            "found": findings_text(self.paths, self.say),
            "sort": stability_text(self.paths, self.say),
            "more": str(STAYING),
            "rest": rest_text(self.paths, self.say),
        }

    @beat(
        "After each {item} the state is {units} numbers: one point in a space with {units} axes, "
        "which nobody can draw."
    )
    def states(self) -> None:
        self.row = StatesInRow(self.paths, self.theme)
        self.scale = self.color_scale(limit=1.0)
        self.play(FadeIn(self.scale))
        self.play(self.row.appear())

    @beat(
        "So look along the two directions in which the recorded states vary most. This plane "
        "holds {share} of their variance."
    )
    def plane_of_states(self) -> None:
        self.lay_out()
        self.play(FadeIn(self.plane), FadeOut(self.scale), self.list.move_words(self.row.words))
        self.play(self.path.from_strips(self.row.strips))

    @beat("Joined in the order of the {items}, the states are a path: one move for each {item}.")
    def path_of_words(self) -> None:
        self.play(FadeIn(self.path.start))
        for index in range(len(self.paths.window.steps)):
            self.play(self.path.join(index))

    @beat("Run it again with another {item} at step {changed}. {part}")
    def another_word(self) -> None:
        first = self.paths.parted - self.paths.window.indices.start
        self.play(self.list.show_other())
        self.play(self.other.walk(first, run_time=4.0))

    @beat(
        "How far apart are they, in all {units} units? First {at_once}, at the end {at_end}. {fate}"
    )
    def distance(self) -> None:
        self.play(self.list.measure())

    @beat("Let the last {item} stay. Is there a state that a step does not move? {found}")
    def at_rest(self) -> None:
        self.equation = fixed_point_equation(self.trace.steps, self.theme)
        self.equation.shift(layout.FORMULA_Y * UP)
        self.play(FadeOut(self.list.everything(), self.other), self.path.subdue())
        self.play(FadeIn(self.equation, shift=0.15 * DOWN))
        self.play(self.equation.light("now", "before"))
        self.play(self.rings.appear(), self.rests.appear())

    @beat(
        "The eigenvalues of its Jacobian tell what becomes of a small push: outside the circle it "
        "grows. {sort}"
    )
    def eigenvalues(self) -> None:
        self.play(FadeOut(self.rests))
        self.play(self.circle.appear())

    @beat("The last {item} goes in {more} times more. {rest}")
    def does_it_rest(self) -> None:
        self.play(FadeOut(self.circle))
        self.play(self.staying.go_on())

    def lay_out(self) -> None:
        """Make what is drawn in the plane and beside it."""
        paths, theme = self.paths, self.theme
        names = (self.say("first component"), self.say("second component"))
        self.plane = StatePlane(paths, names, theme)
        self.path, self.other = both_paths(paths, self.plane, theme)
        self.list = StepList(paths, theme)
        self.rings = FixedPointRings(paths, self.plane, theme)
        self.rests = FixedPointList(
            paths, (self.say("a step moves it by"), self.say("starts")), theme
        )
        self.circle = UnitCircle(paths, self.say("Eigenvalues at the first fixed point"), theme)
        self.staying = ConstantInputPath(paths, self.plane, theme)

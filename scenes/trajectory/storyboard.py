"""A sentence as a path of hidden states, a second path, and the states of many sentences."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from manim import FadeIn, FadeOut, LaggedStart
from rnnviz.scenes.trajectory.clusters import Clusters
from rnnviz.scenes.trajectory.paths import Paths
from rnnviz.scenes.trajectory.state_path import both_paths
from rnnviz.scenes.trajectory.state_plane import StatePlane
from rnnviz.scenes.trajectory.states_in_row import StatesInRow
from rnnviz.scenes.trajectory.step_list import StepList, distance_name
from rnnviz.scenes.trajectory.wording import (
    cluster_text,
    fate_text,
    many_text,
    parting_text,
    path_facts,
    together_text,
)

from rnnviz.experiments.many_sequences import many_sequences
from rnnviz.experiments.other_inputs import another_input, parting
from rnnviz.mobjects.numbers import number
from rnnviz.scene.beats import beat
from rnnviz.scene.source_line import network_name, now_shown
from rnnviz.scene.storyboard import Storyboard
from rnnviz.text.translation import N_

MOST_STEPS = 10
PATH, BRANCH = 7.0, 5.0
"""Seconds."""


class Trajectory(Storyboard):
    """States in their principal plane: a path, one that branches off, and many last states."""

    name = "trajectory"
    title = N_("A sentence as a path")
    summary = N_("Hidden states in their principal plane, and where many sentences end.")
    task = "sentence"
    needs = ("plane-of-states",)
    keeps_shape = True
    experiments: ClassVar = {"pair": another_input, "many": many_sequences}
    variants = ("rnnviz.scenes.trajectory.alone:TrajectoryAlone",)

    def setup(self) -> None:
        pair = self.context.experiments["pair"]
        self.paths = Paths.of(pair, parting(pair), MOST_STEPS)
        many = self.context.experiments["many"]
        texts = self.say("answer"), self.say("others")
        self.clusters = Clusters(many, self.axis_names(), *texts, self.theme)

    def notes(self) -> tuple[str, ...]:
        return (*self.paths.window.note(self.say), *self.paths.shown.note(self.say))

    def facts(self) -> Mapping[str, str]:
        return {**path_facts(self.paths, self.say), **self.facts_of_others()}

    def facts_of_others(self) -> Mapping[str, str]:
        """Return what the captions say of the other sequences."""
        return {
            "changed": str(self.paths.parted + 1),
            "at_once": number(float(self.paths.distances[self.paths.parted])),
            "at_end": number(float(self.paths.distances[-1])),
            "part": parting_text(self.paths, self.say),
            "fate": fate_text(self.paths, self.say),
            "many": many_text(self.clusters, self.say),
            "count": str(self.clusters.many.trace.batch),
            "together": together_text(self.clusters, self.say),
            "clusters": cluster_text(self.clusters, self.say),
        }

    @beat("After each {item} {states}: one point in a space with {units} axes{drawn}.")
    def states(self) -> None:
        self.row = StatesInRow(self.paths, self.theme)
        self.play(self.row.appear())

    @beat(
        "So project onto the two directions in which the states vary most: PCA. This plane "
        "captures {share} of their variance."
    )
    def plane_of_states(self) -> None:
        paths, theme = self.paths, self.theme
        points = [*paths.points.reshape(-1, 2), paths.start]
        self.plane = StatePlane(np.array(points), paths.components, self.axis_names(), theme)
        self.draw_paths()
        self.play(FadeOut(self.row.legend, self.row.words), run_time=0.6)
        self.play(FadeIn(self.plane, run_time=1.5), self.path.from_strips(self.row.strips))
        self.play(self.list.appear())

    @beat("Joined in the order of the {items}, the states form a path: one move for each {item}.")
    def path_of_words(self) -> None:
        self.play(FadeIn(self.path.start, self.path.start_name))
        self.play(self.path.walk(0, run_time=PATH))

    @beat("Run it again with another {item} at step {changed}. {part}")
    def another_word(self) -> None:
        self.play(self.list.name_paths(), self.path.rest())
        self.play(self.other.walk(self.paths.shown_parting, run_time=BRANCH, with_dots=True))

    @beat(
        "How far apart are they, in all {units} units? First {at_once}, at the end {at_end}. {fate}"
    )
    def distance(self) -> None:
        self.play(self.list.measure(self.path.dots, self.other.dots))

    @beat("{many}")
    def longer(self) -> None:
        many = self.clusters.many
        name = (now_shown if many.companion else network_name)(many.trace, self.say)
        coming = LaggedStart(self.clusters.appear(), self.make_room(), lag_ratio=0.2)
        self.play(coming, self.name_source(name))

    @beat(
        "Each dot is the state of the network in one sequence, coloured by its answer; each {item} "
        "moves them all{together}."
    )
    def many_states(self) -> None:
        for index in range(len(self.clusters.counters)):
            self.play(self.clusters.read(index))

    @beat("{clusters}")
    def cluster(self) -> None:
        self.play(self.clusters.count())

    def draw_paths(self) -> None:
        """Prepare the paths, and the list of their steps."""
        self.path, self.other = both_paths(self.paths, self.plane, self.theme)
        name = distance_name(self.paths.shown.names, self.theme)
        self.list = StepList(self.paths, name, self.theme)

    def axis_names(self) -> tuple[str, str]:
        """Return what the axes of the plane are called."""
        return (self.say("first component"), self.say("second component"))

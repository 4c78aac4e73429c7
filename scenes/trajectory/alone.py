"""The path of a network that cannot be run again."""

from collections.abc import Mapping
from typing import Any, ClassVar

from rnnviz.scenes.trajectory.paths import Paths
from rnnviz.scenes.trajectory.state_path import one_path
from rnnviz.scenes.trajectory.step_list import StepList, distance_name
from rnnviz.scenes.trajectory.storyboard import MOST_STEPS, Trajectory
from rnnviz.scenes.trajectory.wording import (
    farthest,
)

from rnnviz.scene.beats import beat
from rnnviz.scene.needs import NEEDS
from rnnviz.trace import Trace


class TrajectoryAlone(Trajectory):
    """For a network that cannot be run on other sequences, such as a custom cell: its own path."""

    least_steps = 3
    experiments: ClassVar[Mapping[str, Any]] = {}
    another_word = distance = longer = many_states = cluster = None

    @classmethod
    def plays(cls, trace: Trace) -> bool:
        return NEEDS["run-again"](trace) is not None

    def setup(self) -> None:
        self.paths = Paths.alone(self.trace, MOST_STEPS)

    def facts_of_others(self) -> Mapping[str, str]:
        return farthest(self.paths)

    @beat(
        "How far does each {item} move it, in all {units} units? The longest move is {longest}, "
        "at step {at}."
    )
    def moves(self) -> None:
        self.play(self.list.measure(self.path.dots))

    def draw_paths(self) -> None:
        self.path = one_path(self.paths, self.plane, self.theme)
        name = distance_name(self.paths.shown.names, self.theme, before=True)
        self.list = StepList(self.paths, name, self.theme)

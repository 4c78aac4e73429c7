"""What several beats of this scene share: its network, and the moves of its camera."""

from collections.abc import Mapping, Sequence

from manim import Animation
from rnnviz.scenes.space import views
from rnnviz.scenes.space.contents import Contents
from rnnviz.scenes.space.loss_path import LossPath
from rnnviz.scenes.space.passing import Passing, answer_of
from rnnviz.scenes.space.unit_sum import UnitSum
from rnnviz.scenes.space.wording import facts_of, facts_of_unit, network_shown

from rnnviz.mobjects import layout
from rnnviz.mobjects.framing import STAGE
from rnnviz.mobjects.stage3d import Track, change, during
from rnnviz.scene.orbiting import OrbitingStoryboard

MOST_STEPS = 8


class SpaceMoves(OrbitingStoryboard):
    """The network in space before any beat, and what is done more than once."""

    def setup(self) -> None:
        self.start = self.context.experiments["start"]
        if self.start.metadata.parameters_hash == self.trace.metadata.parameters_hash:
            self.start = self.trace
        self.path = LossPath(self.start, MOST_STEPS)
        self.window = self.path.window
        self.contents = Contents(self.trace, self.window)
        self.choose_unit()

    def choose_unit(self) -> None:
        """Choose the sum to work out."""
        self.sum = UnitSum.clearest(self.trace, self.contents)

    def end_of_notes(self) -> float:
        """Return how far right a note may reach in the line of the source."""
        if self.frame.is_tall:
            return layout.RIGHT_EDGE
        return float(self.source.get_left()[0]) - 0.4

    def facts(self) -> Mapping[str, str]:
        facts = facts_of(self.trace, self.start, self.contents, self.path, self.say)
        return {**facts, **self.facts_of_unit()}

    def facts_of_unit(self) -> Mapping[str, str]:
        """Return what the caption of one unit's sum says."""
        return facts_of_unit(self.sum, self.window, self.say)

    def pass_on(self, passing: Passing, *with_it: Animation) -> None:
        """Play all steps."""
        self.passing = passing
        self.space.flows.add(*self.passing.strands)
        self.space.signs.add(*self.passing.signs)
        self.play(self.stage.shot(to=views.along(self.space, 0), run_time=1.5), *with_it)
        self.play(
            self.stage.shot(
                *self.passing.run(),
                to=views.along(self.space, len(self.space.xs) - 1),
                run_time=1.3 * len(self.space.xs),
            )
        )
        self.play(self.stage.shot(*self.space.dim(1.0), to=views.forward(self.space), run_time=2.0))

    def go_back_to_all(self, leaving: Sequence[Track], *with_it: Animation) -> None:
        """Show the whole network, and name the one that is shown from now on."""
        self.play(
            self.stage.shot(
                *leaving,
                *self.space.dim(1.0),
                to=views.forward(self.space),
                within=STAGE,
                run_time=2.5,
            ),
            *with_it,
            self.name_source(*network_shown(self.trace, self.start, self.notes(), self.say)),
        )

    def turn_into_start(self) -> None:
        """Let the network become what it was before training."""
        self.guess = answer_of(self.space, self.start)
        tracks = [during(0.0, 0.8, *self.space.turn_into(self.start))]
        if self.guess is not None:
            self.space.signs.add(self.guess)
            tracks.append(during(0.8, 1.0, change(self.guess.shown, ..., 1.0)))
        self.play(self.stage.shot(*tracks, run_time=3.0))

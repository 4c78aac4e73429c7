"""The space of a cell with gates, or of the user's own code: states, and no sums of weights."""

from collections.abc import Mapping

from rnnviz.scenes.space.passing import Passing
from rnnviz.scenes.space.storyboard import Space

from rnnviz.mobjects.stage3d import during
from rnnviz.scene.beats import beat
from rnnviz.trace import Trace


class SpaceOfCell(Space):
    """For cells with gates and cells of one's own: what goes in and comes out, and no sum."""

    one_unit = None

    @classmethod
    def plays(cls, trace: Trace) -> bool:
        return trace.is_custom or trace.cell.gated

    def choose_unit(self) -> None:
        """Choose no sum."""

    def facts_of_unit(self) -> Mapping[str, str]:
        return {}

    @beat(
        "At each step, the {item} and the state before go into the cell, which makes the new "
        "state{output}. {counts}"
    )
    def forward(self) -> None:
        self.pass_on(Passing(self.space, summed=False))

    @beat("{start}")
    def untrained(self) -> None:
        leaving = [during(0.0, 0.4, track) for track in self.passing.leave()]
        self.go_back_to_all([*leaving, *self.passing.hide_answer()])
        self.space.flows.remove(*self.passing.strands)
        self.space.signs.remove(*self.passing.signs)
        self.turn_into_start()

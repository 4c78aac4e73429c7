"""The storyboard for a custom cell: the gates that its code names, unit by unit."""

from collections.abc import Mapping

from manim import FadeIn
from rnnviz.scenes.gates.named_grids import NamedGrids, named_grids_of
from rnnviz.scenes.gates.own_data import OfOwnData
from rnnviz.scenes.gates.word_axis import MOST_STEPS, WordAxis
from rnnviz.scenes.gates.wording import named_gate_facts

from rnnviz.mobjects.window import Window
from rnnviz.mobjects.wording import in_a_caption
from rnnviz.scene.beats import beat
from rnnviz.trace import Trace


class OfNamedGates(OfOwnData):
    """A custom cell, with the gates that its code names."""

    needs = ("gates",)
    cell = None
    forget = None
    write = None
    read = None
    reset = None

    @classmethod
    def plays(cls, trace: Trace) -> bool:
        """Whether the recording is of no sentence; one without named gates is then refused."""
        return trace.metadata.task != "sentence"

    def setup(self) -> None:
        window = Window.last(self.trace, MOST_STEPS)
        self.words = WordAxis(window.words(self.trace), window, self.theme, clue=None)
        self.named = named_grids_of(self.trace, self.words.window)
        self.gate, (self.moving, *_) = next(iter(self.named.items()))

    def facts(self) -> Mapping[str, str]:
        return {
            "gates": self.say(", ").join(map(in_a_caption, self.named)),
            **named_gate_facts(self.trace, self.gate, self.moving, self.words.window),
        }

    @beat(
        "A gate scales a value, unit by unit. The gates that this network's code names, with the "
        "units that move most, {item} by {item}: {gates}."
    )
    def all_units(self) -> None:
        self.grids = NamedGrids(self.trace, self.named, self.words, self.theme, self.say)
        self.play(FadeIn(self.words), self.grids.appear())

    @beat(
        "Unit {unit} of {gate} moves most: it is lowest, {low}, at “{low_word}” and highest, "
        "{high}, at “{high_word}”."
    )
    def what_is_kept(self) -> None:
        self.play(self.grids.point_out())

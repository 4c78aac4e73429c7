"""The storyboards for gates of an LSTM or a GRU on any data, with no network to compare with."""

from collections.abc import Mapping
from typing import ClassVar

from manim import DOWN, FadeIn
from rnnviz.scenes.gates import equations
from rnnviz.scenes.gates.conveyor import Conveyor
from rnnviz.scenes.gates.followed_unit import FollowedUnit, lasting_step
from rnnviz.scenes.gates.storyboard import Gates
from rnnviz.scenes.gates.unit_grid import most_moving
from rnnviz.scenes.gates.word_axis import MOST_STEPS, WordAxis
from rnnviz.scenes.gates.wording import kept_on_average, unit_facts

from rnnviz.experiments import Experiment
from rnnviz.mobjects.window import Window
from rnnviz.scene.beats import beat
from rnnviz.text.plain_text import Phrase
from rnnviz.trace import Trace


class OfOwnData(Gates):
    """The gates of a recording of any data; no other networks are compared with it."""

    experiments: ClassVar[Mapping[str, Experiment]] = {}
    kept_by: ClassVar[str] = ""
    """The gate that keeps the old value."""
    gru = None
    gradients = None
    answers = None

    @classmethod
    def plays(cls, trace: Trace) -> bool:
        """Whether the recording is of no sentence, and of a cell with the gate that is shown."""
        return trace.metadata.task != "sentence" and cls.kept_by in trace.cell.gates

    def setup(self) -> None:
        window = Window.last(self.trace, MOST_STEPS)
        self.unit = FollowedUnit.of(self.trace, lasting_step(self.trace, window))
        self.words = WordAxis.of(self.trace, self.unit.step, self.theme)
        self.units = most_moving(self.trace, self.kept_by, window, self.unit.unit)

    def notes(self) -> tuple[str, ...]:
        return self.words.window.note(self.say)

    def facts(self) -> Mapping[str, str]:
        mean = kept_on_average(self.trace, self.kept_by, self.units, self.words.window)
        return {
            **unit_facts(self.unit, self.say),
            "keeping": Phrase(f"${self.kept_by}_t$"),
            "drawn": str(len(self.units)),
            "mean": mean,
        }

    def cell(self) -> None:
        self.belt = Conveyor(self.unit, self.theme)
        self.play(self.belt.appear())

    @beat(
        "The {drawn} gates {keeping} that move most, {item} by {item}: at 0 the old value goes, at "
        "1 it stays. On average they are {mean}."
    )
    def all_units(self) -> None:
        self.show_units(self.trace, self.kept_by, self.unit, self.belt)

    @beat(
        "What {clue} wrote into unit {unit} is multiplied by {keeping} at every later {item}. "
        "{lag} steps on, {kept} of it is left."
    )
    def what_is_kept(self) -> None:
        self.multiply(self.kept_by, self.unit)


class OfLstm(OfOwnData):
    """An LSTM on any data."""

    kept_by = "f"
    reset = None


class OfGru(OfOwnData):
    """A GRU on any data."""

    kept_by = "z"
    read = None

    @beat(
        "In a GRU the state $h_t$ itself rides on a belt through gates, the green bars. Here unit "
        "{unit} reads “{clue}”."
    )
    def cell(self) -> None:
        self.belt = self.gru_belt = Conveyor(self.unit, self.theme)
        self.play(self.belt.appear())

    @beat(
        "The update gate $z_t$ is a small layer with a sigmoid $sigma$, so its value is between 0 "
        "and 1. It opens to {keep}, and so much of the old value gets past."
    )
    def forget(self) -> None:
        self.equation = equations.gru_equation(self.theme)
        self.play(FadeIn(self.equation, shift=0.15 * DOWN), self.belt.pass_keep())
        self.play(self.equation.light("keep"))

    @beat(
        "A candidate $n_t$ is computed from the same inputs. The rest, $1 - z_t$, lets {write} of "
        "it in, and it is added. Each unit has gates of its own: $dot.o$ means unit by unit."
    )
    def write(self) -> None:
        self.play(self.belt.bring_new(), self.equation.light("write", "new"))
        for step in self.belt.pass_write():
            self.play(step)

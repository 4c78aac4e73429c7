"""Gates that keep and forget: an LSTM and a GRU on a long sentence, beside a plain RNN."""

from collections.abc import Mapping
from typing import ClassVar

from manim import DOWN, FadeIn, LaggedStart
from rnnviz.scenes.gates import equations
from rnnviz.scenes.gates.answers import Answers
from rnnviz.scenes.gates.conveyor import Conveyor
from rnnviz.scenes.gates.followed_unit import GATED, FollowedUnit
from rnnviz.scenes.gates.gradient_lines import GradientLines
from rnnviz.scenes.gates.unit_grid import most_moving
from rnnviz.scenes.gates.unit_moves import UnitMoves
from rnnviz.scenes.gates.word_axis import WordAxis
from rnnviz.scenes.gates.wording import (
    both_units,
    cell_by_cell,
    comparison_note,
    gate_facts,
    keeping_first,
    rates_of,
    shown_part,
)

from rnnviz.cells.gru import Gru
from rnnviz.cells.lstm import Lstm
from rnnviz.experiments.studies import study_of
from rnnviz.scene.beats import beat
from rnnviz.scene.source_line import network_name, network_size
from rnnviz.text.translation import N_
from rnnviz.trace import Trace


class Gates(UnitMoves):
    """One unit rides through the gates; what they keep of a word, and of its gradient."""

    name = "gates"
    title = N_("Gates that keep and forget")
    summary = N_("LSTM and GRU at work on the same task, beside the plain network.")
    task = "sentence"
    experiments: ClassVar = {"study": study_of}
    widest_source = 13.0
    trace: Trace
    variants = (
        "rnnviz.scenes.gates.own_data:OfLstm",
        "rnnviz.scenes.gates.own_data:OfGru",
        "rnnviz.scenes.gates.named_gates:OfNamedGates",
    )

    def setup(self) -> None:
        self.study = self.context.experiments["study"]
        self.gap = self.study.settings.gaps[-1]
        self.runs = {cell: self.study.of(cell, self.gap)[0] for cell in self.study.cells}
        self.shown = {cell: self.runs[cell].trace for cell in GATED}
        if self.trace.metadata.cell in GATED:
            self.shown[self.trace.metadata.cell] = self.trace
        self.followed = FollowedUnit.of_all(self.shown, self.study.clue)
        self.trace, self.gru_trace = (self.shown[cell] for cell in GATED)
        self.words = WordAxis.of(self.gru_trace, self.study.clue, self.theme)
        unit = self.followed[Gru.name].unit
        units = most_moving(self.gru_trace, "z", self.words.window, unit)
        self.units = keeping_first(self.gru_trace, units, self.followed[Gru.name])

    def facts(self) -> Mapping[str, str]:
        return {
            **both_units(self.followed, self.say),
            **gate_facts(self.gru_trace, self.units, self.followed[Gru.name], self.say),
            **cell_by_cell(self.study, self.runs, self.gap),
        }

    def _trace_source(self) -> tuple[str, str]:
        """Return what the source line says of the LSTM, which is not always the given network."""
        if self.trace.metadata.cell == self.context.trace.metadata.cell:
            return super()._trace_source()
        return network_name(self.trace, self.say), network_size(self.trace, self.say)

    @beat(
        "An LSTM, long short-term memory, has a second state, the cell state $c_t$. It rides on a "
        "belt through gates, the green bars. Here unit {unit} reads “{clue}”."
    )
    def cell(self) -> None:
        self.belt = Conveyor(self.followed[Lstm.name], self.theme)
        self.play(self.belt.appear())

    @beat(
        "The forget gate $f_t$: a small layer with a sigmoid $sigma$, so its value is between"
        " 0 and 1. It opens to {keep}, and so much of the old value gets past."
    )
    def forget(self) -> None:
        self.equation = equations.gate_equation(self.theme)
        self.play(FadeIn(self.equation, shift=0.15 * DOWN), self.belt.pass_keep())
        self.play(self.equation.light("keep"))

    @beat(
        "A candidate $g_t$ is computed from the same inputs. The input gate lets {write} of it in, "
        "and it is added. Each unit has gates of its own: $dot.o$ means unit by unit."
    )
    def write(self) -> None:
        self.play(self.turn_into(equations.write_equation(self.theme)), self.belt.bring_new())
        self.play(self.equation.light("write", "new"), run_time=1.5)
        for step in (self.turn_into(equations.lstm_equation(self.theme)), *self.belt.pass_write()):
            self.play(step)
        self.play(self.equation.light("write", "new"))

    @beat(
        "The output gate $q_t$, a third layer with a sigmoid, lets {read} of $tanh(c_t)$ out."
        " {state}"
    )
    def read(self) -> None:
        self.play(self.turn_into(equations.output_equation(self.theme)), self.belt.pass_read())
        self.play(self.equation.light("gate", "h"))

    @beat(
        "A GRU needs no cell. Its update gate $z_t$, a sigmoid again, keeps $z_t$ of the state "
        "and lets $1 - z_t$ of a candidate $n_t$ in. Here unit {gru_unit} keeps {gru_keep}."
    )
    def gru(self) -> None:
        self.gru_belt = Conveyor(self.followed[Gru.name], self.theme)
        self.play(
            self.make_room(keep=[*self.belt.shared(), self.equation]),
            self.belt.become(self.gru_belt),
            self.turn_into(equations.gru_equation(self.theme)),
            self.name_source(shown_part(self.gru_trace, self.words.window, self.say)),
        )
        belt = self.gru_belt
        for step in (belt.bring_box(), belt.pass_keep(), belt.bring_new(), *belt.pass_write()):
            self.play(step)

    @beat(
        "The reset gate $r_t$, a sigmoid layer too, scales the old state inside the candidate: at "
        "0 the candidate ignores the past. Here it is {reset}."
    )
    def reset(self) -> None:
        self.play(self.turn_into(equations.candidate_equation(self.theme)), self.gru_belt.reset())
        self.play(self.equation.light("gate", "new"))

    @beat(
        "The {drawn} update gates that move most, {item} by {item}: 0 lets new in, 1 keeps. {gates}"
    )
    def all_units(self) -> None:
        self.show_units(self.gru_trace, "z", self.followed[Gru.name], self.gru_belt)

    @beat(
        "What {clue} wrote into unit {gru_unit} is multiplied by $z_t$ at every later {item}. "
        "{lag} steps on, {kept} of it is left."
    )
    def what_is_kept(self) -> None:
        self.multiply("z", self.followed[Gru.name])

    @beat(
        "A step back multiplies the gradient by $f_t$ (untrained: {lstm_kept}) or $z_t$ "
        "({gru_kept}), plus paths through the gates ($dots.c$). In all: LSTM ×{lstm_rate}, GRU "
        "×{gru_rate}, RNN ×{rnn_rate}."
    )
    def gradients(self) -> None:
        words = WordAxis.of(self.runs[Lstm.name].trace, self.study.clue, self.theme)
        self.lines = GradientLines(self.runs, words, self.say, self.theme)
        self.play(
            self.make_room(keep=[self.words, self.equation]),
            self.words.turn_into(words),
            self.turn_into(equations.path_equation(self.theme)),
            self.name_source(comparison_note(self.study, self.say)),
        )
        self.play(self.lines.appear())
        self.play(self.equation.light("gated", "other", "plain"))

    @beat(
        "Training brings the GRU's factor to {gru_trained}. Which networks know {clue} after {gap} "
        "{items}? Of {seeds} of each kind: RNN {rnn_learnt}, LSTM {lstm_learnt}, GRU {gru_learnt}."
    )
    def answers(self) -> None:
        rates = rates_of(self.facts(), self.runs, self.say)
        self.answer = Answers(list(self.runs.values()), rates, self.theme)
        titles = [line.title for line in self.lines.lines.values()]
        room = self.make_room(keep=titles)
        self.play(LaggedStart(room, self.answer.take_titles(titles), lag_ratio=0.4))
        self.play(self.answer.appear())

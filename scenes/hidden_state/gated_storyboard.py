"""One step of a cell with gates, in recorded numbers: gate by gate, unit by unit."""

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from manim import DOWN, UP, Animation, FadeIn
from rnnviz.scenes.hidden_state.board import Board
from rnnviz.scenes.hidden_state.gate_numbers import GateNumbers
from rnnviz.scenes.hidden_state.step_numbers import MOST_INPUTS

from rnnviz.mobjects import layout
from rnnviz.mobjects.equation import Equation, step_equation
from rnnviz.mobjects.numbers import MINUS
from rnnviz.mobjects.shown_states import chosen_note
from rnnviz.mobjects.theme import Role
from rnnviz.mobjects.window import Window
from rnnviz.scene.beats import beat
from rnnviz.scene.storyboard import Storyboard
from rnnviz.text.plain_text import Phrase
from rnnviz.text.translation import N_
from rnnviz.trace import Trace

MOST_NEXT_STEPS = 3
_ROLES: Mapping[str, Role] = {
    **dict.fromkeys(("keep", "write", "gate", "open"), "gate"),
    **dict.fromkeys(("now", "old", "new", "c", "h"), "hidden"),
    "x": "input",
    "W": "weight",
}


class GatedStep(Storyboard):
    """What the storyboards of both cells share: the step, its numbers, and the board."""

    name = "hidden-state"
    title = N_("One step, unit by unit")
    summary = N_("The numbers of one step: two products, their sum, and the tanh of it.")
    task = "sentence"
    least_steps: ClassVar[int] = 3

    def setup(self) -> None:
        words = Window.last(self.trace, self.trace.steps).words(self.trace)
        self.numbers = GateNumbers.clearest(self.trace, words, self.say)
        first = self.numbers.step + 1
        self.later = [
            GateNumbers(self.trace, step, words[step], self.say, self.numbers.row)
            for step in range(first, min(first + MOST_NEXT_STEPS, self.trace.steps))
        ]
        self.limit = max(1.0, *(each.reach for each in (self.numbers, *self.later)))
        self.board = Board(self.theme, self.limit)
        self.now = self.numbers

    def notes(self) -> tuple[str, ...]:
        size = self.trace.cell_size
        notes = [self.say("two decimals"), *chosen_note(len(self.numbers.units), size, self.say)]
        if self.trace.input_size > MOST_INPUTS:
            text = self.say("{most} of {count} inputs")
            notes.append(text.format(most=MOST_INPUTS, count=self.trace.input_size))
        return tuple(notes)

    def facts(self) -> Mapping[str, str]:
        numbers = self.numbers
        return {
            "step": str(numbers.step + 1),
            "before": str(numbers.step),
            "next": str(numbers.step + 2),
            "unit": str(numbers.unit),
            **{f"{name}_number": numbers.text(name) for name in numbers.of_units},
            **{f"{name}_factor": _in_brackets(numbers.text(name)) for name in numbers.of_units},
        }

    def begin(self, *line: str) -> None:
        """Show the formula of the whole step, and what comes in."""
        self.equation = step_equation(*self.times(), self.theme, self.trace)
        self.equation.shift(layout.FORMULA_Y * UP)
        self.play(FadeIn(self.equation, shift=0.15 * DOWN))
        self.play(self.equation.light("x", "before"), FadeIn(self.color_scale(self.limit)))
        self.show(line)

    def show(self, line: Sequence[str], *waiting: str) -> None:
        """Turn the board into another line."""
        self.play_all(self.board.show(line, self.numbers.columns, waiting=waiting))

    def write(self, source: str, *lit: str) -> None:
        """Write another formula, with ``T`` for the step and ``S`` for the one before."""
        step, before = self.times()
        text = source.replace("(T)", f"({step})").replace("(S)", f"({before})")
        equation = Equation(text, self.theme, roles=_ROLES).move_to(layout.FORMULA_Y * UP)
        turning, self.equation = self.equation.turn_into(equation), equation
        self.play(turning)
        if lit:
            self.play(equation.light(*lit))

    def times(self) -> tuple[str, str]:
        """Return the step, counted from 1, and the one before."""
        return str(self.now.step + 1), str(self.now.step)

    def go_on(self, numbers: GateNumbers, states: Sequence[str]) -> None:
        """Show another step: its input and the states before it make the new states."""
        last, new = self.now.step, numbers.step
        self.board.rename({state: f"{state}{last}" for state in states})
        now = {f"{name}{last}": self.now.columns[name] for name in states}
        now |= {f"{name}{new}": numbers.columns[name] for name in (*states, "x")}
        title = f'arrow.r.long^"{self.trace.cell.title}"'
        line = (f"x{new}", *[f"{each}{last}" for each in states], title)
        self.now = numbers
        step, before = self.times()
        equation = step_equation(step, before, self.theme, self.trace)
        turning = self.equation.turn_into(equation.move_to(self.equation))
        self.equation = equation
        parts = self.board.show((*line, *[f"{each}{new}" for each in states]), now)
        self.play(next(parts), turning)
        self.play_all(parts)

    def play_all(self, parts: Iterator[Animation]) -> None:
        """Play animations in turn, making each one after the one before has been played."""
        for part in parts:
            self.play(part)


def _in_brackets(text: str) -> str:
    """Return a number as a second factor, in brackets if it is negative."""
    return f"({text})" if text.startswith(MINUS) else text


class LstmStep(GatedStep):
    """An LSTM: forget, write, and show a part of the cell state."""

    @classmethod
    def plays(cls, trace: Trace) -> bool:
        return not trace.is_custom and trace.c is not None

    def facts(self) -> Mapping[str, str]:
        step = self.numbers.step + 1
        text = self.say("that is the new state $h_({step})$")
        if self.numbers.is_projected:
            text = self.say("a projection of it is the new state $h_({step})$")
        return {**super().facts(), "let_out": Phrase(text.format(step=step))}

    @beat(
        "At step {step} three things meet: the new {item} $x_{step}$ and, from the step before, "
        "the state $h_{before}$ and the cell state $c_{before}$."
    )
    def three_meet(self) -> None:
        self.begin("x", "h_before", "c_before")

    @beat(
        "The forget gate first adds up, as a plain RNN does. Unit {unit}: {from_input_number} from "
        "the {item}, {from_state_number} from $h_{before}$, {b_number} from the bias; in all "
        "{sum_number}."
    )
    def forget_sum(self) -> None:
        self.write("f_(T) = sigma({{ U_f x_(T) : x }} + {{ W_f h_(S) : old }} + {{ b_f : W }})")
        line = ("from_input", "+", "from_state", "+", "b", "=", "sum")
        self.show(line, "c_before")

    @beat(
        "The sigmoid $sigma$ squeezes each sum to between 0 and 1: the share of its cell state "
        "that a unit keeps. Unit {unit} keeps {f_number} of it."
    )
    def forget_gate(self) -> None:
        self.play(self.equation.plain())
        self.show(("sum", "arrow.r.long^sigma", "f"), "c_before")

    @beat(
        "Three more are computed alike, each with rows of its own in $U$, $W$ and $b$: what may "
        "enter, $i_{step}$; a candidate by tanh, $g_{step}$; and what is let out, $q_{step}$."
    )
    def other_gates(self) -> None:
        self.write(
            "{{ i_(T)\\, q_(T) : gate }} = sigma(dots.c) quad quad {{ g_(T) : new }} = tanh(dots.c)"
        )
        self.show(("f", "i", "g", "q"), "c_before")

    @beat(
        "Forget: each unit multiplies its cell state by its forget gate. "
        "Unit {unit}: {f_number} × {c_before_factor} = {kept_number}."
    )
    def forget(self) -> None:
        self.write(_CELL, "keep", "old")
        self.show(("f", "dot.o", "c_before", "=", "kept"), "i", "g", "q")

    @beat(
        "Write: of the candidate, as much enters as the input gate lets in. "
        "Unit {unit}: {i_number} × {g_factor} = {new_number}."
    )
    def write_new(self) -> None:
        self.play(self.equation.light("write", "new"))
        self.show(("i", "dot.o", "g", "=", "new"), "kept", "q")

    @beat(
        "What was kept and what was added make the new cell state $c_{step}$. "
        "Unit {unit}: {kept_number} and {new_number} make {c_number}."
    )
    def both_parts(self) -> None:
        self.play(self.equation.light("now"))
        self.show(("kept", "+", "new", "=", "c"), "q")

    @beat(
        "The output gate lets out a part of tanh $c_{step}$: {let_out}. "
        "Unit {unit}: {q_number} × {tanh_c_factor} = {out_number}."
    )
    def let_out(self) -> None:
        made = "out" if self.numbers.is_projected else "h"
        self.write(_PROJECTED if self.numbers.is_projected else _OUTPUT, "gate", "c")
        self.show(("c", "arrow.r.long^tanh", "tanh_c"), "q")
        self.show(("q", "dot.o", "tanh_c", "=", made), "c")

    @beat(
        "Both go on to step {next}: $h_{step}$ enters all gates, $c_{step}$ is kept or forgotten, "
        "unit by unit. The weights are the same."
    )
    def next_step(self) -> None:
        self.show(("h", "c"))
        self.go_on(self.later[0], ("h", "c"))

    @beat("And so on. From step to step $x_t$, $h_t$ and $c_t$ change, the weights never do.")
    def so_on(self) -> None:
        for numbers in self.later[1:]:
            self.go_on(numbers, ("h", "c"))


class GruStep(GatedStep):
    """A GRU: reset, a candidate, and a mixture of the old state and the candidate."""

    @classmethod
    def plays(cls, trace: Trace) -> bool:
        return not trace.is_custom and trace.cell.gated and trace.c is None

    @beat(
        "At step {step} two things meet: the new {item}, $x_{step}$, and the previous state, "
        "$h_{before}$."
    )
    def two_meet(self) -> None:
        self.begin("x", "h_before")

    @beat(
        "The update gate first adds up, as a plain RNN does. Unit {unit}: {from_input_number} from "
        "the {item}, {from_state_number} from $h_{before}$, {b_number} from the bias; in all "
        "{sum_number}."
    )
    def update_sum(self) -> None:
        self.write("z_(T) = sigma({{ U_z x_(T) : x }} + {{ W_z h_(S) : old }} + {{ b_z : W }})")
        self.show(("from_input", "+", "from_state", "+", "b", "=", "sum"), "h_before")

    @beat(
        "The sigmoid $sigma$ squeezes each sum to between 0 and 1: the share of its state that a "
        "unit keeps. Unit {unit} keeps {z_number} of it."
    )
    def update_gate(self) -> None:
        self.play(self.equation.plain())
        self.show(("sum", "arrow.r.long^sigma", "z"), "h_before")

    @beat(
        "The reset gate $r_{step}$ is computed alike. It says how much of what the state gives "
        "enters the candidate. Unit {unit}: {r_number} × {of_state_factor} = {reset_number}."
    )
    def reset(self) -> None:
        self.write(_CANDIDATE, "gate", "old")
        self.show(("r", "dot.o", "of_state", "=", "reset"), "z", "h_before")

    @beat(
        "With what the {item} gives, that makes the candidate $n_{step}$, by tanh between −1 and "
        "1. Unit {unit}: {of_input_number} and {reset_number} make {total_number}; tanh: "
        "{n_number}."
    )
    def candidate(self) -> None:
        self.play(self.equation.light("x", "gate", "old"))
        line = ("of_input", "+", "reset", "=", "total", "arrow.r.long^tanh", "n")
        self.show(line, "z", "h_before")

    @beat(
        "Keep: each unit multiplies its state by the update gate. "
        "Unit {unit}: {z_number} × {h_before_factor} = {kept_number}."
    )
    def keep(self) -> None:
        self.write(_STATE, "keep", "old")
        self.show(("z", "dot.o", "h_before", "=", "kept"), "n")

    @beat(
        "Add: the candidate fills the rest, $1 - z_{step}$. "
        "Unit {unit}: {rest_number} × {n_factor} = {new_number}."
    )
    def fill(self) -> None:
        self.play(self.equation.light("write", "new"))
        self.show(("rest", "dot.o", "n", "=", "new"), "kept")

    @beat(
        "What was kept and what was added make the new state $h_{step}$. "
        "Unit {unit}: {kept_number} and {new_number} make {h_number}."
    )
    def both_parts(self) -> None:
        self.play(self.equation.light("now"))
        self.show(("kept", "+", "new", "=", "h"))

    @beat("$h_{step}$ goes on to step {next}, where the same weights make the next state of it.")
    def next_step(self) -> None:
        self.show(("h",))
        self.go_on(self.later[0], ("h",))

    @beat("And so on. From step to step $x_t$ and $h_(t-1)$ change, the weights never do.")
    def so_on(self) -> None:
        for numbers in self.later[1:]:
            self.go_on(numbers, ("h",))


_CELL = (
    "{{ c_(T) : now }} = {{ f_(T) : keep }} dot.o {{ c_(S) : old }} + "
    "{{ i_(T) : write }} dot.o {{ g_(T) : new }}"
)
_OUTPUT = "{{ h_(T) : now }} = {{ q_(T) : gate }} dot.o tanh {{ c_(T) : c }}"
_PROJECTED = '{{ h_(T) : now }} = W_"hr" ({{ q_(T) : gate }} dot.o tanh {{ c_(T) : c }})'
_CANDIDATE = (
    "n_(T) = tanh({{ U_n x_(T) + b_n : x }} + {{ r_(T) : gate }} dot.o "
    "({{ W_n h_(S) + b'_n : old }}))"
)
_STATE = (
    "{{ h_(T) : now }} = {{ z_(T) : keep }} dot.o {{ h_(S) : old }} + "
    "{{ (1 - z_(T)) : write }} dot.o {{ n_(T) : new }}"
)

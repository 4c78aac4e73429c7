"""One step of a recurrent layer in numbers: two products, their sum, and its tanh."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

from manim import DOWN, UP, Animation, FadeIn
from rnnviz.scenes.hidden_state.one_step import OneStep
from rnnviz.scenes.hidden_state.step_numbers import (
    MOST_INPUTS,
    StepNumbers,
    balanced_step,
    drawn_limit,
)
from rnnviz.scenes.hidden_state.step_picture import StepPicture

from rnnviz.mobjects import layout
from rnnviz.mobjects.equation import Equation, step_equation
from rnnviz.mobjects.numbers import decimals
from rnnviz.mobjects.shown_states import chosen_note
from rnnviz.mobjects.window import Window
from rnnviz.scene.beats import beat
from rnnviz.scene.storyboard import Storyboard
from rnnviz.text.plain_text import Phrase
from rnnviz.text.translation import N_

MOST_NEXT_STEPS = 4


class HiddenState(Storyboard):
    """A step unit by unit, at the step where the input and the state both matter."""

    name = "hidden-state"
    title = N_("One step, unit by unit")
    summary = N_("The numbers of one step: two products, their sum, and the tanh of it.")
    task = "sentence"
    needs = ("weights",)
    least_steps: ClassVar[int] = 3
    variants = (
        "rnnviz.scenes.hidden_state.gated_storyboard:LstmStep",
        "rnnviz.scenes.hidden_state.gated_storyboard:GruStep",
        "rnnviz.scenes.hidden_state.relu_step:ReluStep",
    )

    def setup(self) -> None:
        first = balanced_step(self.trace)
        steps = range(first, min(first + 1 + MOST_NEXT_STEPS, self.trace.steps))
        self.numbers, *self.later = (StepNumbers.of(self.trace, step) for step in steps)
        self.limit = drawn_limit(self.numbers, self.later)
        words = Window.last(self.trace, self.trace.steps).words(self.trace)
        self.word, *self.next_words = (words[step] for step in steps)

    def notes(self) -> tuple[str, ...]:
        units = len(self.numbers.units), self.trace.hidden_size
        notes = [self.say("two decimals"), *chosen_note(*units, self.say)]
        if self.trace.input_size > MOST_INPUTS:
            text = self.say("{most} of {count} inputs")
            notes.append(text.format(most=MOST_INPUTS, count=self.trace.input_size))
        return tuple(notes)

    def facts(self) -> Mapping[str, str]:
        numbers, unit = self.numbers, self.numbers.unit
        largest = numbers.farthest
        return {
            "step": str(numbers.step + 1),
            "before": str(numbers.step),
            "next": str(numbers.step + 2),
            "word": self.word,
            "unit": numbers.unit_name,
            "from_input": decimals(numbers.from_input[unit]),
            "from_state": decimals(numbers.from_state[unit]),
            "bias": decimals(numbers.b[unit]),
            "sum": decimals(numbers.sum[unit]),
            "largest": decimals(numbers.sum[largest]),
            "squashed": decimals(numbers.state[largest]),
            "picked": self.how_u_acts(),
        }

    @beat(
        "At step {step} two things meet: the new {item}, $x_{step}$, and the previous state, "
        "$h_{before}$."
    )
    def two_meet(self) -> None:
        self.equation = self.equation_of(self.numbers.step)
        self.equation.shift(layout.FORMULA_Y * UP)
        self.step = OneStep(self.trace, self.numbers, self.word, self.theme, self.say, self.limit)
        self.scale = self.color_scale(self.limit)
        self.play(FadeIn(self.equation, shift=0.15 * DOWN))
        self.play(self.equation.light("x", "before"), FadeIn(self.scale))
        self.play(self.step.enter())

    @beat("First product, $U x_{step}$. {picked}")
    def input_product(self) -> None:
        self.play(self.equation.light("U", "x"))
        self.play_all(self.step.multiply_input())

    @beat(
        "Second product, $W h_{before}$, first for one unit: multiply row {unit} of $W$ by the "
        "state, number by number, and add up."
    )
    def one_unit(self) -> None:
        self.play(self.equation.light("W", "before"))
        self.play_all(self.step.spell_out())

    @beat("Every unit does the same with its own row. Together, that is $W h_{before}$.")
    def all_units(self) -> None:
        self.play_all(self.step.multiply_state())

    @beat(
        "Now add. Unit {unit} gets {from_input} from the {item} and {from_state} from memory; with "
        "the bias {bias}, that makes {sum}."
    )
    def add_up(self) -> None:
        self.play(self.equation.light("U", "x", "W", "before", "b"))
        self.play_all(self.step.add_up())

    @beat(
        "Then tanh squashes each sum into the range from −1 to 1. The one farthest from 0, "
        "{largest}, becomes {squashed}."
    )
    def squash(self) -> None:
        self.play(self.equation.light("now"))
        self.play_all(self.step.squash())

    @beat(
        "This is the whole step on one line: the {item} and the previous state, the weights and "
        "the bias, and the new state."
    )
    def whole_step(self) -> None:
        function = self.trace.metadata.nonlinearity
        self.picture = StepPicture(
            self.numbers, self.word, self.theme, limit=self.limit, function=function
        )
        self.play(self.equation.plain())
        self.play_all(self.step.become(self.picture))

    @beat(
        "Step {next}: the same $U$, $W$ and $b$. Only the {item} is new, and $h_{step}$ is now the "
        "previous state."
    )
    def next_step(self) -> None:
        self.go_on(0, pace=4.4)

    @beat("And so on. From step to step $x_t$ and $h_(t-1)$ change, the weights never do.")
    def so_on(self) -> None:
        for index in range(1, len(self.later)):
            self.go_on(index, pace=3.0)

    def play_all(self, parts: Iterator[Animation]) -> None:
        """Play animations in turn, making each one after the one before has been played."""
        for part in parts:
            self.play(part)

    def go_on(self, index: int, pace: float) -> None:
        """Turn the picture and formula of one step into those of the next."""
        numbers, word = self.later[index], self.next_words[index]
        equation = self.equation_of(numbers.step).move_to(self.equation)
        parts = self.picture.go_on(numbers, word, pace)
        self.play(next(parts), self.equation.turn_into(equation))
        self.play_all(parts)
        self.equation = equation

    def equation_of(self, step: int) -> Equation:
        """Return the formula of a step (0-based)."""
        return step_equation(str(step + 1), str(step), self.theme, self.trace)

    def how_u_acts(self) -> str:
        """Say what U does to this input."""
        if self.numbers.picked is not None:
            return Phrase(
                self.say("One entry of $x$ is 1, all others are 0: it picks one column of $U$.")
            )
        return Phrase(self.say("Each unit has its own row of $U$ for the numbers that come in."))

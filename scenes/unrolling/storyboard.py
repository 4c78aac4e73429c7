"""One recurrent layer with its loop, then unrolled over the steps of a sentence."""

from collections.abc import Mapping

from manim import DOWN, UP, FadeIn, FadeOut

from rnnviz.mobjects import layout
from rnnviz.mobjects.chain import StateChain
from rnnviz.mobjects.equation import output_equation, step_equation
from rnnviz.mobjects.network import FoldedNetwork
from rnnviz.mobjects.prediction import Prediction
from rnnviz.mobjects.strip import MOST_CELLS
from rnnviz.mobjects.window import Window, units_note
from rnnviz.scene.beats import beat
from rnnviz.scene.storyboard import Storyboard
from rnnviz.text.translation import N_

MOST_STEPS = 10


class Unrolling(Storyboard):
    """The loop becomes a chain of T steps; words enter one by one; each state is passed on."""

    name = "unrolling"
    title = N_("One layer, used at every step")
    summary = N_("The loop opens into a chain of steps; words enter, states are passed on.")
    task = "sentence"
    needs = ("plain-rnn",)

    def setup(self) -> None:
        self.window = Window.last(self.trace, MOST_STEPS)

    def notes(self) -> tuple[str, ...]:
        return (*self.window.note(self.say), *units_note(self.trace, MOST_CELLS, self.say))

    def facts(self) -> Mapping[str, str]:
        first = self.window.steps[0]
        return {
            "steps": str(self.trace.steps),
            "units": str(self.trace.hidden_size),
            "first": str(first),
            "second": str(first + 1),
            "last": str(self.window.steps[-1]),
        }

    @beat("A recurrent network has one hidden layer and a loop: its state comes back to it.")
    def loop(self) -> None:
        self.folded = FoldedNetwork(self.theme).shift(layout.FOLDED_Y * UP)
        self.equation = step_equation("t", "t-1", self.theme).shift(layout.FORMULA_Y * UP)
        self.play(self.folded.appear())
        self.play(FadeIn(self.equation, shift=0.15 * DOWN))
        self.play(self.equation.light("W", "before"))
        self.play(self.folded.pulse())

    @beat("Draw it once for each of {steps} steps, and the loop becomes a chain.")
    def unroll(self) -> None:
        self.chain = StateChain.of(self.trace, self.window, self.theme)
        self.chain.shift(layout.CHAIN_Y * UP).subdue()
        self.play(self.folded.give_way(), self.equation.plain())
        self.play(self.chain.unfold_from(self.folded.cell))
        self.play(self.chain.connect())

    @beat(
        "This is one layer of {units} units used {steps} times, not {steps} hidden units: "
        "each step has the same $U$ and the same $W$."
    )
    def same_layer(self) -> None:
        self.marks = self.chain.matrix_marks()
        self.play(self.equation.light("U", "W"))
        self.play(self.chain.share(self.equation, self.marks))

    @beat("The first {item} enters. The layer's {units} numbers are now its state $h_{first}$.")
    def first_word(self) -> None:
        self.scale = self.color_scale(limit=1.0)
        self.play(FadeOut(self.marks), FadeIn(self.scale), self.equation.plain())
        self.advance(0, pace=2.6)

    @beat(
        "Then this state is passed on. It meets the next {item} in the same layer, "
        "and becomes $h_{second}$."
    )
    def pass_on(self) -> None:
        self.advance(1, pace=3.2)
        self.play(self.equation.light("W", "before"))

    @beat(
        "So it goes on to the end. Each state depends on its {item} and on all {items} before it."
    )
    def whole_sequence(self) -> None:
        self.play(self.equation.plain())
        for index in range(2, len(self.window.steps)):
            self.advance(index, pace=1.5)
        self.play(self.chain.finish())

    @beat("What the network says after step {last} comes from $h_{last}$ alone.")
    def prediction(self) -> None:
        self.output = Prediction(self.trace, self.chain, self.theme, self.say)
        equation = output_equation(self.window.steps[-1], self.trace, self.theme)
        equation.move_to(layout.ASIDE)
        self.play(self.equation.turn_into(equation))
        self.play(self.output.grow())

    def advance(self, index: int, pace: float) -> None:
        """Show one step of the network, with its formula."""
        step = str(self.window.steps[index])
        before = str(self.window.steps[index] - 1)
        equation = step_equation(step, before, self.theme).move_to(self.equation)
        self.play(self.equation.turn_into(equation), self.chain.read(index, run_time=pace))
        self.equation = equation

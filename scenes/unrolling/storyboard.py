"""One recurrent layer with its loop, then unrolled over the steps of a sentence."""

from collections.abc import Iterable, Mapping

from manim import DOWN, UP, Animation, FadeIn, FadeOut, LaggedStart
from rnnviz.scenes.unrolling.answer import Answer
from rnnviz.scenes.unrolling.symbols import symbols_of_a_step
from rnnviz.scenes.unrolling.unrolled_chain import UnrolledChain
from rnnviz.scenes.unrolling.wording import (
    facts_of_states,
    how_it_is_read,
    how_it_starts,
    reads_one_state,
    what_is_read,
    what_layer_it_is,
    what_the_layer_reads,
    where_it_is_read,
)

from rnnviz.mobjects import layout
from rnnviz.mobjects.equation import output_equation, step_equation
from rnnviz.mobjects.network import FoldedNetwork
from rnnviz.mobjects.shown_states import ShownStates
from rnnviz.mobjects.window import Window
from rnnviz.scene.beats import beat
from rnnviz.scene.storyboard import Storyboard
from rnnviz.text.translation import N_

MOST_STEPS = 10


class Unrolling(Storyboard):
    """The loop is cut and drawn out into T steps; words enter one by one; states are passed on."""

    name = "unrolling"
    title = N_("One layer, used at every step")
    summary = N_("The loop opens into a chain of steps; words enter, states are passed on.")
    task = "sentence"
    variants = ("rnnviz.scenes.unrolling.without_output:WithoutOutput",)

    def setup(self) -> None:
        self.window = Window.last(self.trace, MOST_STEPS)
        self.shown = ShownStates(self.trace, self.window)

    def notes(self) -> tuple[str, ...]:
        return (*self.window.note(self.say), *self.shown.note(self.say))

    def facts(self) -> Mapping[str, str]:
        first, last = self.window.steps[0], self.window.steps[-1]
        whole = self.context.trace
        return {
            "steps": str(self.trace.steps),
            "layer": what_layer_it_is(whole, self.say),
            "start": how_it_starts(self.trace, self.shown, first, self.say),
            "read": where_it_is_read(whole, self.shown, self.say),
            "reading": how_it_is_read(self.trace, self.say),
            "result": what_is_read(self.trace, last, self.say),
            **facts_of_states(self.shown, first, self.say),
        }

    @beat("{layer}: at every step, its state {state} comes back for the next.")
    def loop(self) -> None:
        self.folded = FoldedNetwork(self.theme, self.trace).shift(layout.FOLDED_Y * UP)
        self.equation = step_equation("t", "t-1", self.theme, self.trace)
        self.equation.shift(layout.FORMULA_Y * UP)
        read = what_the_layer_reads(self.context.trace, self.say)
        self.names = self.folded.names(self.say, read=read)
        self.symbols = symbols_of_a_step(self.trace, self.theme, self.say)
        self.play(self.folded.appear())
        self.play(LaggedStart(*map(FadeIn, self.names), lag_ratio=0.3))
        self.play(FadeIn(self.equation, shift=0.15 * DOWN), FadeIn(self.symbols))
        self.play(self.equation.light("W", "before"))
        self.play(self.folded.pulse())

    @beat("Cut the loop, and draw the layer once for each of the {steps} steps: a chain.")
    def unroll(self) -> None:
        self.chain = UnrolledChain(self.trace, self.window, self.theme)
        self.chain.shift(layout.CHAIN_Y * UP)
        told = FadeOut(self.names, self.symbols, run_time=0.5)
        self.play(told, self.chain.cut(self.folded), self.equation.plain())
        self.play(self.chain.pull_out())

    @beat("Not {steps} layers: one layer, used {steps} times, always with the same {same}.")
    def same_layer(self) -> None:
        self.play(self.equation.light("U", "W"))
        self.play_all(self.chain.name_weights(self.chain.into, self.chain.over[1:]))

    @beat("Where does it begin? {start}")
    def start(self) -> None:
        self.scale = self.color_scale(limit=1.0)
        self.play(self.write(0), self.chain.begin(), FadeIn(self.scale))
        self.play(self.equation.light("before"))

    @beat("The first {item} enters, and the layer computes its state {first}: {cells}.")
    def first_word(self) -> None:
        self.play(self.equation.plain())
        self.play_all(self.chain.read(0, run_time=3.2))
        self.play(self.equation.light("now"))

    @beat("The state is passed on. The same layer combines it with the next {item} into {second}.")
    def pass_on(self) -> None:
        self.advance(1, pace=3.6)
        self.play(self.equation.light("W", "before"))

    @beat("And so on to the end: each state depends on its {item} and on all {items} before it.")
    def whole_sequence(self) -> None:
        for index in range(2, len(self.window.steps)):
            self.advance(index, pace=1.7)
        self.play(self.chain.finish())

    @beat("{read} {reading} {result}")
    def prediction(self) -> None:
        alone = reads_one_state(self.context.trace)
        equation = output_equation(self.window.steps[-1], self.trace, self.theme, alone=alone)
        equation.move_to(self.equation)
        self.play(self.chain.move_aside(), self.equation.turn_into(equation))
        self.output = Answer(self.trace, self.chain, self.theme, self.say)
        self.play(self.output.grow())
        self.play(equation.light("y", "V", "h", "c"))

    def write(self, index: int) -> Animation:
        """Write the formula of one of the steps shown."""
        step = self.window.steps[index]
        equation = step_equation(str(step), str(step - 1), self.theme, self.trace)
        equation.move_to(self.equation)
        turning, self.equation = self.equation.turn_into(equation), equation
        return turning

    def advance(self, index: int, pace: float) -> None:
        """Show one step of the network, with its formula."""
        parts = self.chain.read(index, run_time=pace)
        self.play(self.write(index), next(parts))
        self.play_all(parts)

    def play_all(self, parts: Iterable[Animation]) -> None:
        """Play animations in turn, making each one after the one before has been played."""
        for part in parts:
            self.play(part)

"""The storyboard for any cell: one loss followed back by the recorded Jacobian of each step."""

from collections.abc import Iterable, Mapping

import numpy as np
from manim import DOWN, FadeIn
from rnnviz.scenes.backpropagation import equations, factors, frames
from rnnviz.scenes.backpropagation.chain_states import CellRule, ChainStates
from rnnviz.scenes.backpropagation.frames import Frame
from rnnviz.scenes.backpropagation.loss_chain import LossChain
from rnnviz.scenes.backpropagation.moves import ChainMoves
from rnnviz.scenes.backpropagation.term_sum import TermSum

from rnnviz import measure
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.shown_states import chosen_note, state_symbols
from rnnviz.mobjects.window import Window
from rnnviz.mobjects.wording import after_training
from rnnviz.scene.beats import beat
from rnnviz.scene.needs import NEEDS
from rnnviz.text.notation import gate_source
from rnnviz.text.plain_text import Phrase
from rnnviz.text.translation import N_
from rnnviz.trace import Trace

MOST_STEPS = 8


class AnyCell(ChainMoves):
    """One loss of a cell with gates, or of a network that cannot be run again."""

    name = "backpropagation"
    title = N_("Back through time, path by path")
    summary = N_("The chain rule for one loss in recorded numbers, up to autograd's result.")
    needs = ("one-loss",)

    @classmethod
    def plays(cls, trace: Trace) -> bool:
        """Whether the scene's own storyboard, of a tanh RNN that is run again, does not fit."""
        fits = (NEEDS[need](trace) is None for need in ("run-again", "outputs"))
        return not (trace.cell.is_textbook and all(fits))

    def setup(self) -> None:
        self.window = Window.before_last_loss(self.trace, MOST_STEPS)
        self.alone = self.trace
        self.last, self.first = self.window.steps[-1], self.window.steps[0]
        self.rule = CellRule.of(self.trace, self.last - 1)
        self.states = ChainStates.of_cell(self.trace)
        self.symbol = self.states.symbol
        self.prepare_notes()

    def facts(self) -> Mapping[str, str]:
        sizes = np.linalg.norm(self.rule.at_states, axis=-1)
        gate = ""
        if self.rule.gate is not None:
            told = self.say(" Shown are the rows of gate ${gate}$.")
            gate = Phrase(told.format(gate=f"{gate_source(self.rule.gate)}_t"))
        return {
            "state": self.symbol,
            "last": str(self.last),
            "before": str(self.last - 1),
            "first": str(self.first),
            "gate": gate,
            "apart": number(self.rule.apart),
            "when": self.say("After training") if self.trace.metadata.epochs else self.say("Here"),
            "reach": number(float(sizes[self.first - 1] / (sizes[self.last - 1] or 1.0))),
        }

    def notes(self) -> tuple[str, ...]:
        size, shown = self.rule.at_states.shape[-1], len(self.states.few)
        part = chosen_note(len(self.states.units), size, self.say)
        if not part and shown < size:
            part = (self.say("{shown} of {count} units in products"),)
        return (
            *after_training(self.trace, self.say),
            *self.window.note(self.say),
            *(text.format(shown=shown, count=size) for text in part),
        )

    def chain_of(self, steps: Iterable[int], frame: Frame) -> LossChain:
        """Return a chain of some steps in a place."""
        return LossChain(self.trace, tuple(steps), frame, self.theme, self.states)

    @beat("One loss, $L_({last})$, after {item} {last}. How does it change with the states before?")
    def one_loss(self) -> None:
        self.chain = self.chain_of(self.window.steps, frames.WHOLE)
        self.equation = self.loss_formula()
        self.play(self.chain.appear())
        self.play(FadeIn(self.equation, shift=0.15 * DOWN))
        if self.symbol == "s":
            names = tuple(measure.states_by_name(self.trace))
            told = self.say("$s_t$: the whole state of a step, ${states}$")
            self.play(self.explain(told.format(states=state_symbols(names, "t"))))

    @beat(
        "The loss is made from ${state}_({last})$, and each state from the one before: the "
        "gradient goes back along the same way."
    )
    def one_path(self) -> None:
        equation = equations.jacobian_equation(self.symbol, self.last, self.last, self.theme)
        steps = range(max(self.first, self.last - 2), self.last + 1)
        self.move_chain(steps, frames.NEAR, equation)
        self.flow = self.chain.flow_to_first(self.rule)
        width = self.say_width(self.say("width: size of the gradient"))
        self.play(self.flow.flow(2.0), equation.light("at", "left"), width)

    @beat(
        "The Jacobian of step {last} says how each number of ${state}_({last})$ changes with each "
        "of ${state}_({before})$. Transposed, it takes the gradient one step back."
    )
    def one_step_back(self) -> None:
        equation = equations.jacobian_equation(self.symbol, self.last, self.last, self.theme)
        self.move_chain(self.chain.numbers, frames.TOP, equation, self.flow)
        self.play(self.say_colors(), self.chain.show_gradient(self.last, self.rule))
        self.form(self.product_of(self.last), {2: self.chain.gradients[self.last]})
        self.play(self.chain.receive(self.last - 1, self.product, self.rule))

    @beat("Another step back, another Jacobian. Along the way, the Jacobians are multiplied.")
    def another_step(self) -> None:
        step = max(self.chain.numbers[0] + 1, self.last - 1)
        equation = equations.jacobian_equation(self.symbol, self.last, step, self.theme)
        sources = {2: self.chain.gradients[step]}
        self.show_product(self.product_of(step), equation, sources)
        self.play(self.chain.receive(step - 1, self.product, self.rule))

    @beat(
        "And so on: one Jacobian for each step. {when}, the gradient is {reach} times as large at "
        "${state}_({first})$ as at ${state}_({last})$."
    )
    def way_back(self) -> None:
        equation = equations.jacobians_equation(self.symbol, self.last, self.theme)
        self.move_chain(self.window.steps, frames.MIDDLE, equation, self.product)
        self.flow = self.chain.flow_to_first(self.rule)
        apart = self.say("product of the Jacobians and recorded gradient: at most {apart} apart")
        width = self.say_width(self.say("width: size of the gradient"))
        self.play(equation.light("factors"), self.flow.flow(run_time=2.0), width)
        self.play(self.chain.fill_gradients(self.rule), self.explain(apart.format(**self.facts())))

    @beat(
        "At each step, the gradient enters the weights, too: one term for each use of $W$. The "
        "terms add up.{gate}"
    )
    def all_paths(self) -> None:
        equation = equations.uses_equation(self.last, self.theme)
        self.move_chain(self.chain.numbers, frames.END, equation, self.flow)
        drops, cards = self.chain.all_terms(self.rule)
        width = self.say_width(self.say("width: size of the term"))
        coming = drops.flow(1.2, lag_ratio=0.3), FadeIn(cards, lag_ratio=0.3, run_time=1.2)
        self.play(*coming, width)
        self.add_up(self.sum_of_terms())
        if len(self.sums.other):
            self.play(self.sums.compare())

    def product_of(self, step: int) -> factors.Product:
        """Return the product that leads from a step to the one before it."""
        units = self.states.few
        return factors.jacobian_back(self.rule, self.symbol, units, self.last, step, self.theme)

    def sum_of_terms(self) -> TermSum:
        """Return the sum of the terms shown, beside the recorded gradient if it is the same."""
        terms = self.rule.terms_w[self.first : self.last][::-1]
        rest = self.rule.terms_w[: self.first]
        if rest.any():
            return TermSum(terms, self.last, self.theme, begin=self.first + 1, low=True)
        alone = len(self.trace.loss_steps) == self.trace.batch == 1
        if not alone or not self.trace.gradients:
            return TermSum(terms, self.last, self.theme, low=True)
        recorded = self.trace.gradients[self.trace.parameter_name("weight_hh")]
        other = recorded[self.rule.rows[:, None], self.rule.columns]
        apart = number(float(np.abs(terms.sum(axis=0) - other).max()))
        return TermSum(terms, self.last, self.theme, self.names_of_sums(apart), other)


class CustomCell(AnyCell):
    """One loss of a cell that is the user's own code, whose weights are not known by their use."""

    all_paths = None  # type: ignore[assignment]

    @classmethod
    def plays(cls, trace: Trace) -> bool:
        return trace.is_custom

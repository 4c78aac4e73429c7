"""What the scene shows of every output layer: a state times V, plus c."""

from collections.abc import Mapping
from typing import Any

from manim import DOWN, UP, FadeIn
from rnnviz.scenes.output.linear_output import LinearOutput
from rnnviz.scenes.output.score_sum import ScoreSum

from rnnviz import measure
from rnnviz.mobjects import layout
from rnnviz.mobjects.equation import Equation
from rnnviz.mobjects.shown_states import chosen_note, state_symbols
from rnnviz.mobjects.theme import Role
from rnnviz.scene.storyboard import Storyboard
from rnnviz.text.plain_text import Phrase

ROLES: Mapping[str, Role] = {
    **dict.fromkeys(("o", "powers", "total"), "output"),
    **dict.fromkeys(("target", "error", "mean"), "text"),
}


class Linear(Storyboard):
    """The output layer at the step that is explained."""

    numbers: Any
    sum: ScoreSum
    equation: Equation

    def notes(self) -> tuple[str, ...]:
        numbers: LinearOutput = self.numbers
        notes = chosen_note(len(numbers.h), numbers.units, self.say)
        if self.trace.output_size > len(numbers.shown):
            text = self.say("{most} of {count} outputs")
            return (*notes, text.format(most=len(numbers.shown), count=self.trace.output_size))
        return notes

    def layer_notes(self) -> tuple[str, ...]:
        """Return which layer is shown; an output is made of both directions."""
        return super().layer_notes()[: int(self.context.trace.layers > 1)]

    def state_read(self) -> str:
        """Return what the output layer reads, in words."""
        text = self.say("the state after step {step}")
        if len(measure.states_by_name(self.trace)) > 1 and self.trace.is_custom:
            names = state_symbols(self.numbers.states, self.numbers.step + 1)
            return Phrase(f"${names}$")
        if self.context.trace.directions > 1:
            text = self.say("the states of both directions at step {step}")
            if len(self.trace.targets) < self.trace.steps:
                text = self.say("the last states of both directions")
        return text.format(step=self.numbers.step + 1)

    def multiply_by_v(self, symbol: str, kind: str) -> None:
        """Compute the output from the state, row by row."""
        self.sum = ScoreSum(self.numbers, self.theme, symbol=symbol, kind=kind)
        state = state_symbols(self.numbers.states, self.numbers.step + 1)
        self.equation = self.formula(
            f"{{{{ {symbol}_(%d) : o }}}} = {{{{ V : V }}}} {{{{ {state} : h }}}} + {{{{ c : c }}}}"
        )
        self.play(FadeIn(self.equation, shift=0.15 * DOWN), self.sum.begin())
        self.play(self.equation.light("V", "h", "c"), self.sum.multiply())
        self.play(self.equation.light("o"), self.sum.add_up())

    def formula(self, source: str, *numbers: str) -> Equation:
        """Return a formula in which ``%d`` is the step that is explained, ``%s`` a number."""
        step = self.numbers.step + 1
        equation = Equation(source.replace("%d", str(step)) % numbers, self.theme, roles=ROLES)
        return equation.shift(layout.FORMULA_Y * UP)

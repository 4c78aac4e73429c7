"""The storyboard for an output of values: its error, half the square of it, and their slope."""

from collections.abc import Mapping

from manim import FadeIn
from rnnviz.scenes.output.error_curve import ErrorCurve
from rnnviz.scenes.output.error_table import ErrorTable
from rnnviz.scenes.output.linear import Linear
from rnnviz.scenes.output.output_numbers import step_to_explain
from rnnviz.scenes.output.value_numbers import ValueNumbers

from rnnviz.mobjects.equation import Equation
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.wording import in_a_caption
from rnnviz.scene.beats import beat
from rnnviz.text.plain_text import Phrase
from rnnviz.text.translation import N_
from rnnviz.trace import VALUES, Trace


class OutputOfValues(Linear):
    """A linear output and its squared loss at one step, and the gradient: the error itself."""

    name = "output"
    title = N_("From a state to an answer")
    summary = N_("Scores become probabilities, a loss, and the first gradient.")
    needs = ("linear-output", "target")
    equation: Equation

    @classmethod
    def plays(cls, trace: Trace) -> bool:
        return trace.metadata.loss in VALUES

    def setup(self) -> None:
        step = step_to_explain(self.trace)
        self.numbers = ValueNumbers.of(self.trace, self.context.trace, step)

    def facts(self) -> Mapping[str, str]:
        numbers = self.numbers
        largest = numbers.largest
        loss = number(numbers.loss)
        one = Phrase(self.say("the loss $L$ is {loss}.").format(loss=loss))
        more = Phrase(self.say("added up, the loss $L$ is {loss}.").format(loss=loss))
        return {
            "state": self.state_read(),
            "named": in_a_caption(numbers.names[largest]) if numbers.count > 1 else "",
            "value": number(float(numbers.o[largest])),
            "error": number(float(numbers.errors[largest])),
            "loss": more if numbers.count > 1 else one,
        }

    @beat(
        "Multiply {state} by $V$ and add the bias $c$: that is the output $y$, without a softmax."
    )
    def scores(self) -> None:
        self.multiply_by_v("y", self.say("output"))

    @beat("The target is $y^*$. The error $y - y^*$ says how far off the output is, and which way.")
    def error(self) -> None:
        self.table = ErrorTable(self.numbers, self.theme)
        self.play(self.make_room(keep=[self.equation]))
        self.play(self.table.begin())
        self.play(self.table.subtract())

    @beat(
        "Each error costs half its square: {loss} An error twice as large costs four times as much."
    )
    def cost(self) -> None:
        self.curve = ErrorCurve(self.numbers, self.theme)
        new = self.formula("{{ L_(%d) : loss }} = 1/2 norm({{ y_(%d) - y^* : error }})^2")
        self.play(self.equation.turn_into(new), FadeIn(self.curve.plane))
        self.play(new.light("loss", "error"), self.curve.appear())
        self.equation = new

    @beat("The slope of half a square is the error itself: so the gradient is $y - y^*$.")
    def slope(self) -> None:
        new = self.formula(
            "{{ partial L_(%d) \\/ partial y_(%d) : gradient }} = {{ y_(%d) - y^* : error }}"
        )
        self.play(self.equation.turn_into(new), self.curve.draw_tangent())
        self.play(new.light("gradient", "error"), self.table.point_out())
        self.equation = new

    @beat("A step against the gradient moves the output towards its target; there, the slope is 0.")
    def against(self) -> None:
        self.play(self.curve.step_against())

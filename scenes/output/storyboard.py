"""From the last state to an output: scores, probabilities, the loss, and two gradients."""

from collections.abc import Mapping

import numpy as np
from rnnviz.scenes.output.gradient_bars import GradientBars
from rnnviz.scenes.output.linear import Linear
from rnnviz.scenes.output.loss_curve import LossCurve
from rnnviz.scenes.output.output_numbers import OutputNumbers, digits_for_loss, step_to_explain
from rnnviz.scenes.output.score_slopes import ScoreSlopes
from rnnviz.scenes.output.softmax_bars import SoftmaxBars
from rnnviz.scenes.output.wording import facts_of

from rnnviz.mobjects.emphasis import dim, undim
from rnnviz.mobjects.equation import Equation
from rnnviz.mobjects.numbers import in_formula
from rnnviz.scene.beats import beat
from rnnviz.text.translation import N_


class Output(Linear):
    """Softmax and its loss at one step, and the gradient with which learning begins."""

    name = "output"
    title = N_("From a state to an answer")
    summary = N_("Scores become probabilities, a loss, and the first gradient.")
    task = "sentence"
    needs = ("linear-output", "target")
    equation: Equation
    variants = ("rnnviz.scenes.output.values:OutputOfValues",)

    def setup(self) -> None:
        step = step_to_explain(self.trace)
        self.numbers = OutputNumbers.of(self.trace, self.context.trace, step)

    def facts(self) -> Mapping[str, str]:
        facts = facts_of(self.numbers, self.trace.metadata.loss, self.say)
        return {**facts, "state": self.state_read()}

    @beat("Multiply {state} by $V$ and add the bias $c$: each of the {count} answers gets a score.")
    def scores(self) -> None:
        self.multiply_by_v("o", self.say("scores"))

    @beat("$e^o$ is always positive, and each extra point makes it 2.7 times as large.")
    def powers(self) -> None:
        self.bars = SoftmaxBars(self.numbers, self.theme)
        kept = (self.sum.names, self.sum.o.title, self.sum.o.numbers, self.equation)
        new = self.formula(
            '{{ y_(%d) : y }} = "softmax"({{ o_(%d) : o }}) = '
            "{{ e^(o_(%d)) : powers }} / {{ sum e^(o_(%d)) : total }}"
        )
        self.play(self.make_room(keep=kept))
        self.play(self.bars.swell(self.sum))
        self.play(self.equation.turn_into(new))
        self.play(new.light("powers"), self.bars.exponentiate())
        self.equation = new

    @beat(
        "Divide each by their sum, {total}. Now they add up to 1: probabilities. {best} gets "
        "{best_share}."
    )
    def shares(self) -> None:
        crossed = self.bars.crossed_numbers
        self.play(self.equation.light("total"), *dim(crossed))
        self.play(self.bars.add_up())
        self.play(self.bars.spread(), *undim(crossed))
        self.play(self.equation.light("y"), self.bars.divide())

    @beat("{wanted} is right, with probability {share}. {cost} An even guess would cost {guess}.")
    def cost(self) -> None:
        self.curve = LossCurve(self.numbers, self.theme, self.say)
        target = self.numbers.target
        share = float(self.numbers.y[target])
        numbers = (in_formula(share, digits_for_loss(share)), in_formula(float(-np.log(share))))
        new = self.formula(
            "{{ L_(%d) : loss }} = - ln y = - ln {{ %s : y }} = {{ %s : result }}", *numbers
        )
        self.play(
            self.make_room(keep=[self.equation, self.bars.shares.bars[target]]),
            self.curve.begin(self.bars, target),
            self.equation.turn_into(new),
        )
        self.play(new.light("loss"), self.curve.appear())
        self.equation = new

    @beat(
        "How does the loss change with each score? The slopes of its two parts give the "
        "probability $y$ minus the target $y^*$ (1 for the right answer, 0 else)."
    )
    def cross_entropy(self) -> None:
        self.gradient = GradientBars(self.numbers, self.theme, self.say)
        written_out = self.formula(
            "{{ L_(%d) : loss }} = - ln y = - ln (e^(o_(%d)^*) \\/ sum e^(o_(%d))) = "
            "{{ ln sum e^(o_(%d)) : y }} - {{ o_(%d)^* : target }}"
        )
        new = self.formula(
            "{{ partial L_(%d) \\/ partial o_(%d) : gradient }} = {{ y_(%d) : y }} - "
            "{{ y^* : target }}"
        )
        self.play(
            self.make_room(keep=[self.equation]),
            self.gradient.begin(),
            self.equation.turn_into(written_out),
        )
        self.play(written_out.light("y"), self.gradient.derive(0))
        self.play(written_out.light("target"), self.gradient.derive(1))
        self.play(written_out.turn_into(new))
        self.play(new.light("gradient", "y", "target"), self.gradient.subtract())
        self.equation = new

    @beat("A step against the gradient raises the right answer's score and lowers all the others.")
    def against(self) -> None:
        self.play(self.gradient.step_against())

    @beat(
        "Now suppose {other} were right. With this loss, called cross-entropy, its score gets the "
        "gradient {entropy}."
    )
    def another_target(self) -> None:
        self.play(self.gradient.another_target())

    @beat(
        "Raise the score of {other} alone. Cross-entropy falls with slope {entropy}, the squared "
        "loss with {squared}: {pull}"
    )
    def squared_loss(self) -> None:
        self.slopes = ScoreSlopes(self.numbers, self.theme, self.say)
        bars = self.gradient.again
        kept = (self.gradient.head, bars.bars[self.numbers.other], bars.numbers[self.numbers.other])
        self.play(self.make_room(keep=kept), self.slopes.begin(self.gradient))
        self.play(self.slopes.lean(self.gradient))
        self.play(self.slopes.compare())

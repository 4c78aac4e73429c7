"""Recorded sums on the curve of tanh, the slopes there, and what they do to a gradient."""

from collections.abc import Mapping

from manim import DOWN, UP, FadeIn, FadeOut, LaggedStart
from rnnviz.scenes.tanh.curves import Curves, slope_equation, state_equation
from rnnviz.scenes.tanh.slope_product import SlopeProduct, unit_to_follow
from rnnviz.scenes.tanh.two_factors import TwoFactors

from rnnviz import measure
from rnnviz.mobjects import layout
from rnnviz.mobjects.numbers import number, percent
from rnnviz.mobjects.shown_states import chosen_note
from rnnviz.mobjects.strip import MOST_CELLS
from rnnviz.mobjects.window import Window
from rnnviz.mobjects.wording import after_training
from rnnviz.scene.beats import beat
from rnnviz.scene.storyboard import Storyboard
from rnnviz.text.translation import N_

MOST_STEPS = 8
FLAT = 0.1
GONE = 0.05


class Tanh(Storyboard):
    """The curve and its slope, the recorded sums on both, a product of slopes, and W."""

    name = "tanh"
    title = N_("The slopes of tanh, and W")
    summary = N_("Where the recorded sums lie on tanh, and what its slopes and W do to a gradient.")
    task = "sentence"
    needs = ("tanh-rnn", "one-loss")

    def setup(self) -> None:
        trace = self.trace
        self.window = Window.before_last_loss(trace, MOST_STEPS)
        shown = self.window.indices
        assert trace.preact is not None
        self.units = measure.most_moving(trace.h[0, 0, shown, 0], MOST_CELLS)
        self.sums = trace.preact[0, 0, shown, 0, 0][:, self.units]
        self.slopes = measure.activation_slope(trace)[shown, 0][:, self.units]
        self.unit = unit_to_follow(self.slopes[1:])
        factors = measure.step_factors(trace, self.window.steps[-1] - 1)
        self.shrinks, self.stretches = (each[shown][1:] for each in factors)

    @property
    def number(self) -> int:
        """The number of the unit that is followed, from 1."""
        return int(self.units[self.unit]) + 1

    def notes(self) -> tuple[str, ...]:
        return (
            *after_training(self.trace, self.say),
            *self.window.note(self.say),
            *chosen_note(len(self.units), self.trace.hidden_size, self.say),
        )

    def facts(self) -> Mapping[str, str]:
        total = float((self.shrinks * self.stretches).prod())
        return {
            "count": str(self.sums.size),
            "share": percent(float((self.slopes < FLAT).mean())),
            "flat": number(FLAT, 1),
            "unit": str(self.number),
            "factors": str(len(self.slopes) - 1),
            "product": number(float(self.slopes[1:, self.unit].prod())),
            "shrunk": number(float(self.shrinks.prod())),
            "stretched": number(float(self.stretches.prod())),
            "total": number(total),
            "verdict": self.verdict(total),
        }

    @beat("A state is the tanh of a sum: however large the sum, $h$ stays between −1 and 1.")
    def curve(self) -> None:
        self.curves = Curves(self.sums, self.theme)
        self.equation = state_equation(self.theme).shift(layout.FORMULA_Y * UP)
        self.play(self.curves.appear(), FadeIn(self.equation, shift=0.15 * DOWN))

    @beat(
        "Here are {count} sums of one run, one for each unit at each step. Each drops onto the "
        "curve, to its state."
    )
    def recorded(self) -> None:
        self.play(self.curves.land())

    @beat(
        "Backwards, the gradient is multiplied by the slope of the curve, $1 - h^2$: at most 1 in "
        "the middle, almost 0 far out."
    )
    def slope(self) -> None:
        slope = slope_equation(self.theme).move_to(self.equation)
        turn = self.equation.turn_into(slope)
        self.play(self.curves.trace_slope(), FadeIn(self.curves.slope_name), turn)
        self.equation = slope

    @beat(
        "{share} of the sums lie where the slope is below {flat}. Such a unit is saturated: hardly "
        "any gradient gets through."
    )
    def saturated(self) -> None:
        self.play(FadeOut(self.curves.tangent, self.curves.point), self.curves.fall())
        self.play(self.curves.single_out(FLAT))

    @beat("Follow unit {unit} back through time: it has one slope at each step.")
    def one_unit(self) -> None:
        curves = self.curves
        self.play(curves.bring_out(self.unit))
        slopes, steps = self.slopes[1:, self.unit], self.window.steps[1:]
        self.product = SlopeProduct(slopes, steps, self.theme, self.say("product"))
        dots = curves.dots_of(self.unit)[1:]
        equation = slope_equation(self.theme, self.number).move_to(self.equation)
        room = self.make_room(keep=[*dots, self.equation])
        self.play(room, self.equation.turn_into(equation), self.product.take(dots))

    @beat(
        "Multiply them one after the other: no slope exceeds 1, so the product only shrinks. After "
        "{factors} steps it is {product}."
    )
    def product_of_slopes(self) -> None:
        self.play(self.product.begin())
        for place in range(len(self.slopes) - 1):
            self.play(self.product.multiply(place))
        self.play(self.product.to_log())

    @beat(
        "Now the gradient of all units. Each bar is its length after ÷ before: first times the "
        "slopes, which shrink it, then times $W^T$, which may stretch it."
    )
    def two_factors(self) -> None:
        names = self.say("slopes"), self.say("log scale")
        self.both = TwoFactors(self.shrinks, self.stretches, self.theme, names)
        axis = FadeIn(self.both.axis, run_time=0.6)
        self.play(LaggedStart(self.make_room(keep=[self.product.names]), axis, lag_ratio=0.4))
        self.play(self.both.show("text"))
        self.play(self.both.show("weight"))

    @beat(
        "Slopes shrink, $W$ can stretch, and the product decides. Here: {shrunk} times {stretched} "
        "is {total}. {verdict}"
    )
    def product_decides(self) -> None:
        for place in range(3):
            self.play(self.both.multiply(place))

    def verdict(self, total: float) -> str:
        """Say what the product of all factors means."""
        if total < GONE:
            found = self.say("{when} the gradient vanishes.")
        elif total < 1:
            found = self.say("{when} the gradient shrinks, but does not vanish.")
        else:
            found = self.say("{when} the gradient does not vanish.")
        trained = self.trace.metadata.epochs
        when = self.say("After training") if trained else self.say("In this network")
        return found.format(when=when)

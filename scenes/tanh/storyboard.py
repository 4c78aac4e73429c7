"""Recorded sums on the curve of tanh, the slopes there, and products of slopes."""

from collections.abc import Mapping

from manim import FadeOut
from rnnviz.scenes.tanh.curves import Curves
from rnnviz.scenes.tanh.product_lines import ProductLines
from rnnviz.scenes.tanh.slope_product import SlopeProduct

from rnnviz import measure
from rnnviz.mobjects.numbers import number, percent
from rnnviz.mobjects.strip import MOST_CELLS
from rnnviz.mobjects.window import Window, units_note
from rnnviz.scene.beats import beat
from rnnviz.scene.storyboard import Storyboard
from rnnviz.text.translation import N_

MOST_STEPS = 8
FLAT = 0.1


class Tanh(Storyboard):
    """The curve, its slope, the recorded sums on both, and a product of slopes."""

    name = "tanh"
    title = N_("The curve that squashes")
    summary = N_("Where the recorded sums lie on tanh, and what its slope does to a product.")
    task = "sentence"
    needs = ("plain-rnn", "gradients")

    def setup(self) -> None:
        trace = self.trace
        self.window = Window.last(trace, MOST_STEPS)
        self.sums = trace.preact[0, 0, self.window.indices, 0, 0, :MOST_CELLS]
        self.slopes = measure.activation_slope(trace)[self.window.indices, 0, :MOST_CELLS]
        self.unit = int(self.slopes[1:].prod(axis=0).argmin())
        back = measure.state_jacobian_norms(trace)[trace.steps - 1, self.window.indices, 0]
        self.stretch = back[:-1]

    def notes(self) -> tuple[str, ...]:
        return (*self.window.note(self.say), *units_note(self.trace, MOST_CELLS, self.say))

    def facts(self) -> Mapping[str, str]:
        return {
            "count": str(self.sums.size),
            "share": percent(float((self.slopes < FLAT).mean())),
            "flat": number(FLAT, 1),
            "unit": str(self.unit + 1),
            "factors": str(len(self.slopes) - 1),
            "left": number(float(self.slopes[1:, self.unit].prod())),
            "whole": number(float(self.stretch[0])),
        }

    @beat("A state is the tanh of a sum. Whatever the sum, tanh squeezes it between −1 and 1.")
    def curve(self) -> None:
        self.curves = Curves(self.sums, self.theme)
        self.play(self.curves.appear())

    @beat("Here are {count} recorded sums, of every unit at every step shown, and their states.")
    def recorded(self) -> None:
        self.play(self.curves.land())

    @beat(
        "The slope says how much of a small change gets through. It is $1 - h^2$: 1 in the "
        "middle, never more, and nearly nothing far out."
    )
    def slope(self) -> None:
        self.play(self.curves.make_room())
        self.play(self.curves.trace_slope())

    @beat(
        "{share} of the recorded sums lie where the slope is less than {flat}. Such a unit is "
        "saturated: it lets hardly any gradient through."
    )
    def saturated(self) -> None:
        self.play(FadeOut(self.curves.tangent, self.curves.low_point))
        self.play(self.curves.fall())
        self.play(self.curves.single_out(FLAT))

    @beat("Follow unit {unit} through time. On its way back, a gradient meets one slope a step.")
    def one_unit(self) -> None:
        curves = self.curves
        self.product = SlopeProduct(
            self.slopes[1:, self.unit], self.window.steps[1:], self.theme, "product"
        )
        self.play(curves.bring_out(self.unit))
        self.play(FadeOut(curves.high, curves.curve, curves.dots, curves.level))
        self.play(FadeOut(curves.low, curves.slope, curves.slope_dots))
        self.play(self.product.grow_bars())

    @beat(
        "They are multiplied. From the last step back over {factors} slopes, {left} is left of 1: "
        "one small factor is enough, since none exceeds 1."
    )
    def product_of_slopes(self) -> None:
        self.play(self.product.multiply())

    @beat(
        "Between the slopes stands $W$, which mixes the units and may stretch. The whole product "
        "of all units stretches a gradient at most {whole} times."
    )
    def with_weights(self) -> None:
        product = self.product
        products = {
            self.say("slopes of unit {unit}").format(unit=self.unit + 1): product.products,
            self.say("whole product with W"): self.stretch,
        }
        self.lines = ProductLines(
            products, product.places, self.window.steps[1:], self.theme, product.pitch
        )
        self.play(FadeOut(product))
        self.play(self.lines.appear())

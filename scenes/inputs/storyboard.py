"""The inputs of a network, step by step, and why their order matters."""

from collections.abc import Mapping
from typing import ClassVar

from manim import DOWN, UP, FadeIn
from rnnviz.scenes.inputs.column_pick import ColumnPick, drawn_inputs
from rnnviz.scenes.inputs.one_hot import InputGrid
from rnnviz.scenes.inputs.series_chart import SeriesChart
from rnnviz.scenes.inputs.two_orders import TwoOrders
from rnnviz.scenes.inputs.wording import (
    how_far_apart,
    how_it_enters,
    how_many_words,
    what_comes_again,
    what_is_stored,
    what_u_does,
)

from rnnviz import measure
from rnnviz.experiments.default_recordings import data_language
from rnnviz.experiments.other_inputs import reordered
from rnnviz.experiments.task_examples import example_of, little_sentence
from rnnviz.mobjects import layout
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.shown_states import chosen_note
from rnnviz.mobjects.strip import MOST_CELLS
from rnnviz.mobjects.window import Window
from rnnviz.scene.beats import beat
from rnnviz.scene.storyboard import Storyboard
from rnnviz.text.translation import N_

MOST_STEPS = 8
EXAMPLES = {"sentence": little_sentence, "prices": example_of("prices")}


class Inputs(Storyboard):
    """Words and prices become the vectors x_t, and their order matters."""

    name = "inputs"
    title = N_("What goes in, step by step")
    summary = N_("Words and prices as vectors, and why their order matters.")
    task = "sentence"
    least_steps = 3
    shown_layer = 0
    experiments: ClassVar = {
        **EXAMPLES,
        "reordered": reordered(MOST_STEPS),
    }
    variants = (
        "rnnviz.scenes.inputs.read_once:OwnCodeInputs",
        "rnnviz.scenes.inputs.read_once:OnceRead",
    )

    def setup(self) -> None:
        language = data_language(self.context.language)
        self.sentence, self.prices = (
            self.context.experiments[name][language] for name in ("sentence", "prices")
        )
        self.window = Window.last(self.trace, MOST_STEPS)
        self.words = self.window.words(self.trace)
        self.x, self.names = drawn_inputs(self.trace, self.window)
        if not self.trace.is_custom:
            self.picks = ColumnPick(self.trace, self.window, self.theme, self.say)
        if "reordered" in self.context.experiments:
            both = self.context.experiments["reordered"]
            self.orders = TwoOrders(both, self.window, self.theme, self.say)

    def notes(self) -> tuple[str, ...]:
        shown = min(MOST_CELLS, self.trace.cell_size)
        return (
            *self.window.note(self.say),
            *chosen_note(shown, self.trace.cell_size, self.say),
        )

    def facts(self) -> Mapping[str, str]:
        return {
            "counted": how_many_words(self.sentence, self.say),
            "inputs": str(self.trace.input_size),
            "states": str(measure.whole_states(self.trace).shape[-1]),
            "stored": what_is_stored(self.trace, self.say),
            "mean": number(self.prices.mean, 3),
            "spread": number(self.prices.spread, 3),
            "shown": str(len(self.words)),
            "last": str(self.window.steps[-1]),
            **self._of_weights(),
            **self._of_orders(),
        }

    def _of_weights(self) -> Mapping[str, str]:
        if self.trace.is_custom:
            return {}
        hot = self.picks.one_hot
        return {
            "entering": how_it_enters(self.trace, self.say),
            "picked": what_u_does(self.trace, one_hot=hot, say=self.say),
            "again": what_comes_again(self.trace, self.words, one_hot=hot, say=self.say),
        }

    def _of_orders(self) -> Mapping[str, str]:
        if "reordered" not in self.context.experiments:
            return {}
        last = self.window.steps[-1]
        return {"outcome": how_far_apart(self.orders, last, self.say)}

    @beat("A network takes in numbers, not words. {counted}: that is the vocabulary.")
    def vocabulary(self) -> None:
        little = self.sentence
        steps = range(1, len(little.x) + 1)
        self.hot = InputGrid(little.x, little.step_labels, little.input_labels, steps, self.theme)
        self.play(self.hot.show_words(), self.name_source(self.example()))
        self.play(self.hot.list_names())

    @beat("Each word becomes a vector $x_t$: a 1 in its own row, and 0 in all others. One-hot.")
    def one_hot_vectors(self) -> None:
        self.play(self.hot.fill())

    @beat("Now the network of this lecture, and its {items}: each $x_t$ has {inputs} entries.")
    def own_inputs(self) -> None:
        grid = InputGrid(self.x, self.words, self.names, self.window.steps, self.theme)
        self.play(self.hot.turn_into(grid), self.name_source())
        self.play(grid.name_and_fill())
        self.grid = grid

    @beat("{picked}")
    def embedding(self) -> None:
        kept = (self.grid.cells.column(0), self.grid.names, self.grid.steps[0])
        self.play(self.make_room(keep=kept), self.picks.begin(self.grid))
        for move in self.picks.look_up(0, run_time=3.6):
            self.play(move)

    @beat("{entering} {again}")
    def all_columns(self) -> None:
        for index in range(1, len(self.words)):
            for move in self.picks.look_up(index):
                self.play(move)
        self.play(self.picks.rest(), *self.picks.frame_equal(self.theme.color("text")))

    @beat(
        "A price is a number already. It is only standardised: minus the mean of all days, {mean}, "
        "divided by their standard deviation, {spread}."
    )
    def stock_prices(self) -> None:
        self.chart = SeriesChart(
            self.prices,
            self.say("Share price p in US dollars"),
            self.say(self.prices.source),
            self.theme,
            self.say,
        )
        rule = self.chart.rule.move_to(layout.FORMULA_Y * UP)
        self.play(self.make_room(), self.chart.begin(), self.name_source(self.example()))
        self.play(self.chart.show_levels(), FadeIn(rule, shift=0.15 * DOWN))
        self.play(self.chart.enlarge())
        for move in self.chart.drop():
            self.play(move)

    @beat(
        "Does order matter? Here is what the network has stored after each {item}, in {states} "
        "numbers: its {stored}."
    )
    def states(self) -> None:
        self.play(self.make_room(), self.orders.begin(), self.name_source())
        self.play(self.orders.first_row())

    @beat("It reads the same {shown} {items} again, all but the last in reverse order.")
    def other_order(self) -> None:
        self.play(self.orders.reorder())
        self.play(self.orders.second_row())

    @beat("The same {items}, and the same last one. {outcome}")
    def last_states(self) -> None:
        self.play(self.orders.compare())

    def example(self) -> str:
        """Return the source of the sentence and the prices."""
        return self.say("an example that comes with rnnviz")

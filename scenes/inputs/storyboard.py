"""The inputs of a network, step by step, and why their order matters."""

from collections.abc import Mapping
from typing import ClassVar

from manim import FadeIn, FadeOut
from rnnviz.scenes.inputs.lookup_table import LookupTable
from rnnviz.scenes.inputs.one_hot import OneHot
from rnnviz.scenes.inputs.series_chart import SeriesChart, greatest
from rnnviz.scenes.inputs.two_orders import TwoOrders

from rnnviz.experiments.default_recordings import data_language
from rnnviz.experiments.other_inputs import backwards
from rnnviz.experiments.task_examples import example_of, little_sentence
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.strip import MOST_CELLS
from rnnviz.mobjects.window import Window, units_note
from rnnviz.mobjects.wording import item_names
from rnnviz.scene.beats import beat
from rnnviz.scene.storyboard import Storyboard
from rnnviz.text.translation import N_

MOST_STEPS = 8


class Inputs(Storyboard):
    """Words, prices and weather become the vectors x_t, and their order matters."""

    name = "inputs"
    title = N_("What goes in, step by step")
    summary = N_("Words, prices and weather as vectors, and why their order matters.")
    task = "sentence"
    needs = ("one-layer", "run-again")
    experiments: ClassVar = {
        "sentence": little_sentence,
        "prices": example_of("prices"),
        "weather": example_of("weather"),
        "backwards": backwards(MOST_STEPS),
    }

    def setup(self) -> None:
        language = data_language(self.context.language)
        self.sentence, self.prices, self.weather = (
            self.context.experiments[name][language] for name in ("sentence", "prices", "weather")
        )
        self.window = Window.last(self.trace, MOST_STEPS)
        self.words = self.window.words(self.trace)
        self.table = LookupTable(self.trace, self.window, self.theme, self.say)
        self.orders = TwoOrders(self.context.experiments["backwards"], self.window, self.theme)

    def notes(self) -> tuple[str, ...]:
        return (*self.window.note(self.say), *units_note(self.trace, MOST_CELLS, self.say))

    def facts(self) -> Mapping[str, str]:
        return {
            "tokens": str(len(self.sentence.step_labels)),
            "different": str(len(self.sentence.input_labels)),
            "inputs": str(self.trace.input_size),
            "units": str(len(self.trace.U)),
            "days": str(len(self.prices.x)),
            "mean": number(self.prices.mean, 3),
            "spread": number(self.prices.spread, 3),
            "shown": str(len(self.words)),
            "last": str(self.window.steps[-1]),
            "picked": self.what_is_read(),
            "again": self.what_comes_again(),
            "outcome": self.outcome(self.orders.distance),
        }

    @beat(
        "A network takes numbers, not words. These are {tokens} words, {different} of them "
        "different: that is their vocabulary."
    )
    def vocabulary(self) -> None:
        self.hot = OneHot(
            self.sentence.x, self.sentence.step_labels, self.sentence.input_labels, self.theme
        )
        self.play(self.hot.show_words(), self.name_source(self.example()))
        self.play(self.hot.list_names())

    @beat("Each word becomes a vector $x_t$: a 1 in its own row, and 0 in all others. One-hot.")
    def one_hot_vectors(self) -> None:
        self.play(self.hot.fill())

    @beat("The recorded network takes $x_t$ of length {inputs}, and $U$ meets it first. {picked}")
    def embedding(self) -> None:
        self.scale = self.color_scale(self.table.limit)
        self.play(FadeOut(self.hot))
        self.play(self.table.appear(), FadeIn(self.scale), self.name_source())
        self.play(self.table.first())

    @beat("So each {item} enters as {units} numbers that training has found. {again}")
    def all_rows(self) -> None:
        self.play(FadeIn(self.table.result_title))
        for index in range(1, len(self.words)):
            self.play(self.table.look_up(index))
        self.play(self.table.brighten())

    @beat(
        "A price is a number already. So $x_t$ has one entry: the price less the mean {mean}, "
        "over the spread {spread}."
    )
    def stock_prices(self) -> None:
        seen = (*self.table.submobjects, self.table.now, self.table.results, self.table.words)
        self.play(FadeOut(*seen, self.table.result_title, self.scale))
        self.scale = self.color_scale(greatest(self.prices, self.weather))
        self.price_chart = SeriesChart(
            self.prices,
            self.say("Share price in US dollars"),
            self.say(self.prices.source),
            self.theme,
            centre=-3.2,
            limit=self.scale.limit,
        ).begin_in_the_middle()
        self.play(self.price_chart.appear(), FadeIn(self.scale), self.name_source(self.example()))

    @beat(
        "The weather comes in the same way: {days} days are {days} steps, each with its own $x_t$."
    )
    def daily_weather(self) -> None:
        self.weather_chart = SeriesChart(
            self.weather,
            self.say("Highest temperature in °C"),
            self.say(self.weather.source),
            self.theme,
            centre=3.4,
            limit=self.scale.limit,
        )
        self.play(self.price_chart.go_aside())
        self.play(self.weather_chart.appear())

    @beat("Does order matter? The network reads the same {shown} {items} backwards.")
    def other_order(self) -> None:
        self.play(FadeOut(self.price_chart, self.weather_chart, self.scale))
        self.play(FadeIn(self.color_scale(limit=1.0)), self.name_source())
        self.play(self.orders.first_row())
        self.play(self.orders.reorder())
        self.play(self.orders.second_row())

    @beat("The same {items} went in, each with the same $x_t$. {outcome}")
    def last_states(self) -> None:
        self.play(self.orders.compare())

    def example(self) -> str:
        """Return the source of the sentence, the prices and the weather."""
        return self.say("an example that comes with rnnviz")

    def what_is_read(self) -> str:
        """Say what U does with these inputs."""
        if self.table.one_hot:
            return self.say(
                "A one-hot vector picks one column of U, here a row: the word's embedding."
            )
        return self.say("The columns of U, here rows, are added up, each times its entry.")

    def what_comes_again(self) -> str:
        """Say that equal inputs give the same numbers."""
        if self.table.one_hot and len(set(self.words)) < len(self.words):
            names = item_names(self.trace, self.say)
            return self.say("The same {item} gets the same numbers each time.").format(**names)
        return self.say("Equal inputs get equal numbers.")

    def outcome(self, distance: float) -> str:
        """Say whether the other order gives another last state."""
        if distance < 1e-9:
            return self.say("Yet the states at the end are the same: here order does not matter.")
        return self.say("Yet the states at the end differ: a state holds the order, too.")

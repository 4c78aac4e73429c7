"""The inputs on the screen are the tasks' and the trace's; what is said of them holds."""

import csv
from importlib.metadata import distribution

import matplotlib
import numpy as np
import pytest

from rnnviz.errors import SceneError
from rnnviz.experiments import variant
from rnnviz.experiments.default_recordings import default_trace, record_task
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.theme import DARK
from rnnviz.recording import rerun
from rnnviz.scene.loading import load_scene
from rnnviz.scene.needs import check_needs

SHOWN = 8


@pytest.fixture(params=["as recorded", "with another network"])
def trace(request, default_trace_of, changed_trace_of):
    made = default_trace_of if request.param == "as recorded" else changed_trace_of
    return made("inputs")


def colors(mobjects):
    return [mobject.get_fill_color().to_hex() for mobject in mobjects]


def expected_colors(values, limit=1.0):
    return [DARK.signed(value / limit).to_hex() for value in np.ravel(values)]


def states_by_hand(trace, x):
    h, states = np.zeros(trace.hidden_size), []
    for value in x:
        h = np.tanh(trace.U @ value + trace.W @ h + trace.b)
        states.append(h)
    return np.array(states)


@pytest.mark.parametrize(
    ("language", "tokens"),
    [("en", ["have", "you", "eaten", "or", "have", "you", "not"]), ("zh", list("你恰饭了没啊"))],
)
def test_every_word_of_the_little_sentence_has_its_one(language, tokens, perform):
    def look(scene):
        hot = scene.hot
        return (
            [word.text for word in hot.words],
            [name.text for name in hot.names],
            [
                [cell.text for cell in hot.digits[step :: len(tokens)]]
                for step in range(len(tokens))
            ],
            colors(hot.cells),
            dict(scene.facts()),
        )

    words, names, digits, shown, facts = perform("inputs", look, language=language)[
        "one_hot_vectors"
    ]
    assert words == tokens
    assert sorted(names) == sorted(set(tokens))
    for token, column in zip(tokens, digits, strict=True):
        assert column == ["1" if name == token else "0" for name in names]
    table = [[float(token == name) for token in tokens] for name in names]
    assert shown == expected_colors(table)
    assert (facts["tokens"], facts["different"]) == (str(len(tokens)), str(len(set(tokens))))


def test_the_table_is_u_and_each_word_gets_its_column(trace, perform):
    def look(scene):
        table = scene.table
        return SHOWN, colors(table.table), colors(table.results), colors(table.entries), table.limit

    seen = perform("inputs", look, trace)
    _, table, results, entries, limit = seen["all_rows"]
    assert table == expected_colors(trace.U.T, limit)
    places = trace.x[:, 0].argmax(axis=-1)
    assert results == expected_colors(trace.U[:, places].T, limit)
    assert entries == expected_colors(trace.x[-1, 0])
    assert seen["embedding"][3] == expected_colors(trace.x[0, 0])
    assert limit == pytest.approx(np.abs(trace.U).max())


@pytest.mark.parametrize(
    ("language", "told"),
    [("en", "an example that comes with rnnviz"), ("zh", "rnnviz 自带的例子")],
)
def test_the_source_line_names_the_recording_only_where_it_is_shown(language, told, perform):
    seen = perform("inputs", lambda scene: scene.source.text, language=language)
    examples = {"vocabulary", "one_hot_vectors", "stock_prices", "daily_weather"}
    assert {beat for beat, text in seen.items() if text == told} == examples
    for beat in seen.keys() - examples:
        assert default_trace("sentence", language=language).identity in seen[beat]


def test_prices_and_weather_are_those_of_the_files(perform):
    def look(scene):
        charts = (scene.price_chart, scene.weather_chart)
        return [
            (
                [dot.get_center() for dot in chart.dots],
                chart.plane,
                colors(chart.cells),
                chart.limit,
                chart.source.text,
                [text.text for text in chart.last],
            )
            for chart in charts
        ], dict(scene.facts())

    seen = perform("inputs", lambda scene: hasattr(scene, "weather_chart") and look(scene))
    charts, facts = seen["daily_weather"]
    with np.load(f"{matplotlib.get_data_path()}/sample_data/goog.npz") as data:
        closes = data["price_data"]["adj_close"].astype(float)
    file = distribution("vega_datasets").locate_file("vega_datasets/_data/seattle-weather.csv")
    with open(str(file), encoding="utf-8", newline="") as rows:
        temperatures = np.array([float(row["temp_max"]) for row in csv.DictReader(rows)])
    for series, chart, origin in zip(
        (closes, temperatures), charts, ("GOOG", "Seattle"), strict=True
    ):
        dots, plane, cells, limit, source, last = chart
        values = series[-21:-1]
        expected = [plane.at(step, value) for step, value in enumerate(values, start=1)]
        np.testing.assert_allclose(dots, expected, atol=1e-4)
        given = (values - series.mean()) / series.std()
        assert cells == expected_colors(given.astype(np.float32).astype(float), limit)
        assert origin in source
        assert last == [f"{values[-1]:.4g}", number(float(given[-1]))]
    assert facts["mean"] == number(closes.mean(), 3)
    assert facts["spread"] == number(closes.std(), 3)


def test_the_same_words_backwards_give_other_states(trace, perform):
    def look(scene):
        orders = scene.orders
        return (
            [[colors(strip) for strip in row] for row in orders.strips],
            [[word.text for word in row] for row in orders.words],
            orders.written[1].text,
            dict(scene.facts()),
        )

    strips, words, written, facts = perform("inputs", look, trace)["last_states"]
    own, other = states_by_hand(trace, trace.x[:, 0]), states_by_hand(trace, trace.x[::-1, 0])
    assert strips == [[expected_colors(state) for state in row] for row in (own, other)]
    assert words[0] == list(trace.metadata.step_labels[0])
    assert words[1] == words[0][::-1]
    distance = float(np.linalg.norm(own[-1] - other[-1]))
    assert written == f"= {number(distance)}"
    assert distance > 0.1
    assert facts["outcome"].startswith("Yet the states at the end differ")


def test_only_the_steps_that_are_shown_are_turned_round(default_trace_of):
    trace = record_task("sentence", gap=6, epochs=1)
    both = load_scene("inputs").scene.experiments["backwards"](trace)
    kept = trace.steps - SHOWN
    x = trace.x[:, 0]
    turned = np.concatenate([x[:kept], x[kept:][::-1]])
    assert np.array_equal(both.x[:, 0], x)
    assert np.array_equal(both.x[:, 1], turned)
    np.testing.assert_allclose(both.h[0, 0, :, 1], states_by_hand(trace, turned), atol=1e-12)
    assert not both.has_gradients


def test_without_recurrence_and_with_one_word_last_order_does_not_matter(perform, default_trace_of):
    trace = default_trace_of("inputs")
    name = trace.parameter_name("weight_hh")
    still = variant(lambda _: {name: np.zeros_like(trace.W)})(trace)
    x = np.concatenate([trace.x[:-1], trace.x[:1]])
    same = rerun(still, {}, x=x, targets=trace.targets, step_labels=trace.metadata.step_labels)
    facts = perform("inputs", lambda scene: dict(scene.facts()), same)["last_states"]
    assert facts["outcome"].startswith("Yet the states at the end are the same")


def test_the_captions_of_inputs_that_are_not_one_hot(perform):
    trace = record_task("prices", epochs=1)
    seen = perform("inputs", lambda scene: (dict(scene.facts()), scene.table), trace)
    facts, table = seen["all_rows"]
    assert facts["picked"].startswith("The columns of U, here rows, are added up")
    assert facts["again"] == "Equal inputs get equal numbers."
    made = trace.x[-SHOWN:, 0] @ trace.U.T
    assert colors(table.results) == expected_colors(made, table.limit)


def test_the_caption_names_the_repeated_word_of_the_default_sentence(perform):
    seen = perform("inputs", lambda scene: (dict(scene.facts()), scene.words))
    facts, words = seen["all_rows"]
    assert len(set(words)) < len(words)
    assert facts["again"] == "The same word gets the same numbers each time."


def test_a_stack_of_layers_is_refused():
    loaded = load_scene("inputs")
    with pytest.raises(SceneError, match="2 layers"):
        check_needs(loaded, record_task("sentence", epochs=1, layers=2))

"""The inputs on the screen are the tasks' and the trace's; what is said of them holds."""

from functools import partial
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest
from layouts import overlap_of_turned
from often import NETWORKS, every
from rnnviz.scenes.inputs.one_hot import InputGrid
from tools_of import tool

from rnnviz.experiments import variant
from rnnviz.experiments.default_recordings import default_trace, record_task
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.theme import DARK
from rnnviz.rendering.plan import experiments_of
from rnnviz.scene.context import SceneContext
from rnnviz.scene.loading import load_scene
from rnnviz.scene.source_line import network_name
from rnnviz.text.translation import translated

SHOWN = 8


@pytest.fixture(params=NETWORKS)
def trace(request, default_trace_of, changed_trace_of):
    made = default_trace_of if request.param == "as recorded" else changed_trace_of
    return made("inputs")


def said(language, text):
    return translated(text, language)


def colors(mobjects):
    return [mobject.get_fill_color().to_hex() for mobject in mobjects]


def expected_colors(values, limit=1.0):
    return [DARK.shade("signed", value / limit).to_hex() for value in np.ravel(values)]


def states_by_hand(trace, x):
    h, states = np.zeros(trace.hidden_size), []
    for value in x:
        h = np.tanh(trace.U @ value + trace.W @ h + trace.b)
        states.append(h)
    return np.array(states)


def look_at_hot(scene):
    hot = scene.hot
    steps = len(hot.words)
    digits = [[cell.text for cell in hot.digits[step::steps]] for step in range(steps)]
    names = [name.text for name in hot.names]
    return [word.text for word in hot.words], names, digits, colors(hot.cells)


def look_at_grid(scene):
    grid = scene.grid
    return [word.text for word in grid.words], colors(grid.cells), len(scene.hot.names)


def look_at_picks(scene):
    picks = scene.picks
    factors = [[ink.text for ink in factor] for factor in picks.factors]
    above = [factor.get_x() for factor in picks.factors]
    columns = [picks.matrix.column(index).get_x() for index in range(picks.U.shape[1])]
    return (
        colors(picks.matrix),
        colors(picks.results),
        colors(picks.entries),
        picks.limit,
        (factors, above, columns),
    )


def look_at_chart(scene):
    chart = scene.chart
    low, high = chart.plane.frame.get_start()[1], chart.plane.frame.get_end()[1]
    bottom, top = chart.plane.y_bounds
    levels = [
        bottom + (line.get_y() - low) / (high - low) * (top - bottom) for line, _ in chart.levels
    ]
    return SimpleNamespace(
        all=chart.all,
        cells=colors(chart.cells),
        counts=[text.text for text in chart.counts],
        dots=[dot.get_center() for dot in chart.dots],
        edges=(chart.part[0].get_left()[0], chart.part[0].get_right()[0]),
        last=[text.text for text in chart.last],
        levels=levels,
        limit=chart.limit,
        plane=chart.plane,
        rule=chart.rule.text,
        source=chart.source.text,
        told=[text.text for _, text in chart.levels],
        whole=chart.whole.points[::4].copy(),
    )


def look_at_orders(scene):
    orders = scene.orders
    return (
        [[colors(strip) for strip in row] for row in orders.strips],
        [[word.text for word in row] for row in orders.words],
        [text.text for text in orders.sizes.numbers],
        [bar.height for bar in orders.sizes.bars],
    )


PARTS = {
    "hot": look_at_hot,
    "grid": look_at_grid,
    "picks": look_at_picks,
    "chart": look_at_chart,
    "orders": look_at_orders,
}


def look(scene):
    """What all tests of this file read, so that a trace is played once for them."""
    seen = {part: look_at(scene) for part, look_at in PARTS.items() if hasattr(scene, part)}
    return seen | {
        "facts": dict(scene.facts()),
        "source": scene.source.text,
        "words": scene.words,
    }


@pytest.mark.parametrize(
    ("language", "tokens"),
    every(
        2,
        [
            ("en", ["have", "you", "eaten", "or", "have", "you", "not"]),
            ("zh", list("你恰饭了没啊")),
        ],
        first=1,
    ),
)
def test_every_word_of_the_little_sentence_has_its_one(language, tokens, perform):
    seen = perform("inputs", look, language=language)["one_hot_vectors"]
    words, names, digits, shown = seen["hot"]
    assert words == tokens
    assert sorted(names) == sorted(set(tokens))
    for token, column in zip(tokens, digits, strict=True):
        assert column == ["1" if name == token else "0" for name in names]
    table = [[float(token == name) for token in tokens] for name in names]
    assert shown == expected_colors(table)
    counted = {"en": "7 words, 5 of them distinct", "zh": "这 6 个字各不相同"}
    assert seen["facts"]["counted"] == counted[language]


def test_the_networks_own_inputs_take_the_place_of_the_example(trace, perform):
    words, cells, rows = perform("inputs", look, trace)["own_inputs"]["grid"]
    assert words == list(trace.metadata.step_labels[0])
    assert cells == expected_colors(trace.x[:, 0].T)
    assert rows < trace.input_size


def test_u_is_shown_and_each_word_gets_its_column(trace, perform):
    seen = perform("inputs", look, trace)
    matrix, results, entries, limit, marks = seen["all_columns"]["picks"]
    assert matrix == expected_colors(trace.U, limit)
    places = trace.x[:, 0].argmax(axis=-1)
    assert results == expected_colors(trace.U[:, places], limit)
    assert entries == expected_colors(trace.x[-1, 0])
    assert seen["embedding"]["picks"][2] == expected_colors(trace.x[0, 0])
    assert limit == pytest.approx(np.abs(trace.U).max())
    factors, above, columns = marks
    assert factors == [["1"]] * trace.steps
    np.testing.assert_allclose(above, np.array(columns)[places], atol=1e-6)


@pytest.mark.parametrize(
    ("language", "told"),
    [("en", "an example that comes with rnnviz"), ("zh", "rnnviz 自带的例子")],
)
def test_the_source_line_names_the_network_only_where_it_is_shown(language, told, perform):
    seen = perform("inputs", look, language=language)
    examples = {"vocabulary", "one_hot_vectors", "stock_prices"}
    assert {beat for beat, screen in seen.items() if screen["source"] == told} == examples
    named = network_name(default_trace("sentence", language=language), partial(said, language))
    for beat in seen.keys() - examples:
        assert seen[beat]["source"].startswith(named)


def test_prices_are_those_of_the_file(perform):
    with np.load(f"{matplotlib.get_data_path()}/sample_data/goog.npz") as data:
        closes = data["price_data"]["adj_close"].astype(float)
    seen = perform("inputs", look)["stock_prices"]
    chart, facts = seen["chart"], seen["facts"]
    bottom = chart.plane.y_bounds[0]
    marked = [chart.all.at(x, bottom)[0] for x in (len(closes) - 20.5, len(closes) - 0.5)]
    assert chart.edges[0] <= marked[0] < marked[1] <= chart.edges[1] + 0.01
    assert chart.all.y_bounds == chart.plane.y_bounds
    expected = [chart.all.at(step, value) for step, value in enumerate(closes, start=1)]
    np.testing.assert_allclose(chart.whole, expected[:-1], atol=1e-3)
    assert chart.counts == [f"all {len(closes)} days", "20 of these days"]
    values = closes[-21:-1]
    expected = [chart.plane.at(step, value) for step, value in enumerate(values, start=1)]
    np.testing.assert_allclose(chart.dots, expected, atol=1e-4)
    mean, spread = closes.mean(), closes.std()
    given = (values - mean) / spread
    assert chart.cells == expected_colors(given.astype(np.float32).astype(float), chart.limit)
    assert "GOOG" in chart.source
    assert chart.last == [f"{values[-1]:.4g}", number(float(given[-1]))]
    np.testing.assert_allclose(chart.levels, [mean, mean + spread], rtol=1e-4)
    assert (facts["mean"], facts["spread"]) == (number(mean, 3), number(spread, 3))
    assert chart.told == [f"mean {facts['mean']}", f"+ standard deviation {facts['spread']}"]
    assert chart.rule == f"x_t = (p_t - {facts['mean']}) / {facts['spread']}"


def test_the_source_of_the_prices_is_translated(perform):
    seen = perform("inputs", look, language="zh")["stock_prices"]
    assert seen["chart"].source.startswith("GOOG 每日复权收盘价")


def test_the_same_words_in_another_order_give_other_states(trace, perform):
    seen = perform("inputs", look, trace)["last_states"]
    strips, words, written, heights = seen["orders"]
    x = trace.x[:, 0]
    own = states_by_hand(trace, x)
    other = states_by_hand(trace, np.concatenate([x[:-1][::-1], x[-1:]]))
    assert strips == [[expected_colors(state) for state in row] for row in (own, other)]
    assert words[0] == list(trace.metadata.step_labels[0])
    assert words[1] == [*words[0][:-1][::-1], words[0][-1]]
    size, distance = (float(np.linalg.norm(each)) for each in (own[-1], own[-1] - other[-1]))
    assert written == [number(size), number(distance)]
    np.testing.assert_allclose(heights[1] / heights[0], distance / size, rtol=1e-4)
    assert distance > 0.1
    assert seen["facts"]["outcome"].startswith(f"Yet the last states are {number(distance)} apart")


def test_both_states_of_an_lstm_are_compared(perform):
    trace = tool("kinds_of_networks").recording_of("projected-lstm")

    def look(scene):
        orders = getattr(scene, "orders", None)
        grids = [[grid.values for grid in strip] for strip in orders.strips[0]]
        names = [text.text for text in orders.names[0]]
        return grids, names, orders.size, orders.distance, scene.facts(), scene.context

    grids, names, size, distance, facts, context = perform("inputs", look, trace)["last_states"]
    both = context.experiments["reordered"]
    for step, (h, c) in enumerate(grids):
        np.testing.assert_array_equal(np.ravel(h), both.h[0, 0, step, 0])
        np.testing.assert_array_equal(np.ravel(c), both.c[0, 0, step, 0])
    assert names[0] == "h_(1), c_(1)"
    whole = np.concatenate([both.h[0, 0, -1], both.c[0, 0, -1]], axis=1)
    assert size == pytest.approx(np.linalg.norm(whole[0]))
    assert distance == pytest.approx(np.linalg.norm(whole[0] - whole[1]))
    assert facts["states"] == "9"
    assert "$s_(6)$" in facts["outcome"]


def test_copies_of_words_cross_no_other_text(default_trace_of):
    trace, loaded = default_trace_of("inputs"), load_scene("inputs").scene
    scene = loaded(SceneContext(trace, experiments=experiments_of(loaded, trace)))
    scene.setup()
    little, orders = scene.sentence, scene.orders
    steps = range(1, len(little.x) + 1)
    grid = InputGrid(little.x, little.step_labels, little.input_labels, steps, DARK)
    for moving, words, copies, sources in (
        (grid.list_names(), grid.words, grid.names, grid.first),
        (orders.reorder(), orders.words[0], orders.words[1], orders.order),
    ):
        moving.begin()
        for share in np.linspace(0.0, 1.0, 61):
            moving.interpolate(share)
            boxes = [[ink.corners[:, :2] for ink in inks] for inks in (words, copies)]
            for place, source in enumerate(sources):
                others = [*boxes[0][:source], *boxes[0][source + 1 :]]
                others += [*boxes[1][:place], *boxes[1][place + 1 :]]
                crossed = max(overlap_of_turned(boxes[1][place], other) for other in others)
                assert crossed < 0.01, (share, copies[place].text)


def test_only_the_steps_that_are_shown_and_not_the_last_are_turned_round(default_trace_of):
    trace = record_task("sentence", gap=6, epochs=1)
    both = load_scene("inputs").scene.experiments["reordered"](trace)
    kept = trace.steps - SHOWN
    x = trace.x[:, 0]
    turned = np.concatenate([x[:kept], x[kept:-1][::-1], x[-1:]])
    assert np.array_equal(both.x[:, 0], x)
    assert np.array_equal(both.x[:, 1], turned)
    np.testing.assert_allclose(both.h[0, 0, :, 1], states_by_hand(trace, turned), atol=1e-12)
    assert not both.has_gradients


def test_without_recurrence_order_does_not_matter(facts_of, default_trace_of):
    trace = default_trace_of("inputs")
    name = trace.parameter_name("weight_hh")
    still = variant(lambda _: {name: np.zeros_like(trace.W)})(trace)
    assert facts_of("inputs", still)["outcome"].startswith("The states at the end are the same")


def test_the_captions_of_inputs_that_are_not_one_hot(perform):
    trace = record_task("prices", epochs=1)
    seen = perform("inputs", lambda scene: (dict(scene.facts()), scene.picks), trace)
    facts, picks = seen["all_columns"]
    assert facts["picked"].startswith("Multiplying by $U$ adds up its columns")
    assert facts["again"] == "Equal inputs get equal numbers."
    made = trace.x[-SHOWN:, 0] @ trace.U.T
    assert colors(picks.results) == expected_colors(made.T, picks.limit)


def test_the_caption_names_the_repeated_word_of_the_default_sentence(perform):
    seen = perform("inputs", look)["all_columns"]
    facts, words = seen["facts"], seen["words"]
    assert len(set(words)) < len(words)
    assert facts["again"] == "The same word gets the same numbers each time."


def test_of_a_stack_the_layer_that_reads_the_inputs_is_shown(perform):
    trace = record_task("sentence", epochs=1, seed=1, layers=2)
    drawn = perform("inputs", lambda scene: (scene.picks.U, scene.trace.x), trace)["embedding"]
    np.testing.assert_array_equal(drawn[0], trace.parameters["rnn.weight_ih_l0"])
    np.testing.assert_array_equal(drawn[1], trace.x)

"""The scene 'feedforward': two sentences that differ in a word, without a loop and with it."""

from functools import cache

import numpy as np
import pytest
from often import often

from rnnviz.experiments.default_recordings import record_task
from rnnviz.experiments.windows import without_loop
from rnnviz.mobjects.numbers import number, percent
from rnnviz.mobjects.theme import DARK


@pytest.fixture(scope="module")
def prices():
    return record_task("prices", epochs=1, seed=1)


@pytest.fixture(scope="module")
def seen_of(perform):
    """What the scene shows of a trace, performed once for all tests."""
    return cache(lambda trace: perform("feedforward", look, trace))


@pytest.fixture(
    params=often(
        ["as recorded", "with another network", "prices"], ["with another network", "prices"]
    )
)
def trace(request, default_trace_of, changed_trace_of, prices):
    if request.param == "prices":
        return prices
    made = default_trace_of if request.param == "as recorded" else changed_trace_of
    return made("feedforward")


def run_by_hand(run, sequence, w):
    """h and y of a sequence from a zero state, in plain NumPy, with the weights of a run."""
    weights = {name: run.weight(name) for name in ("weight_ih", "bias_ih", "bias_hh")}
    state, states, answers = np.zeros(run.hidden_size), [], []
    for x in run.x[:, sequence]:
        into = weights["weight_ih"] @ x + weights["bias_ih"] + weights["bias_hh"]
        state = np.tanh(into + w @ state)
        output = run.parameters["fc.weight"] @ state + run.parameters["fc.bias"]
        if run.metadata.loss != "squared":
            output = np.exp(output) / np.exp(output).sum()
        states.append(state)
        answers.append(output)
    return np.array(states), np.array(answers)


def colors(mobjects):
    return [mobject.get_fill_color().to_hex() for mobject in mobjects]


def named_at(nodes, names):
    """Names by their nodes, if each stands below its own."""
    xs = [(node.get_x(), name.get_x()) for node, name in zip(nodes, names, strict=True)]
    assert np.ptp(np.diff(xs, axis=1)) < 1e-6
    return [name.text for name in names]


def look(scene):
    network = scene.network
    answers = getattr(scene, "answers", None)
    return {
        "experiments": scene.context.experiments,
        "part": network.part,
        "place": scene.place,
        "limit": network.limit,
        "input": colors(network.input),
        "hidden": colors(network.hidden),
        "output": colors(network.output),
        "back": colors(network.back) if hasattr(network, "back") else None,
        "answers": None if answers is None else answers.values,
        "bars": None if answers is None else [bar.height for bar in answers.bars],
        "numbers": None if answers is None else [text.text for text in answers.numbers],
        "inputs": named_at(network.input, network.input_names) if network.input_names else [],
        "row": [word.text for word in scene.row.words],
        "lit": sorted(line.carried for line in network.lit),
        "source": " ".join(ink.text for ink in scene.source.get_family() if hasattr(ink, "text")),
        "scale": hasattr(scene, "scale") and scene.scale in scene.mobjects,
        "facts": dict(scene.facts()),
    }


def test_only_the_loop_lets_an_earlier_input_change_the_answer(trace, seen_of):
    seen = seen_of(trace)
    plain, looped = (seen["loop"]["experiments"][name] for name in ("plain", "looped"))
    assert np.array_equal(plain.x, looped.x)
    differ = (plain.x[:, 0] != plain.x[:, 1]).any(axis=1)
    assert differ.sum() == 1
    assert differ.argmax() == seen["loop"]["place"] < trace.steps - 1
    assert np.array_equal(plain.y[-1, 0], plain.y[-1, 1])
    assert not np.array_equal(looped.y[-1, 0], looped.y[-1, 1])
    assert not plain.W.any()
    assert np.array_equal(looped.W, trace.W)
    for run in (plain, looped):
        for sequence in range(2):
            states, answers = run_by_hand(run, sequence, run.W)
            np.testing.assert_allclose(run.h[0, 0, :, sequence], states, atol=1e-12)
            np.testing.assert_allclose(run.y[:, sequence], answers, atol=1e-12)


def test_the_nodes_hold_what_ran(trace, seen_of):
    seen = seen_of(trace)
    plain, looped = (seen["loop"]["experiments"][name] for name in ("plain", "looped"))
    shown = {"last_word_alone": (plain, 0), "same_answer": (plain, 1)}
    shown |= {"with_loop": (looped, 0), "another_word": (looped, 1)}
    for beat, (run, sequence) in shown.items():
        screen = seen[beat]
        values = {
            "input": run.x[-1, sequence, screen["part"].inputs],
            "hidden": run.h[0, 0, -1, sequence, screen["part"].units],
            "output": run.y[-1, sequence, screen["part"].outputs],
        }
        if run is looped:
            values["back"] = run.h[0, 0, -2, sequence, screen["part"].units]
        for layer, wanted in values.items():
            expected = [DARK.shade("signed", value / screen["limit"]).to_hex() for value in wanted]
            assert screen[layer] == expected, (beat, layer)


def test_the_lit_lines_carry_weight_times_value(trace, seen_of):
    seen = seen_of(trace)
    screen = seen["with_loop"]
    run, part, limit = screen["experiments"]["looped"], screen["part"], screen["limit"]
    x, h = run.x[-1, 0], run.h[0, 0, :, 0]
    carried = np.concatenate(
        [
            (run.U * x)[np.ix_(part.units, part.inputs)].ravel(),
            (run.W * h[-2])[np.ix_(part.units, part.units)].ravel(),
            (run.V * h[-1])[np.ix_(part.outputs, part.units)].ravel(),
        ]
    )
    kept = np.sort(carried[np.abs(carried) >= 0.02 * limit])
    np.testing.assert_allclose(screen["lit"], kept, atol=1e-12)
    assert limit >= np.abs(carried).max()


def test_the_bars_are_the_answers(trace, seen_of):
    seen = seen_of(trace)
    write = number if trace.metadata.loss == "squared" else percent
    units = []
    shown = (("last_word_alone", "plain", 0), ("same_answer", "plain", 1))
    shown += (("with_loop", "looped", 0), ("another_word", "looped", 1))
    for beat, name, sequence in shown:
        screen = seen[beat]
        y = screen["experiments"][name].y[-1, sequence, screen["part"].outputs]
        assert np.array_equal(screen["answers"], y)
        assert screen["numbers"] == [write(float(value)) for value in y]
        heights = np.array(screen["bars"])
        tall = heights > 0.02
        units += list(heights[tall] / np.abs(y[tall]))
    np.testing.assert_allclose(units, units[0], rtol=1e-6)


def test_the_row_and_the_captions_tell_of_the_same_words(default_trace_of, seen_of):
    trace = default_trace_of("feedforward")
    seen = seen_of(trace)
    facts, words = seen["with_loop"]["facts"], list(trace.metadata.step_labels[0])
    assert (facts["word"], facts["other"], facts["last"]) == ("Beijing", "Paris", words[-1])
    assert seen["with_loop"]["row"] == words
    for beat in ("same_answer", "another_word"):
        assert seen[beat]["row"] == [*words[:3], "Paris", *words[4:]]
    labels = trace.metadata.output_labels
    ends = [seen["loop"]["experiments"]["looped"].y[-1, sequence] for sequence in range(2)]
    best = [f"{labels[int(y.argmax())]}, {percent(float(y.max()))}" for y in ends]
    assert facts["looped"] == best[0]
    assert facts["changed"] == f"now the answer is {best[1]}."
    assert [each.split(",")[0] for each in best] == ["Chinese", "French"]


def test_the_plain_network_was_trained_without_its_loop_and_only_guesses(default_trace_of, seen_of):
    trace = default_trace_of("feedforward")
    screen = seen_of(trace)["recurrent"]
    plain, score = (screen["experiments"][name] for name in ("plain", "score"))
    assert not np.allclose(plain.U, trace.U)
    assert np.abs(plain.y[-1] - 1 / 6).max() < 0.05
    found = without_loop(trace)
    assert (
        (score.with_loop, score.without)
        == (found.with_loop, found.without)
        == (
            1.0,
            pytest.approx(1 / 6, abs=0.05),
        )
    )
    verdict = screen["facts"]["verdict"]
    assert verdict.startswith("Trained with the loop, it gets 100% of new sentences right")
    assert found.without <= found.chance
    assert f"without it, {percent(found.without)}, no better than a guess: 17%." in verdict


def test_the_source_line_tells_the_network_without_a_loop(trace, seen_of):
    lines = {beat: screen["source"] for beat, screen in seen_of(trace).items()}
    plain = f"plain network with {trace.hidden_size} units, no loop"
    for beat in ("layers", "last_word_alone", "same_answer"):
        assert lines[beat].startswith(plain)
    for beat in ("task_first", "loop", "with_loop", "another_word"):
        assert lines[beat].startswith(f"RNN with {trace.hidden_size} units")


def test_the_colour_scale_is_there_while_there_are_colours(trace, seen_of):
    beats = {beat for beat, screen in seen_of(trace).items() if screen["scale"]}
    assert beats == {"last_word_alone", "same_answer", "with_loop", "another_word"}


def test_a_sentence_has_an_input_for_each_known_word(trace, seen_of):
    said = seen_of(trace)["layers"]["facts"]["inputs"]
    if trace.metadata.task == "sentence":
        assert len(trace.metadata.input_labels) == trace.input_size
        assert said == f"one input for each of {trace.input_size} known words"
    else:
        assert said == f"{trace.input_size} inputs"


def test_each_input_has_its_word_until_they_move_together(default_trace_of, seen_of):
    trace = default_trace_of("feedforward")
    seen = seen_of(trace)
    for beat in ("layers", "last_word_alone", "same_answer"):
        assert seen[beat]["inputs"] == list(trace.metadata.input_labels)
    assert seen["loop"]["inputs"] == []


def test_the_symbols_of_the_folded_network_are_named(perform):
    def texts(scene):
        parts = [part for one in scene.mobjects for part in one.get_family()]
        return {getattr(part, "text", "") for part in parts}

    for name, beat in (("feedforward", "recurrent"), ("unrolling", "loop")):
        shown = perform(name, texts)[beat]
        told = {"input at step $t$", "state", "output at step $t$", "$U$, $W$, $V$: weights"}
        assert told <= shown, name


def test_other_tasks_have_no_score(prices, seen_of):
    screen = seen_of(prices)["recurrent"]
    assert screen["experiments"]["score"] is None
    assert screen["facts"]["verdict"].startswith("Its state comes back")
    assert np.array_equal(screen["experiments"]["plain"].U, prices.U)


def test_the_source_line_counts_what_is_drawn_of_a_large_network(perform):
    trace = record_task("sentence", epochs=1, seed=1, hidden=40, gap=30)

    def sizes(scene):
        network = scene.network
        used = scene.looped.x[scene.steps].any(axis=(0, 1))
        drawn = set(network.part.inputs)
        said = [len(network.input), len(network.hidden), len(network.output)]
        return said, scene.notes(), set(np.flatnonzero(used)) <= drawn

    counts, notes, complete = perform("feedforward", sizes, trace)["with_loop"]
    assert counts == [12, 8, 6]
    assert complete
    assert notes[0].startswith("drawn: 12 inputs, 8 units")

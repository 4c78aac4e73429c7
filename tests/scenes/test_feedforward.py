"""The scene 'feedforward': one input twice, without and with feedback, as it really ran."""

from functools import cache

import numpy as np
import pytest

from rnnviz.experiments.default_recordings import record_task
from rnnviz.experiments.repeated_input import step_to_repeat
from rnnviz.mobjects.numbers import number, percent
from rnnviz.mobjects.theme import DARK
from rnnviz.recording import rerun


@pytest.fixture(scope="module")
def prices():
    return record_task("prices", epochs=1, seed=1)


@pytest.fixture(scope="module")
def seen_of(perform):
    """What the scene shows of a trace, performed once for all tests."""
    return cache(lambda trace: perform("feedforward", look, trace))


@pytest.fixture(params=["as recorded", "with another network", "prices"])
def trace(request, default_trace_of, changed_trace_of, prices):
    if request.param == "prices":
        return prices
    made = default_trace_of if request.param == "as recorded" else changed_trace_of
    return made("feedforward")


def answers_by_hand(trace, x, w):
    """h and y of the same input given twice, from a zero state, in plain NumPy."""
    weights = {name: trace.weight(name) for name in ("weight_ih", "bias_ih", "bias_hh")}
    state, states, answers = np.zeros(trace.hidden_size), [], []
    for _ in range(2):
        into = weights["weight_ih"] @ x + weights["bias_ih"] + weights["bias_hh"]
        state = np.tanh(into + w @ state)
        output = trace.parameters["fc.weight"] @ state + trace.parameters["fc.bias"]
        if trace.metadata.loss != "squared":
            output = np.exp(output) / np.exp(output).sum()
        states.append(state)
        answers.append(output)
    return np.array(states), np.array(answers)


def colors(mobjects):
    return [mobject.get_fill_color().to_hex() for mobject in mobjects]


def look(scene):
    network = scene.network
    return {
        "experiments": scene.context.experiments,
        "limit": network.limit,
        "input": colors(network.input),
        "hidden": colors(network.hidden),
        "output": colors(network.output),
        "back": colors(network.back) if hasattr(network, "back") else None,
        "answers": scene.outputs.values if hasattr(scene, "outputs") else None,
        "bars": [[bar.height for bar in bars] for bars in scene.outputs.bars]
        if hasattr(scene, "outputs")
        else None,
        "numbers": [[text.text for text in texts] for texts in scene.outputs.numbers]
        if hasattr(scene, "outputs")
        else None,
        "lit": sorted(line.carried for line in network.lit),
        "facts": dict(scene.facts()),
    }


def test_the_plain_network_repeats_its_output_and_the_loop_does_not(trace, seen_of):
    seen = seen_of(trace)
    plain, looped = (seen["loop"]["experiments"][name] for name in ("plain", "looped"))
    assert np.array_equal(plain.y[0], plain.y[1])
    assert np.array_equal(plain.h[:, :, 0], plain.h[:, :, 1])
    assert not np.allclose(looped.y[0], looped.y[1])
    np.testing.assert_allclose(looped.y[0], plain.y[0], rtol=1e-12)
    assert not looped.h0.any()
    for run, w in ((plain, np.zeros_like(trace.W)), (looped, trace.W)):
        assert np.array_equal(run.x[0], run.x[1])
        states, answers = answers_by_hand(trace, run.x[0, 0], w)
        np.testing.assert_allclose(run.h[0, 0, :, 0], states, atol=1e-12)
        np.testing.assert_allclose(run.y[:, 0], answers, atol=1e-12)


def test_the_nodes_hold_what_ran(trace, seen_of):
    seen = seen_of(trace)
    plain, looped = (seen["loop"]["experiments"][name] for name in ("plain", "looped"))
    shown = {"first_time": (plain, 0), "second_time": (plain, 1)}
    shown |= {"with_zeros": (looped, 0), "with_state": (looped, 1)}
    for beat, (run, time) in shown.items():
        screen = seen[beat]
        values = {
            "input": run.x[time, 0],
            "hidden": run.h[0, 0, time, 0],
            "output": run.y[time, 0],
        }
        for layer, wanted in values.items():
            expected = [DARK.signed(value / screen["limit"]).to_hex() for value in wanted]
            assert screen[layer] == expected, (beat, layer)
    states = looped.h[0, 0, 0, 0]
    limit = seen["with_state"]["limit"]
    assert seen["with_state"]["back"] == [DARK.signed(v / limit).to_hex() for v in states]
    assert seen["with_zeros"]["back"] == [DARK.signed(0.0).to_hex()] * trace.hidden_size


def test_the_lit_lines_carry_weight_times_value(trace, seen_of):
    seen = seen_of(trace)
    run = seen["loop"]["experiments"]["looped"]
    h, limit = run.h[0, 0, :, 0], seen["with_state"]["limit"]
    carried = np.concatenate(
        [(trace.U * run.x[1, 0]).ravel(), (trace.W * h[0]).ravel(), (trace.V * h[1]).ravel()]
    )
    kept = np.sort(carried[np.abs(carried) >= 0.02 * limit])
    np.testing.assert_allclose(seen["with_state"]["lit"], kept, atol=1e-12)
    assert limit >= np.abs(carried).max()


def test_the_bars_are_the_answers(trace, seen_of):
    seen = seen_of(trace)
    write = number if trace.metadata.loss == "squared" else percent
    for beat, name in (("second_time", "plain"), ("with_state", "looped")):
        screen = seen[beat]
        y = screen["experiments"][name].y[:, 0]
        assert np.array_equal(screen["answers"], y)
        assert screen["numbers"] == [[write(float(value)) for value in row] for row in y]
        heights = np.array(screen["bars"])
        tall = heights > 0.02
        ratios = heights[tall] / np.abs(y[tall])
        np.testing.assert_allclose(ratios, ratios[0], rtol=1e-6)


def test_the_repeated_input_is_the_one_whose_answer_changes_most(trace):
    changes = []
    for x in trace.x[:, 0]:
        _, answers = answers_by_hand(trace, x, trace.W)
        changes.append(np.abs(answers[1] - answers[0]).max())
    assert step_to_repeat(trace) == int(np.argmax(changes))


def test_the_captions_say_what_the_default_network_answers(default_trace_of, seen_of):
    trace = default_trace_of("feedforward")
    seen = seen_of(trace)
    facts = seen["with_state"]["facts"]
    step = step_to_repeat(trace)
    assert facts["word"] == trace.metadata.step_labels[0][step]
    _, answers = answers_by_hand(trace, trace.x[step, 0], trace.W)
    best = [trace.metadata.output_labels[int(y.argmax())] for y in answers]
    assert best[0] != best[1]
    assert facts["before"] == f"{best[0]}, {percent(float(answers[0].max()))}"
    assert facts["change"] == f"is {facts['now']}, no longer {facts['before']}"
    assert facts["now"].startswith(best[1])


def test_the_caption_of_an_output_that_does_not_change(default_trace_of, seen_of):
    trace = default_trace_of("feedforward")
    still = rerun(trace, {"rnn.weight_hh_l0": np.zeros_like(trace.W)})
    seen = seen_of(still)
    assert seen["with_state"]["facts"]["change"] == "changes too little to be read"


def test_the_source_line_counts_what_is_drawn_of_a_large_network(perform):
    trace = record_task("sentence", epochs=1, seed=1, hidden=40, gap=30)

    def sizes(scene):
        network = scene.network
        said = [len(network.input), len(network.hidden), len(network.output), network.given]
        return said, scene.notes()

    counts, notes = perform("feedforward", sizes, trace)["with_state"]
    assert counts[:3] == [min(12, trace.input_size), 8, 6]
    assert 0 <= counts[3] < counts[0]
    assert notes[0].startswith("drawn: 12 inputs, 8 units" if trace.input_size > 12 else "drawn: 8")

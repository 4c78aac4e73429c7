"""hidden-state shows the numbers of an LSTM's and a GRU's step, computed here from the weights."""

from decimal import Decimal

import numpy as np
import pytest

from rnnviz.experiments.default_recordings import record_task

NAME = "hidden-state"


@pytest.fixture(scope="module", params=["lstm", "gru"])
def trace(request):
    return record_task("sentence", epochs=2, seed=1, cell=request.param)


def look(scene):
    numbers, columns = scene.numbers, scene.board.columns
    written = {
        name: [ink.text for ink in column.matrix.numbers] for name, column in columns.items()
    }
    facts = dict(scene.facts())
    return numbers.step, numbers.units, written, facts


def sigmoid(values):
    return 1 / (1 + np.exp(-values))


def by_hand(trace, step):
    """What a step computes, by the names of the columns."""
    held = trace.parameters
    u, w = held["rnn.weight_ih_l0"], held["rnn.weight_hh_l0"]
    own, other = held["rnn.bias_ih_l0"], held["rnn.bias_hh_l0"]
    count = 4 if trace.metadata.cell == "lstm" else 3
    x, before = trace.x[step, 0], trace.h[0, 0, step - 1, 0]
    of_x, of_h = np.split(u @ x, count), np.split(w @ before, count)
    both = np.split(own + other, count)
    made = {"h_before": before}
    made |= {"from_input": of_x[1], "from_state": of_h[1], "b": both[1]}
    made["sum"] = of_x[1] + of_h[1] + both[1]
    if count == 4:
        i, f, g, q = (
            (np.tanh if gate == 2 else sigmoid)(of_x[gate] + of_h[gate] + both[gate])
            for gate in range(4)
        )
        c_before = trace.c[0, 0, step - 1, 0]
        c = f * c_before + i * g
        made |= {"f": f, "i": i, "g": g, "q": q, "c_before": c_before, "kept": f * c_before}
        return made | {"new": i * g, "c": c, "tanh_c": np.tanh(c), "h": q * np.tanh(c)}
    r, z = (sigmoid(of_x[gate] + of_h[gate] + both[gate]) for gate in range(2))
    of_input, of_state = of_x[2] + np.split(own, 3)[2], of_h[2] + np.split(other, 3)[2]
    n = np.tanh(of_input + r * of_state)
    made |= {"r": r, "z": z, "of_input": of_input, "of_state": of_state, "reset": r * of_state}
    made |= {"total": of_input + r * of_state, "n": n, "kept": z * before, "rest": 1 - z}
    return made | {"new": (1 - z) * n, "h": z * before + (1 - z) * n}


def two_decimals(values):
    return [f"{value:.2f}".replace("-", "−").replace("−0.00", "0.00") for value in values]


def test_every_column_has_the_numbers_of_the_step(trace, perform):
    seen = perform(NAME, look, trace)
    last = {"next_step", "so_on"}
    shown = set()
    for beat in set(seen) - last:
        step, units, columns, _ = seen[beat]
        expected = by_hand(trace, step)
        for name in set(columns) - {"x"}:
            assert columns[name] == two_decimals(expected[name][units]), (beat, name)
        shown |= set(columns)
    assert shown == set(expected) | {"x"}


def test_what_is_said_of_the_unit_adds_up_as_it_is_written(trace, perform):
    *_, facts = perform(NAME, look, trace)["so_on"]

    def told(name):
        return Decimal(facts[f"{name}_number"].replace("−", "-"))

    assert told("from_input") + told("from_state") + told("b") == told("sum")
    state = "c" if trace.c is not None else "h"
    assert told("kept") + told("new") == told(state)
    if state == "h":
        assert told("of_input") + told("reset") == told("total")


def test_the_next_steps_go_on_from_the_state(trace, perform):
    step, units, columns, facts = perform(NAME, look, trace)["next_step"]
    assert facts["step"] == str(step + 1)
    for name, states in (("h", trace.h), ("c", trace.c)):
        if states is None:
            continue
        for at in (step, step + 1):
            assert columns[f"{name}{at}"] == two_decimals(states[0, 0, at, 0, units])

"""hidden-state shows the recorded numbers of one step, and what it says of them is so."""

from decimal import Decimal

import numpy as np
import pytest
from often import NETWORKS
from rnnviz.scenes.hidden_state.step_numbers import MOST_UNITS, balanced_step

from rnnviz.experiments.default_recordings import record_task
from rnnviz.mobjects.numbers import decimals
from rnnviz.mobjects.theme import DARK

NAME = "hidden-state"


@pytest.fixture(scope="module", params=NETWORKS)
def trace(request, default_trace_of, changed_trace_of):
    return (default_trace_of if request.param == "as recorded" else changed_trace_of)(NAME)


@pytest.fixture(scope="module")
def performed(trace, perform):
    return perform(NAME, look, trace)


def written(grid):
    return [ink.text for ink in grid.numbers]


def two_decimals(values):
    return [f"{value:.2f}".replace("-", "−").replace("−0.00", "0.00") for value in np.ravel(values)]


def colors(grid):
    return [cell.get_fill_color().to_hex() for cell in grid.cells]


def expected_colors(values, limit):
    return [DARK.shade("signed", value / limit).to_hex() for value in np.ravel(values)]


def step_by_hand(trace, step):
    """x, h_before and all terms of a step, from the parameters alone."""
    held = trace.parameters
    x = trace.x[step, 0]
    before = np.zeros(trace.hidden_size) if step == 0 else trace.h[0, 0, step - 1, 0]
    from_input = held["rnn.weight_ih_l0"] @ x
    from_state = held["rnn.weight_hh_l0"] @ before
    b = held["rnn.bias_ih_l0"] + held["rnn.bias_hh_l0"]
    return x, before, from_input, from_state, b


def units_that_add_up(trace, before, from_input, from_state, b):
    """The units whose numbers add up as written: in both sums, else in the last one, else all."""

    def written_sum(values):
        return sum(Decimal(text.replace("−", "-")) for text in two_decimals(values))

    def is_right(terms, total):
        return written_sum(terms) == written_sum([total])

    units = range(trace.hidden_size)
    terms = [(from_input[i], from_state[i], b[i]) for i in units]
    last = [i for i in units if is_right(terms[i], sum(terms[i]))]
    both = [i for i in last if is_right(trace.W[i] * before, from_state[i])]
    return both or last or list(units)


def rest(scene):
    return [ink.text for ink in getattr(scene.step, "spelled", []) if hasattr(ink, "text")]


def look(scene):
    """What has been drawn of the step so far, as text and colours."""
    step = scene.step
    seen = {"step": scene.numbers.step, "limit": scene.limit, "facts": dict(scene.facts())}
    seen |= {
        name: written(getattr(step, name))
        for name in ("before", "from_input", "from_state", "b", "sum", "state")
    }
    seen |= {f"{name} cells": colors(getattr(step, name)) for name in ("U", "W", "x")}
    if hasattr(step, "products"):
        seen |= {"row": written(step.weights), "products": written(step.products)}
        seen["total"] = step.total.text
    if hasattr(step, "plane"):
        plane = step.plane
        low, high = plane.frame.get_start(), plane.frame.get_end()
        share = (np.array([dot.get_center() for dot in step.dots]) - low)[:, :2] / (high - low)[:2]
        ranges = np.array([plane.x_bounds, plane.y_bounds])
        rings = [ring.get_center() for ring in step.ends]
        seen["ringed"] = [
            [ink.text for ink in grid.numbers if abs(ink.get_y() - ring[1]) < 0.1]
            for grid, ring in zip((step.sum, step.state), rings, strict=True)
        ]
        seen["dots"] = ranges[:, 0] + share * (ranges[:, 1] - ranges[:, 0])
    if hasattr(scene, "picture"):
        picture = scene.picture
        seen["weights"] = tuple(map(id, picture.weights()))
        seen["weight colors"] = [colors(grid) for grid in picture.weights()]
        seen["vectors"] = [colors(grid) for grid in (picture.x, picture.before, picture.state)]
        seen["last"] = picture.numbers.step
        seen["word"] = picture.word.text
    return seen


def test_every_number_of_the_step_is_the_recorded_one(trace, performed):
    seen = performed
    end = seen["squash"]
    x, before, from_input, from_state, b = step_by_hand(trace, end["step"])
    assert end["before"] == two_decimals(before)
    assert end["from_input"] == two_decimals(from_input)
    assert end["from_state"] == two_decimals(from_state)
    assert end["b"] == two_decimals(b)
    total = from_input + from_state + b
    assert end["sum"] == two_decimals(total)
    assert end["state"] == two_decimals(np.tanh(total))
    np.testing.assert_allclose(np.tanh(total), trace.h[0, 0, end["step"], 0], atol=1e-6)
    np.testing.assert_allclose(end["dots"], np.stack([total, np.tanh(total)], axis=1), atol=1e-6)
    first = seen["two_meet"]
    assert end["ringed"] == [[end["facts"]["largest"]], [end["facts"]["squashed"]]]
    limit = end["limit"]
    drawn = (trace.U, trace.W, b, from_input, from_state, total, trace.x)
    assert limit == pytest.approx(max(1.0, *(np.abs(each).max() for each in drawn)))
    assert first["W cells"] == expected_colors(trace.W, limit)
    assert first["U cells"] == expected_colors(trace.U, limit)
    assert first["x cells"] == expected_colors(x, limit)


def test_the_unit_spelled_out_is_a_row_times_the_state(trace, performed):
    seen = performed["one_unit"]
    _, before, from_input, from_state, b = step_by_hand(trace, seen["step"])
    unit = int(seen["facts"]["unit"]) - 1
    assert seen["row"] == two_decimals(trace.W[unit])
    assert seen["products"] == two_decimals(trace.W[unit] * before)
    assert seen["total"] == two_decimals(from_state)[unit]
    smaller = np.minimum(abs(from_input), abs(from_state))
    chosen = units_that_add_up(trace, before, from_input, from_state, b)
    assert unit in chosen
    assert smaller[unit] == smaller[chosen].max()
    told = [seen["facts"][name] for name in ("from_input", "from_state", "bias", "sum")]
    terms = np.array([from_input[unit], from_state[unit], b[unit]])
    assert told == two_decimals([*terms, terms.sum()])


def test_the_step_is_the_one_where_both_products_matter_most(trace):
    smaller = []
    for step in range(1, trace.steps - 1):
        _, _, from_input, from_state, _ = step_by_hand(trace, step)
        smaller.append(min(np.linalg.norm(from_input), np.linalg.norm(from_state)))
    assert balanced_step(trace) == 1 + int(np.argmax(smaller))


def test_later_steps_have_the_same_weights_and_other_vectors(trace, performed):
    seen = performed
    one, first, last = (seen[name] for name in ("whole_step", "next_step", "so_on"))
    assert one["last"] == one["step"]
    assert one["weights"] == first["weights"]
    assert first["weights"] == last["weights"]
    assert first["last"] == first["step"] + 1
    assert last["last"] == min(trace.steps - 1, first["step"] + 4)
    for beat in (one, first, last):
        x, before, from_input, from_state, b = step_by_hand(trace, beat["last"])
        limit = beat["limit"]
        assert beat["weight colors"] == [
            expected_colors(each, limit) for each in (trace.U, trace.W, b)
        ]
        state = np.tanh(from_input + from_state + b)
        assert beat["vectors"] == [expected_colors(each, limit) for each in (x, before, state)]
        assert beat["word"] == trace.metadata.step_labels[0][beat["last"]]


def test_the_captions_claims_hold_on_the_default_recording(default_trace_of, perform):
    trace = default_trace_of(NAME)
    facts = perform(NAME, look)["two_meet"]["facts"]
    step = int(facts["step"]) - 1
    assert sorted(trace.x[step, 0])[-2:] == [0, 1]
    assert "picks one column" in facts["picked"]
    column = int(trace.x[step, 0].argmax())
    assert trace.metadata.input_labels[column] == trace.metadata.step_labels[0][step]
    np.testing.assert_array_equal(trace.U @ trace.x[step, 0], trace.U[:, column])
    sums = trace.preact[0, 0, step, 0, 0]
    largest = sums[np.abs(sums).argmax()]
    assert facts["largest"] == two_decimals([largest])[0]
    assert facts["squashed"] == two_decimals([np.tanh(largest)])[0]


def test_the_products_of_a_large_layer_are_complete(perform):
    trace = record_task("sentence", epochs=1, seed=1, hidden=40)
    seen = perform(NAME, lambda scene: (look(scene), rest(scene)), trace)
    end, _ = seen["add_up"]
    _, before, from_input, from_state, b = step_by_hand(trace, end["step"])
    moved = np.abs(np.diff(trace.h[0, 0, :, 0], axis=0)).sum(axis=0)
    shown = np.sort(np.argsort(-moved)[:MOST_UNITS])
    assert shown.tolist() != list(range(MOST_UNITS))
    assert end["from_state"] == two_decimals(from_state[shown])
    assert end["sum"] == two_decimals((from_input + from_state + b)[shown])
    unit = int(end["facts"]["unit"]) - 1
    assert unit in shown
    cut = trace.W[unit, shown] @ before[shown]
    assert abs(cut - from_state[unit]) > 0.01
    assert end["total"] == two_decimals(from_state)[unit]
    _, told = seen["one_unit"]
    assert f"32 more add {two_decimals([from_state[unit] - cut])[0]}" in told


def test_inputs_that_are_not_one_hot_pick_no_column(perform):
    trace = record_task("prices", epochs=1, seed=1)
    seen = perform(NAME, look, trace)["input_product"]
    assert "row of $U$" in seen["facts"]["picked"]
    _, _, from_input, _, _ = step_by_hand(trace, seen["step"])
    assert seen["from_input"] == two_decimals(from_input)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.294, "0.29"), (-0.494, "−0.49"), (-0.004, "0.00"), (9.996, "10.0"), (-123.4, "−123")],
)
def test_decimals(value, text):
    assert decimals(value) == text

"""Gates, their slopes, and what a cell keeps of itself."""

import dataclasses

import numpy as np
import pytest

from rnnviz import measure
from rnnviz.errors import TraceError

NAMES = {"rnn": ["h"], "gru": ["r", "z", "n"], "lstm": ["i", "f", "g", "o"]}


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def test_gates_and_slopes_are_those_of_the_pre_activations(study, places):
    trace = study.trace
    there = trace.mask
    for place in places(trace):
        gates = measure.gates(trace, **place)
        slopes = measure.gate_slopes(trace, **place)
        assert list(gates) == list(slopes) == NAMES[trace.metadata.cell]
        for at, name in enumerate(gates):
            preact = trace.preact[place["layer"], place["direction"], :, :, at]
            if trace.metadata.nonlinearity == "relu":
                value, slope = np.maximum(preact, 0), preact > 0
            elif name in "hng":
                value, slope = np.tanh(preact), 1 / np.cosh(preact) ** 2
            else:
                value, slope = sigmoid(preact), sigmoid(preact) * sigmoid(-preact)
            np.testing.assert_allclose(gates[name][there], value[there], rtol=1e-12, atol=1e-14)
            np.testing.assert_allclose(slopes[name][there], slope[there], rtol=1e-9, atol=1e-13)
            named = measure.activation_slope(trace, name, **place)
            np.testing.assert_array_equal(named, slopes[name])
            for values in (gates[name], slopes[name]):
                assert np.isnan(values[~there]).all()


def test_a_plain_rnn_needs_no_name(make_study):
    trace = make_study(lengths=(5, 3)).trace
    expected = np.where(trace.mask[..., None], 1 - trace.h[0, 0] ** 2, np.nan)
    np.testing.assert_allclose(measure.activation_slope(trace), expected, atol=1e-14)


def test_relu_is_open_or_shut(make_study):
    trace = make_study(relu=True, seed=1).trace
    slopes = measure.activation_slope(trace)
    np.testing.assert_array_equal(slopes, trace.preact[0, 0, :, :, 0] > 0)
    assert 0 < slopes.mean() < 1


@pytest.mark.parametrize(
    ("cell", "gate", "expected"),
    [
        ("gru", None, "no gate given; a GRU has r, z, n"),
        ("lstm", "z", "unknown gate 'z'; an LSTM has i, f, g, o"),
        ("rnn", "f", "unknown gate 'f'; an RNN has h"),
    ],
)
def test_a_gate_that_is_not_there_is_named(make_study, cell, gate, expected):
    with pytest.raises(TraceError, match=expected):
        measure.activation_slope(make_study(cell).trace, gate)


# --- the path through the cell ------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("lengths", [None, (5, 3)])
def test_the_path_is_a_product_of_what_each_step_keeps(make_study, places, cell, lengths):
    study = make_study(cell, layers=2, directions=2, lengths=lengths)
    trace = study.trace
    for place in places(trace):
        kept = trace.gates[place["layer"], place["direction"], :, :, 1]
        norms = measure.cell_path_norms(trace, **place)
        means = measure.cell_path_means(trace, **place)
        for step, sequence, k in np.ndindex(5, 2, 5):
            order = study.order(sequence, place["direction"])
            if k not in order or step not in order:
                expected = np.full(trace.cell_size, np.nan)
            elif order.index(k) > order.index(step):
                expected = np.zeros(trace.cell_size)
            else:
                between = order[order.index(k) + 1 : order.index(step) + 1]
                expected = np.prod(kept[between, sequence], axis=0)
            path = measure.cell_path(trace, step, **place)
            np.testing.assert_allclose(path[k, sequence], expected, rtol=1e-12)
            for got, of in ((norms, np.max), (means, np.mean)):
                np.testing.assert_allclose(got[step, k, sequence], of(expected), rtol=1e-12)


def test_with_no_recurrent_weights_the_path_is_all_that_reaches_back(make_study):
    """With W = 0 gates do not follow the state, so ∂h_t/∂h_k of a GRU is ∏ z_j alone."""
    trace = make_study("gru").trace
    name = trace.parameter_name("weight_hh")
    none = {**trace.parameters, name: np.zeros_like(trace.parameters[name])}
    alone = dataclasses.replace(trace, parameters=none)
    for step in range(5):
        path = measure.cell_path(alone, step)
        whole = measure.state_jacobians(alone, step)
        np.testing.assert_allclose(whole, path[..., None] * np.eye(3), atol=1e-14)
    norms = measure.state_jacobian_norms(alone)
    np.testing.assert_allclose(measure.cell_path_norms(alone), norms, atol=1e-14)


@pytest.mark.parametrize(
    "of",
    [
        lambda trace: measure.cell_path(trace, 0),
        measure.cell_path_norms,
        measure.cell_path_means,
    ],
)
def test_a_plain_rnn_has_no_such_path(make_study, of):
    with pytest.raises(TraceError, match="an RNN has no path through a cell state"):
        of(make_study().trace)

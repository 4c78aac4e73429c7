"""Fixed points of every cell, and cases in which they are known."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from rnnviz import measure
from rnnviz.errors import TraceError
from rnnviz.recording import record


def of_a_cell(study, layer, direction, x):
    """F of PyTorch's own cell in float64, from the state of a layer: (state) → (state)."""
    rnn = study.network.rnn
    hidden = rnn.proj_size or rnn.hidden_size
    single = getattr(nn, {"R": "RNN", "G": "GRU", "L": "LSTM"}[rnn.mode[0]])(
        len(x),
        rnn.hidden_size,
        **({"proj_size": rnn.proj_size} if rnn.proj_size else {}),
        **({"nonlinearity": rnn.nonlinearity} if rnn.mode.startswith("RNN") else {}),
        bias=rnn.bias,
    ).double()
    with torch.no_grad():
        for kind, value in study.weights(layer, direction).items():
            getattr(single, f"{kind}_l0").copy_(value)

    def step(state):
        given = torch.tensor(state)
        h = given[:hidden][None]
        held = (h, given[hidden:][None]) if rnn.mode == "LSTM" else h
        with torch.no_grad():
            _, after = single(torch.tensor(x)[None], held)
        return (
            np.concatenate([one[0].numpy() for one in after])
            if rnn.mode == "LSTM"
            else after[0].numpy()
        )

    return step


def slopes(function, at, by=1e-6):
    """The Jacobian by central differences."""
    return np.stack(
        [(function(at + by * one) - function(at - by * one)) / (2 * by) for one in np.eye(len(at))],
        axis=1,
    )


@given(data=st.data())
def test_a_fixed_point_stays_and_has_the_cells_jacobian(draw_study, draw_place, data):
    study = draw_study(data, relu=False, gradients=False)
    trace = study.trace
    place = draw_place(data, trace)
    features = trace.layer_input(place["layer"]).shape[-1]
    x = np.random.default_rng(data.draw(st.integers(0, 99), "input")).normal(size=features)
    found = measure.fixed_points(trace, x, **place)
    step = of_a_cell(study, **place, x=x)
    assert found.starts.sum() + found.lost == min(256, int(trace.mask.sum()))
    assert (np.diff(found.starts) <= 0).all()
    for at, state in enumerate(found.states):
        np.testing.assert_allclose(step(state), state, atol=1e-9 * (1 + np.linalg.norm(state)))
        around = slopes(step, state)
        np.testing.assert_allclose(found.jacobians[at], around, atol=1e-6)
        got, expected = found.eigenvalues[at], np.linalg.eigvals(around)
        for one in expected:
            assert np.abs(got - one).min() < 1e-3
        assert found.stable[at] == (np.abs(got).max() < 1)
    gaps = np.linalg.norm(found.states[:, None] - found.states, axis=-1)
    assert (gaps[np.triu_indices(len(gaps), 1)] > 1e-6).all()


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_a_contraction_has_one_that_every_start_leads_to(make_study, cell):
    study = make_study(cell, gain=0.3, batch=3)
    x = np.array([0.5, -1.0])
    found = measure.fixed_points(study.trace, x)
    assert found.states.shape[0] == 1
    assert found.starts.tolist() == [15]
    assert found.lost == 0
    assert found.stable.all()
    step, state = of_a_cell(study, 0, 0, x), np.zeros(found.states.shape[1])
    for _ in range(2000):
        state = step(state)
    np.testing.assert_allclose(found.states[0], state, atol=1e-11)
    assert found.residuals[0] < 1e-13


class Given(nn.Module):
    """h_t = tanh(W h_{t−1} + b), and o_t = h_t."""

    def __init__(self, w, b, nonlinearity="tanh"):
        super().__init__()
        size = len(b)
        self.rnn = nn.RNN(1, size, nonlinearity=nonlinearity).double()
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.zero_()
            self.rnn.weight_hh_l0.copy_(torch.tensor(w))
            self.rnn.bias_hh_l0.copy_(torch.tensor(b))

    def forward(self, x, state):
        return self.rnn(x, state)[0]


def recorded(model, start, steps=3):
    x, targets = torch.zeros(steps, 1, 1), torch.zeros(steps, 1, len(start))
    state = torch.tensor(start)[None, None]
    return record(model, x, targets, loss="squared", state=state, gradients=False)


def test_a_state_with_a_nilpotent_matrix_is_a_saddle():
    w = np.array([[8.0, 8.0], [-8.0, -8.0]])
    at = np.array([0.0, 0.5])
    trace = recorded(Given(w, np.arctanh(at) - w @ at), at + 1e-3)
    found = measure.fixed_points(trace, starts=at[None] + 1e-4)
    np.testing.assert_allclose(found.states, at[None], atol=1e-12)
    np.testing.assert_allclose(found.jacobians[0], [[8, 8], [-6, -6]], atol=1e-10)
    np.testing.assert_allclose(found.eigenvalues[0], [2, 0], atol=1e-10)
    assert not found.stable[0]


def test_a_switch_has_two_stable_states_and_one_between():
    """h = tanh(2 h): 0 with slope 2, and ±h* with 2 (1 − h*²) < 1."""
    trace = recorded(Given(np.array([[2.0]]), np.zeros(1)), np.array([0.3]))
    starts = np.linspace(-1, 1, 9)[:, None]
    found = measure.fixed_points(trace, starts=starts)
    far = 1.0
    for _ in range(200):
        far = np.tanh(2 * far)
    np.testing.assert_allclose(np.sort(found.states[:, 0]), [-far, 0, far], atol=1e-12)
    assert found.starts.sum() == 9
    for state, stable, value in zip(
        found.states[:, 0], found.stable, found.eigenvalues[:, 0], strict=True
    ):
        assert stable == (abs(state) > 0.5)
        assert value == pytest.approx(2 * (1 - state**2), abs=1e-10)


def test_where_there_is_none_every_start_is_lost():
    """relu(h + 1) is always greater than h by 1, and its slope I − J is singular."""
    trace = recorded(Given(np.eye(2), np.ones(2), "relu"), np.zeros(2))
    found = measure.fixed_points(trace)
    assert found.states.shape == (0, 2)
    assert found.jacobians.shape == (0, 2, 2)
    assert found.eigenvalues.shape == (0, 2)
    assert found.stable.shape == (0,)
    assert found.lost == 3


def test_every_state_of_the_identity_is_fixed():
    trace = recorded(Given(np.eye(2), np.zeros(2), "relu"), np.ones(2))
    starts = np.array([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0]])
    found = measure.fixed_points(trace, starts=starts)
    np.testing.assert_array_equal(found.states, starts[:2])
    np.testing.assert_array_equal(found.starts, [2, 1])
    np.testing.assert_array_equal(found.residuals, 0.0)


def test_starts_are_recorded_states_evenly_taken(make_study):
    trace = make_study("lstm", lengths=(5, 3)).trace
    all_count = {"iterations": 0, "tolerance": np.inf, "apart": 0.0}
    states = np.concatenate([trace.h[0, 0], trace.c[0, 0]], axis=-1)
    found = measure.fixed_points(trace, **all_count)
    np.testing.assert_array_equal(found.states, states[trace.mask])
    found = measure.fixed_points(trace, most_starts=2, **all_count)
    np.testing.assert_array_equal(found.states, states[[0, 4], [0, 0]])


def test_many_starts_are_taken_a_few_at_a_time(make_study, monkeypatch):
    trace = make_study("gru").trace
    whole = measure.fixed_points(trace)
    monkeypatch.setattr("rnnviz.measure.dynamics._BLOCK", 20)
    few = measure.fixed_points(trace)
    np.testing.assert_allclose(few.states, whole.states, atol=1e-12)
    np.testing.assert_array_equal(few.starts, whole.starts)


def test_arguments_that_do_not_fit_are_refused(make_study):
    trace = make_study("lstm").trace
    with pytest.raises(TraceError, match=r"starts must be \(start, 6\), got \(5, 3\)"):
        measure.fixed_points(trace, starts=np.zeros((5, 3)))
    with pytest.raises(TraceError, match=r"2 finite numbers, got \(3,\)"):
        measure.fixed_points(trace, np.zeros(3))
    with pytest.raises(TraceError, match="most_starts must be 1 or more, got 0"):
        measure.fixed_points(trace, most_starts=0)
    with pytest.raises(TraceError, match="there is no layer 1"):
        measure.fixed_points(trace, layer=1)

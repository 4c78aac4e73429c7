import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from rnnviz import measure
from rnnviz.errors import TraceError
from rnnviz.recording import record

SIZES = {
    "steps": st.integers(1, 7),
    "batch": st.integers(1, 3),
    "hidden": st.integers(1, 6),
    "seed": st.integers(0, 1000),
}


def autograd_weight_terms(model, x, targets):
    """∂L_t/∂W_s for all pairs, by autograd with one copy of W a step: (t, s, hidden, hidden)."""
    rnn = model.rnn
    copies = [rnn.weight_hh_l0.detach().clone().requires_grad_(True) for _ in x]
    state = x.new_zeros(x.shape[1], rnn.hidden_size)
    losses = []
    for x_t, target, w in zip(x, targets, copies, strict=True):
        state = torch.tanh(
            functional.linear(x_t, rnn.weight_ih_l0, rnn.bias_ih_l0)
            + functional.linear(state, w, rnn.bias_hh_l0)
        )
        losses.append(functional.cross_entropy(model.fc(state), target, reduction="sum"))
    rows = [
        torch.autograd.grad(
            one, copies, retain_graph=True, allow_unused=True, materialize_grads=True
        )
        for one in losses
    ]
    return np.array([[term.numpy() for term in row] for row in rows])


# --- against autograd and numpy -----------------------------------------------------------------


def test_weight_gradients_by_step_are_autograds(make_case, make_trace):
    expected = autograd_weight_terms(*make_case()).sum(axis=0)
    got = measure.weight_gradients(make_trace())
    assert got.shape == (6, 5, 5)
    np.testing.assert_allclose(got, expected, atol=1e-13)


def test_weight_gradient_norms_are_those_of_autograds_matrices(make_case, make_trace):
    expected = np.linalg.norm(autograd_weight_terms(*make_case(batch=1)), axis=(-2, -1))
    got = measure.weight_gradient_norms(make_trace(batch=1))
    assert got.shape == (6, 6, 1)
    np.testing.assert_allclose(got[..., 0], expected, atol=1e-13)


def test_gradient_norms_are_norms_over_the_units(make_trace):
    trace = make_trace()
    got = measure.gradient_norms(trace)
    assert got.shape == (6, 6, 2)
    for t, k, n in np.ndindex(got.shape):
        squares = sum(float(g) ** 2 for g in trace.grad_h_by_loss[t, 0, 0, k, n])
        assert got[t, k, n] == pytest.approx(squares**0.5, abs=1e-15)


def test_jacobian_norms_are_largest_singular_values(make_trace):
    trace = make_trace()
    got = measure.jacobian_norms(trace)
    assert got.shape == (6, 2)
    for t, n in np.ndindex(got.shape):
        gram = trace.jacobian[0, 0, t, n].T @ trace.jacobian[0, 0, t, n]
        assert got[t, n] == pytest.approx(np.linalg.eigvalsh(gram).max() ** 0.5)


def test_saturation_is_the_slope_of_tanh(make_trace):
    trace = make_trace()
    slope = 1 / np.cosh(trace.preact[0, 0, :, :, 0]) ** 2
    np.testing.assert_allclose(measure.saturation(trace), slope, atol=1e-14)


def test_states_before_start_with_h0(make_trace):
    trace = make_trace(given_h0=True)
    before = measure.states_before(trace)
    np.testing.assert_array_equal(before[0], trace.h0[0, 0])
    np.testing.assert_array_equal(before[1:], trace.h[0, 0, :-1])


# --- identities ---------------------------------------------------------------------------------


@given(**SIZES)
def test_weight_gradients_by_step_add_up_to_autograds(make_trace, **sizes):
    trace = make_trace(given_h0=True, **sizes)
    expected = trace.gradients["rnn.weight_hh_l0"]
    scale = max(1.0, np.abs(expected).max())
    np.testing.assert_allclose(
        measure.weight_gradients(trace).sum(axis=0), expected, rtol=0, atol=1e-13 * scale
    )


@given(**SIZES)
def test_a_gradient_never_grows_by_more_than_the_jacobians_norm(make_trace, **sizes):
    trace = make_trace(**sizes)
    norms, bounds = measure.gradient_norms(trace), measure.jacobian_norms(trace)
    for t in range(trace.steps):
        for k in range(t):
            assert (norms[t, k] <= bounds[k + 1] * norms[t, k + 1] * (1 + 1e-12)).all()


@given(**SIZES)
def test_the_weights_norm_and_the_slopes_bound_each_jacobian(make_trace, **sizes):
    trace = make_trace(**sizes)
    slopes = measure.saturation(trace).max(axis=-1)
    bound = slopes * measure.spectral_norm(trace.W)
    assert (measure.jacobian_norms(trace) <= bound * (1 + 1e-12)).all()
    assert measure.spectral_radius(trace.W) <= measure.spectral_norm(trace.W) * (1 + 1e-12)


@given(**SIZES)
def test_no_term_is_later_than_its_loss(make_trace, **sizes):
    trace = make_trace(given_h0=True, **sizes)
    later = np.triu_indices(trace.steps, 1)
    assert not measure.gradient_norms(trace)[later].any()
    assert not measure.weight_gradient_norms(trace)[later].any()


@given(**SIZES)
def test_shares_by_lag_are_a_whole(make_trace, **sizes):
    trace = make_trace(given_h0=True, **sizes)
    shares = measure.weight_gradient_share_by_lag(trace)
    assert shares.shape == (trace.steps,)
    assert (shares >= 0).all()
    assert shares.sum() == pytest.approx(1)


def test_shares_by_lag_count_each_pair_at_its_lag(make_trace):
    trace = make_trace(given_h0=True)
    norms = measure.weight_gradient_norms(trace)
    by_lag = np.zeros(trace.steps)
    for t, s, n in np.ndindex(norms.shape):
        if s <= t:
            by_lag[t - s] += norms[t, s, n]
    np.testing.assert_allclose(
        measure.weight_gradient_share_by_lag(trace), by_lag / by_lag.sum(), atol=1e-14
    )


# --- cases with a known answer ------------------------------------------------------------------


class Given(nn.Module):
    """h_t = tanh(W h_{t−1} + b) from a given h_0, and o_t = h_t."""

    def __init__(self, w, b, h0):
        super().__init__()
        size = len(b)
        self.rnn = nn.RNN(1, size).double()
        self.fc = nn.Linear(size, size).double()
        self.register_buffer("h0", torch.tensor(h0)[None, None])
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.zero_()
            self.rnn.weight_hh_l0.copy_(torch.tensor(w))
            self.rnn.bias_hh_l0.copy_(torch.tensor(b))
            self.fc.weight.copy_(torch.eye(size))

    def forward(self, x):
        return self.fc(self.rnn(x, self.h0)[0])


def products_back(trace):
    """‖∂h_T/∂h_{T−l}‖₂ for l = 1, 2, …"""
    norms, product = [], np.eye(trace.hidden_size)
    for jacobian in trace.jacobian[0, 0, ::-1, 0]:
        product = product @ jacobian
        norms.append(np.linalg.norm(product, ord=2))
    return np.array(norms)


def test_a_spectral_radius_of_zero_still_explodes():
    w = np.array([[8.0, 8.0], [-8.0, -8.0]])
    fixed = np.array([0.0, np.arctanh(0.5)])
    model = Given(w, fixed - w @ np.tanh(fixed), np.tanh(fixed))
    trace = record(model, torch.zeros(12, 1, 1), torch.ones(12, 1, 2), loss="squared")

    np.testing.assert_allclose(trace.h[0, 0, :, 0], np.tile(np.tanh(fixed), (12, 1)), atol=1e-10)
    assert measure.spectral_radius(w) < 1e-6
    assert measure.spectral_norm(w) == pytest.approx(16)
    np.testing.assert_allclose(products_back(trace), np.sqrt(200) * 2.0 ** np.arange(12), rtol=1e-9)
    norms = measure.gradient_norms(trace)[-1, :, 0]
    np.testing.assert_allclose(norms[:-2] / norms[1:-1], 2.0, rtol=1e-9)


@pytest.mark.parametrize("scale", [0.9, 1.0, 1.1])
def test_a_scaled_orthogonal_matrix_shrinks_by_its_scale_a_step(scale):
    """At zero states tanh is linear, so ‖∂h_T/∂h_{T−50}‖ = s⁵⁰."""
    turn, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(6, 6)))
    model = Given(scale * turn, np.zeros(6), np.zeros(6))
    trace = record(model, torch.zeros(50, 1, 1), torch.ones(50, 1, 6), loss="squared")

    np.testing.assert_allclose(products_back(trace)[-1], scale**50, rtol=1e-12)
    np.testing.assert_allclose(measure.jacobian_norms(trace), scale, rtol=1e-12)
    norms = measure.gradient_norms(trace)[-1, :, 0]
    np.testing.assert_allclose(norms, norms[-1] * scale ** np.arange(49, -1, -1.0), rtol=1e-12)
    factor, _ = measure.log_line(norms[::-1])
    assert factor == pytest.approx(scale)


def test_a_summed_gradient_outlives_each_far_term():
    """It holds few Jacobians in its near terms; the far steps' share is what vanishes."""
    model = Given(0.5 * np.eye(3), np.full(3, 0.1), np.full(3, 0.5))
    trace = record(model, torch.zeros(20, 1, 1), torch.ones(20, 1, 3), loss="squared")
    assert np.linalg.norm(trace.gradients["rnn.weight_hh_l0"]) > 0.1
    assert measure.weight_gradient_share_by_lag(trace)[-1] < 1e-6
    assert measure.gradient_norms(trace)[-1, 0, 0] < 1e-5


def test_an_exact_power_is_a_straight_line_on_a_logarithmic_axis():
    values = 3.0 * 0.7 ** np.arange(9)
    factor, offset = measure.log_line(values)
    assert factor == pytest.approx(0.7)
    assert offset == pytest.approx(np.log(3.0))
    assert measure.steadiness(values) == pytest.approx(1.0)


def test_zeros_are_left_out_of_a_line_with_their_places():
    values = np.array([1.0, 0.0, 0.25, 0.0, 0.0625])
    assert measure.log_line(values) == (pytest.approx(0.5), pytest.approx(0.0, abs=1e-12))
    with pytest.raises(TraceError, match="fewer than two"):
        measure.log_line(np.array([1.0, 0.0]))


def test_steadiness_falls_where_a_line_explains_little():
    assert measure.steadiness(np.array([1.0, 2.0, 1.0, 2.0, 1.0])) < 0.1


def test_lags_are_counted_until_they_hold_the_part():
    shares = np.array([0.5, 0.25, 0.125, 0.125])
    assert [measure.lags_holding(shares, part) for part in (0.4, 0.5, 0.6, 0.75, 0.8, 1.0)] == [
        1, 1, 2, 2, 3, 4,
    ]  # fmt: skip


# --- what cannot be measured --------------------------------------------------------------------


@pytest.mark.parametrize(
    "of",
    [
        measure.gradient_norms,
        measure.weight_gradients,
        measure.weight_gradient_norms,
        measure.weight_gradient_share_by_lag,
    ],
)
def test_a_trace_without_gradients_says_how_to_get_them(make_trace, of):
    with pytest.raises(TraceError, match=r"has no gradients, which .* needs; record it again"):
        of(make_trace(gradients=False))


def test_no_term_has_a_share_of_nothing(make_trace):
    trace = make_trace()
    none = dataclasses.replace(trace, grad_h_by_loss=np.zeros_like(trace.grad_h_by_loss))
    with pytest.raises(TraceError, match=r"all terms of ∂L/∂W are zero"):
        measure.weight_gradient_share_by_lag(none)


# --- known faults, kept here until they are mended ----------------------------------------------


def test_all_lags_hold_the_whole():
    assert measure.lags_holding(np.full(10, 0.1), 1.0) == 10

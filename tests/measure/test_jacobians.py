"""One-step Jacobians, their products, the bound on them, and what W says and does not say."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from rnnviz import measure
from rnnviz.errors import TraceError
from rnnviz.recording import record

# --- against loops ------------------------------------------------------------------------------


def check_products(study, place, sequence):
    trace = study.trace
    order = study.order(sequence, place["direction"])
    norms = measure.state_jacobian_norms(trace, **place)
    for at, step in enumerate(order):
        products = measure.state_jacobians(trace, step, **place)[:, sequence]
        values = measure.state_jacobian_singular_values(trace, step, **place)[:, sequence]
        for k in range(trace.steps):
            if k not in order:
                expected = np.full_like(products[k], np.nan)
            elif order.index(k) > at:
                expected = np.zeros_like(products[k])
            else:
                expected = study.state_by_state(**place, sequence=sequence, step=step, before=k)
            one = measure.state_jacobian(trace, step, k, **place)[sequence]
            for got in (products[k], one):
                np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(norms[step, k, sequence], values[k, 0], atol=1e-12)
            if k in order:
                gram = np.linalg.eigvalsh(expected.T @ expected)[::-1]
                np.testing.assert_allclose(values[k] ** 2, gram, rtol=1e-9, atol=1e-12)
            else:
                assert np.isnan(values[k]).all()
        start = study.state_by_state(**place, sequence=sequence, step=step, before=None)
        got = measure.state_jacobian(trace, step, None, **place)[sequence]
        np.testing.assert_allclose(got, start, rtol=1e-9, atol=1e-12)


def test_products_are_those_of_running_on_from_a_state(study, places):
    for place in places(study.trace):
        check_products(study, place, sequence=2)


@given(data=st.data())
def test_products_are_those_of_running_on_in_any_network(draw_study, draw_place, data):
    study = draw_study(data)
    check_products(study, draw_place(data, study.trace), sequence=0)


@given(data=st.data())
def test_products_carry_the_gradient_of_one_loss_back(draw_study, data):
    """∂L_t/∂h_k = (∂h_t/∂h_k)ᵀ ∂L_t/∂h_t in the top layer, in the direction that the head reads."""
    trace = draw_study(data, head="steps").trace
    top = trace.layers - 1
    for direction in range(trace.directions):
        table = trace.grad_h_by_loss[:, top, direction]
        for step in range(trace.steps):
            products = measure.state_jacobians(trace, step, layer=top, direction=direction)
            made = np.einsum("kbij,bi->kbj", np.nan_to_num(products), table[step, step])
            np.testing.assert_allclose(made, table[step], rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_a_step_that_does_not_exist_has_no_products(make_study, cell):
    study = make_study(cell, directions=2, lengths=(5, 3))
    trace = study.trace
    for direction in (0, 1):
        place = {"direction": direction}
        products = measure.state_jacobians(trace, 4, **place)
        assert np.isfinite(products[:, 0]).all()
        assert np.isnan(products[:, 1]).all()
        start = measure.state_jacobian(trace, 4, None, **place)
        assert np.isfinite(start[0]).all()
        assert np.isnan(start[1]).all()
        norms = measure.state_jacobian_norms(trace, **place)
        assert np.isnan(norms[3:, :, 1]).all()
        assert np.isnan(norms[:, 3:, 1]).all()


def test_jacobian_norms_are_largest_singular_values(make_study):
    trace = make_study("lstm", layers=2, directions=2, lengths=(5, 3)).trace
    for layer, direction in np.ndindex(2, 2):
        got = measure.jacobian_norms(trace, layer=layer, direction=direction)
        for t, n in np.ndindex(got.shape):
            one = trace.jacobian[layer, direction, t, n]
            expected = np.linalg.eigvalsh(one.T @ one).max() ** 0.5 if trace.mask[t, n] else np.nan
            assert got[t, n] == pytest.approx(expected, rel=1e-9, nan_ok=True)


# --- bounds -------------------------------------------------------------------------------------


@given(data=st.data())
def test_no_product_of_a_plain_rnn_exceeds_its_bound(draw_study, draw_place, data):
    trace = draw_study(data, cell="rnn").trace
    place = draw_place(data, trace)
    norms = measure.state_jacobian_norms(trace, **place)
    bounds = measure.state_jacobian_bounds(trace, **place)
    there = ~np.isnan(norms)
    wide = np.broadcast_to(bounds[..., None], norms.shape)
    assert (norms[there] <= wide[there] * (1 + 1e-12)).all()
    weight = trace.weight("weight_hh", **place)
    sigma = np.linalg.svd(weight, compute_uv=False)[0]
    t, k = (trace.steps - 1, 0) if place["direction"] == 0 else (0, trace.steps - 1)
    assert bounds[t, k] == pytest.approx(sigma ** (trace.steps - 1))
    assert trace.steps == 1 or bounds[k, t] == 0


@given(data=st.data())
def test_the_weights_norm_and_the_slopes_bound_each_jacobian(draw_study, draw_place, data):
    trace = draw_study(data, cell="rnn").trace
    place = draw_place(data, trace)
    sigma = measure.spectral_norm(measure.recurrent_weights(trace, **place)["h"])
    norms = measure.jacobian_norms(trace, **place)
    bound = measure.activation_slope(trace, **place).max(axis=-1) * sigma
    assert (norms[trace.mask] <= bound[trace.mask] * (1 + 1e-12)).all()


@given(data=st.data())
def test_a_gradient_never_grows_by_more_than_the_jacobians_norm(draw_study, data):
    trace = draw_study(data, cell="rnn", head="steps", directions=1, lengths=None).trace
    top = trace.layers - 1
    norms = measure.gradient_norms(trace, layer=top)
    bounds = measure.jacobian_norms(trace, layer=top)
    for t in range(trace.steps):
        for k in range(t):
            assert (norms[t, k] <= bounds[k + 1] * norms[t, k + 1] * (1 + 1e-12)).all()


def test_gated_cells_have_no_such_bound(make_study):
    with pytest.raises(TraceError, match=r"is that of a plain RNN, got a GRU"):
        measure.state_jacobian_bounds(make_study("gru").trace)


# --- products beyond the range of floating point ------------------------------------------------


@pytest.mark.parametrize("gain", [1e-30, 1e30])
def test_products_that_leave_the_range_of_float64_are_0_or_infinite(gain):
    """At zero states tanh is linear, so each step back multiplies by the gain."""
    trace = _recorded(Given(np.array([[gain]]), np.zeros(1), np.zeros(1)), 14, 1, gradients=False)
    norms = measure.state_jacobian_norms(trace)[-1, ::-1, 0]
    np.testing.assert_allclose(norms[:10], gain ** np.arange(10.0), rtol=1e-12)
    assert norms[-1] == (0.0 if gain < 1 else np.inf)
    assert measure.state_jacobian_bounds(trace)[-1, 0] == norms[-1]


def test_singular_values_of_a_product_that_is_not_finite_are_refused():
    trace = _recorded(Given(1e30 * np.eye(2), np.zeros(2), np.zeros(2)), 14, 2, gradients=False)
    with pytest.raises(TraceError, match="too large for float64 at step 13"):
        measure.state_jacobian_singular_values(trace, 13)


# --- cases with a known answer ------------------------------------------------------------------


class Given(nn.Module):
    """h_t = tanh(W h_{t−1} + b), or relu, from a given h_0, and o_t = h_t."""

    def __init__(self, w, b, h0, nonlinearity="tanh"):
        super().__init__()
        size = len(b)
        self.rnn = nn.RNN(1, size, nonlinearity=nonlinearity).double()
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


def _recorded(model, steps, size, **options):
    x, targets = torch.zeros(steps, 1, 1), torch.ones(steps, 1, size)
    return record(model, x, targets, loss="squared", **options)


def back_from_the_end(trace):
    """‖∂h_T/∂h_{T−l}‖₂ for l = 1, 2, … and, last of all, by h_0."""
    norms = measure.state_jacobian_norms(trace)[-1, :-1, 0][::-1]
    start = measure.state_jacobian(trace, trace.steps - 1, None)[0]
    return np.append(norms, measure.spectral_norm(start))


def test_a_spectral_radius_of_zero_still_explodes():
    w = np.array([[8.0, 8.0], [-8.0, -8.0]])
    fixed = np.array([0.0, np.arctanh(0.5)])
    trace = _recorded(Given(w, fixed - w @ np.tanh(fixed), np.tanh(fixed)), 12, 2)

    np.testing.assert_allclose(trace.h[0, 0, :, 0], np.tile(np.tanh(fixed), (12, 1)), atol=1e-10)
    assert measure.spectral_radius(w) < 1e-6
    assert measure.spectral_norm(w) == pytest.approx(16)
    assert (np.abs(measure.eigenvalues(w)) < 1e-6).all()
    np.testing.assert_allclose(
        back_from_the_end(trace), np.sqrt(200) * 2.0 ** np.arange(12), rtol=1e-9
    )
    norms = measure.gradient_norms(trace)[-1, :, 0]
    np.testing.assert_allclose(norms[:-2] / norms[1:-1], 2.0, rtol=1e-9)


@pytest.mark.parametrize("scale", [0.9, 1.0, 1.1])
def test_a_scaled_orthogonal_matrix_shrinks_by_its_scale_a_step(scale):
    """At zero states tanh is linear, so ‖∂h_T/∂h_{T−50}‖ = s⁵⁰."""
    turn, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(6, 6)))
    trace = _recorded(Given(scale * turn, np.zeros(6), np.zeros(6)), 50, 6)

    np.testing.assert_allclose(back_from_the_end(trace)[-1], scale**50, rtol=1e-12)
    np.testing.assert_allclose(measure.jacobian_norms(trace), scale, rtol=1e-12)
    norms = measure.gradient_norms(trace)[-1, :, 0]
    np.testing.assert_allclose(norms, norms[-1] * scale ** np.arange(49, -1, -1.0), rtol=1e-12)
    factor, _ = measure.log_line(norms[::-1])
    assert factor == pytest.approx(scale)


def test_a_summed_gradient_outlives_each_far_term():
    """It holds few Jacobians in its near terms; the far steps' share is what vanishes."""
    trace = _recorded(Given(0.5 * np.eye(3), np.full(3, 0.1), np.full(3, 0.5)), 20, 3)
    assert np.linalg.norm(trace.gradients["rnn.weight_hh_l0"]) > 0.1
    assert measure.weight_gradient_share_by_lag(trace)[-1] < 1e-6
    assert measure.gradient_norms(trace)[-1, 0, 0] < 1e-5


@pytest.mark.parametrize("scale", [0.9, 1.0, 1.05])
def test_a_relu_network_in_its_linear_range_has_equal_singular_values(scale):
    """W = s · a permutation keeps positive states positive, so relu is the identity."""
    turn = np.eye(5)[[2, 0, 1, 4, 3]]
    trace = _recorded(Given(scale * turn, np.zeros(5), np.linspace(1, 2, 5), "relu"), 51, 5)

    assert (trace.h > 0).all()
    np.testing.assert_array_equal(measure.activation_slope(trace), 1.0)
    values = measure.state_jacobian_singular_values(trace, 50)[0, 0]
    np.testing.assert_allclose(values, scale**50, rtol=1e-12)
    lags = np.subtract.outer(np.arange(51), np.arange(51))
    expected = np.where(lags >= 0, float(scale) ** np.maximum(lags, 0), 0.0)
    np.testing.assert_allclose(measure.state_jacobian_norms(trace)[..., 0], expected, rtol=1e-12)
    np.testing.assert_allclose(measure.state_jacobian_bounds(trace), expected, rtol=1e-12)
    np.testing.assert_allclose(np.abs(measure.eigenvalues(scale * turn)), scale, rtol=1e-12)


# --- matrices -----------------------------------------------------------------------------------


@given(st.integers(1, 6), st.integers(0, 1000))
def test_eigenvalues_come_the_largest_first_and_solve_the_polynomial(size, seed):
    matrix = np.random.default_rng(seed).normal(size=(size, size))
    values = measure.eigenvalues(matrix)
    sizes = np.abs(values)
    assert (sizes[:-1] >= sizes[1:]).all()
    expected = np.sort_complex(np.roots(np.poly(matrix)))
    np.testing.assert_allclose(np.sort_complex(values), expected, rtol=1e-5, atol=1e-5)
    assert measure.spectral_radius(matrix) == pytest.approx(sizes.max())
    assert measure.spectral_radius(matrix) <= measure.spectral_norm(matrix) * (1 + 1e-12)


def test_of_a_pair_the_upper_comes_first():
    np.testing.assert_allclose(measure.eigenvalues(np.array([[0.0, -2.0], [2.0, 0.0]])), [2j, -2j])


def test_each_gate_has_its_own_recurrent_matrix(make_study):
    study = make_study("lstm", layers=2, directions=2, projection=2)
    blocks = measure.recurrent_weights(study.trace, layer=1, direction=1)
    assert list(blocks) == ["i", "f", "g", "o"]
    whole = study.network.rnn.weight_hh_l1_reverse.detach().numpy()
    np.testing.assert_array_equal(np.concatenate(list(blocks.values())), whole)
    assert blocks["f"].shape == (3, 2)
    with pytest.raises(TraceError, match=r"eigenvalues need a square matrix, got \(3, 2\)"):
        measure.spectral_radius(blocks["f"])


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (lambda trace: measure.state_jacobians(trace, 5), "there is no step 5"),
        (lambda trace: measure.state_jacobian(trace, 1, -1), "there is no step -1"),
        (lambda trace: measure.state_jacobian_norms(trace, layer=2), "there is no layer 2"),
        (lambda trace: measure.jacobian_norms(trace, direction=1), "there is no direction 1"),
    ],
)
def test_what_is_not_there_is_named(make_study, of, expected):
    with pytest.raises(TraceError, match=expected):
        of(make_study().trace)

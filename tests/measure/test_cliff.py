"""The cliff of one unit, and clipping."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.measure.cliff import (
    B_RANGE,
    W_RANGE,
    cliff_error,
    cliff_gradient,
    clipped,
    descent,
    steepest,
)
from rnnviz.recording import record

WEIGHTS, BIASES = st.floats(*W_RANGE), st.floats(*B_RANGE)


def error_by_hand(w, b):
    x = 0.5
    for _ in range(50):
        x = w / (1 + math.exp(-x)) + b
    return (1 / (1 + math.exp(-x)) - 0.7) ** 2


@given(WEIGHTS, BIASES)
def test_the_error_is_that_of_fifty_steps(w, b):
    assert cliff_error(w, b) == pytest.approx(error_by_hand(w, b), rel=1e-9, abs=1e-15)


def test_the_error_broadcasts():
    ws, bs = np.linspace(*W_RANGE, 4), np.linspace(*B_RANGE, 3)
    grid = cliff_error(ws[:, None], bs)
    assert grid.shape == (4, 3)
    assert grid[2, 1] == pytest.approx(error_by_hand(ws[2], bs[1]))


@given(st.floats(5.5, 7.0), st.floats(-2.6, -2.0))
def test_the_gradient_agrees_with_finite_differences(w, b):
    step = 1e-6
    by_w = (error_by_hand(w + step, b) - error_by_hand(w - step, b)) / (2 * step)
    by_b = (error_by_hand(w, b + step) - error_by_hand(w, b - step)) / (2 * step)
    np.testing.assert_allclose(cliff_gradient(w, b), [by_w, by_b], rtol=1e-4, atol=1e-7)


def test_at_the_foot_of_the_wall_the_gradient_is_far_greater_than_beside_it():
    w, b = steepest(-2.6)
    at_wall = np.linalg.norm(cliff_gradient(w, b))
    beside = [np.linalg.norm(cliff_gradient(w + side, b)) for side in (-0.1, 0.1)]
    assert at_wall > 50 * max(beside)
    assert abs(cliff_error(w - 0.01, b) - cliff_error(w + 0.01, b)) > 0.3


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=6), st.floats(0.1, 10))
def test_clipping_keeps_the_direction_and_limits_the_length(entries, threshold):
    gradient = np.array(entries)
    made, length = clipped(gradient, threshold), np.linalg.norm(gradient)
    assert np.linalg.norm(made) <= threshold * (1 + 1e-9)
    np.testing.assert_allclose(made * length, gradient * np.linalg.norm(made), atol=1e-9)
    if length <= threshold:
        np.testing.assert_array_equal(made, gradient)


def test_a_descent_goes_against_the_gradient():
    path = descent((6.0, -2.3), 0.5, 2)
    np.testing.assert_allclose(path[1], path[0] - 0.5 * cliff_gradient(*path[0]))
    short = descent((6.0, -2.3), 0.5, 1, threshold=0.01)
    assert np.linalg.norm(short[1] - short[0]) == pytest.approx(0.5 * 0.01)


STEPS = 9
W = ((8.0, 8.0), (-8.0, -8.0))
RESTING = (0.0, 0.5)


def nilpotent_network():
    """W = [[8, 8], [−8, −8]] at rest in h* = (0, ½), where b = artanh h* − W h*.

    W² = 0, so ρ(W) = 0; but diag(1 − h*²) W has the eigenvalue 2, and the norm of its l-th power is
    √200 · 2^(l−1).

    Source: Pascanu et al. 2013, sec. 2.1: σ₁ > 1 is necessary to explode; that ρ decides
            nothing follows from W² = 0
    """
    weights, resting = (torch.tensor(each, dtype=torch.float64) for each in (W, RESTING))
    with torch.random.fork_rng(devices=[]):
        layer = torch.nn.RNN(1, 2, dtype=torch.float64)
    with torch.no_grad():
        named = dict(layer.named_parameters())
        for parameter in named.values():
            parameter.zero_()
        named["weight_hh_l0"].copy_(weights)
        named["bias_ih_l0"].copy_(torch.atanh(resting) - weights @ resting)
    targets = torch.full((STEPS, 1, 2), np.nan, dtype=torch.float64)
    targets[-1] = 0.0
    return record(
        layer,
        torch.zeros(STEPS, 1, 1, dtype=torch.float64),
        targets,
        loss="squared",
        state=resting.reshape(1, 1, 2),
    )


def test_the_counterexample_is_at_rest_and_has_no_eigenvalue():
    trace = nilpotent_network()
    assert (np.linalg.matrix_power(trace.W, 2) == 0).all()
    np.testing.assert_allclose(trace.h[0, 0, :, 0], [[0.0, 0.5]] * trace.steps, atol=1e-11)
    product = np.eye(2)
    for power in range(1, trace.steps):
        step = trace.steps - power
        product = product @ (np.diag(1 - trace.h[0, 0, step, 0] ** 2) @ trace.W)
        assert np.linalg.norm(product, 2) == pytest.approx(math.sqrt(200) * 2 ** (power - 1))

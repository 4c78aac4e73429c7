"""Principal components of the states."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz import measure
from rnnviz.errors import TraceError


@given(data=st.data())
def test_axes_are_orthonormal_and_hold_the_variance_in_order(draw_study, draw_place, data):
    trace = draw_study(data, relu=False, steps=5, batch=3, hidden=3, lengths=(5, 2, 4)).trace
    place = draw_place(data, trace)
    size = trace.hidden_size
    found = measure.principal_components(trace, count=size, **place)
    np.testing.assert_allclose(found.axes @ found.axes.T, np.eye(size), atol=1e-12)
    assert (np.diff(found.variances) <= 0).all()
    assert found.shares.sum() == pytest.approx(1)
    states = trace.h[place["layer"], place["direction"]][trace.mask]
    covariance = np.cov(states, rowvar=False).reshape(size, size)
    np.testing.assert_allclose(
        found.axes @ covariance @ found.axes.T, np.diag(found.variances), atol=1e-12
    )
    path = found.trajectories[0]
    np.testing.assert_allclose(path[trace.mask] @ found.axes + found.mean, states, atol=1e-12)
    assert np.isnan(path[~trace.mask]).all()
    largest = np.abs(found.axes).argmax(axis=1)
    assert (found.axes[np.arange(size), largest] > 0).all()
    np.testing.assert_allclose(found.project(states), path[trace.mask], atol=1e-14)


def test_fewer_components_are_the_first_ones(make_study):
    trace = make_study("gru").trace
    every = measure.principal_components(trace, count=3)
    two = measure.principal_components(trace)
    np.testing.assert_array_equal(two.axes, every.axes[:2])
    np.testing.assert_allclose(two.shares, every.shares[:2])
    assert two.trajectories[0].shape == (5, 2, 2)


def test_several_traces_have_one_basis(make_study):
    traces = [make_study(seed=1).trace, make_study(seed=2, steps=4, batch=3).trace]
    found = measure.principal_components(*traces)
    points = np.concatenate([trace.h[0, 0].reshape(-1, 3) for trace in traces])
    np.testing.assert_allclose(found.mean, points.mean(axis=0), atol=1e-14)
    values = np.linalg.eigvalsh(np.cov(points, rowvar=False))[::-1]
    np.testing.assert_allclose(found.variances, values[:2])
    assert [path.shape for path in found.trajectories] == [(5, 2, 2), (4, 3, 2)]
    np.testing.assert_allclose(
        found.trajectories[1], (traces[1].h[0, 0] - found.mean) @ found.axes.T
    )


def test_one_sequence_can_make_the_basis(make_study):
    trace = make_study(lengths=(5, 4)).trace
    found = measure.principal_components(trace, sequence=1)
    np.testing.assert_allclose(found.mean, trace.h[0, 0, :4, 1].mean(axis=0))
    assert np.isfinite(found.trajectories[0][:, 0]).all()


def test_cells_of_an_lstm_have_their_own(make_study):
    trace = make_study("lstm", projection=2).trace
    found = measure.principal_components(trace, of="c")
    assert found.axes.shape == (2, 3)
    np.testing.assert_allclose(found.mean, trace.c[0, 0].mean(axis=(0, 1)))


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (lambda one: measure.principal_components(), "no trace given"),
        (lambda one: measure.principal_components(one(), count=4), "units have 1 to 3"),
        (lambda one: measure.principal_components(one(), count=0), "units have 1 to 3"),
        (
            lambda one: measure.principal_components(one(steps=1, batch=1)),
            "units have no components",
        ),
        (lambda one: measure.principal_components(one(), of="c"), "an RNN has no states 'c'"),
        (
            lambda one: measure.principal_components(one(), one(hidden=4)),
            "of one size, got 3, 4 units",
        ),
        (lambda one: measure.principal_components(one(), sequence=2), "there is no sequence 2"),
        (lambda one: measure.principal_components(one(), layer=1), "there is no layer 1"),
    ],
)
def test_impossible_requests_are_refused(make_study, of, expected):
    with pytest.raises(TraceError, match=expected):
        of(lambda **options: make_study(**options).trace)


def test_states_that_do_not_move_have_no_components(make_study):
    still = make_study(gain=0.0, bias=False).trace
    with pytest.raises(TraceError, match="the states do not vary"):
        measure.principal_components(still)

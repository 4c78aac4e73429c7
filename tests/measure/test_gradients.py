"""Norms of ∂L_t/∂h_k and ∂L_t/∂x_k by step and by lag, and the memory horizon."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz import measure
from rnnviz.errors import TraceError


def with_gradients(trace, norms):
    """The trace with ∂L_t/∂h_k of given norms (loss, step, sequence), in its first unit."""
    made = np.zeros_like(trace.grad_h_by_loss)
    made[:, 0, 0, ..., 0] = norms
    return dataclasses.replace(trace, grad_h_by_loss=made)


# --- norms by step ------------------------------------------------------------------------------


def test_norms_are_over_the_units_of_what_exists(study, places):
    trace = study.trace
    tables = [
        (
            measure.gradient_norms(trace, **place),
            trace.grad_h_by_loss[:, place["layer"], place["direction"]],
        )
        for place in places(trace)
    ]
    for norms, gradients in [*tables, (measure.input_saliency(trace), trace.grad_x_by_loss)]:
        assert norms.shape == (len(trace.loss_times), trace.steps, trace.batch)
        for row, k, n in np.ndindex(norms.shape):
            there = trace.mask[k, n] and (len(trace.loss_times) == 1 or trace.mask[row, n])
            expected = sum(float(g) ** 2 for g in gradients[row, k, n]) ** 0.5 if there else np.nan
            assert norms[row, k, n] == pytest.approx(expected, rel=1e-12, nan_ok=True)


@given(data=st.data())
def test_no_state_reaches_an_earlier_loss_of_one_direction(draw_study, draw_place, data):
    trace = draw_study(data, directions=1, head="steps").trace
    place = draw_place(data, trace)
    later = np.triu_indices(trace.steps, 1)
    for norms in (
        measure.gradient_norms(trace, **place),
        measure.input_saliency(trace),
        measure.weight_gradient_norms(trace, **place),
    ):
        assert not np.nan_to_num(norms[later]).any()


@pytest.mark.parametrize(
    ("dtype", "size"), [("float32", 1e-30), ("float64", 1e-200), ("float64", 1e200)]
)
def test_norms_hold_where_squares_would_not(make_study, dtype, size):
    trace = make_study(dtype=dtype).trace
    grown = dataclasses.replace(
        trace, grad_h_by_loss=np.full_like(trace.grad_h_by_loss, size), grad_h=trace.grad_h
    )
    np.testing.assert_allclose(measure.gradient_norms(grown), size * 3**0.5, rtol=1e-6)


def test_a_whole_loss_is_there_for_sequences_that_end_earlier(make_study):
    trace = make_study("lstm", head="last", lengths=(5, 3)).trace
    norms = measure.gradient_norms(trace)
    assert np.isfinite(norms[0, :3]).all()
    assert (norms[0, :3] > 0).all()
    assert np.isnan(norms[0, 3:, 1]).all()
    assert np.isfinite(norms[0, :, 0]).all()


# --- by lag -------------------------------------------------------------------------------------


def test_a_lag_is_how_many_steps_the_layer_takes(make_study):
    trace = make_study("gru", directions=2, layers=2, lengths=(3, 5)).trace
    for layer in (0, 1):
        for direction in (0, 1):
            norms = measure.gradient_norms(trace, layer=layer, direction=direction)
            lagged = measure.gradient_norms_by_lag(trace, layer=layer, direction=direction)
            lags = measure.lags(trace, norms, direction=direction)
            assert lags.tolist() == list(range(-4 if layer == 0 else 0, 5))
            for t, lag, n in itertools.product(range(5), lags, range(2)):
                length = (3, 5)[n]
                k = t + lag if direction else t - lag
                there = t < length and 0 <= k < length
                expected = norms[t, k, n] if there else np.nan
                np.testing.assert_equal(lagged[t, lag - lags[0], n], expected)


@pytest.mark.parametrize(
    ("cell", "options"),
    [
        ("gru", {"directions": 2, "layers": 2}),
        ("lstm", {"directions": 2, "layers": 2, "lengths": (3, 5)}),
        ("lstm", {"head": "mixed"}),
        ("lstm", {"head": "last", "directions": 2, "layers": 2}),
        ("rnn", {}),
    ],
)
def test_no_term_is_lost_by_lag(make_study, cell, options):
    """Below a bidirectional layer, and before a head that mixes steps, k > t is there as well."""
    trace = make_study(cell, **options).trace
    for layer, direction in np.ndindex(trace.layers, trace.directions):
        place = {"layer": layer, "direction": direction}
        table = measure.gradient_norms(trace, **place)
        lags = measure.lags(trace, table, direction=direction)
        lagged = measure.by_lag(trace, table, direction=direction)
        assert lagged.shape == (len(table), len(lags), trace.batch)
        np.testing.assert_allclose(np.nansum(lagged), np.nansum(table))
        assert lags[0] == 0 or np.nansum(lagged[:, 0]) > 0
        steps = np.arange(trace.steps)
        apart = (trace.loss_times[:, None] - steps) * (-1 if direction else 1)
        if len(trace.loss_times) > 1:
            later = np.nansum(table[apart < 0])
            np.testing.assert_allclose(np.nansum(lagged[:, lags < 0]), later)
            assert (later > 0) == (
                options != {} and (layer < trace.layers - 1 or "head" in options)
            )
        means = measure.mean_by_lag(trace, table, direction=direction)
        for lag, mean in zip(lags, means, strict=True):
            at = table[apart == lag] if len(trace.loss_times) > 1 else np.zeros(0)
            at = at[~np.isnan(at)]
            if len(at) and options.get("lengths") is None:
                np.testing.assert_allclose(mean, at.mean())
        horizon = measure.memory_horizon(trace, 0.5, **place)
        assert horizon.shape == (trace.batch,)


def test_a_gradient_enters_at_lag_0_where_all_of_it_comes_through_the_losss_own_state(make_study):
    def enters(layer=0, **options):
        return measure.enters_at_lag_0(make_study("lstm", **options).trace, layer=layer)

    assert enters()
    assert enters(head="last", lengths=(5, 3))
    assert enters(layer=1, layers=2)
    assert enters(layer=1, layers=2, directions=2)
    assert not enters(layer=0, layers=2)
    assert not enters(head="mixed")


def test_a_loss_without_a_target_has_no_lag(make_study):
    trace = make_study(gaps=True).trace
    lagged = measure.gradient_norms_by_lag(trace)
    assert np.isnan(lagged[::2]).all()
    assert np.isfinite(lagged[1, :2]).all()
    np.testing.assert_allclose(
        measure.mean_by_lag(trace, measure.gradient_norms(trace))[0], np.nanmean(lagged[:, 0])
    )


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_a_whole_loss_counts_lags_from_the_last_step_it_sees(make_study, cell):
    trace = make_study(cell, head="last", directions=2, lengths=(5, 3)).trace
    forward = measure.gradient_norms(trace)
    lagged = measure.gradient_norms_by_lag(trace)
    np.testing.assert_array_equal(lagged[0, :, 0], forward[0, ::-1, 0])
    np.testing.assert_array_equal(lagged[0, :3, 1], forward[0, 2::-1, 1])
    assert np.isnan(lagged[0, 3:, 1]).all()
    reverse = measure.gradient_norms(trace, direction=1)
    lagged = measure.gradient_norms_by_lag(trace, direction=1)
    np.testing.assert_array_equal(lagged[0, :, 0], reverse[0, :, 0])
    np.testing.assert_array_equal(lagged[0, :3, 1], reverse[0, :3, 1])


def test_a_whole_loss_that_cells_alone_feel_is_counted_from_the_last_step(make_study):
    trace = make_study("lstm", head="cells", lengths=(5, 3)).trace
    norms = measure.gradient_norms(trace)
    lagged = measure.gradient_norms_by_lag(trace)
    np.testing.assert_array_equal(lagged[0, :3, 1], norms[0, 2::-1, 1])


def test_only_the_last_loss_may_be_recorded(make_study):
    whole = make_study(lengths=(5, 3)).trace
    last = make_study(lengths=(5, 3), losses="last").trace
    np.testing.assert_array_equal(
        measure.gradient_norms_by_lag(last), measure.gradient_norms_by_lag(whole)[-1:]
    )
    assert np.isnan(measure.gradient_norms(last)[0, :, 1]).all()


@pytest.mark.parametrize("directions", [1, 2])
def test_an_only_loss_that_a_sequence_does_not_have_is_left_out(make_study, directions):
    options = {"lengths": (5, 3), "only_last": True, "directions": directions}
    trace = make_study("gru", **options).trace
    norms, lagged = measure.gradient_norms(trace), measure.gradient_norms_by_lag(trace)
    assert np.isnan(norms[-1, :, 1]).all()
    assert np.isnan(lagged[-1, :, 1]).all()
    np.testing.assert_array_equal(lagged[-1, :, 0], norms[-1, ::-1, 0])
    alone = make_study("gru", **options, losses="last").trace
    assert np.isnan(measure.gradient_norms(alone)[0, :, 1]).all()
    np.testing.assert_array_equal(measure.gradient_norms_by_lag(alone)[0], lagged[-1])


def test_means_by_lag_leave_out_what_is_not_there(make_study):
    trace = make_study(lengths=(3, 5), directions=2).trace
    table = np.arange(5 * 5 * 2.0).reshape(5, 5, 2)
    for direction in (0, 1):
        assert measure.lags(trace, table, direction=direction).tolist() == list(range(-4, 5))
        expected = []
        for lag in range(-4, 5):
            pairs = [
                table[t, t + lag if direction else t - lag, n]
                for n in (0, 1)
                for t in range((3, 5)[n])
                if 0 <= (t + lag if direction else t - lag) < (3, 5)[n]
            ]
            expected.append(np.mean(pairs))
        found = measure.mean_by_lag(trace, table, direction=direction)
        np.testing.assert_allclose(found, expected)


def test_a_table_of_another_shape_is_refused(make_study):
    trace = make_study().trace
    with pytest.raises(TraceError, match=r"= \(5, 5, 2\), got \(5, 5\)"):
        measure.by_lag(trace, np.zeros((5, 5)))


# --- the memory horizon -------------------------------------------------------------------------


def test_the_horizon_of_an_exact_power_is_its_logarithm(make_study):
    trace = make_study(steps=9).trace
    lags = np.subtract.outer(np.arange(9), np.arange(9))[..., None]
    rates = np.array([0.5, 0.8])
    norms = np.where(lags >= 0, rates ** np.maximum(lags, 0), 0.0)
    falling = with_gradients(trace, norms)
    np.testing.assert_array_equal(measure.memory_horizon(falling, 0.3), [2, 6])
    np.testing.assert_array_equal(measure.memory_horizon(falling, 0.25), [2, 7])
    np.testing.assert_array_equal(measure.memory_horizon(falling, 0.01), [7, np.inf])
    np.testing.assert_array_equal(measure.memory_horizon(falling, 0.3, loss=4), [2, np.inf])


def test_the_horizon_compares_the_same_losses_at_every_lag(make_study):
    """A last loss a hundred times as large does not make the far lags look near."""
    trace = make_study(steps=6).trace
    lags = np.subtract.outer(np.arange(6), np.arange(6))[..., None]
    norms = np.where(lags >= 0, 0.5 ** np.maximum(lags, 0), 0.0) * np.ones(2)
    norms[-1] *= 100
    np.testing.assert_array_equal(
        measure.memory_horizon(with_gradients(trace, norms), 0.05), [5, 5]
    )


def test_a_sequence_without_a_gradient_has_no_horizon(make_study):
    trace = make_study().trace
    norms = np.zeros((5, 5, 2))
    norms[..., 1] = np.eye(5)
    np.testing.assert_array_equal(
        measure.memory_horizon(with_gradients(trace, norms), 0.5), [np.nan, 1]
    )


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0, float("nan")])
def test_a_horizon_is_for_a_share(make_study, share):
    with pytest.raises(TraceError, match="share must be between 0 and 1"):
        measure.memory_horizon(make_study().trace, share)


@pytest.mark.parametrize(
    "of",
    [
        measure.gradient_norms,
        measure.gradient_norms_by_lag,
        measure.input_saliency,
        lambda trace: measure.memory_horizon(trace, 0.5),
    ],
)
def test_a_trace_without_gradients_says_how_to_get_them(make_study, of):
    with pytest.raises(TraceError, match=r"has no gradients, which .* needs; record it again"):
        of(make_study(gradients=False).trace)

"""∂L_t/∂θ_s of every cell, layer, direction and parameter, against loops with a copy a step."""

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

EXACT = {"rtol": 1e-9, "atol": 1e-13}
SUMMED = [
    measure.weight_gradients,
    measure.weight_gradients_by_loss,
    measure.weight_gradient_norms,
    measure.weight_gradient_share_by_lag,
    measure.weight_gradient_projections,
    measure.weight_gradient_norm_shares,
]


def matrix_norms(terms):
    """(loss, sequence, step, *parameter) → (loss, step, sequence)."""
    return np.sqrt((terms.reshape(*terms.shape[:3], -1) ** 2).sum(axis=-1)).swapaxes(1, 2)


def pairs_there(trace):
    """Which pairs (loss, step, sequence) exist."""
    losses = trace.mask if len(trace.loss_times) > 1 else np.ones((1, trace.batch), bool)
    return losses[:, None] & trace.mask


# --- against loops ------------------------------------------------------------------------------


def check_terms_and_sums(study):
    trace = study.trace
    there = pairs_there(trace)
    for (kind, layer, direction), terms in study.loop.terms.items():
        place = {"layer": layer, "direction": direction}
        by_step = measure.weight_gradients(trace, kind, **place)
        np.testing.assert_allclose(by_step, terms.sum(axis=(0, 1)), **EXACT)
        by_loss = measure.weight_gradients_by_loss(trace, kind, **place)
        np.testing.assert_allclose(by_loss, terms.sum(axis=(1, 2)), **EXACT)
        expected = trace.gradients[trace.parameter_name(kind, layer, direction)]
        for summed in (by_step.sum(axis=0), by_loss.sum(axis=0)):
            np.testing.assert_allclose(summed, expected, **EXACT)
        norms = measure.weight_gradient_norms(trace, kind, **place)
        np.testing.assert_allclose(norms[there], matrix_norms(terms)[there], **EXACT)
        assert np.isnan(norms[~there]).all()


def test_every_term_and_every_sum_is_autograds(study):
    check_terms_and_sums(study)
    for (kind, layer, direction), terms in study.loop.terms.items():
        place = {"layer": layer, "direction": direction}
        for row, loss in enumerate(study.trace.loss_times):
            for step in range(study.trace.steps):
                one = measure.weight_gradient(study.trace, int(loss), step, kind, **place)
                np.testing.assert_allclose(one, terms[row, :, step].sum(axis=0), **EXACT)
        alone = measure.weight_gradient(study.trace, int(loss), 1, kind, sequence=2, **place)
        np.testing.assert_allclose(alone, terms[-1, 2, 1], **EXACT)


@given(data=st.data())
def test_every_term_and_every_sum_is_autograds_in_any_network(draw_study, data):
    check_terms_and_sums(draw_study(data))


@pytest.mark.parametrize("head", ["cells", "mixed"])
@pytest.mark.parametrize("options", [{}, {"directions": 2, "layers": 2, "projection": 2}])
def test_a_head_that_reads_cells_is_felt_through_them(make_study, head, options):
    study = make_study("lstm", head=head, lengths=(5, 3), **options)
    trace = study.trace
    assert trace.grad_direct_c is not None
    for (kind, layer, direction), terms in study.loop.terms.items():
        place = {"layer": layer, "direction": direction}
        norms = measure.weight_gradient_norms(trace, kind, **place)
        there = pairs_there(trace)
        np.testing.assert_allclose(norms[there], matrix_norms(terms)[there], **EXACT)
        by_step = measure.weight_gradients(trace, kind, **place)
        np.testing.assert_allclose(by_step, terms.sum(axis=(0, 1)), **EXACT)


class ReadsCells(nn.Module):
    """A loop over a cell whose output at each step reads c_t as well as h_t."""

    def __init__(self):
        super().__init__()
        self.cell = nn.LSTMCell(2, 3).double()
        self.fc = nn.Linear(6, 3).double()

    def forward(self, x):
        state, rows = None, []
        for one in x:
            state = self.cell(one, state)
            rows.append(self.fc(torch.cat(state, dim=-1)))
        return torch.stack(rows)


def test_cells_that_each_loss_reads_at_its_own_step_are_felt_there():
    torch.manual_seed(0)
    model, x = ReadsCells(), torch.randn(5, 2, 2, dtype=torch.float64)
    targets = torch.randint(0, 3, (5, 2))
    trace = record(model, x, targets)
    assert trace.grad_direct_c is not None
    assert trace.grad_direct_c_by_loss is None
    outputs = model(x)
    for kind in ("weight_ih", "weight_hh", "bias_ih"):
        parameter = getattr(model.cell, kind)
        for t, got in enumerate(measure.weight_gradients_by_loss(trace, kind)):
            loss = functional.cross_entropy(outputs[t], targets[t], reduction="sum")
            (expected,) = torch.autograd.grad(loss, parameter, retain_graph=True)
            np.testing.assert_allclose(got, expected.numpy(), **EXACT)


@pytest.mark.parametrize("head", ["steps", "mixed"])
def test_some_losses_have_rows_and_all_are_in_the_sums_by_step(make_study, head):
    chosen = make_study("lstm", head=head, losses=(1, 4)).trace
    whole = make_study("lstm", head=head).trace
    for of in (measure.weight_gradients_by_loss, measure.weight_gradient_norms):
        np.testing.assert_allclose(of(chosen), of(whole)[[1, 4]], **EXACT)
    np.testing.assert_allclose(
        measure.weight_gradients(chosen), measure.weight_gradients(whole), **EXACT
    )
    np.testing.assert_allclose(
        measure.weight_gradient(chosen, 4, 2), measure.weight_gradient(whole, 4, 2), **EXACT
    )


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_many_losses_are_taken_a_few_at_a_time(make_study, monkeypatch, cell):
    trace = make_study(cell, layers=2).trace
    whole = [of(trace, layer=1) for of in SUMMED]
    monkeypatch.setattr("rnnviz.measure.weights._BLOCK", 2 * trace.gates[0, 0].size)
    for of, expected in zip(SUMMED, whole, strict=True):
        np.testing.assert_array_equal(of(trace, layer=1), expected)


def test_float32_is_as_good_as_float32_can_be(make_study):
    study = make_study("gru", dtype="float32", directions=2)
    terms = study.loop.terms["weight_hh", 0, 1]
    norms = measure.weight_gradient_norms(study.trace, direction=1)
    assert norms.dtype == np.float32
    np.testing.assert_allclose(norms, matrix_norms(terms), rtol=1e-4, atol=1e-7)


# --- shares -------------------------------------------------------------------------------------


def check_shares(trace, kind, place):
    for of in (measure.weight_gradient_projections, measure.weight_gradient_norm_shares):
        shares = of(trace, kind, **place)
        assert shares.shape == (trace.steps,)
        assert shares.sum() == pytest.approx(1)
        assert not shares[~trace.mask.any(axis=1)].any()
    assert (measure.weight_gradient_norm_shares(trace, kind, **place) >= 0).all()
    by_lag = measure.weight_gradient_share_by_lag(trace, kind, **place)
    assert trace.steps <= len(by_lag) < 2 * trace.steps
    assert (by_lag >= 0).all()
    assert by_lag.sum() == pytest.approx(1)


def test_shares_are_a_whole(study, places):
    for place in places(study.trace):
        for kind in ("weight_hh", "weight_ih", "bias_hh"):
            check_shares(study.trace, kind, place)


@given(data=st.data())
def test_shares_are_a_whole_in_any_network(draw_study, draw_place, data):
    trace = draw_study(data, relu=False, gaps=False, dropout=0.0).trace
    check_shares(trace, "weight_ih", draw_place(data, trace))


@pytest.mark.parametrize("kind", ["weight_hh", "bias_ih"])
def test_shares_are_projections_and_norms_of_each_steps_matrix(make_study, kind):
    trace = make_study("lstm", directions=2).trace
    by_step = measure.weight_gradients(trace, kind, direction=1).reshape(trace.steps, -1)
    whole = by_step.sum(axis=0)
    along = [float(one @ whole / (whole @ whole)) for one in by_step]
    np.testing.assert_allclose(
        measure.weight_gradient_projections(trace, kind, direction=1), along, **EXACT
    )
    sizes = np.linalg.norm(by_step, axis=1)
    np.testing.assert_allclose(
        measure.weight_gradient_norm_shares(trace, kind, direction=1), sizes / sizes.sum(), **EXACT
    )


@pytest.mark.parametrize(
    ("direction", "options"),
    [
        (0, {}),
        (0, {"lengths": (5, 2)}),
        (0, {"gaps": True}),
        (1, {"directions": 2}),
        (1, {"directions": 2, "lengths": (3, 5)}),
        (0, {"directions": 2, "layers": 2}),
        (1, {"directions": 2, "layers": 2, "lengths": (3, 5)}),
    ],
)
def test_shares_by_lag_count_each_pair_at_its_lag(make_study, direction, options):
    trace = make_study("gru", **options).trace
    norms = measure.weight_gradient_norms(trace, direction=direction)
    lags = measure.lags(trace, norms, direction=direction)
    assert (lags[0] < 0) == (trace.layers == 2)
    by_lag = np.zeros(len(lags))
    for t, s, n in np.ndindex(norms.shape):
        lag = s - t if direction else t - s
        if trace.mask[t, n] and trace.mask[s, n] and norms[t, s, n]:
            by_lag[lag - lags[0]] += norms[t, s, n]
    shares = measure.weight_gradient_share_by_lag(trace, direction=direction)
    np.testing.assert_allclose(shares, by_lag / by_lag.sum(), atol=1e-14)


def test_states_before_start_with_the_given_state(make_study):
    trace = make_study(directions=2, lengths=(5, 3)).trace
    before = measure.states_before(trace)
    np.testing.assert_array_equal(before[0], trace.h0[0, 0])
    np.testing.assert_array_equal(before[1:, 0], trace.h[0, 0, :-1, 0])
    reverse = measure.states_before(trace, direction=1)
    np.testing.assert_array_equal(reverse[2, 1], trace.h0[0, 1, 1])
    np.testing.assert_array_equal(reverse[:2, 1], trace.h[0, 1, 1:3, 1])


# --- what cannot be measured --------------------------------------------------------------------


@pytest.mark.parametrize("of", SUMMED)
def test_a_trace_without_gradients_says_how_to_get_them(make_study, of):
    with pytest.raises(TraceError, match=r"has no gradients, which .* needs; record it again"):
        of(make_study(gradients=False).trace)


@pytest.mark.parametrize(
    ("of", "field"),
    [
        (measure.weight_gradient_share_by_lag, "grad_h_by_loss"),
        (measure.weight_gradient_projections, "grad_h"),
        (measure.weight_gradient_norm_shares, "grad_h"),
    ],
)
def test_no_term_has_a_share_of_nothing(make_study, of, field):
    trace = make_study().trace
    none = dataclasses.replace(trace, **{field: np.zeros_like(getattr(trace, field))})
    with pytest.raises(TraceError, match=r"all terms of ∂L/∂W are zero"):
        of(none)


def test_what_is_not_there_is_named(make_study):
    trace = make_study("gru", losses=(1, 4), bias=False).trace
    with pytest.raises(
        TraceError, match=r"the layer has no 'bias_hh'; it has weight_hh, weight_ih"
    ):
        measure.weight_gradients(trace, "bias_hh")
    with pytest.raises(TraceError, match="unknown parameter 'W'; choose weight_hh"):
        measure.weight_gradients(trace, "W")
    with pytest.raises(
        TraceError, match=r"loss at step 3 were not recorded, only of those at 1, 4"
    ):
        measure.weight_gradient(trace, 3, 0)
    with pytest.raises(TraceError, match="there is no step 5; the trace has 5, counted from 0"):
        measure.weight_gradient(trace, 4, 5)
    with pytest.raises(TraceError, match="there is no sequence 2; the trace has 2"):
        measure.weight_gradient(trace, 4, 3, sequence=2)
    with pytest.raises(TraceError, match="there is no layer 1; the trace has 1"):
        measure.weight_gradients(trace, layer=1)
    with pytest.raises(TraceError, match="there is no direction -1; the trace has 1"):
        measure.weight_gradient_norms(trace, direction=-1)

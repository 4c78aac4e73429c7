"""∂o_t[j]/∂x_k through all layers and directions, against loops."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from rnnviz import measure
from rnnviz.errors import TraceError
from rnnviz.recording import record

EXACT = {"rtol": 1e-9, "atol": 1e-13}


def check_derivatives(study):
    trace = study.trace
    whole = len(study.loop.output) == 1
    for step in [trace.steps - 1] if whole else range(trace.steps):
        got = measure.output_by_input(trace, step)
        assert got.shape == (3, trace.steps, trace.batch, trace.input_size)
        there = trace.mask & (whole or trace.mask[step])
        for output in range(3):
            expected = study.loop.by_input(-1 if whole else step, output)
            np.testing.assert_allclose(got[output][there], expected[there], **EXACT)
            assert np.isnan(got[output][~there]).all()
            norms = measure.output_saliency(trace, step, output)
            sizes = np.linalg.norm(expected, axis=-1)
            np.testing.assert_allclose(norms[there], sizes[there], **EXACT)
            assert np.isnan(norms[~there]).all()


def test_the_derivative_of_every_output_is_autograds(study):
    check_derivatives(study)


@given(data=st.data())
def test_the_derivative_of_every_output_is_autograds_in_any_network(draw_study, data):
    check_derivatives(draw_study(data))


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_by_way_of_the_outputs_it_is_the_gradient_of_the_loss(make_study, cell):
    """∂L_t/∂x_k = Σ_j (y − onehot)_j ∂o_t[j]/∂x_k for cross-entropy."""
    trace = make_study(cell, layers=2, directions=2, lengths=(5, 3)).trace
    for step in range(trace.steps):
        errors = trace.y[step] - np.eye(3)[np.clip(trace.targets[step], 0, 2)]
        made = np.einsum("bj,jkbi->kbi", errors, measure.output_by_input(trace, step))
        there = trace.mask & trace.mask[step]
        np.testing.assert_allclose(made[there], trace.grad_x_by_loss[step][there], **EXACT)


class ReadsOnce(nn.Module):
    """A bidirectional layer and a Linear that reads what ``pick`` takes of top and h_n."""

    def __init__(self, pick):
        super().__init__()
        self.rnn = nn.GRU(2, 3, bidirectional=True).double()
        self.fc = nn.Linear(6, 3).double()
        self.pick = pick

    def forward(self, x):
        return self.fc(self.pick(*self.rnn(x)))


@pytest.mark.parametrize(
    "pick",
    [lambda top, h_n: top[-1], lambda top, h_n: torch.cat([h_n[0], h_n[1]], dim=-1)],
    ids=["the last step", "both ends"],
)
def test_an_only_output_is_followed_to_the_states_it_reads(pick):
    torch.manual_seed(0)
    model, x = ReadsOnce(pick), torch.randn(4, 2, 2, dtype=torch.float64)
    trace = record(model, x, torch.tensor([0, 2]))
    expected = torch.autograd.functional.jacobian(lambda given: model(given).sum(dim=0), x)
    np.testing.assert_allclose(measure.output_by_input(trace, 3), expected.numpy(), **EXACT)


def test_outputs_are_chosen_by_their_numbers(make_study):
    trace = make_study("gru").trace
    every = measure.output_by_input(trace, 3)
    np.testing.assert_allclose(measure.output_by_input(trace, 3, [2, 0]), every[[2, 0]], **EXACT)
    np.testing.assert_allclose(measure.output_by_input(trace, 3, 1), every[[1]], **EXACT)
    assert not every[:, 4].any()


@pytest.mark.parametrize("head", ["cells", "mixed"])
def test_a_head_that_is_not_one_linear_has_no_such_derivative(make_study, head):
    trace = make_study("lstm", head=head).trace
    with pytest.raises(TraceError, match="the trace has no output layer"):
        measure.output_by_input(trace, 4)


def test_what_is_not_there_is_named(make_study):
    trace = make_study(head="last").trace
    with pytest.raises(TraceError, match="one output for the whole sequence, at step 4"):
        measure.output_by_input(trace, 3)
    with pytest.raises(TraceError, match="there is no output 3; the trace has 3"):
        measure.output_by_input(trace, 4, 3)
    with pytest.raises(TraceError, match="there is no step 7"):
        measure.output_by_input(trace, 7)


def test_an_only_output_that_no_states_make_is_refused(make_study):
    trace = make_study(head="last").trace
    apart = dataclasses.replace(trace, output=trace.output + 0.1)
    with pytest.raises(TraceError, match="differs from that of the output layer"):
        measure.output_by_input(apart, 4)

"""The chain rule for one loss, against explicit loops and against autograd."""

import numpy as np
import pytest
import torch
from torch import nn

from rnnviz.errors import TraceError
from rnnviz.experiments import last_loss_alone
from rnnviz.measure.chain_rule import chain_rule
from rnnviz.recording import record
from rnnviz.trace import NO_TARGET

LOSSES = ["cross-entropy", "squared", "squared-on-softmax"]


@pytest.fixture(params=LOSSES)
def alone(request, make_trace):
    return last_loss_alone(4)(make_trace(request.param, batch=1))


def test_its_terms_add_up_to_autograds_gradients_of_that_loss(alone):
    rule = chain_rule(alone, alone.steps - 1)
    gradients = alone.gradients
    np.testing.assert_allclose(rule.terms_w.sum(0), gradients["rnn.weight_hh_l0"], atol=1e-14)
    np.testing.assert_allclose(rule.terms_u.sum(0), gradients["rnn.weight_ih_l0"], atol=1e-14)
    np.testing.assert_allclose(rule.of_v, gradients["fc.weight"], atol=1e-14)
    np.testing.assert_allclose(rule.at_output, gradients["fc.bias"], atol=1e-14)
    np.testing.assert_allclose(rule.at_states, alone.grad_h_by_loss[-1, 0, 0, :, 0], atol=1e-14)


def test_whole_derivatives_count_terms_again(alone):
    """d h_k/dW by loops: h_{k−1} moves with W as well."""
    rule, t = chain_rule(alone, alone.steps - 1), alone.steps
    hidden = alone.hidden_size
    whole = np.zeros((hidden, hidden, hidden))
    total = np.zeros((hidden, hidden))
    for k in range(t):
        before = alone.h[0, 0, k - 1, 0] if k else alone.h0[0, 0, 0]
        direct = np.einsum("i,ij,l->ijl", rule.slopes[k], np.eye(hidden), before)
        whole = direct + np.einsum("i,im,mjl->ijl", rule.slopes[k], alone.W, whole)
        total += np.einsum("i,ijl->jl", rule.at_states[k], whole)
    np.testing.assert_allclose(rule.twice, total, atol=1e-13)
    assert np.abs(rule.twice - rule.terms_w.sum(0)).max() > 1e-3


def test_one_loss_alone_is_on_the_last_steps(make_trace):
    trace = make_trace(batch=2)
    alone = last_loss_alone(3)(trace)
    np.testing.assert_array_equal(alone.x, trace.x[-3:, :1])
    assert (alone.targets[:-1] == NO_TARGET).all()
    assert alone.targets[-1, 0] == trace.targets[-1, 0]
    assert not alone.h0.any()
    assert alone.loss[-1, 0] > 0
    assert (alone.loss[:-1] == 0).all()


def test_a_step_without_a_target_and_another_cell_are_refused(make_trace):
    trace = make_trace(last_only=True)
    with pytest.raises(TraceError, match="has no target; choose one of"):
        chain_rule(trace, 1)
    torch.manual_seed(0)
    model = nn.GRU(3, 4)
    gru = record(model, torch.randn(3, 1, 3), torch.zeros(3, 1, dtype=torch.long))
    with pytest.raises(
        TraceError, match="tanh RNN of one layer and direction with outputs; record one"
    ):
        chain_rule(gru, 2)

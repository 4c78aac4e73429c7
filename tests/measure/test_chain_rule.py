"""The chain rule for one loss, against explicit loops and against autograd."""

import numpy as np
import pytest
import torch
from models import Around
from torch import nn

from rnnviz.errors import TraceError
from rnnviz.experiments import last_loss_alone
from rnnviz.measure import one_layer, output_weights, step_factors
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


def test_of_two_directions_its_terms_add_up_to_the_gradients_of_one():
    torch.manual_seed(0)
    layers = nn.RNN(3, 5, num_layers=2, bidirectional=True)
    whole = record(Around(layers), torch.randn(6, 2, 3), torch.randint(4, (6, 2)), dtype="float64")
    alone = one_layer(last_loss_alone(4)(whole))
    rule = chain_rule(alone, 3, V=output_weights(whole))
    gradients = alone.gradients
    np.testing.assert_allclose(rule.terms_w.sum(0), gradients["rnn.weight_hh_l0"], atol=1e-14)
    np.testing.assert_allclose(rule.terms_u.sum(0), gradients["rnn.weight_ih_l0"], atol=1e-14)
    np.testing.assert_allclose(rule.of_v, gradients["fc.weight"][:, :5], atol=1e-14)
    np.testing.assert_allclose(rule.at_states, alone.grad_h_by_loss[-1, 0, 0, :, 0], atol=1e-14)


def test_slopes_and_w_multiply_to_the_ratio_of_recorded_norms(make_trace):
    trace = make_trace(batch=2)
    last = trace.steps - 1
    slopes, weights = step_factors(trace, last, sequence=1)
    norms = np.linalg.norm(trace.grad_h_by_loss[last, 0, 0, :, 1], axis=-1)
    np.testing.assert_allclose((slopes * weights)[1:], norms[:-1] / norms[1:])
    assert (slopes <= 1).all()
    for k in range(trace.steps):
        slope, gradient = 1 - trace.h[0, 0, k, 1] ** 2, trace.grad_h_by_loss[last, 0, 0, k, 1]
        assert slopes[k] == pytest.approx(np.linalg.norm(slope * gradient) / norms[k])


def test_the_factors_of_nothing_are_zero_and_those_of_another_cell_are_refused(make_trace):
    slopes, weights = step_factors(make_trace(), 1)
    assert not slopes[2:].any()
    assert not weights[2:].any()
    assert slopes[:2].all()
    gru = record(nn.GRU(2, 3), torch.ones(4, 1, 2), torch.zeros(4, 1, 3), loss="squared")
    with pytest.raises(TraceError, match="for a tanh RNN of one layer"):
        step_factors(gru, 2)


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

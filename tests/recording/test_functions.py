"""A recurrence that is a pure function of one step."""

import numpy as np
import pytest
import torch

import rnnviz
from rnnviz.errors import RecordingError

STEPS, BATCH, INPUT, HIDDEN = 6, 2, 4, 3
torch.manual_seed(0)
XS = torch.randn(STEPS, BATCH, INPUT, dtype=torch.float64)
Y = torch.randn(STEPS, BATCH, HIDDEN, dtype=torch.float64)
START = torch.zeros(BATCH, HIDDEN, dtype=torch.float64)


def weights(*shapes):
    return [0.5 * torch.randn(*shape, dtype=torch.float64) for shape in shapes]


U, W = weights((INPUT, HIDDEN), (HIDDEN, HIDDEN))


def plain(p, h, x):
    return torch.tanh(x @ p["U"] + h @ p["W"])


def with_output(p, h, x):
    h = plain(p, h, x)
    return h, h @ p["V"]


def gated(p, state, x):
    z = torch.sigmoid(x @ p[0]["U"])
    c = z * state["c"] + (1 - z) * torch.tanh(state["h"] @ p[1])
    return {"h": torch.tanh(c), "c": c}


def test_it_is_the_recording_of_torchs_layer():
    layer = torch.nn.RNN(INPUT, HIDDEN, bias=False).double()
    with torch.no_grad():
        layer.weight_ih_l0.copy_(U.T)
        layer.weight_hh_l0.copy_(W.T)
    mine = rnnviz.record_function(plain, {"U": U, "W": W}, START, XS, Y, loss="squared")
    torchs = rnnviz.record(layer, XS, Y, loss="squared")
    assert np.allclose(mine.grad_h_by_loss, torchs.grad_h_by_loss, atol=1e-14)
    assert np.allclose(mine.grad_x_by_loss, torchs.grad_x_by_loss, atol=1e-14)
    assert np.allclose(mine.gradients["W"].T, torchs.gradients["weight_hh_l0"])
    assert np.allclose(mine.jacobian[0, 0, 1:], torchs.jacobian[0, 0, 1:])
    assert not mine.h0.any()


def test_an_output_beside_the_state():
    (v,) = weights((HIDDEN, 2))
    parameters = {"U": U, "W": W, "V": v}
    targets = torch.randint(2, (STEPS, BATCH))
    trace = rnnviz.record_function(with_output, parameters, START, XS, targets)
    assert trace.output.shape == (STEPS, BATCH, 2)
    assert trace.gradients["V"].any()
    assert rnnviz.verify(trace, model=rnnviz.FunctionModel(with_output, parameters, START)).ok


def test_states_and_parameters_in_trees():
    parameters = [{"U": U}, W]
    start = {"h": START, "c": START + 0.1}
    trace = rnnviz.record_function(gated, parameters, start, XS, Y, loss="squared")
    assert [each.name for each in trace.metadata.states] == ["h", "c"]
    assert set(trace.parameters) == {"0_U", "1"}
    assert np.array_equal(trace.h0[0, 0, :, HIDDEN:], start["c"])
    pair = rnnviz.record_function(
        lambda p, s, x: tuple(gated(p, {"h": s[0], "c": s[1]}, x).values()),
        parameters,
        (START, START),
        XS,
        Y,
        loss="squared",
        names=("fast", "slow"),
    )
    assert [each.name for each in pair.metadata.states] == ["fast", "slow"]


def test_one_sequence_without_a_batch():
    given = {"U": U, "W": W}, START[0], XS[:, 0], Y[:, :1]
    trace = rnnviz.record_function(plain, *given, loss="squared", losses="last")
    assert (trace.steps, trace.batch) == (STEPS, 1)


def test_what_is_not_a_step_is_refused():
    with pytest.raises(RecordingError, match="next state in the form of h0"):
        rnnviz.record_function(lambda p, h, x: h[:, :2], {"U": U}, START, XS, Y)
    with pytest.raises(RecordingError, match="h0 has 1 tensors, but 2 names"):
        rnnviz.record_function(plain, {"U": U}, START, XS, Y, names=("h", "c"))
    with pytest.raises(RecordingError, match="parameters must be tensors"):
        rnnviz.record_function(plain, {"U": 3}, START, XS, Y)

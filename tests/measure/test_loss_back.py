"""Products of the Jacobians of steps are autograd's gradient of one loss, of any cell."""

import numpy as np
import pytest
import torch
from models import Around
from torch import nn

from rnnviz import measure
from rnnviz.errors import TraceError
from rnnviz.measure.loss_back import loss_back
from rnnviz.recording import record


def recorded(model, **options):
    torch.manual_seed(0)
    x, classes = torch.randn(6, 2, 3), torch.randint(4, (6, 2))
    return record(model, x, classes, dtype="float64", **options)


@pytest.mark.parametrize("loss", [3, 5])
def test_of_an_lstm_at_h_and_at_c_with_the_other_held_fixed(loss):
    trace = recorded(Around(nn.LSTM(3, 5)))
    cell = nn.LSTMCell(3, 5).double()
    with torch.no_grad():
        for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            getattr(cell, kind).copy_(torch.tensor(trace.weight(kind)))
    back = loss_back(trace, loss)
    for k in range(loss + 1):
        state = [torch.tensor(each[0, 0, k, :1], requires_grad=True) for each in (trace.h, trace.c)]
        now = state
        for step in range(k + 1, loss + 1):
            now = cell(torch.tensor(trace.x[step, :1]), now)
        scores = now[0] @ torch.tensor(trace.V).T + torch.tensor(trace.output_bias)
        wanted = torch.tensor(trace.targets[loss, :1])
        nn.functional.cross_entropy(scores, wanted, reduction="sum").backward()
        grads = [torch.zeros_like(s) if s.grad is None else s.grad for s in state]
        np.testing.assert_allclose(back.at_states[k], torch.cat(grads, -1)[0], atol=1e-12)
    assert back.apart < 1e-15


class Two(nn.Module):
    """A step with two states, of which the second is made from the first."""

    def __init__(self):
        super().__init__()
        self.up = nn.Linear(8, 5)

    def forward(self, x, state):
        h, m = state
        h = torch.tanh(self.up(torch.cat([x, h], -1)) + m)
        return h, 0.5 * m + 0.5 * h


class Custom(nn.Module):
    def __init__(self):
        super().__init__()
        self.step, self.out = Two(), nn.Linear(5, 4)

    def forward(self, x):
        state = x.new_zeros(x.shape[1], 5), x.new_zeros(x.shape[1], 5)
        outputs = []
        for each in x:
            state = self.step(each, state)
            outputs.append(self.out(state[1]))
        return torch.stack(outputs)


@pytest.mark.parametrize(
    "make",
    [
        lambda: recorded(Around(nn.GRU(3, 5, num_layers=2, bidirectional=True))),
        lambda: recorded(Around(nn.LSTM(3, 5, proj_size=2)), losses="last"),
        lambda: recorded(Custom(), states="step"),
    ],
)
def test_of_other_cells_it_is_the_recorded_gradient(make):
    trace = measure.one_layer(make())
    assert loss_back(trace, 5).apart < 1e-15


def test_a_loss_of_several_states_is_refused():
    class Mean(Around):
        def forward(self, x):
            return self.fc(self.rnn(x)[0].mean(0))

    torch.manual_seed(0)
    model = Mean(nn.GRU(3, 5))
    trace = record(model, torch.randn(6, 2, 3), torch.randint(4, (2,)), dtype="float64")
    with pytest.raises(TraceError, match="not come from the state of its own step alone"):
        loss_back(trace, 5)

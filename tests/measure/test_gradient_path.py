"""The last loss whose gradient reaches several states, against its definition."""

import numpy as np
import pytest
import torch
from models import Around
from torch import nn

from rnnviz import measure
from rnnviz.errors import TraceError
from rnnviz.recording import record
from rnnviz.trace import NO_TARGET


def recorded(layer, targets, **options):
    torch.manual_seed(0)
    x = torch.randn(5, 1, 3)
    return record(Around(layer), x, torch.tensor(targets)[:, None], **options)


def test_it_is_the_last_loss_with_the_norms_of_all_states():
    trace = recorded(nn.LSTM(3, 4), [0, 1, 2, 3, NO_TARGET])
    path = measure.last_gradient_path(trace)
    assert (path.loss, path.last, path.direct) == (3, 3, False)
    for state, norms in path.norms.items():
        np.testing.assert_allclose(norms, measure.gradient_norms(trace, state=state)[3, :, 0])


def test_a_recording_of_one_loss_has_one_row():
    trace = recorded(nn.GRU(3, 4), [0, 1, 2, 3, 1], losses=[2])
    path = measure.last_gradient_path(trace)
    assert (path.row, path.loss, path.last) == (0, 2, 2)


def test_an_output_of_all_states_is_read_directly():
    class Mean(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn, self.fc = nn.RNN(3, 4), nn.Linear(4, 2)

        def forward(self, x):
            return self.fc(self.rnn(x)[0].mean(0))

    torch.manual_seed(0)
    trace = record(Mean(), torch.randn(5, 1, 3), torch.tensor([1]))
    path = measure.last_gradient_path(trace)
    assert (path.loss, path.last, path.direct) == (4, 4, True)


def test_a_loss_of_the_first_step_reaches_too_little():
    trace = recorded(nn.RNN(3, 4), [0, *[NO_TARGET] * 4])
    with pytest.raises(TraceError, match="1 of the first sequence's states at most"):
        measure.last_gradient_path(trace)

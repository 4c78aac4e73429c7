"""Axes that sizes do not tell apart are told by gradients, or asked for; never guessed."""

import numpy as np
import pytest
import torch
from models import Around, layer_of, same_traces
from torch import nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from rnnviz.errors import RecordingError
from rnnviz.recording import record

N = 4
ORDERS = [("step", "sequence"), ("sequence", "step")]


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(7)


def square():
    return torch.randn(N, N, 3), torch.randn(N, N, 4)


def per_sequence(output, targets):
    return ((output - targets) ** 2).sum((0, 2))


def per_step(output, targets):
    return ((output - targets) ** 2).sum((1, 2))


def test_one_number_a_step_or_a_sequence_is_asked_for():
    model, (x, y) = Around(nn.LSTM(3, 5)), square()
    for loss in (per_sequence, per_step):
        with pytest.raises(RecordingError, match="give per='step' or per='sequence'"):
            record(model, x, y, loss=loss)


@pytest.mark.parametrize("batch", [N - 1, N])
def test_one_number_a_sequence_is_one_loss_of_the_whole(batch):
    model = Around(nn.LSTM(3, 5))
    x, y = torch.randn(N, batch, 3), torch.randn(N, batch, 4)
    trace = record(model, x, y, loss=per_sequence, per="sequence")
    whole = record(model, x, y, loss=lambda o, t: per_sequence(o, t).sum())
    assert trace.loss_times.tolist() == [N - 1]
    np.testing.assert_allclose(trace.loss[-1], per_sequence(model(x)[0], y).detach(), rtol=1e-5)
    np.testing.assert_allclose(trace.grad_h_by_loss, whole.grad_h_by_loss, atol=1e-6)


@pytest.mark.parametrize("batch", [N - 1, N])
def test_one_number_a_step_is_a_loss_of_each(batch):
    model = Around(nn.GRU(3, 5))
    x, y = torch.randn(N, batch, 3), torch.randn(N, batch, 4)
    trace = record(model, x, y, loss=per_step, per="step")
    each = record(model, x, y, loss=lambda o, t: ((o - t) ** 2).sum(2))
    np.testing.assert_allclose(trace.grad_h_by_loss, each.grad_h_by_loss, atol=1e-6)
    np.testing.assert_allclose(trace.loss[:, 0], each.loss.sum(1), rtol=1e-5)


@pytest.mark.parametrize("batch", [N - 1, N])
@pytest.mark.parametrize("form", ["turned", "flat", "flat, turned"])
def test_losses_of_each_in_another_order_are_told_by_gradients(form, batch):
    """Cross-entropy wants its classes second, which turns the axes of many a loss."""
    model = Around(nn.RNN(3, 5))
    x, y = torch.randn(N, batch, 3), torch.randint(4, (N, batch))

    def turning(output, targets):
        losses = functional.cross_entropy(output.permute(1, 2, 0), targets.T, reduction="none")
        losses = losses if "turned" in form else losses.T
        return losses.flatten() if "flat" in form else losses

    same = record(model, x, y)
    trace = record(model, x, y, loss=turning)
    np.testing.assert_allclose(trace.loss, same.loss, rtol=1e-5)
    np.testing.assert_allclose(trace.grad_h_by_loss, same.grad_h_by_loss, atol=1e-6)


def smooth(output, targets):
    """Losses of each step and sequence that depend on two steps."""
    apart = (output - targets).square().sum(-1)
    return apart + torch.cat([apart[:1], apart[:-1]])


def test_losses_that_mix_steps_are_asked_for_in_a_square():
    model, (x, y) = Around(nn.RNN(3, 5)), square()
    with pytest.raises(RecordingError, match=r"give per=\('step', 'sequence'\) or per="):
        record(model, x, y, loss=smooth)
    trace = record(model, x, y, loss=smooth, per=ORDERS[0])
    np.testing.assert_allclose(trace.loss, smooth(model(x)[0], y).detach(), rtol=1e-5)


class Attending(Around):
    """An output that depends on all steps of its own sequence."""

    turned = False

    def forward(self, x):
        states = self.rnn(x)[0]
        output = self.fc(states + states.mean(0 if not self.rnn.batch_first else 1, keepdim=True))
        return output.transpose(0, 1) if self.turned else output


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("batch_first", [False, True])
def test_an_output_that_mixes_steps_is_told_by_its_sequences(batch_first, turned):
    model, (x, y) = Attending(layer_of("gru", 3, 5, batch_first=batch_first)).double(), square()
    model.turned = turned
    order = ORDERS[batch_first != turned]
    trace = record(model, x, y, loss="squared", per=order, dtype="float64")
    made = model(x.double()).detach().numpy()
    np.testing.assert_allclose(trace.output, made if order == ORDERS[0] else made.swapaxes(0, 1))
    if not turned:
        same_traces(record(model, x, y, loss="squared", dtype="float64"), trace, 1e-12)


def test_an_output_of_which_nothing_is_known_is_asked_for():
    """A network whose relus are all dead gives the same whatever its axes are."""
    model, (x, y) = Around(nn.RNN(3, 5, nonlinearity="relu")), square()
    model.fc = nn.Sequential(nn.Linear(5, 4), nn.ReLU())
    with torch.no_grad():
        model.fc[0].bias.fill_(-100)
    with pytest.raises(RecordingError, match=r"gradients do not decide which axis .* per=\('step'"):
        record(model, x, y, loss="squared")
    assert record(model, x, y, loss="squared", per=ORDERS[0]).output.shape == (N, N, 4)


def test_targets_in_one_of_two_orders_are_asked_for():
    class Turning(Around):
        def forward(self, x):
            return self.fc(self.rnn(x)[0]).transpose(0, 1)

    model = Turning(nn.RNN(3, 5))
    x, y = torch.randn(N, N, 3), torch.randint(4, (N, N))
    with pytest.raises(RecordingError, match=r"in the output's, with per=\('sequence', 'step'\)"):
        record(model, x, y)
    trace = record(model, x, y, per=ORDERS[1])
    np.testing.assert_array_equal(trace.targets, y.T)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"per": "batch"}, "per must be 'step', 'sequence', .* got 'batch'"),
        ({"per": ()}, r"got \(\)$"),
        ({"per": 3}, "per must be 'step', .* got 3"),
        ({"per": ("step", "step")}, "got \\(.step., .step.\\)"),
        ({"per": "step", "loss": "squared"}, "has a number for each step and sequence; leave it"),
        ({"per": "sequence", "loss": "squared"}, "one entry for each step and sequence; leave"),
        ({"per": "step", "loss": per_sequence}, r"gives shape \(3,\), but per='step' means \(4,\)"),
        ({"per": "sequence", "loss": lambda o, t: o[..., 0]}, r"gives shape \(4, 3\), but per="),
        ({"per": ORDERS[1], "loss": "squared"}, r"per is \('sequence', 'step'\), but the model's"),
    ],
)
def test_what_is_said_of_axes_must_fit(options, match):
    x, y = torch.randn(N, N - 1, 3), torch.randn(N, N - 1, 4)
    with pytest.raises(RecordingError, match=match):
        record(Around(nn.RNN(3, 5)), x, y, **options)


class Packing(nn.Module):
    """It packs what it is given: its padding is 0, and depends on nothing."""

    def __init__(self, lengths):
        super().__init__()
        self.rnn, self.out, self.lengths = nn.RNN(1, 1), nn.Linear(1, 3), torch.tensor(lengths)

    def forward(self, x):
        packed = pack_padded_sequence(x, self.lengths, enforce_sorted=False)
        return self.out(pad_packed_sequence(self.rnn(packed)[0])[0])


@pytest.mark.parametrize("lengths", [(1, 2), (2, 1), (3, 1, 2), (1, 3, 3)])
def test_padding_that_depends_on_nothing_leaves_the_axes_told_apart(lengths):
    batch = len(lengths)
    model, x = Packing(lengths), torch.randn(batch, batch, 1)
    y = torch.randint(3, (batch, batch))
    known = record(model, x, y, per=("step", "sequence"))
    same_traces(record(model, x, y), known, 1e-12)

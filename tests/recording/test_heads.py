"""The Linear that makes the outputs is named only if it makes them, and their gradients, alone."""

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize

from rnnviz.errors import RecordingError
from rnnviz.recording import record
from rnnviz.verification import verify

STEPS, BATCH, UNITS, CLASSES = 5, 3, 4, 2


class Turned(torch.autograd.Function):
    """As it is forward, turned round backward."""

    @staticmethod
    def forward(context, value):
        return value.clone()

    @staticmethod
    def backward(context, gradient):
        return -gradient


class Squashed(nn.Linear):
    def forward(self, states):
        return super().forward(states).tanh()


class Reversed(nn.Linear):
    def forward(self, states):
        return super().forward(Turned.apply(states))


class Frozen(nn.Linear):
    def forward(self, states):
        return nn.functional.linear(states, self.weight.detach(), self.bias)


class Noisy(nn.Module):
    def forward(self, weight):
        return weight + torch.randn_like(weight)


class Headed(nn.Module):
    def __init__(self, head=None):
        super().__init__()
        self.rnn = nn.GRU(3, UNITS)
        self.out = head or nn.Linear(UNITS, CLASSES)

    def forward(self, x):
        return self.out(self.rnn(x)[0])


@pytest.fixture
def data():
    torch.manual_seed(2)
    return torch.randn(STEPS, BATCH, 3), torch.randint(CLASSES, (STEPS, BATCH))


def hooked(register, hook):
    model = Headed()
    getattr(model.out, register)(hook)
    return model


@pytest.mark.parametrize(
    "made",
    [
        lambda: hooked("register_forward_hook", lambda module, given, made: 2 * made),
        lambda: hooked("register_forward_pre_hook", lambda module, given: (2 * given[0],)),
        lambda: hooked("register_full_backward_hook", lambda module, into, out: (3 * into[0],)),
        *(lambda kind=kind: Headed(kind(UNITS, CLASSES)) for kind in (Squashed, Reversed, Frozen)),
    ],
    ids=["hook", "hook before", "hook backward", "squashed", "reversed", "frozen"],
)
def test_a_linear_that_does_more_is_not_called_the_output_layer(made, data):
    trace = record(made(), *data)
    assert trace.metadata.output_layer is None
    assert verify(trace).ok


def test_a_hook_that_only_looks_leaves_the_output_layer(data):
    seen = []
    model = hooked("register_full_backward_hook", lambda module, into, out: seen.append(into))
    trace = record(model, *data)
    assert seen
    assert trace.metadata.output_layer == "out"
    assert verify(trace).ok


def test_a_head_drawn_anew_is_recorded_and_moves_no_random_state(data):
    model = Headed()
    parametrize.register_parametrization(model.out, "weight", Noisy())
    before = torch.get_rng_state()
    trace = record(model, *data)
    assert torch.equal(torch.get_rng_state(), before)
    assert trace.metadata.output_layer == "out"
    assert verify(trace).ok


def test_weights_of_the_original_behind_a_closure_are_refused(data):
    class Closed(Headed):
        def __init__(self):
            super().__init__()
            self.head = lambda states: self.out(states)

        def forward(self, x):
            return self.head(self.rnn(x)[0])

    with pytest.raises(
        RecordingError, match=r"uses 'out\.weight' through something that is not copied"
    ):
        record(Closed(), *data)


def test_a_layer_whose_directions_share_a_weight_is_refused(data):
    model = Headed(nn.Linear(2 * UNITS, CLASSES))
    model.rnn = nn.GRU(3, UNITS, bidirectional=True)
    model.rnn.weight_hh_l0_reverse = model.rnn.weight_hh_l0
    with pytest.raises(RecordingError, match="'weight_hh_l0' and as 'weight_hh_l0_reverse'"):
        record(model, *data)


def test_biases_that_are_one_parameter_are_recorded_step_by_step(data):
    model = Headed()
    model.rnn.bias_hh_l0 = model.rnn.bias_ih_l0
    trace = record(model, *data)
    assert trace.metadata.cell == "custom"
    assert "rnn.bias_hh_l0" in {*trace.metadata.shared, *trace.metadata.shared.values()}


def test_what_is_changed_in_place_is_a_copy(data):
    class Doubling(Headed):
        def forward(self, x):
            return super().forward(x.mul_(2))

    def loss(output, targets):
        targets.add_(1)
        return output.mul_(targets[..., None]).sum()

    model, (x, targets) = Doubling(), data
    plain = Headed()
    plain.load_state_dict(model.state_dict())
    kept = x.clone(), targets.clone()
    trace = record(model, x, targets, loss=loss)
    assert torch.equal(x, kept[0])
    assert torch.equal(targets, kept[1])
    expected = plain(2 * x)
    torch.testing.assert_close(torch.tensor(trace.output), expected.detach())
    wanted = (expected * (targets[..., None] + 1)).sum().item()
    assert trace.loss.sum() == pytest.approx(wanted, rel=1e-5)
    assert verify(trace).ok


def test_a_compiled_layer_runs_as_it_was_written(data):
    model = Headed()
    model.rnn.compile(backend="eager")
    assert verify(record(model, *data)).ok


def test_one_number_with_an_axis_is_the_loss_of_the_whole(data):
    trace = record(Headed(), *data, loss=lambda output, targets: output.sum().reshape(1))
    assert trace.metadata.reduction == "batch"
    assert len(trace.loss_times) == 1


@pytest.mark.parametrize(
    ("per", "loss", "said"),
    [
        ("sequence", lambda output, targets: output.square().sum((1, 2)), "give per='step'"),
        ("step", lambda output, targets: output.square().sum((0, 2)), "give per='sequence'"),
        (("step", "sequence"), lambda output, targets: output.square().sum(-1).T, "other order"),
        (("sequence", "step"), lambda output, targets: output.square().sum(-1), "other order"),
    ],
)
def test_axes_that_the_gradients_contradict_are_refused(per, loss, said):
    torch.manual_seed(2)
    x, targets = torch.randn(4, 4, 3), torch.randint(CLASSES, (4, 4))
    with pytest.raises(RecordingError, match=said):
        record(Headed(), x, targets, loss=loss, per=per)


def test_parameters_of_eight_bits_are_told_what_to_do(data):
    model = Headed().to(torch.float8_e4m3fn)
    with pytest.raises(RecordingError, match="give dtype='float64'"):
        record(model, *data)
    assert verify(record(model, *data, dtype="float64")).ok

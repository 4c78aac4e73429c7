"""One layer of a recording is what that layer alone does when it is given the same inputs."""

import numpy as np
import pytest
import torch
from models import Around
from torch import nn

import rnnviz
from rnnviz import measure, verify
from rnnviz.errors import TraceError
from rnnviz.recording import record
from rnnviz.trace import Trace

CELLS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


def recorded(cell: str = "lstm", **options) -> Trace:
    torch.manual_seed(0)
    lengths = options.pop("lengths", None)
    layer = CELLS[cell](3, 5, **options)
    x, y = torch.randn(6, 3, 3), torch.randint(4, (6, 3))
    return record(Around(layer), x, y, lengths=lengths, dtype="float64")


def test_a_network_of_one_layer_is_its_own():
    trace = recorded(num_layers=1)
    assert measure.one_layer(trace) is trace


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layer", [0, 1])
def test_a_layer_does_the_same_alone(cell, layer):
    trace = recorded(cell, num_layers=2, bidirectional=True)
    one = measure.one_layer(trace, layer)
    alone = CELLS[cell](one.input_size, 5).double()
    names = {"weight_ih_l0": one.U, "weight_hh_l0": one.W}
    names |= {f"{kind}_l0": one.weight(kind) for kind in ("bias_ih", "bias_hh")}
    alone.load_state_dict({name: torch.tensor(values) for name, values in names.items()})
    states = alone(torch.tensor(one.x))[0].detach().numpy()
    np.testing.assert_allclose(one.h[0, 0], states, rtol=0, atol=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_measures_are_those_of_the_layer(cell):
    trace = recorded(cell, num_layers=2)
    one = measure.one_layer(trace)
    for of in (measure.gradient_norms, measure.weight_gradients, measure.state_jacobian_norms):
        np.testing.assert_array_equal(of(one), of(trace, layer=1))
    assert verify(one).ok


@pytest.mark.parametrize("cell", CELLS)
def test_gradients_of_inputs_are_those_that_the_recording_has(cell):
    trace = recorded(cell)
    found = measure.input_gradients(trace)
    np.testing.assert_allclose(found, trace.grad_x_by_loss, rtol=0, atol=1e-14)


def test_gradients_of_a_higher_layer_s_inputs_are_autograd_s():
    trace = recorded(num_layers=2)
    one = measure.one_layer(trace)
    model = Around(nn.LSTM(3, 5, num_layers=2)).double()
    model.load_state_dict({name: torch.tensor(of) for name, of in trace.parameters.items()})
    upper = nn.LSTM(5, 5).double()
    upper.load_state_dict(
        {f"{kind}_l0": torch.tensor(one.weight(kind))
         for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
    )  # fmt: skip
    x = torch.tensor(trace.h[0, 0]).requires_grad_()
    scores = upper(x)[0] @ torch.tensor(trace.V).T + torch.tensor(trace.output_bias)
    loss = nn.functional.cross_entropy(scores[4], torch.tensor(trace.targets[4]), reduction="sum")
    (wanted,) = torch.autograd.grad(loss, x)
    np.testing.assert_allclose(one.grad_x_by_loss[4], wanted.numpy(), rtol=0, atol=1e-14)


def test_a_whole_sequence_comes_first():
    trace = recorded(lengths=[3, 5, 2])
    one = measure.one_layer(trace)
    assert one.steps == 5
    assert one.mask[:, 0].all()
    np.testing.assert_array_equal(one.h[0, 0, :, 0], trace.h[0, 0, :5, 1])
    np.testing.assert_array_equal(one.targets[:, 1], trace.targets[:5, 0])
    assert verify(one).ok


class Leaky(nn.Module):
    """A cell of one's own with a gate that it names."""

    def __init__(self):
        super().__init__()
        self.both, self.fc = nn.Linear(3 + 5, 10), nn.Linear(5, 4)

    def forward(self, xs):
        h, outputs = xs.new_zeros(xs.shape[1], 5), []
        for x in xs:
            z, new = self.both(torch.cat([x, h], 1)).chunk(2, 1)
            z = rnnviz.gate(torch.sigmoid(z), "z")
            h = rnnviz.state(z * h + (1 - z) * torch.tanh(new), "h")
            outputs.append(self.fc(h))
        return torch.stack(outputs)


def test_named_gates_come_in_the_order_of_the_sequences():
    torch.manual_seed(0)
    x, y = torch.randn(6, 3, 3), torch.randint(4, (6, 3))
    trace = record(Leaky(), x, y, lengths=[3, 5, 2], dtype="float64")
    one = measure.one_layer(trace)
    (gates,) = one.named_gates.values()
    assert gates.shape == one.h.shape[2:] == (5, 3, 5)
    np.testing.assert_array_equal(gates[:, 0], trace.named_gates["z"][:5, 1])
    np.testing.assert_array_equal(gates[:3, 1], trace.named_gates["z"][:3, 0])


def test_there_must_be_such_a_layer():
    with pytest.raises(TraceError, match="there is no layer 2"):
        measure.one_layer(recorded(num_layers=2), 2)


def test_states_have_names():
    trace = recorded()
    states, before = measure.states_by_name(trace), measure.states_before_by_name(trace)
    assert list(states) == list(before) == ["h", "c"]
    for name, values in states.items():
        np.testing.assert_array_equal(before[name][1:], values[:-1])
    gradients = measure.gradients_by_state(trace)
    sizes = np.linalg.norm(gradients["c"], axis=-1)
    np.testing.assert_allclose(sizes, measure.gradient_norms(trace, state="c"), rtol=1e-12)


def test_the_units_that_move_most_come_in_their_order():
    states = np.array([[0.0, 9.0, 0.0, 0.0], [1.0, 9.0, 0.5, 2.0], [0.0, 9.0, 0.0, 2.0]])
    assert measure.most_moving(states, 2).tolist() == [0, 3]
    assert measure.most_moving(states, 9).tolist() == [0, 1, 2, 3]
    assert measure.most_moving(np.zeros((2, 3)), 2).tolist() == [0, 1]

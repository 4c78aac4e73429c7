"""Weights that are made of parameters are recorded as the layer used them."""

import dataclasses

import numpy as np
import pytest
import torch
from models import Around, Loop, same_traces
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune, spectral_norm, weight_norm

import rnnviz
from rnnviz.errors import RecordingError
from rnnviz.recording import record, rerun

STEPS, BATCH = 5, 2


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(3)


class Halved(nn.Module):
    def forward(self, weight):
        return weight / 2


def pruned(module, *names):
    for name in names:
        prune.random_unstructured(module, name, 0.4)


def parametrized(module, *names):
    for name in names:
        parametrize.register_parametrization(module, name, Halved())


def old_weight_norm(module, *names):
    for name in names:
        with pytest.warns(FutureWarning, match="deprecated"):
            weight_norm(module, name)


def each(make):
    def made(module, *names):
        for name in names:
            make(module, name)

    return made


class WeightDrop(nn.Module):
    """A layer that is given other weights before each call, as AWD-LSTM's is."""

    def __init__(self, layer, names, chance, as_parameter=False):
        super().__init__()
        self.layer, self.names, self.chance = layer, names, chance
        self.as_parameter = as_parameter
        for name in names:
            weight = layer._parameters.pop(name)
            layer.register_parameter(f"{name}_raw", nn.Parameter(weight.detach()))

    def forward(self, x, state=None):
        for name in self.names:
            raw = getattr(self.layer, f"{name}_raw")
            made = nn.functional.dropout(raw, self.chance, self.training)
            setattr(self.layer, name, nn.Parameter(made) if self.as_parameter else made)
        return self.layer(x, state)


def around(layer, make, *names):
    """A model, its layer's weights made by something."""
    model = Around(layer)
    make(layer, *names)
    return model


class Dropped(nn.Module):
    def __init__(self, chance=0.5, **options):
        super().__init__()
        self.drop = WeightDrop(nn.LSTM(3, 4), ("weight_hh_l0", "bias_ih_l0"), chance, **options)
        self.fc = nn.Linear(4, 4)

    def forward(self, x):
        return self.fc(self.drop(x)[0])


def looped(cell, make, *names):
    make(cell, *names)
    return Loop(cell)


HH, IH, B = "weight_hh_l0", "weight_ih_l0", "bias_hh_l0"
MODELS = {
    "pruned bias": lambda: around(nn.RNN(3, 4), pruned, B),
    "pruned weights": lambda: around(nn.LSTM(3, 4, 2), pruned, HH, "weight_ih_l1", "bias_ih_l1"),
    "pruned reverse": lambda: around(
        nn.GRU(3, 4, bidirectional=True), pruned, "weight_hh_l0_reverse", "bias_ih_l0_reverse"
    ),
    "parametrized bias": lambda: around(nn.GRU(3, 4), parametrized, B),
    "parametrized projection": lambda: around(
        nn.LSTM(3, 4, proj_size=2), parametrized, "weight_hr_l0", IH
    ),
    "parametrized reverse": lambda: around(
        nn.LSTM(3, 4, 2, bidirectional=True), parametrized, "weight_hh_l1_reverse"
    ),
    "weight_norm": lambda: around(nn.LSTM(3, 4), each(parametrizations.weight_norm), HH, IH),
    "orthogonal": lambda: around(nn.RNN(3, 4), each(parametrizations.orthogonal), HH),
    "spectral_norm": lambda: around(nn.GRU(3, 4), each(parametrizations.spectral_norm), HH),
    "old weight_norm": lambda: around(nn.LSTM(3, 4), old_weight_norm, HH, IH),
    "old spectral_norm": lambda: around(nn.RNN(3, 4), each(spectral_norm), HH),
    "cell, pruned": lambda: looped(nn.GRUCell(3, 4), pruned, "weight_hh", "bias_hh"),
    "cell, parametrized": lambda: looped(nn.LSTMCell(3, 4), parametrized, "weight_ih", "bias_ih"),
    "cell, weight_norm": lambda: looped(
        nn.RNNCell(3, 4), each(parametrizations.weight_norm), "weight_hh"
    ),
    "dropped": Dropped,
    "dropped, as parameters": lambda: Dropped(as_parameter=True),
}


def data():
    return torch.randn(STEPS, BATCH, 3), torch.randint(4, (STEPS, BATCH))


def plain_of(model, trace):
    """The same model with parameters of the recorded values in the place of those made."""
    layer, linear = trace.metadata.layer, trace.metadata.output_layer
    recurrent = dict(model.named_modules())[layer]
    kind = next(
        each for each in type(recurrent).__mro__ if each.__module__ == "torch.nn.modules.rnn"
    )
    if issubclass(kind, nn.RNNCellBase):
        made = Loop(kind(3, 4))
    else:
        options = {
            name: getattr(recurrent, name)
            for name in ("num_layers", "bidirectional", "proj_size")
            if getattr(recurrent, name)
        }
        made = Around(kind(3, 4, **options))
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            own = name.replace("rnn.", f"{layer}.", 1).replace("fc.", f"{linear}.", 1)
            parameter.copy_(torch.tensor(trace.parameters[own]))
    return made


def compare(model, trace, x, y):
    """A plain model with the effective weights gives the same trace, gradients too."""
    expected = record(plain_of(model, trace), x, y)
    layer, linear = trace.metadata.layer, trace.metadata.output_layer
    renamed = {
        group: {
            name: getattr(trace, group)[
                name.replace("rnn.", f"{layer}.", 1).replace("fc.", f"{linear}.", 1)
            ]
            for name in expected.parameters
        }
        for group in ("parameters", "gradients")
    }
    about = dataclasses.replace(trace.metadata, layer="rnn", output_layer="fc")
    same_traces(dataclasses.replace(trace, metadata=about, **renamed), expected, 1e-5)


@pytest.mark.parametrize("after_a_forward", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_the_weights_that_the_layer_used_are_recorded(name, after_a_forward):
    model, (x, y) = MODELS[name]().eval(), data()
    if after_a_forward:
        model(x)
    trace = record(model, x, y)
    assert trace.metadata.effective
    assert set(trace.metadata.effective) <= set(trace.parameters)
    compare(model, trace, x, y)
    report = rnnviz.verify(trace)
    assert report.ok
    unchecked = {check.field for check in report.checks if check.against == "not checked"}
    assert not unchecked & {f"gradients/{name}" for name in trace.metadata.effective}


def test_the_gradients_of_what_a_weight_is_made_of_are_there_too():
    model, (x, y) = MODELS["weight_norm"](), data()
    trace = record(model, x, y)
    output = model(x)[0]
    nn.functional.cross_entropy(output.flatten(0, 1), y.flatten(), reduction="sum").backward()
    for name, parameter in model.named_parameters():
        np.testing.assert_allclose(trace.gradients[name], parameter.grad, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("as_parameter", [False, True])
def test_a_weight_that_is_dropped_in_training_is_the_one_that_was_drawn(as_parameter):
    model, (x, y) = Dropped(0.5, as_parameter=as_parameter), data()
    trace = record(model, x, y, training=True)
    used = trace.parameters["drop.layer.weight_hh_l0"]
    assert 0 < (used == 0).sum() < used.size
    raw = model.drop.layer.weight_hh_l0_raw.detach().numpy()
    np.testing.assert_allclose(used[used != 0], 2 * raw[used != 0])
    compare(model, trace, x, y)


def test_a_parametrization_that_draws_in_training():
    class Drawn(nn.Module):
        def forward(self, weight):
            return nn.functional.dropout(weight, 0.5, self.training)

    model, (x, y) = Around(nn.LSTM(3, 4, 2)), data()
    for name in ("weight_hh_l0", "weight_ih_l1"):
        parametrize.register_parametrization(model.rnn, name, Drawn())
    trace = record(model, x, y, training=True)
    compare(model, trace, x, y)


def test_a_weight_that_is_drawn_anew_at_each_step_is_refused():
    class Drawn(nn.Module):
        def forward(self, weight):
            return weight * torch.rand(())

    model, (x, y) = Loop(nn.RNNCell(3, 4)), data()
    parametrize.register_parametrization(model.rnn, "weight_hh", Drawn())
    with pytest.raises(RecordingError, match="'weight_hh' of 'rnn' is drawn or normalised anew"):
        record(model, x, y)


def test_weights_that_are_buffers():
    model, (x, y) = Around(nn.RNN(3, 4)), data()
    held = model.rnn._parameters.pop("weight_hh_l0").detach()
    model.rnn.register_buffer("weight_hh_l0", held)
    trace = record(model, x, y)
    assert trace.metadata.effective == ("rnn.weight_hh_l0",)
    compare(model, trace, x, y)


@pytest.mark.parametrize("make", [pruned, parametrized, each(parametrizations.weight_norm)])
def test_an_output_layer_whose_weight_is_made(make):
    model, (x, y) = Around(nn.GRU(3, 4)), data()
    make(model.fc, "weight")
    trace = record(model, x, y)
    assert trace.metadata.effective == ("fc.weight",)
    np.testing.assert_allclose(trace.V, model.fc.weight.detach())
    compare(model, trace, x, y)
    again = rerun(trace, {"rnn.weight_hh_l0": trace.W * 0.5})
    np.testing.assert_array_equal(again.V, trace.V)
    assert not again.metadata.effective


def test_the_names_come_back_from_a_file_and_are_told(tmp_path):
    trace = record(MODELS["pruned bias"](), *data())
    again = rnnviz.load(trace.save(tmp_path / "pruned.safetensors"))
    assert again.metadata.effective == ("rnn.bias_hh_l0",)
    assert dict(again.summary.rows())["made of parameters"] == "rnn.bias_hh_l0"


def test_a_model_is_left_as_it_was():
    model, (x, y) = MODELS["old weight_norm"](), data()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    used = model.rnn.weight_hh_l0
    record(model, x, y)
    assert model.rnn.weight_hh_l0 is used
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])

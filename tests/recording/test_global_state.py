"""Where record is called from, and what a model was made into: the same numbers, or the reason."""

import copy
import re
import warnings
from contextlib import nullcontext

import numpy as np
import pytest
import torch
from models import Around, layer_of, same_traces
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from rnnviz import train
from rnnviz.errors import RecordingError
from rnnviz.recording import record


class Buffered(Around):
    """With a tensor that is no parameter."""

    def __init__(self, layer):
        super().__init__(layer)
        self.register_buffer("scale", torch.tensor(1.5, dtype=torch.float64))

    def forward(self, x, state=None):
        return super().forward(x * self.scale, state)


def made(cell="lstm"):
    torch.manual_seed(3)
    return Buffered(layer_of(cell, 3, 5)).double()


def data():
    torch.manual_seed(5)
    return torch.randn(6, 2, 3, dtype=torch.float64), torch.randint(4, (6, 2))


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
@pytest.mark.parametrize("model_too", [False, True])
def test_gradients_are_recorded_where_none_are_kept(context, model_too):
    expected = record(made(), *data())
    model = made()
    with context():
        got = record(made() if model_too else model, *data())
        assert not torch.is_grad_enabled()
        assert torch.is_inference_mode_enabled() == (context is torch.inference_mode)
    same_traces(got, expected, 1e-14)


def test_inputs_targets_and_states_may_come_from_inference_mode():
    def parts():
        x, targets = data()
        packed = pack_padded_sequence(x, torch.tensor([4, 6]), enforce_sorted=False)
        return packed, targets, (torch.ones(1, 2, 5).double(), torch.zeros(1, 2, 5).double())

    with torch.inference_mode():
        born = parts()
    packed, targets, state = parts()
    model = Around(layer_of("lstm", 3, 5)).double()
    expected = record(model, packed, targets, state=state)
    same_traces(record(model, born[0], born[1], state=born[2]), expected, 1e-14)


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode, None])
def test_a_training_is_the_same_wherever_it_is_started(context):
    def weights():
        trained = train("adding", epochs=1, hidden=3, seed=1)
        return [parameter.detach().numpy() for parameter in trained.network.parameters()]

    expected = weights()
    with context() if context else torch.autocast("cpu"):
        got = weights()
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_array_equal(one, other)


class AutocastInside(Around):
    """A model that turns autocast on itself."""

    def forward(self, x, state=None):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            output, last = super().forward(x, state)
        return output.float(), last


@pytest.mark.parametrize("cell", ["lstm", "gru", "tanh"])
@pytest.mark.parametrize("kind", [Around, AutocastInside])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_autocast_is_recorded_step_by_step(cell, kind, dtype):
    model = kind(layer_of(cell, 3, 5)).to(dtype)
    outside = nullcontext() if kind is AutocastInside else torch.autocast("cpu")
    with outside:
        try:
            model(data()[0].float())
        except RuntimeError as error:  # of oneDNN, on processors without bfloat16
            pytest.skip(str(error))
        trace = record(model, data()[0].float(), data()[1])
    assert trace.metadata.cell == "custom"
    rounded = dtype == torch.bfloat16 or cell != "gru"  # autocast leaves the state of a GRU
    assert trace.metadata.dtype == ("bfloat16" if rounded else "float32")


def test_the_remedies_for_autocast_work():
    model = Around(layer_of("lstm", 3, 5, "float32"))
    expected = record(model, *data(), dtype="float64")
    with torch.autocast("cpu"):
        same_traces(record(model, *data(), dtype="float64"), expected, 1e-14)


class Plain(nn.Module):
    """A model that TorchScript takes."""

    def __init__(self):
        super().__init__()
        self.rnn, self.fc = nn.LSTM(3, 5), nn.Linear(5, 4)

    def forward(self, x):
        return self.fc(self.rnn(x)[0])


class Within(nn.Module):
    """A model around one that was made into something else."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return self.inner(x)


def quantized(model, x):
    return torch.ao.quantization.quantize_dynamic(copy.deepcopy(model), {nn.LSTM, nn.Linear})


MADE_INTO = {
    "scripted or traced by torch.jit": lambda model, x: torch.jit.script(model),
    "scripted or traced by": lambda model, x: torch.jit.trace(model, x),
    "a quantized LSTM": quantized,
    "a torch.fx graph": lambda model, x: torch.export.export(model, (x,)).module(),
}


@pytest.mark.parametrize("named", MADE_INTO)
@pytest.mark.parametrize("within", [False, True])
def test_what_a_model_was_made_into_is_named(named, within):
    x, targets = data()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what torch says of these, which are on their way out
        model = MADE_INTO[named](Plain(), x.float())
        model = Within(model) if within else model
        with pytest.raises(RecordingError, match=re.escape(named)) as error:
            record(model, x, targets)
    assert str(error.value).endswith("record the model it was made from")

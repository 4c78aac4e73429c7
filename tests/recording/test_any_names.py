"""A user may call modules and parameters whatever PyTorch allows; nothing of ours is in the way."""

import numpy as np
import pytest
import torch
from models import Around, Loop, same_traces
from torch import nn

import rnnviz
from rnnviz.errors import RecordingError
from rnnviz.recording import record, rerun

TORCHS = set(dir(nn.RNN(1, 1)))
OURS = sorted(
    {
        *("linear", "trace", "from_start", "layer", "parameters_hash", "recurrent", "module"),
        *(name for name in vars(rnnviz.Trace) if not name.startswith("__")),
        *rnnviz.Trace.__dataclass_fields__,
        *("a/b", "ü", "weight", "_modules_", "__metadata__", "x.y", "class", " "),
    }
    - TORCHS
)


class Named(nn.Module):
    """A network whose layer and Linear stand at any paths."""

    def __init__(self, layer, linear, recurrent=nn.RNN):
        super().__init__()
        self.paths = layer, linear
        for path, module in ((layer, recurrent(3, 5)), (linear, nn.Linear(5, 4))):
            root = self
            *way, name = path.split("|")
            for step in way:
                root._modules.setdefault(step, nn.Module())
                root = root._modules[step]
            setattr(root, name, module)

    def forward(self, x):
        parts = dict(self.named_modules())
        layer, linear = (parts[path.replace("|", ".")] for path in self.paths)
        return linear(layer(x)[0])


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(2)


def data():
    return torch.randn(6, 2, 3), torch.randint(4, (6, 2))


def runs_again(model):
    x, y = data()
    trace = record(model, x, y)
    same_traces(rerun(trace, {}), trace, 1e-5)
    w = trace.parameter_name("weight_hh")
    changed = rerun(trace, {w: trace.W / 2})
    np.testing.assert_array_equal(changed.W, trace.W / 2)
    assert changed.metadata.output_layer == trace.metadata.output_layer
    other = rerun(trace, {}, x=trace.x[:4], targets=trace.targets[:4])
    np.testing.assert_allclose(other.h, trace.h[:, :, :4], atol=1e-6)
    return trace


@pytest.mark.parametrize("name", OURS)
def test_an_output_layer_of_any_name(name):
    runs_again(Named("rnn", name))


@pytest.mark.parametrize("name", ["linear", "trace", "from_start", "x.y", "h0"])
def test_a_recurrent_layer_of_any_name(name):
    runs_again(Named(name, "out"))


@pytest.mark.parametrize(
    ("layer", "linear"),
    [
        ("linear|trace", "linear|from_start"),
        ("trace", "trace|linear"),
        ("a|linear", "linear"),
        ("self|trace|x", "trace|self|x"),
    ],
)
def test_modules_within_modules_of_any_name(layer, linear):
    runs_again(Named(layer, linear))


def test_a_trace_of_such_names_comes_back_from_its_file(tmp_path):
    trace = runs_again(Named("trace", "a/b"))
    again = rnnviz.load(trace.save(tmp_path / "named.safetensors"))
    assert rnnviz.verify(again).ok
    np.testing.assert_array_equal(again.V, trace.V)


@pytest.mark.parametrize("cell", [nn.RNNCell, nn.GRUCell, nn.LSTMCell])
def test_cells_run_again(cell):
    runs_again(Loop(cell(3, 5)))


def test_as_many_sequences_as_steps_run_again_though_all_units_are_dead():
    model = Around(nn.RNN(3, 5, nonlinearity="relu"))
    with torch.no_grad():
        model.rnn.bias_ih_l0.fill_(-100)
    x, y = torch.randn(4, 4, 3), torch.randint(4, (4, 4))
    trace = record(model, x, y)
    same_traces(rerun(trace, {}), trace, 1e-6)


def test_a_parameter_that_would_not_be_used_is_refused():
    class Tagger(nn.Module):
        def __init__(self):
            super().__init__()
            self.words, self.body = nn.Embedding(9, 3), Around(nn.GRU(3, 5))

        def forward(self, x):
            return self.body(self.words(x))

    trace = record(Tagger(), torch.randint(9, (6, 2)), torch.randint(4, (6, 2)))
    words = trace.parameters["words.weight"]
    with pytest.raises(
        RecordingError,
        match=r"'words.weight' is not of the recurrent layer .*body",
    ):
        rerun(trace, {"words.weight": words * 2})

"""``rnnviz record --model``: the user's code, weights and inputs, and their failures."""

import itertools
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import numpy as np
import pytest
import torch
from safetensors.torch import save_file as save_tensors
from torch import nn

from rnnviz.recording import record
from rnnviz.rendering import Rendered
from rnnviz.trace import load

MODELS = """
import torch
from torch import nn

print("loud while it is imported")
number = 3


class Tagger(nn.Module):
    def __init__(self, cell=nn.GRU):
        super().__init__()
        torch.manual_seed(1)
        self.first = cell(3, 5, batch_first=True)
        self.second = nn.RNN(5, 4, batch_first=True, num_layers=2, dropout=0.5)
        self.fc = nn.Linear(4, 4)

    def forward(self, x, state=None):
        return self.fc(self.second(self.first(x, state)[0])[0])


class Step(nn.Module):
    def __init__(self):
        super().__init__()
        self.i2h = nn.Linear(3 + 4, 4)

    def forward(self, x, h):
        return torch.tanh(self.i2h(torch.cat((x, h), 1)))


class Handwritten(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(1)
        self.cell = Step()

    def forward(self, xs):
        h, states = torch.zeros(len(xs), 4), []
        for t in range(xs.shape[1]):
            h = self.cell(xs[:, t], h)
            states.append(h)
        return torch.stack(states, 1)


class Models:
    @staticmethod
    def lstm():
        return Tagger(nn.LSTM)


def no_model():
    return {}


def fails():
    raise ValueError("it\\ncannot be made")


def stops():
    raise SystemExit(0)


class Breaks(Tagger):
    def forward(self, x):
        raise RuntimeError("it cannot run")


class Stops(Tagger):
    def forward(self, x):
        raise SystemExit(0)
"""
_COUNT = itertools.count()


@pytest.fixture
def module(run, tmp_path):
    """The name of a module with models in the current folder."""
    before = set(sys.modules)
    name = f"models_of_test_{next(_COUNT)}"
    (tmp_path / f"{name}.py").write_text(MODELS)
    yield name
    for added in set(sys.modules) - before:
        if added.startswith("models_of_test"):
            del sys.modules[added]


@pytest.fixture
def given(tmp_path):
    """Inputs and targets, also saved in ``in.npz``."""
    rng = np.random.default_rng(0)
    arrays = {"inputs": rng.normal(size=(2, 6, 3)), "targets": rng.integers(0, 4, size=(2, 6))}
    np.savez(tmp_path / "in.npz", **arrays)
    return arrays


@pytest.fixture
def call(run):
    """(MODULE:CALLABLE, arguments …) → exit status, stdout, stderr."""

    def call(model, *arguments, inputs="in.npz"):
        path_before = list(sys.path)
        usual = ("record", "--model", model, "--inputs", inputs, "-o", "a.safetensors")
        result = run(*usual, *arguments)
        assert sys.path == path_before
        return result

    return call


@pytest.fixture
def fails(call, tmp_path):
    """(MODULE:CALLABLE, arguments …) → the single line on stderr of a call that exits with 1."""

    def fails(*arguments, **named):
        status, out, err = call(*arguments, **named)
        assert status == 1, err
        assert out == ""
        lines = [line for line in err.splitlines() if not line.startswith("loud")]
        assert len(lines) == 1, err
        assert lines[0].startswith("Error: ")
        assert not (tmp_path / "a.safetensors").exists()
        return lines[0]

    return fails


def model_of(module, name="Tagger", *arguments):
    return getattr(sys.modules[module], name)(*arguments)


def test_it_records_the_same_as_rnnviz_record(module, given, call):
    status, out, err = call(f"{module}:Tagger", "--layer", "first", "--losses", "2,6")
    assert (status, out) == (0, "a.safetensors\n"), err
    assert "nn.GRU 'first', 6 steps, batch 2, 5 units, loss " in err
    trace = load("a.safetensors")
    assert trace.metadata.source == f"{module}:Tagger on in.npz"
    wanted = record(
        model_of(module),
        given["inputs"],
        given["targets"],
        layer="first",
        losses=[1, 5],
        about={"source": trace.metadata.source},
    )
    assert trace.identity == wanted.identity


def test_every_setting_of_the_recording_reaches_it(module, given, call):
    classes = np.arange(12).reshape(2, 6) % 4
    np.savez("in.npz", inputs=given["inputs"], targets=classes)
    arguments = ("--layer", "second", "--loss", "squared-on-softmax", "--training", "--no-grad")
    assert call(f"{module}:Tagger", *arguments, "--dtype", "float64")[0] == 0
    trace = load("a.safetensors")
    assert trace.metadata.loss == "squared-on-softmax"
    assert trace.metadata.training
    assert trace.metadata.dtype == "float64"
    assert trace.dropout is not None
    assert not trace.has_gradients


def test_every_layer_is_recorded_into_a_file_of_its_own(module, given, call, run, tmp_path):
    status, out, err = call(f"{module}:Tagger", "--layer", "all")
    assert status == 0, err
    assert out.split() == ["a-first.safetensors", "a-second.safetensors"]
    assert [load(file).metadata.layer for file in out.split()] == ["first", "second"]
    assert not (tmp_path / "a.safetensors").exists()
    model = ("--model", f"{module}:Tagger", "--inputs", "in.npz", "--layer", "all")
    status, out, err = run("render", "unrolling", *model)
    assert (status, out) == (2, "")
    assert "--layer all is for 'rnnviz record'" in err


@pytest.mark.parametrize("command", ["explore", "figure"])
def test_a_layer_is_named_where_layers_are_numbered_too(command, module, given, call, run):
    drawn = "a.html" if command == "explore" else "a.svg"
    line = ("explore",) if command == "explore" else ("figure", "states")
    model = ("--model", f"{module}:Tagger", "--inputs", "in.npz", "-o", drawn)
    texts = {}
    for layer in ("first", "second", "second:2"):
        assert run(*line, *model, "--layer", layer)[0] == 0
        texts[layer] = Path(drawn).read_text()
    for layer in ("first", "second"):
        assert call(f"{module}:Tagger", "--layer", layer)[0] == 0
        identity = load("a.safetensors").identity
        assert [each for each in texts if identity in texts[each]] == [
            each for each in texts if each.startswith(layer)
        ]
    assert run(*line, *model, "--layer", "second:1")[0] == 0
    assert Path(drawn).read_text().replace("second:1", "second") == texts["second"]
    assert texts["second"] != texts["second:2"].replace("second:2", "second")
    status, _, err = run(*line, *model, "--layer", "second:3")
    assert (status, "there is no layer 3; the trace has 2" in err) == (1, True)


def test_the_model_keeps_its_own_precision(module, given, call):
    assert call(f"{module}:Tagger", "--layer", "first")[0] == 0
    assert load("a.safetensors").metadata.dtype == "float32"


@pytest.mark.parametrize("ending", ["pt", "safetensors"])
def test_weights_come_from_a_file(ending, module, given, call):
    assert call(f"{module}:Tagger", "--layer", "first")[0] == 0
    before = load("a.safetensors")
    held = {name: value / 2 for name, value in model_of(module).state_dict().items()}
    (torch.save if ending == "pt" else save_tensors)(held, f"weights.{ending}")
    assert call(f"{module}:Tagger", "--layer", "first", "--weights", f"weights.{ending}")[0] == 0
    after = load("a.safetensors")
    for name, value in before.parameters.items():
        np.testing.assert_array_equal(after.parameters[name], value / 2)


def test_weights_key_selects_weights_in_a_checkpoint(module, given, call, fails, tmp_path):
    assert call(f"{module}:Tagger", "--layer", "first")[0] == 0
    (tmp_path / "a.safetensors").unlink()
    state = model_of(module).state_dict()
    halved = {f"module.{name}": value / 2 for name, value in state.items()}
    torch.save({"epoch": 3, "model": state, "ema": {"model": halved}}, "run.ckpt")
    options = (f"{module}:Tagger", "--layer", "first", "--weights", "run.ckpt")
    assert "name one with key=, or --weights-key" in fails(*options)
    assert call(*options, "--weights-key", "ema/model")[0] == 0
    trace = load("a.safetensors")
    for name, value in state.items():
        np.testing.assert_array_equal(trace.parameters[name], value / 2)


def test_the_order_of_axes_can_be_set(module, given, call, fails):
    message = fails(f"{module}:Tagger", "--layer", "first", "--per", "step,sequence")
    assert "per is ('step', 'sequence'), but the model's output is" in message
    assert call(f"{module}:Tagger", "--layer", "first", "--per", "sequence,step")[0] == 0


def test_an_lstm_starts_from_both_states(module, given, call):
    h0, c0 = np.full((1, 2, 5), 0.25), np.full((1, 2, 5), -0.5)
    np.savez("in.npz", **given, state=h0, cell_state=c0)
    assert call(f"{module}:Models.lstm", "--layer", "first")[0] == 0
    trace = load("a.safetensors")
    np.testing.assert_array_equal(trace.h0[0], h0)
    np.testing.assert_array_equal(trace.c0[0], c0)


def test_lengths_mask_padding(module, given, call):
    np.savez("in.npz", **given, lengths=[6, 4])
    assert call(f"{module}:Tagger", "--layer", "first")[0] == 0
    trace = load("a.safetensors")
    assert trace.lengths.tolist() == [6, 4]
    assert not trace.h[:, :, 4:, 1].any()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("none", "has no 'none'; name a callable that returns the model"),
        ("Tagger.none", "has no 'Tagger.none'"),
        ("number", "has type int and is not callable"),
        ("no_model", "no_model() returned type dict, not an nn.Module"),
        ("fails", "fails() failed (ValueError: it cannot be made (models_of_test_"),
        ("stops", "stops exits the program (SystemExit: 0 (models_of_test_"),
        ("Tagger", "'first' (GRU), 'second' (RNN)"),
        ("Breaks", "it cannot run"),
        ("Stops", "Stops exits the program"),
    ],
)
def test_failures_of_the_users_model(name, expected, module, given, fails):
    layer = ("--layer", "first") if name in ("Breaks", "Stops") else ()
    assert expected in fails(f"{module}:{name}", *layer)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (None, "(ModuleNotFoundError: No module named"),
        ("import there_is_no_such_module", "No module named 'there_is_no_such_module'"),
        ("def f(:", "(SyntaxError"),
        ("raise SystemExit", ":make exits the program (SystemExit (models_of_test_"),
    ],
)
def test_failures_of_the_users_module(code, expected, module, given, fails, tmp_path):
    name = f"{module}_broken"
    if code is not None:
        (tmp_path / f"{name}.py").write_text(code)
    assert expected in fails(f"{name}:make")


def test_output_of_the_users_code_goes_to_stderr(module, given, call):
    _, out, err = call(f"{module}:Tagger", "--layer", "first")
    assert out == "a.safetensors\n"
    assert "loud while it is imported" in err


def test_unsuitable_files_are_refused(module, given, fails, tmp_path):
    assert "no file 'none.npz'" in fails(f"{module}:Tagger", inputs="none.npz")
    (tmp_path / "hello.pt").write_bytes(b"hello")
    assert "is damaged" in fails(f"{module}:Tagger", "--weights", "hello.pt")
    torch.save(nn.Linear(2, 2).state_dict(), "other.pt")
    message = fails(f"{module}:Tagger", "--weights", "other.pt")
    assert "lacks 'first.weight_ih_l0'" in message


def test_labels_reach_the_trace(module, given, call, fails):
    labels = {
        "step_labels": np.array([list("abcdef"), list("ghijkl")]),
        "target_labels": np.arange(12).reshape(2, 6).astype(str),
        "input_labels": np.array(["x", "y", "z"]),
        "output_labels": np.array(["一", "二", "三", "四"]),
    }
    np.savez("in.npz", **given, **labels)
    usual = (f"{module}:Tagger", "--layer", "first")
    assert call(*usual)[0] == 0
    about = load("a.safetensors").metadata
    for name, rows in labels.items():
        assert np.array_equal(getattr(about, name), rows)
    Path("a.safetensors").unlink()
    for name, wrong, expected in (
        (
            "step_labels",
            [["a"] * 5] * 2,
            "step_labels must have the shape (2, 6) for 2 sequences of 6 steps, got (2, 5)",
        ),
        (
            "target_labels",
            [["a"] * 6],
            "target_labels must have the shape (2, 6) for 2 sequences of 6 steps, got (1, 6)",
        ),
        ("input_labels", ["a"], "input_labels must have 3 labels, one for each entry, got 1"),
        ("output_labels", ["a"], "output_labels must have 4 labels, got 1"),
    ):
        np.savez("in.npz", **given, **{name: np.array(wrong)})
        assert expected in fails(*usual)


def test_labels_come_from_a_file_of_their_own(module, given, call):
    words = ["no", "yes", "maybe", "?"]
    np.savez("in.npz", **given, step_labels=np.array([list("abcdef"), list("ghijkl")]))
    Path("labels.json").write_text(json.dumps({"vocabulary": words}))
    assert call(f"{module}:Tagger", "--layer", "first", "--labels", "labels.json")[0] == 0
    about = load("a.safetensors").metadata
    assert about.output_labels == tuple(words)
    assert about.target_labels[0] == tuple(words[number] for number in given["targets"][0])
    assert about.step_labels[0] == tuple("abcdef")
    Path("steps.txt").write_text("u\nv\nw\nx\ny\nz\n\n1\n2\n3\n4\n5\n6\n")
    assert call(f"{module}:Tagger", "--layer", "first", "--labels", "steps.txt")[0] == 0
    assert load("a.safetensors").metadata.step_labels == (tuple("uvwxyz"), tuple("123456"))


def test_inspect_shows_the_model(module, given, call, run):
    np.savez("in.npz", **given, lengths=[6, 4])
    assert call(f"{module}:Tagger", "--layer", "second", "--losses", "every:2")[0] == 0

    out = run("inspect", "a.safetensors")[1]
    assert "nn.RNN 'second'" in out
    assert "rnn, tanh" in out
    rows = {
        row[0]: row[1]
        for line in out.partition("├")[0].splitlines()
        if len(row := [part.strip() for part in line.strip("│ ").split("│")]) == 2
    }
    assert rows["lengths"] == "6, 4"
    assert rows["loss times, from 1"] == "2, 4, 6"
    assert rows["mode"] == "evaluation"
    assert rows["ran on"] == "cpu, float32"
    assert rows["loss"] == "cross-entropy, summed over the batch"
    found = json.loads(run("inspect", "a.safetensors", "--json")[1])
    assert found["lengths"] == [6, 4]
    assert found["loss_times"] == [1, 3, 5]
    assert found["sizes"]["layers"] == 2
    assert found["metadata"]["module"] == "nn.RNN"


def test_a_recurrence_of_ones_own(module, given, call, fails, run):
    model = f"{module}:Handwritten"
    assert call(model, "--states", "cell")[0] == 0
    assert "Step 'cell'" in call(model, "--states", "cell")[2]
    assert [each.name for each in load("a.safetensors").metadata.states] == ["h"]
    assert "h (4)" in run("inspect", "a.safetensors")[1]
    Path("a.safetensors").unlink()
    assert "has no module 'celt'" in fails(model, "--states", "celt")
    assert "--states needs --model" in run("record", "--states", "cell", "-o", "b.safetensors")[2]


def test_a_recurrence_of_ones_own_is_verified_by_its_code(module, given, call, run):
    assert call(f"{module}:Handwritten", "--states", "cell")[0] == 0
    status, out, _ = run("verify", "a.safetensors")
    assert (status, "--model" in out) == (0, True)
    status, out, err = run("verify", "a.safetensors", "--json", "--model", f"{module}:Handwritten")
    assert (status, "not checked" in out) == (0, False), out + err
    assert "finite differences" in out
    assert "--inputs needs --model" in run("verify", "a.safetensors", "--inputs", "in.npz")[2]
    other = run("verify", "a.safetensors", "--model", f"{module}:Tagger")
    assert other[0] == 1
    assert "give the model that was recorded" in other[2]


PLAIN = """
import torch
from torch import nn

made = 0


class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(1)
        globals()["made"] += 1
        self.rnn, self.fc = nn.RNN(3, 5, batch_first=True), nn.Linear(5, 4)

    def forward(self, x):
        return self.fc(self.rnn(x)[0])
"""


@pytest.fixture
def plain(given, tmp_path):
    """The name of a module with a plain network."""
    name = f"plain_of_test_{next(_COUNT)}"
    (tmp_path / f"{name}.py").write_text(PLAIN)
    yield name
    sys.modules.pop(name, None)


def test_scenes_figures_and_pages_show_a_model_in_one_go(plain, call, run, monkeypatch):
    model = ("--model", f"{plain}:Plain", "--inputs", "in.npz")
    assert call(f"{plain}:Plain")[0] == 0
    wanted = load("a.safetensors").identity
    shown = []

    def begin(scene, trace, executor, **settings):
        shown.append(trace.identity)
        return SimpleNamespace(finish=lambda: Rendered(scene, (Path("a"),), (), 0.0))

    monkeypatch.setattr("rnnviz.rendering.begin", begin)
    assert run("render", "unrolling", *model)[0] == 0
    made = sys.modules[plain].made
    monkeypatch.setattr("rnnviz.cli.render.SCENES", dict.fromkeys(("unrolling", "tanh")))
    assert run("render", "--all", *model)[0] == 0
    assert sys.modules[plain].made == made + 1  # recorded once for all scenes
    assert run("explore", *model, "-o", "a.html")[0] == 0
    assert wanted in Path("a.html").read_text()
    assert run("figure", "states", *model, "--width", 6, "-o", "a.svg")[0] == 0
    assert wanted in Path("a.svg").read_text()
    assert shown == [wanted] * 3


def test_a_scene_is_checked_before_a_model_is_run(plain, run):
    status, out, err = run("render", "none", "--model", f"{plain}:Plain", "--inputs", "none.npz")
    assert (status, out) == (1, "")
    assert "unknown scene 'none'" in err


def test_a_network_for_a_scene_is_trained_as_record_trains_it(run, monkeypatch):
    """The recording in the cache is the one that ``record`` writes with the same options."""
    options = ("--task", "adding", "--cell", "gru", "--hidden", 3, "--epochs", 1, "--steps", 5)
    assert run("record", *options, "-o", "a.safetensors")[0] == 0
    shown = []

    def figure(name, trace, **settings):
        shown.append(trace)
        return mock.MagicMock()

    monkeypatch.setattr("rnnviz.figures.figure", figure)
    monkeypatch.setattr("rnnviz.figures.save_figure", lambda *_, **__: Path("a.pdf"))
    monkeypatch.setattr("rnnviz.figures.saving.images_in", lambda _: ())
    for usual in ((), ("--nonlinearity", "tanh", "--clip", 1, "--layers", 1)):
        assert run("figure", "states", *options, *usual, "-o", "a.pdf")[0] == 0
    assert [trace.identity for trace in shown] == [load("a.safetensors").identity] * 2
    assert len(list(Path("cache").glob("adding-*"))) == 1

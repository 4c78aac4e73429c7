"""Weights that Keras saved: files in its layouts, against its equations in NumPy."""

import io
import json
import sys
import zipfile

import h5py
import numpy as np
import pytest
import torch
from torch import nn

import rnnviz
from rnnviz.errors import RecordingError
from rnnviz.recording.weight_files import load_weights

STEPS, WIDTH, HIDDEN, CLASSES, TOKENS = 6, 3, 4, 2, 7
GATES = {"SimpleRNN": 1, "GRU": 3, "LSTM": 4}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def simple_rnn(x, h, kernel, recurrent, bias):
    return (np.tanh(x @ kernel + h[0] @ recurrent + bias),)


def lstm(x, state, kernel, recurrent, bias):
    h, c = state
    i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4, axis=-1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def gru(x, state, kernel, recurrent, bias):
    """With reset_after=True: the reset gate multiplies a product that has its own bias."""
    (h,) = state
    xz, xr, xh = np.split(x @ kernel + bias[0], 3, axis=-1)
    hz, hr, hh = np.split(h @ recurrent + bias[1], 3, axis=-1)
    z, r = sigmoid(xz + hz), sigmoid(xr + hr)
    return (z * h + (1 - z) * np.tanh(xh + r * hh),)


STEP = {"SimpleRNN": simple_rnn, "GRU": gru, "LSTM": lstm}


def run(kind, x, weights):
    """The states (time, hidden) of a recurrent layer of Keras on x (time, width)."""
    state = (np.zeros(HIDDEN),) * (2 if kind == "LSTM" else 1)
    states = []
    for each in x:
        state = STEP[kind](each, state, *weights)
        states.append(state[0])
    return np.array(states)


def recurrent_weights(rng, kind, width=WIDTH):
    gates = GATES[kind] * HIDDEN
    bias = (2, gates) if kind == "GRU" else (gates,)
    return [
        rng.normal(size=shape).astype("f4") for shape in ((width, gates), (HIDDEN, gates), bias)
    ]


def dense_weights(rng, width=HIDDEN):
    return [rng.normal(size=shape).astype("f4") for shape in ((width, CLASSES), (CLASSES,))]


def write_by_names(path, layers, root="", config=None):
    """The .h5 of Keras 2: ``layers`` maps names to their arrays, by their names."""
    with h5py.File(path, "w") as file:
        top = file.create_group(root) if root else file
        top.attrs["layer_names"] = [name.encode() for name in layers]
        for name, weights in layers.items():
            group = top.create_group(name)
            names = [f"{name}/{weight}:0" for weight in weights]
            group.attrs["weight_names"] = [each.encode() for each in names]
            for each, array in zip(names, weights.values(), strict=True):
                group[each] = array
        if config is not None:
            file.attrs["model_config"] = json.dumps(config)


def write_by_paths(path, layers, config=None):
    """The .weights.h5 of Keras 3, or a .keras around it: ``layers`` maps paths to arrays."""
    held = io.BytesIO()
    with h5py.File(held, "w") as file:
        for name, arrays in layers.items():
            group = file.create_group(f"{name}/vars")
            for place, array in enumerate(arrays):
                group[str(place)] = array
        file.create_group("optimizer/vars")["0"] = np.array(3)
        file.create_group("layers/lstm/cell/seed_generator/vars")["0"] = np.array([1, 2])
    if path.suffix != ".keras":
        path.write_bytes(held.getvalue())
        return
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", held.getvalue())
        archive.writestr("metadata.json", "{}")


def settings(*layers):
    """The settings of a Sequential: (class, name, its own settings) of each layer."""
    return {
        "class_name": "Sequential",
        "config": {
            "layers": [
                {"class_name": kind, "config": {"name": name, **own}} for kind, name, own in layers
            ]
        },
    }


class Net(nn.Module):
    def __init__(self, kind, **options):
        super().__init__()
        self.layer = getattr(nn, kind.replace("Simple", ""))(WIDTH, HIDDEN, **options)
        width = HIDDEN * (2 if options.get("bidirectional") else 1)
        self.out = nn.Linear(width, CLASSES)

    def forward(self, x):
        return self.out(self.layer(x)[0])


def scores(model, x):
    with torch.no_grad():
        return model(torch.tensor(x, dtype=torch.float32)).numpy()


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def x(rng):
    return rng.normal(size=(STEPS, WIDTH))


@pytest.mark.parametrize("layout", ["names", "whole", "paths", "keras"])
@pytest.mark.parametrize("kind", GATES)
def test_the_model_computes_what_keras_does(kind, layout, tmp_path, rng, x):
    weights, dense = recurrent_weights(rng, kind), dense_weights(rng)
    name = {"SimpleRNN": "simple_rnn"}.get(kind, kind.lower())
    own = {"activation": "tanh", "recurrent_activation": "sigmoid", "reset_after": True}
    config = settings((kind, "mine", own), ("Dense", "last", {"activation": "softmax"}))
    path = tmp_path / ("a.keras" if layout == "keras" else "a.weights.h5")
    if layout in ("names", "whole"):
        parts = ("kernel", "recurrent_kernel", "bias")
        named = {
            "mine": dict(zip((f"{name}_cell/{part}" for part in parts), weights, strict=True)),
            "dropout": {},
            "last": dict(zip(("kernel", "bias"), dense, strict=True)),
        }
        whole = layout == "whole"
        write_by_names(path, named, "model_weights" if whole else "", config if whole else None)
    else:
        paths = {f"layers/{name}/cell": weights, "layers/dense": dense}
        write_by_paths(path, paths, config)
    model = Net(kind)
    load_weights(model, path)
    expected = run(kind, x, weights) @ dense[0] + dense[1]
    np.testing.assert_allclose(scores(model, x), expected, atol=1e-5)


def test_a_recording_of_weights_of_keras_is_verified(tmp_path, rng, x):
    weights, dense = recurrent_weights(rng, "GRU"), dense_weights(rng)
    write_by_paths(tmp_path / "a.h5", {"layers/gru/cell": weights, "layers/dense": dense})
    model = Net("GRU")
    load_weights(model, tmp_path / "a.h5")
    trace = rnnviz.record(model, x[:, np.newaxis].astype("f4"), np.zeros((STEPS, 1), int))
    np.testing.assert_allclose(trace.h[0, 0, :, 0], run("GRU", x, weights), atol=1e-5)


@pytest.mark.parametrize("layout", ["names", "paths"])
@pytest.mark.parametrize("kind", GATES)
def test_a_bidirectional_layer_has_both_directions(kind, layout, tmp_path, rng, x):
    ways, dense = [recurrent_weights(rng, kind) for _ in range(2)], dense_weights(rng, 2 * HIDDEN)
    path = tmp_path / "a.h5"
    if layout == "names":
        both = {f"{way}/{part}": array for way in range(2) for part, array in enumerate(ways[way])}
        write_by_names(path, {"both": both, "last": dict(enumerate(dense))})
    else:
        write_by_paths(
            path,
            {
                "layers/bidirectional/backward_layer/cell": ways[1],
                "layers/bidirectional/forward_layer/cell": ways[0],
                "layers/time_distributed/layer": dense,
            },
        )
    model = Net(kind, bidirectional=True)
    load_weights(model, path)
    states = [run(kind, x, ways[0]), run(kind, x[::-1], ways[1])[::-1]]
    expected = np.concatenate(states, axis=1) @ dense[0] + dense[1]
    np.testing.assert_allclose(scores(model, x), expected, atol=1e-5)


class Deep(nn.Module):
    """A tagger of tokens with eleven stacked layers, of which ten are alike."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(TOKENS, WIDTH)
        self.rnn = nn.LSTM(WIDTH, HIDDEN, num_layers=11)

    def forward(self, tokens):
        return self.rnn(self.embed(tokens))[0]


def test_stacked_layers_come_in_the_order_of_their_numbers(tmp_path, rng):
    table = rng.normal(size=(TOKENS, WIDTH)).astype("f4")
    stacked = [recurrent_weights(rng, "LSTM", HIDDEN if layer else WIDTH) for layer in range(11)]
    paths = {
        f"layers/lstm{f'_{layer}' * (layer > 0)}/cell": weights
        for layer, weights in enumerate(stacked)
    }
    write_by_paths(tmp_path / "a.h5", {"layers/embedding": [table], **paths})
    model = Deep()
    load_weights(model, tmp_path / "a.h5")
    tokens = np.arange(STEPS)
    states = table[tokens]
    for weights in stacked:
        states = run("LSTM", states, weights)
    with torch.no_grad():
        np.testing.assert_allclose(model(torch.tensor(tokens)).numpy(), states, atol=1e-5)


def test_layers_of_the_same_sizes_are_told_by_their_names(tmp_path, rng):
    encoder, decoder = (recurrent_weights(rng, "LSTM") for _ in range(2))
    named = {"decoder": dict(enumerate(decoder)), "encoder": dict(enumerate(encoder))}
    write_by_names(tmp_path / "a.h5", named)
    model = nn.ModuleDict({name: nn.LSTM(WIDTH, HIDDEN) for name in ("encoder", "decoder")})
    load_weights(model, tmp_path / "a.h5")
    for name, weights in (("encoder", encoder), ("decoder", decoder)):
        np.testing.assert_array_equal(model[name].weight_ih_l0.detach().numpy(), weights[0].T)


def test_a_layer_without_biases_leaves_them_zero(tmp_path, rng):
    weights = recurrent_weights(rng, "LSTM")[:2]
    write_by_paths(tmp_path / "a.h5", {"layers/lstm/cell": weights})
    model = nn.LSTM(WIDTH, HIDDEN)
    load_weights(model, tmp_path / "a.h5")
    assert not model.bias_ih_l0.any()
    assert not model.bias_hh_l0.any()
    without = nn.LSTM(WIDTH, HIDDEN, bias=False)
    load_weights(without, tmp_path / "a.h5")
    write_by_paths(tmp_path / "a.h5", {"layers/lstm/cell": recurrent_weights(rng, "LSTM")})
    with pytest.raises(RecordingError, match="has a bias, but the model's nn"):
        load_weights(without, tmp_path / "a.h5")


def gru_config(**own):
    return settings(("GRU", "gru", own))


@pytest.mark.parametrize(
    ("kind", "change", "own", "expected"),
    [
        ("GRU", lambda w: [*w[:2], w[2][0]], {}, "has reset_after=False: it resets the state"),
        ("GRU", lambda w: w[:2], {}, "may have reset_after=False"),
        ("GRU", lambda w: w[:2], {"reset_after": False}, "has reset_after=False"),
        ("LSTM", list, {"activation": "relu"}, "train it with activation='tanh'"),
        (
            "LSTM",
            list,
            {"recurrent_activation": "hard_sigmoid"},
            "has recurrent_activation 'hard_sigmoid', but nn.LSTM has 'sigmoid'",
        ),
        ("SimpleRNN", list, {"activation": "relu"}, "build the model with nonlinearity='relu'"),
    ],
)
def test_what_pytorch_does_not_compute_is_refused(kind, change, own, expected, tmp_path, rng):
    weights = change(recurrent_weights(rng, kind))
    name = {"SimpleRNN": "simple_rnn"}.get(kind, kind.lower())
    path = tmp_path / "a.keras"
    write_by_paths(path, {f"layers/{name}/cell": weights}, settings((kind, "mine", own)))
    with pytest.raises(RecordingError, match=expected.replace("(", r"\(")):
        load_weights(getattr(nn, kind.replace("Simple", ""))(WIDTH, HIDDEN), path)


def test_other_layers_are_listed(tmp_path, rng):
    paths = {"layers/gru/cell": recurrent_weights(rng, "GRU"), "layers/dense": dense_weights(rng)}
    write_by_paths(tmp_path / "a.h5", paths)
    with pytest.raises(RecordingError) as caught:
        load_weights(Net("LSTM"), tmp_path / "a.h5")
    message = str(caught.value)
    assert "it has nothing for 'layer.weight_ih_l0'" in message
    assert "and GRU 'gru' (3 → 4) besides" in message
    assert "its layers are 'dense' (4, 2) and (2,), GRU 'gru' (3 → 4); build the model" in message


@pytest.mark.parametrize("name", ["a.h5", "a.keras"])
def test_damaged_files_and_keys_are_refused(name, tmp_path, monkeypatch):
    path = tmp_path / name
    with pytest.raises(RecordingError, match="no file"):
        load_weights(nn.LSTM(3, 4), path)
    path.write_bytes(b"hello")
    with pytest.raises(RecordingError, match="is damaged or not a file that Keras saved"):
        load_weights(nn.LSTM(3, 4), path)
    with pytest.raises(RecordingError, match="has no keys, as Keras saved it"):
        load_weights(nn.LSTM(3, 4), path, "model")
    write_by_paths(path, {}, {})
    with pytest.raises(RecordingError, match="holds no weights of Keras"):
        load_weights(nn.LSTM(3, 4), path)
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(RecordingError, match=r"pip install 'rnnviz\[keras\]'"):
        load_weights(nn.LSTM(3, 4), path)

"""Recordings of random networks of every kind that PyTorch can build."""

import torch
from hypothesis import strategies as st
from models import Around, layer_of
from torch.nn.utils.rnn import pack_padded_sequence

from rnnviz.recording import record

CELLS = ["tanh", "relu", "gru", "lstm", "projected"]
LOSSES = ["cross-entropy", "squared", "squared-on-softmax"]


def model_of(
    cell="lstm",
    layers=1,
    bidirectional=False,
    bias=True,
    whole=False,
    sizes=(3, 4, 4),
    dtype=torch.float64,
    dropout=0.0,
):
    """Return a random network of PyTorch: sizes are those of x, h and the outputs."""
    inputs, hidden, outputs = sizes
    options = {"bidirectional": bidirectional, "bias": bias, "dropout": dropout}
    layer = layer_of(cell, inputs, hidden, num_layers=layers, **options)
    return Around(layer, outputs, whole=whole).to(dtype)


def drawn(
    lengths=(5,), packed=False, start=False, loss="cross-entropy", seed=0, training=False, **options
):
    """Record a random network with random data."""
    torch.manual_seed(seed)
    model = model_of(**options)
    x, targets = data_for(model, lengths, loss)
    state = None
    if start:
        layer, batch = model.rnn, len(lengths)
        count = layer.num_layers * (1 + layer.bidirectional)
        state = torch.randn(count, batch, layer.proj_size or layer.hidden_size).to(x)
        if isinstance(layer, torch.nn.LSTM):
            state = (state, torch.randn(count, batch, layer.hidden_size).to(x))
    inputs = pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=False) if packed else x
    return record(model, inputs, targets, loss=loss, state=state, training=training)


def data_for(model, lengths, loss):
    """Return random inputs (time, batch, input) and targets of a network."""
    dtype, outputs = model.fc.weight.dtype, len(model.fc.weight)
    steps, batch = max(lengths), len(lengths)
    x = torch.randn(steps, batch, model.rnn.input_size).to(dtype)
    shape = (batch,) if model.whole else (steps, batch)
    if loss == "squared":
        return x, torch.randn(*shape, outputs).to(dtype)
    return x, torch.randint(outputs, shape)


def any_network():
    """Return a strategy of the options of ``drawn``.

    An output for the whole sequence has not as many values as there are steps: of one sequence, it
    would count as one output a step.
    """
    return st.fixed_dictionaries(
        {
            "cell": st.sampled_from(CELLS),
            "layers": st.integers(1, 3),
            "bidirectional": st.booleans(),
            "bias": st.booleans(),
            "lengths": st.lists(st.integers(1, 7), min_size=1, max_size=3),
            "packed": st.booleans(),
            "start": st.booleans(),
            "whole": st.booleans(),
            "loss": st.sampled_from(LOSSES),
            "sizes": st.tuples(st.integers(1, 5), st.integers(1, 6), st.integers(1, 5)),
            "seed": st.integers(0, 10_000),
        }
    ).filter(lambda one: not one["whole"] or one["sizes"][2] != max(one["lengths"]))

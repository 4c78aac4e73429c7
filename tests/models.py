"""Models around any recurrent layer, and the comparison of two traces field by field."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from rnnviz.trace import Trace

TOLERANCE = {"float64": 1e-10, "float32": 1e-4}


def layer_of(cell: str, inputs: int, hidden: int, dtype: str = "float64", **options: Any) -> Any:
    """Return a PyTorch layer; a projected one has one more unit than its states have."""
    if cell in ("tanh", "relu"):
        layer: Any = nn.RNN(inputs, hidden, nonlinearity=cell, **options)
    elif cell == "gru":
        layer = nn.GRU(inputs, hidden, **options)
    elif cell == "projected":
        layer = nn.LSTM(inputs, hidden + 1, proj_size=hidden, **options)
    else:
        layer = nn.LSTM(inputs, hidden, **options)
    return layer.to(getattr(torch, dtype))


class Around(nn.Module):
    """A recurrent layer 'rnn', and a Linear 'fc' on each step or on the final states."""

    def __init__(self, layer: Any, outputs: int = 4, *, whole: bool = False):
        super().__init__()
        self.rnn, self.whole = layer, whole
        size = getattr(layer, "proj_size", 0) or layer.hidden_size
        self.fc = nn.Linear(size * (1 + getattr(layer, "bidirectional", False)), outputs)

    def forward(self, x: Any, state: Any = None) -> Any:
        states, last = self.rnn(x, state)
        if isinstance(states, PackedSequence):
            states, _ = pad_packed_sequence(states, batch_first=self.rnn.batch_first)
        if not self.whole:
            return self.fc(states), last
        ends = last[0] if isinstance(last, tuple) else last
        return self.fc(torch.cat(list(ends[-1 - self.rnn.bidirectional :]), dim=-1)), last


class Loop(nn.Module):
    """A cell 'rnn' in an explicit loop, and a Linear 'fc' on each step."""

    def __init__(self, cell: Any, outputs: int = 4):
        super().__init__()
        self.rnn, self.fc = cell, nn.Linear(cell.hidden_size, outputs)

    def forward(self, x: Tensor, state: Any = None) -> Tensor:
        outputs = []
        for step in x:
            state = self.rnn(step, state)
            outputs.append(self.fc(state[0] if isinstance(state, tuple) else state))
        return torch.stack(outputs)


def same_traces(got: Trace, expected: Trace, tolerance: float) -> None:
    """Check that every field of ``expected`` is in ``got`` with close values."""
    for item in dataclasses.fields(Trace):
        if item.name == "metadata":
            continue
        ours, theirs = getattr(got, item.name), getattr(expected, item.name)
        if isinstance(theirs, Mapping):
            assert set(ours) == set(theirs), item.name
            for name in theirs:
                close(f"{item.name}/{name}", ours[name], theirs[name], tolerance)
        elif theirs is None or ours is None:
            assert (ours is None) == (theirs is None), item.name
        else:
            close(item.name, ours, theirs, tolerance)


def close(name: str, got: np.ndarray, expected: np.ndarray, tolerance: float) -> None:
    """Check that two arrays agree relative to the largest entry."""
    assert got.shape == expected.shape, name
    if got.dtype.kind != "f":
        np.testing.assert_array_equal(got, expected, name)
        return
    scale = max(float(np.nanmax(np.abs(expected))), 1e-3) if expected.size else 1.0
    np.testing.assert_allclose(
        got, expected, rtol=0, atol=tolerance * scale, err_msg=name, equal_nan=True
    )

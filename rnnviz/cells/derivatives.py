"""The derivatives of one step of PyTorch's three cells, from what a trace recorded of the step.

Every cell makes pre-activations a_g = U_g x + W_g h_prev + b_g, one for each gate g, and a state
from them. What a gate passes on is therefore a number for each unit, and a step's Jacobian is a
sum over gates of diag(that number) W_g.

Source: the equations in the documentation of ``torch.nn.RNN``, ``GRU`` and ``LSTM``
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

if TYPE_CHECKING:
    from rnnviz.trace.metadata import Metadata

GATES: Final[Mapping[str, tuple[str, ...]]] = {
    "rnn": ("h",),
    "gru": ("r", "z", "n"),
    "lstm": ("i", "f", "g", "o"),
}


WITH_ARTICLE: Final[Mapping[str, str]] = {"rnn": "an RNN", "gru": "a GRU", "lstm": "an LSTM"}
"""What a sentence calls a network, by its cell."""

SUFFIXES: Final = ("", "_reverse")
"""How PyTorch ends a parameter's name, by direction."""


class Steps(Protocol):
    """What the derivatives of steps follow from: a trace, or steps that nobody recorded."""

    @property
    def metadata(self) -> "Metadata": ...
    @property
    def gates(self) -> np.ndarray: ...
    @property
    def c(self) -> np.ndarray | None: ...
    @property
    def mask(self) -> np.ndarray: ...
    def states_before(self, layer: int = 0, direction: int = 0) -> np.ndarray: ...
    def cells_before(self, layer: int = 0, direction: int = 0) -> np.ndarray: ...
    def weight(self, kind: str, layer: int = 0, direction: int = 0) -> np.ndarray | None: ...


def slopes(trace: Steps, layer: int = 0, direction: int = 0) -> np.ndarray:
    """The derivative of each gate's own nonlinearity at its pre-activation.

    1 − h² for tanh, σ(1 − σ) for a sigmoid, 1 or 0 for relu.

    Shapes: → (time, batch, gate, cell)
    """
    gates = trace.gates[layer, direction]
    cell = trace.metadata.cell
    if cell == "rnn" and trace.metadata.nonlinearity == "relu":
        return (gates > 0).astype(gates.dtype)
    tanh = {"rnn": 0, "gru": 2, "lstm": 2}[cell]
    slope = gates * (1 - gates)
    slope[..., tanh, :] = (1 - gates[..., tanh, :]) * (1 + gates[..., tanh, :])
    return slope * trace.mask[..., None, None]


def state_by_gate(
    trace: Steps, layer: int = 0, direction: int = 0, *, of: str = "state"
) -> np.ndarray:
    """∂h/∂a_g unit by unit, of an RNN or a GRU; a_g as it depends on the ``state`` or the
    ``input`` before it.

    In a GRU's third gate the two differ: the state's share of the pre-activation is scaled by r.

    Shapes: → (time, batch, gate, cell)
    """
    slope = slopes(trace, layer, direction)
    if trace.metadata.cell == "rnn":
        return slope
    r, z, n = np.moveaxis(trace.gates[layer, direction], -2, 0)
    before = trace.states_before(layer, direction)
    to_n = (1 - z) * slope[..., 2, :]
    to_r = to_n * _reset(trace, layer, direction, before) * slope[..., 0, :]
    to_z = (before - n) * slope[..., 1, :]
    return np.stack([to_r, to_z, to_n * r if of == "state" else to_n], axis=-2)


def cell_by_gate(trace: Steps, layer: int = 0, direction: int = 0) -> np.ndarray:
    """∂c/∂a_g unit by unit, of an LSTM, with c_prev held fixed: (time, batch, gate, cell)."""
    i, _, g, _ = np.moveaxis(trace.gates[layer, direction], -2, 0)
    before = trace.cells_before(layer, direction)
    return slopes(trace, layer, direction) * np.stack([g, before, i, np.zeros_like(i)], axis=-2)


def output_by_cell(trace: Steps, layer: int = 0, direction: int = 0) -> np.ndarray:
    """o (1 − tanh² c), of an LSTM: how o tanh c follows c: (time, batch, cell)."""
    assert trace.c is not None
    squashed = np.tanh(trace.c[layer, direction])
    return trace.gates[layer, direction][..., 3, :] * (1 - squashed) * (1 + squashed)


def output_by_gate(trace: Steps, layer: int = 0, direction: int = 0) -> np.ndarray:
    """∂(o tanh c)/∂a_g unit by unit, of an LSTM: (time, batch, gate, cell)."""
    assert trace.c is not None
    through = cell_by_gate(trace, layer, direction)
    through *= output_by_cell(trace, layer, direction)[..., None, :]
    squashed = np.tanh(trace.c[layer, direction])
    through[..., 3, :] = slopes(trace, layer, direction)[..., 3, :] * squashed
    return through


_ALL: Final = slice(None)


def jacobian(
    trace: Steps,
    layer: int = 0,
    direction: int = 0,
    *,
    steps: slice = _ALL,
    sequences: slice = _ALL,
) -> np.ndarray:
    """∂h/∂h_prev of each step, or of some; of an LSTM with c_prev held fixed.

    Shapes: → (time, batch, hidden, hidden)
    """
    weight = _by_gate(trace, "weight_hh", layer, direction)
    if trace.metadata.cell == "lstm":
        passed = output_by_gate(trace, layer, direction)[steps, sequences]
        return _projected(trace, layer, direction, _summed(passed, weight))
    made = _summed(state_by_gate(trace, layer, direction)[steps, sequences], weight)
    if trace.metadata.cell == "gru":
        units = np.arange(trace.gates.shape[-1])
        made[..., units, units] += trace.gates[layer, direction][steps, sequences, 1]
    return made


def lstm_jacobian(
    trace: Steps,
    layer: int = 0,
    direction: int = 0,
    *,
    steps: slice = _ALL,
    sequences: slice = _ALL,
) -> np.ndarray:
    """∂(h, c)/∂(h_prev, c_prev) of each step of an LSTM, or of some, h before c on both axes.

    Shapes: → (time, batch, hidden + cell, hidden + cell)
    """
    weight = _by_gate(trace, "weight_hh", layer, direction)
    forget = trace.gates[layer, direction][steps, sequences, 1]
    passed = output_by_cell(trace, layer, direction)[steps, sequences]
    units = np.eye(trace.gates.shape[-1])
    kept = _projected(trace, layer, direction, (passed * forget)[..., None] * units)
    states = jacobian(trace, layer, direction, steps=steps, sequences=sequences)
    top = np.concatenate([states, kept], axis=-1)
    to_cells = _summed(cell_by_gate(trace, layer, direction)[steps, sequences], weight)
    below = np.concatenate([to_cells, forget[..., None] * units], axis=-1)
    return np.concatenate([top, below], axis=-2)


def _reset(trace: Steps, layer: int, direction: int, before: np.ndarray) -> np.ndarray:
    """W_n h_prev + b_n, what a GRU's r scales: (time, batch, cell)."""
    bias = trace.weight("bias_hh", layer, direction)
    made = before @ _by_gate(trace, "weight_hh", layer, direction)[2].T
    return made if bias is None else made + np.split(bias, 3)[2]


def _by_gate(trace: Steps, kind: str, layer: int, direction: int) -> np.ndarray:
    """A weight (gate, cell, columns)."""
    weight = trace.weight(kind, layer, direction)
    assert weight is not None
    return weight.reshape(trace.gates.shape[-2], trace.gates.shape[-1], -1)


def _summed(through: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Σ_g diag(through_g) weight_g: (time, batch, cell, columns)."""
    return np.einsum("tbgi,gij->tbij", through, weight)


def _projected(trace: Steps, layer: int, direction: int, made: np.ndarray) -> np.ndarray:
    weight = trace.weight("weight_hr", layer, direction)
    return made if weight is None else weight @ made

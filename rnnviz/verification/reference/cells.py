"""One step of each cell, forward and back, in NumPy float64, written for clarity.

Gradients are columns. All arrays may have further axes in front of those that are named: many
networks, or many losses, are computed alike.

Source: the equations in the documentation of ``torch.nn.RNN``, ``GRU`` and ``LSTM``, and their
        derivatives by the chain rule
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Final

import numpy as np

from rnnviz.system.short_repr import ShortRepr
from rnnviz.trace import Trace


@dataclass(frozen=True, repr=False)
class Affine(ShortRepr):
    """weight x + bias.

    Shapes: weight (rows, columns), bias (rows)
    """

    weight: np.ndarray
    bias: np.ndarray

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Map x: (…, columns) → (…, rows)."""
        return x @ self.weight.T + self.bias

    def back(self, at_result: np.ndarray) -> np.ndarray:
        """Return the gradient at x, from that at the result."""
        return at_result @ self.weight

    def each(self, change: Callable[[np.ndarray], np.ndarray]) -> "Affine":
        """Return the map with its weight and bias changed by a function."""
        return Affine(change(self.weight), change(self.bias))


@dataclass(frozen=True, repr=False)
class States(ShortRepr):
    """The states of layers, and what they are computed by.

    c is the cell state of an LSTM and ``squashed`` tanh c, None for other cells.

    Shapes: preact and gates (…, batch, gate, cell), h (…, batch, hidden), c and squashed (…, batch,
            cell); in front of these layer, direction and time, or some of them
    """

    preact: np.ndarray
    gates: np.ndarray
    h: np.ndarray
    c: np.ndarray | None = None
    squashed: np.ndarray | None = None

    @classmethod
    def of(cls, trace: Trace) -> "States":
        """Return those that a trace recorded: (layer, direction, time, …)."""
        c = wide(trace.c)
        squashed = None if c is None else np.tanh(c)
        return cls(wide(trace.preact), wide(trace.gates), wide(trace.h), c, squashed)

    @classmethod
    def over_layers(cls, layers: Sequence[Sequence["States"]]) -> "States":
        """Stack those of all layers and directions: (layer, direction, …)."""
        return cls(
            **{
                item.name: _stacked(
                    [_stacked([getattr(way, item.name) for way in ways]) for ways in layers]
                )
                for item in fields(cls)
            }
        )

    def at(self, *place: int) -> "States":
        """Return those at a place along the leading axes."""
        c, squashed = (None if each is None else each[place] for each in (self.c, self.squashed))
        return States(self.preact[place], self.gates[place], self.h[place], c, squashed)

    def each(self, change: Callable[[np.ndarray], np.ndarray]) -> "States":
        """Return them with every array changed by a function."""
        c, squashed = (
            None if array is None else change(array) for array in (self.c, self.squashed)
        )
        return States(change(self.preact), change(self.gates), change(self.h), c, squashed)


@dataclass(frozen=True, repr=False)
class Back(ShortRepr):
    """The gradients that one step passes back.

    ``by_input`` and ``by_state`` are those at the two terms of a pre-activation,
    weight_ih x + bias_ih and weight_hh h_prev + bias_hh; ``c`` is that at the step's own c, by all
    paths; ``h_before`` and ``c_before`` go to the state before without passing through weight_hh.

    Shapes: by_input and by_state (…, gate, cell), h_before (…, hidden), c and c_before (…, cell)
    """

    by_input: np.ndarray
    by_state: np.ndarray
    h_before: np.ndarray
    c: np.ndarray | None = None
    c_before: np.ndarray | None = None


@dataclass(frozen=True)
class Layer(ABC):
    """One layer in one direction: weight_ih and bias_ih, weight_hh and bias_hh, and weight_hr."""

    gates: ClassVar[int]

    input: Affine
    state: Affine
    projection: Affine | None = None

    @abstractmethod
    def step(self, x: np.ndarray, h: np.ndarray, c: np.ndarray | None) -> States:
        """Compute one step from the state (h, c) before it, or many steps at once."""

    @abstractmethod
    def back(self, at_h: np.ndarray, at_c: np.ndarray | None, here: States, before: States) -> Back:
        """Go back one step, from the gradients at its h and c."""


class Tanh(Layer):
    """h = tanh(U x + W h_prev + b)."""

    gates: ClassVar[int] = 1

    def step(self, x: np.ndarray, h: np.ndarray, c: np.ndarray | None) -> States:
        """Compute one step."""
        preact = self.input(x) + self.state(h)
        h = np.tanh(preact)
        return States(preact[..., None, :], h[..., None, :], h)

    def back(self, at_h: np.ndarray, at_c: np.ndarray | None, here: States, before: States) -> Back:
        """tanh′ = 1 − h²."""
        at_preact = (at_h * (1 - here.h) * (1 + here.h))[..., None, :]
        return Back(at_preact, at_preact, np.zeros_like(at_h))


class Relu(Layer):
    """h = max(0, U x + W h_prev + b)."""

    gates: ClassVar[int] = 1

    def step(self, x: np.ndarray, h: np.ndarray, c: np.ndarray | None) -> States:
        """Compute one step."""
        preact = self.input(x) + self.state(h)
        h = np.maximum(preact, 0.0)
        return States(preact[..., None, :], h[..., None, :], h)

    def back(self, at_h: np.ndarray, at_c: np.ndarray | None, here: States, before: States) -> Back:
        """relu′ = 1 where h > 0, else 0."""
        at_preact = (at_h * (here.h > 0))[..., None, :]
        return Back(at_preact, at_preact, np.zeros_like(at_h))


class Gru(Layer):
    """r, z = σ(…), n = tanh(W_in x + b_in + r (W_hn h_prev + b_hn)), h = (1 − z) n + z h_prev."""

    gates: ClassVar[int] = 3

    def step(self, x: np.ndarray, h: np.ndarray, c: np.ndarray | None) -> States:
        """Compute one step."""
        of_x, of_h = _by_gate(self.input(x), 3), _by_gate(self.state(h), 3)
        preact = of_x + of_h
        r, z = _sigmoid(preact[..., 0, :]), _sigmoid(preact[..., 1, :])
        preact[..., 2, :] = of_x[..., 2, :] + r * of_h[..., 2, :]
        n = np.tanh(preact[..., 2, :])
        return States(preact, np.stack([r, z, n], axis=-2), (1 - z) * n + z * h)

    def back(self, at_h: np.ndarray, at_c: np.ndarray | None, here: States, before: States) -> Back:
        """Go through n to r as well, since r scales the state's part of n."""
        r, z, n = _gates(here)
        n_h = _by_gate(self.state(before.h), 3)[..., 2, :]
        at_n = at_h * (1 - z) * (1 - n) * (1 + n)
        at_z = at_h * (before.h - n) * z * (1 - z)
        at_r = at_n * n_h * r * (1 - r)
        return Back(
            np.stack([at_r, at_z, at_n], axis=-2),
            np.stack([at_r, at_z, at_n * r], axis=-2),
            at_h * z,
        )


class Lstm(Layer):
    """i, f, o = σ(…), g = tanh(…), c = f c_prev + i g, h = o tanh c, or a projection of that."""

    gates: ClassVar[int] = 4

    def step(self, x: np.ndarray, h: np.ndarray, c: np.ndarray | None) -> States:
        """Compute one step."""
        assert c is not None
        preact = _by_gate(self.input(x) + self.state(h), 4)
        gates = _sigmoid(preact)
        gates[..., 2, :] = np.tanh(preact[..., 2, :])
        i, f, g, o = _along(gates)
        c = f * c + i * g
        squashed = np.tanh(c)
        return States(preact, gates, self._projected(o * squashed), c, squashed)

    def back(self, at_h: np.ndarray, at_c: np.ndarray | None, here: States, before: States) -> Back:
        """Go through both h and c; ``at_c`` is the gradient at c by other paths than h."""
        assert at_c is not None
        assert here.squashed is not None
        i, f, g, o = _gates(here)
        squashed = here.squashed
        at_made = at_h if self.projection is None else self.projection.back(at_h)
        through = at_c + at_made * o * (1 - squashed) * (1 + squashed)
        at_gates = [
            through * g * i * (1 - i),
            through * before.c * f * (1 - f),
            through * i * (1 - g) * (1 + g),
            at_made * squashed * o * (1 - o),
        ]
        at_preact = np.stack(at_gates, axis=-2)
        return Back(at_preact, at_preact, np.zeros_like(at_h), through, through * f)

    def _projected(self, h: np.ndarray) -> np.ndarray:
        return h if self.projection is None else self.projection(h)


LAYERS: Final[Mapping[str, type[Layer]]] = {"tanh": Tanh, "relu": Relu, "gru": Gru, "lstm": Lstm}
"""The cells by name, a plain RNN's by its nonlinearity."""


def wide(array: Any) -> Any:
    """An array in float64; None stays None."""
    return None if array is None else np.asarray(array, dtype=np.float64)


def _sigmoid(a: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return 1.0 / (1.0 + np.exp(-a))


def _gates(states: States) -> list[np.ndarray]:
    return _along(states.gates)


def _along(gates: np.ndarray) -> list[np.ndarray]:
    """Each gate of (…, gate, cell)."""
    return [gates[..., gate, :] for gate in range(gates.shape[-2])]


def _by_gate(flat: np.ndarray, count: int) -> np.ndarray:
    """(…, gate · cell) → (…, gate, cell), as PyTorch puts the gates below each other."""
    return flat.reshape(*flat.shape[:-1], count, -1)


def _stacked(arrays: Sequence[Any]) -> Any:
    return None if arrays[0] is None else np.stack(arrays)

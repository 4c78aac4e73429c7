"""The derivatives of a layer's steps as NumPy arrays, computed from a trace.

What a gate passes on is a number for each unit, so a step's Jacobian is a sum over gates of
diag(that number) W_g.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol

import numpy as np

from rnnviz.cells.base import Array, Cell, Namespace
from rnnviz.cells.custom import refuse_equations
from rnnviz.system.short_repr import ShortRepr


class _NumPy:
    """NumPy's functions."""

    tanh = staticmethod(np.tanh)

    @staticmethod
    def sigmoid(a: Array) -> Array:
        return 0.5 * (1 + np.tanh(0.5 * a))

    @staticmethod
    def relu(a: Array) -> Array:
        return np.maximum(a, 0.0)

    @staticmethod
    def positive(a: Array) -> Array:
        return (a > 0).astype(a.dtype)

    @staticmethod
    def copy(a: Array) -> Array:
        return a.copy()

    @staticmethod
    def by_gate(parts: list[Array]) -> Array:
        return np.stack(parts, axis=-2)


NUMPY: Final[Namespace] = _NumPy()


_ALL: Final = slice(None)

Weight = Callable[[str], np.ndarray | None]
"""From PyTorch's kind of a parameter to the layer's own, None if it has none."""


class Recorded(Protocol):
    """The part of a trace that steps are made from."""

    @property
    def cell(self) -> Cell: ...
    @property
    def gates(self) -> np.ndarray | None: ...
    @property
    def c(self) -> np.ndarray | None: ...
    @property
    def mask(self) -> np.ndarray: ...
    def states_before(self, layer: int = 0, direction: int = 0) -> np.ndarray: ...
    def cells_before(self, layer: int = 0, direction: int = 0) -> np.ndarray: ...
    def weight(self, kind: str, layer: int = 0, direction: int = 0) -> np.ndarray | None: ...


@dataclass(frozen=True, eq=False, repr=False)
class Steps(ShortRepr):
    """Steps of one layer in one direction.

    Shapes: gates (time, batch, gate, cell), before (time, batch, hidden), c_before and c (time,
            batch, cell) of a cell with a cell state, mask (time, batch)
    """

    cell: Cell
    weight: Weight
    gates: np.ndarray
    before: np.ndarray
    c_before: np.ndarray | None
    c: np.ndarray | None
    mask: np.ndarray

    @classmethod
    def of(cls, trace: Recorded, layer: int = 0, direction: int = 0) -> "Steps":
        """All steps of a trace. Raises TraceError if its cell has no equations here."""
        if trace.gates is None:
            refuse_equations()
        return cls(
            trace.cell,
            lambda kind: trace.weight(kind, layer, direction),
            trace.gates[layer, direction],
            trace.states_before(layer, direction),
            None if trace.c is None else trace.cells_before(layer, direction),
            None if trace.c is None else trace.c[layer, direction],
            trace.mask,
        )

    @cached_property
    def slopes(self) -> np.ndarray:
        """The derivative of each gate's nonlinearity at its pre-activation: (…, gate, cell)."""
        slopes: np.ndarray = self.cell.slopes(self.gates, NUMPY)
        return slopes * self.mask[..., None, None]

    @cached_property
    def by_input(self) -> np.ndarray:
        """∂source/∂a unit by unit, by the input's share of each pre-activation: (…, gate, cell).

        The source is h, or c and h with c held fixed: ``Cell.sources``.
        """
        made: np.ndarray = self.cell.by_input(self, self.slopes, NUMPY)
        return made

    @cached_property
    def by_state(self) -> np.ndarray:
        """The same, by the state's share of each pre-activation."""
        made: np.ndarray = self.cell.by_state(self, self.by_input, NUMPY)
        return made

    @cached_property
    def squashed(self) -> np.ndarray:
        """tanh c: (…, cell)."""
        assert self.c is not None
        return np.tanh(self.c)

    @cached_property
    def output_by_cell_state(self) -> np.ndarray:
        """∂h/∂c before any projection: (…, cell)."""
        made: np.ndarray = self.cell.output_by_cell_state(self.gates, self.squashed)
        return made

    def state_share(self, gate: int) -> np.ndarray:
        """W_g h_prev + b'_g of one gate: (…, cell)."""
        bias = self.weight("bias_hh")
        made = self.before @ self._by_gate("weight_hh")[gate].T
        return made if bias is None else made + np.split(bias, len(self.cell.gates))[gate]

    def hidden_jacobian(self, steps: slice = _ALL, sequences: slice = _ALL) -> np.ndarray:
        """∂h/∂h_prev of some steps, with c_prev held fixed: (time, batch, hidden, hidden)."""
        at = steps, sequences
        passed = self.by_state[at]
        if self.cell.has_cell_state:
            to_cell_state, _ = self.cell.sources
            passed = passed.copy()
            passed[..., to_cell_state, :] *= self.output_by_cell_state[at][..., None, :]
            return self._projected(self._through_gates(passed))
        made = self._through_gates(passed)
        kept = self.cell.kept(self.gates[at])
        if kept is not None:
            units = np.arange(self.gates.shape[-1])
            made[..., units, units] += kept
        return made

    def jacobian(self, steps: slice = _ALL, sequences: slice = _ALL) -> np.ndarray:
        """∂s/∂s_prev of some steps: s is h, or h before c of a cell with a cell state.

        Shapes: → (time, batch, state, state)
        """
        hidden = self.hidden_jacobian(steps, sequences)
        if not self.cell.has_cell_state:
            return hidden
        at = steps, sequences
        units, kept = np.eye(self.gates.shape[-1]), np.asarray(self.cell.kept(self.gates[at]))
        by_cell = self._projected((self.output_by_cell_state[at] * kept)[..., None] * units)
        to_cell_state, _ = self.cell.sources
        passed = np.zeros_like(self.by_state[at])
        passed[..., to_cell_state, :] = self.by_state[at][..., to_cell_state, :]
        below = np.concatenate([self._through_gates(passed), kept[..., None] * units], axis=-1)
        return np.concatenate([np.concatenate([hidden, by_cell], axis=-1), below], axis=-2)

    def _by_gate(self, kind: str) -> np.ndarray:
        """A weight (gate, cell, columns)."""
        weight = self.weight(kind)
        assert weight is not None
        return weight.reshape(*self.gates.shape[-2:], -1)

    def _through_gates(self, passed: np.ndarray) -> np.ndarray:
        """Σ_g diag(passed_g) W_g: (time, batch, cell, hidden)."""
        return np.einsum("tbgi,gij->tbij", passed, self._by_gate("weight_hh"))

    def _projected(self, made: np.ndarray) -> np.ndarray:
        weight = self.weight("weight_hr")
        return made if weight is None else weight @ made

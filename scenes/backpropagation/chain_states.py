"""The states that a chain draws, and what the gradients at them are made of."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from rnnviz import measure
from rnnviz.measure.loss_back import loss_back
from rnnviz.system.short_repr import ShortRepr
from rnnviz.trace import Trace

MOST_CELLS = 16
MOST_UNITS = 8


class Rule(Protocol):
    """The gradients at the states up to a loss, and the terms of ∂L_t/∂W.

    Shapes: at_states (time, state), terms_w (time, rows, columns)
    """

    @property
    def at_states(self) -> np.ndarray: ...
    @property
    def terms_w(self) -> np.ndarray: ...


@dataclass(frozen=True, eq=False, repr=False)
class CellRule(ShortRepr):
    """One loss of any cell followed back, with the terms of some rows and columns of W.

    ``gate`` is the gate that the rows belong to, None for a cell without gates. A custom cell has
    no W, and no terms.

    Shapes: at_states (time, state), terms_w (time, rows, columns)
    """

    trace: Trace
    at_states: np.ndarray
    apart: float
    terms_w: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    gate: str | None

    def jacobian(self, step: int) -> np.ndarray:
        """Return ∂s_k/∂s_{k−1} of a step, from 1: (state, state)."""
        one = slice(step - 1, step)
        return np.asarray(measure.step_jacobians(self.trace, steps=one, sequences=slice(1))[0, 0])

    @classmethod
    def of(cls, trace: Trace, loss: int) -> "CellRule":
        """Return the rule of a loss (0-based) of the first sequence."""
        back = loss_back(trace, loss)
        nothing = np.zeros(0, int)
        if trace.is_custom:
            terms, rows, columns, gate = np.zeros((loss + 1, 0, 0)), nothing, nothing, None
        else:
            terms, rows, columns, gate = _terms(trace, loss)
        return cls(trace, back.at_states, back.apart, terms, rows, columns, gate)


@dataclass(frozen=True, eq=False, repr=False)
class ChainStates(ShortRepr):
    """The values drawn of each step's state, and what the state is called.

    ``units`` are their places in the whole state: of an LSTM, h before c. ``few`` are those that
    have room in a product of arrays. ``weights`` are the matrices that the network is known to
    have.

    Shapes: values (1 + time, shown), from the state before the first step on
    """

    symbol: str
    values: np.ndarray
    units: np.ndarray
    few: np.ndarray
    limit: float = 1.0
    weights: str = "UWV"

    @classmethod
    def of_h(cls, trace: Trace) -> "ChainStates":
        """Return the units of h of a plain RNN that move most."""
        h = trace.h[0, 0, :, 0]
        values = np.concatenate([trace.states_before()[:1, 0], h]).astype(float)
        units, few = (measure.most_moving(h, most) for most in (MOST_CELLS, MOST_UNITS))
        return cls("h", values[:, units], units, few)

    @classmethod
    def of_cell(cls, trace: Trace) -> "ChainStates":
        """Return the units that move most of each state of any cell, one state after another."""
        named = measure.states_by_name(trace)
        most, fewer = (max(1, each // len(named)) for each in (MOST_CELLS, MOST_UNITS))
        values, units, few, begin = [], [], [], 0
        for state in named.values():
            moving = measure.most_moving(state[:, 0], most)
            values.append(state[:, 0, moving])
            units.append(begin + moving)
            few.append(begin + measure.most_moving(state[:, 0], fewer))
            begin += state.shape[-1]
        shown = np.concatenate(values, axis=1).astype(float)
        shown = np.concatenate([np.zeros_like(shown[:1]), shown])
        symbol = "h" if tuple(named) == ("h",) else "s"
        limit = max(1.0, float(np.abs(shown).max()))
        weights = "" if trace.is_custom else "UW"
        if trace.metadata.output_layer is not None:
            weights += "V"
        return cls(symbol, shown, np.concatenate(units), np.concatenate(few), limit, weights)

    def at(self, step: int) -> np.ndarray:
        """Return the values drawn at a step."""
        return self.values[step]


def _terms(trace: Trace, loss: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, str | None]:
    """The terms of ∂L_t/∂W by step, in the rows of the gate with the largest gradient."""
    columns = measure.most_moving(trace.h[0, 0, :, 0], MOST_UNITS)
    units = columns
    if trace.hidden_size != trace.cell_size:
        assert trace.c is not None
        units = measure.most_moving(trace.c[0, 0, :, 0], MOST_UNITS)
    gates = trace.cell.gates if trace.cell.gated else ("",)
    every = np.array(
        [
            measure.weight_gradient(trace, loss, step, sequence=0)[:, columns]
            for step in range(loss + 1)
        ],
        dtype=float,
    ).reshape(loss + 1, len(gates), trace.cell_size, -1)
    gate = int(np.linalg.norm(every.sum(axis=0), axis=(1, 2)).argmax())
    rows = gate * trace.cell_size + units
    return every[:, gate, units], rows, columns, gates[gate] or None

"""The states that a layer passes on, by name, and which of their units move."""

from collections.abc import Mapping

import numpy as np

from rnnviz.measure.cell_states import at_cell_states
from rnnviz.measure.recorded import needed
from rnnviz.trace import Trace


def states_by_name(trace: Trace) -> Mapping[str, np.ndarray]:
    """Return what the first layer passes from step to step, in its first direction.

    That is h, and c of an LSTM; of a custom cell, the states that its code names, with the parts of
    complex numbers one after another.

    Shapes: → (time, batch, unit) each
    Example: >>> list(states_by_name(trace))
             ['h', 'c']
    """
    h = trace.h[0, 0]
    if trace.is_custom:
        return {state.name: h[..., state.place] for state in trace.metadata.states}
    return {"h": h} if trace.c is None else {"h": h, "c": trace.c[0, 0]}


def states_before_by_name(trace: Trace) -> Mapping[str, np.ndarray]:
    """Return the states before every step, as ``states_by_name`` those after it.

    Shapes: → (time, batch, unit) each
    Raises: TraceError if the state before the first step is not known, as of some custom cells
    """
    h = trace.states_before()
    if trace.is_custom:
        return {state.name: h[..., state.place] for state in trace.metadata.states}
    return {"h": h} if trace.c is None else {"h": h, "c": trace.cells_before()}


def states_read(trace: Trace) -> Mapping[str, np.ndarray]:
    """Return those of ``states_by_name`` that the output layer reads, in the order of V's columns.

    That is h; of a custom cell whose output is not one Linear, all states.

    Shapes: → (time, batch, unit) each
    Example: >>> list(states_read(trace))
             ['h']
    """
    named = states_by_name(trace)
    names = (trace.metadata.output_reads or tuple(named)) if trace.is_custom else ("h",)
    return {name: values for name, values in named.items() if name in names}


def whole_states(trace: Trace) -> np.ndarray:
    """Return all that the first layer passes on, as one vector a step: h, or h and c of an LSTM.

    Shapes: → (time, batch, unit), the states of ``states_by_name`` one after another
    """
    return np.concatenate(list(states_by_name(trace).values()), axis=-1)


def gradients_by_state(trace: Trace) -> Mapping[str, np.ndarray]:
    """Return ∂L_t/∂(state at step k) for each state of ``states_by_name``, all losses and steps.

    Each is by all paths but for those through another state of the same step: of an LSTM, ∂L_t/∂h_k
    holds c_k fixed. Those of a custom cell pass through such states as well.

    Shapes: → (loss_time, time, batch, unit) each
    Units:  loss per unit of state
    Raises: TraceError if the trace has no gradients
    """
    at_h = needed(trace.grad_h_by_loss, "a gradient by state")[:, 0, 0]
    if trace.is_custom:
        return {state.name: at_h[..., state.place] for state in trace.metadata.states}
    return {"h": at_h} if trace.c is None else {"h": at_h, "c": at_cell_states(trace, 0, 0)}


def most_moving(states: np.ndarray, count: int) -> np.ndarray:
    """Return which units move most, Σ_t |s_t − s_{t−1}|, in the order in which they are recorded.

    Of units that move alike the first come first; all are returned if there are no more.

    Shapes: states (time, unit) → (at most count,) int
    Example: >>> most_moving(trace.h[0, 0, :, 0], 16)
    """
    moved = np.abs(np.diff(np.asarray(states, dtype=float), axis=0)).sum(axis=0)
    return np.sort(np.argsort(-moved, kind="stable")[:count])

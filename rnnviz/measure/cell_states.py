"""Gradients at the cell states of an LSTM: ∂L_t/∂c_s by all paths."""

import numpy as np

from rnnviz.cells import derivatives as cells
from rnnviz.errors import TraceError
from rnnviz.measure.recorded import kind_of, needed, stands_alone
from rnnviz.trace import Trace


def at_cell_states(trace: Trace, layer: int, direction: int) -> np.ndarray:
    """Return ∂L_t/∂c_s of an LSTM by all paths, for all losses with a row in the tables.

    The paths go through o tanh c_s, c_{s+1}, and what follows the layer if it reads c.

    Shapes: → (loss_time, time, batch, cell)
    Units:  loss per unit of cell state
    Raises: TraceError if the trace has no gradients, or is not of an LSTM
    """
    if trace.c is None:
        raise TraceError(f"{kind_of(trace)} has no cell state c; use state h")
    by_loss = needed(trace.grad_h_by_loss, "a gradient at c")
    return at_cells(
        by_loss[:, layer, direction],
        immediate_at_cells(trace, layer, direction, slice(None)),
        to_cell=cells.output_by_cell(trace, layer, direction),
        forget=trace.gates[layer, direction][..., 1, :],
        projection=trace.weight("weight_hr", layer, direction),
        direction=direction,
    )[1]


def at_cells(
    at_states: np.ndarray,
    immediate: np.ndarray | None,
    *,
    to_cell: np.ndarray,
    forget: np.ndarray,
    projection: np.ndarray | None,
    direction: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return ∂L_t/∂(o tanh c_s), and ∂L_t/∂c_s by all paths.

    δc_s = o (1 − tanh² c_s) δh_s + f_next δc_next + ∂⁺L_t/∂c_s.

    Shapes: at_states (loss, time, batch, hidden), immediate (loss, time, batch, cell), to_cell and
            forget (time, batch, cell) → (loss, time, batch, cell) each
    """
    squashed = at_states if projection is None else at_states @ projection
    whole = squashed * to_cell
    if immediate is not None:
        whole += immediate
    last = len(forget) - 1
    for step in range(last, 0, -1) if direction == 0 else range(last):
        before = step - 1 if direction == 0 else step + 1
        whole[:, before] += forget[step] * whole[:, step]
    return squashed, whole


def immediate_at_cells(
    trace: Trace, layer: int, direction: int, rows: slice | None
) -> np.ndarray | None:
    """Return ∂⁺L_t/∂c_s of some rows of losses, without rows of all losses together.

    Shapes: → (loss, time, batch, cell), None if all are zero
    """
    if rows is not None and trace.grad_direct_c_by_loss is not None:
        return trace.grad_direct_c_by_loss[rows, layer, direction]
    if trace.grad_direct_c is None:
        return None
    if rows is None or stands_alone(trace):
        return trace.grad_direct_c[layer, direction][None]
    times = needed(trace.loss_times, "a measure of one loss")[rows]
    immediate = trace.grad_direct_c[layer, direction]
    placed = np.zeros((len(times), *immediate.shape), immediate.dtype)
    placed[np.arange(len(times)), times] = immediate[times]
    return placed

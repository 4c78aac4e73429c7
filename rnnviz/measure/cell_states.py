"""Gradients at cell states, as an LSTM has them: ∂L_t/∂c_s by all paths."""

import numpy as np

from rnnviz.cells.steps import Steps
from rnnviz.errors import TraceError
from rnnviz.measure.recorded import needed, stands_alone
from rnnviz.trace import Trace


def at_cell_states(trace: Trace, layer: int, direction: int) -> np.ndarray:
    """∂L_t/∂c_s of an LSTM, for all losses that have a row: by o tanh c_s, by c_{s+1}, and by what
    follows the layer and takes c itself.

    Shapes: → (loss_time, time, batch, cell)
    Units:  loss per unit of cell state
    Raises: TraceError if the trace has no gradients, or is not of an LSTM
    """
    if trace.c is None:
        raise TraceError(
            f"the trace is of {trace.cell.with_article}, which has no cell state c; ask for h"
        )
    by_loss = needed(trace.grad_h_by_loss, "a gradient at c")
    steps = Steps.of(trace, layer, direction)
    return at_cells(
        by_loss[:, layer, direction],
        direct_at_cells(trace, layer, direction, slice(None)),
        to_cell=steps.output_by_cell_state,
        forget=np.asarray(trace.cell.kept(steps.gates)),
        projection=trace.weight("weight_hr", layer, direction),
        direction=direction,
    )[1]


def at_cells(
    at_states: np.ndarray,
    direct: np.ndarray | None,
    *,
    to_cell: np.ndarray,
    forget: np.ndarray,
    projection: np.ndarray | None,
    direction: int,
) -> tuple[np.ndarray, np.ndarray]:
    """∂L_t/∂(o tanh c_s), and ∂L_t/∂c_s by all paths: the scan
    δc_s = o (1 − tanh² c_s) δh_s + f_next δc_next, and the direct parts.

    Shapes: at_states (loss, time, batch, hidden), direct (loss, time, batch, cell), to_cell and
            forget (time, batch, cell) → (loss, time, batch, cell) each
    """
    squashed = at_states if projection is None else at_states @ projection
    whole = squashed * to_cell
    if direct is not None:
        whole += direct
    last = len(forget) - 1
    for step in range(last, 0, -1) if direction == 0 else range(last):
        before = step - 1 if direction == 0 else step + 1
        whole[:, before] += forget[step] * whole[:, step]
    return squashed, whole


def direct_at_cells(
    trace: Trace, layer: int, direction: int, rows: slice | None
) -> np.ndarray | None:
    """What losses feel of c without a state between: (loss, time, batch, cell), None for zero.

    Without rows, of all losses together.
    """
    if rows is not None and trace.grad_direct_c_by_loss is not None:
        return trace.grad_direct_c_by_loss[rows, layer, direction]
    if trace.grad_direct_c is None:
        return None
    if rows is None or stands_alone(trace):
        return trace.grad_direct_c[layer, direction][None]
    times = needed(trace.loss_times, "a measure of one loss")[rows]
    direct = trace.grad_direct_c[layer, direction]
    made = np.zeros((len(times), *direct.shape), direct.dtype)
    made[np.arange(len(times)), times] = direct[times]
    return made

"""Gradients of several networks on one sequence, on one scale."""

from collections.abc import Sequence

import numpy as np

from rnnviz.measure.gradients import gradient_norms
from rnnviz.measure.recorded import row_of
from rnnviz.trace import Trace


def common_losses(traces: Sequence[Trace]) -> tuple[int, ...]:
    """Return the steps, from 0, at which the first sequence of every trace has a loss.

    Losses whose gradients were not recorded do not count, nor do those whose gradient is zero at
    all states of the first layer.
    """
    found = [set(_losses(trace)) for trace in traces]
    return tuple(sorted(set.intersection(*found)))


def carried_shares(trace: Trace, loss: int) -> np.ndarray:
    """Return ‖∂L_t/∂s_k‖ at each step k up to the loss, as a share of that at step t.

    s is the state that the cell carries on: h, but c of an LSTM, and all states of a custom cell.
    If the gradient at step t is zero, the shares are of the greatest.

    Shapes: → (t + 1,)
    Units:  none
    Raises: TraceError if the trace has no gradients, or not those of the loss at step ``loss``
    Example: >>> float(carried_shares(trace, 5)[-1])
             1.0
    """
    table = gradient_norms(trace, state=trace.cell.carried)
    norms = np.asarray(table[row_of(trace, loss), : loss + 1, 0], dtype=float)
    unit = norms[-1] or norms.max()
    return norms / unit if unit else norms


def _losses(trace: Trace) -> list[int]:
    if trace.grad_h_by_loss is None or trace.loss_times is None:
        return []
    reached = gradient_norms(trace)[:, :, 0]
    return [
        int(time)
        for row, time in zip(reached, trace.loss_times, strict=True)
        if trace.has_loss[time, 0] and np.nan_to_num(row[: time + 1]).any()
    ]

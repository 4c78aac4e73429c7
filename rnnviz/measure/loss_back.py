"""One loss followed back through the steps of any cell, by the Jacobians of the steps."""

from dataclasses import dataclass

import numpy as np

from rnnviz.errors import TraceError
from rnnviz.measure.cell_states import immediate_at_cells
from rnnviz.measure.jacobians import state_size, step_jacobians
from rnnviz.measure.recorded import check_step, needed, row_of
from rnnviz.system.short_repr import ShortRepr
from rnnviz.trace import Trace

_TOLERANCE = 1e-3


@dataclass(frozen=True, eq=False, repr=False)
class LossBack(ShortRepr):
    """The gradient of one loss at the whole states s of a sequence, by products of Jacobians.

    s is h, or h and c of an LSTM one after the other, or all named states of a custom cell. Each
    gradient holds the other states of its step fixed. ``apart`` is the largest difference of the
    gradients that follow from these and the recorded ones.

    Shapes: at_states ∂L_t/∂s_k (time, state), for the steps up to t
    Units:  loss per unit of state
    """

    at_states: np.ndarray
    apart: float


def loss_back(trace: Trace, loss: int, *, sequence: int = 0) -> LossBack:
    """Multiply the recorded gradient at the state of a loss by one Jacobian for each step back.

    ``loss`` is its step, from 0; the trace is of one layer and direction.

    Raises: TraceError if the trace has no gradients of that loss or no Jacobians, or if the loss
            does not come from the state of its own step alone
    Source: Pascanu et al. 2013, eqs. 3 to 5
    Example: >>> loss_back(trace, trace.loss_steps[-1]).at_states
    """
    check_step(trace, loss)
    row = row_of(trace, loss)
    recorded = needed(trace.grad_h_by_loss, "a gradient of one loss")
    found = np.asarray(recorded[row, 0, 0, : loss + 1, sequence], dtype=float)
    at_states = np.zeros((loss + 1, state_size(trace)))
    hidden = trace.hidden_size
    at_states[loss, :hidden] = found[loss]
    if trace.within_step is not None:
        within = np.eye(hidden) + trace.within_step[0, 0, : loss + 1, sequence]
        at_states[loss] = np.linalg.solve(within[loss].T, found[loss])
    of_cells = immediate_at_cells(trace, 0, 0, slice(row, row + 1))
    if of_cells is not None:
        at_states[loss, hidden:] = of_cells[0, loss, sequence]
    for k in range(loss, 0, -1):
        (jacobian,) = step_jacobians(
            trace, steps=slice(k, k + 1), sequences=slice(sequence, sequence + 1)
        )[0]
        at_states[k - 1] = jacobian.T @ at_states[k]
    total = at_states[:, :hidden]
    if trace.within_step is not None:
        total = np.einsum("kij,ki->kj", within, total)
    apart = float(np.abs(total - found).max())
    if not apart <= _TOLERANCE * np.abs(found).max():
        raise TraceError(
            "the loss does not come from the state of its own step alone, so that products of "
            "Jacobians are not all of its gradient; record a loss of each step's own output"
        )
    return LossBack(at_states, apart)

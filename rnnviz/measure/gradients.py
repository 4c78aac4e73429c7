"""How far back a gradient reaches: ‖∂L_t/∂h_k‖ and ‖∂L_t/∂x_k‖, by step and by lag."""

import numpy as np

from rnnviz.errors import TraceError
from rnnviz.measure.cell_states import at_cell_states
from rnnviz.measure.recorded import (
    check_place,
    loss_places,
    needed,
    norms,
    pairs_left_out,
    row_of,
)
from rnnviz.trace import Trace


def gradient_norms(
    trace: Trace, *, state: str = "h", layer: int = 0, direction: int = 0
) -> np.ndarray:
    """‖∂L_t/∂h_k‖₂ for all pairs of a loss time t and a step k; ‖∂L_t/∂c_k‖₂ for ``state="c"``.

    Both are by all paths; of an LSTM, c_k is held fixed where h_k changes.

    It is exactly 0 where h_k cannot reach L_t, and NaN where a sequence does not have step k or
    loss t.

    Shapes: → (loss_time, time, batch)
    Units:  loss per unit of state
    Raises: TraceError if the trace has no gradients, no such state, layer or direction
    Source: Pascanu, Mikolov & Bengio 2013, "On the difficulty of training recurrent neural
            networks", eq. 4–5
    """
    check_place(trace, layer, direction)
    if state not in ("h", "c"):
        raise TraceError(f"there is no state {state!r}; choose h, or c of an LSTM")
    by_loss = needed(trace.grad_h_by_loss, "gradient_norms")
    if state == "c":
        return pairs_left_out(trace, norms(at_cell_states(trace, layer, direction)))
    return pairs_left_out(trace, norms(by_loss[:, layer, direction]))


def input_saliency(trace: Trace) -> np.ndarray:
    """‖∂L_t/∂x_k‖₂ for all pairs: how much a small change of the input at step k moves L_t.

    The input is that of the recurrent layer, and the way is through the layer: what a model leads
    around it, in a skip connection, does not count. It is exactly 0 where x_k cannot reach L_t,
    and NaN where a sequence does not have step k or loss t.

    Shapes: → (loss_time, time, batch)
    Units:  loss per unit of input
    Raises: TraceError if the trace has no gradients
    Source: Simonyan, Vedaldi & Zisserman 2014, "Deep inside convolutional networks", for images
    """
    return pairs_left_out(trace, norms(needed(trace.grad_x_by_loss, "input_saliency")))


def by_lag(trace: Trace, table: np.ndarray, *, direction: int = 0) -> np.ndarray:
    """A table by loss and step, put in order by how many steps the layer takes between the two.

    The lag is t − k, or k − t for the reverse direction. The loss of a whole sequence is counted
    from the last step that it sees, in the layer's direction. NaN stands where there is no such
    pair: before the sequence begins, or where there is no loss at t. Steps later than the loss,
    which reach it in a network with two directions, are at no lag.

    Shapes: table (loss_time, time, batch) → (loss_time, lag, batch), as many lags as steps
    Raises: TraceError if the table has another shape, or the trace no gradients
    Example: >>> by_lag(trace, gradient_norms(trace))[-1, :, 0]
    """
    check_place(trace, 0, direction)
    places = loss_places(trace, direction)
    wanted = (len(places), trace.steps, trace.batch)
    if table.shape != wanted:
        raise TraceError(
            f"a table by loss is (loss_time, time, batch) = {wanted}, not {table.shape}"
        )
    lags = np.arange(trace.steps)[:, None]
    steps = places[:, None] - lags if direction == 0 else places[:, None] + lags
    there = (places[:, None] >= 0) & (steps >= 0) & (steps < trace.mask.sum(axis=0))
    return np.where(there, np.take_along_axis(table, steps * there, axis=1), np.nan)


def mean_by_lag(trace: Trace, table: np.ndarray, *, direction: int = 0) -> np.ndarray:
    """The mean of a table at each lag, over the losses and sequences that have it.

    Shapes: table (loss_time, time, batch) → (lag,), NaN at a lag that no pair has
    Raises: TraceError if the table has another shape, or the trace no gradients
    """
    return _mean(by_lag(trace, table, direction=direction), (0, 2))


def gradient_norms_by_lag(
    trace: Trace, *, state: str = "h", layer: int = 0, direction: int = 0
) -> np.ndarray:
    """‖∂L_t/∂h_k‖₂ by the lag t − k, as ``by_lag`` counts it; NaN where there is no such pair.

    ‖∂L_t/∂c_k‖₂ for ``state="c"`` of an LSTM.

    Shapes: → (loss_time, lag, batch), as many lags as steps
    Units:  loss per unit of state
    Raises: TraceError if the trace has no gradients, no such state, layer or direction
    Source: Pascanu et al. 2013, eq. 4–5
    """
    norms_by_step = gradient_norms(trace, state=state, layer=layer, direction=direction)
    return by_lag(trace, norms_by_step, direction=direction)


def memory_horizon(
    trace: Trace, share: float, *, loss: int | None = None, layer: int = 0, direction: int = 0
) -> np.ndarray:
    """The first lag at which the gradient has fallen to a share of what it is at lag 0.

    At each lag the norms ‖∂L_t/∂h_k‖ of all losses that reach so far back are added, and divided
    by the same losses' norms at lag 0; with ``loss``, only the loss of that step counts. ∞ stands
    for a gradient that does not fall so far within the recorded lags, NaN for a sequence without
    a gradient at lag 0.

    Shapes: → (batch,)
    Units:  steps
    Raises: TraceError if the share is not between 0 and 1, if the trace has no gradients, or not
            those of the loss
    Example: >>> memory_horizon(trace, 0.1)
    """
    if not 0 < share < 1:
        raise TraceError(f"a memory horizon is for a share between 0 and 1, not {share}")
    lagged = gradient_norms_by_lag(trace, layer=layer, direction=direction).astype(np.float64)
    if loss is not None:
        lagged = lagged[row_of(trace, loss)][None]
    there = ~np.isnan(lagged)
    left = np.where(there, lagged, 0).sum(axis=0)
    begun = np.where(there, lagged[:, :1], 0).sum(axis=0)
    fallen = there.any(axis=0) & (left <= share * begun)
    first = np.where(fallen.any(axis=0), fallen.argmax(axis=0), np.inf)
    return np.where(begun[0] > 0, first, np.nan)


def _mean(values: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """The mean of what is not NaN, NaN where nothing is."""
    there = ~np.isnan(values)
    count = there.sum(axis=axes)
    total = np.where(there, values, 0).sum(axis=axes)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)

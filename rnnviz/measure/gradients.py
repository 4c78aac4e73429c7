"""Norms of gradients, ‖∂L_t/∂h_k‖ and ‖∂L_t/∂x_k‖, by step and by lag."""

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
    stands_alone,
)
from rnnviz.trace import Trace


def gradient_norms(
    trace: Trace, *, state: str = "h", layer: int = 0, direction: int = 0
) -> np.ndarray:
    """Return ‖∂L_t/∂h_k‖₂ for all losses t and steps k; ‖∂L_t/∂c_k‖₂ for ``state="c"``.

    Both are by all paths; for ∂/∂h_k of an LSTM, c_k is held fixed. Exactly 0 where h_k cannot
    reach L_t, NaN where a sequence does not have step k or loss t.

    Shapes: → (loss_time, time, batch)
    Units:  loss per unit of state
    Raises: TraceError if the trace has no gradients, no such state, layer or direction
    Source: Pascanu, Mikolov & Bengio 2013, "On the difficulty of training recurrent neural
            networks", eq. 4–5
    """
    check_place(trace, layer, direction)
    if state not in ("h", "c"):
        raise TraceError(f"unknown state {state!r}; choose h, or c of an LSTM")
    by_loss = needed(trace.grad_h_by_loss, "gradient_norms")
    if state == "c":
        return pairs_left_out(trace, norms(at_cell_states(trace, layer, direction)))
    return pairs_left_out(trace, norms(by_loss[:, layer, direction]))


def step_factors(trace: Trace, loss: int, *, sequence: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return by what each step back multiplies ‖∂L_t/∂h_k‖: its slopes first, then W transposed.

    The factors of step k are ‖(1 − h_k²) ⊙ δ_k‖ / ‖δ_k‖, never above 1, and ‖Wᵀ(1 − h_k²) ⊙ δ_k‖
    over that numerator, with δ_k = ∂L_t/∂h_k as recorded. Their product is ‖∂L_t/∂h_{k−1}‖ /
    ‖∂L_t/∂h_k‖ at all steps up to the loss. 0 where nothing is left to multiply.

    Shapes: → (time,), (time,)
    Units:  none
    Raises: TraceError if the trace has no gradients, or is not of a tanh RNN of one layer and
            direction
    """
    if not trace.cell.is_textbook or trace.layers > 1 or trace.directions > 1:
        raise TraceError("step_factors is for a tanh RNN of one layer and direction; record one")
    by_loss = needed(trace.grad_h_by_loss, "step_factors")
    at_states = np.asarray(by_loss[row_of(trace, loss), 0, 0, :, sequence], dtype=float)
    h = np.asarray(trace.h[0, 0, :, sequence], dtype=float)
    at_sums = (1 - h) * (1 + h) * at_states
    begun, slowed, passed = (
        np.linalg.norm(each, axis=-1) for each in (at_states, at_sums, at_sums @ trace.W)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        return tuple(  # type: ignore[return-value]
            np.where(below > 0, above / below, 0.0)
            for above, below in ((slowed, begun), (passed, slowed))
        )


def input_saliency(trace: Trace) -> np.ndarray:
    """Return ‖∂L_t/∂x_k‖₂ for all losses t and steps k: the effect of a small change of x_k on L_t.

    x_k is the input of the recurrent layer, and only paths through the layer count, not those of
    a skip connection around it. Exactly 0 where x_k cannot reach L_t, NaN where a sequence does
    not have step k or loss t.

    Shapes: → (loss_time, time, batch)
    Units:  loss per unit of input
    Raises: TraceError if the trace has no gradients
    Source: Simonyan, Vedaldi & Zisserman 2014, "Deep inside convolutional networks", for images
    """
    return pairs_left_out(trace, norms(needed(trace.grad_x_by_loss, "input_saliency")))


def lags(trace: Trace, table: np.ndarray, *, direction: int = 0) -> np.ndarray:
    """Return the lags of ``by_lag``: the number of steps between the step and the loss.

    The lag is t − k, or k − t for the reverse direction. It is negative for states after the loss,
    which reach it through another direction of the network or what follows the layer. The lags
    begin at that of the farthest of these that is not zero, and otherwise at 0.

    Shapes: table (loss_time, time, batch) → (lag,) int, up to T − 1
    Raises: TraceError if the table has another shape, or the trace no gradients
    Example: >>> lags(trace, gradient_norms(trace))
    """
    places = _places(trace, table, direction)
    steps = np.arange(trace.steps)[:, None]
    after = steps - places[:, None] if direction == 0 else places[:, None] - steps
    felt = (places[:, None] >= 0) & (np.nan_to_num(table) != 0)
    first = int(np.where(felt, after, 0).max(initial=0))
    return np.arange(-first, trace.steps)


def by_lag(trace: Trace, table: np.ndarray, *, direction: int = 0) -> np.ndarray:
    """Rearrange a table by loss and step into one by loss and lag.

    The entries are at the ``lags``: t − k from 0, or k − t for the reverse direction, and before
    these the negative ones of states after the loss, if some reach it. The loss of a whole sequence
    is at the last step that it reads, in the layer's direction. NaN where there is no such pair:
    outside the sequence, or without a loss at t.

    Shapes: table (loss_time, time, batch) → (loss_time, lag, batch)
    Raises: TraceError if the table has another shape, or the trace no gradients
    Example: >>> by_lag(trace, gradient_norms(trace))[-1, :, 0]
    """
    places = _places(trace, table, direction)
    each = lags(trace, table, direction=direction)[:, None]
    steps = places[:, None] - each if direction == 0 else places[:, None] + each
    there = (places[:, None] >= 0) & (steps >= 0) & (steps < trace.mask.sum(axis=0))
    return np.where(there, np.take_along_axis(table, steps * there, axis=1), np.nan)


def mean_by_lag(trace: Trace, table: np.ndarray, *, direction: int = 0) -> np.ndarray:
    """Return the mean of a table at each of its ``lags``, over losses and sequences.

    Shapes: table (loss_time, time, batch) → (lag,), NaN at a lag that no pair has
    Raises: TraceError if the table has another shape, or the trace no gradients
    """
    return _mean(by_lag(trace, table, direction=direction), (0, 2))


def gradient_norms_by_lag(
    trace: Trace, *, state: str = "h", layer: int = 0, direction: int = 0
) -> np.ndarray:
    """Return ``gradient_norms`` by the lag t − k, as in ``by_lag``.

    ‖∂L_t/∂c_k‖₂ for ``state="c"`` of an LSTM.

    Shapes: → (loss_time, lag, batch), at the ``lags`` of ``gradient_norms``
    Units:  loss per unit of state
    Raises: TraceError if the trace has no gradients, no such state, layer or direction
    Source: Pascanu et al. 2013, eq. 4–5
    """
    norms_by_step = gradient_norms(trace, state=state, layer=layer, direction=direction)
    return by_lag(trace, norms_by_step, direction=direction)


def enters_at_lag_0(trace: Trace, *, layer: int = 0, direction: int = 0) -> bool:
    """Whether every loss depends on a layer's earlier states through h_t only.

    Then ∂L_t/∂h_k = ∂L_t/∂h_t ∂h_t/∂h_k, and a bound of the product bounds the gradient. It is not
    so below another layer, or if what follows the layer reads other steps as well.

    Raises: TraceError if the trace has no gradients, no such layer or no such direction
    """
    check_place(trace, layer, direction)
    needed(trace.grad_direct, "enters_at_lag_0")
    if layer < trace.layers - 1:
        return False
    tables = [trace.grad_direct_by_loss, trace.grad_direct_c_by_loss]
    if trace.grad_direct_by_loss is None:
        if not stands_alone(trace):
            return True
        tables = [
            None if direct is None else direct[None]
            for direct in (trace.grad_direct, trace.grad_direct_c)
        ]
    return all(
        _only_at_lag_0(trace, norms(table[:, layer, direction]), direction)
        for table in tables
        if table is not None
    )


def memory_horizon(
    trace: Trace, share: float, *, loss: int | None = None, layer: int = 0, direction: int = 0
) -> np.ndarray:
    """Return the first lag at which the gradient has fallen to a share of that at lag 0.

    At each lag from 0, it is the sum of ‖∂L_t/∂h_k‖ over the losses that reach so far back,
    divided by that of the same losses at lag 0; with ``loss``, only that of one step. ∞ if the
    gradient does not fall so far within the recorded lags, NaN for a sequence without a gradient at
    lag 0.

    Shapes: → (batch,)
    Units:  steps
    Raises: TraceError if the share is not between 0 and 1, if the trace has no gradients, or not
            those of the loss
    Example: >>> memory_horizon(trace, 0.1)
    """
    if not 0 < share < 1:
        raise TraceError(f"share must be between 0 and 1, got {share}")
    table = gradient_norms(trace, layer=layer, direction=direction).astype(np.float64)
    back = lags(trace, table, direction=direction) >= 0
    lagged = by_lag(trace, table, direction=direction)[:, back]
    if loss is not None:
        lagged = lagged[row_of(trace, loss)][None]
    there = ~np.isnan(lagged)
    left = np.where(there, lagged, 0).sum(axis=0)
    begun = np.where(there, lagged[:, :1], 0).sum(axis=0)
    fallen = there.any(axis=0) & (left <= share * begun)
    first = np.where(fallen.any(axis=0), fallen.argmax(axis=0), np.inf)
    return np.where(begun[0] > 0, first, np.nan)


def _places(trace: Trace, table: np.ndarray, direction: int) -> np.ndarray:
    """The steps of the losses of a table, as ``loss_places``: (loss_time, batch)."""
    check_place(trace, 0, direction)
    places = loss_places(trace, direction)
    wanted = (len(places), trace.steps, trace.batch)
    if table.shape != wanted:
        raise TraceError(
            f"a table by loss must be (loss_time, time, batch) = {wanted}, got {table.shape}"
        )
    return places


def _only_at_lag_0(trace: Trace, table: np.ndarray, direction: int) -> bool:
    others = lags(trace, table, direction=direction) != 0
    return not np.nan_to_num(by_lag(trace, table, direction=direction))[:, others].any()


def _mean(values: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """The mean of the values that are not NaN, NaN if there are none."""
    there = ~np.isnan(values)
    count = there.sum(axis=axes)
    total = np.where(there, values, 0).sum(axis=axes)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)

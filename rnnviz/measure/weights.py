"""What each use of a weight adds to its gradient.

∂L_t/∂θ_s is the gradient of the loss at step t through the use of θ at step s. It is the sum over
the batch of a_{t,s} vᵀ: a the gradient at the pre-activations of the gates, v what θ is multiplied
by, h_{s−1} for W. So its norm is a product of two norms, and its sums are matrix products.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from rnnviz import cells
from rnnviz.errors import TraceError
from rnnviz.measure.gradients import by_lag
from rnnviz.measure.recorded import (
    check_place,
    check_step,
    needed,
    norms,
    pairs_left_out,
    row_of,
    stands_alone,
)
from rnnviz.trace import Trace

KINDS: Final = ("weight_hh", "weight_ih", "bias_hh", "bias_ih", "weight_hr")
_BLOCK: Final = 1 << 22


def states_before(trace: Trace, *, layer: int = 0, direction: int = 0) -> np.ndarray:
    """h_{s−1} for every step s, or h_{s+1} for the reverse direction; h_0 at the first.

    Shapes: → (time, batch, hidden)
    """
    check_place(trace, layer, direction)
    return trace.states_before(layer, direction)


def weight_gradients(
    trace: Trace, kind: str = "weight_hh", *, layer: int = 0, direction: int = 0
) -> np.ndarray:
    """Σ_t ∂L_t/∂θ_s for each step s: what the use of a parameter at step s adds to its gradient.

    The sum is over all losses, recorded by loss or not, and over the batch. A step that no
    sequence has adds 0.

    Shapes: kind weight_hh, weight_ih, bias_hh, bias_ih or weight_hr → (time, *parameter); its sum
            over time is the gradient of the parameter
    Units:  loss per unit of weight
    Raises: TraceError if the trace has no gradients, or the layer no such parameter
    Source: Werbos 1990, "Backpropagation through time"; Pascanu et al. 2013, eq. 4
    """
    left, right = _of_all_losses(trace, kind, layer, direction)
    if right is None:
        return left.sum(axis=1)
    return left.swapaxes(1, 2) @ right


def weight_gradients_by_loss(
    trace: Trace, kind: str = "weight_hh", *, layer: int = 0, direction: int = 0
) -> np.ndarray:
    """Σ_s ∂L_t/∂θ_s for each loss time t: the gradient of one loss.

    Shapes: → (loss_time, *parameter), summed over steps and batch
    Units:  loss per unit of weight
    Raises: TraceError if the trace has no gradients, or the layer no such parameter
    Source: Pascanu et al. 2013, eq. 4
    """
    blocks = []
    for left, right in _by_loss(trace, kind, layer, direction):
        if right is None:
            blocks.append(left.sum(axis=(1, 2)))
        else:
            flat = left.reshape(len(left), -1, left.shape[-1]).swapaxes(1, 2)
            blocks.append(flat @ right.reshape(-1, right.shape[-1]))
    return np.concatenate(blocks)


def weight_gradient(
    trace: Trace,
    loss: int,
    step: int,
    kind: str = "weight_hh",
    *,
    sequence: int | None = None,
    layer: int = 0,
    direction: int = 0,
) -> np.ndarray:
    """∂L_t/∂θ_s of one loss and one use, in full.

    Shapes: → that of the parameter; of one sequence, or summed over the batch
    Units:  loss per unit of weight
    Raises: TraceError if the trace has no gradients of that loss, no such step or sequence, or
            the layer no such parameter
    Source: Pascanu et al. 2013, eq. 4
    Example: >>> weight_gradient(trace, loss=9, step=3, kind="weight_ih")
    """
    check_step(trace, step)
    if sequence is not None and not 0 <= sequence < trace.batch:
        raise TraceError(f"there is no sequence {sequence}; the trace has {trace.batch}, from 0")
    row = row_of(trace, loss)
    _check_kind(trace, kind, layer, direction)
    left, right = _factors(trace, kind, layer, direction, slice(row, row + 1))
    chosen = slice(None) if sequence is None else slice(sequence, sequence + 1)
    if right is None:
        return left[0, step, chosen].sum(axis=0)
    return left[0, step, chosen].T @ right[step, chosen]


def weight_gradient_norms(
    trace: Trace, kind: str = "weight_hh", *, layer: int = 0, direction: int = 0
) -> np.ndarray:
    """‖∂L_t/∂θ_s‖ (Frobenius) for all pairs, of each sequence, without building the matrices.

    It is 0 where the use at step s cannot reach L_t, and NaN where a sequence does not have step
    s or loss t.

    Shapes: → (loss_time, time, batch)
    Units:  loss per unit of weight
    Raises: TraceError if the trace has no gradients, or the layer no such parameter
    Source: Pascanu et al. 2013, eq. 4
    """
    made = np.concatenate(
        [
            norms(left) if right is None else norms(left) * norms(right)
            for left, right in _by_loss(trace, kind, layer, direction)
        ]
    )
    return pairs_left_out(trace, made)


def weight_gradient_share_by_lag(
    trace: Trace, kind: str = "weight_hh", *, layer: int = 0, direction: int = 0
) -> np.ndarray:
    """The share of the terms ∂L_t/∂θ_s that lie t − s steps back: Σ‖·‖ at a lag over Σ‖·‖.

    The lag is that of ``by_lag``; terms at no lag are not counted. A lag that no pair has holds 0.

    Shapes: → (lag,) = (time,), it sums to 1
    Units:  none
    Raises: TraceError if the trace has no gradients, or if all of them are zero
    """
    table = weight_gradient_norms(trace, kind, layer=layer, direction=direction)
    lagged = np.nan_to_num(by_lag(trace, table, direction=direction))
    return _shares(lagged.sum(axis=(0, 2), dtype=np.float64), kind)


def weight_gradient_shares(
    trace: Trace, kind: str = "weight_hh", *, layer: int = 0, direction: int = 0
) -> np.ndarray:
    """Each step's share of ∂L/∂θ: ⟨∂L/∂θ_s, ∂L/∂θ⟩ / ‖∂L/∂θ‖².

    It is the length of the step's part along the whole, so a step that works against the others
    has a negative share. ∂L/∂θ_s is summed over all losses and the batch. A step that no sequence
    has holds 0.

    Shapes: → (time,), it sums to 1
    Units:  none
    Raises: TraceError if the trace has no gradients, if ∂L/∂θ is zero, or if the layer has no
            such parameter
    """
    left, right = _of_all_losses(trace, kind, layer, direction)
    left = left.astype(np.float64)
    if right is None:
        whole = left.sum(axis=(0, 1))
        along = left.sum(axis=1) @ whole
    else:
        whole = np.tensordot(left, right, axes=([0, 1], [0, 1]))
        along = ((left @ whole) * right).sum(axis=(1, 2))
    total = float((whole**2).sum())
    if total == 0:
        raise TraceError(_nothing(kind))
    return along / total


def weight_gradient_norm_shares(
    trace: Trace, kind: str = "weight_hh", *, layer: int = 0, direction: int = 0
) -> np.ndarray:
    """Each step's share of ∂L/∂θ by size: ‖∂L/∂θ_s‖ / Σ_s ‖∂L/∂θ_s‖, Frobenius.

    ∂L/∂θ_s is summed over all losses and the batch. A step that no sequence has holds 0.

    Shapes: → (time,), it sums to 1
    Units:  none
    Raises: TraceError if the trace has no gradients, if all terms are zero, or if the layer has
            no such parameter
    """
    left, right = _of_all_losses(trace, kind, layer, direction)
    sizes = np.empty(trace.steps)
    for step in range(trace.steps):
        term = left[step].sum(axis=0) if right is None else left[step].T @ right[step]
        sizes[step] = norms(term.ravel())
    return _shares(sizes, kind)


def gate_gradients(
    trace: Trace,
    at_states: np.ndarray,
    at_cells: np.ndarray | None,
    layer: int,
    direction: int,
    *,
    of: str,
) -> np.ndarray:
    """Gradients at the pre-activations, from those at the states.

    ``at_states`` holds ∂L_t/∂h_s by all paths; ``at_cells`` what L_t feels of an LSTM's c_s
    without a state between, None for nothing. The whole ∂L_t/∂c_s is the scan
    δc_s = o (1 − tanh² c_s) δh_s + f_next δc_next. ``of`` says whether the pre-activation is meant
    as it depends on the ``state`` or on the ``input`` before it: the two differ in a GRU's gate n.

    Shapes: at_states (loss, time, batch, hidden), at_cells (loss, time, batch, cell)
            → (loss, time, batch, gate, cell)
    Units:  loss per unit of pre-activation
    Source: Hochreiter & Schmidhuber 1997, "Long short-term memory", with the forget gate of Gers,
            Schmidhuber & Cummins 2000
    """
    if trace.metadata.cell != "lstm":
        through = cells.state_by_gate(trace, layer, direction, of=of)
        return at_states[..., None, :] * through
    projection = trace.weight("weight_hr", layer, direction)
    squashed = at_states if projection is None else at_states @ projection
    carried = squashed * cells.output_by_cell(trace, layer, direction)
    if at_cells is not None:
        carried += at_cells
    forget = trace.gates[layer, direction][..., 1, :]
    order = range(trace.steps - 1, 0, -1) if direction == 0 else range(trace.steps - 1)
    for step in order:
        before = step - 1 if direction == 0 else step + 1
        carried[:, before] += forget[step] * carried[:, step]
    made = carried[..., None, :] * cells.cell_by_gate(trace, layer, direction)
    made[..., 3, :] = squashed * cells.output_by_gate(trace, layer, direction)[..., 3, :]
    return made


def _check_kind(trace: Trace, kind: str, layer: int, direction: int) -> None:
    check_place(trace, layer, direction)
    if kind not in KINDS:
        raise TraceError(f"there is no parameter {kind!r}; choose one of {', '.join(KINDS)}")
    if trace.weight(kind, layer, direction) is None:
        there = [one for one in KINDS if trace.weight(one, layer, direction) is not None]
        raise TraceError(f"the layer has no {kind!r}; it has {', '.join(there)}")


def _of_all_losses(
    trace: Trace, kind: str, layer: int, direction: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """Both factors of Σ_t ∂L_t/∂θ_s: (time, batch, rows), (time, batch, columns) or None."""
    _check_kind(trace, kind, layer, direction)
    left, right = _factors(trace, kind, layer, direction, None)
    return left[0], right


def _by_loss(
    trace: Trace, kind: str, layer: int, direction: int
) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """Both factors of ∂L_t/∂θ_s, for so many losses at a time that a block stays small."""
    _check_kind(trace, kind, layer, direction)
    losses = len(needed(trace.loss_times, "a measure of a weight's gradient"))
    at_once = max(1, _BLOCK // trace.gates[0, 0].size)
    for begin in range(0, losses, at_once):
        rows = slice(begin, min(begin + at_once, losses))
        yield _factors(trace, kind, layer, direction, rows)


def _factors(
    trace: Trace, kind: str, layer: int, direction: int, rows: slice | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """Left (loss, time, batch, rows) and right (time, batch, columns), None for a bias.

    ``rows`` are those of the tables by loss, None for all losses together.
    """
    at_states = _at_states(trace, layer, direction, rows)
    if kind == "weight_hr":
        assert trace.c is not None
        squashed = trace.gates[layer, direction][..., 3, :] * np.tanh(trace.c[layer, direction])
        return at_states, squashed
    of = "state" if kind.endswith("hh") else "input"
    at_cells = _at_cells(trace, layer, direction, rows)
    left = gate_gradients(trace, at_states, at_cells, layer, direction, of=of)
    left = left.reshape(*left.shape[:-2], -1)
    if kind.startswith("bias"):
        return left, None
    if kind == "weight_hh":
        return left, trace.states_before(layer, direction)
    return left, trace.layer_input(layer)


def _at_states(trace: Trace, layer: int, direction: int, rows: slice | None) -> np.ndarray:
    what = "a measure of a weight's gradient"
    if rows is None:
        return needed(trace.grad_h, what)[layer, direction][None]
    return needed(trace.grad_h_by_loss, what)[rows, layer, direction]


def _at_cells(trace: Trace, layer: int, direction: int, rows: slice | None) -> np.ndarray | None:
    """What losses feel of c without a state between: (loss, time, batch, cell), None for zero."""
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


def _shares(sizes: np.ndarray, kind: str) -> np.ndarray:
    total = sizes.sum()
    if total == 0:
        raise TraceError(_nothing(kind))
    return sizes / total


def _nothing(kind: str) -> str:
    symbol = {"weight_hh": "W", "weight_ih": "U"}.get(kind, kind)
    return f"all terms of ∂L/∂{symbol} are zero, so none has a share; train with a loss"

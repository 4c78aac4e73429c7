"""Checks that a trace has what a measure needs, and which steps and losses exist."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from rnnviz.errors import TraceError
from rnnviz.trace import Trace

_SMALLEST_SQUARE: Final = 1e-250


def needed(gradients: np.ndarray | None, what: str) -> np.ndarray:
    """Return gradients that a measure needs. Raises TraceError if they were not recorded."""
    if gradients is None:
        raise TraceError(
            f"the trace has no gradients, which {what} needs; record it again without --no-grad"
        )
    return gradients


def named_gates(trace: Trace) -> Mapping[str, np.ndarray]:
    """Return the gates that a custom cell names. Raises TraceError if it names none."""
    if not trace.named_gates:
        raise TraceError(
            "the custom cell names no gates; name those to be recorded in its code, as in "
            "z = rnnviz.gate(z, 'z'), and record it again"
        )
    return trace.named_gates


def check_place(trace: Trace, layer: int, direction: int) -> None:
    """Raises TraceError for a layer or direction that the trace does not have."""
    for name, got, count in (
        ("layer", layer, trace.layers),
        ("direction", direction, trace.directions),
    ):
        if not 0 <= got < count:
            raise TraceError(f"there is no {name} {got}; the trace has {count}, counted from 0")


def check_step(trace: Trace, step: int) -> None:
    """Raises TraceError for a step that the trace does not have."""
    if not 0 <= step < trace.steps:
        raise TraceError(f"there is no step {step}; the trace has {trace.steps}, counted from 0")


def row_of(trace: Trace, loss: int) -> int:
    """Return the row of a step's loss in the fields ``…_by_loss``.

    Raises: TraceError if they were not recorded
    """
    times = needed(trace.loss_times, "a measure of one loss")
    found = np.flatnonzero(times == loss)
    if not len(found):
        listed = ", ".join(map(str, times[:8])) + (", …" if len(times) > 8 else "")
        raise TraceError(
            f"the gradients of the loss at step {loss} were not recorded, only of those at "
            f"{listed}; record it again with losses=[{loss}]"
        )
    return int(found[0])


def left_out(trace: Trace, values: np.ndarray) -> np.ndarray:
    """Return values (time, batch, …) with NaN at steps that do not exist."""
    if trace.lengths is None:
        return values
    return np.where(
        trace.mask.reshape(*trace.mask.shape, *(1,) * (values.ndim - 2)), values, np.nan
    )


def pairs_left_out(trace: Trace, table: np.ndarray) -> np.ndarray:
    """Return a table (loss_time, time, batch) with NaN where the loss or step does not exist."""
    if trace.lengths is None:
        return table
    losses = needed(trace.loss_times, "a table by loss")
    there = trace.mask[losses] | (loss_places(trace, 0) >= 0)
    return np.where(there[:, None] & trace.mask, table, np.nan)


def stands_alone(trace: Trace) -> bool:
    """Whether the loss at the last step is the only one, which has all immediate gradients."""
    times = needed(trace.loss_times, "a table by loss")
    return times.tolist() == [trace.steps - 1] and not trace.loss[:-1].any()


def loss_places(trace: Trace, direction: int = 0) -> np.ndarray:
    """Return the step at which each loss reads the states of a direction, −1 without a loss.

    It is the loss's own step. A single loss may be that of the whole sequence; its step is the last
    one with an immediate gradient, in the layer's direction.

    Shapes: → (loss_time, batch) int
    """
    times = needed(trace.loss_times, "a table by loss")
    if stands_alone(trace):
        return _place_of_the_only_loss(trace, direction)[None]
    there = (trace.mask & trace.has_loss)[times]
    return np.where(there, times[:, None], -1)


def norms(vectors: np.ndarray) -> np.ndarray:
    """Return ‖·‖₂ over the last axis, also where the squares are out of the range of float64.

    Shapes: vectors (…, entry) → (…)
    """
    blocks = vectors if vectors.ndim > 2 else vectors.reshape(1, -1, vectors.shape[-1])
    lengths = np.empty(blocks.shape[:-1], vectors.dtype)
    for row, into in zip(blocks, lengths, strict=True):
        with np.errstate(over="ignore", under="ignore"):
            squares = np.einsum("...i,...i->...", row, row, dtype=np.float64)
        into[...] = np.sqrt(squares)
        extreme = (squares < _SMALLEST_SQUARE) | np.isinf(squares)
        if vectors.dtype == np.float64 and extreme.any():
            few = row[extreme]
            scale = np.abs(few).max(axis=-1)
            scale[scale == 0] = 1.0
            into[extreme] = scale * np.sqrt(((few / scale[..., None]) ** 2).sum(axis=-1))
    return lengths.reshape(vectors.shape[:-1])


def _place_of_the_only_loss(trace: Trace, direction: int) -> np.ndarray:
    direct = (needed(trace.grad_direct, "a table by loss") != 0).any(axis=-1)
    if trace.grad_direct_c is not None:
        direct = direct | (trace.grad_direct_c != 0).any(axis=-1)
    met = direct[:, direction].any(axis=0)
    steps = np.arange(trace.steps)[:, None]
    last = trace.mask.sum(axis=0) - 1
    if direction == 0:
        place = np.where(met.any(axis=0), np.where(met, steps, 0).max(axis=0), last)
    else:
        place = np.where(met.any(axis=0), np.where(met, steps, trace.steps).min(axis=0), 0)
    return np.where(direct.any(axis=(0, 1, 2)), place, -1)

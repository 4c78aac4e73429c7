"""The recorded numbers of one sequence, layer and direction, as the page draws them."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np

from rnnviz import measure
from rnnviz.errors import TraceError
from rnnviz.explorer.network_data import packed
from rnnviz.measure.recorded import check_place, loss_places, needed
from rnnviz.trace import CLASSES, VALUES, Trace

MOST_STEPS: Final = 200
MOST_UNITS: Final = 64
MOST_OUTPUTS: Final = 64
"""The most entries of y_t of which all are in the page; of more, the largest and the target."""
_LARGEST: Final = 6

Json = dict[str, Any]


def place_of(trace: Trace, *, sequence: int = 0, layer: int = 0, direction: int = 0) -> Json:
    """Return the numbers of one sequence, limited to 200 steps and 64 units.

    Steps are counted from 0. ``norms`` has a row for each loss, which is NaN at steps whose state
    does not reach it. ``y``, ``targets`` and ``losses`` are NaN where there are none, and
    ``shares`` is None if all of ∂L/∂W is zero. Gates lie side by side, in the order of
    ``gateNames``.

    Raises: TraceError if the trace has no gradients or no such layer, direction or sequence, or if
            no loss of the sequence was backpropagated
    """
    check_place(trace, layer, direction)
    if not 0 <= sequence < trace.batch:
        raise TraceError(
            f"there is no sequence {sequence}; the trace has {trace.batch}, counted from 0"
        )
    places = losses_of(trace, sequence, direction)
    if not places:
        raise TraceError(
            f"no loss of sequence {sequence}, counted from 0, was backpropagated; choose another "
            "sequence"
        )
    steps = thinned(length_of(trace, sequence), places)
    times = [t for t in steps if t in places]
    gates = _gates(trace, steps, sequence, layer, direction)
    norms = _norms(trace, {t: places[t] for t in times}, sequence, layer, direction)[:, steps]
    return {
        "sequence": sequence,
        "layer": layer,
        "direction": direction,
        "steps": steps,
        "times": times,
        "ofClasses": trace.metadata.loss in CLASSES,
        "h": packed(_wide(trace.h[layer, direction, steps, sequence, :MOST_UNITS])),
        "c": None
        if trace.c is None
        else packed(_wide(trace.c[layer, direction, steps, sequence, :MOST_UNITS])),
        "gateNames": list(gates),
        "gates": packed(np.concatenate(list(gates.values()), axis=1)) if gates else None,
        **_outputs(trace, steps, sequence),
        "losses": packed(np.array([_loss(trace, t, sequence) for t in steps])),
        "norms": packed(norms),
        "shares": _shares(trace, steps, layer, direction),
    }


def length_of(trace: Trace, sequence: int) -> int:
    """Return the number of steps of a sequence."""
    return int(trace.mask[:, sequence].sum())


def losses_of(trace: Trace, sequence: int, direction: int = 0) -> dict[int, int]:
    """Return the steps whose losses were backpropagated, with the step where each loss enters.

    Raises: TraceError if the trace has no gradients
    """
    times = needed(trace.loss_times, "'explore'")
    places = loss_places(trace, direction)[:, sequence]
    return {int(t): int(place) for t, place in zip(times, places, strict=True) if place >= 0}


def is_choice(trace: Trace) -> bool:
    """Return whether y_t has one number per class."""
    return trace.y is not None and trace.output_size > 1 and trace.metadata.loss not in VALUES


def thinned(count: int, losses: Iterable[int]) -> list[int]:
    """Select at most 200 steps, including the first, the last and, if possible, all with a loss."""
    if count <= MOST_STEPS:
        return list(range(count))
    with_loss = sorted(losses)
    some = _spread(with_loss, MOST_STEPS if len(with_loss) == count else MOST_STEPS // 2)
    return sorted({*some, *_spread(range(count), MOST_STEPS - len(some))})


def _spread(values: Sequence[int], most: int) -> list[int]:
    """Return at most ``most`` of the values, evenly spaced."""
    places = np.linspace(0, len(values) - 1, min(len(values), most)).round().astype(int)
    return [values[place] for place in places]


def _wide(values: np.ndarray) -> np.ndarray:
    """Return an array of real numbers as float64."""
    return np.asarray(values, np.float64)


def _norms(
    trace: Trace, losses: dict[int, int], sequence: int, layer: int, direction: int
) -> np.ndarray:
    """Return ‖∂L_t/∂h_k‖ (loss, time) with NaN where the state does not reach the loss."""
    norms = measure.gradient_norms(trace, layer=layer, direction=direction)[:, :, sequence]
    assert trace.loss_times is not None
    row_of = {int(time): row for row, time in enumerate(trace.loss_times)}
    found = np.full((len(losses), trace.steps), np.nan)
    for row, (t, place) in enumerate(losses.items()):
        reached = [place, *np.flatnonzero(norms[row_of[t]] > 0)]
        first, last = (0, max(reached)) if direction == 0 else (min(reached), trace.steps - 1)
        found[row, first : last + 1] = norms[row_of[t], first : last + 1]
    return found


def _gates(
    trace: Trace, steps: list[int], sequence: int, layer: int, direction: int
) -> dict[str, np.ndarray]:
    """Return each gate (time, unit); a plain RNN has no gates, nor have some custom cells."""
    if not trace.cell.gated or (trace.is_custom and not trace.named_gates):
        return {}
    found = measure.gates(trace, layer=layer, direction=direction)
    return {
        name: _wide(values[steps, sequence].reshape(len(steps), -1)[:, :MOST_UNITS])
        for name, values in found.items()
    }


def _outputs(trace: Trace, steps: list[int], sequence: int) -> Json:
    """Return y and the targets at each step; of many classes, the largest y and their numbers."""
    known = trace.metadata.loss in (*CLASSES, *VALUES)
    targets = _over(trace, trace.targets, steps, sequence) if known else None
    if targets is not None and trace.metadata.loss in CLASSES:
        targets = np.where(targets < 0, np.nan, targets)
    y = None if trace.y is None else _over(trace, trace.y, steps, sequence)
    found: Json = {"targets": None if targets is None else packed(targets), "y": None}
    if y is None:
        return found
    if y.shape[1] <= MOST_OUTPUTS:
        return {**found, "y": packed(y)}
    order = np.argsort(-y, axis=1, kind="stable")[:, :_LARGEST]
    if targets is not None and trace.metadata.loss in CLASSES:
        right = np.where(np.isnan(targets), order[:, :1], targets).astype(int)
        order = np.concatenate([order, right], axis=1)
    return {
        **found,
        "y": packed(np.take_along_axis(y, order, axis=1)),
        "yIndex": packed(order.astype(np.float64)),
        "ySize": int(y.shape[1]),
    }


def _over(trace: Trace, values: np.ndarray, steps: list[int], sequence: int) -> np.ndarray:
    """Return an array over the last or over all steps at each step, NaN where it has none."""
    wide = _wide(values[:, sequence].reshape(len(values), -1))
    missing = np.full((trace.steps - len(wide), wide.shape[1]), np.nan)
    return np.concatenate([missing, wide])[steps]


def _loss(trace: Trace, step: int, sequence: int) -> float:
    """Return L_t of the sequence, or of the batch if only that was recorded; NaN without one."""
    if not trace.has_loss[step, sequence]:
        return float("nan")
    return float(trace.loss[step, sequence if trace.loss.shape[1] > 1 else 0])


def _shares(trace: Trace, steps: list[int], layer: int, direction: int) -> Json | None:
    """Return the share of each step in ∂L/∂W, or None if all of it is zero."""
    try:
        shares = measure.weight_gradient_norm_shares(trace, layer=layer, direction=direction)
    except TraceError:
        return None
    return packed(_wide(shares[steps]))

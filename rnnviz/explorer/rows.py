"""Convert one sequence and layer of a trace to rows for charts, with steps counted from 1."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from rnnviz import measure
from rnnviz.errors import TraceError
from rnnviz.measure.recorded import check_place, loss_places, needed
from rnnviz.system.short_repr import ShortRepr
from rnnviz.text.notation import gate_source
from rnnviz.text.plain_text import isolated, plain, visible
from rnnviz.trace import CLASSES, VALUES, Trace

MOST_STEPS: Final = 200
MOST_UNITS: Final = 64
MOST_CANDIDATES: Final = 6
_DIGITS: Final = 4

Row = dict[str, Any]


@dataclass(frozen=True, repr=False)
class Rows(ShortRepr):
    """The rows that each chart draws.

    ``gradients`` has a row, which may be zero, for each loss and each step whose state reaches it.
    Outputs are either ``candidates`` at each step with a loss or, for values, a ``course`` over the
    steps; the other is empty. ``gates`` is empty for a plain RNN, and ``shares`` if all of ∂L/∂W is
    zero.
    """

    steps: list[Row]
    losses: list[Row]
    gradients: list[Row]
    states: list[Row]
    gates: list[Row]
    candidates: list[Row]
    course: list[Row]
    shares: list[Row]


def rows_of(trace: Trace, *, sequence: int = 0, layer: int = 0, direction: int = 0) -> Rows:
    """Return the rows of one sequence, limited to 200 steps and 64 units.

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
    steps = _thinned(length_of(trace, sequence), places)
    losses = [t for t in steps if t in places]
    labels = trace.metadata.step_labels
    states = trace.h[layer, direction, :, sequence, :MOST_UNITS]
    candidates = _is_choice(trace)
    return Rows(
        steps=[
            {
                "step": k + 1,
                "word": visible(labels[sequence][k]) if labels else str(k + 1),
                "loss": k in places,
            }
            for k in steps
        ],
        losses=[{"t": t + 1, "loss": short(_loss(trace, t, sequence))} for t in losses],
        gradients=_gradients(
            trace, steps, {t: places[t] for t in losses}, sequence, layer, direction
        ),
        states=[
            {"step": k + 1, "unit": unit + 1, "value": short(value)}
            for k in steps
            for unit, value in enumerate(states[k])
        ],
        gates=_gates(trace, steps, sequence, layer, direction),
        candidates=[row for t in losses for row in _candidates(trace, t, sequence)]
        if candidates
        else [],
        course=[] if candidates else _course(trace, steps, sequence),
        shares=_shares(trace, steps, layer, direction),
    )


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


def short(value: Any) -> float:
    """Round a number to four significant digits."""
    return float(f"{float(value):z.{_DIGITS}g}")


def _thinned(count: int, losses: Iterable[int]) -> list[int]:
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


def _gradients(
    trace: Trace,
    steps: Sequence[int],
    losses: dict[int, int],
    sequence: int,
    layer: int,
    direction: int,
) -> list[Row]:
    norms = measure.gradient_norms(trace, layer=layer, direction=direction)[:, :, sequence]
    assert trace.loss_times is not None
    row_of = {int(time): row for row, time in enumerate(trace.loss_times)}
    rows: list[Row] = []
    for t, place in losses.items():
        reached = [place, *np.flatnonzero(norms[row_of[t]] > 0)]
        first, last = (0, max(reached)) if direction == 0 else (min(reached), trace.steps - 1)
        rows += [
            {"t": t + 1, "k": k + 1, "norm": short(norms[row_of[t], k])}
            for k in steps
            if first <= k <= last
        ]
    return rows


def _gates(
    trace: Trace, steps: Sequence[int], sequence: int, layer: int, direction: int
) -> list[Row]:
    """Return the mean of each gate over the units; a plain RNN has no gates, nor have some others.

    Gates have their symbols in the notation in use.
    """
    if not trace.cell.gated or (trace.is_custom and not trace.named_gates):
        return []
    return [
        {"step": k + 1, "gate": _symbol(name), "value": short(np.mean(values[k, sequence]))}
        for name, values in measure.gates(trace, layer=layer, direction=direction).items()
        for k in steps
    ]


def _symbol(gate: str) -> str:
    return plain(f"${gate_source(gate)}_t$", {})


def _shares(trace: Trace, steps: Sequence[int], layer: int, direction: int) -> list[Row]:
    """Return the share of each step in ∂L/∂W, or nothing if all of it is zero."""
    try:
        shares = measure.weight_gradient_norm_shares(trace, layer=layer, direction=direction)
    except TraceError:
        return []
    return [{"step": k + 1, "share": short(shares[k])} for k in steps]


def _loss(trace: Trace, step: int, sequence: int) -> float:
    """Return L_t of the sequence, or of the batch if only that was recorded."""
    return float(trace.loss[step, sequence if trace.loss.shape[1] > 1 else 0])


def _is_choice(trace: Trace) -> bool:
    """Return whether y_t has one number per class."""
    return trace.y is not None and trace.output_size > 1 and trace.metadata.loss not in VALUES


def _at(trace: Trace, values: np.ndarray, step: int, sequence: int) -> Any:
    """Return the values at a step of an array over the last or over all steps, or None."""
    place = step - trace.steps + len(values)
    return None if place < 0 else values[place, sequence]


def _candidates(trace: Trace, step: int, sequence: int) -> list[Row]:
    """Return the largest entries of y_t, and that of the correct class."""
    assert trace.y is not None
    y = _at(trace, trace.y, step, sequence)
    if y is None:
        return []
    labels = trace.metadata.output_labels
    known = trace.metadata.loss in CLASSES
    right = int(_at(trace, trace.targets, step, sequence)) if known else None
    order = np.argsort(-y, kind="stable").tolist()
    return [
        {
            "t": step + 1,
            "name": isolated(visible(labels[index])) if labels else str(index + 1),
            "value": short(y[index]),
            "rank": rank,
            "right": index == right if known else None,
        }
        for rank, index in enumerate(order)
        if rank < MOST_CANDIDATES or index == right
    ]


def _course(trace: Trace, steps: Sequence[int], sequence: int) -> list[Row]:
    """Return the first entry of y_t, and of the targets if the loss is known, at each step."""
    if trace.y is None:
        return []
    series = {"y": trace.y}
    if trace.metadata.loss in VALUES:
        series["target"] = trace.targets
    return [
        {"step": k + 1, "series": name, "value": short(value[0])}
        for name, values in series.items()
        for k in steps
        if (value := _at(trace, values, k, sequence)) is not None and np.isfinite(value[0])
    ]

"""A trace as rows for linked views: one sequence, one layer, steps counted from 1."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from rnnviz import measure
from rnnviz.errors import TraceError
from rnnviz.measure.recorded import check_place, loss_places, needed
from rnnviz.system.short_repr import ShortRepr
from rnnviz.text.plain_text import isolated, visible
from rnnviz.trace import CLASSES, VALUES, Trace

MOST_STEPS: Final = 200
MOST_UNITS: Final = 64
MOST_CANDIDATES: Final = 6
_DIGITS: Final = 4

Row = dict[str, Any]


@dataclass(frozen=True, repr=False)
class Rows(ShortRepr):
    """What each view draws.

    ``gradients`` has a row for each loss and each step whose state reaches it, zeros among them.
    An output is either a list of ``candidates`` at each step with a loss or, of values, a
    ``course`` over the steps; the other is empty. ``gates`` is empty for a plain RNN, ``shares``
    where all of ∂L/∂W is zero.
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
    """The rows of one sequence: at most 200 steps of it and 64 units.

    Raises: TraceError if the trace has no gradients, no such layer, direction or sequence, or if
            no loss of the sequence was followed back
    """
    check_place(trace, layer, direction)
    if not 0 <= sequence < trace.batch:
        raise TraceError(f"there is no sequence {sequence}; the trace has {trace.batch}, from 0")
    places = losses_of(trace, sequence, direction)
    if not places:
        raise TraceError(
            f"sequence {sequence}, counted from 0, has no loss that was followed back; "
            "choose another sequence"
        )
    kept = _kept(length_of(trace, sequence), places)
    losses = [t for t in kept if t in places]
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
            for k in kept
        ],
        losses=[{"t": t + 1, "loss": short(_loss(trace, t, sequence))} for t in losses],
        gradients=_gradients(
            trace, kept, {t: places[t] for t in losses}, sequence, layer, direction
        ),
        states=[
            {"step": k + 1, "unit": unit + 1, "value": short(value)}
            for k in kept
            for unit, value in enumerate(states[k])
        ],
        gates=_gates(trace, kept, sequence, layer, direction),
        candidates=[row for t in losses for row in _candidates(trace, t, sequence)]
        if candidates
        else [],
        course=[] if candidates else _course(trace, kept, sequence),
        shares=_shares(trace, kept, layer, direction),
    )


def length_of(trace: Trace, sequence: int) -> int:
    """How many steps a sequence has."""
    return int(trace.mask[:, sequence].sum())


def losses_of(trace: Trace, sequence: int, direction: int = 0) -> dict[int, int]:
    """The steps of a sequence whose losses were followed back, and where each meets the states.

    Raises: TraceError if the trace has no gradients
    """
    times = needed(trace.loss_times, "'explore'")
    places = loss_places(trace, direction)[:, sequence]
    return {int(t): int(place) for t, place in zip(times, places, strict=True) if place >= 0}


def short(value: Any) -> float:
    """A number for the page, to four significant digits."""
    return float(f"{float(value):z.{_DIGITS}g}")


def _kept(steps: int, losses: Iterable[int]) -> list[int]:
    """At most 200 steps, the first and last among them, with room for steps that have a loss."""
    if steps <= MOST_STEPS:
        return list(range(steps))
    there = sorted(losses)
    some = _spread(there, MOST_STEPS if len(there) == steps else MOST_STEPS // 2)
    return sorted({*some, *_spread(range(steps), MOST_STEPS - len(some))})


def _spread(values: Sequence[int], most: int) -> list[int]:
    """So many of the values, evenly spaced, or all of them."""
    places = np.linspace(0, len(values) - 1, min(len(values), most)).round().astype(int)
    return [values[place] for place in places]


def _gradients(
    trace: Trace,
    kept: Sequence[int],
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
        there = [place, *np.flatnonzero(norms[row_of[t]] > 0)]
        first, last = (0, max(there)) if direction == 0 else (min(there), trace.steps - 1)
        rows += [
            {"t": t + 1, "k": k + 1, "norm": short(norms[row_of[t], k])}
            for k in kept
            if first <= k <= last
        ]
    return rows


def _gates(
    trace: Trace, kept: Sequence[int], sequence: int, layer: int, direction: int
) -> list[Row]:
    """Each gate's mean over the units; a plain RNN has no gates."""
    if not trace.cell.gated:
        return []
    return [
        {"step": k + 1, "gate": name, "value": short(np.mean(values[k, sequence]))}
        for name, values in measure.gates(trace, layer=layer, direction=direction).items()
        for k in kept
    ]


def _shares(trace: Trace, kept: Sequence[int], layer: int, direction: int) -> list[Row]:
    """Each step's share of ∂L/∂W; where all of it is zero, no step has one."""
    try:
        shares = measure.weight_gradient_norm_shares(trace, layer=layer, direction=direction)
    except TraceError:
        return []
    return [{"step": k + 1, "share": short(shares[k])} for k in kept]


def _loss(trace: Trace, step: int, sequence: int) -> float:
    """L_t of the sequence, or of the whole batch where only that was recorded."""
    return float(trace.loss[step, sequence if trace.loss.shape[1] > 1 else 0])


def _is_choice(trace: Trace) -> bool:
    """Whether y_t is one number for each of several things to choose from."""
    return trace.y is not None and trace.output_size > 1 and trace.metadata.loss not in VALUES


def _at(trace: Trace, values: np.ndarray, step: int, sequence: int) -> Any:
    """What stands at a step in an array that has an entry for each step, or one for the last."""
    place = step - trace.steps + len(values)
    return None if place < 0 else values[place, sequence]


def _candidates(trace: Trace, step: int, sequence: int) -> list[Row]:
    """The greatest entries of y_t, and that of the right class."""
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


def _course(trace: Trace, kept: Sequence[int], sequence: int) -> list[Row]:
    """The first entry of y_t over the steps, and of the targets where the loss knows them."""
    if trace.y is None:
        return []
    series = {"y": trace.y}
    if trace.metadata.loss in VALUES:
        series["target"] = trace.targets
    return [
        {"step": k + 1, "series": name, "value": short(value[0])}
        for name, values in series.items()
        for k in kept
        if (value := _at(trace, values, k, sequence)) is not None and np.isfinite(value[0])
    ]

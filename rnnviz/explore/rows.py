"""A trace as rows for linked views: one sequence, one layer, steps counted from 1."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from rnnviz import measure
from rnnviz.errors import TraceError
from rnnviz.trace import Trace

MOST_STEPS: Final = 200
_MOST_UNITS: Final = 64
_MOST_CANDIDATES: Final = 6
_DIGITS: Final = 5

Row = dict[str, Any]


@dataclass(frozen=True)
class Rows:
    """What each view draws.

    ``kept`` are the steps that are shown, from 0; ``of`` is how many there are.
    """

    words: list[Row]
    gradients: list[Row]
    states: list[Row]
    gates: list[Row]
    outputs: list[Row]
    shares: list[Row]
    kept: tuple[int, ...]
    of: int


def rows_of(trace: Trace, *, sequence: int = 0, layer: int = 0, direction: int = 0) -> Rows:
    """The rows of one sequence; of more than 200 steps evenly spaced ones, the last among them.

    Raises: TraceError if the trace has no gradients, no such layer, direction or sequence
    """
    if not 0 <= sequence < trace.batch:
        raise TraceError(f"there is no sequence {sequence}; the trace has {trace.batch}, from 0")
    steps = int(trace.mask[:, sequence].sum())
    kept = tuple(np.unique(np.linspace(0, steps - 1, min(steps, MOST_STEPS)).round().astype(int)))
    labels = trace.metadata.step_labels
    names = [labels[sequence][k] if labels else str(k + 1) for k in kept]
    norms = measure.gradient_norms(trace, layer=layer, direction=direction)[:, :, sequence]
    assert trace.loss_times is not None
    row_of = {int(time): row for row, time in enumerate(trace.loss_times)}
    losses = [t for t in kept if t in row_of and np.nansum(norms[row_of[t]]) > 0]
    shares = measure.weight_gradient_norm_shares(trace, layer=layer, direction=direction)
    states = trace.h[layer, direction, :, sequence, :_MOST_UNITS]
    gates = measure.gates(trace, layer=layer, direction=direction)
    return Rows(
        words=[
            {"step": k + 1, "word": name, "loss": k in losses}
            for k, name in zip(kept, names, strict=True)
        ],
        gradients=[
            {"t": t + 1, "k": k + 1, "word": name, "norm": _short(norms[row_of[t], k])}
            for t in losses
            for k, name in zip(kept, names, strict=True)
            if norms[row_of[t], k] > 0
        ],
        states=[
            {"step": k + 1, "unit": unit + 1, "value": _short(value)}
            for k in kept
            for unit, value in enumerate(states[k])
        ],
        gates=[
            {"step": k + 1, "gate": name, "value": _short(np.mean(values[k, sequence]))}
            for name, values in gates.items()
            for k in kept
        ],
        outputs=[row for k in kept for row in _said(trace, k, sequence)],
        shares=[{"step": k + 1, "share": _short(shares[k])} for k in kept],
        kept=kept,
        of=steps,
    )


def _said(trace: Trace, step: int, sequence: int) -> list[Row]:
    """The most probable candidates at a step, or the values of a linear output."""
    if trace.y is None or step - trace.steps + len(trace.y) < 0:
        return []
    y = trace.y[step - trace.steps + len(trace.y), sequence]
    labels = trace.metadata.output_labels
    best = np.argsort(-y, kind="stable")[:_MOST_CANDIDATES]
    return [
        {
            "step": step + 1,
            "name": labels[index] if labels else str(index + 1),
            "value": _short(y[index]),
            "rank": rank,
        }
        for rank, index in enumerate(best)
    ]


def _short(value: Any) -> float:
    """A number for the page, to five significant digits."""
    return float(f"{float(value):.{_DIGITS}g}")

"""Checks of the tables of gradients by loss, a block of rows at a time."""

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from rnnviz.verification.recomputed import Recomputed
from rnnviz.verification.report import REFERENCE, Check, exact
from rnnviz.verification.rounding import Rounding
from rnnviz.verification.tolerance import NEAR, TOLERANCE, error_of, row_errors

_BLOCK: Final = 1 << 22
_ROWS: Final = 16
_BLOCKS: Final = 8


def count_blocks(known: Recomputed) -> int:
    """Return the number of blocks in which the tables are checked."""
    return -(-len(known.immediate.times) // _rows_at_once(known))


def check_tables(
    known: Recomputed, rounding: Rounding, report: Callable[[str], None]
) -> Iterator[Check]:
    """Yield the checks of the tables; call ``report`` with the last loss of each block."""
    trace, immediate = known.trace, known.immediate
    count, block = len(immediate.times), _rows_at_once(known)
    h_error = x_error = 0.0
    for first in range(0, count, block):
        rows = np.arange(first, min(first + block, count))
        on_h, on_x = _errors(known, rounding, rows)
        h_error, x_error = max(h_error, on_h), max(x_error, on_x)
        report(f"loss {immediate.times[rows[-1]] + 1}")
    tolerance = TOLERANCE[known.kept]
    by_loss = ("grad_direct_by_loss", "grad_direct_c_by_loss")
    given = [name for name in by_loss if getattr(trace, name) is not None]
    yield Check(", ".join([*given, "grad_h_by_loss"]), REFERENCE, h_error, tolerance)
    yield Check("grad_x_by_loss", REFERENCE, x_error, tolerance)
    if immediate.h_by_loss is not None and count == trace.steps:
        total = immediate.h_by_loss.sum(axis=0, dtype=np.float64)
        size = np.abs(immediate.h_by_loss).max(axis=(0, -1))[..., None]
        error = error_of(immediate.h, total, None, 0.0, size)
        own = known.tolerance_of("grad_direct")
        yield Check("grad_direct, grad_direct_by_loss", "each other", error, own)
    yield exact("loss_times", "rows of the tables", _times_fit(known, tolerance))


def _rows_at_once(known: Recomputed) -> int:
    """How many rows are compared together: not all, since the earlier ones reach fewer steps."""
    trace = known.trace
    assert trace.loss_times is not None
    assert trace.grad_h_by_loss is not None
    assert trace.grad_x_by_loss is not None
    most = _BLOCK // max(trace.grad_h_by_loss[0].size, trace.grad_x_by_loss[0].size)
    return max(1, min(most, max(_ROWS, len(trace.loss_times) // _BLOCKS)))


def _errors(known: Recomputed, rounding: Rounding, rows: np.ndarray) -> tuple[float, float]:
    """The largest errors of both tables in some rows."""
    tolerance, largest = TOLERANCE[known.kept], []
    for name, got, expected, possible in known.tables(rows):
        errors = row_errors(got, expected, possible[..., None])
        off = np.flatnonzero((errors > NEAR * tolerance) & (errors < np.inf))
        if len(off):
            few = got[off], expected[off], possible[off][..., None]
            for allowed in rounding.allowed_rows(name, rows[off], expected[off]):
                most = allowed.max(axis=-1, keepdims=True) / tolerance
                errors[off] = row_errors(*few, 0.0, most)
                if (errors[off] <= NEAR * tolerance).all():
                    break
        largest.append(float(errors.max()))
    return largest[0], largest[1]


def _times_fit(known: Recomputed, tolerance: float) -> bool:
    """Whether ``loss_times`` ascend, and each row of the tables ends at the step of its loss.

    In the top layer's forward direction a loss reaches nothing after its own step, where its
    gradient is its immediate gradient.
    """
    table, immediate = known.trace.grad_h_by_loss, known.immediate
    if (np.diff(immediate.times) <= 0).any():
        return False
    if immediate.whole or immediate.h_by_loss is not None:
        return True
    assert table is not None
    own = immediate.h[-1, 0]
    for time, row in zip(immediate.times, table[:, -1, 0], strict=True):
        if own[time].any() and not row[time].any():
            return False
        after = np.flatnonzero(row.any(axis=(-1, -2)))
        last = int(after[-1]) if len(after) else time
        if last > time and error_of(row[last], own[last].astype(np.float64), None) <= tolerance:
            return False
    return True

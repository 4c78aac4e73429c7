"""What is said of a row of numbers: a line on a logarithmic axis, and how soon it holds a part."""

import numpy as np

from rnnviz.errors import TraceError


def log_line(values: np.ndarray) -> tuple[float, float]:
    """The least-squares line through the logarithms of positive values, by their places 0, 1, ….

    Shapes: values (points,) → the factor from each value to the next, and the line's logarithm
            at place 0
    Units:  none
    Raises: TraceError if fewer than two values are positive
    """
    kept = _positive(values)
    slope, offset = np.polyfit(kept, np.log(values[kept]), 1)
    return float(np.exp(slope)), float(offset)


def r_squared(values: np.ndarray) -> float:
    """R² of ``log_line``: 1 if positive values lie on a straight line on a logarithmic axis.

    Shapes: values (points,)
    Units:  none
    Raises: TraceError if fewer than two values are positive
    """
    kept = _positive(values)
    factor, offset = log_line(values)
    logs = np.log(values[kept])
    spread = float(((logs - logs.mean()) ** 2).sum())
    rest = float(((logs - offset - np.log(factor) * kept) ** 2).sum())
    return 1.0 - rest / spread if spread > 0 else 1.0


def lags_holding(shares: np.ndarray, part: float) -> int:
    """How many lags, from 0, it takes to hold at least a part of the whole.

    Shapes: shares (lag,), summing to 1
    """
    return min(int(np.searchsorted(np.cumsum(shares), part)) + 1, len(shares))


def _positive(values: np.ndarray) -> np.ndarray:
    kept = np.flatnonzero(values > 0)
    if len(kept) < 2:
        raise TraceError(
            "fewer than two of the gradients are greater than zero; they have no rate, so record "
            "a longer sequence, or a network that is not saturated"
        )
    return kept

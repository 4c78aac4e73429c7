"""Lines through numbers on a logarithmic axis, and cumulative shares."""

import numpy as np

from rnnviz.errors import TraceError


def log_line(values: np.ndarray) -> tuple[float, float]:
    """Fit the least-squares line to the logarithms of positive values at places 0, 1, ….

    Shapes: values (points,) → the factor from each value to the next, and the line's logarithm
            at place 0
    Units:  none
    Raises: TraceError if fewer than two values are positive
    """
    kept = _positive(values)
    slope, offset = np.polyfit(kept, np.log(values[kept]), 1)
    return float(np.exp(slope)), float(offset)


def r_squared(values: np.ndarray) -> float:
    """Return R² of ``log_line``: 1 if the positive values are exactly geometric.

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
    """Return how many lags, from 0, hold at least a part of the whole.

    Shapes: shares (lag,), summing to 1
    """
    return min(int(np.searchsorted(np.cumsum(shares), part)) + 1, len(shares))


def _positive(values: np.ndarray) -> np.ndarray:
    kept = np.flatnonzero(values > 0)
    if len(kept) < 2:
        raise TraceError(
            "a line needs two gradients or more above zero; record a longer sequence, or a network "
            "that is not saturated"
        )
    return kept

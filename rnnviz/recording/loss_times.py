"""Which losses get a row in the tables by loss."""

from collections.abc import Sequence

import numpy as np

from rnnviz.errors import RecordingError

Losses = str | int | Sequence[int]
"""'all', 'last', every n-th counted back from the last, or a list of steps."""


def loss_times(chosen: Losses, whole: bool, steps: int) -> np.ndarray:
    """Return the chosen steps, from 0, in ascending order.

    Negative steps count from the end. A loss of the whole sequence is at the last step.

    Raises: RecordingError for a choice that names no step
    """
    if isinstance(chosen, str) and chosen in ("all", "last"):
        return np.arange(steps) if chosen == "all" and not whole else np.array([steps - 1])
    listed = np.asarray(chosen)
    if isinstance(chosen, bool) or listed.dtype.kind not in "iu" or listed.ndim > 1:
        raise RecordingError(
            "losses must be 'all', 'last', a number n for every n-th, or a list of steps, got "
            f"{chosen!r}"
        )
    if listed.ndim == 0 and listed < 1:
        raise RecordingError(f"losses must be a positive integer, got {listed}")
    if whole:
        return np.array([steps - 1])
    if listed.ndim == 0:
        return np.arange(steps - 1, -1, -int(listed))[::-1].copy()
    times = np.where(listed < 0, listed + steps, listed)
    if not ((times >= 0) & (times < steps)).all():
        raise RecordingError(
            f"losses must be at steps 0 to {steps - 1}, counted from 0, got {listed.tolist()}"
        )
    return np.unique(times)

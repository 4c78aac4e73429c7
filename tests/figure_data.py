"""What the tests of figures share."""

from types import SimpleNamespace

import numpy as np


def study_of_shares(tables):
    """A study whose networks have these shares of right answers: cell → (gap, seed)."""
    gaps = range(1, len(next(iter(tables.values()))) + 1)
    return SimpleNamespace(
        settings=SimpleNamespace(gaps=gaps),
        axis="words in between",
        shares=True,
        cells=tuple(tables),
        chance=0.5,
        accuracies=lambda cell: np.asarray(tables[cell]),
    )

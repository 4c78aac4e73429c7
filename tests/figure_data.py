"""Data for tests of figures."""

from types import SimpleNamespace

import numpy as np


def study_of_shares(tables):
    """Return a study with the given shares of correct answers: cell → (gap, seed)."""
    gaps = range(1, len(next(iter(tables.values()))) + 1)
    return SimpleNamespace(
        settings=SimpleNamespace(gaps=gaps),
        axis="words in between",
        shares=True,
        cells=tuple(tables),
        chance=0.5,
        accuracies=lambda cell: np.asarray(tables[cell]),
    )

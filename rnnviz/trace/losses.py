"""Losses that rnnviz knows by name, by the kind of their targets."""

from typing import Final

import numpy as np

NO_TARGET: Final = -100
"""The class of a step without a target, as PyTorch's ``ignore_index``."""
CLASSES: Final = ("cross-entropy", "squared-on-softmax")
VALUES: Final = ("squared",)


def has_target(loss: str, targets: np.ndarray) -> np.ndarray:
    """Return which steps have a target, for a loss known by name: (time, batch) of bool."""
    there = targets != NO_TARGET if loss in CLASSES else ~np.isnan(targets).all(axis=-1)
    return np.asarray(there)

"""Losses that rnnviz knows by name, by the kind of their targets."""

from typing import Final

NO_TARGET: Final = -100
"""The class of a step without a target, as PyTorch's ``ignore_index``."""
CLASSES: Final = ("cross-entropy", "squared-on-softmax")
VALUES: Final = ("squared",)

"""Relative errors, and how large an error each precision may have."""

from typing import Final

import numpy as np

from rnnviz.trace.precision import vanished

EPS: Final = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
TOLERANCE: Final = {
    "float64": 1e-10,
    "float32": 1e-4,
    # a gate, a sum over units or a head takes at most sixteen roundings
    "float16": 16 * EPS["float16"],
    "bfloat16": 16 * EPS["bfloat16"],
}
NEAR: Final = 0.1
"""Errors above this share of the tolerance are measured again, with the effect of roundings."""
VANISHED: Final = 0.05
"""The share of its tolerance that a vanished gradient takes up."""
LEAST: Final = {
    "float64": vanished("float64") / (VANISHED * TOLERANCE["float64"]),
    "float32": vanished("float32") / (VANISHED * TOLERANCE["float32"]),
    "float16": 2.0**-14,
    "bfloat16": vanished("float32") / (VANISHED * TOLERANCE["bfloat16"]),
}
"""The least size that an error is relative to: a recording may leave out what has vanished, and in
half precision, where gradients are autograd's, what is below the smallest normal number.
"""


def error_of(
    got: np.ndarray,
    expected: np.ndarray,
    possible: np.ndarray | None,
    least: float = 0.0,
    allowed: np.ndarray | None = None,
) -> float:
    """Return the largest of ``row_errors``, of arrays without an axis of rows."""
    return float(row_errors(got[None], expected[None], possible, least, allowed).max())


def row_errors(
    got: np.ndarray,
    expected: np.ndarray,
    possible: np.ndarray | None,
    least: float = 0.0,
    allowed: np.ndarray | None = None,
) -> np.ndarray:
    """Return the largest error of each row, relative to the vector (the last axis) it is in.

    The size of a vector is that of its largest entry, at least ``least``, plus ``allowed``.
    Anything but zero where nothing is ``possible`` is an infinite error.

    Shapes: got and expected (row, …) → (row,)
    """
    size = np.maximum(np.abs(expected).max(axis=-1, keepdims=True), least)
    size = size if allowed is None else size + allowed
    relative = np.abs(np.subtract(got, expected, dtype=np.float64))
    relative /= np.maximum(size, LEAST[str(got.dtype)])
    if possible is not None:
        relative[~possible & (got != 0)] = np.inf
    return np.asarray(relative.reshape(len(got), -1).max(axis=1))

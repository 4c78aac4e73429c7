"""Arrays of a trace: their digest, and how they are made read-only."""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from rnnviz.errors import TraceError


def hash_arrays(arrays: Mapping[str, np.ndarray]) -> str:
    """Return a SHA-256 of the names, shapes, dtypes and bytes of arrays, in order of names."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def frozen(name: str, value: Any) -> np.ndarray:
    """Return a read-only array: the given one if it cannot be written to, otherwise a copy."""
    array = np.asarray(value)
    if array.dtype.kind not in "fiu":
        raise TraceError(f"field {name!r} must hold numbers, got dtype {array.dtype}")
    if array.flags.writeable or not array.flags.c_contiguous or _has_writeable_base(array):
        array = np.array(array, order="C", copy=True)
        array.flags.writeable = False
    return array


def _has_writeable_base(array: np.ndarray) -> bool:
    base = array.base
    while isinstance(base, np.ndarray):
        if base.flags.writeable:
            return True
        base = base.base
    return False

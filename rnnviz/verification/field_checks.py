"""Checks of the fields without an axis of losses, against the reference."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from rnnviz.verification.recomputed import Recomputed, reached
from rnnviz.verification.report import REFERENCE, Check, unchecked
from rnnviz.verification.rounding import Rounding
from rnnviz.verification.tolerance import LEAST, NEAR, error_of

_BY_GATE: Final = ("preact", "gates")
_SHARED: Final = "other parts of the model share it"
_NO_HEAD: Final = "what follows the recurrent layer is not one Linear of its states"
_NO_LOSS: Final = "the loss is not one that is known here"


def check_fields(known: Recomputed, rounding: Rounding) -> Iterator[Check]:
    """Yield the checks of states, outputs and losses, and of the gradients of the summed loss."""
    trace = known.trace
    wanted = ["preact", "gates", "h", "c", "output", "y", "loss"]
    if trace.has_gradients:
        wanted += ["grad_direct", "grad_direct_c", "grad_h"]
        wanted += [f"gradients/{name}" for name in trace.gradients or {}]
    arrays = trace.arrays()
    for name in wanted:
        if name not in arrays:
            continue
        expected = known.fields.get(name)
        if expected is None:
            yield unchecked(name, _reason(known, name))
            continue
        got, tolerance = arrays[name], known.tolerance_of(name)
        if got.shape != expected.shape:
            yield Check(name, REFERENCE, np.inf, tolerance)
            continue
        error = _error(known, name, got, expected, None)
        if NEAR * tolerance < error < np.inf:
            error = _error(known, name, got, expected, rounding.allowed(name))
        yield Check(_judged(known, name), REFERENCE, error, tolerance)


def _reason(known: Recomputed, name: str) -> str:
    """Why the reference does not have a field."""
    metadata, network = known.trace.metadata, known.network
    if name == "loss" or (name == "grad_direct" and network.head is not None):
        return _NO_LOSS
    if not name.startswith("gradients/"):
        return _NO_HEAD
    if metadata.shares(name.removeprefix("gradients/")):
        return _SHARED
    linear = name.startswith(f"gradients/{metadata.output_layer}.")
    return _NO_LOSS if linear and not network.knows_loss else "not a part of the network"


def _judged(known: Recomputed, name: str) -> str:
    """A field, with the immediate gradients that it is computed from if they cannot be checked."""
    if name != "grad_h" or known.complete:
        return name
    with_c = known.trace.grad_direct_c is not None
    return ", ".join(["grad_direct", *(["grad_direct_c"] if with_c else []), "grad_h"])


def _error(
    known: Recomputed,
    name: str,
    got: np.ndarray,
    expected: np.ndarray,
    allowed: np.ndarray | None,
) -> float:
    least = {"loss": 1e-2}.get(name, LEAST[known.dtype_of(name)] if "grad" in name else 1e-3)
    possible = _possible(known, name)
    if possible is not None:
        possible = possible[..., None, None] if name in _BY_GATE else possible[..., None]
    if name == "loss":
        got, expected = got[..., None], expected[..., None]
        allowed = None if allowed is None else allowed[..., None]
    if allowed is not None:
        allowed = allowed.max(axis=-1, keepdims=True) / known.tolerance_of(name)
    return error_of(got, expected, possible, least, allowed)


def _possible(known: Recomputed, name: str) -> np.ndarray | None:
    """Where a field may be other than zero, over its axes up to that of sequences."""
    trace, network, exists = known.trace, known.network, known.network.exists
    if name.startswith("gradients/"):
        return None
    if name in ("output", "y") and trace.output is not None:
        return None if len(trace.output) != len(exists) else exists
    if name == "loss":
        if len(network.has_loss) == len(exists):
            return network.has_loss
        last = np.zeros_like(exists)
        last[-1] = network.has_loss[0]
        return last
    if name == "grad_direct" and known.complete:
        where = np.zeros(trace.h.shape[:4], bool)
        where[-1] = network.read_by_head()
        return where & network.has_loss
    if name == "grad_direct_c" and known.complete:
        return np.zeros_like(exists)
    if name == "grad_h":
        return reached(network, *known.immediate.summed())[0][0]
    return exists

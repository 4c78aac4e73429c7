"""Checks of what went into a network: its parameters and its data."""

from collections.abc import Iterator

import numpy as np

from rnnviz.trace import Trace, hash_arrays
from rnnviz.verification.recomputed import PARAMETERS, Recomputed
from rnnviz.verification.report import HASH, Check, exact


def check_inputs(known: Recomputed) -> Iterator[Check]:
    """Yield the checks of parameters and data: their hashes, padding, and factors of dropout."""
    trace = known.trace
    yield exact(
        "parameters",
        HASH,
        hash_arrays(trace.parameters) == trace.metadata.parameters_hash,
    )
    given = hash_arrays(trace.given)
    yield exact(", ".join(trace.given), HASH, given == trace.metadata.inputs_hash)
    if known.ran != known.kept:
        yield exact(
            "parameters", known.ran, all(_fits(v, known.ran) for v in _layer_weights(trace))
        )
    if trace.lengths is not None:
        yield exact("x", "its lengths", not trace.x[~known.network.exists].any())
    if trace.dropout is not None:
        factors = np.unique(trace.dropout[trace.dropout != 0])
        right = len(factors) == 0 or (len(factors) == 1 and factors[0] >= 1)
        yield exact("dropout", "0 or 1/(1 − p)", right)


def _layer_weights(trace: Trace) -> Iterator[np.ndarray]:
    """The recurrent layer's weights; other parts of a model may be of another precision."""
    for layer in range(trace.layers):
        for direction in range(trace.directions):
            for kind in PARAMETERS:
                weight = trace.weight(kind, layer, direction)
                if weight is not None:
                    yield weight


def _fits(values: np.ndarray, dtype: str) -> bool:
    """Whether float32 numbers can be represented exactly in a narrower dtype."""
    if dtype == "float16":
        with np.errstate(over="ignore"):
            return bool((values.astype(np.float16) == values).all())
    return not (values.view(np.uint32) & 0xFFFF).any()

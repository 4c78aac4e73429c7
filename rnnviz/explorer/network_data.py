"""What the engine of the page needs of a trace, as JSON: network, sequences and recording.

Arrays are base64 of little-endian floats with their shape, in the precision of the trace.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from rnnviz.cells import SUFFIXES
from rnnviz.errors import TraceError
from rnnviz.trace import CLASSES, NO_TARGET, VALUES, Trace
from rnnviz.verification.reference import Reference, reference_of
from rnnviz.verification.reference.network import LAST_STEP, LOSSES

MOST_NUMBERS: Final = 100_000
"""How many numbers of gradients by loss a page carries."""
TOLERANCES: Final = {"float64": 1e-9, "float32": 1e-4}
"""The largest relative difference to expect of a network that runs freely, by its dtype."""
HALF_TOLERANCE: Final = 0.1

_KINDS: Final = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")

Json = dict[str, Any]


def network_data(
    trace: Trace, *, sequences: Iterable[int] | None = None, most: int = MOST_NUMBERS
) -> Json:
    """Return the content from which the engine's ``decode`` makes a network and a recording.

    ``sequences`` are those that it holds, by default all. Gradients by loss are those of all
    losses, or of as many, evenly spaced and the last among them, as have ``most`` numbers. ``live``
    is whether the states can be recomputed; ``why`` names what cannot.

    Raises: TraceError if there is no such sequence
    Example: >>> network_data(trace)["live"]
    """
    chosen = list(range(trace.batch)) if sequences is None else list(sequences)
    for index in chosen:
        if not 0 <= index < trace.batch:
            raise TraceError(
                f"there is no sequence {index}; the trace has {trace.batch}, counted from 0"
            )
    network, why = _known(trace)
    complete = sorted(chosen) == list(range(trace.batch))
    parts = [_Sequence(trace, index) for index in chosen]
    return {
        "network": None if network is None else _network(trace, network),
        "sequences": [part.given() for part in parts],
        "recorded": {
            "dtype": trace.metadata.dtype,
            "tolerance": TOLERANCES.get(trace.metadata.dtype, HALF_TOLERANCE),
            "sequences": [part.recorded(most // max(1, len(chosen))) for part in parts],
            "parameterGradients": _parameter_gradients(trace, network) if complete else None,
        },
        "live": network is not None,
        "why": why,
    }


def packed(array: np.ndarray) -> Json:
    """Return an array as the engine unpacks it: float32 stays so, all else becomes float64.

    Example: >>> packed(trace.W)["shape"]
    """
    kind = "float32" if array.dtype == np.float32 else "float64"
    content = np.ascontiguousarray(array, dtype=np.dtype(kind).newbyteorder("<"))
    data = base64.b64encode(content.tobytes()).decode()
    return {"shape": list(array.shape), "type": kind, "data": data}


def _known(trace: Trace) -> tuple[Reference | None, str]:
    """Return the network without what the engine does not know, and what that is."""
    if trace.is_custom:
        return None, "the cell is the model's own code"
    try:
        network = reference_of(trace)
    except TraceError:
        return None, "the engine does not know the equations of the cell"
    if network.head is None:
        return network, "the output is not one Linear of the states"
    if network.head.reads == LAST_STEP and trace.lengths is not None:
        return replace(
            network, head=None
        ), "the output reads a step that some sequences do not have"
    if network.loss not in LOSSES:
        return network, "the loss is the model's own"
    return network, ""


def _network(trace: Trace, network: Reference) -> Json:
    head, names = None, _names(trace)
    if network.head is not None:
        linear = network.head.linear
        head = {
            "weight": packed(linear.weight),
            "bias": packed(linear.bias) if "head.bias" in names else None,
            "reads": network.head.reads,
            "fixed": "head.weight" not in names,
        }
    return {
        "layers": [
            [
                {
                    "cell": trace.metadata.cell,
                    "nonlinearity": trace.metadata.nonlinearity,
                    "parameters": {
                        kind: None if held is None else packed(held)
                        for kind in _KINDS
                        for held in [trace.weight(kind, layer, direction)]
                    },
                }
                for direction in range(trace.directions)
            ]
            for layer in range(trace.layers)
        ],
        "head": head,
        "loss": network.loss if network.loss in LOSSES else None,
        "names": names,
    }


def _names(trace: Trace) -> dict[str, str]:
    """Return the trace's name of each parameter by the engine's."""
    found = {}
    for layer in range(trace.layers):
        for direction, suffix in zip(range(trace.directions), SUFFIXES, strict=False):
            for kind in _KINDS:
                if trace.weight(kind, layer, direction) is not None:
                    name = trace.parameter_name(kind, layer, direction)
                    found[f"{kind}_l{layer}{suffix}"] = name
    if trace.metadata.output_layer is not None:
        for kind in ("weight", "bias"):
            name = trace.metadata.output_parameter(kind)
            if name in trace.parameters:
                found[f"head.{kind}"] = name
    return found


def _parameter_gradients(trace: Trace, network: Reference | None) -> dict[str, Json] | None:
    """Return ∂L/∂θ by the engine's names, without parameters that are used elsewhere too."""
    if network is None or trace.gradients is None:
        return None
    return {
        ours: packed(trace.gradients[name])
        for ours, name in _names(trace).items()
        if not trace.metadata.shares(name)
    }


@dataclass(frozen=True)
class _Sequence:
    """One sequence of a trace, at the steps that it has."""

    trace: Trace
    index: int

    @property
    def length(self) -> int:
        return int(self.trace.mask[:, self.index].sum())

    def given(self) -> Json:
        """Return what the network is run on, and its labels."""
        trace, index = self.trace, self.index
        about = trace.metadata
        return {
            "x": packed(trace.x[: self.length, index]),
            "targets": self._targets(),
            "h0": self._starts(trace.h0),
            "c0": self._starts(trace.c0),
            "dropout": None
            if trace.dropout is None
            else [packed(gap[: self.length, index]) for gap in trace.dropout],
            "length": self.length,
            "labels": list(about.step_labels[index][: self.length]) if about.step_labels else None,
            "targetLabels": list(about.target_labels[index][: self.length])
            if about.target_labels
            else None,
        }

    def recorded(self, most: int) -> Json:
        """Return what was recorded, with at most about so many numbers of gradients by loss."""
        trace = self.trace
        by_sequence = trace.loss.shape[1] == trace.batch
        return {
            "h": self._states(trace.h),
            "c": self._states(trace.c),
            "gates": self._states(trace.gates),
            "output": self._outputs(trace.output),
            "y": self._outputs(trace.y),
            "loss": packed(self._losses()) if by_sequence else None,
            "gradients": self._gradients(most) if trace.has_gradients and by_sequence else None,
        }

    @property
    def _is_whole(self) -> bool:
        """Whether there is one output for the whole sequence."""
        return self.trace.output is not None and len(self.trace.output) < self.trace.steps

    def _targets(self) -> Any:
        """Return a class or None for each step, or the values of each step with NaN for none."""
        trace, loss = self.trace, self.trace.metadata.loss
        if loss not in (*CLASSES, *VALUES):
            return [None] * self.length
        given = trace.targets[:, self.index]
        missing = self.length - len(given) if self._is_whole else 0
        given = given[: self.length]
        if loss in CLASSES:
            classes = [None if target == NO_TARGET else int(target) for target in given]
            return [None] * missing + classes
        absent = np.full((missing, given.shape[-1]), np.nan, given.dtype)
        return packed(np.concatenate([absent, given]))

    def _starts(self, states: np.ndarray | None) -> list[Json] | None:
        if states is None:
            return None
        return [packed(layer[:, self.index]) for layer in states]

    def _states(self, states: np.ndarray | None) -> list[Json] | None:
        """(layer, direction, time, batch, …) → a list by layer of (direction, time, …)."""
        if states is None:
            return None
        return [packed(layer[:, : self.length, self.index]) for layer in states]

    def _outputs(self, outputs: np.ndarray | None) -> Json | None:
        return None if outputs is None else packed(outputs[: self.length, self.index])

    def _own_step(self, step: int) -> int:
        """Return the step of a loss among those of the sequence."""
        return self.length - 1 if self._is_whole else step

    def _losses(self) -> np.ndarray:
        trace, index = self.trace, self.index
        found = np.full(self.length, np.nan, trace.loss.dtype)
        for step in np.flatnonzero(trace.has_loss[:, index]):
            found[self._own_step(int(step))] = trace.loss[step, index]
        return found

    def _gradients(self, most: int) -> Json:
        trace, index = self.trace, self.index
        h, x, times = trace.grad_h_by_loss, trace.grad_x_by_loss, trace.loss_times
        assert h is not None
        assert x is not None
        assert times is not None
        rows = np.flatnonzero(trace.has_loss[times, index])
        size = h[0, :, :, : self.length, 0].size + x[0, : self.length, 0].size
        count = min(len(rows), max(1, most // size))
        rows = rows[np.linspace(len(rows) - 1, 0, count).round().astype(int)[::-1]]
        return {
            "times": [self._own_step(int(times[row])) for row in rows],
            "h": [
                [
                    packed(h[rows, layer, direction, : self.length, index])
                    for direction in range(trace.directions)
                ]
                for layer in range(trace.layers)
            ],
            "x": packed(x[rows, : self.length, index]),
        }

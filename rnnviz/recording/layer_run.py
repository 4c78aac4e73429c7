"""One run of a recurrent layer: all steps of all its calls, checked against the fused layer."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnviz.errors import RecordingError
from rnnviz.recording.agreement import check_agreement
from rnnviz.recording.call_format import ByLayer, CallFormat
from rnnviz.recording.call_recorder import CallRecorder
from rnnviz.recording.layers import Layer, WeightsByLayer
from rnnviz.recording.steps import Steps, steps_of


@dataclass(frozen=True)
class LayerRun:
    """All steps of a layer over one batch of sequences.

    Shapes: x (time, batch, input), h0 (layer, direction, batch, hidden), c0 alike or None, states
            of each layer and direction as they ran (time, batch, hidden), lengths (batch), mask
            (time, batch, 1), dropout (time, batch, feature) for each gap between layers
    """

    layer: Layer
    weights: WeightsByLayer
    call_format: CallFormat
    x: Tensor
    h0: Tensor
    c0: Tensor | None
    states: ByLayer
    steps: list[list[Steps]]
    lengths: Tensor | None
    mask: Tensor | None
    dropout: list[Tensor]

    @classmethod
    def of(cls, recorder: CallRecorder, lengths: Any, dtype: torch.dtype) -> "LayerRun":
        """Return the run that consists of the recorded calls, with all gates computed in a dtype.

        Raises: RecordingError if there was no call, lengths do not fit, or the states computed from
                the gates differ from those of the fused layer
        """
        layer, calls = recorder.layer, recorder.calls
        if not calls:
            raise RecordingError(
                f"the model's forward does not call its recurrent layer {layer.name!r}; let it "
                "call that through self, as a closure, a weak reference or a global stays with the "
                "original when the model is copied"
            )
        first = calls[0]
        x = torch.cat([call.x for call in calls]).detach().to(dtype)
        known = _lengths(first.call_format, lengths, *x.shape[:2])
        mask = None
        if known is not None:
            mask = (torch.arange(len(x))[:, None] < known).unsqueeze(-1).to(x.device)
            x = x * mask
        h0 = first.h0.detach().to(dtype)
        c0 = None if first.c0 is None else first.c0.detach().to(dtype)
        states = [
            [
                torch.cat([call.h[index][way] for call in calls]).detach()
                for way in range(layer.directions)
            ]
            for index in range(layer.layers)
        ]
        dropout = [each.to(dtype) for each in first.dropout]
        steps: list[list[Steps]] = []
        entering = x
        with torch.no_grad():
            for index, ways in enumerate(states):
                made = []
                for way, state in enumerate(ways):
                    h = state.to(dtype)
                    one, again = steps_of(
                        layer.cell,
                        way,
                        recorder.weights[index][way].detached(dtype),
                        mask,
                        entering,
                        h if mask is None else h * mask,
                        h0[index, way],
                        None if c0 is None else c0[index, way],
                    )
                    check_agreement(
                        "the replayed layer differs from the fused one",
                        again.to(state.dtype),
                        one.h.to(state.dtype),
                    )
                    made.append(one)
                steps.append(made)
                entering = torch.cat([one.h for one in made], dim=-1)
                if index < len(dropout):
                    entering = entering * dropout[index]
        return cls(
            layer,
            recorder.weights,
            first.call_format,
            x,
            h0,
            c0,
            states,
            steps,
            known,
            mask,
            dropout,
        )

    @property
    def time(self) -> int:
        """T, the number of steps."""
        return len(self.x)

    @property
    def batch(self) -> int:
        """B, the number of sequences."""
        return self.x.shape[1]

    @property
    def cell_states(self) -> ByLayer | None:
        """c of each layer and direction, if the cell has it."""
        if self.c0 is None:
            return None
        return [[one.c for one in ways if one.c is not None] for ways in self.steps]

    def stacked(self, name: str) -> Tensor:
        """A field of the steps of all layers and directions: (layer, direction, …)."""
        return torch.stack(
            [torch.stack([getattr(one, name) for one in ways]) for ways in self.steps]
        )


def _array(given: Any) -> np.ndarray:
    try:
        return np.asarray(given)
    except ValueError:  # rows of several lengths
        return np.array(None)


def _lengths(call_format: CallFormat, given: Any, steps: int, batch: int) -> Tensor | None:
    """Return the steps of each sequence, or None if all sequences have all steps."""
    packed = call_format.lengths
    if given is None:
        lengths = packed
    else:
        lengths = given_lengths(given, steps, batch)
        if packed is not None and not torch.equal(packed, lengths):
            raise RecordingError(
                f"lengths are {lengths.tolist()}, but the packed sequences have {packed.tolist()}"
            )
        if packed is None and call_format.layer.directions == 2 and bool((lengths < steps).any()):
            raise RecordingError(
                "a bidirectional layer reads the padding before the sequence; pack the batch with "
                "torch.nn.utils.rnn.pack_padded_sequence"
            )
    return None if lengths is None or bool((lengths == steps).all()) else lengths


def given_lengths(given: Any, steps: int, batch: int) -> Tensor:
    """Return the steps of each sequence, as the user gives them.

    Raises: RecordingError if they are not one for each sequence, or out of range
    """
    listed = _array(given)
    if listed.dtype.kind not in "iu":
        raise RecordingError(f"lengths must be a whole number for each sequence, got {given!r}")
    lengths = torch.as_tensor(listed.astype(np.int64))
    fits = lengths.shape == (batch,) and bool(((lengths >= 1) & (lengths <= steps)).all())
    if not fits:
        raise RecordingError(
            f"lengths are {lengths.tolist()}, but there are {batch} sequences of 1 to {steps} steps"
        )
    return lengths

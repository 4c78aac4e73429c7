"""One run of a recurrent layer: what its calls amount to, all steps of it, checked."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnviz.errors import RecordingError
from rnnviz.recording.call_recorder import CallRecorder, check_agreement
from rnnviz.recording.calls import ByLayer, Form
from rnnviz.recording.layers import Layer, WeightsByLayer
from rnnviz.recording.steps import Steps, steps_of


@dataclass(frozen=True)
class Run:
    """What a layer did over one batch of sequences.

    Shapes: x (time, batch, input), h0 (layer, direction, batch, hidden), c0 alike or None, states
            of each layer and direction as they ran (time, batch, hidden), lengths (batch), mask
            (time, batch, 1), dropout (time, batch, feature) for each gap between layers
    """

    layer: Layer
    weights: WeightsByLayer
    form: Form
    x: Tensor
    h0: Tensor
    c0: Tensor | None
    states: ByLayer
    steps: list[list[Steps]]
    lengths: Tensor | None
    mask: Tensor | None
    dropout: list[Tensor]

    @classmethod
    def of(cls, tap: CallRecorder, lengths: Any, dtype: torch.dtype) -> "Run":
        """The run that the noted calls of a layer make up, worked out in a dtype.

        Raises: RecordingError if there was no call, lengths do not fit, or the states that follow
                from the gates are not those of the fused layer
        """
        layer, calls = tap.layer, tap.calls
        if not calls:
            raise RecordingError(
                f"the model's forward does not call its recurrent layer {layer.name!r}; let it "
                "call that through self, as a closure, a weak reference or a global stays with the "
                "original when the model is copied"
            )
        first = calls[0]
        x = torch.cat([call.x for call in calls]).detach().to(dtype)
        known = _lengths(first.form, lengths, *x.shape[:2])
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
                        tap.weights[index][way].detached(dtype),
                        mask,
                        entering,
                        h if mask is None else h * mask,
                        h0[index, way],
                        None if c0 is None else c0[index, way],
                    )
                    check_agreement(
                        "the replayed layer", again.to(state.dtype), one.h.to(state.dtype)
                    )
                    made.append(one)
                steps.append(made)
                entering = torch.cat([one.h for one in made], dim=-1)
                if index < len(dropout):
                    entering = entering * dropout[index]
        return cls(layer, tap.weights, first.form, x, h0, c0, states, steps, known, mask, dropout)

    @property
    def time(self) -> int:
        """T, the number of steps."""
        return len(self.x)

    @property
    def batch(self) -> int:
        """B, the number of sequences."""
        return self.x.shape[1]

    def of_each(self, name: str) -> Tensor:
        """A field of the steps, of all layers and directions: (layer, direction, …)."""
        return torch.stack(
            [torch.stack([getattr(one, name) for one in ways]) for ways in self.steps]
        )


def _array(given: Any) -> np.ndarray:
    try:
        return np.asarray(given)
    except ValueError:  # rows of several lengths
        return np.array(None)


def _lengths(form: Form, given: Any, steps: int, batch: int) -> Tensor | None:
    """The steps of each sequence, or None if all have all."""
    packed = form.lengths
    if given is None:
        lengths = packed
    else:
        listed = _array(given)
        if listed.dtype.kind not in "iu":
            raise RecordingError(f"lengths are {given!r}; give a whole number for each sequence")
        lengths = torch.as_tensor(listed.astype(np.int64))
        fits = lengths.shape == (batch,) and bool(((lengths >= 1) & (lengths <= steps)).all())
        if not fits:
            raise RecordingError(
                f"lengths are {lengths.tolist()}, but there are {batch} sequences of 1 to "
                f"{steps} steps"
            )
        if packed is not None and not torch.equal(packed, lengths):
            raise RecordingError(
                f"lengths are {lengths.tolist()}, but the packed sequences have {packed.tolist()}"
            )
        if packed is None and form.layer.directions == 2 and bool((lengths < steps).any()):
            raise RecordingError(
                "a bidirectional layer reads the padding before the sequence; pack the batch with "
                "torch.nn.utils.rnn.pack_padded_sequence"
            )
    return None if lengths is None or bool((lengths == steps).all()) else lengths

"""The input and result of a recurrent layer, between PyTorch's formats and one common format.

The common format is time-major and padded, with a tensor for each stacked layer and direction.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from rnnviz.errors import RecordingError
from rnnviz.recording.layers import Layer, WeightsByLayer

ByLayer = list[list[Tensor]]
"""A tensor for each stacked layer (outer) and direction (inner)."""


@dataclass(frozen=True)
class CallFormat:
    """How a model calls its layer: packed, without a batch axis, batch first, or step by step."""

    layer: Layer
    packed: PackedSequence | None
    unbatched: bool

    @classmethod
    def of(cls, layer: Layer, given: Any) -> "CallFormat":
        """Return the format of an input, after checking that the layer accepts it.

        Raises: RecordingError if the input is of another type or size than the layer's
        """
        packed = given if isinstance(given, PackedSequence) else None
        x = packed.data if packed is not None else given
        name = f"the recurrent layer {layer.name!r}" if layer.name else "the recurrent layer"
        if not isinstance(x, Tensor):
            raise RecordingError(f"{name} got {type(given).__name__}; it takes a tensor")
        takes = layer.example(layer.module).dtype
        if x.dtype != takes:
            remedy = "change its dtype" if x.is_floating_point() else "embed or convert it"
            raise RecordingError(f"{name} got an input of {x.dtype}, but takes {takes}; {remedy}")
        if not x.numel():
            raise RecordingError(f"{name} got an empty input of shape {tuple(x.shape)}")
        if x.dim() == 0 or x.shape[-1] != layer.input_size:
            raise RecordingError(
                f"{name} got an input of shape {tuple(x.shape)}; it takes {layer.input_size} "
                "numbers a step, in the last axis"
            )
        most = 2 if layer.stepwise or packed is not None else 3
        least = most - (packed is None)
        if not least <= x.dim() <= most:
            raise RecordingError(
                f"{name} got an input of shape {tuple(x.shape)}; it takes {most} axes"
            )
        return cls(layer, packed, x.dim() == least and packed is None)

    @cached_property
    def lengths(self) -> Tensor | None:
        """The steps of each sequence (batch) of a packed input."""
        if self.packed is None:
            return None
        return pad_packed_sequence(self.packed)[1]

    def steps(self, given: Any) -> Tensor:
        """Return an input or output as (time, batch, features)."""
        if isinstance(given, PackedSequence):
            return padded(given)
        x: Tensor = given.unsqueeze(0) if self.layer.stepwise else given
        if self.unbatched:
            return x.unsqueeze(1)
        return x.transpose(0, 1) if self.layer.batch_first else x

    def state(self, given: Any, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return the first state: h (layer, direction, batch, hidden), and c alike or None."""
        layer = self.layer
        with_c = layer.cell.has_cell_state
        sizes = (layer.hidden_size, layer.cell_size) if with_c else (layer.hidden_size,)
        shape = (layer.layers, layer.directions, x.shape[1])
        if given is None:
            held = [x.new_zeros(*shape, size) for size in sizes]
        else:
            parts = given if isinstance(given, tuple | list) else (given,)
            wanted = [math.prod(shape) * size for size in sizes]
            if [getattr(part, "numel", int)() for part in parts] != wanted:
                raise RecordingError(
                    f"the recurrent layer got a first state that is not its own; it takes "
                    f"{' and '.join(str((*shape, size)) for size in sizes)} numbers "
                    "(layer, direction, batch, ·)"
                )
            if not all(part.isfinite().all() for part in parts):
                raise RecordingError("the first state of the recurrent layer is not finite")
            held = [part.reshape(*shape, size) for part, size in zip(parts, sizes, strict=True)]
        return held[0], held[1] if with_c else None

    def result(self, h: ByLayer, c: ByLayer | None) -> Any:
        """Return the layer's result for states (time, batch, ·) of each layer and direction."""
        if self.layer.stepwise:
            ends = [part[0][0][-1].clone() for part in (h, c) if part is not None]
            ends = [end[0] for end in ends] if self.unbatched else ends
            return tuple(ends) if c is not None else ends[0]
        output = torch.cat(h[-1], dim=-1)
        ends = [self._last(part) for part in (h, c) if part is not None]
        ends = [end[:, 0] for end in ends] if self.unbatched else ends
        return self._formatted(output), tuple(ends) if c is not None else ends[0]

    def pack(self, x: Tensor) -> Any:
        """Pack a padded tensor if the model's input is packed."""
        if self.lengths is None:
            return x
        return pack_padded_sequence(x, self.lengths, enforce_sorted=False)

    def _formatted(self, output: Tensor) -> Any:
        if self.packed is not None:
            order, lengths = self.packed.sorted_indices, self.lengths
            assert lengths is not None
            if order is not None:
                output, lengths = output.index_select(1, order), lengths[order.cpu()]
            data = pack_padded_sequence(output, lengths).data
            return PackedSequence(
                data, self.packed.batch_sizes, order, self.packed.unsorted_indices
            )
        if self.unbatched:
            return output[:, 0]
        return output.transpose(0, 1) if self.layer.batch_first else output

    def _last(self, states: ByLayer) -> Tensor:
        """The last state of each layer and direction: (layer · direction, batch, ·)."""
        return torch.stack(
            [
                last_of(part, self.lengths, direction)
                for directions in states
                for direction, part in enumerate(directions)
            ]
        )


def last_of(states: Tensor, lengths: Tensor | None, direction: int) -> Tensor:
    """Return the state at the last step in a direction: (time, batch, ·) → (batch, ·)."""
    if direction == 1:
        return states[0]
    if lengths is None or len(states) == 1:
        return states[-1]
    batch = torch.arange(states.shape[1], device=states.device)
    return states[lengths.to(states.device) - 1, batch]


@dataclass(frozen=True)
class Call:
    """One call of a recurrent layer.

    Shapes: x (time, batch, input), h0 (layer, direction, batch, hidden), c0 alike, h and c of
            each layer and direction (time, batch, ·), c with a cell state only: of all steps of a
            step-by-step module, of the last step of a fused layer
    """

    call_format: CallFormat
    x: Tensor
    h0: Tensor
    c0: Tensor | None
    h: ByLayer
    c: ByLayer | None
    dropout: list[Tensor]

    @property
    def ends(self) -> tuple[Tensor, ...]:
        """The state from which a following call must start: h, and c with a cell state."""
        parts = [part for part in (self.h, self.c) if part is not None]
        return tuple(
            torch.stack([torch.stack([one[-1] for one in directions]) for directions in part])
            for part in parts
        )


def run_layer_by_layer(
    call_format: CallFormat,
    x: Tensor,
    h0: Tensor,
    c0: Tensor | None,
    dropout: Sequence[Tensor],
    weights: WeightsByLayer,
) -> tuple[ByLayer, ByLayer | None]:
    """Return all states of stacked layers, each layer run by a fused pass of its own.

    Shapes: x (time, batch, input), dropout (time, batch, feature) for each gap between layers
            → h of each layer and direction (time, batch, hidden), and the last c (1, batch, cell)
    """
    layer, h, c = call_format.layer, [], []
    entering = x
    for index in range(layer.layers):
        start = h0[index] if c0 is None else (h0[index], c0[index])
        output, end = layer.single_layer(index, weights[index])(call_format.pack(entering), start)
        steps = padded(output)
        h.append(list(steps.split(layer.hidden_size, dim=-1)))
        if c0 is not None:
            c.append([each[None] for each in end[1]])
        entering = steps * dropout[index] if index < len(dropout) else steps
    return h, c if c0 is not None else None


def padded(output: Any) -> Tensor:
    """Return a time-major output, padded if it was packed."""
    return pad_packed_sequence(output)[0] if isinstance(output, PackedSequence) else output

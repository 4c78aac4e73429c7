"""Running one of PyTorch's layers a step at a time, so that each of its states can be followed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from rnnviz.errors import RecordingError

Enter = Callable[[Any, Any], tuple[Any, Any]]
Leave = Callable[[Any], Any]


@contextmanager
def stepwise(part: Any, enter: Enter, leave: Leave, call: int | None) -> Iterator[None]:
    """Within a block, a layer makes its steps one by one, in all of its calls or in one.

    What enters and leaves each step goes through functions.

    Raises: RecordingError if the chosen call is not made
    """
    fused, count = part.forward, 0

    def forward(input: Any, hx: Any = None) -> Any:
        nonlocal count
        chosen, count = call is None or call == count, count + 1
        return _steps(part, fused, enter, leave, input, hx) if chosen else fused(input, hx)

    part.forward = forward
    try:
        yield
    finally:
        del part.forward
    if call is not None and not 0 <= call < count:
        raise RecordingError(
            f"there is no call {call} of the layer; the forward makes {count}, counted from 0"
        )


def _steps(
    part: Any, fused: Callable[..., Any], enter: Enter, leave: Leave, input: Any, hx: Any
) -> Any:
    if isinstance(input, PackedSequence) or part.bidirectional:
        raise RecordingError(
            "its calls hold packed sequences or go in two directions, which have no single order "
            "of steps; record a model that calls it once, or with padded batches in one direction"
        )
    unbatched = input.dim() == 2
    axis = 1 if part.batch_first and not unbatched else 0
    held = _start(part, input) if hx is None else hx
    if unbatched and hx is not None:
        held = _each(held, lambda one: one.unsqueeze(1))
    outputs = []
    for x in input.unbind(axis):
        args, _ = enter((x.unsqueeze(0) if unbatched else x, held), {})
        entered = args[0].unsqueeze(1 if part.batch_first else 0)
        _, held = leave(fused(entered, args[1]))
        last = (held[0] if isinstance(held, tuple) else held)[-1:]  # the output of a single step
        outputs.append(last.transpose(0, 1) if part.batch_first else last)
    made = torch.cat(outputs, dim=1 if part.batch_first else 0)
    if not unbatched:
        return made, held
    return made.squeeze(0 if part.batch_first else 1), _each(held, lambda one: one.squeeze(1))


def _start(part: nn.RNNBase, input: Tensor) -> Any:
    """The first state of a layer that is given none."""
    batch = 1 if input.dim() == 2 else input.shape[0 if part.batch_first else 1]
    hidden = part.proj_size or part.hidden_size
    h = input.new_zeros(part.num_layers, batch, hidden)
    if not isinstance(part, nn.LSTM):
        return h
    return h, input.new_zeros(part.num_layers, batch, part.hidden_size)


def _each(held: Any, change: Callable[[Tensor], Tensor]) -> Any:
    return tuple(map(change, held)) if isinstance(held, tuple) else change(held)

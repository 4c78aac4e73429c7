"""The copy of a model on which a recording works, and how it is called."""

import copy
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from rnnviz.errors import RecordingError

DTYPES: Final = {"float32": torch.float32, "float64": torch.float64}


def copied(model: nn.Module, training: bool, dtype: str | None) -> nn.Module:
    """A copy to work on; what the model keeps of earlier runs is copied without their graphs.

    Raises: RecordingError if it cannot be copied, a parameter is not finite, or there is no dtype
            of that name
    """
    if not isinstance(model, nn.Module):
        found = f"the class {model.__name__}" if isinstance(model, type) else type(model).__name__
        raise RecordingError(f"the model is {found}; give an instance of torch.nn.Module")
    if dtype is not None and dtype not in DTYPES:
        raise RecordingError(f"there is no dtype {dtype!r}; choose {' or '.join(DTYPES)}")
    kept = [
        value
        for part in model.modules()
        for value in vars(part).values()
        if isinstance(value, Tensor) and value.grad_fn is not None
    ]
    memo = {id(value): value.detach().clone() for value in kept}
    try:
        subject = copy.deepcopy(model, memo)
    except Exception as error:
        raise RecordingError(
            f"the model cannot be copied ({error}); a recording works on a copy"
        ) from error
    for name, parameter in subject.named_parameters():
        if parameter.is_meta or isinstance(parameter, nn.UninitializedParameter):
            raise RecordingError(
                f"parameter {name!r} has no values yet; run the model once, or load its weights"
            )
        if not torch.isfinite(parameter).all():
            raise RecordingError(
                f"parameter {name!r} has a value that is not finite; train again with a smaller "
                "learning rate"
            )
        if parameter.is_floating_point():
            parameter.requires_grad_(True)
    subject.train(training)
    return subject if dtype is None else subject.to(DTYPES[dtype])


@dataclass(frozen=True)
class Subject:
    """A model's copy with all that it is called with, and what to pick of what it returns."""

    model: nn.Module
    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any]
    pick: Callable[[Any], Any] | None
    device: torch.device

    @classmethod
    def of(
        cls,
        model: nn.Module,
        inputs: Any,
        state: Any,
        pick: Callable[[Any], Any] | None,
        dtype: torch.dtype,
        device: torch.device,
    ) -> "Subject":
        """The call that the user means; a forward that wants one argument more gets None for it.

        Raises: RecordingError if what picks the output cannot be called
        """
        if pick is not None and not callable(pick):
            raise RecordingError(
                f"output is {pick!r}; give a function of what the model returns, such as "
                "lambda result: result['logits']"
            )
        keywords: dict[str, Any] = {}
        arguments: tuple[Any, ...] = ()
        if isinstance(inputs, Mapping):
            keywords = {name: placed(value, dtype, device) for name, value in inputs.items()}
        else:
            several = isinstance(inputs, tuple) and not isinstance(inputs, PackedSequence)
            parts = inputs if several else (inputs,)
            arguments = tuple(placed(part, dtype, device) for part in parts)
        if state is not None:
            arguments = (*arguments, placed(state, dtype, device))
        signature = inspect.signature(model.forward)
        if not _binds(signature, arguments, keywords) and _binds(
            signature, (*arguments, None), keywords
        ):
            arguments = (*arguments, None)
        return cls(model, arguments, keywords, pick, device)

    def run(self, when_it_fails: str) -> Tensor:
        """The output of one forward, with the same random draws each time.

        Raises: RecordingError if it fails, or gives no tensor of numbers
        """
        with torch.random.fork_rng(devices=_cuda(self.device)):
            try:
                result = self.model(*self.arguments, **self.keywords)
            except RecordingError:
                raise
            except Exception as error:
                given = ", ".join(
                    str(tuple(part.shape))
                    for part in (*self.arguments, *self.keywords.values())
                    if isinstance(part, Tensor)
                )
                raise RecordingError(
                    f"{when_it_fails} on inputs of shape {given or 'unknown'}: {error}"
                ) from error
        if self.pick is not None:
            output = self._picked(result)
        else:
            plain = isinstance(result, Tensor | PackedSequence)
            output = result[0] if isinstance(result, tuple | list) and not plain else result
        if isinstance(output, PackedSequence):
            output = output.data
        if not isinstance(output, Tensor) or not output.is_floating_point():
            found = output.dtype if isinstance(output, Tensor) else type(output).__name__
            raise RecordingError(
                f"the model's output is {found}; it must be a tensor of numbers, alone or first in "
                "a tuple; pick it with output="
            )
        return output

    def _picked(self, result: Any) -> Any:
        assert self.pick is not None
        try:
            return self.pick(result)
        except Exception as error:
            raise RecordingError(
                f"output= failed on what the model returns, {type(result).__name__}: {error!r}"
            ) from error


@contextmanager
def random_state_kept(device: torch.device) -> Iterator[None]:
    """The caller's random state, as it was, whatever is drawn inside."""
    with torch.random.fork_rng(devices=_cuda(device)):
        yield


def placed(value: Any, dtype: torch.dtype, device: torch.device) -> Any:
    """Tensors and arrays, alone or in tuples, on a device; numbers with a point in a dtype."""
    if isinstance(value, PackedSequence):
        moved = value.to(device)  # type: ignore[arg-type]
        return moved.to(dtype) if value.data.is_floating_point() else moved
    if isinstance(value, np.ndarray):
        value = torch.from_numpy(np.array(value))
    if isinstance(value, Tensor):
        return value.detach().to(device, dtype if value.is_floating_point() else value.dtype)
    if isinstance(value, tuple):
        return tuple(placed(part, dtype, device) for part in value)
    return value


def _cuda(device: torch.device) -> list[torch.device]:
    return [device] if device.type == "cuda" else []


def _binds(signature: inspect.Signature, arguments: Any, keywords: Any) -> bool:
    try:
        signature.bind(*arguments, **keywords)
    except TypeError:
        return False
    return True

"""The copy of a model that a recording runs, and its arguments."""

import copy
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence
from torch.overrides import TorchFunctionMode

from rnnviz.errors import RecordingError
from rnnviz.recording.conditions import repeatable
from rnnviz.recording.failures import describe

DTYPES: Final = {"float32": torch.float32, "float64": torch.float64}


def copied(model: nn.Module, training: bool, dtype: str | None) -> nn.Module:
    """Return a copy of a model to record; tensors it keeps from earlier runs lose their graphs.

    Raises: RecordingError if it cannot be copied, a parameter is not finite, or the dtype is
            unknown
    """
    if not isinstance(model, nn.Module):
        found = f"the class {model.__name__}" if isinstance(model, type) else type(model).__name__
        raise RecordingError(f"the model must be an instance of torch.nn.Module, got {found}")
    if dtype is not None and (not isinstance(dtype, str) or dtype not in DTYPES):
        raise RecordingError(f"unknown dtype {dtype!r}; choose {' or '.join(DTYPES)}")
    duplicated = duplicate(model)
    for name, parameter in duplicated.named_parameters():
        if parameter.is_meta or isinstance(parameter, nn.UninitializedParameter):
            raise RecordingError(
                f"parameter {name!r} has no values yet; run the model once, or load its weights"
            )
        if parameter.is_complex():
            raise RecordingError(
                f"parameter {name!r} is {parameter.dtype}, which cannot be recorded; make "
                "torch.view_as_real of it the parameter, and apply torch.view_as_complex to that"
            )
        narrow = parameter.is_floating_point() and parameter.itemsize == 1
        if not torch.isfinite(parameter.float() if narrow else parameter).all():
            raise RecordingError(
                f"parameter {name!r} has a value that is not finite; train again with a smaller "
                "learning rate"
            )
        if parameter.is_floating_point():
            parameter.requires_grad_(True)
    duplicated.train(training)
    if dtype is not None:
        _convert(duplicated, DTYPES[dtype])
    return duplicated


def duplicate(model: nn.Module) -> nn.Module:
    """Return a deep copy in which tensors from earlier runs have no graph.

    Raises: RecordingError with the attribute that cannot be copied
    """
    try:
        with _Graphless(), torch.no_grad():  # TorchScript would keep a graph to its originals
            try:
                made = copy.deepcopy(model)
            except Exception:  # whatever it raises: locks, open files and the like are shared
                made = copy.deepcopy(model, {id(value): value for value in _uncopyable(model)})
    except Exception as error:
        raise RecordingError(
            f"the model cannot be copied: {_culprit(model)}{describe(error)}; a recording works on "
            "a copy, so remove what cannot be copied"
        ) from error
    for own, again in zip(model.parameters(), made.parameters(), strict=True):
        if again.requires_grad != own.requires_grad:
            again.requires_grad_(own.requires_grad)
    for part in made.modules():  # the compiled call is that of the original
        part._compiled_call_impl = None
    return made


class _Graphless(TorchFunctionMode):
    """Deep-copies tensors that have a graph, which torch refuses, without it."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func is Tensor.__deepcopy__ and args[0].grad_fn is not None:
            tensor, memo = args
            if id(tensor) not in memo:
                memo[id(tensor)] = tensor.detach().clone()
            return memo[id(tensor)]
        return func(*args, **(kwargs or {}))


def _uncopyable(model: nn.Module) -> Iterator[Any]:
    """The attributes of modules that cannot be copied by themselves, and hold no tensors."""
    for part in model.modules():
        for name, value in vars(part).items():
            if name in ("_modules", "_parameters", "_buffers") or isinstance(value, Tensor):
                continue
            try:
                copy.deepcopy(value)
            except TypeError as error:
                if "generator" not in str(error):  # it would go on from run to run
                    yield value
            except Exception:  # it has tensors with a graph, or a copy of its own that fails
                continue


def _culprit(model: nn.Module) -> str:
    """Return the attribute of a module that cannot be copied by itself, for a message."""
    for path, part in model.named_modules():
        for name, value in vars(part).items():
            if name in ("_modules", "_parameters", "_buffers"):
                continue
            try:
                with _Graphless():
                    copy.deepcopy(value)
            except Exception:  # whatever it raises, this attribute is the culprit
                where = f"{path}.{name}" if path else name
                return f"its attribute {where!r} holds {type(value).__name__}: "
    return ""


def _convert(model: nn.Module, dtype: torch.dtype) -> None:
    """Convert all floating-point tensors to a precision; complex ones stay complex."""

    def converted(tensor: Tensor) -> Tensor:
        if tensor.is_complex():
            return tensor.to(dtype.to_complex())
        return tensor.to(dtype) if tensor.is_floating_point() else tensor

    model._apply(converted)


@dataclass(frozen=True)
class ModelCall:
    """A copy of a model with its arguments, and a function that picks the output.

    ``converted`` is whether the copy is in another precision than the model, and ``rounds`` whether
    it may give an output that is narrower than itself, as with autocast.
    """

    model: nn.Module
    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any]
    pick: Callable[[Any], Any] | None
    device: torch.device
    dtype: torch.dtype
    converted: bool = False
    rounds: bool = False

    @classmethod
    def of(
        cls,
        model: nn.Module,
        inputs: Any,
        state: Any,
        pick: Callable[[Any], Any] | None,
        dtype: torch.dtype,
        device: torch.device,
    ) -> "ModelCall":
        """Return the call; a forward that takes one more argument gets None for it.

        Raises: RecordingError if ``pick`` is not callable
        """
        if pick is not None and not callable(pick):
            raise RecordingError(
                f"output must be a function of what the model returns, such as "
                f"lambda result: result['logits'], got {pick!r}"
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
        return cls(model, arguments, keywords, pick, device, dtype)

    def run(self, when_it_fails: str) -> Tensor:
        """Run the model and return its output, with the same random draws each time.

        Raises: RecordingError if it fails, or its output is not a floating-point tensor
        """
        with repeatable(self.device, self.dtype, self.converted):
            try:
                # copies, as a forward may change in place what it is given
                keywords = {name: fresh(value) for name, value in self.keywords.items()}
                result = self.model(*fresh(self.arguments), **keywords)
            except RecordingError:
                raise
            except Exception as error:
                given = ", ".join(
                    str(tuple(part.shape))
                    for part in (*self.arguments, *self.keywords.values())
                    if isinstance(part, Tensor)
                )
                raise RecordingError(
                    f"{when_it_fails} on inputs of shape {given or 'unknown'}: {describe(error)}"
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
                "the model's output must be a floating-point tensor, alone or first in a tuple, "
                f"got {found}; pick it with output="
            )
        if not self.rounds and torch.finfo(output.dtype).bits < torch.finfo(self.dtype).bits:
            narrow = str(output.dtype).removeprefix("torch.")
            raise RecordingError(
                f"the model's output is {narrow}, but its layer {self.dtype}: the forward rounds "
                "it; remove that conversion, or autocast"
                + (f", or record with dtype={narrow!r}" if narrow in DTYPES else "")
            )
        return output

    def _picked(self, result: Any) -> Any:
        assert self.pick is not None
        try:
            return self.pick(result)
        except Exception as error:
            raise RecordingError(
                f"output= failed on what the model returns, {type(result).__name__}: "
                f"{describe(error)}"
            ) from error


def placed(value: Any, dtype: torch.dtype, device: torch.device) -> Any:
    """Move tensors and arrays, alone or in tuples, to a device, and floats to a dtype."""
    if isinstance(value, PackedSequence):
        parts = (each if each is None else placed(each, each.dtype, each.device) for each in value)
        moved = PackedSequence(*parts).to(device)  # type: ignore[arg-type]
        return moved.to(dtype) if value.data.is_floating_point() else moved
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "biufc":
            raise RecordingError(f"an array has dtype {value.dtype}, not numbers; convert it")
        value = torch.from_numpy(np.array(value, dtype=value.dtype.newbyteorder("=")))
    if isinstance(value, Tensor):
        own = value.clone() if value.is_inference() else value  # a graph may not hold it
        return own.detach().to(device, dtype if own.is_floating_point() else own.dtype)
    if isinstance(value, tuple):
        return tuple(placed(part, dtype, device) for part in value)
    return value


def fresh(value: Any) -> Any:
    """Return the value with copies of its tensors, alone or in tuples."""
    if isinstance(value, PackedSequence):
        return value._replace(data=value.data.clone())
    if isinstance(value, Tensor):
        return value.clone()
    return tuple(fresh(part) for part in value) if type(value) is tuple else value


def _binds(signature: inspect.Signature, arguments: Any, keywords: Any) -> bool:
    try:
        signature.bind(*arguments, **keywords)
    except TypeError:
        return False
    return True

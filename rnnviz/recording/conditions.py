"""The global state under which a model or a loss gives the same result each time it runs."""

import random
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch.overrides import TorchFunctionMode
from torch.utils import checkpoint

from rnnviz.recording.failures import SteppedError


def check_precision(device: torch.device, dtype: torch.dtype) -> None:
    """Check that autocast does not round the numbers of a layer.

    Raises: SteppedError if it is on and changes computations in this dtype
    """
    if dtype != torch.float64 and torch.is_autocast_enabled(device.type):
        narrow = str(torch.get_autocast_dtype(device.type)).removeprefix("torch.")
        raise SteppedError(
            f"torch.autocast is on, which rounds the numbers of a layer to {narrow}; call "
            "record outside of it and take it out of the model's forward, or give "
            "dtype='float64', which autocast does not change"
        )


@contextmanager
def with_gradients() -> Iterator[None]:
    """Enable gradients, even if the caller is in ``no_grad`` or ``inference_mode``."""
    with torch.inference_mode(False), torch.enable_grad():
        yield


@contextmanager
def repeatable(device: torch.device, dtype: torch.dtype, converted: bool = False) -> Iterator[None]:
    """Repeat random draws, keep graphs, and make new tensors at least as wide as a dtype.

    In a ``converted`` copy, what the code makes as float32 is made in that dtype as well.
    """
    with ExitStack() as stack:
        for each in (draws_kept(device), _graphs_kept(), _made_as_wide_as(dtype), _not_compiled()):
            stack.enter_context(each)
        if converted and dtype == torch.float64:
            stack.enter_context(_Widened())
        yield


@contextmanager
def draws_kept(device: torch.device) -> Iterator[None]:
    """Restore the random states of torch, Python and NumPy after a block."""
    of_python, of_numpy = random.getstate(), np.random.get_state(legacy=False)
    cuda = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=cuda):
        try:
            yield
        finally:
            random.setstate(of_python)
            np.random.set_state(of_numpy)


@contextmanager
def _made_as_wide_as(dtype: torch.dtype) -> Iterator[None]:
    """Make tensors created without a dtype at least as wide as one, so that none rounds."""
    usual = torch.get_default_dtype()
    if torch.finfo(dtype).bits <= torch.finfo(usual).bits:
        yield
        return
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(usual)


@contextmanager
def _not_compiled() -> Iterator[None]:
    """Run compiled modules uncompiled, since a compiler would compile the stand-ins as well."""
    if "torch._dynamo" not in sys.modules:  # nothing is compiled
        yield
        return
    with torch.compiler.set_stance("force_eager"):
        yield


@contextmanager
def plain_graphs() -> Iterator[None]:
    """Run TorchScript operation by operation, since its own graphs join what a step makes."""
    run: Any = vars(torch.jit)["optimized_execution"]
    with run(False):
        yield


class _Widened(TorchFunctionMode):
    """Makes float64 of what code makes as float32."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        def wide(value: Any) -> Any:
            return torch.float64 if value is torch.float32 else value

        function = torch.Tensor.double if func is torch.Tensor.float else func
        named = {name: wide(value) for name, value in (kwargs or {}).items()}
        result = function(*map(wide, args), **named)
        made_of_arrays = (torch.from_numpy, torch.tensor, torch.as_tensor)
        if func in made_of_arrays and result.dtype == torch.float32:
            return result.double()
        return result


class _PlainCall:
    """Replaces the checkpointing autograd function by a plain call."""

    @staticmethod
    def apply(function: Callable[..., Any], preserve_rng_state: bool, *args: Any) -> Any:
        """Call the function and keep its graph."""
        return function(*args)


def _no_context(*args: Any, **kwargs: Any) -> Generator[None]:
    yield


@contextmanager
def _graphs_kept() -> Iterator[None]:
    """Make ``torch.utils.checkpoint`` keep graphs within a block.

    Checkpoints save memory and change no number. But a layer called again in backward looks like
    one that the model calls once more, and autograd.grad does not support reentrant checkpoints.
    """
    others = {
        "CheckpointFunction": _PlainCall,
        "_checkpoint_without_reentrant_generator": _no_context,
    }
    with ExitStack() as stack:
        for name, other in others.items():
            if hasattr(checkpoint, name):
                stack.enter_context(mock.patch.object(checkpoint, name, other))
        yield

"""The conditions under which a model or a loss, run more than once, does the same each time."""

import random
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch.utils import checkpoint

from rnnviz.errors import RecordingError


def check_precision(device: torch.device, dtype: torch.dtype) -> None:
    """Refuse autocast, under which a layer works with other numbers than its own.

    Raises: RecordingError if it is on and changes what runs in this dtype
    """
    if dtype != torch.float64 and torch.is_autocast_enabled(device.type):
        narrow = str(torch.get_autocast_dtype(device.type)).removeprefix("torch.")
        raise RecordingError(
            f"torch.autocast is on, in which a layer works with numbers rounded to {narrow}; call "
            "record outside of it and take it out of the model's forward, or give "
            "dtype='float64', which it leaves alone"
        )


@contextmanager
def with_gradients() -> Iterator[None]:
    """Gradients are kept, though the caller is in ``no_grad`` or ``inference_mode``."""
    with torch.inference_mode(False), torch.enable_grad():
        yield


@contextmanager
def repeatable(device: torch.device, dtype: torch.dtype) -> Iterator[None]:
    """Draws that come again, no graph that is dropped, and no tensor narrower than a dtype."""
    with draws_kept(device), _graphs_kept(), _made_as_wide_as(dtype), _not_compiled():
        yield


@contextmanager
def draws_kept(device: torch.device) -> Iterator[None]:
    """The random states of torch, Python and NumPy, as they were, whatever is drawn inside."""
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
    """Tensors that are made without a dtype are at least as wide as one, so that none rounds."""
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
    """What is compiled runs as it was written; a compiler would compile what stands in as well."""
    if "torch._dynamo" not in sys.modules:  # nothing is
        yield
        return
    with torch.compiler.set_stance("force_eager"):
        yield


class _Kept:
    """In the place of the autograd function that keeps nothing: what it would have called."""

    @staticmethod
    def apply(function: Callable[..., Any], preserve_rng_state: bool, *args: Any) -> Any:
        """The function's result, with its graph."""
        return function(*args)


def _nothing_around(*args: Any, **kwargs: Any) -> Generator[None]:
    yield


@contextmanager
def _graphs_kept() -> Iterator[None]:
    """For the time of a run, ``torch.utils.checkpoint`` keeps the graph of what it is given.

    Checkpoints save memory and change no number. A layer that is called again in backward could
    not be told from one that the model calls once more, and autograd.grad does not go through the
    reentrant kind.
    """
    others = {
        "CheckpointFunction": _Kept,
        "_checkpoint_without_reentrant_generator": _nothing_around,
    }
    with ExitStack() as stack:
        for name, other in others.items():
            if hasattr(checkpoint, name):
                stack.enter_context(mock.patch.object(checkpoint, name, other))
        yield

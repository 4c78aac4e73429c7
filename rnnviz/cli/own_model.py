"""Import, create and record a model of the user."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from functools import reduce
from importlib import import_module, invalidate_caches
from pathlib import Path
from typing import Any

from torch import nn

from rnnviz.errors import RecordingError
from rnnviz.recording import record
from rnnviz.recording.failures import told as describe
from rnnviz.recording.weight_files import load_inputs, load_weights
from rnnviz.text.decoding import file_name
from rnnviz.trace import Trace
from rnnviz.trace.labels import LABELS


def record_model(
    name: str,
    inputs_file: str,
    *,
    weights_file: str | None = None,
    weights_key: str | None = None,
    **settings: Any,
) -> Trace:
    """Record the model that MODULE:CALLABLE returns, on the arrays of a file.

    This runs the user's code: it imports the module, which may be in the current folder, and calls
    the callable. What that code prints goes to stderr. ``settings`` are those of
    ``rnnviz.record``.

    Raises: RecordingError if any step fails
    """
    data = load_inputs(inputs_file)
    state: Any = data.get("state")
    if "cell_state" in data:
        state = (state, data["cell_state"])
    with redirect_stdout(sys.stderr), _importing_from_current_folder():
        try:
            model = _create_model(name)
            if weights_file is not None:
                load_weights(model, weights_file, weights_key)
            return record(
                model,
                data["inputs"],
                data["targets"],
                lengths=data.get("lengths"),
                state=state,
                about={
                    "source": f"{name} on {file_name(inputs_file)}",
                    **{label: data[label] for label in LABELS if label in data},
                },
                **settings,
            )
        except SystemExit as error:
            raise RecordingError(
                f"{name} exits the program ({describe(error)}); remove the exit from its code"
            ) from error


def _create_model(name: str) -> nn.Module:
    path, _, attribute = name.partition(":")
    try:
        invalidate_caches()
        module = import_module(path)
    except Exception as error:
        raise RecordingError(f"cannot import module {path!r} ({describe(error)})") from error
    try:
        make: Any = reduce(getattr, attribute.split("."), module)
    except AttributeError as error:
        raise RecordingError(
            f"module {path!r} has no {attribute!r}; name a callable that returns the model"
        ) from error
    if not callable(make):
        raise RecordingError(
            f"{name} has type {type(make).__name__} and is not callable; name a callable that "
            "returns the model"
        )
    try:
        model = make()
    except Exception as error:
        raise RecordingError(
            f"{name}() failed ({describe(error)}); name a callable that needs no arguments"
        ) from error
    if not isinstance(model, nn.Module):
        raise RecordingError(
            f"{name}() returned type {type(model).__name__}, not an nn.Module; name a callable "
            "that returns the model"
        )
    return model


@contextmanager
def _importing_from_current_folder() -> Iterator[None]:
    """Put the current folder first on the import path."""
    folder = str(Path.cwd())
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        with suppress(ValueError):
            sys.path.remove(folder)

"""A model of the user's own: imported, made, given weights, and recorded."""

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
from rnnviz.recording.failures import describe
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
    """Record the model that MODULE:CALLABLE gives, on the arrays of a file.

    This imports the module, from the current folder too, and calls the callable: it runs code
    that the user names. What that code prints goes to stderr. ``settings`` are those of
    ``rnnviz.record``.

    Raises: RecordingError if any of it fails
    """
    held = load_inputs(inputs_file)
    state: Any = held.get("state")
    if "cell_state" in held:
        state = (state, held["cell_state"])
    with redirect_stdout(sys.stderr), _current_folder():
        try:
            model = _model(name)
            if weights_file is not None:
                load_weights(model, weights_file, weights_key)
            return record(
                model,
                held["inputs"],
                held["targets"],
                lengths=held.get("lengths"),
                state=state,
                about={
                    "source": f"{name} on {file_name(inputs_file)}",
                    **{label: held[label] for label in LABELS if label in held},
                },
                **settings,
            )
        except SystemExit as error:
            raise RecordingError(
                f"{name} ends the program ({describe(error)}); name code that goes on"
            ) from error


def _model(name: str) -> nn.Module:
    path, _, inside = name.partition(":")
    try:
        invalidate_caches()
        module = import_module(path)
    except Exception as error:
        raise RecordingError(
            f"module {path!r} cannot be imported ({describe(error)}); correct it, or name another"
        ) from error
    try:
        make: Any = reduce(getattr, inside.split("."), module)
    except AttributeError as error:
        raise RecordingError(
            f"module {path!r} has no {inside!r}; name what makes the model"
        ) from error
    if not callable(make):
        raise RecordingError(
            f"{name} has type {type(make).__name__} and cannot be called; name what makes the model"
        )
    try:
        model = make()
    except Exception as error:
        raise RecordingError(
            f"{name}() failed ({describe(error)}); name what makes the model without arguments"
        ) from error
    if not isinstance(model, nn.Module):
        raise RecordingError(
            f"{name}() gives type {type(model).__name__}, not an nn.Module; name what "
            "makes the model"
        )
    return model


@contextmanager
def _current_folder() -> Iterator[None]:
    """Python also looks for modules in the current folder, first."""
    folder = str(Path.cwd())
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        with suppress(ValueError):
            sys.path.remove(folder)

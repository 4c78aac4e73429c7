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
from rnnviz.recording.data_files import load_inputs, load_labels
from rnnviz.recording.failures import describe
from rnnviz.recording.vocabulary import VOCABULARY, with_words
from rnnviz.recording.weight_files import load_weights
from rnnviz.text.decoding import file_name
from rnnviz.trace import Trace
from rnnviz.trace.labels import LABELS
from rnnviz.verification import Report, verify


def record_model(
    name: str,
    inputs_file: str,
    *,
    weights_file: str | None = None,
    weights_key: str | None = None,
    labels_file: str | None = None,
    **settings: Any,
) -> dict[str, Trace]:
    """Record the model that MODULE:CALLABLE returns, on the arrays of a file.

    The trace is returned under an empty name, or with ``layer="all"`` one under the name of each
    layer.

    Labels are those of the file of arrays and of ``labels_file``, which precede.

    This runs the user's code: it imports the module, which may be in the current folder, and calls
    the callable. What that code prints goes to stderr. ``settings`` are those of
    ``rnnviz.record``.

    Raises: RecordingError if any step fails
    """
    data = load_inputs(inputs_file)
    if labels_file is not None:
        data |= load_labels(labels_file)
    state: Any = data.get("state")
    if "cell_state" in data:
        state = (state, data["cell_state"])
    with _own_code(name):
        model = _with_weights(name, weights_file, weights_key)
        made: Any = record(
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
    traces: dict[str, Trace] = made if isinstance(made, dict) else {"": made}
    if VOCABULARY not in data:
        return traces
    given = data[VOCABULARY], data["inputs"], data["targets"]
    return {layer: with_words(trace, *given) for layer, trace in traces.items()}


def verify_model(
    trace: Trace,
    name: str,
    inputs_file: str | None,
    *,
    weights_file: str | None = None,
    weights_key: str | None = None,
) -> Report:
    """Verify a trace by running the model that MODULE:CALLABLE returns, as ``record_model`` does.

    Without a file of inputs the model is called with what the trace holds.

    Raises: RecordingError if any step fails
    """
    inputs = None if inputs_file is None else load_inputs(inputs_file)["inputs"]
    with _own_code(name):
        model = _with_weights(name, weights_file, weights_key)
        return verify(trace, model=model, inputs=inputs)


def _with_weights(name: str, weights_file: str | None, weights_key: str | None) -> nn.Module:
    model = _create_model(name)
    if weights_file is not None:
        load_weights(model, weights_file, weights_key)
    return model


@contextmanager
def _own_code(name: str) -> Iterator[None]:
    """Within a block, run code of the user: what it prints goes to stderr."""
    with redirect_stdout(sys.stderr), _importing_from_current_folder():
        try:
            yield
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

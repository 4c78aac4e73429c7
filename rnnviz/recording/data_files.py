"""The user's data to run a model on, and labels for it."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file as load_arrays

from rnnviz.errors import RecordingError, TaskError
from rnnviz.recording.vocabulary import VOCABULARY, words_of
from rnnviz.text.decoding import read_text
from rnnviz.trace.labels import LABELS, labels_of

_NEEDED: Final = ("inputs", "targets")
_NAMES: Final = (*LABELS, VOCABULARY)
_KNOWN: Final = (*_NEEDED, "lengths", "state", "cell_state", *_NAMES)


def load_inputs(path: str | Path) -> dict[str, Any]:
    """Return the arrays to run a model on, from a ``.safetensors`` or ``.npz`` file.

    The file holds ``inputs`` and ``targets``, and optionally ``lengths``, ``state`` (the initial
    state) and ``cell_state`` (that of an LSTM's c). Whole numbers become int64. ``step_labels``,
    ``target_labels`` (batch, time), ``input_labels`` (input), ``output_labels`` (output) and
    ``vocabulary``, a word for each class and token, are arrays of strings in a ``.npz``, and JSON
    lists in the metadata of a ``.safetensors``.

    Raises: RecordingError for a file that is missing, damaged, lacks one of these, or holds
            anything else
    """
    source = Path(path)
    check_file(source, (".safetensors", ".npz"))
    found = _arrays(source)
    missing = [name for name in _NEEDED if name not in found]
    if missing:
        raise RecordingError(
            f"{str(source)!r} has no {missing[0]!r}; it has {', '.join(found) or 'nothing'}"
        )
    unknown = [name for name in found if name not in _KNOWN]
    if unknown:
        raise RecordingError(
            f"{str(source)!r} has unknown {unknown[0]!r}; rename it to one of {', '.join(_KNOWN)}, "
            "or remove it"
        )
    if "cell_state" in found and "state" not in found:
        raise RecordingError(
            f"{str(source)!r} has 'cell_state' but no 'state'; an LSTM starts from both"
        )
    return {
        name: _named(name, held) if name in _NAMES else _numbers(source, name, held)
        for name, held in found.items()
    }


def load_labels(path: str | Path) -> dict[str, Any]:
    """Return the labels in a text file, by their names.

    A ``.json`` file holds a mapping of ``step_labels``, ``target_labels``, ``input_labels``,
    ``output_labels`` or ``vocabulary`` to lists; or a vocabulary itself, as a mapping of words to
    their numbers; or a list of labels of steps. In any other file each line is the label of a
    step, with an empty line between two sequences.

    Raises: RecordingError for a file that is missing, is not text, or holds anything else
    """
    try:
        text, _ = read_text(path)
    except TaskError as error:
        raise RecordingError(str(error)) from error
    if Path(path).suffix.lower() != ".json":
        rows = [block.splitlines() for block in text.strip("\n").split("\n\n")]
        return {"step_labels": labels_of("step_labels", rows)}
    try:
        held = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecordingError(
            f"{str(path)!r} is not JSON; write it with json.dump(labels)"
        ) from error
    if isinstance(held, Sequence):
        held = {"step_labels": held}
    if not isinstance(held, Mapping) or not held:
        raise RecordingError(f"{str(path)!r} holds no labels; write a list of them")
    if all(isinstance(number, int) for number in held.values()):
        held = {VOCABULARY: held}
    unknown = [name for name in held if name not in _NAMES]
    if unknown:
        raise RecordingError(
            f"{str(path)!r} has unknown {unknown[0]!r}; rename it to one of {', '.join(_NAMES)}, "
            "or remove it"
        )
    return {name: _named(name, each) for name, each in held.items()}


def check_file(path: Path, endings: tuple[str, ...]) -> None:
    """Raises RecordingError for a file with another ending, or that is missing."""
    if path.suffix not in endings:
        raise RecordingError(f"{str(path)!r} must end in {', '.join(endings)}")
    if not os.path.isfile(path):
        raise RecordingError(f"no file {str(path)!r}; check its name")


def damaged(path: Path, what: str) -> RecordingError:
    """Return the error for a file that cannot be read."""
    return RecordingError(f"{str(path)!r} is damaged or not a {what}; save it again")


def _named(name: str, held: Any) -> Any:
    return words_of(held) if name == VOCABULARY else labels_of(name, held)


def _arrays(path: Path) -> dict[str, Any]:
    try:
        if path.suffix == ".safetensors":
            return {**load_arrays(path), **_labels_beside(path)}
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except RecordingError:
        raise
    except SafetensorError as error:
        raise damaged(path, "file of arrays") from error
    except OSError as error:
        raise RecordingError(f"cannot read {str(path)!r}: {error.strerror or error}") from error
    except Exception as error:  # the readers raise several kinds
        raise RecordingError(
            f"{str(path)!r} is damaged, or holds more than plain arrays, which is never loaded; "
            "save arrays of numbers, and labels as arrays of strings (dtype=str)"
        ) from error


def _labels_beside(path: Path) -> dict[str, Any]:
    """Return the labels in the metadata of a ``.safetensors`` file."""
    with safe_open(path, "numpy") as file:
        about = file.metadata() or {}
    found = {}
    for name in _NAMES:
        if name in about:
            try:
                found[name] = json.loads(about[name])
            except (ValueError, RecursionError) as error:
                raise RecordingError(
                    f"{name!r} in the metadata of {str(path)!r} is not JSON; write it with "
                    "json.dumps(labels)"
                ) from error
    return found


def _numbers(path: Path, name: str, array: np.ndarray) -> np.ndarray:
    if array.dtype.kind not in "biuf":
        raise RecordingError(
            f"{name!r} in {str(path)!r} has dtype {array.dtype}, not numbers; save it as numbers"
        )
    if array.dtype.kind != "f":
        return array.astype(np.int64)
    return array.astype(np.float64 if array.itemsize > 8 else array.dtype.newbyteorder("="))

"""Files of a user's own: the weights of a model, and what it is to be run on."""

import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file as load_arrays
from safetensors.torch import load_file as load_tensors
from torch import Tensor, nn

from rnnviz.errors import RecordingError
from rnnviz.labels import LABELS, labels_of

_NEEDED: Final = ("inputs", "targets")
_KNOWN: Final = (*_NEEDED, "lengths", "state", "cell_state", *LABELS)


def load_weights(model: nn.Module, path: str | Path) -> None:
    """Give a model the weights of a ``.safetensors``, ``.pt`` or ``.pth`` file, by their names.

    A ``.pt`` file is read as tensors by name and nothing else: no code in it is ever run. Where
    the file is float64 and the model is not, the model becomes it, so that no weight is rounded.

    Raises: RecordingError for a file that is missing, damaged, or holds anything else, and for
            names or shapes that are not the model's
    """
    source = Path(path)
    held = _tensors(source)
    state = {name: value for name, value in model.state_dict().items() if isinstance(value, Tensor)}
    _check_names(source, state, held)
    for name, value in held.items():
        if value.shape != state[name].shape:
            raise RecordingError(
                f"{name!r} has shape {tuple(value.shape)} in {str(source)!r}, but "
                f"{tuple(state[name].shape)} in the model; build the model of these weights"
            )
    if any(value.dtype == torch.float64 for value in held.values()):
        model.double()
    model.load_state_dict(held, strict=False)


def load_inputs(path: str | Path) -> dict[str, Any]:
    """What a model is run on, from a ``.safetensors`` or ``.npz`` file.

    It holds ``inputs`` and ``targets``, and may hold ``lengths``, ``state`` (the initial state)
    and, of an LSTM, ``cell_state`` beside it. Whole numbers come as int64. ``step_labels``,
    ``target_labels`` (batch, time), ``input_labels`` (input) and ``output_labels`` (output) are
    arrays of strings in a ``.npz``; a ``.safetensors``, which has no strings, holds them as lists
    in JSON in its metadata.

    Raises: RecordingError for a file that is missing, damaged, lacks one of these, or holds
            anything else
    """
    source = Path(path)
    _check_file(source, (".safetensors", ".npz"))
    found = _arrays(source)
    missing = [name for name in _NEEDED if name not in found]
    if missing:
        raise RecordingError(
            f"{str(source)!r} has no {missing[0]!r}; it has {', '.join(found) or 'nothing'}"
        )
    unknown = [name for name in found if name not in _KNOWN]
    if unknown:
        raise RecordingError(
            f"{str(source)!r} has {unknown[0]!r}, which is none of {', '.join(_KNOWN)}; rename or "
            "remove it"
        )
    if "cell_state" in found and "state" not in found:
        raise RecordingError(
            f"{str(source)!r} has 'cell_state' but no 'state'; an LSTM starts from both"
        )
    return {
        name: labels_of(name, held) if name in LABELS else _numbers(source, name, held)
        for name, held in found.items()
    }


def _tensors(path: Path) -> dict[str, Tensor]:
    _check_file(path, (".safetensors", ".pt", ".pth"))
    try:
        if path.suffix == ".safetensors":
            return load_tensors(path)
        held: Any = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise RecordingError(
            f"{str(path)!r} is damaged, or holds more than plain weights, which is never loaded; "
            "save model.state_dict() alone"
        ) from error
    except OSError as error:
        raise RecordingError(f"cannot read {str(path)!r}: {error.strerror or error}") from error
    except Exception as error:  # the readers raise several kinds, all meaning damage
        raise _damaged(path, "file of weights") from error
    if not isinstance(held, Mapping):
        raise RecordingError(
            f"{str(path)!r} holds type {type(held).__name__}, not weights by name; save "
            "model.state_dict()"
        )
    other = [(name, value) for name, value in held.items() if not isinstance(value, Tensor)]
    if other:
        name, value = other[0]
        raise RecordingError(
            f"{str(path)!r} holds {name!r} of type {type(value).__name__}, not weights "
            "alone; save model.state_dict() alone"
        )
    return {str(name): value for name, value in held.items()}


def _check_names(path: Path, state: Mapping[str, Tensor], held: Mapping[str, Tensor]) -> None:
    shared = {state[name].data_ptr() for name in held if name in state}
    missing = [
        name for name, value in state.items() if name not in held and value.data_ptr() not in shared
    ]
    unknown = [name for name in held if name not in state]
    if missing or unknown:
        apart = [
            f"{what} {', '.join(map(repr, names))}"
            for what, names in (("lacks", missing), ("has besides", unknown))
            if names
        ]
        raise RecordingError(
            f"{str(path)!r} does not hold the model's weights: it {' and '.join(apart)}; build the "
            "model of these weights"
        )


def _arrays(path: Path) -> dict[str, Any]:
    try:
        if path.suffix == ".safetensors":
            return {**load_arrays(path), **_labels_beside(path)}
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except RecordingError:
        raise
    except SafetensorError as error:
        raise _damaged(path, "file of arrays") from error
    except OSError as error:
        raise RecordingError(f"cannot read {str(path)!r}: {error.strerror or error}") from error
    except Exception as error:  # the readers raise several kinds
        raise RecordingError(
            f"{str(path)!r} is damaged, or holds more than plain arrays, which is never loaded; "
            "save arrays of numbers, and labels as arrays of strings (dtype=str)"
        ) from error


def _labels_beside(path: Path) -> dict[str, Any]:
    """The labels in the metadata of a ``.safetensors`` file."""
    with safe_open(path, "numpy") as file:
        about = file.metadata() or {}
    found = {}
    for name in LABELS:
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


def _check_file(path: Path, endings: tuple[str, ...]) -> None:
    if path.suffix not in endings:
        raise RecordingError(
            f"{str(path)!r} ends in none of {', '.join(endings)}; save it as one of these"
        )
    if not path.is_file():
        raise RecordingError(f"there is no file {str(path)!r}; check its name")


def _damaged(path: Path, what: str) -> RecordingError:
    return RecordingError(f"{str(path)!r} is damaged or no {what}; save it again")

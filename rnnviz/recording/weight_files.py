"""Weights of a model from a user's file."""

import pickle
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from safetensors.torch import load_file as load_tensors
from torch import Tensor, nn

from rnnviz.errors import RecordingError
from rnnviz.recording.checkpoints import keys_of_weights
from rnnviz.recording.data_files import check_file, damaged
from rnnviz.recording.keras_files import KERAS
from rnnviz.recording.keras_weights import keras_weights

_ENDINGS: Final = (".safetensors", ".pt", ".pth", ".ckpt", ".tar", *KERAS)
_WRAPPERS: Final = ("module", "_orig_mod")
_MAKERS: Final[Any] = [each.__reduce__()[0] for each in (np.float64(0), np.zeros(1))]
_NUMPY: Final[Any] = [
    *(
        (made, f"{package}.multiarray.{made.__name__}")
        for made in _MAKERS
        for package in ("numpy.core", "numpy._core")
    ),
    *(np.ndarray, np.dtype),
    *{type(np.dtype(kind)) for kind in "?bBhHiIlLqQefdg"},
]
"""The constructors of NumPy numbers and arrays in a PyTorch file."""
_EXTRA: Final = "_extra_state"
_DEEPEST: Final = 50
"""The deepest nesting of mappings that is searched."""


def load_weights(model: nn.Module, path: str | Path, key: str | None = None) -> None:
    """Load a model's weights from a ``.safetensors``, ``.pt``, ``.pth``, ``.ckpt`` or ``.tar``, or
    from a ``.h5`` or ``.keras`` of Keras.

    Weights are matched by name, without the parts that wrappers add (``module.`` of DataParallel,
    ``_orig_mod.`` of torch.compile) and without a common prefix, such as ``model.`` in a Lightning
    checkpoint. If the file holds more than weights, the mapping with the model's names is used, or
    that of ``key``: ``state_dict``, ``ema/model`` for a nested mapping, or a prefix of the names.
    Weights of Keras' LSTM, GRU, SimpleRNN (Bidirectional too), Dense and Embedding are converted
    for PyTorch's layers of the same sizes; this needs h5py.

    Only tensors, numbers and text in mappings and lists are read; no code in the file is ever run.
    If the file is wider than the model, the model is widened, so that no weight is rounded.

    Raises: RecordingError for a file that is missing, damaged or holds anything else, and for
            names or shapes that are not the model's
    """
    source = Path(path)
    state = {name: value for name, value in model.state_dict().items() if isinstance(value, Tensor)}
    if source.suffix in KERAS:
        if key is not None:
            raise RecordingError(f"{str(source)!r} has no keys, as Keras saved it; leave key out")
        held = keras_weights(source, model)
    else:
        held = _chosen(source, _read(source), state, key)
    for name, value in held.items():
        if value.layout != torch.strided or value.is_meta or value.is_quantized:
            kind = "quantized" if value.is_quantized else "meta" if value.is_meta else "sparse"
            raise RecordingError(
                f"{name!r} in {str(source)!r} is a {kind} tensor; save plain, dense tensors"
            )
        if value.shape != state[name].shape:
            raise RecordingError(
                f"{name!r} has shape {tuple(value.shape)} in {str(source)!r}, but "
                f"{tuple(state[name].shape)} in the model; build the model of these weights"
            )
        if value.is_complex() != state[name].is_complex():
            raise RecordingError(
                f"{name!r} is {value.dtype} in {str(source)!r}, but {state[name].dtype} in the "
                "model; build the model of these weights"
            )
    wider = {
        value.dtype
        for name, value in held.items()
        if value.is_floating_point()
        and torch.promote_types(value.dtype, state[name].dtype) != state[name].dtype
    }
    if wider:
        model.to(torch.float64 if torch.float64 in wider else torch.float32)
    try:
        model.load_state_dict(held, strict=False)
    except RuntimeError as error:
        said = " ".join(str(error).split())
        raise RecordingError(
            f"{str(source)!r} does not fit the model ({said}); build the model of these weights"
        ) from error


def _read(path: Path) -> Any:
    check_file(path, _ENDINGS)
    try:
        if path.suffix == ".safetensors":
            return load_tensors(path)
        with torch.serialization.safe_globals(_NUMPY):
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        found = re.search(r"GLOBAL ([\w.]+)", str(error))
        what = f" ({found[1]})" if found else ""
        keys = [key for key in dict.fromkeys(keys_of_weights(path)) if not key.startswith("_")]
        alone = "save model.state_dict() alone"
        if keys:
            stand = f"its weights stand under {' and '.join(map(repr, keys))}"
            alone = f"{stand}: where it was trained, save that alone"
        raise RecordingError(
            f"{str(path)!r} is damaged, or holds more than plain weights, which is never "
            f"loaded{what}; {alone}"
        ) from error
    except OSError as error:
        raise RecordingError(f"cannot read {str(path)!r}: {error.strerror or error}") from error
    except Exception as error:  # the readers raise several kinds, all meaning damage
        raise damaged(path, "file of weights") from error


def _chosen(
    path: Path, held: Any, state: Mapping[str, Tensor], key: str | None
) -> dict[str, Tensor]:
    """Return the weights in a file's content, by the model's own names."""
    if not isinstance(held, Mapping):
        raise RecordingError(
            f"{str(path)!r} holds type {type(held).__name__}, not weights by name; save "
            "model.state_dict()"
        )
    found = dict(_weights_in(held)) if key is None else {key: _at(path, held, key)}
    fitting = {
        where: fitted
        for where, weights in found.items()
        if (fitted := _by_own_names(weights, state)) is not None
    }
    if len(fitting) == 1:
        return next(iter(fitting.values()))
    if fitting:
        raise RecordingError(
            f"{str(path)!r} holds weights of this model as {_listed(fitting)}; name one with "
            "key=, or --weights-key"
        )
    if not held:
        raise RecordingError(f"{str(path)!r} holds nothing; save model.state_dict()")
    if not found:
        name, value = next(
            ((name, value) for name, value in held.items() if not isinstance(value, Tensor)),
            next(iter(held.items())),
        )
        raise RecordingError(
            f"{str(path)!r} holds {name!r} of type {type(value).__name__}, not weights "
            "alone; save model.state_dict() alone"
        )
    closest = max(found, key=lambda where: _shared(found[where], state))
    raise _other_names(path, closest, found[closest], state)


def _weights_in(
    held: Mapping[Any, Any], where: str = "", within: tuple[int, ...] = ()
) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """Yield the mappings of names to tensors in a mapping, each with its path.

    ``within`` holds the ids of the enclosing mappings, which a pickle may contain again.
    """
    tensors = _tensors(held)
    if tensors is not None:
        yield where, tensors
        return
    for name, value in held.items():
        if isinstance(value, Mapping) and len(within) < _DEEPEST and id(value) not in within:
            below = f"{where}/{name}" if where else str(name)
            yield from _weights_in(value, below, (*within, id(value)))


def _tensors(held: Mapping[Any, Any]) -> dict[str, Tensor] | None:
    """Return a mapping without extra state if it maps names to tensors, otherwise None."""
    kept = {name: value for name, value in held.items() if not str(name).endswith(_EXTRA)}
    named = all(isinstance(name, str) for name in kept)
    if not kept or not named or not all(isinstance(value, Tensor) for value in kept.values()):
        return None
    return kept


def _at(path: Path, held: Mapping[Any, Any], key: str) -> dict[str, Tensor]:
    """Return the weights of a key: a mapping, a nested one, or a prefix of names."""
    inside: Any = held
    for place, step in enumerate(steps := key.split("/")):
        if isinstance(inside, Mapping) and step in inside:
            inside = inside[step]
            continue
        prefix = ".".join(steps[place:]).removesuffix(".") + "."
        named = _tensors(inside) if isinstance(inside, Mapping) else None
        inside = {
            name.removeprefix(prefix): value
            for name, value in (named or {}).items()
            if name.startswith(prefix)
        }
        break
    tensors = _tensors(inside) if isinstance(inside, Mapping) else None
    if tensors is None:
        known = [where for where, _ in _weights_in(held) if where]
        raise RecordingError(
            f"{str(path)!r} has no weights as {key!r}; it has {_listed(known) or 'them at its top'}"
        )
    return tensors


def _by_own_names(
    held: Mapping[str, Tensor], state: Mapping[str, Tensor]
) -> dict[str, Tensor] | None:
    """Return weights by the model's names, without wrappers and a common prefix, or None."""
    for plain in (str, _unwrapped):
        own = {plain(name): name for name in state}
        named = {plain(name): value for name, value in held.items()}
        if len(own) < len(state) or len(named) < len(held):
            continue
        while True:
            renamed = {own[name]: value for name, value in named.items() if name in own}
            if len(renamed) == len(named) and not _missing(state, renamed):
                return renamed
            first = {name.partition(".")[0] for name in named}
            if len(first) > 1 or not all("." in name for name in named):
                break
            named = {name.partition(".")[2]: value for name, value in named.items()}
    return None


def _shared(held: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> int:
    """Count the model's names that the others end in."""
    return sum(any(f".{other}".endswith(f".{name}") for other in held) for name in state)


def _unwrapped(name: str) -> str:
    return ".".join(part for part in name.split(".") if part not in _WRAPPERS)


def _missing(state: Mapping[str, Tensor], held: Mapping[str, Tensor]) -> list[str]:
    """Return the model's weights that a file lacks; of a shared one, one name is enough."""
    shared = {state[name].data_ptr() for name in held if name in state}
    return [
        name for name, value in state.items() if name not in held and value.data_ptr() not in shared
    ]


def _other_names(
    path: Path, where: str, held: Mapping[str, Tensor], state: Mapping[str, Tensor]
) -> RecordingError:
    """Return the error for weights that are not the model's; if a part of them is, name its key."""
    fitting = []
    for prefix in dict.fromkeys(name.partition(".")[0] for name in sorted(held) if "." in name):
        part = {
            name.removeprefix(f"{prefix}."): value
            for name, value in held.items()
            if name.startswith(f"{prefix}.")
        }
        if len(part) < len(held) and _by_own_names(part, state) is not None:
            fitting.append(prefix)
    if fitting:
        begins = " or ".join(repr(f"{prefix}.") for prefix in fitting)
        keys = [f"{where}/{prefix}" if where else prefix for prefix in fitting]
        named = " or ".join(f"key={key!r}" for key in keys)
        options = " or ".join(f"--weights-key {key}" for key in keys)
        return RecordingError(
            f"{str(path)!r} holds more than the model's weights; those whose names begin with "
            f"{begins} are: name them with {named}, or {options}"
        )
    apart = [
        f"{what} {', '.join(map(repr, names))}"
        for what, names in (
            ("lacks", _missing(state, held)),
            ("has besides", [name for name in held if name not in state]),
        )
        if names
    ]
    return RecordingError(
        f"{str(path)!r} does not hold the model's weights{f' as {where!r}' if where else ''}: it "
        f"{' and '.join(apart)}; build the model of these weights"
    )


def _listed(names: Any) -> str:
    return ", ".join(repr(name) if name else "its top" for name in names)

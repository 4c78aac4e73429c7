"""The layers in a file that Keras saved: their names, arrays and settings.

Keras 2 writes the arrays of each layer under ``layer_names`` and ``weight_names`` of a ``.h5``.
Keras 3 writes them as ``…/vars/0``, ``…/vars/1``, … in the order in which a layer made them; a
``.keras`` is a zip of such a file and the model's settings. Neither is ever run.
"""

import io
import json
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from rnnviz.errors import RecordingError
from rnnviz.recording.data_files import check_file, damaged

KERAS: Final = (".h5", ".hdf5", ".keras")
_WEIGHTS: Final = "model.weights.h5"
_SETTINGS: Final = "config.json"
_HOLDERS: Final = (
    *("layers", "_layers", "_layer_checkpoint_dependencies", "_self_tracked_trackables"),
    *("cell", "layer"),
)
"""Parts of a path that name no layer, but the attribute in which it stands."""
_WAYS: Final = ("forward_layer", "backward_layer")
_NO_LAYERS: Final = ("optimizer", "seed_generator", "metrics", "_metrics", "vars")
_CELLS: Final = {1: "SimpleRNN", 3: "GRU", 4: "LSTM"}


@dataclass(frozen=True)
class Directed:
    """The weights of one direction of a recurrent layer.

    Shapes: kernel (input, gate × hidden), recurrent (hidden, gate × hidden), bias (gate × hidden,)
            or (2, gate × hidden) of a GRU with a bias of both products
    """

    kernel: np.ndarray
    recurrent: np.ndarray
    bias: np.ndarray | None

    @property
    def gates(self) -> int:
        """How many gates stand side by side."""
        return int(self.recurrent.shape[1] // self.recurrent.shape[0])


@dataclass(frozen=True)
class KerasLayer:
    """A layer in a file: its name, its arrays in the order in which it made them, its settings."""

    name: str
    arrays: tuple[np.ndarray, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def directed(self) -> tuple[Directed, ...]:
        """The directions of a recurrent layer, forward first; nothing of another layer."""
        count = len(self.arrays)
        for ways in (1, 2):
            each = count // ways
            if each * ways != count or each not in (2, 3):
                continue
            parts = [self.arrays[start : start + each] for start in range(0, count, each)]
            if all(map(_is_recurrent, parts)):
                return tuple(
                    Directed(part[0], part[1], part[2] if each > 2 else None) for part in parts
                )
        return ()

    @property
    def title(self) -> str:
        """What it is, for an error: its kind, name and sizes."""
        ways = self.directed
        if ways:
            first = ways[0]
            kind = _CELLS[first.gates]
            kind = f"Bidirectional({kind})" if len(ways) > 1 else kind
            return f"{kind} {self.name!r} ({len(first.kernel)} → {len(first.recurrent)})"
        shapes = " and ".join(str(array.shape) for array in self.arrays)
        return f"{self.name!r} {shapes}"


def read_layers(path: Path) -> list[KerasLayer]:
    """Return the layers with weights in a file that Keras saved, in the model's order if known.

    Raises: RecordingError for a file that is missing, damaged or no file of Keras, and without h5py
    """
    check_file(path, KERAS)
    try:
        with _opened(path) as (file, config):
            named = list(_of_names(file))
            layers = _with_settings(named or _of_paths(file), config, counted=not named)
    except RecordingError:
        raise
    except Exception as error:  # h5py and zipfile raise several kinds, all meaning damage
        raise damaged(path, "file that Keras saved") from error
    if not layers:
        raise RecordingError(f"{str(path)!r} holds no weights of Keras; save them again")
    return layers


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """Open a file of Keras: the HDF5 file, and the model's settings or None."""
    try:
        import h5py
    except ImportError as error:
        raise RecordingError(
            "weights of Keras need h5py; install it with: pip install 'rnnviz[keras]'"
        ) from error
    if path.suffix != ".keras":
        with h5py.File(path, "r") as file:
            config = file.attrs.get("model_config")
            yield file, None if config is None else json.loads(config)
        return
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read(_SETTINGS))
        with h5py.File(io.BytesIO(archive.read(_WEIGHTS)), "r") as file:
            yield file, config


def _of_names(file: Any) -> Iterator[KerasLayer]:
    """Yield the layers of a file of Keras 2, in the order of the model."""
    root = file.get("model_weights", file)
    for name in map(_text, root.attrs.get("layer_names", ())):
        weights = [_text(each) for each in root[name].attrs["weight_names"]]
        if weights:
            yield KerasLayer(name, tuple(np.asarray(root[name][each]) for each in weights))


def _of_paths(file: Any) -> list[KerasLayer]:
    """Return the layers of a file of Keras 3, those of a kind in the order of the model."""
    found: dict[str, dict[int, tuple[np.ndarray, ...]]] = defaultdict(dict)

    def visit(path: str, held: Any) -> None:
        *parts, last = path.split("/")
        if last != "vars" or not len(held) or any(part in _NO_LAYERS for part in parts):
            return
        name = "/".join(part for part in parts if part not in (*_HOLDERS, *_WAYS))
        backward = _WAYS[1] in parts
        found[name][backward] = tuple(np.asarray(held[key]) for key in sorted(held, key=int))

    file.visititems(visit)
    return [
        KerasLayer(name, sum((ways[way] for way in sorted(ways)), ()))
        for name, ways in sorted(found.items(), key=lambda item: _counted(item[0]))
    ]


def _with_settings(layers: list[KerasLayer], config: Any, *, counted: bool) -> list[KerasLayer]:
    """Give layers their settings, and the order in which the model has them.

    If ``counted``, a layer is named by its class and how many of that class precede it.
    """
    listed = config.get("config", {}).get("layers", ()) if isinstance(config, Mapping) else ()
    settings: dict[str, Mapping[str, Any]] = {}
    count: dict[str, int] = defaultdict(int)
    for each in listed:
        own = each["config"]
        inner = own.get("layer")
        kind = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", each["class_name"]).lower()
        name = f"{kind}_{count[kind]}" if count[kind] else kind
        count[kind] += 1
        of_layer = {**own, **inner["config"]} if isinstance(inner, Mapping) else own
        settings[name if counted else str(own["name"])] = of_layer
    order = {name: place for place, name in enumerate(settings)}
    return [
        KerasLayer(layer.name, layer.arrays, settings.get(layer.name, {}))
        for layer in sorted(layers, key=lambda layer: order.get(layer.name, len(order)))
    ]


def _is_recurrent(arrays: tuple[np.ndarray, ...]) -> bool:
    kernel, recurrent, *bias = arrays
    if kernel.ndim != 2 or recurrent.ndim != 2 or kernel.shape[1] != recurrent.shape[1]:
        return False
    hidden, width = recurrent.shape
    return any(width == gates * hidden for gates in _CELLS) and all(
        each.shape[-1] == width for each in bias
    )


def _counted(name: str) -> tuple[Any, ...]:
    """A key that sorts lstm, lstm_1, lstm_2, …, lstm_10."""
    parts = re.split(r"(\d+)", name)
    return tuple((part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts)


def _text(value: Any) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)

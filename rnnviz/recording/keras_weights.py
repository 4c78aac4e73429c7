"""Weights that Keras saved, as PyTorch's layers hold them.

Keras multiplies from the left and PyTorch from the right, so kernels are transposed. An LSTM's
gates stand in the same order (Keras' c is PyTorch's g); a GRU's z r h become r z n. PyTorch adds a
bias to each of the two products, so that of Keras is the first, and the second is zero; a GRU with
``reset_after=True`` has both.

Source: the equations in keras/src/layers/rnn/ (lstm.py, gru.py, simple_rnn.py) and in PyTorch's
        documentation of nn.LSTM, nn.GRU and nn.RNN
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from rnnviz.errors import RecordingError
from rnnviz.recording.keras_files import Directed, KerasLayer, read_layers

_RECURRENT: Final = (nn.RNNBase, nn.RNNCellBase)
_GATES: Final = {"RNN": 1, "GRU": 3, "LSTM": 4}
_ORDER: Final = {1: (0,), 3: (1, 0, 2), 4: (0, 1, 2, 3)}
"""For each of PyTorch's gates its place among those of Keras, by their number."""


def keras_weights(path: Path, model: nn.Module) -> dict[str, Tensor]:
    """Return the weights in a file of Keras by the model's own names.

    A layer takes the weights of the layer of its name, otherwise those of the first one left that
    has its kind and sizes.

    Raises: RecordingError for layers that PyTorch does not compute, and if those of the file are
            not those of the model
    """
    left = read_layers(path)
    every = list(left)
    held: dict[str, Tensor] = {}
    for name, module in model.named_modules():
        for of_module, arrays in _taken(path, name, module, left):
            held[f"{name}.{of_module}" if name else of_module] = torch.from_numpy(
                np.array(arrays, dtype=_plain(arrays))
            )
    missing = [name for name in model.state_dict() if name not in held]
    if missing or left:
        apart = [
            *([f"nothing for {', '.join(map(repr, missing))}"] if missing else []),
            *([f"{', '.join(each.title for each in left)} besides"] if left else []),
        ]
        raise RecordingError(
            f"{str(path)!r} does not hold the model's weights: it has {' and '.join(apart)}; its "
            f"layers are {', '.join(each.title for each in every)}; build the model of these "
            "weights"
        )
    return held


def _taken(
    path: Path, name: str, module: nn.Module, left: list[KerasLayer]
) -> Iterator[tuple[str, np.ndarray]]:
    """Take the weights of a module from the layers that are left; nothing if there are none."""
    if isinstance(module, _RECURRENT):
        layers = module.num_layers if isinstance(module, nn.RNNBase) else None
        width = int(module.input_size)
        for layer in range(layers or 1):
            found = _first(left, name, lambda each, width=width: _fits(module, each, width))
            if found is None:
                return
            _check_settings(path, module, found)
            for way, directed in enumerate(found.directed):
                suffix = "" if layers is None else f"_l{layer}{'_reverse' * way}"
                yield from _of_direction(path, module, found, directed, suffix)
            width = len(found.directed) * int(module.hidden_size)
        return
    if isinstance(module, nn.Linear):
        shape, biased = (module.in_features, module.out_features), module.bias is not None
        found = _first(left, name, lambda each: _is_dense(each, shape, biased))
        if found is not None:
            yield "weight", found.arrays[0].T
            if biased:
                zero = np.zeros(shape[1], found.arrays[0].dtype)
                yield "bias", found.arrays[1] if len(found.arrays) > 1 else zero
    elif isinstance(module, nn.Embedding):
        shape = (module.num_embeddings, module.embedding_dim)
        found = _first(left, name, lambda each: [a.shape for a in each.arrays] == [shape])
        if found is not None:
            yield "weight", found.arrays[0]


def _first(left: list[KerasLayer], name: str, fits: Any) -> KerasLayer | None:
    """Take the layer of a name, or the first, from those left that fit."""
    fitting = [each for each in left if fits(each)]
    own = name.rpartition(".")[2]
    found = next((each for each in fitting if each.name == own), next(iter(fitting), None))
    if found is not None:
        left.remove(found)
    return found


def _fits(module: Any, layer: KerasLayer, width: int) -> bool:
    gates = next(count for kind, count in _GATES.items() if type(module).__name__.startswith(kind))
    hidden, ways = int(module.hidden_size), layer.directed
    return len(ways) == 1 + bool(getattr(module, "bidirectional", False)) and all(
        each.kernel.shape == (width, gates * hidden) and len(each.recurrent) == hidden
        for each in ways
    )


def _is_dense(layer: KerasLayer, shape: tuple[int, int], biased: bool) -> bool:
    kernel, *bias = layer.arrays
    expected = [[], [(shape[1],)]] if biased else [[]]
    return kernel.shape == shape and [each.shape for each in bias] in expected


def _check_settings(path: Path, module: Any, layer: KerasLayer) -> None:
    """Refuse activations that PyTorch's layer does not have.

    Raises: RecordingError
    """
    own = {"activation": getattr(module, "nonlinearity", "tanh")}
    if layer.directed[0].gates > 1:
        own["recurrent_activation"] = "sigmoid"
    for setting, wanted in own.items():
        found = layer.settings.get(setting, wanted)
        if found != wanted:
            remedy = (
                f"build the model with nonlinearity={found!r}"
                if found in ("tanh", "relu") and len(own) == 1
                else f"train it with {setting}={wanted!r}"
            )
            raise RecordingError(
                f"{layer.title} in {str(path)!r} has {setting} {found!r}, but nn."
                f"{type(module).__name__} has {wanted!r}; {remedy}"
            )


def _of_direction(
    path: Path, module: Any, layer: KerasLayer, directed: Directed, suffix: str
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the parameters of one direction by PyTorch's names."""
    gates, bias = directed.gates, directed.bias
    if gates == 3:
        _check_gru(path, layer, bias)
    yield f"weight_ih{suffix}", _reordered(directed.kernel, gates).T
    yield f"weight_hh{suffix}", _reordered(directed.recurrent, gates).T
    if not module.bias:
        if bias is not None:
            raise RecordingError(
                f"{layer.title} in {str(path)!r} has a bias, but the model's "
                f"nn.{type(module).__name__} has none; build it with bias=True"
            )
        return
    width = directed.kernel.shape[1]
    both = np.zeros((2, width), directed.kernel.dtype)
    if bias is not None:
        both[: bias.ndim] = bias
    for name, each in zip(("bias_ih", "bias_hh"), both, strict=True):
        yield f"{name}{suffix}", _reordered(each, gates)


def _check_gru(path: Path, layer: KerasLayer, bias: np.ndarray | None) -> None:
    """Refuse a GRU that resets the state before its product. Raises RecordingError"""
    reset_after = layer.settings.get("reset_after")
    if reset_after is None and bias is not None:
        reset_after = bias.ndim == 2
    if reset_after:
        return
    what = "has reset_after=False" if reset_after is not None else "may have reset_after=False"
    remedy = (
        "train it with reset_after=True, the default of Keras"
        if reset_after is not None
        else "save the whole model as .keras, which says so"
    )
    raise RecordingError(
        f"{layer.title} in {str(path)!r} {what}: it resets the state before the product with the "
        f"recurrent kernel, and PyTorch's GRU after it; {remedy}"
    )


def _reordered(array: np.ndarray, gates: int) -> np.ndarray:
    """Return an array whose last axis has Keras' gates, with PyTorch's order of them."""
    blocks = np.split(array, gates, axis=-1)
    return np.concatenate([blocks[place] for place in _ORDER[gates]], axis=-1)


def _plain(array: np.ndarray) -> Any:
    """The dtype of an array that PyTorch has too: half precision is widened."""
    return np.float64 if array.dtype.itemsize > 4 else np.float32

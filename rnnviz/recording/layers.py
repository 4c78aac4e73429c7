"""The recurrent layers of a model and their weights."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from itertools import chain
from typing import Any, Final

import torch
from torch import Tensor, nn

from rnnviz.cells import SUFFIXES, Cell
from rnnviz.errors import RecordingError
from rnnviz.recording.failures import SteppedError
from rnnviz.recording.modules import cell_of, has_torch_module, layer_module, module_name


@dataclass(frozen=True)
class Weights:
    """The weights of one layer and direction: parameters, or tensors made from parameters.

    Gates are stacked along the rows, as in PyTorch.
    """

    weight_ih: Tensor
    weight_hh: Tensor
    bias_ih: Tensor | None
    bias_hh: Tensor | None
    weight_hr: Tensor | None

    def detached(self, dtype: torch.dtype) -> "Weights":
        """Return the same numbers in a dtype, without their graph."""
        held = (getattr(self, item.name) for item in fields(self))
        return Weights(*(None if each is None else each.detach().to(dtype) for each in held))  # type: ignore[arg-type]


KINDS: Final = tuple(item.name for item in fields(Weights))
WeightsByLayer = list[list[Weights]]
"""The weights of each stacked layer (outer) and direction (inner)."""


@dataclass(frozen=True)
class Layer:
    """One recurrent module of a model: an nn.RNN, nn.LSTM or nn.GRU, or one of their cells."""

    name: str
    module: Any
    cell: Cell

    @property
    def stepwise(self) -> bool:
        """Whether the model calls it for each step in a loop of its own, as nn.RNNCell."""
        return isinstance(self.module, nn.RNNCellBase)

    @property
    def layers(self) -> int:
        """The number of stacked layers."""
        return 1 if self.stepwise else int(self.module.num_layers)

    @property
    def directions(self) -> int:
        """1, or 2 if it runs in reverse as well."""
        return 1 if self.stepwise else 1 + int(self.module.bidirectional)

    @property
    def batch_first(self) -> bool:
        """Whether it takes (batch, time, input)."""
        return not self.stepwise and bool(self.module.batch_first)

    @property
    def input_size(self) -> int:
        """The number of entries of x_t."""
        return int(self.module.input_size)

    @property
    def cell_size(self) -> int:
        """H, its number of units."""
        return int(self.module.hidden_size)

    @property
    def hidden_size(self) -> int:
        """The number of entries of h_t: H, or fewer with a projection."""
        return int(getattr(self.module, "proj_size", 0) or self.module.hidden_size)

    @property
    def dropout(self) -> float:
        """The probability of dropout between layers, in training mode."""
        between = not self.stepwise and self.layers > 1 and self.module.training
        return float(self.module.dropout) if between else 0.0

    @property
    def module_name(self) -> str:
        """PyTorch's name of the module: nn.LSTM, nn.GRUCell, …"""
        return module_name(self.module, self.cell)

    def name_of(self, kind: str, layer: int, direction: int) -> str:
        """Return the module's name of a weight: weight_hh → weight_hh_l0."""
        return kind if self.stepwise else f"{kind}_l{layer}{SUFFIXES[direction]}"

    def own_names(self) -> set[str]:
        """Return the module's names of all weights that it may have."""
        return {
            self.name_of(kind, layer, way)
            for kind in KINDS
            for layer in range(self.layers)
            for way in range(self.directions)
        }

    def weights(self) -> WeightsByLayer:
        """Return the weights in use, by layer and direction."""
        return [
            [
                Weights(
                    **{  # type: ignore[arg-type]
                        kind: getattr(self.module, self.name_of(kind, layer, way), None)
                        for kind in KINDS
                    }
                )
                for way in range(self.directions)
            ]
            for layer in range(self.layers)
        ]

    def example(self, model: nn.Module) -> Tensor:
        """Return a tensor of the dtype and on the device of the layer."""
        held = (getattr(self.module, self.name_of(kind, 0, 0), None) for kind in KINDS)
        for one in chain(self.module.parameters(), held, model.parameters()):
            if isinstance(one, Tensor) and one.is_floating_point():
                return one
        return torch.empty(0)

    def single_layer(self, layer: int, ways: Sequence[Weights]) -> Any:
        """Return a time-major module of one of the stacked layers, with weights by direction."""
        projected = self.hidden_size != self.cell_size
        settings = {"proj_size": self.hidden_size} if projected else {}
        features = self.input_size if layer == 0 else self.directions * self.hidden_size
        made = layer_module(
            self.cell,
            features,
            self.cell_size,
            bias=self.module.bias,
            bidirectional=self.directions == 2,
            device="meta",
            **settings,
        )
        for direction, weights in enumerate(ways):
            for kind in KINDS:
                held = getattr(weights, kind)
                if held is not None:
                    name = f"{kind}_l0{SUFFIXES[direction]}"
                    delattr(made, name)
                    setattr(made, name, held)
        flat = getattr(made, "_flat_weights", (None,))
        if all(isinstance(each, nn.Parameter) for each in flat):
            made.flatten_parameters()
        return made


def recurrent_layers(model: nn.Module) -> dict[str, nn.Module]:
    """The recurrent modules of a model, by their module path.

    Example: >>> list(recurrent_layers(model))
             ['encoder.rnn', 'decoder.rnn']
    """
    return {name: part for name, part in model.named_modules() if cell_of(part) is not None}


def other_form(model: nn.Module) -> str:
    """Return why a converted model has no recurrent layers left, or ''."""
    for path, part in model.named_modules():
        where = f"{path!r} of the model" if path else "the model"
        kind = type(part)
        if isinstance(part, torch.jit.ScriptModule):
            return f"{where} is scripted or traced by torch.jit, and its layers cannot be followed"
        if ".quantiz" in kind.__module__ and has_torch_module(kind.__name__):
            return f"{where} is a quantized {kind.__name__}, whose numbers have no gradient"
        if isinstance(part, torch.fx.GraphModule):
            return f"{where} is a torch.fx graph, as torch.export makes it, without layers"
    return ""


def choose_layer(model: nn.Module, name: str | None) -> Layer:
    """Return the layer to record: that of a name, or the only one.

    Raises: RecordingError if there is none, none of that name, or several to choose from
    """
    found = recurrent_layers(model)
    listed = ", ".join(
        f"{path!r} ({type(part).__name__})" if path else type(part).__name__
        for path, part in found.items()
    )
    if not found and (other := other_form(model)):
        raise RecordingError(f"{other}; record the model it was made from")
    named = dict(model.named_modules()).get(name or "")
    own = named is not None and not type(named).__module__.startswith("torch.")
    if name and name not in found and own:
        raise RecordingError(
            f"{name!r} is {type(named).__name__}, no recurrent layer of PyTorch's; if it makes a "
            f"step of a recurrence of your own, record it with states={name!r}"
            + (f"; recurrent layers are {listed}" if found else "")
        )
    if not found:
        raise RecordingError(
            f"{type(model).__name__} has no recurrent layer; record a model that holds an nn.RNN, "
            "nn.LSTM or nn.GRU, or one of their cells"
        )
    if name is None and len(found) > 1:
        raise RecordingError(
            f"the model has several recurrent layers ({listed}); choose one with layer=, or record "
            "each with rnnviz.record_layers"
        )
    if name is not None and name not in found:
        raise RecordingError(f"the model has no recurrent layer {name!r}; it has {listed}")
    path = next(iter(found)) if name is None else name
    cell = cell_of(found[path])
    assert cell is not None
    layer = Layer(path, found[path], cell)
    held = dict(layer.module.named_parameters(recurse=False))
    known = dict(model.named_parameters())
    shared = [name for name in held if (f"{path}.{name}" if path else name) not in known]
    if shared:
        raise SteppedError(
            f"layer {path!r} shares {shared[0]!r} with another part of the model, so its gradient "
            "is that of both; give it a copy of its own"
        )
    names: dict[int, str] = {}
    for name, parameter in layer.module.named_parameters(recurse=False, remove_duplicate=False):
        first = names.setdefault(id(parameter), name)
        if first != name and {first, name} <= layer.own_names():
            raise SteppedError(
                f"layer {path!r} uses one parameter as {first!r} and as {name!r}, so its gradient "
                "is that of both; give it a parameter for each"
            )
    return layer


@contextmanager
def replaced_forward(layer: Layer, forward: Callable[..., Any]) -> Iterator[None]:
    """Replace the forward of a layer within a block."""
    layer.module.forward = forward
    try:
        yield
    finally:
        del layer.module.forward

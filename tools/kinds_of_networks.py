"""A small recording of each kind of network, which no one trained."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

import torch
from torch import Tensor, nn

import rnnviz
from rnnviz.trace import Trace

_STEPS: Final = 6
_SIZES: Final = (3, 5)
_CLASSES: Final = 4


class _Network(nn.Module):
    """A recurrent layer and what follows it; ``at_end`` uses the output of the last step only."""

    def __init__(self, layer: Any, head: nn.Module | None = None, *, at_end: bool = False) -> None:
        super().__init__()
        size = getattr(layer, "proj_size", 0) or layer.hidden_size
        width = size * (2 if getattr(layer, "bidirectional", False) else 1)
        self.layer, self.at_end = layer, at_end
        self.head = head or nn.Linear(width, _CLASSES)

    def forward(self, x: Tensor) -> Any:
        states = self.layer(x)[0]
        return self.head(states[-1] if self.at_end else states)


class _Custom(nn.Module):
    """A leaky RNN: with a second state if ``memory``, and a gate for its leak if ``gated``."""

    hidden_size = _SIZES[1]

    def __init__(self, *, memory: bool = False, gated: bool = False) -> None:
        super().__init__()
        self.new, self.memory = nn.Linear(sum(_SIZES), _SIZES[1]), memory
        self.leak = nn.Linear(sum(_SIZES), _SIZES[1]) if gated else None

    def forward(self, xs: Tensor) -> tuple[Tensor, None]:
        h, kept, states = xs.new_zeros(xs.shape[1], _SIZES[1]), xs.new_zeros(1), []
        for x in xs:
            both, z = torch.cat((x, h), 1), torch.tensor(0.5)
            if self.leak is not None:
                z = rnnviz.gate(torch.sigmoid(self.leak(both)), "z")
            h = rnnviz.state(z * h + (1 - z) * torch.tanh(self.new(both) + kept), "h")
            if self.memory:
                kept = rnnviz.state(0.9 * kept + 0.1 * h, "m")
            states.append(h)
        return torch.stack(states), None


def _recorded(
    network: nn.Module, *, batch: int = 1, values: bool = False, last: bool = False, **options: Any
) -> Trace:
    x = torch.randn(_STEPS, batch, _SIZES[0])
    shape = (batch,) if last else (_STEPS, batch)
    targets = torch.randn(*shape, _CLASSES) if values else torch.randint(_CLASSES, shape)
    loss = "squared" if values else "cross-entropy"
    return rnnviz.record(network, x, targets, loss=loss, dtype="float64", **options)


def _around(layer: Callable[..., Any], **options: Any) -> Trace:
    return _recorded(_Network(layer(*_SIZES, **options)))


def _deep_head() -> nn.Module:
    return nn.Sequential(nn.Linear(_SIZES[1], 7), nn.ReLU(), nn.Linear(7, _CLASSES))


_RECORDINGS: Final[Mapping[str, Callable[[], Trace]]] = {
    "tanh-rnn": lambda: _around(nn.RNN),
    "relu-rnn": lambda: _around(nn.RNN, nonlinearity="relu"),
    "gru": lambda: _around(nn.GRU),
    "lstm": lambda: _around(nn.LSTM),
    "projected-lstm": lambda: _around(nn.LSTM, proj_size=4),
    "stacked": lambda: _around(nn.RNN, num_layers=2),
    "bidirectional": lambda: _around(nn.RNN, bidirectional=True),
    "custom": lambda: _recorded(_Network(_Custom())),
    "custom-two-states": lambda: _recorded(_Network(_Custom(memory=True))),
    "custom-gates": lambda: _recorded(_Network(_Custom(gated=True))),
    "own-output": lambda: _recorded(_Network(nn.RNN(*_SIZES), _deep_head())),
    "values": lambda: _recorded(_Network(nn.RNN(*_SIZES)), values=True),
    "last-step": lambda: _recorded(_Network(nn.RNN(*_SIZES), at_end=True), last=True),
    "losses-last": lambda: _recorded(_Network(nn.RNN(*_SIZES)), losses="last"),
    "batch": lambda: _recorded(_Network(nn.RNN(*_SIZES)), batch=3),
    "lengths": lambda: _recorded(_Network(nn.RNN(*_SIZES)), batch=2, lengths=[_STEPS, _STEPS - 2]),
    "wide": lambda: _recorded(_Network(nn.RNN(_SIZES[0], 512))),
}


@cache
def recording_of(kind: str) -> Trace:
    """Return the recording of a kind, the same each time."""
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(1)
        return _RECORDINGS[kind]()

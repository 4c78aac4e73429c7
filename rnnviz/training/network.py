"""The network of the textbook: recurrent layers and a linear output layer."""

from typing import Any, Final

import torch
from torch import Tensor, nn

from rnnviz import cells
from rnnviz.cells.rnn import Rnn
from rnnviz.errors import CellError, TrainingError
from rnnviz.recording.modules import layer_module

INITIALISATIONS: Final = ("default", "identity", "orthogonal")

State = Tensor | tuple[Tensor, Tensor]
"""The state of all layers after a step: h, or (h, c) of an LSTM."""


class Network(nn.Module):
    """h_t = tanh(U x_t + W h_{t−1} + b), o_t = V h_t + c; or with relu, or GRU or LSTM cells.

    Shapes: x (time, batch, input), hidden (layers · directions, batch, hidden), a pair of them
            for LSTM cells → output (time, batch, output), hidden as before

    The output is o_t, before any softmax: logits of a classifier, values of a regression. With
    two directions h_t are the states of both.

    Raises: TrainingError for a network that there is not
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int,
        *,
        cell: str = Rnn.name,
        nonlinearity: str = "tanh",
        layers: int = 1,
        bidirectional: bool = False,
    ):
        super().__init__()
        try:
            kind = cells.cell(cell, nonlinearity)
        except CellError as error:
            raise TrainingError(str(error)) from error
        if layers < 1:
            raise TrainingError(f"{layers} layers make no network; choose 1 or more")
        self.rnn: Any = layer_module(
            kind, input_size, hidden_size, num_layers=layers, bidirectional=bidirectional
        )
        self.fc = nn.Linear(hidden_size * (2 if bidirectional else 1), output_size)

    def forward(self, x: Tensor, hidden: State | None = None) -> tuple[Tensor, State]:
        """Run all steps of a batch of sequences."""
        states, last = self.rnn(x, hidden)
        return self.fc(states), last

    def initialise(self, how: str = "default", scale: float = 1.0) -> None:
        """Set the recurrent weights of all layers and directions, gate by gate.

        Each gate's W becomes ``scale`` times the identity or an orthogonal matrix drawn
        uniformly, or what it is ('default'); all other parameters stay. The identity is that of
        Le, Jaitly & Hinton (2015), who pair it with relu.

        Raises: TrainingError for an unknown initialisation, or a scale that is not finite
        """
        _check_choice("initialisation", how, INITIALISATIONS)
        if not abs(scale) < float("inf"):
            raise TrainingError(f"a scale of {scale} makes no weights; choose a finite number")
        for name, weight in self.rnn.named_parameters():
            if not name.startswith("weight_hh"):
                continue
            for gate in weight.detach().split(self.rnn.hidden_size):
                if how == "identity":
                    nn.init.eye_(gate)
                elif how == "orthogonal":
                    nn.init.orthogonal_(gate)
                gate.mul_(scale)


def seeded(
    seed: int,
    input_size: int,
    hidden_size: int,
    output_size: int,
    *,
    initial: str = "default",
    scale: float = 1.0,
    **kind: Any,
) -> Network:
    """A freshly initialised network that the seed and the arguments alone determine.

    ``kind`` is what ``Network`` takes; ``initial`` and ``scale`` are those of ``initialise``.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Network(input_size, hidden_size, output_size, **kind)
        network.initialise(initial, scale)
    return network


def _check_choice(what: str, given: str, known: tuple[str, ...]) -> None:
    if given not in known:
        raise TrainingError(f"there is no {what} {given!r}; choose one of {', '.join(known)}")

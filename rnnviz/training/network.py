"""The textbook network: recurrent layers and a linear output layer."""

from typing import Any, Final

import torch
from torch import Tensor, nn

from rnnviz import cells
from rnnviz.cells.rnn import Rnn
from rnnviz.errors import CellError, TrainingError
from rnnviz.recording.modules import layer_module

INITIALISATIONS: Final = ("default", "identity", "orthogonal")

CHRONO: Final = "chrono"

ForgetBias = float | str
"""The bias that forget gates start from: a number, or 'chrono'."""

State = Tensor | tuple[Tensor, Tensor]
"""The state of all layers after a step: h, or (h, c) with a cell state."""


class Network(nn.Module):
    """h_t = tanh(U x_t + W h_{t−1} + b), o_t = V h_t + c; or with relu, or another cell.

    The output is o_t, before any softmax: logits of a classifier, values of a regression. With two
    directions, h_t holds the states of both.

    Shapes: x (time, batch, input), hidden (layers · directions, batch, hidden), a pair of these
            with a cell state → output (time, batch, output), hidden alike
    Raises: TrainingError for an unknown cell or nonlinearity, or no layer
    """

    kind: cells.Cell

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
            self.kind = cells.cell(cell, nonlinearity)
        except CellError as error:
            raise TrainingError(str(error)) from error
        if layers < 1:
            raise TrainingError(f"layers must be a positive integer, got {layers}")
        self.rnn: Any = layer_module(
            self.kind, input_size, hidden_size, num_layers=layers, bidirectional=bidirectional
        )
        self.fc = nn.Linear(hidden_size * (2 if bidirectional else 1), output_size)

    def forward(self, x: Tensor, hidden: State | None = None) -> tuple[Tensor, State]:
        """Run all steps of a batch of sequences."""
        states, last = self.rnn(x, hidden)
        return self.fc(states), last

    def initialise(self, how: str = "default", scale: float = 1.0) -> None:
        """Initialise the recurrent weights of all layers and directions, gate by gate.

        Each gate's W becomes ``scale`` times the identity, a random orthogonal matrix, or PyTorch's
        own W ('default'). All other parameters stay.

        Raises: TrainingError for an unknown initialisation, or a scale that is not finite
        Source: the identity, with relu: Le, Jaitly & Hinton 2015
        """
        _check_choice("initialisation", how, INITIALISATIONS)
        if not abs(scale) < float("inf"):
            raise TrainingError(f"the scale must be finite, got {scale}")
        for name, weight in self.rnn.named_parameters():
            if not name.startswith("weight_hh"):
                continue
            for gate in weight.detach().split(self.rnn.hidden_size):
                if how == "identity":
                    nn.init.eye_(gate)
                elif how == "orthogonal":
                    nn.init.orthogonal_(gate)
                gate.mul_(scale)

    def start_forget_gates(self, bias: ForgetBias, steps: int) -> None:
        """Set the bias of the forget gates of all layers and directions before training.

        Of PyTorch's two biases, the first becomes ``bias`` and the second 0, so that their sum is
        ``bias``. 'chrono' draws b_f of each unit from ln U(1, steps − 1) and sets the input gate's
        bias to −b_f, so that units forget after 1 to ``steps`` − 1 steps; ``steps`` is the length
        of the longest sequence.

        Raises: TrainingError for a cell without a forget gate
        Source: a positive start: Gers, Schmidhuber & Cummins 2000, sec. 4; 1 for all tasks:
                Jozefowicz, Zaremba & Sutskever 2015; 'chrono': Tallec & Ollivier 2018
        """
        if not self.kind.has_forget_gate:
            known = cells.known_cells().items()
            having = [name for name, kind in known if kind().has_forget_gate]
            raise TrainingError(
                f"cell {self.kind.name!r} has no forget gate whose bias could be {bias}; leave "
                f"forget_bias out, or choose cell {' or '.join(map(repr, having))}"
            )
        for name, both in self.rnn.named_parameters():
            if not name.startswith("bias_"):
                continue
            gates = dict(
                zip(self.kind.gates, both.detach().split(self.rnn.hidden_size), strict=True)
            )
            if name.startswith("bias_hh"):
                start = torch.zeros_like(gates["f"])
            elif isinstance(bias, str):
                start = torch.empty_like(gates["f"]).uniform_(1.0, max(1.0, steps - 1.0)).log_()
            else:
                start = torch.full_like(gates["f"], bias)
            gates["f"].copy_(start)
            if bias == CHRONO and "i" in gates:
                gates["i"].copy_(-start)


def seeded(
    seed: int,
    input_size: int,
    hidden_size: int,
    output_size: int,
    *,
    initial: str = "default",
    scale: float = 1.0,
    forget_bias: ForgetBias | None = None,
    steps: int = 1,
    **kind: Any,
) -> Network:
    """Return a new network that is determined by the seed and the arguments alone.

    ``kind`` are keyword arguments of ``Network``, ``initial`` and ``scale`` of ``initialise``,
    ``forget_bias`` and ``steps`` of ``start_forget_gates``; None leaves PyTorch's start.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Network(input_size, hidden_size, output_size, **kind)
        network.initialise(initial, scale)
        if forget_bias is not None:
            network.start_forget_gates(forget_bias, steps)
    return network


def _check_choice(what: str, given: str, known: tuple[str, ...]) -> None:
    if given not in known:
        raise TrainingError(f"unknown {what} {given!r}; choose one of {', '.join(known)}")

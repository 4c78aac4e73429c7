"""A recurrent layer that runs a cell by its own equations, for cells that PyTorch lacks."""

from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from rnnviz.cells import SUFFIXES, Cell
from rnnviz.cells.base import Namespace
from rnnviz.errors import RecordingError


class _Torch:
    """PyTorch's functions, as cells use them."""

    tanh = staticmethod(torch.tanh)
    sigmoid = staticmethod(torch.sigmoid)
    relu = staticmethod(torch.relu)
    copy = staticmethod(torch.clone)

    @staticmethod
    def positive(a: Tensor) -> Tensor:
        return (a > 0).to(a.dtype)

    @staticmethod
    def by_gate(parts: list[Tensor]) -> Tensor:
        return torch.stack(parts, dim=-2)


TORCH: Final[Namespace] = _Torch()


class EquationLayer(nn.Module):
    """Stacked layers of a cell, with the arguments, parameters and results of ``nn.RNN``.

    A step is a few calls of PyTorch, so it is much slower than a fused layer. Packed sequences are
    not taken.
    """

    proj_size = 0

    def __init__(
        self,
        cell: Cell,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        *,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
    ):
        super().__init__()
        self.cell, self.input_size, self.hidden_size = cell, input_size, hidden_size
        self.num_layers, self.bias, self.batch_first = num_layers, bias, batch_first
        self.dropout, self.bidirectional = dropout, bidirectional
        rows, bound = len(cell.gates) * hidden_size, hidden_size**-0.5
        for layer in range(num_layers):
            below = input_size if layer == 0 else hidden_size * (1 + bidirectional)
            for suffix in SUFFIXES[: 1 + bidirectional]:
                shapes = {"weight_ih": (rows, below), "weight_hh": (rows, hidden_size)}
                shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)} if bias else {}  # type: ignore[dict-item]
                for kind, shape in shapes.items():
                    drawn = torch.empty(shape, device=device).uniform_(-bound, bound)
                    setattr(self, f"{kind}_l{layer}{suffix}", nn.Parameter(drawn))

    def forward(self, input: Tensor, hx: Any = None) -> tuple[Tensor, Any]:
        """Run all steps: the states of the last layer, and the last states of every layer."""
        if not isinstance(input, Tensor):
            raise RecordingError(
                f"{self.cell.title} takes no packed sequences; pass the padded batch, and lengths"
            )
        x = input.unsqueeze(1) if input.dim() == 2 else input
        x = x.transpose(0, 1) if self.batch_first and input.dim() == 3 else x
        starts = self._starts(hx, x)
        ends = []
        for layer in range(self.num_layers):
            found = [self._run(x, layer, way, starts) for way in range(1 + self.bidirectional)]
            ends += [end for _, end in found]
            x = torch.cat([states for states, _ in found], dim=-1)
            if self.dropout and layer < self.num_layers - 1:
                x = functional.dropout(x, self.dropout, self.training)
        last = [torch.stack(each) for each in zip(*ends, strict=True)]
        if input.dim() == 2:
            x, last = x[:, 0], [each[:, 0] for each in last]
        elif self.batch_first:
            x = x.transpose(0, 1)
        return x, tuple(last) if self.cell.has_cell_state else last[0]

    def _starts(self, hx: Any, x: Tensor) -> list[Tensor]:
        """The first h, and c with a cell state: (layer · direction, batch, cell) each."""
        count = 2 if self.cell.has_cell_state else 1
        shape = (self.num_layers * (1 + self.bidirectional), x.shape[1], self.hidden_size)
        if hx is None:
            return [x.new_zeros(shape)] * count
        given = hx if isinstance(hx, tuple | list) else (hx,)
        return [each.reshape(shape) for each in given]

    def _run(
        self, x: Tensor, layer: int, way: int, starts: list[Tensor]
    ) -> tuple[Tensor, list[Tensor]]:
        """The states of one layer and direction, and those it ends with."""
        cell, width = self.cell, len(self.cell.gates)
        u, w, b_u, b_w = (
            getattr(self, f"{kind}_l{layer}{SUFFIXES[way]}", None)
            for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        assert u is not None
        assert w is not None
        state = [each[layer * (1 + self.bidirectional) + way] for each in starts]
        of_inputs = functional.linear(x, u, b_u).unflatten(-1, (width, -1))
        states = [x] * len(x)
        for step in range(len(x)) if way == 0 else reversed(range(len(x))):
            of_state = functional.linear(state[0], w, b_w).unflatten(-1, (width, -1))
            preact = cell.preactivations(of_inputs[step], of_state, TORCH)
            gates = TORCH.by_gate(
                [cell.activate(preact[..., gate, :], gate, TORCH) for gate in range(width)]
            )
            squashed = None
            if cell.has_cell_state:
                kept, added = cell.kept_and_added(gates)
                state[1] = kept * state[1] + added
                squashed = torch.tanh(state[1])
            states[step] = state[0] = cell.output(gates, state[0], squashed)
        return torch.stack(states), state

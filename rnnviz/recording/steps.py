"""All steps of a layer at once, from its states: gates, cell states and derivatives.

Once every h_t is known, the pre-activations of all steps are one batched product, and cell states
are a scan over time. The equations are those of ``rnnviz.cells``.
"""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional

from rnnviz.cells import Cell
from rnnviz.recording.equation_layer import TORCH
from rnnviz.recording.layers import Weights


@dataclass(frozen=True)
class Steps:
    """One layer in one direction, over all steps.

    Shapes: x (time, batch, features), before and h (time, batch, hidden), preact and gates
            (time, batch, gate, cell), c_before and c (time, batch, cell), mask (time, batch, 1),
            of_state (time, batch, gate, cell): W h_prev + b, where the derivatives need it
    """

    cell: Cell
    direction: int
    weights: Weights
    mask: Tensor | None
    x: Tensor
    before: Tensor
    h: Tensor
    preact: Tensor
    gates: Tensor
    c_before: Tensor | None = None
    c: Tensor | None = None
    of_state: Tensor | None = None

    @cached_property
    def slopes(self) -> Tensor:
        """The derivative of each gate's nonlinearity: (time, batch, gate, cell)."""
        return self.masked(self.cell.slopes(self.gates, TORCH))

    @property
    def sources(self) -> tuple[slice, ...]:
        """The gates through which a gradient goes back, for each state at which it arrives."""
        return self.cell.sources

    @cached_property
    def by_input(self) -> Tensor:
        """∂source/∂a through the input's share of each pre-activation a: (time, batch, gate, cell).

        c_prev is held fixed, and c for what goes through the gates of the output.
        """
        made: Tensor = self.cell.by_input(self, self.slopes, TORCH)
        return made

    @cached_property
    def by_state(self) -> Tensor:
        """∂source/∂a through the state's share of each pre-activation a."""
        made: Tensor = self.cell.by_state(self, self.by_input, TORCH)
        return made

    @property
    def kept(self) -> Tensor | None:
        """∂h/∂h_prev past all gates, or ∂c/∂c_prev with a cell state: (time, batch, cell)."""
        made: Tensor | None = self.cell.kept(self.gates)
        return made

    @cached_property
    def squashed(self) -> Tensor:
        """tanh c: (time, batch, cell)."""
        assert self.c is not None
        return torch.tanh(self.c)

    @cached_property
    def output_by_cell_state(self) -> Tensor:
        """∂h/∂c before any projection: (time, batch, cell)."""
        made: Tensor = self.cell.output_by_cell_state(self.gates, self.squashed)
        return made

    def state_share(self, gate: int) -> Tensor:
        """W_g h_prev + b'_g of a gate whose derivatives need it: (time, batch, cell)."""
        assert self.of_state is not None
        return self.of_state[:, :, gate]

    def masked(self, values: Tensor) -> Tensor:
        """Return values (time, batch, …), zero at steps that do not exist."""
        if self.mask is None:
            return values
        return values * self.mask.reshape(*self.mask.shape[:2], *[1] * (values.dim() - 2))


def steps_of(
    cell: Cell,
    direction: int,
    weights: Weights,
    mask: Tensor | None,
    x: Tensor,
    h: Tensor,
    h0: Tensor,
    c0: Tensor | None,
) -> tuple[Steps, Tensor]:
    """Compute all steps from the states that a layer went through, and the states from the gates.

    Shapes: x (time, batch, features), h (time, batch, hidden), h0 (batch, hidden), c0 (batch,
            cell), mask (time, batch, 1) → steps, states (time, batch, hidden)
    """
    before = _shifted(h, h0, direction, mask)
    shape = (*x.shape[:2], len(cell.gates), -1)
    of_input = functional.linear(x, weights.weight_ih, weights.bias_ih).view(shape)
    of_state = functional.linear(before, weights.weight_hh, weights.bias_hh).view(shape)
    preact = cell.preactivations(of_input, of_state, TORCH)
    gates, c_before, c, squashed = cell.activate_all(preact, TORCH), None, None, None
    if cell.has_cell_state:
        assert c0 is not None
        c = _scan(*cell.kept_and_added(gates), c0, direction, mask)
        c_before, squashed = _shifted(c, c0, direction, mask), torch.tanh(c)
    again = cell.output(gates, before, squashed)
    if weights.weight_hr is not None:
        again = functional.linear(again, weights.weight_hr)
    if not cell.gated:
        gates = h.unsqueeze(2)
    if mask is not None:
        preact, gates = (each * mask.unsqueeze(-1) for each in (preact, gates))
        again = again * mask
    needed = of_state if cell.shared_gates else None
    steps = Steps(cell, direction, weights, mask, x, before, h, preact, gates, c_before, c, needed)
    return steps, again


def _shifted(states: Tensor, start: Tensor, direction: int, mask: Tensor | None) -> Tensor:
    """Return the state before each step, in the layer's direction."""
    if direction == 0:
        before = torch.cat([start[None], states[:-1]])
        return before if mask is None else before * mask
    before = torch.cat([states[1:], start[None]])
    if mask is None:
        return before
    follows = torch.cat([mask[1:], torch.zeros_like(mask[:1])])
    return torch.where(follows, before, start) * mask


def _scan(
    kept: Tensor, added: Tensor, start: Tensor, direction: int, mask: Tensor | None
) -> Tensor:
    """Return c = kept · c_prev + added, along a direction: (time, batch, cell)."""
    states = torch.empty_like(added)
    order = range(len(added)) if direction == 0 else range(len(added) - 1, -1, -1)
    state = start
    for t in order:
        here = torch.addcmul(added[t], kept[t], state, out=states[t])
        state = here if mask is None else torch.where(mask[t], here, start)
    return states if mask is None else states * mask

"""All steps of a layer at once, from its states: gates, cell states, and what each gate passes on.

Once every h_t is known, the pre-activations of all steps are one batched product; the cell states
of an LSTM are a scan along them.

Source: the equations in the documentation of ``torch.nn.RNN``, ``GRU`` and ``LSTM``
"""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional

from rnnviz.cells import GATES
from rnnviz.recording.layers import Weights


@dataclass(frozen=True)
class Steps:
    """One layer in one direction, over all steps.

    Shapes: x (time, batch, features), before and h (time, batch, hidden), preact and gates
            (time, batch, gate, cell), c_before and c (time, batch, cell), mask (time, batch, 1),
            reset (time, batch, cell): W_n h_prev + b_n of a GRU
    """

    cell: str
    nonlinearity: str
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
    reset: Tensor | None = None

    @cached_property
    def slopes(self) -> Tensor:
        """The derivative of each gate's nonlinearity: (time, batch, gate, cell)."""
        gates = self.gates
        if self.cell == "rnn":
            slope = gates > 0 if self.nonlinearity == "relu" else (1 - gates) * (1 + gates)
            return self.masked(slope.to(gates.dtype))
        slope = gates * (1 - gates)
        slope[:, :, 2] = (1 - gates[:, :, 2]) * (1 + gates[:, :, 2])
        return self.masked(slope)

    @property
    def sources(self) -> tuple[slice, ...]:
        """The gates through which a gradient goes back, for each state at which it arrives.

        That is h; of an LSTM c, through i, f and g, and then h, through o.
        """
        if self.cell == "lstm":
            return slice(0, 3), slice(3, 4)
        return (slice(0, self.gates.shape[2]),)

    @cached_property
    def by_input(self) -> Tensor:
        """∂source/∂a through the input's share of each pre-activation a: (time, batch, gate, cell).

        Of an LSTM, c_prev is held fixed, and c for what goes through o.
        """
        slope = self.slopes
        if self.cell == "rnn":
            return slope
        if self.cell == "lstm":
            assert self.c_before is not None
            i, _, g, _ = self.gates.unbind(2)
            return slope * torch.stack([g, self.c_before, i, self.squashed], dim=2)
        assert self.reset is not None
        _, z, n = self.gates.unbind(2)
        to_n = (1 - z) * slope[:, :, 2]
        to_r = to_n * self.reset * slope[:, :, 0]
        return torch.stack([to_r, (self.before - n) * slope[:, :, 1], to_n], dim=2)

    @cached_property
    def by_state(self) -> Tensor:
        """∂source/∂a through the state's share of each pre-activation a."""
        if self.cell != "gru":
            return self.by_input
        passed = self.by_input.clone()
        passed[:, :, 2] *= self.gates[:, :, 0]
        return passed

    @property
    def straight(self) -> Tensor | None:
        """∂h/∂h_prev past all gates of a GRU, which is z: (time, batch, cell)."""
        return self.gates[:, :, 1] if self.cell == "gru" else None

    @cached_property
    def squashed(self) -> Tensor:
        """tanh c of an LSTM: (time, batch, cell)."""
        assert self.c is not None
        return torch.tanh(self.c)

    @cached_property
    def output_by_cell(self) -> Tensor:
        """∂(o tanh c)/∂c of an LSTM: (time, batch, cell)."""
        return self.gates[:, :, 3] * (1 - self.squashed) * (1 + self.squashed)

    def masked(self, values: Tensor) -> Tensor:
        """Values (time, batch, …), zero at steps that do not exist."""
        if self.mask is None:
            return values
        return values * self.mask.reshape(*self.mask.shape[:2], *[1] * (values.dim() - 2))


def steps_of(
    cell: str,
    nonlinearity: str,
    direction: int,
    weights: Weights,
    mask: Tensor | None,
    x: Tensor,
    h: Tensor,
    h0: Tensor,
    c0: Tensor | None,
) -> tuple[Steps, Tensor]:
    """All steps from the states that a layer went through; and the states again, from the gates.

    Shapes: x (time, batch, features), h (time, batch, hidden), h0 (batch, hidden), c0 (batch,
            cell), mask (time, batch, 1) → steps, states (time, batch, hidden)
    """
    before = _shifted(h, h0, direction, mask)
    from_input = functional.linear(x, weights.weight_ih, weights.bias_ih)
    from_state = functional.linear(before, weights.weight_hh, weights.bias_hh)
    shape = (*x.shape[:2], len(GATES[cell]), -1)
    made, c_before, c, reset = from_input + from_state, None, None, None
    preact = made.view(shape)
    if cell == "rnn":
        again = (torch.relu(preact) if nonlinearity == "relu" else torch.tanh(preact))[:, :, 0]
        gates = h.unsqueeze(2)
    elif cell == "gru":
        reset = from_state.view(shape)[:, :, 2]
        r = torch.sigmoid(preact[:, :, 0])
        preact[:, :, 2] = from_input.view(shape)[:, :, 2] + r * reset
        gates = torch.sigmoid(preact)
        gates[:, :, 2] = torch.tanh(preact[:, :, 2])
        _, z, n = gates.unbind(2)
        again = (1 - z) * n + z * before
    else:
        assert c0 is not None
        gates = torch.sigmoid(preact)
        gates[:, :, 2] = torch.tanh(preact[:, :, 2])
        i, f, g, o = gates.unbind(2)
        c = _scan(f, i * g, c0, direction, mask)
        c_before = _shifted(c, c0, direction, mask)
        again = o * torch.tanh(c)
        if weights.weight_hr is not None:
            again = functional.linear(again, weights.weight_hr)
    if mask is not None:
        preact, gates = (each * mask.unsqueeze(-1) for each in (preact, gates))
        again = again * mask
    steps = Steps(
        cell,
        nonlinearity,
        direction,
        weights,
        mask,
        x,
        before,
        h,
        preact,
        gates,
        c_before,
        c,
        reset,
    )
    return steps, again


def _shifted(states: Tensor, start: Tensor, direction: int, mask: Tensor | None) -> Tensor:
    """What each step starts from: the state before it, in the layer's direction."""
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
    """c = kept · c_prev + added, along a direction: (time, batch, cell)."""
    states = torch.empty_like(added)
    order = range(len(added)) if direction == 0 else range(len(added) - 1, -1, -1)
    state = start
    for t in order:
        here = torch.addcmul(added[t], kept[t], state, out=states[t])
        state = here if mask is None else torch.where(mask[t], here, start)
    return states if mask is None else states * mask

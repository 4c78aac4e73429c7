"""The gradients of many losses at once, swept back through time.

One step back is the same linear map for every loss: δ_prev = Wᵀ (what each gate passes on · δ).
A table of T losses over T steps is therefore T matrix products, not T backward passes. The steps
are worked on in blocks that lie together in memory, time first; the tables, which have the losses
first, are touched once a block.

A gradient so small that sums of its terms lose digits to underflow (below the smallest normal
number over the unit roundoff: 1e-31 in float32, 1e-292 in float64) goes no further back. It would
soon be denormal, which has no precision left and takes a hundred times as long to work with.

Source: Werbos 1990, "Backpropagation through time", for all losses together
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import torch
from torch import Tensor

from rnnviz.recording.steps import Steps

_BLOCK: Final = 16
_TOGETHER: Final = 2**18
"""So many numbers at the gates are multiplied by the input weights at once."""
_LOOKS: Final = 8
"""After so many steps it is looked which gradients have all but vanished."""

Rows = Callable[[int], slice]
"""From a step to the losses that reach it: a slice of the tables' rows."""


class DirectParts(Protocol):
    """Where the direct parts of the losses come from."""

    def add(self, target: Tensor, rows: slice, layer: int, direction: int, first: int) -> None:
        """Add those at ∂h of the steps from ``first`` on to (time, rows, batch, hidden)."""

    def of_cells(
        self, rows: slice, layer: int, direction: int, first: int, like: Tensor
    ) -> Tensor | None:
        """Those at ∂c of the steps from ``first`` on, (time, rows, batch, cell), if there are."""


@dataclass
class Tables:
    """What a sweep fills: ∂L_t/∂h_k of every layer and direction, and ∂L_t/∂x_k.

    Shapes: h (loss, layer, direction, time, batch, hidden), x (loss, time, batch, input), zero at
            first; last_at_gates, by layer and direction, the gradients (time, batch, gate · cell)
            of the last row at the input's and at the state's share of the pre-activations
    """

    h: Tensor
    x: Tensor
    last_at_gates: dict[tuple[int, int], tuple[Tensor, Tensor]] = field(default_factory=dict)


def sweep(
    steps: Sequence[Sequence[Steps]],
    tables: Tables,
    direct: DirectParts,
    rows: tuple[Rows, ...],
    dropout: Sequence[Tensor],
) -> None:
    """Fill tables with the gradients of losses, from their direct parts, through all layers.

    ``rows`` gives, for each direction, the losses that reach a step of the top layer; they are
    consecutive, and more the further back the step is. The layers below are reached by the same
    if there is one direction, by all otherwise.
    """
    top = len(steps) - 1
    for layer in range(top, -1, -1):
        below = tables.x.unsqueeze(-2) if layer == 0 else tables.h[:, layer - 1].movedim(1, -2)
        factors = dropout[layer - 1] if layer > 0 and dropout else None
        for direction, one in enumerate(steps[layer]):
            reach = _all if layer < top and len(steps[layer]) == 2 else rows[direction]
            table = tables.h[:, layer, direction]
            place = (layer, direction)
            passing = _Pass(one, table, direct, place, reach, layer == top, below, factors)
            tables.last_at_gates[place] = passing.run()


def _all(step: int) -> slice:
    return slice(None)


@dataclass(frozen=True)
class _Pass:
    """One layer in one direction. What entered it, (loss, time, batch, part, ·), gets a gradient.

    A ``fresh`` table holds nothing yet; another holds what came from the layer above.
    """

    steps: Steps
    table: Tensor
    direct: DirectParts
    place: tuple[int, int]
    reach: Rows
    fresh: bool
    entered: Tensor
    dropout: Tensor | None

    def run(self) -> tuple[Tensor, Tensor]:
        """All blocks of steps, in the order in which gradients go back.

        Returns what ``Tables.last_at_gates`` keeps.
        """
        losses, count, batch = self.table.shape[:3]
        width = self.steps.gates.shape[2] * self.steps.gates.shape[3]
        widths = (self.table.shape[3], width, self.steps.x.shape[2])
        buffers = [self.table.new_empty(_BLOCK * losses * batch * each) for each in widths]
        arriving = self.table.new_zeros(losses, batch, self.table.shape[3])
        last = tuple(self.table.new_empty(count, batch, width) for _ in range(2))
        backward = self.direction == 0
        back = _BACK[self.steps.cell](self.steps, losses)
        starts = range(0, count, _BLOCK)
        for first in reversed(starts) if backward else starts:
            block = range(first, min(first + _BLOCK, count))
            way = block[::-1] if backward else block
            rows = slice(*self.reach(way[-1]).indices(losses))
            size = (len(block), rows.stop - rows.start, batch)
            found, gates, into = (
                buffer[: math.prod(size) * each].view(*size, each)
                for buffer, each in zip(buffers, widths, strict=True)
            )
            if self.fresh:
                found.zero_()
            else:
                found.copy_(self.table[rows, first : block.stop].transpose(0, 1))
            self.direct.add(found, rows, *self.place, first)
            at_cells = self.direct.of_cells(rows, *self.place, first, found)
            found[way[0] - first] += arriving[rows]
            flat = found.flatten(1, 2)
            for k in way:
                among = slice(*self.reach(k).indices(losses))
                local = slice(among.start - rows.start, among.stop - rows.start)
                j = k - first
                delta, at_gate = found[j][local], gates[j][local]
                gates[j][: local.start].zero_()
                gates[j][local.stop :].zero_()
                if k % _LOOKS == 0:
                    delta = _without_underflow(delta)
                by_cells = None if at_cells is None else at_cells[j][local]
                by_state, straight = back(delta, by_cells, at_gate, among, k)
                last[0][k], last[1][k] = at_gate[-1], by_state[-1]
                previous = k - 1 if backward else k + 1
                if k == way[-1]:
                    arriving.zero_()
                    target = arriving[among].flatten(0, 1)
                else:
                    target = flat[previous - first][local.start * batch : local.stop * batch]
                self._go_back(target, by_state.flatten(0, 1), straight, previous)
            self.table[rows, first : block.stop] = found.transpose(0, 1)
            self._enter(gates, into, rows, first)
        return last[0], last[1]

    @property
    def direction(self) -> int:
        """0 forward, 1 in reverse."""
        return self.place[1]

    def _go_back(
        self, target: Tensor, by_state: Tensor, straight: Tensor | None, previous: int
    ) -> None:
        """The gradient (rows · batch, hidden) at the state before, which may not exist."""
        target.addmm_(by_state, self.steps.weights.weight_hh)
        if straight is not None:
            target += straight.flatten(0, 1)
        mask = self.steps.mask
        if self.direction == 1 and mask is not None and previous < len(mask):
            target.view(-1, *mask.shape[1:2], target.shape[-1]).mul_(mask[previous])

    def _enter(self, gates: Tensor, into: Tensor, rows: slice, first: int) -> None:
        """A block's gradients at what entered the layer, added to where it came from."""
        together = max(1, _TOGETHER // max(gates[0].numel(), 1))
        for start in range(0, len(gates), together):
            some = slice(start, start + together)
            torch.mm(
                gates[some].flatten(0, 2),
                self.steps.weights.weight_ih,
                out=into[some].flatten(0, 2),
            )
        if self.dropout is not None:
            into *= self.dropout[first : first + len(gates)].unsqueeze(1)
        target = self.entered[rows, first : first + len(gates)]
        made = into.transpose(0, 1).view(target.shape)
        if self.direction == 0:
            target.copy_(made)
        else:
            target += made


Back = Callable[[Tensor, Tensor | None, Tensor, slice, int], tuple[Tensor, Tensor | None]]
"""From δ (loss, batch, hidden), the direct part at c, their rows and their step: fills the
gradients (loss, batch, gate · cell) at the input's share of the pre-activations, and gives those
at the state's share, and what goes straight to the state before (loss, batch, hidden).
"""


def _back_rnn(steps: Steps, losses: int) -> Back:
    slopes = steps.slopes[:, :, 0].unbind(0)

    def back(
        delta: Tensor, at_c: Tensor | None, at_gate: Tensor, rows: slice, k: int
    ) -> tuple[Tensor, Tensor | None]:
        torch.mul(delta, slopes[k], out=at_gate)
        return at_gate, None

    return back


def _back_gru(steps: Steps, losses: int) -> Back:
    by_input, by_state = steps.by_input.unbind(0), steps.by_state.unbind(0)
    z = steps.gates[:, :, 1].unbind(0)
    shape = by_input[0].shape[1:]

    def back(
        delta: Tensor, at_c: Tensor | None, at_gate: Tensor, rows: slice, k: int
    ) -> tuple[Tensor, Tensor | None]:
        wide = delta.unsqueeze(2)
        torch.mul(wide, by_input[k], out=at_gate.view(*at_gate.shape[:2], *shape))
        return (wide * by_state[k]).flatten(2), delta * z[k]

    return back


def _back_lstm(steps: Steps, losses: int) -> Back:
    through, by_o = steps.cell_by_gate.unbind(0), steps.output_by_o.unbind(0)
    by_cell, forget = steps.output_by_cell.unbind(0), steps.gates[:, :, 1].unbind(0)
    weight_hr = steps.weights.weight_hr
    carry = by_cell[0].new_zeros(losses, *by_cell[0].shape)
    shape = through[0].shape[1:]

    def back(
        delta: Tensor, at_c: Tensor | None, at_gate: Tensor, rows: slice, k: int
    ) -> tuple[Tensor, Tensor | None]:
        if weight_hr is not None:
            delta = delta @ weight_hr
        carried = carry[rows]
        at_cell = torch.addcmul(carried, delta, by_cell[k])
        if k % _LOOKS == 0:
            at_cell = _without_underflow(at_cell)
        if at_c is not None:
            at_cell += at_c
        each = at_gate.view(*at_gate.shape[:2], *shape)
        torch.mul(at_cell.unsqueeze(2), through[k], out=each)
        torch.mul(delta, by_o[k], out=each[:, :, 3])
        torch.mul(at_cell, forget[k], out=carried)
        return at_gate, None

    return back


_BACK: Final = {"rnn": _back_rnn, "gru": _back_gru, "lstm": _back_lstm}


def _without_underflow(gradients: Tensor) -> Tensor:
    """Gradients (loss, batch, ·) without those of the losses that have all but vanished."""
    about = torch.finfo(gradients.dtype)
    sizes = gradients.abs().amax(dim=(1, 2), keepdim=True)
    return gradients * (sizes >= about.tiny / about.eps)

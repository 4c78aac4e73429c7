"""Backpropagation through time for many losses at once.

One step back is the same linear map for every loss: δ_prev = Wᵀ diag(∂h/∂a) δ. So a table of T
losses over T steps takes T matrix products, not T backward passes. Steps are processed in blocks
that are contiguous in memory, time first; the tables, with the losses first, are accessed once a
block.

A gradient that has vanished, by ``precision.vanished``, goes no further back. It would soon be
denormal, without precision and a hundred times slower to compute with.

Source: Werbos 1990, "Backpropagation through time", for all losses together
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import torch
from torch import Tensor

from rnnviz.recording.backward_step import BackwardStep, choose_backward_step
from rnnviz.recording.steps import Steps
from rnnviz.trace.precision import vanished

_CHECK_EVERY: Final = 16
"""Check for vanished gradients every this many steps."""

Rows = Callable[[int], slice]
"""From a step to the losses that reach it, a slice of the rows of the tables."""


class ImmediateSource(Protocol):
    """The immediate gradients of losses, by row of the tables."""

    def add(self, target: Tensor, rows: slice, layer: int, direction: int, first: int) -> None:
        """Add those at ∂h of the steps from ``first`` on to (time, batch, rows, hidden)."""

    def of_cells(
        self, rows: slice, layer: int, direction: int, first: int, like: Tensor
    ) -> Tensor | None:
        """Those at ∂c of the steps from ``first`` on, (time, batch, rows, cell), if any."""


@dataclass
class Tables:
    """The results: ∂L_t/∂h_k of every layer and direction, and ∂L_t/∂x_k.

    Shapes: h (loss, layer, direction, time, batch, hidden), x (loss, time, batch, input), zero at
            first; last_at_gates, by layer and direction, the gradients (time, batch, gate · cell)
            of the last row at the input's and at the state's share of the pre-activations
    """

    h: Tensor
    x: Tensor
    last_at_gates: dict[tuple[int, int], tuple[Tensor, Tensor]] = field(default_factory=dict)


def bptt(
    steps: Sequence[Sequence[Steps]],
    tables: Tables,
    source: ImmediateSource,
    rows: tuple[Rows, ...],
    dropout: Sequence[Tensor],
) -> None:
    """Fill tables with the gradients of losses, from their immediate gradients, in all layers.

    ``rows`` gives, for each direction, the losses that reach a step of the top layer: consecutive
    rows, and more of them the further back the step is. The layers below are reached by the same
    losses if there is one direction, otherwise by all.
    """
    top = len(steps) - 1
    for layer in range(top, -1, -1):
        below = tables.x.unsqueeze(-2) if layer == 0 else tables.h[:, layer - 1].movedim(1, -2)
        factors = dropout[layer - 1] if layer > 0 and dropout else None
        for direction, one in enumerate(steps[layer]):
            reach = _all if layer < top and len(steps[layer]) == 2 else rows[direction]
            table = tables.h[:, layer, direction]
            place = (layer, direction)
            passing = _Pass(one, table, source, place, reach, layer == top, below, factors)
            tables.last_at_gates[place] = passing.run()


def _all(step: int) -> slice:
    return slice(None)


@dataclass(frozen=True)
class _Pass:
    """The pass through one layer in one direction.

    ``entered`` (loss, time, batch, part, ·) receives the gradients at the layer's input. A
    ``fresh`` table is empty; otherwise it holds the gradients from the layer above.
    """

    steps: Steps
    table: Tensor
    source: ImmediateSource
    place: tuple[int, int]
    reach: Rows
    fresh: bool
    entered: Tensor
    dropout: Tensor | None

    def run(self) -> tuple[Tensor, Tensor]:
        """Process all blocks of steps, from the loss back; return an entry of ``last_at_gates``."""
        losses, count, batch, hidden = self.table.shape
        passing, length = choose_backward_step(self.steps, losses)
        cells = _CellStates(self.steps, losses, length) if self.steps.c is not None else None
        found_room, into_room = (
            self.table.new_empty(length * batch * losses * each)
            for each in (hidden, self.steps.x.shape[2])
        )
        arriving = self.table.new_zeros(batch, losses, hidden)
        last = [
            self.table.new_empty(count, batch, self.steps.gates.shape[3])
            for _ in self.steps.sources
        ]
        backward = self.direction == 0
        starts = range(0, count, length)
        for first in reversed(starts) if backward else starts:
            block = range(first, min(first + length, count))
            steps = slice(first, block.stop)
            way = block[::-1] if backward else block
            rows, fewest = (slice(*self.reach(k).indices(losses)) for k in (way[-1], way[0]))
            size = (len(block), batch, rows.stop - rows.start)
            found, into = (
                room[: math.prod(size) * each].view(*size, each)
                for room, each in ((found_room, hidden), (into_room, self.steps.x.shape[2]))
            )
            if self.fresh:
                found.zero_()
            else:
                found.copy_(self.table[rows, steps].permute(1, 2, 0, 3))
            self.source.add(found, rows, *self.place, first)
            found[way[0] - first] += arriving[:, rows]
            passing.at(first, block.stop)
            if cells is not None:
                at_cells = self.source.of_cells(rows, *self.place, first, found)
                cells.at(size, fewest.start - rows.start, at_cells)
            for k in way:
                among = slice(*self.reach(k).indices(losses))
                local = slice(among.start - rows.start, among.stop - rows.start)
                j = k - first
                delta = found[j][:, local]
                if k % _CHECK_EVERY == 0:
                    delta = without_vanished(delta)
                sources = (delta,) if cells is None else cells.arrive(delta, among, local, j, k)
                if k == way[-1]:
                    arriving.zero_()
                    target = arriving[:, among]
                else:
                    target = found[j - 1 if backward else j + 1][:, local]
                passing.to_state(sources, j, target)
                self._mask(target, k - 1 if backward else k + 1)
            self.table[rows, steps] = found.permute(2, 0, 1, 3)
            sources = (found,) if cells is None else cells.of_block(found)
            for kept, source in zip(last, sources, strict=True):
                kept[steps] = source[:, :, -1]
            self._enter(passing, sources, into, rows, steps)
        return self._at_gates(last, self.steps.by_input), self._at_gates(last, self.steps.by_state)

    @property
    def direction(self) -> int:
        """0 forward, 1 in reverse."""
        return self.place[1]

    def _mask(self, target: Tensor, previous: int) -> None:
        """Set the gradient (batch, loss, hidden) to zero at a state that does not exist."""
        mask = self.steps.mask
        if self.direction == 1 and mask is not None and previous < len(mask):
            target *= mask[previous].unsqueeze(1)

    def _enter(
        self,
        passing: BackwardStep,
        sources: tuple[Tensor, ...],
        into: Tensor,
        rows: slice,
        steps: slice,
    ) -> None:
        """Add a block's gradients at the layer's input to the layers below, or to x."""
        passing.to_input(sources, into)
        if self.dropout is not None:
            into *= self.dropout[steps].unsqueeze(2)
        target = self.entered[rows, steps]
        made = into.permute(2, 0, 1, 3).reshape(target.shape)
        if self.direction == 0:
            target.copy_(made)
        else:
            target += made

    def _at_gates(self, sources: list[Tensor], by: Tensor) -> Tensor:
        """Return gradients at the gates (time, batch, gate · cell), from those at the sources."""
        parts = [
            source.unsqueeze(2) * by[:, :, gates]
            for source, gates in zip(sources, self.steps.sources, strict=True)
        ]
        return torch.cat(parts, dim=2).flatten(2)


class _CellStates:
    """The gradients at cell states c, which also go from step to step past all gates."""

    def __init__(self, steps: Steps, losses: int, length: int):
        batch, cells = steps.gates.shape[1], steps.gates.shape[3]
        self.weight_hr = steps.weights.weight_hr
        assert steps.kept is not None
        self.by_cell = steps.output_by_cell_state.unsqueeze(2).unbind(0)
        self.forget = steps.kept.unsqueeze(2).unbind(0)
        self.carry = steps.gates.new_zeros(batch, losses, cells)
        self.room = self.carry.new_empty(length * batch * losses * cells)
        self.found = self.carry
        self.immediate: Tensor | None = None

    def at(self, size: tuple[int, int, int], unreached: int, immediate: Tensor | None) -> None:
        """Select a block of a size (time, batch, loss).

        Its first losses are unreached at some steps. ``immediate`` are the immediate gradients at
        its cell states.
        """
        cells = self.carry.shape[-1]
        self.found = self.room[: math.prod(size) * cells].view(*size, cells)
        self.found[:, :, :unreached] = 0
        self.immediate = immediate

    def arrive(
        self, delta: Tensor, among: slice, local: slice, step: int, k: int
    ) -> tuple[Tensor, Tensor]:
        """Return the gradients at c and at h before projection; carry those at c on."""
        if self.weight_hr is not None:
            delta = delta @ self.weight_hr
        carried = self.carry[:, among]
        if k % _CHECK_EVERY == 0:
            carried.copy_(without_vanished(carried))
        found = self.found[step][:, local]
        torch.addcmul(carried, delta, self.by_cell[k], out=found)
        if self.immediate is not None:
            found += self.immediate[step][:, local]
        torch.mul(found, self.forget[k], out=carried)
        return found, delta

    def of_block(self, at_h: Tensor) -> tuple[Tensor, Tensor]:
        """Return the gradients at c and at h before projection of all steps."""
        return self.found, at_h if self.weight_hr is None else at_h @ self.weight_hr


def without_vanished(gradients: Tensor) -> Tensor:
    """Return gradients (batch, loss, ·), with those that have vanished set to zero."""
    sizes = gradients.abs().amax(dim=(0, 2), keepdim=True)
    return gradients * (sizes >= vanished(str(gradients.dtype).removeprefix("torch.")))

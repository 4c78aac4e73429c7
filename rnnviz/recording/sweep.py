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

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import torch
from torch import Tensor

from rnnviz.recording.steps import Steps

_BLOCK: Final = 16
_LOOKS: Final = 8
"""After so many steps it is looked which gradients have all but vanished."""

Rows = Callable[[int], slice]
"""From a step to the losses that reach it: a slice of the tables' rows."""


class DirectParts(Protocol):
    """Where the direct parts of the losses come from."""

    def add(self, target: Tensor, rows: slice, layer: int, direction: int, step: int) -> None:
        """Add those at ∂h of a step to its gradients (rows, batch, hidden)."""

    def add_to_cell(
        self, target: Tensor, rows: slice, layer: int, direction: int, step: int
    ) -> None:
        """Add those at ∂c of a step to its gradients (rows, batch, cell)."""


@dataclass
class Tables:
    """What a sweep fills: ∂L_t/∂h_k of every layer and direction, and ∂L_t/∂x_k if wanted.

    Shapes: h (loss, layer, direction, time, batch, hidden), x (loss, time, batch, input), zero at
            first; at_gates, by layer and direction, the gradients (loss, time, batch, gate · cell)
            at the input's and the state's share of the pre-activations
    """

    h: Tensor
    x: Tensor | None = None
    at_gates: dict[tuple[int, int], tuple[Tensor, Tensor]] = field(default_factory=dict)


def sweep(
    steps: Sequence[Sequence[Steps]],
    tables: Tables,
    direct: DirectParts,
    rows: tuple[Rows, ...],
    dropout: Sequence[Tensor],
    *,
    keep: bool = False,
) -> None:
    """Fill tables with the gradients of losses, from their direct parts, through all layers.

    ``rows`` gives, for each direction, the losses that reach a step of the top layer; they are
    consecutive, and more the further back the step is. The layers below are reached by the same
    if there is one direction, by all otherwise. With ``keep``, the gradients at the
    pre-activations of all steps are kept in the tables.
    """
    top = len(steps) - 1
    for layer in range(top, -1, -1):
        for direction, one in enumerate(steps[layer]):
            reach = _all if layer < top and len(steps[layer]) == 2 else rows[direction]
            entering = None
            if layer > 0:
                entering = tables.h[:, layer - 1].movedim(1, -2)
            elif tables.x is not None:
                entering = tables.x.unsqueeze(-2)
            factors = dropout[layer - 1] if layer > 0 and dropout else None
            _Pass(
                one, tables, direct, layer, direction, reach, layer == top, entering, factors
            ).run(keep)


def _all(step: int) -> slice:
    return slice(None)


@dataclass(frozen=True)
class _Pass:
    """One layer in one direction. What enters it, (loss, time, batch, part, ·), gets a gradient."""

    steps: Steps
    tables: Tables
    direct: DirectParts
    layer: int
    direction: int
    reach: Rows
    fresh: bool
    entering: Tensor | None
    dropout: Tensor | None

    def run(self, keep: bool) -> None:
        """All blocks of steps, in the order in which gradients go back."""
        table = self.tables.h[:, self.layer, self.direction]
        losses, count = table.shape[:2]
        back = _BACK[self.steps.cell](self, losses)
        here = table.new_empty(_BLOCK, losses, *table.shape[2:])
        arriving = torch.zeros_like(here[0])
        below = None
        if self.entering is not None:
            features = self.steps.x.shape[-1]
            below = table.new_empty(_BLOCK, losses, table.shape[2], features)
        kept: tuple[list[Tensor], list[Tensor]] = ([], [])
        starts = range(0, count, _BLOCK)
        for first in reversed(starts) if self.direction == 0 else starts:
            block = range(first, min(first + _BLOCK, count))
            way = block[::-1] if self.direction == 0 else block
            rows = slice(*self.reach(way[-1]).indices(losses))
            found = here[: len(block), : rows.stop - rows.start]
            if self.fresh:
                found.zero_()
            else:
                found.copy_(table[rows, first : block.stop].transpose(0, 1))
            found[way[0] - first] += arriving[rows]
            entered = (
                None if below is None else below[: len(block), : rows.stop - rows.start].zero_()
            )
            for k in way:
                among = slice(*self.reach(k).indices(losses))
                local = slice(among.start - rows.start, among.stop - rows.start)
                delta = found[k - first][local]
                self.direct.add(delta, among, self.layer, self.direction, k)
                passing = _without_underflow(delta) if k % _LOOKS == 0 else delta
                by_input, by_state, straight = back(passing, among, k)
                if keep:
                    kept[0].append(by_input)
                    kept[1].append(by_state)
                if entered is not None:
                    self._enter(entered[k - first][local], by_input, k)
                inside = k != way[-1]
                previous = k - 1 if self.direction == 0 else k + 1
                target = found[previous - first][local] if inside else arriving.zero_()[among]
                self._go_back(target, by_state, straight, previous)
            table[rows, first : block.stop] = found.transpose(0, 1)
            if entered is not None:
                self._leave(entered, rows, first, block.stop)
        if keep:
            order = slice(None, None, -1) if self.direction == 0 else slice(None)
            by_input, by_state = (torch.stack(each[order], dim=1) for each in kept)
            self.tables.at_gates[self.layer, self.direction] = by_input, by_state

    def _enter(self, target: Tensor, by_input: Tensor, k: int) -> None:
        """The gradient at what entered the layer at a step."""
        _add_product(target, by_input, self.steps.weights.weight_ih)
        if self.dropout is not None:
            target *= self.dropout[k]

    def _go_back(
        self, target: Tensor, by_state: Tensor, straight: Tensor | None, previous: int
    ) -> None:
        """The gradient at the state before, which in reverse may not exist."""
        _add_product(target, by_state, self.steps.weights.weight_hh)
        if straight is not None:
            target += straight
        if self.direction == 1 and self.steps.mask is not None and previous < len(self.steps.mask):
            target *= self.steps.mask[previous]

    def _leave(self, entered: Tensor, rows: slice, first: int, stop: int) -> None:
        """A block's gradients at what entered the layer, added to where it came from."""
        assert self.entering is not None
        target = self.entering[rows, first:stop]
        made = entered.transpose(0, 1).view(target.shape)
        if self.direction == 0:
            target.copy_(made)
        else:
            target += made


Back = Callable[[Tensor, slice, int], tuple[Tensor, Tensor, Tensor | None]]
"""From δ (loss, batch, hidden), its rows and its step to the gradients (loss, batch, gate · cell)
at the pre-activations, by the input's and by the state's share, and what goes straight to the
state before (loss, batch, hidden).
"""


def _back_rnn(one: _Pass, losses: int) -> Back:
    slopes = one.steps.slopes[:, :, 0].unbind(0)

    def back(delta: Tensor, rows: slice, k: int) -> tuple[Tensor, Tensor, Tensor | None]:
        at_gate = delta * slopes[k]
        return at_gate, at_gate, None

    return back


def _back_gru(one: _Pass, losses: int) -> Back:
    by_input, by_state = one.steps.by_input.unbind(0), one.steps.by_state.unbind(0)
    z = one.steps.gates[:, :, 1].unbind(0)

    def back(delta: Tensor, rows: slice, k: int) -> tuple[Tensor, Tensor, Tensor | None]:
        wide = delta.unsqueeze(2)
        return (wide * by_input[k]).flatten(2), (wide * by_state[k]).flatten(2), delta * z[k]

    return back


def _back_lstm(one: _Pass, losses: int) -> Back:
    steps = one.steps
    through, by_o = steps.cell_by_gate.unbind(0), steps.output_by_o.unbind(0)
    by_cell, forget = steps.output_by_cell.unbind(0), steps.gates[:, :, 1].unbind(0)
    weight_hr = steps.weights.weight_hr
    carry = by_cell[0].new_zeros(losses, *by_cell[0].shape)
    ends = steps.direction == 1 and steps.mask is not None

    def back(delta: Tensor, rows: slice, k: int) -> tuple[Tensor, Tensor, Tensor | None]:
        if weight_hr is not None:
            delta = delta @ weight_hr
        carried = carry[rows]
        at_cell = torch.addcmul(carried, delta, by_cell[k])
        if k % _LOOKS == 0:
            at_cell = _without_underflow(at_cell)
        one.direct.add_to_cell(at_cell, rows, one.layer, one.direction, k)
        at_gates = at_cell.unsqueeze(2) * through[k]
        torch.mul(delta, by_o[k], out=at_gates[:, :, 3])
        torch.mul(at_cell, forget[k], out=carried)
        if ends and k + 1 < len(through):
            assert steps.mask is not None
            carried *= steps.mask[k + 1]
        at_gates = at_gates.flatten(2)
        return at_gates, at_gates, None

    return back


_BACK: Final = {"rnn": _back_rnn, "gru": _back_gru, "lstm": _back_lstm}


def _add_product(target: Tensor, factors: Tensor, weight: Tensor) -> None:
    """target += factors @ weight, for (rows, batch, ·) that lie together in memory."""
    target.flatten(0, 1).addmm_(factors.flatten(0, 1), weight)


def _without_underflow(gradients: Tensor) -> Tensor:
    """Gradients (loss, batch, ·) without those of the losses that have all but vanished."""
    about = torch.finfo(gradients.dtype)
    sizes = gradients.abs().amax(dim=(1, 2), keepdim=True)
    return gradients * (sizes >= about.tiny / about.eps)

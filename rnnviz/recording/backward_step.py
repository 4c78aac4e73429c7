"""One step back through a layer, a block of steps at a time.

A gradient arrives at a source: the state h_t, or with a cell state c_t and then h_t. From there it
goes through the source's gates to the state before and to the input, so it is multiplied by
Σ_gates diag(∂source/∂a_gate) W_gate. With many losses it is faster to build that matrix
(``StepMatrices``), with few to multiply by its factors in turn (``StepFactors``).

Source: the chain rule on the equations in ``rnnviz.cells``
"""

from typing import Final, Protocol

import torch
from torch import Tensor

from rnnviz.recording.steps import Steps

LONGEST: Final = 16
"""The most steps in a block."""
_BUFFER: Final = 2**20
"""The most numbers in a block's buffers."""


class BackwardStep(Protocol):
    """Multiplies gradients by the Jacobians of the steps of a block.

    Shapes: each source (batch, loss, ·) at one step, or (time, batch, loss, ·) of all
    """

    def at(self, first: int, stop: int) -> None:
        """Select the steps from ``first`` to before ``stop``."""

    def to_state(self, sources: tuple[Tensor, ...], step: int, target: Tensor) -> None:
        """Add the gradient at the state before a step of the block to (batch, loss, hidden)."""

    def to_input(self, sources: tuple[Tensor, ...], target: Tensor) -> None:
        """Write the gradients at the input of all its steps to (time, batch, loss, features)."""


class StepMatrices:
    """Builds the matrices of all steps of a block first."""

    def __init__(self, steps: Steps, length: int):
        self.steps = steps
        self.kept = None if steps.cell.has_cell_state else steps.kept
        width, cells = steps.gates.shape[2:]
        weights = steps.weights
        self.to_h, self.to_x = (
            [
                (weight.view(width, cells, -1)[gates], weight.new_empty(size))
                for gates in steps.sources
            ]
            for weight in (weights.weight_hh, weights.weight_ih)
            for size in [(length, steps.h.shape[1], cells, weight.shape[1])]
        )

    def at(self, first: int, stop: int) -> None:
        """Build the matrices of a block."""
        block = slice(first, stop)
        for passing, by in ((self.to_h, self.steps.by_state), (self.to_x, self.steps.by_input)):
            for gates, (weight, room) in zip(self.steps.sources, passing, strict=True):
                made, factors = room[: stop - first], by[block, :, gates].unsqueeze(-1)
                torch.mul(factors[:, :, 0], weight[0], out=made)
                for gate in range(1, len(weight)):
                    made.addcmul_(factors[:, :, gate], weight[gate])
        if self.kept is not None:
            matrix = self.to_h[0][1][: stop - first]
            matrix.diagonal(dim1=-2, dim2=-1).add_(self.kept[block])

    def to_state(self, sources: tuple[Tensor, ...], step: int, target: Tensor) -> None:
        """Multiply by one matrix for each source."""
        for source, (_, matrix) in zip(sources, self.to_h, strict=True):
            target.baddbmm_(source, matrix[step])

    def to_input(self, sources: tuple[Tensor, ...], target: Tensor) -> None:
        """Multiply by one batch of matrices for each source."""
        added = target.flatten(0, 1)
        for index, (source, (_, matrix)) in enumerate(zip(sources, self.to_x, strict=True)):
            left, right = source.flatten(0, 1), matrix[: len(source)].flatten(0, 1)
            added.baddbmm_(left, right, beta=min(index, 1))


class StepFactors:
    """Multiplies by the two factors in turn."""

    def __init__(self, steps: Steps):
        self.steps = steps
        self.kept = None if steps.cell.has_cell_state else steps.kept
        self.first = 0

    def at(self, first: int, stop: int) -> None:
        """Select the steps from ``first`` on."""
        self.first = first

    def to_state(self, sources: tuple[Tensor, ...], step: int, target: Tensor) -> None:
        """Go to the gates, and from all of them through W."""
        k = self.first + step
        passed = self._at_gates(sources, self.steps.by_state[k])
        target += (passed.flatten(0, 1) @ self.steps.weights.weight_hh).view(target.shape)
        if self.kept is not None:
            target.addcmul_(sources[0], self.kept[k].unsqueeze(1))

    def to_input(self, sources: tuple[Tensor, ...], target: Tensor) -> None:
        """Go to the gates, and from all of them through U."""
        block = slice(self.first, self.first + len(target))
        passed = self._at_gates(sources, self.steps.by_input[block])
        torch.mm(passed.flatten(0, -2), self.steps.weights.weight_ih, out=target.flatten(0, -2))

    def _at_gates(self, sources: tuple[Tensor, ...], by: Tensor) -> Tensor:
        """(…, batch, loss, cell) and (…, batch, gate, cell) → (…, batch, loss, gate · cell)."""
        made = by.new_empty(*sources[0].shape[:-1], *by.shape[-2:])
        for source, gates in zip(sources, self.steps.sources, strict=True):
            passed = made[..., gates, :]
            torch.mul(source.unsqueeze(-2), by[..., gates, :].unsqueeze(-3), out=passed)
        return made.flatten(-2)


def choose_backward_step(steps: Steps, losses: int) -> tuple[BackwardStep, int]:
    """Return the fastest way back for this many losses, and the number of steps in a block."""
    batch, width, cells = steps.gates.shape[1:]
    whole = 2 * losses >= cells
    rows, columns = (
        (cells * len(steps.sources), steps.h.shape[2] + steps.x.shape[2])
        if whole
        else (losses, width * cells)
    )
    length = max(1, min(LONGEST, len(steps.h), _BUFFER // (batch * rows * columns)))
    return StepMatrices(steps, length) if whole else StepFactors(steps), length

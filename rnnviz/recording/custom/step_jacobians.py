"""The Jacobians of steps, and how the states of one step depend on each other."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class StepJacobians:
    """How each step passes gradients on.

    There are as many named ``states``. ``direct`` is ∂state_k/∂state_{k−1} with the other states of
    step k held fixed, and ``within`` that of a state by those made before it in its own step, as of
    an LSTM's h by its c; None if there are none. ``of_input`` is ∂state_k/∂x_k with the other
    states of step k held fixed, None if there are no inputs of each step. ``apart`` takes from
    gradients at states what the graph of another state of the step passes on by itself, None if
    none does.

    Shapes: direct, within and apart (time, batch, entry, entry), of_input (time, batch, entry,
            input)
    """

    states: int
    direct: Tensor
    within: Tensor | None
    of_input: Tensor | None
    apart: Tensor | None = None

    def composed(self) -> Tensor:
        """∂state_k/∂state_{k−1} by all paths within the step: (time, batch, entry, entry)."""
        spread = self.spread()
        return self.direct if spread is None else spread @ self.direct

    def to(self, dtype: torch.dtype) -> "StepJacobians":
        """Return them in another precision."""
        others = (
            None if each is None else each.to(dtype)
            for each in (self.within, self.of_input, self.apart)
        )
        return StepJacobians(self.states, self.direct.to(dtype), *others)

    def spread(self) -> Tensor | None:
        """How a gradient at a state also reaches those before it in its step, None if it does not.

        (1 − within)⁻¹, by which row vectors of gradients are multiplied.
        """
        if self.within is None:
            return None
        return inverse(self.within, self.states)


def inverse(within: Tensor, states: int) -> Tensor:
    """(1 − within)⁻¹ = 1 + within + within² + …

    The sum is finite, since each of so many states is made from those before it.
    """
    found = power = identity(within)
    for _ in range(states - 1):
        power = power @ within
        found = found + power
    return found


def identity(matrices: Tensor) -> Tensor:
    """The identity, for matrices (…, entry, entry)."""
    return torch.eye(matrices.shape[-1], dtype=matrices.dtype, device=matrices.device)

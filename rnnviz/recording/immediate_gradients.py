"""The immediate gradients ∂⁺L/∂h: of each loss at each state, all other states held fixed."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor

from rnnviz.errors import RecordingError
from rnnviz.recording.bptt import ImmediateSource, Rows
from rnnviz.recording.call_format import ByLayer

_TOLERANCE: Final = {
    torch.float64: 1e-10,
    torch.float32: 1e-4,
    torch.float16: 1e-1,
    torch.bfloat16: 3e-1,
}


@dataclass(frozen=True)
class ImmediateGradients:
    """∂⁺L/∂h and ∂⁺L/∂c of the summed loss.

    Those of each chosen loss are there only where some loss has one at other steps than its own.

    Shapes: h (layer, direction, time, batch, hidden), c alike or None; by loss with an axis of
            losses in front
    """

    h: Tensor
    c: Tensor | None
    h_by_loss: Tensor | None
    c_by_loss: Tensor | None


def immediate_gradients(
    losses: Tensor,
    h: ByLayer,
    c: ByLayer | None,
    times: np.ndarray,
    mask: Tensor | None,
    dtype: torch.dtype,
) -> ImmediateGradients:
    """Return the immediate gradients of losses that were computed from states as leaves.

    Whether a loss depends on other steps than its own shows in the gradient of a randomly weighted
    sum: if none does, the gradient at each step is that of the plain sum times the step's weight.

    Shapes: losses (time or 1, batch or 1); leaves of each layer and direction (time, batch, ·)
    Raises: RecordingError if the losses do not depend on the states, or depend on steps that a
            sequence does not have
    """
    leaves = [leaf for states in (h, c or []) for ways in states for leaf in ways]
    plain = _gradients(losses.sum(), leaves)
    if plain is None:
        raise RecordingError("the loss does not depend on the recurrent layer")
    if mask is not None and any(bool((one * ~mask).any()) for one in plain):
        raise RecordingError(
            "the loss depends on steps beyond the lengths of the sequences; pack the batch, or "
            "leave those steps out of the loss"
        )
    of_h, of_c = _stacked(plain, h, dtype)
    used_c = of_c if of_c is not None and of_c.any() else None
    if len(losses) == 1 or not _depend_on_other_steps(losses, leaves, plain):
        return ImmediateGradients(of_h, used_c, None, None)
    none = [torch.zeros_like(leaf) for leaf in leaves]
    rows = [
        _stacked(_gradients(losses[int(time)].sum(), leaves) or none, h, dtype) for time in times
    ]
    by_loss = [row for _, row in rows if row is not None and used_c is not None]
    return ImmediateGradients(
        of_h,
        used_c,
        torch.stack([row for row, _ in rows]),
        torch.stack(by_loss) if by_loss else None,
    )


def _gradients(total: Tensor, leaves: list[Tensor]) -> list[Tensor] | None:
    """Return ∂total/∂leaves, or None if it depends on none of them."""
    if not total.requires_grad:
        return None
    found = torch.autograd.grad(total, leaves, retain_graph=True, allow_unused=True)
    if all(one is None for one in found):
        return None
    return [
        torch.zeros_like(leaf) if one is None else one
        for one, leaf in zip(found, leaves, strict=True)
    ]


def _depend_on_other_steps(losses: Tensor, leaves: list[Tensor], plain: list[Tensor]) -> bool:
    drawn = np.random.default_rng(0).uniform(0.5, 1.5, size=(len(losses), 1))
    weights = torch.as_tensor(drawn, dtype=losses.dtype, device=losses.device)
    weighted = _gradients((weights * losses).sum(), leaves)
    assert weighted is not None
    scale = max(float(one.abs().max()) for one in plain)
    apart = max(
        float((got - weights.unsqueeze(-1) * one).abs().max())
        for got, one in zip(weighted, plain, strict=True)
    )
    bound = max(_TOLERANCE[one.dtype] for one in (losses, *leaves))
    return apart > bound * max(scale, 1e-30)


def _stacked(
    gradients: list[Tensor], h: ByLayer, dtype: torch.dtype
) -> tuple[Tensor, Tensor | None]:
    """Return gradients of all leaves as (layer, direction, …) of h, and of c or None."""
    layers, ways = len(h), len(h[0])
    parts = [gradients[: layers * ways], gradients[layers * ways :]]
    of_h, *of_c = (
        torch.stack(part).to(dtype).unflatten(0, (layers, ways)) for part in parts if part
    )
    return of_h, of_c[0] if of_c else None


@dataclass(frozen=True)
class AtOwnStep:
    """A row for each chosen loss, with its immediate gradient at its own step, and the sum's."""

    immediate: ImmediateGradients
    times: np.ndarray

    def add(self, target: Tensor, rows: slice, layer: int, direction: int, first: int) -> None:
        """Add ∂⁺L_t/∂h of each step t to its own loss's row, and to the sum's."""
        self._put(target, self.immediate.h[layer, direction], rows, first)

    def of_cells(
        self, rows: slice, layer: int, direction: int, first: int, like: Tensor
    ) -> Tensor | None:
        """∂⁺L_t/∂c of each step t in its own loss's row, and in the sum's."""
        if self.immediate.c is None:
            return None
        parts = self.immediate.c[layer, direction]
        target = parts.new_zeros(*like.shape[:3], parts.shape[-1])
        self._put(target, parts, rows, first)
        return target

    def _put(self, target: Tensor, parts: Tensor, rows: slice, first: int) -> None:
        stop = first + len(target)
        target[:, :, -1] += parts[first:stop]
        own = slice(*np.searchsorted(self.times, (first, stop)).tolist())
        steps = torch.from_numpy(self.times[own])
        places = torch.arange(own.start - rows.start, own.stop - rows.start)
        target[steps - first, :, places] += parts[steps]


@dataclass(frozen=True)
class AtAnyStep:
    """A row for each chosen loss, with immediate gradients at any step, and the sum's."""

    immediate: ImmediateGradients
    h_by_loss: Tensor
    c_by_loss: Tensor | None

    def add(self, target: Tensor, rows: slice, layer: int, direction: int, first: int) -> None:
        """Add ∂⁺L_t/∂h of all losses, and of their sum."""
        steps = slice(first, first + len(target))
        target[:, :, :-1] += self.h_by_loss[:, layer, direction, steps].permute(1, 2, 0, 3)
        target[:, :, -1] += self.immediate.h[layer, direction, steps]

    def of_cells(
        self, rows: slice, layer: int, direction: int, first: int, like: Tensor
    ) -> Tensor | None:
        """∂⁺L_t/∂c of all losses, and of their sum."""
        if self.immediate.c is None or self.c_by_loss is None:
            return None
        steps = slice(first, first + len(like))
        each = self.c_by_loss[:, layer, direction, steps].permute(1, 2, 0, 3)
        return torch.cat([each, self.immediate.c[layer, direction, steps].unsqueeze(2)], dim=2)


def rows_of_losses(
    immediate: ImmediateGradients, times: np.ndarray, whole: bool, steps: int
) -> tuple[ImmediateSource, tuple[Rows, Rows]]:
    """Return immediate gradients by row, the sum of all losses last.

    And for each direction, a function from a step to the rows that reach it.
    """
    if whole:
        c = None if immediate.c is None else immediate.c[None]
        return AtAnyStep(immediate, immediate.h[None], c), (every_row, every_row)
    if immediate.h_by_loss is not None:
        return AtAnyStep(immediate, immediate.h_by_loss, immediate.c_by_loss), (
            every_row,
            every_row,
        )
    first = np.searchsorted(times, np.arange(steps)).tolist()
    parts = AtOwnStep(immediate, times)
    return parts, (lambda step: slice(first[step], None), every_row)


def every_row(step: int) -> slice:
    """Return the slice of all losses."""
    return slice(None)

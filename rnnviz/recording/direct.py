"""The direct part of each loss at each state, every other state held fixed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor

from rnnviz.errors import RecordingError
from rnnviz.recording.calls import ByLayer
from rnnviz.recording.sweep import DirectParts, Rows

Losses = str | int | Sequence[int]
_MIXING: Final = {
    torch.float64: 1e-10,
    torch.float32: 1e-4,
    torch.float16: 1e-1,
    torch.bfloat16: 3e-1,
}


def loss_times(chosen: Losses, whole: bool, steps: int) -> np.ndarray:
    """The steps, from 0, whose losses are followed one by one, in ascending order.

    'all', 'last', every n-th counted back from the last, or a list of steps; a loss of the whole
    sequence stands at the last step.

    Raises: RecordingError for a choice that names no step
    """
    if isinstance(chosen, str) and chosen not in ("all", "last"):
        raise RecordingError(
            f"losses are {chosen!r}; choose 'all', 'last', a number n for every n-th, or a list"
        )
    if isinstance(chosen, int) and chosen < 1:
        raise RecordingError(f"every {chosen}-th loss is none; choose 1 or more")
    if whole or chosen == "last":
        return np.array([steps - 1])
    if chosen == "all":
        return np.arange(steps)
    if isinstance(chosen, int):
        return np.arange(steps - 1, -1, -chosen)[::-1].copy()
    times = [int(time) + steps * (int(time) < 0) for time in chosen]
    if not times or not all(0 <= time < steps for time in times):
        raise RecordingError(
            f"losses are at steps {list(chosen)}, but the steps are 0 to {steps - 1}"
        )
    return np.unique(times)


@dataclass(frozen=True)
class Direct:
    """∂⁺L/∂h and ∂⁺L/∂c of the summed loss, and of each chosen one where a loss has a direct part
    at other steps than its own.

    Shapes: h (layer, direction, time, batch, hidden), c alike or None; by loss with an axis of
            losses in front
    """

    h: Tensor
    c: Tensor | None
    h_by_loss: Tensor | None
    c_by_loss: Tensor | None


def direct_parts(
    losses: Tensor,
    h: ByLayer,
    c: ByLayer | None,
    times: np.ndarray,
    mask: Tensor | None,
    dtype: torch.dtype,
) -> Direct:
    """The direct parts of losses that were made of states as leaves.

    Whether a loss has a direct part at other steps is seen from the gradient of a randomly
    weighted sum: where it has none, the gradient at each step is that of the plain sum times the
    step's weight.

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
    total = _stacked(plain, h, c, dtype)
    if len(losses) == 1 or not _mixes(losses, leaves, plain):
        return Direct(*total, None, None)
    rows = [_gradients(losses[int(time)].sum(), leaves) for time in times]
    none = [torch.zeros_like(leaf) for leaf in leaves]
    by_loss = [_stacked(row or none, h, c, dtype) for row in rows]
    with_c = total[1] is not None
    return Direct(
        *total,
        torch.stack([row for row, _ in by_loss]),
        torch.stack([_or_zero(row, c, dtype) for _, row in by_loss]) if with_c else None,
    )


def _gradients(total: Tensor, leaves: list[Tensor]) -> list[Tensor] | None:
    """∂total/∂leaves, or None where it depends on none of them."""
    if not total.requires_grad:
        return None
    found = torch.autograd.grad(total, leaves, retain_graph=True, allow_unused=True)
    if all(one is None for one in found):
        return None
    return [
        torch.zeros_like(leaf) if one is None else one
        for one, leaf in zip(found, leaves, strict=True)
    ]


def _mixes(losses: Tensor, leaves: list[Tensor], plain: list[Tensor]) -> bool:
    drawn = np.random.default_rng(0).uniform(0.5, 1.5, size=(len(losses), 1))
    weights = torch.as_tensor(drawn, dtype=losses.dtype, device=losses.device)
    weighted = _gradients((weights * losses).sum(), leaves)
    assert weighted is not None
    scale = max(float(one.abs().max()) for one in plain)
    apart = max(
        float((got - weights.unsqueeze(-1) * one).abs().max())
        for got, one in zip(weighted, plain, strict=True)
    )
    return apart > _MIXING[losses.dtype] * max(scale, 1e-30)


def _stacked(
    gradients: list[Tensor], h: ByLayer, c: ByLayer | None, dtype: torch.dtype
) -> tuple[Tensor, Tensor | None]:
    layers, ways = len(h), len(h[0])
    count = layers * ways
    of_h = torch.stack(gradients[:count]).to(dtype)
    of_c = torch.stack(gradients[count:]).to(dtype) if c is not None else None
    if of_c is not None and not of_c.any():
        of_c = None
    return (
        of_h.view(layers, ways, *of_h.shape[1:]),
        None if of_c is None else of_c.view(layers, ways, *of_c.shape[1:]),
    )


def _or_zero(row: Tensor | None, c: ByLayer | None, dtype: torch.dtype) -> Tensor:
    assert c is not None
    if row is not None:
        return row
    return torch.stack([torch.stack([torch.zeros_like(leaf) for leaf in ways]) for ways in c]).to(
        dtype
    )


@dataclass(frozen=True)
class OfWhole:
    """One row: the direct parts of a loss of the whole, or of the sum of all losses."""

    direct: Direct

    def add(self, target: Tensor, rows: slice, layer: int, direction: int, step: int) -> None:
        """Add ∂⁺L/∂h of a step."""
        target += self.direct.h[layer, direction, step]

    def add_to_cell(
        self, target: Tensor, rows: slice, layer: int, direction: int, step: int
    ) -> None:
        """Add ∂⁺L/∂c of a step."""
        if self.direct.c is not None:
            target += self.direct.c[layer, direction, step]


@dataclass(frozen=True)
class ByStep:
    """A row for each chosen loss, whose direct part is at its own step alone."""

    direct: Direct
    row_of: Mapping[int, int]

    def add(self, target: Tensor, rows: slice, layer: int, direction: int, step: int) -> None:
        """Add ∂⁺L_t/∂h of a step t to its own loss's row."""
        if step in self.row_of:
            target[self.row_of[step] - rows.start] += self.direct.h[layer, direction, step]

    def add_to_cell(
        self, target: Tensor, rows: slice, layer: int, direction: int, step: int
    ) -> None:
        """Add ∂⁺L_t/∂c of a step t to its own loss's row."""
        if self.direct.c is not None and step in self.row_of:
            target[self.row_of[step] - rows.start] += self.direct.c[layer, direction, step]


@dataclass(frozen=True)
class ByLoss:
    """A row for each chosen loss, with direct parts at any step."""

    direct: Direct

    def add(self, target: Tensor, rows: slice, layer: int, direction: int, step: int) -> None:
        """Add ∂⁺L_t/∂h of a step for all losses."""
        assert self.direct.h_by_loss is not None
        target += self.direct.h_by_loss[rows, layer, direction, step]

    def add_to_cell(
        self, target: Tensor, rows: slice, layer: int, direction: int, step: int
    ) -> None:
        """Add ∂⁺L_t/∂c of a step for all losses."""
        if self.direct.c_by_loss is not None:
            target += self.direct.c_by_loss[rows, layer, direction, step]


def parts_of(
    direct: Direct, times: np.ndarray, whole: bool, steps: int
) -> tuple[DirectParts, tuple[Rows, Rows]]:
    """The direct parts as a sweep takes them, and the rows that reach each step by direction."""
    if whole:
        return OfWhole(direct), (every_row, every_row)
    if direct.h_by_loss is not None:
        return ByLoss(direct), (every_row, every_row)
    first = np.searchsorted(times, np.arange(steps)).tolist()
    last = np.searchsorted(times, np.arange(steps), side="right").tolist()
    row_of = {int(time): row for row, time in enumerate(times)}
    return ByStep(direct, row_of), (lambda k: slice(first[k], None), lambda k: slice(0, last[k]))


def every_row(step: int) -> slice:
    """All losses."""
    return slice(None)

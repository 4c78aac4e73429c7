"""Targets and losses, put into the time and the sequences of the recurrent layer."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from rnnviz.errors import RecordingError
from rnnviz.recording.alignment import Alignment
from rnnviz.recording.layouts import BATCH_FIRST, SEQUENCE, STEP, TIME_FIRST, Layout


def placed_targets(
    targets: Tensor, layout: Layout, alignment: Alignment, output: Tensor, axes: int
) -> Tensor:
    """Return targets as (time or 1, batch, …), given in the output's or the layer's order of axes.

    ``axes`` is the number of axes of a single target: 1 for values, 0 for classes.

    Raises: RecordingError if they have neither order, or it is not clear which
    """
    leading = len(layout.leading)
    check_order(targets, layout, alignment)
    if targets.shape[:leading] == layout.leading and targets.dim() == leading + axes:
        return layout.canonical(targets)
    batch_first = alignment.natural == BATCH_FIRST
    natural = (
        (alignment.batch, alignment.extent) if batch_first else (alignment.extent, alignment.batch)
    )
    if not layout.whole and targets.shape[:2] == natural:
        return (targets.transpose(0, 1) if batch_first else targets)[: alignment.steps]
    raise RecordingError(
        f"targets have shape {tuple(targets.shape)}, but an output of shape {tuple(output.shape)} "
        f"needs them to begin with {layout.leading or 'no axis'}"
    )


def check_order(targets: Tensor, layout: Layout, alignment: Alignment) -> None:
    """Refuse targets that may have the output's or the layer's order of axes."""
    plain = layout.leading == (alignment.extent, alignment.batch) == targets.shape[:2]
    if plain and alignment.square and layout.axes != alignment.natural and len(alignment.per) < 2:
        raise RecordingError(
            f"targets of shape {tuple(targets.shape)} may have the output's order of axes or the "
            f"recurrent layer's, which differ; give them in the output's, with per={layout.axes}"
        )


def placed_losses(
    found: Any, output: Tensor, layout: Layout | None, alignment: Alignment
) -> Tensor:
    """Return the losses that a callable gave for an output, as (time or 1, batch or 1).

    One number is the loss of the whole batch. (time, batch) in the output's order of axes, or flat,
    is a loss for each step and sequence, (time) for each step, (batch) for each sequence.

    Raises: RecordingError for any other shape, and for one that may be read in several ways
    """
    if not isinstance(found, Tensor) or not found.is_floating_point():
        kind = found.dtype if isinstance(found, Tensor) else type(found).__name__
        raise RecordingError(
            f"the loss must give a floating-point tensor, one number a step or one for the whole, "
            f"got {kind}"
        )
    if torch.finfo(found.dtype).bits < torch.finfo(output.dtype).bits:
        raise RecordingError(
            f"the loss gives {found.dtype} for an output of {output.dtype}; let it keep the "
            "output's dtype"
        )
    alone = found.dim() == 0 or alignment.extent == alignment.batch == 1 or not alignment.per
    if found.numel() == 1 and alone:
        return found.reshape(1, 1)
    if len(alignment.per) == 1:
        return _losses_of_one_axis(found, output, layout, alignment)
    if layout is not None and layout.whole and found.shape == layout.leading != ():
        return layout.canonical(found)
    fits = [each for each in alignment.layouts() if each.leading == found.shape and not each.whole]
    if fits:
        return _by_step(found, output, layout, fits, alignment).canonical(found)
    if alignment.square and found.shape == (alignment.extent,):
        raise RecordingError(
            f"the loss gives {len(found)} numbers for as many steps as sequences; give "
            "per='step' or per='sequence'"
        )
    if found.shape == (alignment.extent,):
        return found[: alignment.steps, None]
    if found.shape == (alignment.batch,):
        return found[None]
    raise RecordingError(
        f"the loss gives shape {tuple(found.shape)}; it must give one number a step "
        f"({alignment.extent} steps, {alignment.batch} sequences) or one for the whole"
        + (f", in the order per={alignment.per}" if alignment.per else "")
    )


def _losses_of_one_axis(
    found: Tensor, output: Tensor, layout: Layout | None, alignment: Alignment
) -> Tensor:
    """Return losses that ``per`` declares to be of each step, or of each sequence."""
    by_step = alignment.per == (STEP,)
    wanted = alignment.extent if by_step else alignment.batch
    if found.shape != (wanted,):
        raise RecordingError(
            f"the loss gives shape {tuple(found.shape)}, but per={alignment.per[0]!r} means "
            f"({wanted},); change per, or the loss"
        )
    if alignment.square and layout is not None and not layout.whole and alignment.extent > 1:
        steps = found[: alignment.steps, None].expand(alignment.steps, alignment.batch)
        sequences = found[None].expand(alignment.steps, alignment.batch)
        said, other = (steps, sequences) if by_step else (sequences, steps)
        if not _follow(said, found, output, layout) and _follow(other, found, output, layout):
            wrong, right = (STEP, SEQUENCE) if by_step else (SEQUENCE, STEP)
            raise RecordingError(
                f"per is {wrong!r}, but each of the {len(found)} losses depends on the outputs of "
                f"one {right} only; give per={right!r}"
            )
    return found[: alignment.steps, None] if by_step else found[None]


def _by_step(
    losses: Tensor,
    output: Tensor,
    layout: Layout | None,
    fits: Sequence[Layout],
    alignment: Alignment,
) -> Layout:
    """Return the only reading of losses of each step and sequence that gradients support."""
    if min(alignment.extent, alignment.batch) == 1 or len({each.axes for each in fits}) == 1:
        return fits[0]
    if len(alignment.per) == 2:
        said = [each for each in fits if each.axes == alignment.per]
        if layout is not None and not layout.whole and output.requires_grad:
            others = [each for each in fits if each not in said]
            refuted = said and not any(_follows(each, losses, output, layout) for each in said)
            if refuted and any(_follows(each, losses, output, layout) for each in others):
                raise RecordingError(
                    f"per is {alignment.per}, but the losses of shape {tuple(losses.shape)} follow "
                    "the outputs in the other order of axes; give them in the order of per, or "
                    "change per"
                )
        fits = said
    elif layout is not None and not layout.whole and output.requires_grad:
        fits = [each for each in fits if _follows(each, losses, output, layout)]
    if len({each.axes for each in fits}) != 1:
        raise RecordingError(
            f"the loss gives shape {tuple(losses.shape)} for {alignment.extent} steps and "
            f"{alignment.batch} sequences, and gradients do not decide which axis is which; give "
            f"per={TIME_FIRST} or per={BATCH_FIRST}"
        )
    return fits[0]


def _follows(reading: Layout, losses: Tensor, output: Tensor, layout: Layout) -> bool:
    """Return whether the loss at each step and sequence depends on the output there only."""
    placed = reading.canonical(losses)
    return _follow_by(_weights_like(placed), placed, output, layout)


def _follow(placed: Tensor, losses: Tensor, output: Tensor, layout: Layout) -> bool:
    """Return whether losses of one axis, expanded to (time, batch), depend on outputs there."""
    weights = _weights_like(losses)
    spread = weights[: len(placed), None] if placed.stride()[1] == 0 else weights[None]
    spread = spread.expand(placed.shape)
    return _follow_by(spread, placed / placed[0].numel(), output, layout)


def _weights_like(losses: Tensor) -> Tensor:
    drawn = torch.rand(losses.shape, generator=torch.Generator().manual_seed(0)) + 0.5
    return drawn.to(losses.device, losses.dtype)


def _follow_by(weights: Tensor, placed: Tensor, output: Tensor, layout: Layout) -> bool:
    """Return whether weights of losses (time, batch) scale the gradients of outputs there."""
    if not placed.requires_grad:
        return False
    plain, weighted = (
        torch.autograd.grad(total, output, retain_graph=True, allow_unused=True)[0]
        for total in (placed.sum(), (weights * placed).sum())
    )
    if plain is None or weighted is None or not plain.any():
        return False
    apart = layout.output(weighted) - weights.unsqueeze(-1) * layout.output(plain)
    return bool(apart.abs().max() <= 1e3 * torch.finfo(plain.dtype).eps * plain.abs().max())

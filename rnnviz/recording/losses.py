"""The losses that are recorded, one number for each step and sequence."""

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from rnnviz.errors import RecordingError
from rnnviz.trace import NO_TARGET

LOSSES: Final = ("cross-entropy", "squared", "squared-on-softmax")


def loss_by_step(name: str, output: Tensor, targets: Tensor) -> Tensor:
    """Return L_t of every step and sequence, zero where there is no target.

    cross-entropy: −log softmax(o)[target]; squared: ½‖o − target‖²;
    squared-on-softmax: ½‖softmax(o) − onehot(target)‖². A class of ``NO_TARGET``, and for
    the squared loss an entry of NaN, is no target: its loss and gradient are exactly 0.

    Shapes: output (time, batch, output), targets (time, batch) or (time, batch, output)
            → (time, batch)
    Raises: RecordingError for an unknown loss, or targets that do not fit
    """
    if name not in LOSSES:
        raise RecordingError(f"unknown loss {name!r}; choose one of {', '.join(LOSSES)}")
    _check_targets(name, output, targets)
    if name == "squared":
        distance = torch.where(targets.isnan(), 0.0, output - targets)
        return 0.5 * distance.square().sum(dim=-1)
    if name == "cross-entropy":
        flat = functional.cross_entropy(
            output.flatten(0, 1), targets.flatten(), reduction="none", ignore_index=NO_TARGET
        )
        return flat.view(targets.shape)
    counted = targets != NO_TARGET
    wanted = functional.one_hot(targets.clamp_min(0), output.shape[-1])
    return 0.5 * (prediction(name, output) - wanted).square().sum(dim=-1) * counted


def prediction(loss: str, output: Tensor) -> Tensor:
    """Return y_t of o_t: o_t itself for the squared loss, its softmax otherwise."""
    return output if loss == "squared" else torch.softmax(output, dim=-1)


def _check_targets(name: str, output: Tensor, targets: Tensor) -> None:
    wanted = output.shape if name == "squared" else output.shape[:2]
    if targets.shape != wanted:
        raise RecordingError(
            f"targets have shape {tuple(targets.shape)}, but loss {name!r} with an output of "
            f"shape {tuple(output.shape)} needs {tuple(wanted)}"
        )
    if name == "squared":
        return
    if targets.is_floating_point():
        raise RecordingError(f"targets are {targets.dtype}, but loss {name!r} needs class indices")
    bad = targets[(targets != NO_TARGET) & ((targets < 0) | (targets >= output.shape[-1]))]
    if bad.numel():
        raise RecordingError(
            f"target {int(bad[0])} is not one of the {output.shape[-1]} classes of the output; "
            f"use 0 to {output.shape[-1] - 1}, or {NO_TARGET} for no target"
        )

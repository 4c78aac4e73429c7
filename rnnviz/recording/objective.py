"""The loss of a recording: its targets, and the loss of each step and sequence."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from rnnviz.errors import RecordingError
from rnnviz.recording.alignment import Alignment
from rnnviz.recording.conditions import repeatable
from rnnviz.recording.failures import describe
from rnnviz.recording.layouts import SEQUENCE, STEP, Layout
from rnnviz.recording.losses import LOSSES, loss_by_step, prediction
from rnnviz.recording.model_call import fresh
from rnnviz.recording.placement import check_order, placed_losses, placed_targets
from rnnviz.trace import CLASSES, NO_TARGET, VALUES

Loss = str | Callable[[Any, Any], Tensor]


@dataclass(frozen=True)
class Objective:
    """A loss, by name or the user's own, with the targets as the user gave them."""

    loss: Loss
    targets: Any
    ignore_index: int
    alignment: Alignment

    @property
    def name(self) -> str:
        """The name of the loss in metadata."""
        if isinstance(self.loss, str):
            return self.loss
        return str(getattr(self.loss, "__name__", type(self.loss).__name__))

    def padded_as(self, output: Tensor, leaves: Sequence[Tensor]) -> "Objective":
        """Return the same objective, aligned with an output that may have padding."""
        return replace(self, alignment=self.alignment.padded_as(output, self._like_outputs, leaves))

    def classes_last(self, output: Tensor) -> Tensor:
        """Return an output with its classes last, where they are second, as in torch's losses.

        It is so where the targets have all of its axes but the second, and no other reading fits.
        """
        if self.loss not in CLASSES or not isinstance(self.targets, Tensor) or output.dim() != 3:
            return output
        apart = output.shape[:1] + output.shape[2:]
        if self.targets.shape != apart or self.alignment.fits(output):
            return output
        return output.movedim(1, -1)

    @property
    def _like_outputs(self) -> Any:
        """The targets, if they have the shape of outputs."""
        return self.targets if self.loss in VALUES else None

    def layout_of(self, output: Tensor, leaves: Sequence[Tensor]) -> Layout | None:
        """Return how an output is aligned with the layer's time, or None if it is not.

        Raises: RecordingError for an unknown loss, or a named one and an output that is not aligned
        """
        known = isinstance(self.loss, str)
        if isinstance(self.loss, type) or not (known or callable(self.loss)):
            raise RecordingError(
                f"the loss must be one of {', '.join(LOSSES)}, a function or a callable instance, "
                f"got {self.loss!r}"
            )
        if known and self.loss not in LOSSES:
            raise RecordingError(
                f"unknown loss {self.loss!r}; choose one of {', '.join(LOSSES)}, or give a callable"
            )
        per = self.alignment.per
        if known and per == (STEP,):
            raise RecordingError(
                f"per is 'step', but the loss {self.loss!r} has a number for each step and "
                "sequence; leave it out"
            )
        found = self.alignment.read(output, self._like_outputs, leaves)
        several = min(self.alignment.extent, self.alignment.batch) > 1
        if (
            found is not None
            and len(per) == 2
            and not found.whole
            and several
            and found.axes != per
        ):
            raise RecordingError(
                f"per is {per}, but the model's output is {tuple(output.shape)} for "
                f"{self.alignment.steps} steps and {self.alignment.batch} sequences; change per"
            )
        if known and found is not None and per == (SEQUENCE,) and not found.whole:
            raise RecordingError(
                f"per is 'sequence', but the model's output is {tuple(output.shape)}, one entry "
                "for each step and sequence; leave it out"
            )
        if known and found is None:
            alignment = self.alignment
            raise RecordingError(
                "the model's output must have one entry for each of "
                f"{alignment.steps} steps and {alignment.batch} sequences, or one for each "
                f"sequence, got {tuple(output.shape)}; pick it with output="
            )
        return found

    def placed_targets(self, output: Tensor, layout: Layout | None) -> Tensor:
        """Return the targets as recorded: aligned for a named loss, otherwise as given.

        Raises: RecordingError if they do not fit
        """
        if not isinstance(self.targets, Tensor):
            raise RecordingError(
                f"targets must be a tensor or an array, got {type(self.targets).__name__}"
            )
        if layout is None or not isinstance(self.loss, str):
            return self.targets
        values = self.loss in VALUES
        if values and self.targets.shape == output.shape:
            check_order(self.targets, layout, self.alignment)
            targets = layout.output(self.targets)
        else:
            targets = placed_targets(self.targets, layout, self.alignment, output, int(values))
        if values:
            targets = targets.to(output.dtype)
        elif not targets.is_floating_point():
            targets = targets.to(torch.int64)
            targets = torch.where(targets == self.ignore_index, NO_TARGET, targets)
        mask = self.alignment.mask
        if mask is None or layout.whole or (not values and targets.is_floating_point()):
            return targets
        return torch.where(
            mask if targets.dim() == 3 else mask[..., 0],
            targets,
            float("nan") if values else NO_TARGET,
        )

    def losses(self, output: Tensor, layout: Layout | None) -> Tensor:
        """Return L_t of each step and sequence of the model's output: (time or 1, batch or 1).

        Raises: RecordingError if the output, the targets or the result of a callable do not fit,
                or a loss is not finite
        """
        if isinstance(self.loss, str):
            assert layout is not None
            found = loss_by_step(
                self.loss, layout.output(output), self.placed_targets(output, layout)
            )
        else:
            found = placed_losses(self._call(output), output, layout, self.alignment)
            if self.alignment.mask is not None and found.shape == self.alignment.mask.shape[:2]:
                found = found * self.alignment.mask[..., 0]
        if not found.isfinite().all():
            step = int(torch.nonzero(~found.isfinite())[0, 0]) + 1
            where = f" at step {step}" if len(found) > 1 else ""
            raise RecordingError(
                f"the loss is not finite{where}; correct the targets, or train again with a "
                "smaller learning rate"
            )
        return found

    def predictions(self, output: Tensor) -> Tensor:
        """Return y_t of aligned outputs: probabilities for a loss of classes."""
        return prediction(self.loss, output) if self.loss in CLASSES else output

    def _call(self, output: Tensor) -> Any:
        assert callable(self.loss)
        try:
            with repeatable(output.device, output.dtype):
                # copies, as a loss may change in place what it is given
                return self.loss(output.clone(), fresh(self.targets))
        except Exception as error:
            raise RecordingError(
                f"the loss {self.name} failed on an output of shape {tuple(output.shape)}: "
                f"{describe(error)}"
            ) from error

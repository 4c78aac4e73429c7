"""The loss of a recording: what is wanted, and the loss of each step and sequence."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from rnnviz.errors import RecordingError
from rnnviz.recording.alignment import (
    SEQUENCE,
    STEP,
    Layout,
    Place,
    check_order,
    losses_in_place,
    targets_in_place,
)
from rnnviz.recording.conditions import repeatable
from rnnviz.recording.failures import told
from rnnviz.recording.losses import LOSSES, loss_by_step, prediction
from rnnviz.recording.model_call import fresh
from rnnviz.trace import CLASSES, NO_TARGET, VALUES

Loss = str | Callable[[Any, Any], Tensor]


@dataclass(frozen=True)
class Objective:
    """A loss, known by name or the user's own, and its targets as the user gave them."""

    loss: Loss
    targets: Any
    ignore_index: int
    place: Place

    @property
    def name(self) -> str:
        """What the metadata call the loss."""
        if isinstance(self.loss, str):
            return self.loss
        return str(getattr(self.loss, "__name__", type(self.loss).__name__))

    def padded_as(self, output: Tensor, leaves: Sequence[Tensor]) -> "Objective":
        """The same in the place of an output that has more steps than the longest sequence."""
        return replace(self, place=self.place.padded_as(output, self._like_outputs, leaves))

    @property
    def _like_outputs(self) -> Any:
        """The targets, where they are as the outputs are."""
        return self.targets if self.loss in VALUES else None

    def layout_of(self, output: Tensor, leaves: Sequence[Tensor]) -> Layout | None:
        """How an output stands in the layer's time; None if it does not, which a callable may take.

        Raises: RecordingError for an unknown loss, or one by name and an output without a place
        """
        known = isinstance(self.loss, str)
        if isinstance(self.loss, type) or not (known or callable(self.loss)):
            raise RecordingError(
                f"the loss is {self.loss!r}; give one of {', '.join(LOSSES)}, or a function or an "
                "instance that can be called"
            )
        if known and self.loss not in LOSSES:
            raise RecordingError(
                f"there is no loss {self.loss!r}; choose one of {', '.join(LOSSES)}, or give a "
                "callable"
            )
        per = self.place.per
        if known and per == (STEP,):
            raise RecordingError(
                f"per is 'step', but the loss {self.loss!r} has a number for each step and "
                "sequence; leave it out"
            )
        found = self.place.read(output, self._like_outputs, leaves)
        several = min(self.place.extent, self.place.batch) > 1
        if (
            found is not None
            and len(per) == 2
            and not found.whole
            and several
            and found.axes != per
        ):
            raise RecordingError(
                f"per is {per}, but the model's output is {tuple(output.shape)} for "
                f"{self.place.steps} steps and {self.place.batch} sequences; change per"
            )
        if known and found is not None and per == (SEQUENCE,) and not found.whole:
            raise RecordingError(
                f"per is 'sequence', but the model's output is {tuple(output.shape)}, one entry "
                "for each step and sequence; leave it out"
            )
        if known and found is None:
            place = self.place
            raise RecordingError(
                f"the model's output is {tuple(output.shape)}; it must have one entry for each of "
                f"{place.steps} steps and {place.batch} sequences, or one for each sequence; pick "
                "it with output="
            )
        return found

    def wanted(self, output: Tensor, layout: Layout | None) -> Tensor:
        """The targets as they are recorded: in place for a known loss, otherwise as given.

        Raises: RecordingError if they do not fit
        """
        if not isinstance(self.targets, Tensor):
            raise RecordingError(
                f"targets are {type(self.targets).__name__}; give a tensor or an array"
            )
        if layout is None or not isinstance(self.loss, str):
            return self.targets
        values = self.loss in VALUES
        if values and self.targets.shape == output.shape:
            check_order(self.targets, layout, self.place)
            targets = layout.output(self.targets)
        else:
            targets = targets_in_place(self.targets, layout, self.place, output, int(values))
        if values:
            targets = targets.to(output.dtype)
        elif not targets.is_floating_point():
            targets = targets.to(torch.int64)
            targets = torch.where(targets == self.ignore_index, NO_TARGET, targets)
        mask = self.place.mask
        if mask is None or layout.whole or (not values and targets.is_floating_point()):
            return targets
        return torch.where(
            mask if targets.dim() == 3 else mask[..., 0],
            targets,
            float("nan") if values else NO_TARGET,
        )

    def losses(self, output: Tensor, layout: Layout | None) -> Tensor:
        """L_t of each step and sequence, (time or 1, batch or 1), of an output as the model gives.

        Raises: RecordingError if the output, the targets or what a callable gives do not fit, or
                a loss is not finite
        """
        if isinstance(self.loss, str):
            assert layout is not None
            found = loss_by_step(self.loss, layout.output(output), self.wanted(output, layout))
        else:
            found = losses_in_place(self._called(output), output, layout, self.place)
            if self.place.mask is not None and found.shape == self.place.mask.shape[:2]:
                found = found * self.place.mask[..., 0]
        if not found.isfinite().all():
            step = int(torch.nonzero(~found.isfinite())[0, 0]) + 1
            where = f" at step {step}" if len(found) > 1 else ""
            raise RecordingError(
                f"the loss is not finite{where}; correct the targets, or train again with a "
                "smaller learning rate"
            )
        return found

    def predictions(self, output: Tensor) -> Tensor:
        """y_t of outputs in place: what the loss reads them as."""
        return prediction(self.loss, output) if self.loss in CLASSES else output

    def _called(self, output: Tensor) -> Any:
        assert callable(self.loss)
        try:
            with repeatable(output.device, output.dtype):
                # copies, as a loss may change in place what it is given
                return self.loss(output.clone(), fresh(self.targets))
        except Exception as error:
            raise RecordingError(
                f"the loss {self.name} failed on an output of shape {tuple(output.shape)}: "
                f"{told(error)}"
            ) from error

"""Where a model's outputs, targets and losses stand in the recurrent layer's time.

A model may give (time, batch, ·), (batch, time, ·), all steps below each other, the data of a
packed sequence, or one output for the whole sequence. Where the sizes allow several readings, the
gradients decide: the output at a step depends on no later state, and on no other sequence.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from rnnviz.errors import RecordingError
from rnnviz.recording.calls import Form


@dataclass(frozen=True)
class Layout:
    """One reading of the leading axes: how they become (time, batch), or (1, batch) of a whole.

    ``squeezed`` says that the output has no axis of its own: one value a step.
    """

    leading: tuple[int, ...]
    canonical: Callable[[Tensor], Tensor]
    whole: bool = False
    squeezed: bool = False

    def output(self, values: Tensor) -> Tensor:
        """An output, or values like it → (time or 1, batch, output)."""
        made = self.canonical(values)
        return made.unsqueeze(-1) if self.squeezed else made


@dataclass(frozen=True)
class Place:
    """The time and the sequences of a recorded layer, in which outputs find their place."""

    form: Form
    steps: int
    batch: int
    mask: Tensor | None

    def layouts(self) -> list[Layout]:
        """Every reading, the layer's own order of axes first."""
        steps, batch = self.steps, self.batch
        by_time = Layout((steps, batch), lambda v: v)
        by_batch = Layout((batch, steps), lambda v: v.transpose(0, 1))
        flat_time = Layout((steps * batch,), lambda v: v.reshape(steps, batch, *v.shape[1:]))
        flat_batch = Layout(
            (batch * steps,),
            lambda v: v.reshape(batch, steps, *v.shape[1:]).transpose(0, 1),
        )
        found = [by_time, by_batch, flat_time, flat_batch]
        if self.form.layer.batch_first:
            found = [by_batch, by_time, flat_batch, flat_time]
        if self.form.packed is not None:
            found.append(Layout(self.form.packed.data.shape[:1], self._unpacked))
        found.append(Layout((batch,), lambda v: v[None], whole=True))
        if batch == 1:
            found.append(Layout((), lambda v: v[None, None], whole=True))
        return found

    def read(self, output: Tensor, targets: Any, leaves: Sequence[Tensor]) -> Layout | None:
        """The reading that fits an output (…, output), or None.

        ``leaves`` are the states (time, batch, hidden) of the top layer, of which the output was
        made. An output without an axis of its own, like its targets, has one value a step.
        """
        known = self.layouts()
        fits = [layout for layout in known if layout.leading == output.shape[:-1]]
        if isinstance(targets, Tensor) and targets.shape == output.shape:
            fits += [replace(each, squeezed=True) for each in known if each.leading == output.shape]
        fits.sort(key=lambda layout: layout.whole)
        if len(fits) > 1:
            agreeing = [layout for layout in fits if self._agrees(layout, output, leaves)]
            fits = agreeing or fits
        return fits[0] if fits else None

    def _agrees(self, layout: Layout, output: Tensor, leaves: Sequence[Tensor]) -> bool:
        """Whether the first output of the last sequence depends on what it should alone."""
        seen = layout.output(output)[0, -1].sum()
        if not seen.requires_grad:
            return False
        found = torch.autograd.grad(seen, leaves, retain_graph=True, allow_unused=True)
        touched = torch.zeros(self.steps, self.batch, dtype=torch.bool, device=output.device)
        for gradient in found:
            if gradient is not None:
                touched |= (gradient != 0).any(dim=-1)
        if touched[:, :-1].any():
            return False
        return layout.whole or self.steps == 1 or not bool(touched[1:].any())

    def _unpacked(self, values: Tensor) -> Tensor:
        packed = self.form.packed
        assert packed is not None
        whole = PackedSequence(
            values, packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices
        )
        return pad_packed_sequence(whole)[0]


def targets_in_place(
    targets: Tensor, layout: Layout, place: Place, output: Tensor, axes: int
) -> Tensor:
    """Targets as (time or 1, batch, …), given in the output's order of axes or in the layer's.

    ``axes`` is how many a target has of its own: 1 for values, 0 for classes.

    Raises: RecordingError if they have neither
    """
    leading = len(layout.leading)
    if targets.shape[:leading] == layout.leading and targets.dim() == leading + axes:
        return layout.canonical(targets)
    natural = (
        (place.batch, place.steps) if place.form.layer.batch_first else (place.steps, place.batch)
    )
    if not layout.whole and targets.shape[:2] == natural:
        return targets.transpose(0, 1) if place.form.layer.batch_first else targets
    raise RecordingError(
        f"targets have shape {tuple(targets.shape)}, but an output of shape {tuple(output.shape)} "
        f"needs them to begin with {layout.leading or 'no axis'}"
    )


def losses_in_place(found: Any, layout: Layout | None, place: Place) -> Tensor:
    """The losses that a callable gave, as (time or 1, batch or 1).

    One number is the loss of the whole; (time, batch) in the output's order of axes, or flat, are
    those of each step and sequence; (time) those of each step; (batch) those of each sequence.

    Raises: RecordingError for anything else
    """
    if not isinstance(found, Tensor) or not found.is_floating_point():
        raise RecordingError(
            f"the loss gives {type(found).__name__}; it must give a tensor, with one number a step "
            "or one for the whole"
        )
    if found.numel() == 1 and (found.dim() == 0 or place.steps == place.batch == 1):
        return found.reshape(1, 1)
    by_step = layout is not None and not layout.whole
    for each in [layout] if layout is not None else place.layouts():
        if found.shape == each.leading and found.dim() > 0:
            return each.canonical(found)
    if found.shape == (place.steps,) and (by_step or place.steps != place.batch):
        return found[:, None]
    if found.shape == (place.batch,):
        return found[None]
    raise RecordingError(
        f"the loss gives shape {tuple(found.shape)}; it must give one number a step "
        f"({place.steps} steps, {place.batch} sequences) or one for the whole"
    )

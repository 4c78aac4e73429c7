"""How a model's output is aligned with the time and the sequences of its recurrent layer.

A model may return (time, batch, ·), (batch, time, ·), all steps flattened into one axis, the data
of a packed sequence, or one output for the whole sequence. Where the sizes allow several readings,
gradients decide: the output at a step depends on no later state, and on no other sequence. If they
do not decide, the user is asked. Outputs for packed sequences may have more steps than the longest
sequence; those at the end are padding and are dropped.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from rnnviz.errors import RecordingError
from rnnviz.recording.layouts import BATCH_FIRST, SEQUENCE, TIME_FIRST, Layout

_NONE, _OF_SEQUENCES, _FULL = range(3)
"""How well gradients support a reading."""


@dataclass(frozen=True)
class Alignment:
    """The time and the sequences of a recorded layer, and how outputs are aligned with them.

    ``extra`` counts the steps of padding that outputs, targets and losses have after the layer's.
    """

    steps: int
    batch: int
    mask: Tensor | None
    batch_first: bool
    packed: PackedSequence | None = None
    per: tuple[str, ...] = ()
    extra: int = 0

    @property
    def extent(self) -> int:
        """The steps of outputs, targets and losses, with their padding."""
        return self.steps + self.extra

    @property
    def natural(self) -> tuple[str, ...]:
        """The layer's own order of axes."""
        return BATCH_FIRST if self.batch_first else TIME_FIRST

    @property
    def square(self) -> bool:
        """Whether there are as many sequences as steps, so that sizes decide nothing."""
        return self.extent == self.batch > 1

    def layouts(self) -> list[Layout]:
        """Return every reading, the layer's own order of axes first."""
        steps, batch, own = self.extent, self.batch, self.steps
        by_time = Layout((steps, batch), lambda v: v, TIME_FIRST, own)
        by_batch = Layout((batch, steps), lambda v: v.transpose(0, 1), BATCH_FIRST, own)
        flat_time = Layout(
            (steps * batch,), lambda v: v.reshape(steps, batch, *v.shape[1:]), TIME_FIRST, own
        )
        flat_batch = Layout(
            (batch * steps,),
            lambda v: v.reshape(batch, steps, *v.shape[1:]).transpose(0, 1),
            BATCH_FIRST,
            own,
        )
        found = [by_time, by_batch, flat_time, flat_batch]
        if self.batch_first:
            found = [by_batch, by_time, flat_batch, flat_time]
        if self.packed is not None:
            found.append(Layout(self.packed.data.shape[:1], self._unpacked, TIME_FIRST, own))
        found.append(Layout((batch,), lambda v: v[None], (SEQUENCE,), 1, whole=True))
        if batch == 1:
            found.append(Layout((), lambda v: v[None, None], (SEQUENCE,), 1, whole=True))
        return found

    def padded_as(self, output: Tensor, targets: Any, leaves: Sequence[Tensor]) -> "Alignment":
        """Return the same alignment with the padding of an output (…, output).

        An output of packed sequences either fits without padding, or has more steps that depend on
        no state. A decoder's output may have as many steps, but they are not the layer's.
        """
        own = self._fitting(output, targets)
        if self.packed is None or not all(each.whole for each in own):
            return self
        first, second = (*output.shape[:2], 0, 0)[:2]
        found = [first] if second == self.batch else []
        found += [second] if first == self.batch else []
        found += [first // self.batch] if first % self.batch == 0 else []
        for extent in found:
            padded = replace(self, extra=max(0, extent - self.steps))
            beyond = [each.padding(output) for each in padded._fitting(output, targets)]
            if any(len(part) and _depends_on_none(part, leaves) for part in beyond):
                return padded
        return self

    def fits(self, output: Tensor) -> bool:
        """Whether an output's sizes allow a reading."""
        return bool(self._fitting(output, None))

    def _fitting(self, output: Tensor, targets: Any) -> list[Layout]:
        """Return every reading that an output's sizes allow, those by step first.

        An output of the shape of its targets, without an axis of its own, has one value a step.
        """
        known = self.layouts()
        fits = [layout for layout in known if layout.leading == output.shape[:-1]]
        if isinstance(targets, Tensor) and targets.shape == output.shape:
            fits += [replace(each, squeezed=True) for each in known if each.leading == output.shape]
        return sorted(fits, key=lambda layout: layout.whole)

    def read(self, output: Tensor, targets: Any, leaves: Sequence[Tensor]) -> Layout | None:
        """Return the reading that fits an output (…, output), or None.

        ``leaves`` are the states (time, batch, hidden) of the top layer, from which the output was
        computed.

        Raises: RecordingError if several fit, and gradients do not decide
        """
        fits = self._fitting(output, targets)
        return self._decide(fits, output, leaves) if len(fits) > 1 else next(iter(fits), None)

    def _decide(self, fits: Sequence[Layout], output: Tensor, leaves: Sequence[Tensor]) -> Layout:
        """Return the only reading that gradients support, those by step before whole sequences."""
        if min(self.extent, self.batch) == 1:
            agreeing = [each for each in fits if self._evidence(each, output, leaves) != _NONE]
            return (agreeing or fits)[0]
        if self.per:
            said = [each for each in fits if each.axes == self.per]
            if said and all(self._evidence(each, output, leaves) == _NONE for each in said):
                others = [each for each in fits if each not in said and not each.whole]
                if any(self._evidence(each, output, leaves) == _FULL for each in others):
                    raise RecordingError(
                        f"per is {self.per}, but the model's output of shape "
                        f"{tuple(output.shape)} depends on the states in the other order of axes; "
                        "change per, or leave it out"
                    )
            fits = said or fits
        if len(fits) > 1:
            evidence = {
                index: self._evidence(each, output, leaves) for index, each in enumerate(fits)
            }
            best = max(evidence.values())
            fits = [fits[index] for index, found in evidence.items() if found == best > _NONE]
        by_step = [each for each in fits if not each.whole] or fits
        if len(by_step) != 1:
            raise RecordingError(
                f"the model's output is {tuple(output.shape)} for {self.extent} steps and "
                f"{self.batch} sequences, and gradients do not decide which axis is which; give "
                f"per={TIME_FIRST} or per={BATCH_FIRST}"
            )
        return by_step[0]

    def _evidence(self, layout: Layout, output: Tensor, leaves: Sequence[Tensor]) -> int:
        """Return how well a reading fits what a few of the outputs depend on.

        It fits fully if they depend on no other sequence and no later step.
        """
        made, fit = layout.output(output), _NONE
        times = dict.fromkeys((0, len(made) // 2, len(made) - 1))
        for time, sequence in product(times, dict.fromkeys((self.batch - 1, 0))):
            seen = made[time, sequence].sum()
            if not seen.requires_grad:
                return _NONE
            found = torch.autograd.grad(seen, leaves, retain_graph=True, allow_unused=True)
            touched = torch.zeros(self.steps, self.batch, dtype=torch.bool, device=output.device)
            for gradient in found:
                if gradient is not None:
                    touched |= (gradient != 0).any(dim=-1)
            if not touched.any():
                continue
            own = touched[:, sequence].clone()
            touched[:, sequence] = False
            if touched.any():
                return _NONE
            here = _FULL if layout.whole or not own[time + 1 :].any() else _OF_SEQUENCES
            fit = here if fit == _NONE else min(fit, here)
        return fit

    def _unpacked(self, values: Tensor) -> Tensor:
        packed = self.packed
        assert packed is not None
        whole = PackedSequence(
            values, packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices
        )
        return pad_packed_sequence(whole)[0]


def _depends_on_none(values: Tensor, leaves: Sequence[Tensor]) -> bool:
    """Return whether the gradients of values with respect to all leaves are zero."""
    if not values.requires_grad:
        return True
    found = torch.autograd.grad(values.sum(), leaves, retain_graph=True, allow_unused=True)
    return not any(each is not None and bool(each.any()) for each in found)

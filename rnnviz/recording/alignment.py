"""Where a model's outputs, targets and losses stand in the recurrent layer's time.

A model may give (time, batch, ·), (batch, time, ·), all steps below each other, the data of a
packed sequence, or one output for the whole sequence. Where the sizes allow several readings, the
gradients decide: the output at a step depends on no later state, and on no other sequence. What
they cannot tell apart is asked for. Outputs of packed sequences may have more steps than the
longest sequence; those at the end are padding, and are left out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Final

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from rnnviz.errors import RecordingError
from rnnviz.recording.calls import Form

NONE, OF_SEQUENCES, FULL = range(3)
"""How far gradients bear a reading out."""

STEP: Final = "step"
SEQUENCE: Final = "sequence"
TIME_FIRST: Final = (STEP, SEQUENCE)
BATCH_FIRST: Final = (SEQUENCE, STEP)

Per = str | Sequence[str] | None
"""What the leading axes of outputs, targets and losses are, where their sizes do not tell."""


def axes_of(per: Per) -> tuple[str, ...]:
    """``per`` as names of axes; none where it is not given.

    Raises: RecordingError if it is anything else
    """
    known = ((), (STEP,), (SEQUENCE,), TIME_FIRST, BATCH_FIRST)
    axes = (per,) if isinstance(per, str) else () if per is None else per
    try:
        found = tuple(axes)
    except TypeError:
        found = (per,)  # type: ignore[assignment]
    if found not in known or (per is not None and not found):
        raise RecordingError(
            f"per is {per!r}; choose 'step', 'sequence', ('step', 'sequence') or "
            "('sequence', 'step')"
        )
    return found


@dataclass(frozen=True)
class Layout:
    """One reading of the leading axes: how they become (time, batch), or (1, batch) of a whole.

    ``axes`` are what the leading axes are, in their order, flattened or not. ``steps`` is how many
    there are without padding. ``squeezed`` says that the output has no axis of its own: one value a
    step.
    """

    leading: tuple[int, ...]
    arranged: Callable[[Tensor], Tensor]
    axes: tuple[str, ...]
    steps: int
    whole: bool = False
    squeezed: bool = False

    def canonical(self, values: Tensor) -> Tensor:
        """Values with the leading axes → (time or 1, batch, …), without padding."""
        return self.arranged(values)[: self.steps]

    def padding(self, values: Tensor) -> Tensor:
        """What ``canonical`` leaves out."""
        return self.arranged(values)[self.steps :]

    def output(self, values: Tensor) -> Tensor:
        """An output, or values like it → (time or 1, batch, output)."""
        made = self.canonical(values)
        return made.unsqueeze(-1) if self.squeezed else made


@dataclass(frozen=True)
class Place:
    """The time and the sequences of a recorded layer, in which outputs find their place.

    ``extra`` is how many steps of padding outputs, targets and losses have after the layer's.
    """

    form: Form
    steps: int
    batch: int
    mask: Tensor | None
    per: tuple[str, ...] = ()
    extra: int = 0

    @property
    def extent(self) -> int:
        """The steps of outputs, targets and losses, with their padding."""
        return self.steps + self.extra

    @property
    def natural(self) -> tuple[str, ...]:
        """The layer's own order of axes."""
        return BATCH_FIRST if self.form.layer.batch_first else TIME_FIRST

    @property
    def square(self) -> bool:
        """Whether there are as many sequences as steps, so that sizes tell no axis."""
        return self.extent == self.batch > 1

    def layouts(self) -> list[Layout]:
        """Every reading, the layer's own order of axes first."""
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
        if self.form.layer.batch_first:
            found = [by_batch, by_time, flat_batch, flat_time]
        if self.form.packed is not None:
            found.append(Layout(self.form.packed.data.shape[:1], self._unpacked, TIME_FIRST, own))
        found.append(Layout((batch,), lambda v: v[None], (SEQUENCE,), 1, whole=True))
        if batch == 1:
            found.append(Layout((), lambda v: v[None, None], (SEQUENCE,), 1, whole=True))
        return found

    def padded_as(self, output: Tensor, targets: Any, leaves: Sequence[Tensor]) -> "Place":
        """The same place with the padding of an output (…, output) of packed sequences.

        An output fits without padding, or it has more steps, and those depend on no state: what a
        decoder gives may have as many, but is of other steps than the layer's.
        """
        own = self._fitting(output, targets)
        if self.form.packed is None or not all(each.whole for each in own):
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

    def _fitting(self, output: Tensor, targets: Any) -> list[Layout]:
        """Every reading that an output's sizes allow, those by step first.

        An output without an axis of its own, like its targets, has one value a step.
        """
        known = self.layouts()
        fits = [layout for layout in known if layout.leading == output.shape[:-1]]
        if isinstance(targets, Tensor) and targets.shape == output.shape:
            fits += [replace(each, squeezed=True) for each in known if each.leading == output.shape]
        return sorted(fits, key=lambda layout: layout.whole)

    def read(self, output: Tensor, targets: Any, leaves: Sequence[Tensor]) -> Layout | None:
        """The reading that fits an output (…, output), or None.

        ``leaves`` are the states (time, batch, hidden) of the top layer, of which the output was
        made.

        Raises: RecordingError if it has several readings, and gradients do not tell which is meant
        """
        fits = self._fitting(output, targets)
        return self._told_apart(fits, output, leaves) if len(fits) > 1 else next(iter(fits), None)

    def _told_apart(
        self, fits: Sequence[Layout], output: Tensor, leaves: Sequence[Tensor]
    ) -> Layout:
        """The one reading that is meant; those by step go before those of whole sequences."""
        if min(self.extent, self.batch) == 1:
            agreeing = [each for each in fits if self._evidence(each, output, leaves) != NONE]
            return (agreeing or fits)[0]
        if self.per:
            said = [each for each in fits if each.axes == self.per]
            if said and all(self._evidence(each, output, leaves) == NONE for each in said):
                others = [each for each in fits if each not in said and not each.whole]
                if any(self._evidence(each, output, leaves) == FULL for each in others):
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
            fits = [fits[index] for index, found in evidence.items() if found == best > NONE]
        by_step = [each for each in fits if not each.whole] or fits
        if len(by_step) != 1:
            raise RecordingError(
                f"the model's output is {tuple(output.shape)} for {self.extent} steps and "
                f"{self.batch} sequences, and its gradients do not tell which axis is which; say "
                f"it with per={TIME_FIRST} or per={BATCH_FIRST}"
            )
        return by_step[0]

    def _evidence(self, layout: Layout, output: Tensor, leaves: Sequence[Tensor]) -> int:
        """How well a reading fits what some outputs depend on; those that depend on nothing do.

        It fits in full if they depend on no other sequence and no later step.
        """
        made, fit = layout.output(output), NONE
        times = dict.fromkeys((0, len(made) // 2, len(made) - 1))
        for time, sequence in product(times, dict.fromkeys((self.batch - 1, 0))):
            seen = made[time, sequence].sum()
            if not seen.requires_grad:
                return NONE
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
                return NONE
            here = FULL if layout.whole or not own[time + 1 :].any() else OF_SEQUENCES
            fit = here if fit == NONE else min(fit, here)
        return fit

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

    Raises: RecordingError if they have neither, or one of two that cannot be told apart
    """
    leading = len(layout.leading)
    check_order(targets, layout, place)
    if targets.shape[:leading] == layout.leading and targets.dim() == leading + axes:
        return layout.canonical(targets)
    batch_first = place.natural == BATCH_FIRST
    natural = (place.batch, place.extent) if batch_first else (place.extent, place.batch)
    if not layout.whole and targets.shape[:2] == natural:
        return (targets.transpose(0, 1) if batch_first else targets)[: place.steps]
    raise RecordingError(
        f"targets have shape {tuple(targets.shape)}, but an output of shape {tuple(output.shape)} "
        f"needs them to begin with {layout.leading or 'no axis'}"
    )


def check_order(targets: Tensor, layout: Layout, place: Place) -> None:
    """Refuse targets that may stand in the output's order of axes or in the layer's."""
    plain = layout.leading == (place.extent, place.batch) == targets.shape[:2]
    if plain and place.square and layout.axes != place.natural and len(place.per) < 2:
        raise RecordingError(
            f"targets of shape {tuple(targets.shape)} may have the output's order of axes or the "
            f"recurrent layer's, which differ; say with per={layout.axes} that they have the "
            "output's, and give them so"
        )


def losses_in_place(found: Any, output: Tensor, layout: Layout | None, place: Place) -> Tensor:
    """The losses that a callable gave of an output, as (time or 1, batch or 1).

    One number is the loss of the whole; (time, batch) in the output's order of axes, or flat, are
    those of each step and sequence; (time) those of each step; (batch) those of each sequence.

    Raises: RecordingError for anything else, and for what may be read in several ways
    """
    if not isinstance(found, Tensor) or not found.is_floating_point():
        kind = found.dtype if isinstance(found, Tensor) else type(found).__name__
        raise RecordingError(
            f"the loss gives {kind}; it must give a tensor of numbers with a point, one a step or "
            "one for the whole"
        )
    if torch.finfo(found.dtype).bits < torch.finfo(output.dtype).bits:
        raise RecordingError(
            f"the loss gives {found.dtype} for an output of {output.dtype}; let it keep the "
            "output's dtype"
        )
    alone = found.dim() == 0 or place.extent == place.batch == 1 or not place.per
    if found.numel() == 1 and alone:
        return found.reshape(1, 1)
    if len(place.per) == 1:
        return _losses_of_one_axis(found, output, layout, place)
    if layout is not None and layout.whole and found.shape == layout.leading != ():
        return layout.canonical(found)
    fits = [each for each in place.layouts() if each.leading == found.shape and not each.whole]
    if fits:
        return _by_step(found, output, layout, fits, place).canonical(found)
    if place.square and found.shape == (place.extent,):
        raise RecordingError(
            f"the loss gives {len(found)} numbers, one a step or one a sequence, of which there "
            f"are {place.extent} each; say which with per='step' or per='sequence'"
        )
    if found.shape == (place.extent,):
        return found[: place.steps, None]
    if found.shape == (place.batch,):
        return found[None]
    raise RecordingError(
        f"the loss gives shape {tuple(found.shape)}; it must give one number a step "
        f"({place.extent} steps, {place.batch} sequences) or one for the whole"
        + (f", and stand as per={place.per} says" if place.per else "")
    )


def _losses_of_one_axis(
    found: Tensor, output: Tensor, layout: Layout | None, place: Place
) -> Tensor:
    """Losses of each step, or of each sequence, as the user says that they are."""
    by_step = place.per == (STEP,)
    wanted = place.extent if by_step else place.batch
    if found.shape != (wanted,):
        raise RecordingError(
            f"the loss gives shape {tuple(found.shape)}, but per={place.per[0]!r} means "
            f"({wanted},); change per, or the loss"
        )
    if place.square and layout is not None and not layout.whole and place.extent > 1:
        steps = found[: place.steps, None].expand(place.steps, place.batch)
        sequences = found[None].expand(place.steps, place.batch)
        said, other = (steps, sequences) if by_step else (sequences, steps)
        if not _follow(said, found, output, layout) and _follow(other, found, output, layout):
            wrong, right = (STEP, SEQUENCE) if by_step else (SEQUENCE, STEP)
            raise RecordingError(
                f"per is {wrong!r}, but each of the {len(found)} losses depends on the outputs of "
                f"one {right} alone; say per={right!r}"
            )
    return found[: place.steps, None] if by_step else found[None]


def _by_step(
    losses: Tensor, output: Tensor, layout: Layout | None, fits: Sequence[Layout], place: Place
) -> Layout:
    """Which reading is meant of losses of each step and sequence."""
    if min(place.extent, place.batch) == 1 or len({each.axes for each in fits}) == 1:
        return fits[0]
    if len(place.per) == 2:
        said = [each for each in fits if each.axes == place.per]
        if layout is not None and not layout.whole and output.requires_grad:
            others = [each for each in fits if each not in said]
            refuted = said and not any(_follows(each, losses, output, layout) for each in said)
            if refuted and any(_follows(each, losses, output, layout) for each in others):
                raise RecordingError(
                    f"per is {place.per}, but the losses of shape {tuple(losses.shape)} follow the "
                    "outputs in the other order of axes; give them in the order of per, or change "
                    "per"
                )
        fits = said
    elif layout is not None and not layout.whole and output.requires_grad:
        fits = [each for each in fits if _follows(each, losses, output, layout)]
    if len({each.axes for each in fits}) != 1:
        raise RecordingError(
            f"the loss gives shape {tuple(losses.shape)} for {place.extent} steps and "
            f"{place.batch} sequences, and its gradients do not tell which axis is which; say it "
            f"with per={TIME_FIRST} or per={BATCH_FIRST}"
        )
    return fits[0]


def _follows(reading: Layout, losses: Tensor, output: Tensor, layout: Layout) -> bool:
    """Whether the loss at each step and sequence depends on the output there alone."""
    placed = reading.canonical(losses)
    return _follow_by(_weights_like(placed), placed, output, layout)


def _follow(placed: Tensor, losses: Tensor, output: Tensor, layout: Layout) -> bool:
    """Whether losses of one axis, spread over (time, batch), depend on the outputs there alone."""
    weights = _weights_like(losses)
    spread = weights[: len(placed), None] if placed.stride()[1] == 0 else weights[None]
    spread = spread.expand(placed.shape)
    return _follow_by(spread, placed / placed[0].numel(), output, layout)


def _weights_like(losses: Tensor) -> Tensor:
    drawn = torch.rand(losses.shape, generator=torch.Generator().manual_seed(0)) + 0.5
    return drawn.to(losses.device, losses.dtype)


def _follow_by(weights: Tensor, placed: Tensor, output: Tensor, layout: Layout) -> bool:
    """Whether weights of losses (time, batch) weigh the gradients of the outputs there alike."""
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


def _depends_on_none(values: Tensor, leaves: Sequence[Tensor]) -> bool:
    """Whether the gradients of values with respect to all leaves are zero."""
    if not values.requires_grad:
        return True
    found = torch.autograd.grad(values.sum(), leaves, retain_graph=True, allow_unused=True)
    return not any(each is not None and bool(each.any()) for each in found)

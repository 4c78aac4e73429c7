"""Names of the leading axes of outputs, targets and losses, and how these become (time, batch)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from torch import Tensor

from rnnviz.errors import RecordingError

STEP: Final = "step"
SEQUENCE: Final = "sequence"
TIME_FIRST: Final = (STEP, SEQUENCE)
BATCH_FIRST: Final = (SEQUENCE, STEP)

AxisOrder = str | Sequence[str] | None
"""The leading axes of outputs, targets and losses, where their sizes leave them open."""


def axes_of(per: AxisOrder) -> tuple[str, ...]:
    """Return ``per`` as names of axes, none where it is not given.

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
            f"per must be 'step', 'sequence', ('step', 'sequence') or ('sequence', 'step'), got "
            f"{per!r}"
        )
    return found


@dataclass(frozen=True)
class Layout:
    """One reading of the leading axes: how they become (time, batch), or (1, batch) of a whole.

    ``axes`` names the leading axes in their order, flattened or not. ``steps`` counts the steps
    without padding. ``whole`` is one output for each sequence. ``squeezed`` means that the output
    has no axis of its own: one value a step.
    """

    leading: tuple[int, ...]
    arranged: Callable[[Tensor], Tensor]
    axes: tuple[str, ...]
    steps: int
    whole: bool = False
    squeezed: bool = False

    def canonical(self, values: Tensor) -> Tensor:
        """Return values with the leading axes as (time or 1, batch, …), without padding."""
        return self.arranged(values)[: self.steps]

    def padding(self, values: Tensor) -> Tensor:
        """Return the padding, which ``canonical`` leaves out."""
        return self.arranged(values)[self.steps :]

    def output(self, values: Tensor) -> Tensor:
        """Return an output, or values like it, as (time or 1, batch, output)."""
        made = self.canonical(values)
        return made.unsqueeze(-1) if self.squeezed else made

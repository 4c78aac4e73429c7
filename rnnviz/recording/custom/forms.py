"""The form of a named state, and how it becomes rows of real numbers, one row a sequence."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from rnnviz.errors import RecordingError
from rnnviz.trace.metadata import NamedState


@dataclass(frozen=True)
class Form:
    """The shape of a state, with the axis of its sequences, None if there is none."""

    shape: tuple[int, ...]
    axis: int | None
    dtype: torch.dtype

    @classmethod
    def of(cls, value: Any, name: str, axis: int | None) -> "Form":
        """Return the form of a state.

        Raises: RecordingError if it is not a tensor of real or complex numbers
        """
        if not isinstance(value, Tensor) or not (value.is_floating_point() or value.is_complex()):
            found = value.dtype if isinstance(value, Tensor) else type(value).__name__
            raise RecordingError(
                f"state {name!r} is {found}, but a state is one tensor of floating-point numbers; "
                "name each tensor of a tuple by itself, and a number before it is rounded"
            )
        if value.dim() <= 1:
            axis = None
        elif axis is not None and not -value.dim() <= axis < value.dim():
            raise RecordingError(
                f"state {name!r} has shape {tuple(value.shape)}, and no axis {axis} of sequences; "
                "give another batch="
            )
        return cls(tuple(value.shape), axis if axis is None else axis % value.dim(), value.dtype)

    @property
    def batch(self) -> int:
        """The number of sequences."""
        return 1 if self.axis is None else self.shape[self.axis]

    @property
    def own(self) -> tuple[int, ...]:
        """The shape of one sequence's state."""
        return tuple(size for axis, size in enumerate(self.shape) if axis != self.axis)

    @property
    def size(self) -> int:
        """The number of its real numbers for one sequence."""
        return math.prod(self.own) * (2 if self.dtype.is_complex else 1)

    @property
    def real(self) -> torch.dtype:
        """The dtype of its real numbers."""
        return self.dtype.to_real() if self.dtype.is_complex else self.dtype

    @property
    def _is_rows(self) -> bool:
        """Whether a state is a matrix with a row for each sequence already."""
        return self.axis == 0 and len(self.shape) == 2 and not self.dtype.is_complex

    def rows(self, value: Tensor) -> Tensor:
        """Return a state as real numbers (batch, entry); complex ones are two each."""
        if self._is_rows:
            return value
        moved = value.unsqueeze(0) if self.axis is None else value.movedim(self.axis, 0)
        if moved.is_complex():
            moved = torch.view_as_real(moved.resolve_conj())
        return moved.reshape(len(moved), -1)

    def value(self, rows: Tensor) -> Tensor:
        """Return the state of rows (batch, entry), in its own shape and dtype."""
        if self._is_rows:
            return rows.to(self.dtype)
        own = (*self.own, 2) if self.dtype.is_complex else self.own
        made = rows.to(self.real).reshape(self.batch, *own)
        if self.dtype.is_complex:
            made = torch.view_as_complex(made.contiguous())
        return made.squeeze(0) if self.axis is None else made.movedim(0, self.axis)


def places_of(forms: Mapping[str, Form]) -> tuple[NamedState, ...]:
    """Return where each state lies among the entries of all."""
    placed, first = [], 0
    for name, form in forms.items():
        placed.append(NamedState(name, form.own, first, form.dtype.is_complex))
        first += placed[-1].size
    return tuple(placed)


def batch_of(forms: Iterable[tuple[str, Form]]) -> int:
    """Return the number of sequences, which all states must share.

    Raises: RecordingError if they do not
    """
    counts = {name: form.batch for name, form in forms}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise RecordingError(
            f"the states have different numbers of sequences ({listed}); say which axis of each is "
            "that of sequences, as in rnnviz.state(h, 'h', batch=1), or batch=None for none"
        )
    return next(iter(counts.values()))

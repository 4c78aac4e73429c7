"""The part of a long recording that a scene shows."""

import re
from dataclasses import dataclass
from typing import Final

from rnnviz.mobjects.wording import Say
from rnnviz.text.plain_text import lowered
from rnnviz.trace import Trace

_FITS: Final = 7
_PART: Final = re.compile(r"(?:^\D+)?\d+\D*")


@dataclass(frozen=True)
class Window:
    """The consecutive steps of a sequence that a scene shows.

    ``steps`` are 1-based times, ``of`` is the number of steps recorded.
    """

    steps: tuple[int, ...]
    of: int

    @classmethod
    def last(cls, trace: Trace, most: int) -> "Window":
        """Return the last ``most`` steps, or all of a shorter recording."""
        return cls(tuple(range(max(1, trace.steps - most + 1), trace.steps + 1)), trace.steps)

    @classmethod
    def before_last_loss(cls, trace: Trace, most: int) -> "Window":
        """Return the last ``most`` steps up to the last one with a loss."""
        last = trace.loss_steps[-1] + 1
        return cls(tuple(range(max(1, last - most + 1), last + 1)), trace.steps)

    @property
    def indices(self) -> slice:
        """The steps shown, as an index into a recorded time axis."""
        return slice(self.steps[0] - 1, self.steps[-1])

    def words(self, trace: Trace) -> tuple[str, ...]:
        """Return the labels of the first sequence's inputs at these steps, or x₁, x₂, …

        Long dates and times are shortened by the parts they share.
        """
        if trace.metadata.step_labels:
            return brief(trace.metadata.step_labels[0][self.indices])
        return tuple(f"x{lowered(step)}" for step in self.steps)

    @property
    def cut(self) -> bool:
        """Whether some steps are not shown."""
        return len(self.steps) < self.of

    def note(self, say: Say) -> tuple[str, ...]:
        """Return the note for the source line that names the steps, empty if all are shown."""
        if not self.cut:
            return ()
        text = say("steps {first}–{last} of {count}")
        return (text.format(first=self.steps[0], last=self.steps[-1], count=self.of),)


def brief(labels: tuple[str, ...]) -> tuple[str, ...]:
    """Shorten labels with numbers by the parts that all of them begin or end with.

    No more is removed than needed, and nothing if the labels would still be too long.

    Example: >>> brief(("2024-03-11", "2024-03-12"))
             ('03-11', '03-12')
    """
    if not all(any(map(str.isdigit, label)) for label in labels):
        return labels
    rows = [_PART.findall(label) for label in labels]
    if any("".join(row) != label for row, label in zip(rows, labels, strict=True)):
        return labels
    while _longest(rows) > _FITS and min(map(len, rows)) > 1:
        if len({row[0] for row in rows}) == 1:
            rows = [row[1:] for row in rows]
        elif len({row[-1] for row in rows}) == 1:
            rows = [row[:-1] for row in rows]
        else:
            break
    if _longest(rows) > _FITS:
        return labels
    return tuple("".join(row).rstrip(" -/:,_") for row in rows)


def _longest(rows: list[list[str]]) -> int:
    return max(len("".join(row).rstrip()) for row in rows)

"""The result of verifying a trace: one check for each field, and how the checks are printed."""

from dataclasses import dataclass
from typing import Final

REFERENCE: Final = "NumPy reference"
DIFFERENCES: Final = "finite differences"
HASH: Final = "recorded hash"
JACOBIANS: Final = "recorded Jacobians"
OWN_CODE: Final = "the model's own code"
AUTOGRAD: Final = "autograd, loss by loss"
UNCHECKED: Final = "not checked"


@dataclass(frozen=True)
class Check:
    """One field compared with one independent computation: the largest relative error.

    Fields that can only be compared with each other are named together. If no computation here
    can judge a field, ``against`` is ``UNCHECKED``, and ``note`` gives the reason.
    """

    field: str
    against: str
    error: float
    tolerance: float
    note: str = ""

    @property
    def ok(self) -> bool:
        """Whether the error is within its tolerance."""
        return self.error <= self.tolerance

    @property
    def row(self) -> tuple[str, str, str, str, str]:
        """The check as text: field, against, relative error, tolerance, and verdict with note."""
        if self.against == UNCHECKED:
            return self.field, self.against, "–", "–", self.note
        verdict = ": ".join(filter(None, ["ok" if self.ok else "WRONG", self.note]))
        return self.field, self.against, f"{self.error:.1e}", f"{self.tolerance:.0e}", verdict


def exact(field: str, against: str, right: bool) -> Check:
    """Return the check of what is either right or wrong."""
    return Check(field, against, 0.0 if right else float("inf"), 0.0)


def unchecked(field: str, note: str) -> Check:
    """Return the check of a field that cannot be judged."""
    return Check(field, UNCHECKED, 0.0, float("inf"), note)


@dataclass(frozen=True, repr=False)
class Report:
    """All checks of a trace."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether every check passed."""
        return all(check.ok for check in self.checks)

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks that did not pass."""
        return tuple(check for check in self.checks if not check.ok)

    def __repr__(self) -> str:
        """One line: whether it passed, how many checks there are, and what is wrong."""
        skipped = sum(check.against == UNCHECKED for check in self.checks)
        parts = [f"{len(self.checks) - skipped} checks"]
        if skipped:
            parts.append(f"{skipped} not checked")
        if self.failures:
            parts.append(f"wrong: {', '.join(dict.fromkeys(c.field for c in self.failures))}")
        return f"<Report: {'ok' if self.ok else 'WRONG'}, {', '.join(parts)}>"

    def __str__(self) -> str:
        """A line for each check."""
        rows = [check.row for check in self.checks]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
        return "\n".join(lines)

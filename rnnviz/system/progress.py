"""What long work tells while it goes on, to whoever wants to hear it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

Report = Callable[[int, int, str], None]
"""Called after each part with how many there are, of how many, and which one it was."""

_reports: Final[ContextVar[Report | None]] = ContextVar("reports", default=None)


@contextmanager
def reported(report: Report) -> Iterator[None]:
    """Within it, long work tells how far it has come."""
    token = _reports.set(report)
    try:
        yield
    finally:
        _reports.reset(token)


def current_report() -> Report | None:
    """Whom to tell, if anyone."""
    return _reports.get()

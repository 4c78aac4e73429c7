"""Reports the progress of long work to its caller."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

Report = Callable[[int, int, str], None]
"""Called after each part with the number done, the total number, and the part's name."""

_reports: Final[ContextVar[Report | None]] = ContextVar("reports", default=None)


@contextmanager
def reported(report: Report) -> Iterator[None]:
    """A context in which long work reports its progress."""
    token = _reports.set(report)
    try:
        yield
    finally:
        _reports.reset(token)


def current_report() -> Report | None:
    """Return the function to report to, if any."""
    return _reports.get()

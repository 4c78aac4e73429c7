"""Cases of a parametrized test, of which some are among the quick tests and the others are slow."""

from collections.abc import Container, Iterable
from typing import Any

import pytest


def often(cases: Iterable[Any], chosen: Container[Any]) -> list[Any]:
    """Return the cases; those that are not among the chosen ones are slow."""
    return [case if case in chosen else _slow(case) for case in cases]


def every(count: int, cases: Iterable[Any], first: int = 0) -> list[Any]:
    """Return the cases; all but every ``count``-th from ``first`` on are slow."""
    return [
        case if place % count == first % count else _slow(case) for place, case in enumerate(cases)
    ]


def _slow(case: Any) -> Any:
    """Return a case, which may have several values or marks of its own, as a slow one."""
    if isinstance(case, type(pytest.param())):
        return case._replace(marks=(*case.marks, pytest.mark.slow))
    values = case if isinstance(case, tuple) else (case,)
    return pytest.param(*values, marks=pytest.mark.slow)


NETWORKS = often(["as recorded", "with another network"], ["with another network"])
"""Of a scene's recording: as it is by default, and with all parameters of its network changed."""

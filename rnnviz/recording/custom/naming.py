"""The names that a model's own code gives to its states and gates.

Outside of a recording both functions return what they are given, and do nothing else.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Naming(Protocol):
    """What a run does with the states and gates that the code names."""

    def state(self, value: Any, name: str, batch: int | None) -> Any:
        """Return the tensor with which the code goes on."""

    def gate(self, value: Any, name: str) -> None:
        """Note the value of a gate at this step."""


_NAMING: ContextVar[Naming | None] = ContextVar("naming", default=None)


def state(value: T, name: str = "h", *, batch: int | None = 0) -> T:
    """Name the state that a step passes on to the next one; use what is returned from there on.

    It is called once a step with each state. Several names are several states: h and c, or one for
    each layer. ``batch`` is the axis of sequences, None if there is only one and no axis for it; a
    state with a single axis has none.

    Example: >>> h = state(x.tanh(), "h")
    """
    naming = _NAMING.get()
    return value if naming is None else naming.state(value, name, batch)


def gate(value: T, name: str) -> T:
    """Name a gate, or any other tensor of a step, so that a recording keeps its values.

    The axis of sequences is the first one.

    Example: >>> z = gate(x.sigmoid(), "z")
    """
    naming = _NAMING.get()
    if naming is not None:
        naming.gate(value, name)
    return value


@contextmanager
def named_by(naming: Naming) -> Iterator[None]:
    """Within a block, pass what the code names to an object."""
    token = _NAMING.set(naming)
    try:
        yield
    finally:
        _NAMING.reset(token)


class Names:
    """The names that are given in a run, which goes on unchanged."""

    def __init__(self) -> None:
        self.found: set[str] = set()

    def state(self, value: Any, name: str, batch: int | None) -> Any:
        """Note the name."""
        self.found.add(name)
        return value

    def gate(self, value: Any, name: str) -> None:
        """Do nothing."""

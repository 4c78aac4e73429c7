"""The memory that this process may still allocate."""

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

_GROUPS: Final = Path("/sys/fs/cgroup")
_OF_GROUP: Final = (
    ("memory.max", "memory.current"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes"),
)


def free_memory() -> int:
    """Return the free bytes of the machine, within the limits of its container and shell."""
    return max(0, min(_left()))


def free_addresses() -> int | None:
    """Return the free bytes of address space (``ulimit -v``), or None without a limit."""
    if sys.platform == "win32":
        return None
    import resource

    import psutil

    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return (
        None
        if soft == resource.RLIM_INFINITY
        else max(0, soft - int(psutil.Process().memory_info().vms))
    )


def _left() -> Iterator[int]:
    import psutil  # slow to load, and seldom needed

    yield int(psutil.virtual_memory().available)
    addresses = free_addresses()
    if addresses is not None:
        yield addresses
    for most, taken in _OF_GROUP:
        for folder in (_GROUPS, _GROUPS / "memory"):
            with suppress(OSError, ValueError):  # no such group, or "max": no limit
                limit = int((folder / most).read_text())
                yield limit - int((folder / taken).read_text())

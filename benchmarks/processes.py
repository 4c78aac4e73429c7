"""What a command costs, with all processes that it starts: time, and memory at its peak."""

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from threading import Event, Thread
from typing import Final, Self

import psutil

_INTERVAL: Final = 0.2
"""Seconds between two looks at the memory; a look costs a few milliseconds a process."""


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock, seconds of all processors, and bytes with shared pages counted once."""

    wall: float
    cpu: float
    memory: float

    @classmethod
    def median(cls, costs: Sequence[Self]) -> Self:
        """The median of each."""
        return cls(
            median(cost.wall for cost in costs),
            median(cost.cpu for cost in costs),
            median(cost.memory for cost in costs),
        )


def cost_of(command: Sequence[str | Path], environment: Mapping[str, str]) -> Cost:
    """Run a command to its end.

    Raises: RuntimeError with what it said, if it failed
    """
    done, seen = Event(), [0]
    with tempfile.TemporaryFile() as said:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        watcher = Thread(target=_watch, args=(process.pid, done, seen))
        watcher.start()
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        done.set()
        watcher.join()
        if process.returncode:
            said.seek(0)
            words = " ".join(str(word) for word in command)
            raise RuntimeError(f"{words} failed:\n{said.read().decode(errors='replace')}")
    return Cost(wall, used.ru_utime + used.ru_stime, max(seen))


def _watch(pid: int, done: Event, seen: list[int]) -> None:
    while not done.wait(_INTERVAL):
        with suppress(psutil.Error):
            root = psutil.Process(pid)
            seen.append(sum(_share(each) for each in (root, *root.children(recursive=True))))


def _share(process: psutil.Process) -> int:
    """A process's memory, of each page that n processes share an n-th."""
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0

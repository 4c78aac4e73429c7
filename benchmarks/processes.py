"""Measure time and peak memory of a command and all processes that it starts."""

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
"""Seconds between samples of the memory; a sample costs a few milliseconds per process."""


@dataclass(frozen=True)
class Cost:
    """Wall-clock seconds, CPU seconds, and peak bytes with shared pages counted once."""

    wall: float
    cpu: float
    memory: float

    @classmethod
    def median(cls, costs: Sequence[Self]) -> Self:
        """Return the median of each quantity."""
        return cls(
            median(cost.wall for cost in costs),
            median(cost.cpu for cost in costs),
            median(cost.memory for cost in costs),
        )


def cost_of(command: Sequence[str | Path], environment: Mapping[str, str]) -> Cost:
    """Run a command and return its cost.

    Raises: RuntimeError with its output if it fails
    """
    done, samples = Event(), [0]
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        watcher = Thread(target=_watch, args=(process.pid, done, samples))
        watcher.start()
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        done.set()
        watcher.join()
        if process.returncode:
            output.seek(0)
            words = " ".join(str(word) for word in command)
            raise RuntimeError(f"{words} failed:\n{output.read().decode(errors='replace')}")
    return Cost(wall, used.ru_utime + used.ru_stime, max(samples))


def _watch(pid: int, done: Event, samples: list[int]) -> None:
    while not done.wait(_INTERVAL):
        with suppress(psutil.Error):
            root = psutil.Process(pid)
            samples.append(sum(_share(each) for each in (root, *root.children(recursive=True))))


def _share(process: psutil.Process) -> int:
    """Return the proportional set size of a process: 1/n of each page that n processes share."""
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0

"""Processes that draw beats side by side, each from the state in which it was started.

A process starts as a copy of this one, with all that is loaded and built; the memory that neither
changes is shared.
"""

import ctypes
import gc
import multiprocessing
import os
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, Self

from rnnviz.errors import RenderError, RnnvizError
from rnnviz.rendering.shot import Shot
from rnnviz.workers import available_cores

_CONTEXT: Final = "fork"
_SET_DEATH_SIGNAL: Final = 1
"""Linux's prctl: a process dies with its parent, however that dies."""


@dataclass
class Job:
    """One piece of work: what it is, and how it ended."""

    name: str
    on_done: Callable[[], None]
    error: RnnvizError | None = None
    done: bool = False

    def end(self, error: RnnvizError | None = None) -> None:
        """Take note that it is done."""
        self.error, self.done = error, True
        if error is None:
            self.on_done()


class AnyCrew(Protocol):
    """Those who draw beats side by side."""

    def start(self, job: Job, shot: Shot) -> None:
        """Have a beat drawn."""

    def wait_for(self, job: Job) -> None:
        """Wait until a job is done."""


class Crew:
    """As many processes at a time as there are places.

    Used as a context: it waits for all of them at its end, or stops them if it is left by an error.
    """

    def __init__(self, places: int | None = None) -> None:
        self.places = places or available_cores()
        self._running: dict[Any, tuple[Any, Connection, Job]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None and not issubclass(kind, RnnvizError):
            for process, _, _ in self._running.values():
                process.terminate()
        while self._running:
            self._reap()

    def start(self, job: Job, shot: Shot) -> None:
        """Let a process draw a beat as soon as there is a place for it."""
        while len(self._running) >= self.places:
            self._reap()
        context = multiprocessing.get_context(_CONTEXT)
        theirs, ours = context.Pipe(duplex=False)
        process = context.Process(
            target=_work, args=(shot.draw, ours, job.name, os.getpid()), daemon=True
        )
        process.start()
        ours.close()
        self._running[process.sentinel] = (process, theirs, job)

    def wait_for(self, job: Job) -> None:
        """Wait until a job is done."""
        while not job.done:
            self._reap()

    def _reap(self) -> None:
        """Wait for a process to end, and hear how it did."""
        for sentinel in wait(list(self._running)):
            process, theirs, job = self._running.pop(sentinel)
            process.join()
            job.end(_failure(process, theirs, job) if process.exitcode else None)
            theirs.close()
            process.close()


def can_fork() -> bool:
    """Whether this system starts processes as copies."""
    return _CONTEXT in multiprocessing.get_all_start_methods() and os.uname().sysname == "Linux"


def told(name: str, error: Exception) -> str:
    """How a piece of work failed, in one line."""
    if isinstance(error, RnnvizError):
        return f"{name}: {error}"
    return f"{name} failed: {described(error)}"


def described(error: Exception) -> str:
    """An error in one line: what it says, and where in the storyboard, or else where at all."""
    steps = traceback.extract_tb(error.__traceback__)
    ours = [step for step in steps if "manim" not in step.filename]
    step = next((each for each in ours if Path(each.filename).parent.name == "scenes"), ours[-1])
    what = traceback.format_exception_only(error)[-1].strip()
    return f"{what} ({Path(step.filename).name}, line {step.lineno})"


def _work(work: Callable[[], None], tell: Connection, name: str, parent: int) -> None:
    ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    gc.freeze()  # what this process began with is never garbage in it
    try:
        work()
    except Exception as error:
        tell.send(told(name, error))
        os._exit(1)


def _failure(process: Any, theirs: Connection, job: Job) -> RenderError:
    """What a process told before it ended, or how it ended without a word."""
    try:
        if theirs.poll():
            return RenderError(theirs.recv())
    except EOFError:
        pass
    code = process.exitcode
    ending = f"signal {-code}" if code < 0 else f"exit status {code}"
    return RenderError(
        f"the process that drew {job.name} ended ({ending}); what is finished is kept, render again"
    )

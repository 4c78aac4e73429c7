"""Processes that draw beats side by side, each from the state in which it was started.

A process starts as a copy of this one, with all that is loaded and built; the memory that neither
changes is shared. It draws when its turn comes: meanwhile this one plays on, and starts others.
"""

import ctypes
import gc
import multiprocessing
import os
import random
import signal
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from rnnviz.errors import RenderError, RnnvizError
from rnnviz.rendering.execution.beat_task import BeatTask
from rnnviz.scene.failures import FAILURES, told
from rnnviz.system.workers import available_cores

_CONTEXT: Final = "fork"
_HANGUP: Final = getattr(signal, "SIGHUP", signal.SIGTERM)
"""A terminal that closes; not every system has it."""
_ENDING: Final = (signal.SIGINT, signal.SIGTERM, _HANGUP)
_SET_DEATH_SIGNAL: Final = 1
"""Linux's prctl: a process dies with its parent, however that dies."""
_AHEAD: Final = 3
"""How many may wait for their turn: each holds what this process has changed since."""

_Place = TypeVar("_Place")


@dataclass
class Job:
    """One piece of work: what it is, how long a video it makes, and how it ended.

    Units: seconds; 0 until it is known
    """

    name: str
    on_done: Callable[[], None]
    seconds: float = 0.0
    error: RnnvizError | None = None
    done: bool = False

    def end(self, error: RnnvizError | None = None) -> None:
        """Take note that it is done."""
        self.error, self.done = error, True
        if error is None:
            self.on_done()


@dataclass(frozen=True)
class _Hand:
    """A process, the line on which it is told to begin and tells how it ended, and its job."""

    process: Any
    line: Connection
    job: Job


class Executor(ABC):
    """Those who draw beats side by side.

    Used as a context. What they work in is entered through it, and left once they have ended.
    """

    def __init__(self) -> None:
        self._entered = ExitStack()

    def __enter__(self) -> Self:
        return self

    @abstractmethod
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for those at work, or stop them, and leave what was entered."""

    def enter(self, place: AbstractContextManager[_Place]) -> _Place:
        """Enter a place that they work in."""
        return self._entered.enter_context(place)

    @abstractmethod
    def start(self, job: Job, task: BeatTask) -> None:
        """Have a beat drawn."""

    def wait_for(self, job: Job) -> None:
        """Wait until a job is done."""
        while not job.done:
            self._reap()

    @abstractmethod
    def _reap(self) -> None:
        """Wait for one or more that end, and hear how they did."""


class ForkExecutor(Executor):
    """As many processes at work at a time as there are places, those with the longest job first.

    It waits for all of them at its end, or stops them if it is left by an error.
    """

    def __init__(self, places: int | None = None) -> None:
        super().__init__()
        self.places = places or available_cores()
        self._waiting: list[_Hand] = []
        self._working: dict[Connection, _Hand] = {}

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._entered:
            if kind is not None and not issubclass(kind, RnnvizError):
                for hand in (*self._waiting, *self._working.values()):
                    hand.process.terminate()
            while self._working:
                self._reap()

    def start(self, job: Job, task: BeatTask) -> None:
        """Start a process for a beat, which it draws as soon as there is a place for it."""
        while len(self._waiting) >= _AHEAD:
            self._reap()
        context = multiprocessing.get_context(_CONTEXT)
        line, end = context.Pipe()
        given = (task, end, os.getpid(), random.getstate())
        process = context.Process(target=_work, args=given, daemon=True)
        with _undisturbed():
            process.start()
            end.close()
            self._waiting.append(_Hand(process, line, job))
        self._reap(patience=0)

    def _reap(self, patience: float | None = None) -> None:
        """Hear from those that end, and give their places to those that wait."""
        for line in wait(list(self._working), patience):
            assert isinstance(line, Connection)
            hand = self._working.pop(line)
            hand.job.end(_outcome(hand))
            line.close()
            hand.process.close()
        while self._waiting and len(self._working) < self.places:
            hand = max(self._waiting, key=lambda each: each.job.seconds)
            self._waiting.remove(hand)
            self._working[hand.line] = hand
            with suppress(OSError):  # it may be killed before its turn
                hand.line.send(None)


def can_fork() -> bool:
    """Whether this system starts processes as copies."""
    return _CONTEXT in multiprocessing.get_all_start_methods() and os.uname().sysname == "Linux"


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A moment in which this process hears no signal: a copy of it would hear it as well."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(task: BeatTask, line: Connection, parent: int, lot: Any) -> None:
    ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    for kind in (signal.SIGINT, _HANGUP):  # a terminal sends them to the parent as well
        signal.signal(kind, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    random.setstate(lot)  # Python gives each copy another one
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)  # OpenMP's other threads are not copied, and it waits for them
    gc.freeze()  # what this process began with is never garbage in it
    outcome = None
    line.recv()
    try:
        task.draw()
    except FAILURES as error:
        outcome = told(task.spec.name, error, task.spec.source)
    line.send(outcome)


def _outcome(hand: _Hand) -> RnnvizError | None:
    """What a process tells at its end, None if all is well; or how it ended without a word."""
    with suppress(EOFError, OSError):  # it may be killed within a word
        heard: RnnvizError | None = hand.line.recv()
        hand.process.join()
        return heard
    hand.process.join()
    code = hand.process.exitcode
    ending = f"signal {-code}" if code < 0 else f"exit status {code}"
    return RenderError(
        f"the process that drew {hand.job.name} ended ({ending}); what is finished is kept, "
        "render again"
    )

"""Draws beats in parallel in forked processes, each from the state in which it was forked.

A process starts as a copy of this one, with all that is loaded and built; the memory that neither
changes is shared. It starts to draw when a slot is free; meanwhile this process plays on and
forks others.
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
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from rnnviz.errors import RenderError, RnnvizError
from rnnviz.rendering.cache.dependencies import Reads
from rnnviz.rendering.execution.beat_task import BeatTask
from rnnviz.scene.failures import FAILURES, scene_error
from rnnviz.system.workers import available_cores

_CONTEXT: Final = "fork"
_HANGUP: Final = getattr(signal, "SIGHUP", signal.SIGTERM)
"""Sent when a terminal closes; not every system has it."""
_ENDING_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, _HANGUP)
_SET_DEATH_SIGNAL: Final = 1
"""Linux's prctl: a process dies with its parent, however the parent dies."""
_MOST_WAITING: Final = 3
"""How many processes may wait: each keeps the memory that this one has changed since the fork."""

_Entered = TypeVar("_Entered")


@dataclass
class Job:
    """One piece of work: its name, the length of the video it makes, and how it ended.

    ``reads`` is what the beat read, once it is done.

    Units: seconds; 0 until it is known
    """

    name: str
    on_done: Callable[[], None]
    seconds: float = 0.0
    reads: Reads = field(default_factory=dict)
    error: RnnvizError | None = None
    done: bool = False

    def end(self, outcome: RnnvizError | Reads) -> None:
        """End it with an error, or with what the beat read."""
        self.done = True
        if isinstance(outcome, RnnvizError):
            self.error = outcome
        else:
            self.reads = outcome
            self.on_done()


@dataclass(frozen=True)
class _Worker:
    """A process, the pipe on which it is started and reports how it ended, and its job."""

    process: Any
    pipe: Connection
    job: Job


class Executor(ABC):
    """Draws beats in parallel.

    A context manager. Contexts that the work needs are entered through it, and exited once all work
    has ended.
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
        """Wait for the work, or stop it, and exit what was entered."""

    def enter(self, context: AbstractContextManager[_Entered]) -> _Entered:
        """Enter a context that the work needs."""
        return self._entered.enter_context(context)

    @abstractmethod
    def start(self, job: Job, task: BeatTask) -> None:
        """Start drawing a beat, now or when a slot is free."""

    def wait_for(self, job: Job) -> None:
        """Wait until a job is done."""
        while not job.done:
            self._reap()

    @abstractmethod
    def _reap(self) -> None:
        """Wait for one or more jobs to end, and note how they did."""


class ForkExecutor(Executor):
    """Draws each beat in a forked process, ``slots`` at a time, the longest jobs first.

    On exit it waits for all of them, or stops them if it exits with an error.
    """

    def __init__(self, slots: int | None = None) -> None:
        super().__init__()
        self.slots = slots or available_cores()
        self._waiting: list[_Worker] = []
        self._working: dict[Connection, _Worker] = {}

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._entered:
            if kind is not None and not issubclass(kind, RnnvizError):
                for worker in (*self._waiting, *self._working.values()):
                    worker.process.terminate()
            while self._working:
                self._reap()

    def start(self, job: Job, task: BeatTask) -> None:
        """Fork a process that draws a beat as soon as a slot is free."""
        while len(self._waiting) >= _MOST_WAITING:
            self._reap()
        context = multiprocessing.get_context(_CONTEXT)
        pipe, end = context.Pipe()
        arguments = (task, end, os.getpid(), random.getstate())
        process = context.Process(target=_work, args=arguments, daemon=True)
        with _signals_blocked():
            process.start()
            end.close()
            self._waiting.append(_Worker(process, pipe, job))
        self._reap(timeout=0)

    def _reap(self, timeout: float | None = None) -> None:
        """Note how processes ended, and give their slots to waiting ones."""
        for pipe in wait(list(self._working), timeout):
            assert isinstance(pipe, Connection)
            worker = self._working.pop(pipe)
            worker.job.end(_outcome(worker))
            pipe.close()
            worker.process.close()
        while self._waiting and len(self._working) < self.slots:
            worker = max(self._waiting, key=lambda each: each.job.seconds)
            self._waiting.remove(worker)
            self._working[worker.pipe] = worker
            with suppress(OSError):  # it may be killed while it waits
                worker.pipe.send(None)


def can_fork() -> bool:
    """Whether this system can fork processes safely."""
    return _CONTEXT in multiprocessing.get_all_start_methods() and os.uname().sysname == "Linux"


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """Block the signals that end this process: a copy of it would receive them as well."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(task: BeatTask, pipe: Connection, parent: int, random_state: Any) -> None:
    ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    for kind in (signal.SIGINT, _HANGUP):  # a terminal sends them to the parent as well
        signal.signal(kind, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING_SIGNALS)
    random.setstate(random_state)  # Python reseeds each forked process
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)  # OpenMP's other threads are not copied, and it waits for them
    gc.freeze()  # what was copied is never garbage here
    pipe.recv()
    outcome: RnnvizError | Reads
    try:
        outcome = task.draw()
    except FAILURES as error:
        outcome = scene_error(task.spec.name, error, task.spec.source)
    pipe.send(outcome)


def _outcome(worker: _Worker) -> RnnvizError | Reads:
    """Return how a process ended: what it read, its error, or how it died."""
    with suppress(EOFError, OSError):  # it may be killed while it reports
        outcome: RnnvizError | Reads = worker.pipe.recv()
        worker.process.join()
        return outcome
    worker.process.join()
    code = worker.process.exitcode
    ending = f"signal {-code}" if code < 0 else f"exit status {code}"
    return RenderError(
        f"the process that drew {worker.job.name} ended ({ending}); finished beats are kept, "
        "so render again"
    )

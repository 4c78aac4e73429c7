"""Work for other processes: some of this machine, or the workers of a Dask cluster.

They are given functions and arguments, and share nothing else with this process.
"""

import logging
import multiprocessing
import os
import pickle
import re
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any, Final, TypeGuard

from rnnviz.errors import ClusterError, RnnvizError

ONE_AT_A_TIME: Final = threading.Lock()
"""Held by work that changes what threads share; a worker of Dask may have several."""

_PATIENCE: Final = 4
"""Seconds in which a scheduler must answer at first, and be reached again if it is lost."""
_SILENCE: Final = 60
"""Seconds for which a scheduler that is reached may not answer: it may share its machine."""
_FOR_WORKERS: Final = 10
"""Seconds in which a scheduler must have a worker."""
_BETWEEN: Final = 1
"""Seconds without news after which it is looked whether the scheduler lives."""
_FAREWELL: Final = 2
"""Seconds in which a scheduler hears that it is left."""
_LOUD: Final = ("distributed", "tornado", "asyncio")
"""The loggers of Dask, and of what it is made with."""
_ADDRESS: Final = re.compile(
    r"((tcp|tls|wss?)://)?([\w.-]+|\[[0-9a-f:.]+(%\w+)?\]):(?P<port>[0-9]{1,5})", re.IGNORECASE
)
_LAST_PORT: Final = 2**16 - 1
LOST: Final = "the cluster was lost"
"""Why work has no result when whoever handed it out is gone."""
_DEATHS: Final = {
    "KilledWorker": "every worker that took it died",
    "BrokenProcessPool": "a process that worked on it or beside it died",
}
"""How workers end without a word, by what Dask and Python raise then, in many lines or strange."""


class WorkerPool:
    """Processes that take work; each argument that is sent travels once.

    ``watch`` begins to watch who hands out the work: what it gives tells whenever it is called
    whether they still live. They do for ever if it is None.
    """

    def __init__(
        self,
        submit: Callable[..., Future[Any]],
        send: Callable[[str, Any], Any] | None = None,
        watch: Callable[[], Callable[[], bool]] | None = None,
    ) -> None:
        self._submit = submit
        self._send = send
        self._watch = watch
        self._sent: dict[str, Any] = {}

    def sent(self, name: str, value: Any) -> Any:
        """What stands for a value among the arguments of work; its name says what is in it."""
        if self._send is None:
            return value
        if name not in self._sent:
            self._sent[name] = self._send(name, value)
        return self._sent[name]

    def submit(self, work: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Have a function called, one that every process can import."""
        return self._submit(work, *arguments)

    def wait(self, running: Collection[Future[Any]], patience: float | None = None) -> set[Any]:
        """Those of some pieces of work that have ended, once there is one, or patience has.

        Raises: ClusterError if none can end any more, as the cluster is lost
        """
        if self._watch is None or patience is not None:
            return wait(running, patience, FIRST_COMPLETED).done
        lives = self._watch()
        while not (done := wait(running, _BETWEEN, FIRST_COMPLETED).done):
            if not lives():
                raise ClusterError(LOST)
        return done


@contextmanager
def workers(scheduler: str | None = None, jobs: int | None = None) -> Iterator[WorkerPool]:
    """The workers of a Dask scheduler, or else so many processes of this machine.

    Left by an error, they give up what they are at.

    Raises: ClusterError if there is no such scheduler, it has no worker, or Dask is missing
    """
    if scheduler is not None:
        check_address(scheduler)
        if jobs is not None:
            raise ClusterError("give jobs or a scheduler, not both: a scheduler has its workers")
    with _processes(jobs or available_cores()) if scheduler is None else _cluster(scheduler) as us:
        yield us


def check_address(scheduler: str) -> None:
    """Refuse what can be no address of a Dask scheduler, which Dask itself would wait for.

    Raises: ClusterError
    """
    found = _ADDRESS.fullmatch(scheduler)
    if not found or not 1 <= int(found["port"]) <= _LAST_PORT:
        raise ClusterError(
            f"{scheduler!r} is no address of a Dask scheduler; give one like tcp://127.0.0.1:8786, "
            "as 'dask scheduler' tells it"
        )


def failure(future: Future[Any]) -> str | None:
    """Why a piece of work that ended has no result, in one line, or None if it has one."""
    try:
        error = future.exception()
    except CancelledError:
        return LOST
    if error is None:
        return None
    if isinstance(error, RnnvizError):
        return str(error)
    if type(error).__name__ in _DEATHS:
        return _DEATHS[type(error).__name__]
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def available_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _processes(places: int) -> Iterator[WorkerPool]:
    from concurrent.futures import ProcessPoolExecutor  # loads queues and threads

    context = multiprocessing.get_context("spawn")
    theirs, ours = context.Pipe(duplex=False)
    executor = ProcessPoolExecutor(places, context, _leave_with, (theirs,))
    try:
        yield WorkerPool(executor.submit)
    except BaseException:
        ours.close()
        raise
    finally:
        executor.shutdown(cancel_futures=True)
        ours.close()
        theirs.close()


def _leave_with(parent: Connection) -> None:
    """Begin a process that ends when its parent closes a connection, or dies."""

    def leave() -> None:
        parent.poll(None)
        os._exit(1)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=leave, daemon=True).start()


@contextmanager
def _quiet() -> Iterator[None]:
    """Dask's errors are told in another way, in one line."""
    known = [log for log in logging.root.manager.loggerDict.values() if _is_loud(log)]
    before = [log.disabled for log in known]
    for log in known:
        log.disabled = True
    try:
        yield
    finally:
        for log, disabled in zip(known, before, strict=True):
            log.disabled = disabled


def _is_loud(log: Any) -> TypeGuard[logging.Logger]:
    return isinstance(log, logging.Logger) and log.name.partition(".")[0] in _LOUD


@contextmanager
def _cluster(address: str) -> Iterator[WorkerPool]:
    try:
        from distributed import Client
    except ImportError as error:
        raise ClusterError(
            "a cluster needs Dask; install it with: pip install 'rnnviz[cluster]'"
        ) from error
    with _quiet():
        _greet(address)
        try:
            client = Client(address, timeout=_PATIENCE, set_as_default=False)
        except OSError as error:
            raise _silent(address) from error
        try:
            client.wait_for_workers(1, timeout=_FOR_WORKERS)
        except OSError as error:
            client.close(timeout=_FAREWELL)
            raise ClusterError(
                f"the Dask scheduler at {address!r} has no worker; start some with 'dask worker "
                f"{address} --nworkers N --nthreads 1'"
            ) from error

        def send(name: str, value: Any) -> Any:
            # as a task, not scattered: made again if the workers that hold it die
            return client.submit(pickle.loads, pickle.dumps(value), key=f"rnnviz {name}")

        try:
            yield WorkerPool(client.get_executor(pure=False).submit, send, lambda: Watch(client))
        finally:
            with suppress(OSError):  # a scheduler that is lost hears nothing
                client.close(timeout=_FAREWELL)


class Watch:
    """Tells whether a client's scheduler lives: it is reached, or was a moment ago, and answers."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._reached = self._heard = time.monotonic()
        self._answer = self._ask()

    def __call__(self) -> bool:
        now = time.monotonic()
        if self._client.status == "running":
            self._reached = now
        if self._answer.done():
            if failure(self._answer) is None:
                self._heard = now
            self._answer = self._ask()
        return now - self._reached < _PATIENCE and now - self._heard < _SILENCE

    def _ask(self) -> Future[Any]:
        import asyncio

        asked = self._client.scheduler.identity()
        return asyncio.run_coroutine_threadsafe(asked, self._client.loop.asyncio_loop)


def _greet(address: str) -> None:
    """See that a Dask scheduler answers: Dask waits for ever for what speaks otherwise, or not.

    Raises: ClusterError
    """
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    from distributed.comm.core import connect
    from distributed.core import send_recv
    from distributed.security import Security

    async def who() -> Any:
        settings = Security().get_connection_args("client")
        line = await connect(address, timeout=_PATIENCE, **settings)
        try:
            return await send_recv(line, op="identity")
        finally:
            line.abort()

    async def soon() -> Any:
        return await asyncio.wait_for(who(), _PATIENCE)

    try:
        with ThreadPoolExecutor(1) as aside:  # a notebook has a loop in this thread
            answer = aside.submit(asyncio.run, soon()).result()
        if answer["type"] != "Scheduler":
            raise ValueError(answer["type"])
    except OSError as error:
        raise _silent(address) from error
    except TypeError as error:
        raise ClusterError(
            f"{address!r} asks for TLS, for which Dask is not set up here; set distributed.comm.tls"
            " in its configuration, or give a tcp:// address"
        ) from error
    except Exception as error:  # whatever reading something else comes to
        raise ClusterError(
            f"what answers at {address!r} is no Dask scheduler; give the address that 'dask "
            "scheduler' tells"
        ) from error


def _silent(address: str) -> ClusterError:
    return ClusterError(
        f"no Dask scheduler answers at {address!r}; start one with 'dask scheduler', and give the "
        "address that it tells"
    )

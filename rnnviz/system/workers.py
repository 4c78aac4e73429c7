"""Pools of other processes: of this machine, or of a Dask cluster.

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
"""Held by work that changes state shared by threads; a Dask worker may have several."""

_CONNECT_TIMEOUT: Final = 4
"""Seconds in which a scheduler must answer first, or be reached again after a lost connection."""
_ANSWER_TIMEOUT: Final = 60
"""Seconds in which a connected scheduler must answer: its machine may be busy."""
_WORKER_TIMEOUT: Final = 10
"""Seconds in which a scheduler must have a worker."""
_CHECK_INTERVAL: Final = 1
"""Seconds between checks whether the scheduler is alive."""
_CLOSE_TIMEOUT: Final = 2
"""Seconds for closing the connection to a scheduler."""
_NOISY_LOGGERS: Final = ("distributed", "tornado", "asyncio")
"""The loggers of Dask and its libraries."""
_ADDRESS: Final = re.compile(
    r"((tcp|tls|wss?)://)?([\w.-]+|\[[0-9a-f:.]+(%\w+)?\]):(?P<port>[0-9]{1,5})", re.IGNORECASE
)
_LAST_PORT: Final = 2**16 - 1
LOST: Final = "the cluster was lost"
"""Why work has no result once the scheduler is gone."""
_WORKER_DEATHS: Final = {
    "KilledWorker": "every worker that tried it died",
    "BrokenProcessPool": "a process of the pool died",
}
"""Messages for dead workers, by exception: those of Dask and Python are long or unclear."""


class WorkerPool:
    """A pool of processes; each argument that is sent is transferred once.

    ``watch`` starts to watch the scheduler, and returns a function that tells whether it is alive.
    None if there is no scheduler that could die.
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
        """Return a reference to a value, for arguments of work; its name stands for its content."""
        if self._send is None:
            return value
        if name not in self._sent:
            self._sent[name] = self._send(name, value)
        return self._sent[name]

    def submit(self, work: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Call a function, which every process can import, in one of them."""
        return self._submit(work, *arguments)

    def wait(self, running: Collection[Future[Any]], timeout: float | None = None) -> set[Any]:
        """Wait until some of the work has ended, or for a time, and return what has ended.

        Units: seconds
        Raises: ClusterError if the cluster is lost
        """
        if self._watch is None or timeout is not None:
            return wait(running, timeout, FIRST_COMPLETED).done
        is_alive = self._watch()
        while not (done := wait(running, _CHECK_INTERVAL, FIRST_COMPLETED).done):
            if not is_alive():
                raise ClusterError(LOST)
        return done


@contextmanager
def workers(scheduler: str | None = None, jobs: int | None = None) -> Iterator[WorkerPool]:
    """Open a pool: the workers of a Dask scheduler, or ``jobs`` processes of this machine.

    Their work is abandoned if the context exits with an error.

    Raises: ClusterError if there is no such scheduler, it has no worker, or Dask is missing
    """
    if scheduler is not None:
        check_address(scheduler)
        if jobs is not None:
            raise ClusterError(
                "give jobs or a scheduler, not both; a scheduler has its own workers"
            )
    with (
        _processes(jobs or available_cores()) if scheduler is None else _cluster(scheduler) as pool
    ):
        yield pool


def check_address(scheduler: str) -> None:
    """Check the address of a Dask scheduler; Dask itself would wait for an invalid one.

    Raises: ClusterError
    """
    found = _ADDRESS.fullmatch(scheduler)
    if not found or not 1 <= int(found["port"]) <= _LAST_PORT:
        raise ClusterError(
            f"{scheduler!r} is not the address of a Dask scheduler; give one like "
            "tcp://127.0.0.1:8786, as 'dask scheduler' prints it"
        )


def failure(future: Future[Any]) -> str | None:
    """Return why finished work has no result, in one line, or None if it has one."""
    try:
        error = future.exception()
    except CancelledError:
        return LOST
    if error is None:
        return None
    if isinstance(error, RnnvizError):
        return str(error)
    if type(error).__name__ in _WORKER_DEATHS:
        return _WORKER_DEATHS[type(error).__name__]
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def available_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _processes(count: int) -> Iterator[WorkerPool]:
    from concurrent.futures import ProcessPoolExecutor  # loads queues and threads

    context = multiprocessing.get_context("spawn")
    theirs, ours = context.Pipe(duplex=False)
    executor = ProcessPoolExecutor(count, context, _exit_with, (theirs,))
    try:
        yield WorkerPool(executor.submit)
    except BaseException:
        ours.close()
        raise
    finally:
        executor.shutdown(cancel_futures=True)
        ours.close()
        theirs.close()


def _exit_with(parent: Connection) -> None:
    """Make this process exit when its parent closes a connection, or dies."""

    def exit_() -> None:
        parent.poll(None)
        os._exit(1)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=exit_, daemon=True).start()


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence Dask's loggers: its errors are reported in one line."""
    known = [log for log in logging.root.manager.loggerDict.values() if _is_noisy(log)]
    before = [log.disabled for log in known]
    for log in known:
        log.disabled = True
    try:
        yield
    finally:
        for log, disabled in zip(known, before, strict=True):
            log.disabled = disabled


def _is_noisy(log: Any) -> TypeGuard[logging.Logger]:
    return isinstance(log, logging.Logger) and log.name.partition(".")[0] in _NOISY_LOGGERS


@contextmanager
def _cluster(address: str) -> Iterator[WorkerPool]:
    try:
        from distributed import Client
    except ImportError as error:
        raise ClusterError(
            "a cluster needs Dask; install it with: pip install 'rnnviz[cluster]'"
        ) from error
    with _quiet():
        _check_answers(address)
        try:
            client = Client(address, timeout=_CONNECT_TIMEOUT, set_as_default=False)
        except OSError as error:
            raise _no_answer(address) from error
        try:
            client.wait_for_workers(1, timeout=_WORKER_TIMEOUT)
        except OSError as error:
            client.close(timeout=_CLOSE_TIMEOUT)
            raise ClusterError(
                f"the Dask scheduler at {address!r} has no worker; start some with 'dask worker "
                f"{address} --nworkers N --nthreads 1'"
            ) from error

        def send(name: str, value: Any) -> Any:
            # as a task, not scattered: it is repeated if the workers that hold it die
            return client.submit(pickle.loads, pickle.dumps(value), key=f"rnnviz {name}")

        try:
            yield WorkerPool(
                client.get_executor(pure=False).submit, send, lambda: SchedulerWatch(client)
            )
        finally:
            with suppress(OSError):  # the scheduler may be lost
                client.close(timeout=_CLOSE_TIMEOUT)


class SchedulerWatch:
    """Tells whether a client's scheduler is alive: connected, or a moment ago, and answering."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._connected = self._answered = time.monotonic()
        self._answer = self._ask()

    def __call__(self) -> bool:
        now = time.monotonic()
        if self._client.status == "running":
            self._connected = now
        if self._answer.done():
            if failure(self._answer) is None:
                self._answered = now
            self._answer = self._ask()
        return now - self._connected < _CONNECT_TIMEOUT and now - self._answered < _ANSWER_TIMEOUT

    def _ask(self) -> Future[Any]:
        import asyncio

        asked = self._client.scheduler.identity()
        return asyncio.run_coroutine_threadsafe(asked, self._client.loop.asyncio_loop)


def _check_answers(address: str) -> None:
    """Check that a Dask scheduler answers; Dask itself waits forever for anything else.

    Raises: ClusterError
    """
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    from distributed.comm.core import connect
    from distributed.core import send_recv
    from distributed.security import Security

    async def who() -> Any:
        settings = Security().get_connection_args("client")
        line = await connect(address, timeout=_CONNECT_TIMEOUT, **settings)
        try:
            return await send_recv(line, op="identity")
        finally:
            line.abort()

    async def soon() -> Any:
        return await asyncio.wait_for(who(), _CONNECT_TIMEOUT)

    try:
        with ThreadPoolExecutor(1) as aside:  # a notebook has a loop in this thread
            answer = aside.submit(asyncio.run, soon()).result()
        if answer["type"] != "Scheduler":
            raise ValueError(answer["type"])
    except OSError as error:
        raise _no_answer(address) from error
    except TypeError as error:
        raise ClusterError(
            f"{address!r} needs TLS, for which Dask is not configured here; set "
            "distributed.comm.tls in its configuration, or give a tcp:// address"
        ) from error
    except Exception as error:  # the answer of some other program
        raise ClusterError(
            f"what answers at {address!r} is not a Dask scheduler; give the address that 'dask "
            "scheduler' prints"
        ) from error


def _no_answer(address: str) -> ClusterError:
    return ClusterError(
        f"no Dask scheduler answers at {address!r}; start one with 'dask scheduler', and give the "
        "address that it prints"
    )

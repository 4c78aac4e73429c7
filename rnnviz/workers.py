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
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, Final

from rnnviz.errors import ClusterError, RnnvizError

ONE_AT_A_TIME: Final = threading.Lock()
"""Held by work that changes what threads share; a worker of Dask may have several."""

_PATIENCE: Final = 10
"""Seconds in which a scheduler must answer, and have a worker."""
_ADDRESS: Final = re.compile(
    r"((tcp|tls|wss?)://)?([\w.-]+|\[[0-9a-f:.]+(%\w+)?\]):(?P<port>[0-9]{1,5})", re.IGNORECASE
)
_LAST_PORT: Final = 2**16 - 1
_DEATHS: Final = {
    "KilledWorker": "every worker that took it died",
    "BrokenProcessPool": "a process that worked on it or beside it died",
}
"""How workers end without a word, by what Dask and Python raise then, in many lines or strange."""


class Workers:
    """Processes that take work; each argument that is sent travels once."""

    def __init__(
        self, submit: Callable[..., Future[Any]], send: Callable[[str, Any], Any] | None = None
    ) -> None:
        self._submit = submit
        self._send = send
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


@contextmanager
def workers(scheduler: str | None = None, jobs: int | None = None) -> Iterator[Workers]:
    """The workers of a Dask scheduler, or else so many processes of this machine.

    Left by an error, they give up what they are at.

    Raises: ClusterError if there is no such scheduler, it has no worker, or Dask is missing
    """
    if scheduler is not None:
        check_address(scheduler)
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
        return "the cluster was lost"
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
def _processes(places: int) -> Iterator[Workers]:
    from concurrent.futures import ProcessPoolExecutor  # loads queues and threads

    context = multiprocessing.get_context("spawn")
    theirs, ours = context.Pipe(duplex=False)
    executor = ProcessPoolExecutor(places, context, _leave_with, (theirs,))
    try:
        yield Workers(executor.submit)
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
def _quiet(logger: str) -> Iterator[None]:
    """A library whose errors are told in another way."""
    log = logging.getLogger(logger)
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)


@contextmanager
def _cluster(address: str) -> Iterator[Workers]:
    try:
        from distributed import Client
    except ImportError as error:
        raise ClusterError(
            "a cluster needs Dask; install it with: pip install 'rnnviz[cluster]'"
        ) from error
    try:
        client = Client(address, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"no Dask scheduler answers at {address!r}; start one with 'dask scheduler', and give "
            "the address that it tells"
        ) from error
    except TypeError as error:
        raise ClusterError(
            f"{address!r} asks for TLS, for which Dask is not set up here; set distributed.comm.tls"
            " in its configuration, or give a tcp:// address"
        ) from error
    with _quiet("distributed.client"), client:
        try:
            client.wait_for_workers(1, timeout=_PATIENCE)
        except OSError as error:
            raise ClusterError(
                f"the Dask scheduler at {address!r} has no worker; start some with 'dask worker "
                f"{address} --nworkers N --nthreads 1'"
            ) from error

        def send(name: str, value: Any) -> Any:
            # as a task, not scattered: made again if the workers that hold it die
            return client.submit(pickle.loads, pickle.dumps(value), key=f"rnnviz {name}")

        yield Workers(client.get_executor(pure=False).submit, send)

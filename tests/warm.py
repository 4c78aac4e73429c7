"""Run the command line in a fork of this process, which has everything imported already.

Apart from imports, the fork behaves like a new interpreter: streams, signals, exit status,
temporary files and users' modules. To test the start of an interpreter, use ``subprocess``.
"""

import gc
import importlib
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import BinaryIO

import torch

from rnnviz.cli import main
from rnnviz.rendering.cache import library, recorder

for late in ("rnnviz.cli.group", "rnnviz.cli.render", "rnnviz.rendering.plan"):
    importlib.import_module(late)  # import once what commands import lazily

HEARD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE = 120.0


@dataclass(frozen=True)
class Ended:
    """The exit status and output of a process, as in ``subprocess.CompletedProcess``."""

    returncode: int
    stdout: str
    stderr: str


class Process:
    """A command line that runs in its own process."""

    def __init__(self, arguments: tuple[object, ...], prepare: Callable[[], None] | None) -> None:
        self._files = ExitStack()
        self._stdout = self._files.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        self._stderr = self._files.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        self._process = multiprocessing.get_context("fork").Process(
            target=_run, args=(list(map(str, arguments)), prepare, self._stdout, self._stderr)
        )
        sys.stdout.flush()
        sys.stderr.flush()
        # until the fork has its own handlers, a signal would be handled by pytest's
        before = signal.pthread_sigmask(signal.SIG_BLOCK, HEARD)
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        self.pid = self._process.pid

    def send_signal(self, kind: signal.Signals) -> None:
        """Send a signal, unless the process has ended."""
        if self._process.exitcode is None:
            os.kill(self.pid, kind)

    def wait(self, timeout: float = PATIENCE) -> Ended:
        """Wait for the end of the process.

        Raises: subprocess.TimeoutExpired, while the process keeps running
        """
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("rnnviz", timeout)
        return Ended(self._process.exitcode, _text(self._stdout), _text(self._stderr))

    def close(self) -> None:
        """Kill the process if it is running, and free its resources."""
        self._process.kill()
        self._process.join()
        self._process.close()
        self._files.close()


@contextmanager
def started(*arguments: object, prepare: Callable[[], None] | None = None) -> Iterator[Process]:
    """Start a command line; kill its process at the end of the context if it still runs.

    ``prepare`` is called in the process first.
    """
    process = Process(arguments, prepare)
    try:
        yield process
    finally:
        process.close()


def run(
    *arguments: object, prepare: Callable[[], None] | None = None, timeout: float = PATIENCE
) -> Ended:
    """Run a command line in its own process.

    Raises: subprocess.TimeoutExpired if it does not end in time and is killed
    """
    with started(*arguments, prepare=prepare) as process:
        return process.wait(timeout)


def _run(
    arguments: list[str], prepare: Callable[[], None] | None, stdout: BinaryIO, stderr: BinaryIO
) -> None:
    """Run in the process; multiprocessing exits with the status of ``SystemExit``."""
    _set_streams(stdout, stderr)
    _reset_signals()
    gc.freeze()
    torch.set_num_threads(1)  # OpenMP would wait for threads that a fork does not copy
    tempfile.tempdir = None
    library._LOADED.clear()
    recorder.forget()
    for name in [name for name in sys.modules if name.startswith("rnnviz_user_")]:
        del sys.modules[name]
    sys.argv = ["rnnviz", *arguments]
    if prepare is not None:
        prepare()
    main(arguments)


def _set_streams(stdout: BinaryIO, stderr: BinaryIO) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, place in enumerate((nothing, stdout.fileno(), stderr.fileno())):
        os.dup2(place, number)
    sys.stdin = sys.__stdin__ = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = sys.__stdout__ = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = sys.__stderr__ = os.fdopen(
        2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False
    )


def _reset_signals() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for kind in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(kind, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HEARD)


def _text(stream: BinaryIO) -> str:
    stream.seek(0)
    return stream.read().decode()

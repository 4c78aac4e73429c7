"""The command line in a process that starts as a copy of this one, with all that is loaded here.

It differs from a new interpreter in what is imported; its streams, signals, exit status, temporary
files and what it knows of users' modules are those of a new one. Where the start of an interpreter
is what is tested, ``subprocess`` is the tool.
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
from rnnviz.rendering.cache import library, observing

for late in ("rnnviz.cli.group", "rnnviz.cli.render_command", "rnnviz.rendering.plan"):
    importlib.import_module(late)  # what a command line loads late, each copy would load for itself

HEARD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE = 120.0


@dataclass(frozen=True)
class Ended:
    """How a process ended, as ``subprocess.CompletedProcess`` tells it, and what it said."""

    returncode: int
    stdout: str
    stderr: str


class Process:
    """A command line that runs in a process of its own."""

    def __init__(self, arguments: tuple[object, ...], prepare: Callable[[], None] | None) -> None:
        self._files = ExitStack()
        self._said = self._files.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        self._told = self._files.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        self._process = multiprocessing.get_context("fork").Process(
            target=_run, args=(list(map(str, arguments)), prepare, self._said, self._told)
        )
        sys.stdout.flush()
        sys.stderr.flush()
        # a signal that the copy hears before it has handlers of its own would be pytest's
        before = signal.pthread_sigmask(signal.SIG_BLOCK, HEARD)
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        self.pid = self._process.pid

    def send_signal(self, kind: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if self._process.exitcode is None:
            os.kill(self.pid, kind)

    def wait(self, timeout: float = PATIENCE) -> Ended:
        """Wait for its end.

        Raises: subprocess.TimeoutExpired, and it runs on
        """
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("rnnviz", timeout)
        return Ended(self._process.exitcode, _text(self._said), _text(self._told))

    def close(self) -> None:
        """Kill it if it runs, and forget it."""
        self._process.kill()
        self._process.join()
        self._process.close()
        self._files.close()


@contextmanager
def started(*arguments: object, prepare: Callable[[], None] | None = None) -> Iterator[Process]:
    """A process with a command line, killed at the end of the context if it still runs.

    ``prepare`` is called in it first.
    """
    process = Process(arguments, prepare)
    try:
        yield process
    finally:
        process.close()


def run(
    *arguments: object, prepare: Callable[[], None] | None = None, timeout: float = PATIENCE
) -> Ended:
    """Run a command line to its end, in a process of its own.

    Raises: subprocess.TimeoutExpired if it does not end in time; then it is killed
    """
    with started(*arguments, prepare=prepare) as process:
        return process.wait(timeout)


def _run(
    arguments: list[str], prepare: Callable[[], None] | None, said: BinaryIO, told: BinaryIO
) -> None:
    """What the process does; multiprocessing ends it as ``SystemExit`` says, without atexit."""
    _take_streams(said, told)
    _take_signals()
    gc.freeze()
    torch.set_num_threads(1)  # OpenMP's other threads are not copied, and it waits for them
    tempfile.tempdir = None
    library._LOADED.clear()
    observing.forget()
    for name in [name for name in sys.modules if name.startswith("rnnviz_user_")]:
        del sys.modules[name]
    sys.argv = ["rnnviz", *arguments]
    if prepare is not None:
        prepare()
    main(arguments)


def _take_streams(said: BinaryIO, told: BinaryIO) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, place in enumerate((nothing, said.fileno(), told.fileno())):
        os.dup2(place, number)
    sys.stdin = sys.__stdin__ = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = sys.__stdout__ = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = sys.__stderr__ = os.fdopen(
        2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False
    )


def _take_signals() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for kind in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(kind, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HEARD)


def _text(stream: BinaryIO) -> str:
    stream.seek(0)
    return stream.read().decode()

"""``rnnviz``: from the first moment on, how it is ended from outside, and what its streams are."""

import os
import signal
import sys
from contextlib import suppress
from typing import Final, Never

from rnnviz.cli.streams import set_up_streams

_ENDING: Final = ("SIGTERM", "SIGHUP")
_INTERRUPTED: Final = 130


def main(args: list[str] | None = None) -> Never:
    """Run the command line; exit with 0, 1 (failed), 2 (wrong usage) or 130 (interrupted)."""
    try:
        _open_streams()
        _hear_endings()
        from rnnviz.cli.group import run  # loads click, which takes a moment

        status = run(args)
    except KeyboardInterrupt:
        print(
            "\nInterrupted; what is finished is kept, and no file is half written.", file=sys.stderr
        )
        status = _INTERRUPTED
    sys.exit(status)


def _open_streams() -> None:
    """Let closed streams lead nowhere, so that no file takes their place; let others show all."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))
    set_up_streams()


def _hear_endings() -> None:
    """Hear what ends a program as an interrupt, but for what is ignored, as ``nohup`` has it."""
    for kind in (getattr(signal, name) for name in _ENDING if hasattr(signal, name)):
        if signal.getsignal(kind) is signal.SIG_DFL:
            with suppress(ValueError):  # only the main thread hears signals
                signal.signal(kind, signal.default_int_handler)

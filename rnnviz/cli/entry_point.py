"""The entry point of ``rnnviz``: prepare streams and signals, then run the command line."""

import os
import signal
import sys
from contextlib import suppress
from typing import Final, Never

from rnnviz.cli.exit_status import INTERRUPTED, INTERRUPTED_MESSAGE
from rnnviz.cli.streams import set_up_streams

_TERMINATING: Final = ("SIGTERM", "SIGHUP")


def main(args: list[str] | None = None) -> Never:
    """Run the command line; exit with 0, 1 (failed), 2 (wrong usage) or 130 (interrupted)."""
    try:
        _open_streams()
        _turn_signals_into_interrupts()
        from rnnviz.cli.group import run  # loads click, which takes a moment

        status = run(args)
    except KeyboardInterrupt:
        print(f"\n{INTERRUPTED_MESSAGE}", file=sys.stderr)
        status = INTERRUPTED
    sys.exit(status)


def _open_streams() -> None:
    """Open closed streams on /dev/null, so that no file gets their descriptors."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))
    set_up_streams()


def _turn_signals_into_interrupts() -> None:
    """Raise KeyboardInterrupt on terminating signals, unless they are ignored as by ``nohup``."""
    for kind in (getattr(signal, name) for name in _TERMINATING if hasattr(signal, name)):
        if signal.getsignal(kind) is signal.SIG_DFL:
            with suppress(ValueError):  # only the main thread may set handlers
                signal.signal(kind, signal.default_int_handler)

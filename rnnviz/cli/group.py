"""The group of all commands, and the reporting of errors."""

import errno
import logging
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from importlib import import_module
from typing import Any, Final

import click

from rnnviz.cli.exit_status import FAILED, INTERRUPTED, INTERRUPTED_MESSAGE
from rnnviz.errors import RnnvizError
from rnnviz.text.plain_text import printable

COMMANDS: Final = {
    "render": "Render a scene to a video or to still images.",
    "list": "List the scenes.",
    "explore": "Write a live page: the network, to be changed and looked into.",
    "export": "Export scenes and videos as pages, slides, handouts and more.",
    "figure": "Draw a figure for a paper, slides or a poster.",
    "sweep": "Train networks on sequences of several lengths and compare them.",
    "record": "Train a network, or load your own, and save a trace of it.",
    "inspect": "Show the contents of a trace.",
    "verify": "Verify a trace against independent computations.",
    "cache": "Show or clear the cache.",
    "doctor": "Check the installation.",
}
_NO_SPACE: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""Errors of writing to stdout; errors of writing to a file are reported where they occur."""


class _StderrHandler(logging.Handler):
    """Print each log record as a line on stderr."""

    def emit(self, record: logging.LogRecord) -> None:
        click.echo(record.getMessage(), err=True)


@contextmanager
def _logging_to_stderr() -> Iterator[None]:
    """Print what rnnviz logs on stderr, and only there: Manim handles all propagated records."""
    log, handler = logging.getLogger("rnnviz"), _StderrHandler()
    before = log.level, log.propagate
    log.setLevel(logging.INFO)
    log.propagate = False
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.level, log.propagate = before


class _LazyGroup(click.Group):
    """A group that imports the module of a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = import_module(f"rnnviz.cli.{name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        near = get_close_matches(args[0], COMMANDS, n=1)
        if args[0] not in COMMANDS and near:
            ctx.fail(f"unknown command {args[0]!r}; did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
    epilog="Start with: rnnviz render unrolling",
)
@click.version_option(package_name="rnnviz", message="rnnviz %(version)s")
def group() -> None:
    """Show how recurrent networks work, with numbers from real runs."""


def run(args: list[str] | None = None) -> int:
    """Run a command, report its errors and return its exit status."""
    with _logging_to_stderr():
        return _run(args)


def _run(args: list[str] | None) -> int:
    try:
        result = group.main(args, prog_name="rnnviz", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except RnnvizError as error:
        return _report_failure(str(error))
    except click.Abort:
        click.echo(INTERRUPTED_MESSAGE, err=True)
        return INTERRUPTED
    except BrokenPipeError:
        _discard_stdout()
        return FAILED
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _NO_SPACE and error.filename is None:
            _discard_stdout()
            return _report_failure(
                f"cannot write to stdout ({error.strerror}); redirect it elsewhere"
            )
        traceback.print_exc()
        return _report_failure("this is a bug in rnnviz; please report it with the lines above")
    return result if isinstance(result, int) else 0


def _report_failure(message: str) -> int:
    click.echo(f"Error: {printable(' '.join(message.split()))}", err=True)
    return FAILED


def _discard_stdout() -> None:
    """Connect stdout to /dev/null, so that flushing it at exit does not fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

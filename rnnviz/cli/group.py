"""The commands, and how errors reach the user."""

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

from rnnviz.errors import RnnvizError
from rnnviz.text.plain_text import printable

_COMMANDS: Final = {
    "render": "Render a scene to a video, or to a still for each beat.",
    "list": "List the scenes.",
    "explore": "Make an offline page to look into a trace.",
    "export": "Bring a scene or a video into a page, slides, a handout, ….",
    "figure": "Draw a figure of a trace, for papers and slides.",
    "sweep": "Train many networks, and see which lengths they still learn.",
    "record": "Record a network that a task trains, or your own, and save the trace.",
    "inspect": "Show what is in a trace.",
    "verify": "Prove a trace: compute it again, independently.",
    "cache": "Show or clear what is kept from earlier renders.",
    "doctor": "Check this installation.",
}
_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""How writing fails; what is written to a file is told by who writes it, with the file's name."""

_FAILED: Final = 1
_INTERRUPTED: Final = 130


class _Told(logging.Handler):
    """What is logged, a line each on stderr."""

    def emit(self, record: logging.LogRecord) -> None:
        click.echo(record.getMessage(), err=True)


@contextmanager
def _told_on_stderr() -> Iterator[None]:
    """Within it, what rnnviz logs is told there alone: Manim has a handler for all that is."""
    log, told = logging.getLogger("rnnviz"), _Told()
    before = log.level, log.propagate
    log.setLevel(logging.INFO)
    log.propagate = False
    log.addHandler(told)
    try:
        yield
    finally:
        log.removeHandler(told)
        log.level, log.propagate = before


class _LazyGroup(click.Group):
    """A group that imports a command's module when it is needed, and knows near matches."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"rnnviz.cli.{name}_command").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        near = get_close_matches(args[0], _COMMANDS, n=1)
        if args[0] not in _COMMANDS and near:
            ctx.fail(f"There is no command {args[0]!r}. Did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with: rnnviz render unrolling",
)
@click.version_option(package_name="rnnviz", message="rnnviz %(version)s")
def group() -> None:
    """Show how recurrent networks work, with numbers from a network that really ran."""


def run(args: list[str] | None = None) -> int:
    """Run a command; its exit status, once errors are told."""
    with _told_on_stderr():
        return _run(args)


def _run(args: list[str] | None) -> int:
    try:
        result = group.main(args, prog_name="rnnviz", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except RnnvizError as error:
        return _failed(str(error))
    except click.Abort:
        click.echo("Interrupted; what is finished is kept, and no file is half written.", err=True)
        return _INTERRUPTED
    except BrokenPipeError:
        _let_go()
        return _FAILED
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _NO_ROOM and error.filename is None:
            _let_go()
            return _failed(f"stdout cannot be written ({error.strerror}); send it elsewhere")
        traceback.print_exc()
        return _failed("this is a bug in rnnviz; please report it with the lines above")
    return result if isinstance(result, int) else 0


def _failed(message: str) -> int:
    click.echo(f"Error: {printable(' '.join(message.split()))}", err=True)
    return _FAILED


def _let_go() -> None:
    """Let stdout, which takes nothing, lead nowhere, so that leaving does not fail as well."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

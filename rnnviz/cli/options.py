"""What several commands share: options of tasks, progress, and JSON."""

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from rnnviz.trace import Trace

TASKS: Final = (
    "sentence",
    "prices",
    "weather",
    "text",
    "series",
    "adding",
    "copying",
    "temporal-order",
)
DATA_OPTIONS: Final = (
    "task",
    "text",
    "text_file",
    "csv",
    "column",
    "unit",
    "story",
    "gap",
    "steps",
    "delay",
)
READING_OPTIONS: Final = (
    "encoding",
    "delimiter",
    "decimal",
    "header",
    "fill",
    "date_column",
    "date_order",
)
_DATA: Final = ("text", "text_file", "csv")
_OF_TASK: Final = {
    "sentence": {"story", "gap"},
    "prices": {"steps"},
    "weather": {"steps"},
    "text": {"unit", "steps", "encoding"},
    "series": {"steps", "column", *READING_OPTIONS},
    "adding": {"steps"},
    "copying": {"delay"},
    "temporal-order": {"steps"},
}

_MOST_SHOWN: Final = 24
"""Of a longer sequence not every step is shown."""
_MAY_BE_EMPTY: Final = ("text",)
"""A text without letters, or with others than letters, is refused as such."""

Command = Callable[..., Any]


class NearChoice(click.Choice[str]):
    """A choice that names the near matches of what is none of it."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """What click says, and the choices that may have been meant."""
        told = super().get_invalid_choice_message(value, ctx)
        near = get_close_matches(str(value), self.choices, n=3, cutoff=0.5)
        return f"{told} Did you mean {' or '.join(near)}?" if near else told


class Whole(click.IntRange):
    """A whole number in a range, called so: click speaks of a valid integer range."""

    name = "whole number"


class _Address(click.ParamType[str]):
    """Where a Dask scheduler may be."""

    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The address as it is, if it is one."""
        from rnnviz.errors import ClusterError
        from rnnviz.system.workers import check_address

        try:
            check_address(str(value))
        except ClusterError as error:
            self.fail(f"{error}.", param, ctx)
        return str(value)


class _Font(click.ParamType[Any]):
    """A font: a file, FILE#FACE, or a name that the system knows."""

    name = "font"
    envvar_list_splitter = os.pathsep

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The font, ready to set text; which face it is, if its file holds several, is said."""
        from rnnviz.text.fonts import load_fonts

        (font,) = load_fonts(value)
        if len(font.faces) > 1 and "#" not in font.name:
            click.echo(
                f"rnnviz: {font} holds {len(font.faces)} faces, of which {font.faces[0]!r} is "
                f"used; name another as {font}#NAME: {', '.join(font.faces[1:])}",
                err=True,
            )
        return font


class StrictCommand(click.Command):
    """A command that ignores nothing: no option is given twice, or without a value."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the command line, and refuse an option of which only the last value would count."""
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        for param, times in Counter(order).items():
            if isinstance(param, click.Option) and times > 1 and not _may_repeat(param):
                ctx.fail(f"{flag(param)} is given {times} times; give it once.")
        left = super().parse_args(ctx, args)
        for param in self.params:
            if "\0" in str(ctx.params.get(str(param.name))) and param.name not in _MAY_BE_EMPTY:
                ctx.fail(f"{flag(param)} has a NUL, which no name may have.")
            if ctx.params.get(str(param.name)) == "" and param.name not in _MAY_BE_EMPTY:
                ctx.fail(f"{flag(param)} has no value; give one, or leave it out.")
        return left


class SectionedCommand(StrictCommand):
    """A command whose help lists its options under headings.

    ``sections`` maps a heading to the names of its options' parameters.
    """

    def __init__(self, *args: Any, sections: Mapping[str, Sequence[str]], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.sections = sections

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections, and what is in none of them last."""
        rows = {
            str(param.name): row
            for param in self.get_params(ctx)
            if (row := param.get_help_record(ctx)) is not None
        }
        for heading, names in self.sections.items():
            with formatter.section(heading):
                formatter.write_dl([rows.pop(name) for name in names])
        with formatter.section("Other options"):
            formatter.write_dl(list(rows.values()))


def data_options(command: Command) -> Command:
    """The options that say which task, on which data."""
    for option in reversed(
        (
            click.option("--task", type=NearChoice(TASKS), help="A task by its name."),
            click.option("--text", metavar="STR", help="Your own text: predict the next token."),
            click.option("--text-file", metavar="FILE", help="Your own text, from a file."),
            click.option("--csv", metavar="FILE", help="Your own numbers: predict the next value."),
            click.option(
                "--column", metavar="NAME", help="The column of --csv, or its place from 1."
            ),
            click.option("--unit", type=click.Choice(("char", "word")), help="Tokens of a text."),
            click.option(
                "--story", type=click.Choice(("city", "repair")), help="Story of 'sentence'."
            ),
            click.option("--gap", type=Whole(min=0), help="Filler words in 'sentence'."),
            click.option(
                "--steps",
                type=Whole(min=2),
                help="Length of the sequences, but for 'sentence' and 'copying'.",
            ),
            click.option("--delay", type=Whole(min=1), help="Steps without a symbol in 'copying'."),
            click.option("--encoding", metavar="NAME", help="Of the file: utf-8, gb18030, …."),
            click.option("--delimiter", metavar="CHAR", help="Between columns; or tab, space."),
            click.option("--decimal", type=click.Choice((".", ",")), help="The decimal sign."),
            click.option(
                "--header/--no-header", default=None, help="Whether --csv begins with names."
            ),
            click.option(
                "--fill",
                type=NearChoice(("linear", "previous", "next", "mean", "leave")),
                help="What becomes of gaps in --csv; 'leave' cuts sequences between them.",
            ),
            click.option(
                "--date-column",
                metavar="NAME",
                help="Where the dates of --csv are, which label and order its rows; or none.",
            ),
            click.option(
                "--date-order",
                type=click.Choice(("dmy", "mdy", "ymd")),
                help="Which of day, month and year is first in dates of --csv.",
            ),
        )
    ):
        command = option(command)
    return command


def font_option(command: Command) -> Command:
    """The option that gives fonts for what rnnviz Sans does not set."""
    return click.option(
        "--font",
        "fonts",
        type=_Font(),
        multiple=True,
        metavar="FILE|NAME",
        envvar="RNNVIZ_FONT",
        help="A font for other scripts: Arabic, Hindi, Korean, ...; may be given several times.",
    )(command)


def check_text(
    task: tuple[str, dict[str, Any]] | None, fonts: Sequence[Any] = (), *, drawn: bool = True
) -> None:
    """Say before any training which character of a user's text no font has.

    Raises: TextError if it is ``drawn``, and in the sequence that is shown
    """
    if task is None or task[0] != "text":
        return
    from rnnviz.errors import TextError
    from rnnviz.text.fonts import describe_missing, lacking, remedy_for, using_fonts

    name, options = task
    where = repr(options["source"]) if "source" in options else "--text"
    text = " ".join(options["text"].split())
    with using_fonts(fonts):
        missing = lacking(text)
        if not missing:
            return
        if drawn:
            from rnnviz import tasks  # loads torch

            batch = tasks.make(name, **options).example()
            steps = batch.step_labels[0]
            shown = lacking("".join((*steps, *batch.target_labels[0])))
            if shown and len(steps) <= _MOST_SHOWN:
                raise TextError(
                    f"{describe_missing(shown[0], text)}; {remedy_for(shown[0], where)}"
                )
        told = f"{describe_missing(missing[0], text)}; {remedy_for(missing[0], where)}"
    click.echo(f"rnnviz: to draw this, note that {told}", err=True)


def scheduler_option(command: Command) -> Command:
    """The option that names a Dask cluster."""
    return click.option(
        "--scheduler",
        type=_Address(),
        metavar="ADDRESS",
        help="Work on this Dask cluster: tcp://HOST:8786.",
    )(command)


def task_language_option(command: Command) -> Command:
    """The option that says which language a task is in."""
    return click.option(
        "--lang",
        "language",
        type=click.Choice(("en", "zh")),
        default="en",
        show_default=True,
        help="Language of the task.",
    )(command)


def task_of(options: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """The task that the options name, with its own options; None if they name none.

    Raises: click.UsageError for options that do not go together
    """
    given = {name: options.pop(name) for name in (*DATA_OPTIONS, *READING_OPTIONS)}
    data = [name for name in _DATA if given[name] is not None]
    if len(data) > 1 or (data and given["task"] not in (None, _task_of_data(data[0]))):
        raise click.UsageError("Give one of --task, --text, --text-file and --csv.")
    task = given["task"] or (_task_of_data(data[0]) if data else None)
    chosen = {
        name: value
        for name, value in given.items()
        if name not in ("task", *_DATA) and value is not None
    }
    if task is None:
        if chosen:
            raise click.UsageError(
                f"--{_dashed(next(iter(chosen)))} needs --task or data of yours."
            )
        return None
    for name in chosen:
        if name not in _OF_TASK[task]:
            raise click.UsageError(f"--{_dashed(name)} is no option of task {task!r}.")
    if task == "text":
        if not data:
            raise click.UsageError("Task 'text' needs --text or --text-file.")
        encoding = chosen.pop("encoding", None)
        if data == ["text"]:
            if encoding is not None:
                raise click.UsageError("--encoding needs --text-file or --csv.")
            chosen["text"] = given["text"]
        else:
            chosen["text"], chosen["source"] = _read(given["text_file"], encoding)
    if task == "series":
        if given["csv"] is None or given["column"] is None:
            raise click.UsageError("Task 'series' needs --csv and --column.")
        chosen["csv"] = str(Path(given["csv"]).resolve())
    return task, chosen


@contextmanager
def progress_bar(description: str) -> Iterator[Callable[[int, int, str], None]]:
    """A bar on a terminal's stderr, nothing elsewhere: call with done, total and a detail."""
    if not sys.stderr.isatty():
        yield lambda done, total, detail: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[detail]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task(description, total=None, detail="")

        def report(done: int, total: int, detail: str) -> None:
            progress.update(bar, completed=done, total=total, detail=detail)

        yield report


def flag(param: click.Parameter) -> str:
    """What a parameter is called on the command line: ``--trace``, or ``SCENE``."""
    if isinstance(param, click.Option):
        return max(param.opts, key=len)
    return param.make_metavar(click.get_current_context()).strip("[]")


def refuse(names: Iterable[str], reason: str) -> None:
    """Refuse options that would do nothing here, if they are given.

    ``names`` are those of the parameters of the command that runs.

    Raises: click.UsageError with the option and the reason
    """
    context = click.get_current_context()
    params = {str(param.name): param for param in context.command.params}
    for name in names:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{flag(params[name])} {reason}")


def check_places(trace: "Trace", *, layer: int = 0, direction: int = 0, sequence: int = 0) -> None:
    """Refuse a place, counted from 0, that a trace does not have, in the user's count from 1.

    Raises: TraceError
    """
    from rnnviz.errors import TraceError

    for what, place, most in (
        ("layer", layer, trace.layers),
        ("sequence", sequence, trace.batch),
    ):
        if place >= most:
            raise TraceError(f"there is no {what} {place + 1}; the trace has {most}, from 1")
    if direction >= trace.directions:
        raise TraceError("the trace has no reverse direction; leave --direction out")


def print_json(value: Any) -> None:
    """A value as JSON on stdout, in ASCII, which every encoding has."""
    click.echo(json.dumps(value, indent=2))


def _may_repeat(option: click.Option) -> bool:
    """Whether an option says the same however often it is given, or takes several values."""
    return option.is_flag or option.multiple or option.count


def _task_of_data(name: str) -> str:
    return "series" if name == "csv" else "text"


def _dashed(name: str) -> str:
    return name.replace("_", "-")


def _read(path: str, encoding: str | None) -> tuple[str, str]:
    """The text of a file, and the file's name."""
    from rnnviz.text.decoding import file_name, read_text

    text, kind = read_text(path, encoding)
    if kind != "UTF-8":
        click.echo(f"{file_name(path)}: {len(text)} characters, read as {kind}", err=True)
    return text, file_name(path)

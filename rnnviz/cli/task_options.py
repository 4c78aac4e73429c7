"""The options that select a task and its data."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click

from rnnviz.cli.commands import Integer, NearChoice, note
from rnnviz.cli.options import Option

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
TaskChoice = tuple[str, dict[str, Any]]
"""A task's name and its options."""

_SOURCES: Final[Mapping[str, Option]] = {
    "task": click.option("--task", type=NearChoice(TASKS), help="Task to train on."),
    "text": click.option("--text", metavar="TEXT", help="Your own text: predict the next token."),
    "text_file": click.option("--text-file", metavar="FILE", help="Your own text from a file."),
    "csv": click.option("--csv", metavar="FILE", help="Your own numbers: predict the next value."),
}
_TASK_OF_SOURCE: Final = {"text": "text", "text_file": "text", "csv": "series"}
_OF_TASKS: Final[Mapping[str, tuple[tuple[str, ...], Option]]] = {
    "column": (
        ("series",),
        click.option(
            "--column", metavar="NAME", help="Column of --csv: its name, or its position from 1."
        ),
    ),
    "unit": (
        ("text",),
        click.option(
            "--unit", type=click.Choice(("char", "word")), help="Unit of a text's tokens."
        ),
    ),
    "story": (
        ("sentence",),
        click.option(
            "--story", type=click.Choice(("city", "repair")), help="Story of task 'sentence'."
        ),
    ),
    "gap": (
        ("sentence",),
        click.option(
            "--gap", type=Integer(min=0), help="Number of filler words in task 'sentence'."
        ),
    ),
    "steps": (
        ("prices", "weather", "text", "series", "adding", "temporal-order"),
        click.option(
            "--steps",
            type=Integer(min=2),
            help="Sequence length in steps; not for tasks 'sentence' and 'copying'.",
        ),
    ),
    "delay": (
        ("copying",),
        click.option(
            "--delay", type=Integer(min=1), help="Number of blank steps in task 'copying'."
        ),
    ),
}
_OF_FILES: Final[Mapping[str, tuple[tuple[str, ...], Option]]] = {
    "encoding": (
        ("text", "series"),
        click.option(
            "--encoding",
            metavar="NAME",
            show_default="detected",
            help="Encoding of the file, such as utf-8 or gb18030.",
        ),
    ),
    "delimiter": (
        ("series",),
        click.option(
            "--delimiter",
            metavar="CHAR",
            show_default="detected",
            help="Column delimiter of --csv: a character, tab or space.",
        ),
    ),
    "decimal": (
        ("series",),
        click.option(
            "--decimal",
            type=click.Choice((".", ",")),
            show_default="detected",
            help="Decimal separator of --csv.",
        ),
    ),
    "header": (
        ("series",),
        click.option(
            "--header/--no-header",
            default=None,
            show_default="detected",
            help="Whether the first row of --csv contains column names.",
        ),
    ),
    "fill": (
        ("series",),
        click.option(
            "--fill",
            type=NearChoice(("linear", "previous", "next", "mean", "leave")),
            help="How to fill gaps in --csv; 'leave' uses only sequences without gaps.",
        ),
    ),
    "date_column": (
        ("series",),
        click.option(
            "--date-column",
            metavar="NAME",
            show_default="detected",
            help="Column of --csv with the dates that label and sort its rows, or none.",
        ),
    ),
    "date_order": (
        ("series",),
        click.option(
            "--date-order",
            type=click.Choice(("dmy", "mdy", "ymd")),
            show_default="detected",
            help="Order of day, month and year in the dates of --csv.",
        ),
    ),
}
DATA_OPTIONS: Final = (*_SOURCES, *_OF_TASKS)
FILE_OPTIONS: Final = tuple(_OF_FILES)
_LONGEST_SHOWN: Final = 24
"""Longer sequences are shown in part."""


def task_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Declare the options that select a task and its data."""
    for _, option in reversed((*_OF_TASKS.values(), *_OF_FILES.values())):
        command = option(command)
    for option in reversed(tuple(_SOURCES.values())):
        command = option(command)
    return command


def take_task(options: dict[str, Any]) -> TaskChoice | None:
    """Remove the task options from ``options`` and return the task they select, if any.

    Raises: click.UsageError for options that cannot be combined
    """
    given = {name: options.pop(name) for name in (*DATA_OPTIONS, *FILE_OPTIONS)}
    sources = [name for name in _TASK_OF_SOURCE if given[name] is not None]
    task = given["task"] or (_TASK_OF_SOURCE[sources[0]] if sources else None)
    if len(sources) > 1 or (sources and task != _TASK_OF_SOURCE[sources[0]]):
        raise click.UsageError("give only one of --task, --text, --text-file and --csv")
    chosen = {
        name: value for name, value in given.items() if name not in _SOURCES and value is not None
    }
    for name in chosen:
        flag = f"--{name.replace('_', '-')}"
        if task is None:
            raise click.UsageError(f"{flag} needs --task or your own data")
        if task not in {**_OF_TASKS, **_OF_FILES}[name][0]:
            raise click.UsageError(f"task {task!r} has no option {flag}")
    if task is None:
        return None
    if task == "text":
        chosen |= _text(given["text"], given["text_file"], chosen.pop("encoding", None))
    if task == "series":
        if given["csv"] is None or given["column"] is None:
            raise click.UsageError("task 'series' needs --csv and --column")
        chosen["csv"] = str(Path(given["csv"]).resolve())
    return task, chosen


def check_sources(trace_file: str | None, task: TaskChoice | None) -> None:
    """Check that not both a trace and a task are given.

    Raises: click.UsageError if they are
    """
    if trace_file is not None and task is not None:
        raise click.UsageError("--trace cannot be combined with a task or your own data")


def _text(text: str | None, file: str | None, encoding: str | None) -> dict[str, str]:
    """Return the text given on the command line or in a file, with the name of the file."""
    if text is not None:
        if encoding is not None:
            raise click.UsageError("--encoding needs --text-file or --csv")
        return {"text": text}
    if file is None:
        raise click.UsageError("task 'text' needs --text or --text-file")
    from rnnviz.text.decoding import file_name, read_text

    text, detected = read_text(file, encoding)
    if detected != "UTF-8":
        click.echo(f"{file_name(file)}: {len(text)} characters, read as {detected}", err=True)
    return {"text": text, "source": file_name(file)}


def check_text(task: TaskChoice | None, fonts: Sequence[Any] = (), *, drawn: bool = True) -> None:
    """Report, before any training, a character of a user's text that no font has.

    Raises: TextError if the text will be ``drawn`` and the character is in the sequence shown
    """
    if task is None or task[0] != "text":
        return
    from rnnviz.errors import TextError
    from rnnviz.text.fonts import lacking, remedy_for, told_of, using_fonts

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
            if shown and len(steps) <= _LONGEST_SHOWN:
                raise TextError(f"{told_of(shown[0], text)}; {remedy_for(shown[0], where)}")
        message = f"{told_of(missing[0], text)}; {remedy_for(missing[0], where)}"
    note(f"this text may not be drawn: {message}")

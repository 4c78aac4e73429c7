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


def _option(tasks: str, flag: str, **settings: Any) -> tuple[str, tuple[list[str], Option]]:
    """Return the parameter name of an option, the tasks that have it, and its declaration."""
    name = flag.partition("/")[0].removeprefix("--").replace("-", "_")
    return name, (tasks.split(), click.option(flag, **settings))


_SOURCES: Final[Mapping[str, Option]] = {
    "task": click.option("--task", type=NearChoice(TASKS), help="Task to train on."),
    "text": click.option("--text", metavar="TEXT", help="Your own text: predict the next token."),
    "text_file": click.option("--text-file", metavar="FILE", help="Your own text from a file."),
    "csv": click.option("--csv", metavar="FILE", help="Your own numbers: predict the next value."),
}
_TASK_OF_SOURCE: Final = {"text": "text", "text_file": "text", "csv": "series"}
_DETECTED: Final[dict[str, Any]] = {"show_default": "detected"}
_OF_TASKS: Final = (
    _option(
        "series",
        "--column",
        metavar="NAME",
        help="Column of --csv: its name, or its position counted from 1.",
    ),
    _option(
        "text",
        "--unit",
        type=click.Choice(("char", "word")),
        help="Whether a token of a text is a character or a word.",
    ),
    _option(
        "sentence",
        "--story",
        type=click.Choice(("city", "repair")),
        help="Story of task 'sentence'.",
    ),
    _option(
        "sentence", "--gap", type=Integer(min=0), help="Number of filler words in task 'sentence'."
    ),
    _option(
        "prices weather text series adding temporal-order",
        "--steps",
        type=Integer(min=2),
        help="Sequence length in steps; not for tasks 'sentence' and 'copying'.",
    ),
    _option(
        "copying", "--delay", type=Integer(min=1), help="Number of blank steps in task 'copying'."
    ),
)
_OF_FILES: Final = (
    _option(
        "text series",
        "--encoding",
        metavar="NAME",
        help="Encoding of the file, such as utf-8 or gb18030.",
        **_DETECTED,
    ),
    _option(
        "series",
        "--delimiter",
        metavar="CHAR",
        help="Column delimiter of --csv: a character, tab or space.",
        **_DETECTED,
    ),
    _option(
        "series",
        "--decimal",
        type=click.Choice((".", ",")),
        help="Decimal separator of --csv.",
        **_DETECTED,
    ),
    _option(
        "series",
        "--header/--no-header",
        default=None,
        help="Whether the first row of --csv contains column names.",
        **_DETECTED,
    ),
    _option(
        "series",
        "--fill",
        type=NearChoice(("linear", "previous", "next", "mean", "leave")),
        help="How to fill gaps in --csv; 'leave' uses only sequences without gaps.",
    ),
    _option(
        "series",
        "--date-column",
        metavar="NAME",
        help="Column of --csv with the dates that label and sort its rows, or none.",
        **_DETECTED,
    ),
    _option(
        "series",
        "--date-order",
        type=click.Choice(("dmy", "mdy", "ymd")),
        help="Order of day, month and year in the dates of --csv.",
        **_DETECTED,
    ),
)
_OPTIONS: Final = dict((*_OF_TASKS, *_OF_FILES))
DATA_OPTIONS: Final = (*_SOURCES, *(name for name, _ in _OF_TASKS))
FILE_OPTIONS: Final = tuple(name for name, _ in _OF_FILES)
_LONGEST_SHOWN: Final = 24
"""Longer sequences are shown in part."""


def task_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Declare the options that select a task and its data."""
    for option in reversed((*_SOURCES.values(), *(option for _, option in _OPTIONS.values()))):
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
        if task not in _OPTIONS[name][0]:
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
            if shown and len(steps) <= _LONGEST_SHOWN:
                raise TextError(
                    f"{describe_missing(shown[0], text)}; {remedy_for(shown[0], where)}"
                )
        message = f"{describe_missing(missing[0], text)}; {remedy_for(missing[0], where)}"
    note(f"this text may not be drawn: {message}")

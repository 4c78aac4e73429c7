"""What the commands print: progress bars, tables of summaries, and JSON."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click

from rnnviz.text.translation import languages, translated


@contextmanager
def progress_bar(description: str) -> Iterator[Callable[[int, int, str], None]]:
    """Show a progress bar on stderr if it is a terminal.

    Yields a function to call with the number of units done, their total, and a detail.
    """
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


def print_json(value: Any) -> None:
    """Print a value as JSON on stdout, in ASCII so that every encoding can hold it."""
    click.echo(json.dumps(value, indent=2))


def print_summaries(entries: Mapping[str, Any], language: str, *more: Callable[[Any], str]) -> None:
    """Print a line for each entry of a catalogue: its name, its summary, and what is said more."""
    width = max(map(len, entries))
    between = "" if language == "zh" else " "
    for name, entry in entries.items():
        said = (translated(entry.summary, language), *(each(entry) for each in more))
        click.echo(f"{name:<{width}}  {between.join(said)}")


def translations(text: str) -> dict[str, str]:
    """Return a text in every language."""
    return {language: translated(text, language) for language in languages()}

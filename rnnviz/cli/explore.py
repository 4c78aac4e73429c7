"""``rnnviz explore``."""

from pathlib import Path
from typing import Any

import click

from rnnviz.cli.commands import StrictCommand
from rnnviz.cli.options import (
    check_places,
    font_option,
    language_option,
    output_option,
    place_options,
    places_from_zero,
    theme_option,
    trace_argument,
)


@click.command("explore", cls=StrictCommand)
@trace_argument
@output_option("Output file (.html).")
@place_options(layer=1, direction="forward", sequence=1)
@font_option
@language_option()
@theme_option("light")
def command(
    trace_file: str,
    output: str,
    layer: int,
    direction: str,
    sequence: int,
    fonts: tuple[Any, ...],
    language: str,
    theme: str,
) -> None:
    """Write an interactive page for exploring a trace.

    The page is one HTML file that works offline.
    """
    from rnnviz.errors import ExportError
    from rnnviz.explorer import explore
    from rnnviz.system.files import atomic_write, check_place
    from rnnviz.trace import load

    target = Path(output)
    if target.suffix.lower() != ".html":
        raise ExportError(f"output {output!r} must end in .html")
    check_place(target, ExportError)
    trace = load(trace_file)
    places = places_from_zero(layer, direction, sequence)
    check_places(trace, **places)
    page = explore(trace, language=language, theme=theme, font=fonts, **places)
    with atomic_write(target, ExportError) as temporary:
        temporary.write_text(page, encoding="utf-8")
    click.echo(str(target))

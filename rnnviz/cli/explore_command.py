"""``rnnviz explore``."""

from pathlib import Path
from typing import Any

import click

from rnnviz.cli.options import StrictCommand, Whole, check_places, font_option
from rnnviz.text.translation import languages


@click.command("explore", cls=StrictCommand)
@click.argument("trace_file", metavar="TRACE")
@click.option("-o", "--output", metavar="FILE", required=True, help="An .html file.")
@click.option("--layer", type=Whole(min=1), default=1, help="A stacked layer, from 1.")
@click.option(
    "--direction", type=click.Choice(("forward", "reverse")), default="forward", show_default=True
)
@click.option("--sequence", type=Whole(min=1), default=1, help="A sequence, from 1.")
@font_option
@click.option("--lang", "language", type=click.Choice(languages()), default="en", show_default=True)
@click.option("--theme", type=click.Choice(("light", "dark")), default="light", show_default=True)
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
    """Make one offline page of linked views of a TRACE."""
    from rnnviz.errors import ExportError
    from rnnviz.explorer import explore
    from rnnviz.system.files import atomic_write, check_place
    from rnnviz.trace import load

    target = Path(output)
    if target.suffix.lower() != ".html":
        raise ExportError(f"{output!r} does not end in .html; rename it")
    check_place(target, ExportError)
    trace = load(trace_file)
    places = {
        "layer": layer - 1,
        "direction": int(direction == "reverse"),
        "sequence": sequence - 1,
    }
    check_places(trace, **places)
    made = explore(trace, language=language, theme=theme, font=fonts, **places)
    with atomic_write(target, ExportError) as temporary:
        temporary.write_text(made, encoding="utf-8")
    click.echo(str(target))

"""``rnnviz inspect``."""

import dataclasses

import click

from rnnviz.cli.commands import StrictCommand
from rnnviz.cli.options import json_option, trace_argument
from rnnviz.cli.output import print_json
from rnnviz.text.plain_text import printable


@click.command("inspect", cls=StrictCommand)
@trace_argument
@json_option
def command(trace_file: str, as_json: bool) -> None:
    """Show the contents of a trace.

    This covers its network, task and metadata, and the shape of each field.
    """
    from rnnviz.trace import load

    summary = load(trace_file).summary
    shapes = {name: list(shape) for name, shape in sorted(summary.shapes.items())}
    if as_json:
        print_json(
            {
                "identity": summary.identity,
                "sizes": dict(summary.sizes),
                "lengths": summary.lengths,
                "loss_times": summary.loss_times,
                "fields": shapes,
                "metadata": dataclasses.asdict(summary.metadata),
            }
        )
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"trace {summary.identity}", show_header=False)
    for name, value in summary.rows():
        table.add_row(name, value)
    table.add_section()
    for name, shape in shapes.items():
        table.add_row(printable(name), " × ".join(map(str, shape)))
    Console(markup=False, emoji=False).print(table)

"""``rnnviz inspect``."""

import dataclasses

import click

from rnnviz.cli.options import StrictCommand, print_json
from rnnviz.text.plain_text import printable


@click.command("inspect", cls=StrictCommand)
@click.argument("trace_file", metavar="TRACE")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(trace_file: str, as_json: bool) -> None:
    """Show what is in a trace: its network, its task, and the shape of every field."""
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
    for name, told in summary.rows():
        table.add_row(name, told)
    table.add_section()
    for name, shape in shapes.items():
        table.add_row(printable(name), " × ".join(map(str, shape)))
    Console(markup=False, emoji=False).print(table)

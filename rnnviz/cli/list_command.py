"""``rnnviz list``."""

import click

from rnnviz.cli.options import print_json
from rnnviz.registry import SCENES


@click.command("list")
@click.option("--lang", "language", type=click.Choice(("en", "zh")), default="en")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(language: str, as_json: bool) -> None:
    """List the scenes."""
    if as_json:
        print_json(
            [
                {
                    "name": entry.name,
                    "title": dict(entry.title),
                    "summary": dict(entry.summary),
                    "task": entry.task,
                    "needs": list(entry.needs),
                }
                for entry in SCENES.values()
            ]
        )
        return
    width = max(map(len, SCENES))
    for entry in SCENES.values():
        click.echo(f"{entry.name:<{width}}  {entry.summary[language]}")

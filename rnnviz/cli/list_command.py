"""``rnnviz list``."""

import click

from rnnviz.cli.options import StrictCommand, print_json, refuse
from rnnviz.scene.catalogue import SCENES
from rnnviz.text.translation import languages, translated


@click.command("list", cls=StrictCommand)
@click.option("--lang", "language", type=click.Choice(languages()), default="en")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(language: str, as_json: bool) -> None:
    """List the scenes."""
    if as_json:
        refuse(["language"], "does nothing beside --json, which tells every language.")
        print_json(
            [
                {
                    "name": entry.name,
                    "title": _everywhere(entry.title),
                    "summary": _everywhere(entry.summary),
                    "task": entry.task,
                    "needs": list(entry.needs),
                }
                for entry in SCENES.values()
            ]
        )
        return
    width = max(map(len, SCENES))
    for entry in SCENES.values():
        click.echo(f"{entry.name:<{width}}  {translated(entry.summary, language)}")


def _everywhere(text: str) -> dict[str, str]:
    return {language: translated(text, language) for language in languages()}

"""``rnnviz list``."""

import click

from rnnviz.cli.commands import StrictCommand, refuse
from rnnviz.cli.options import json_option, language_option
from rnnviz.cli.output import print_json, print_summaries, translations
from rnnviz.scene.catalogue import SCENES


@click.command("list", cls=StrictCommand)
@language_option()
@json_option
def command(language: str, as_json: bool) -> None:
    """List the scenes."""
    if not as_json:
        print_summaries(SCENES, language)
        return
    refuse(["language"], "has no effect with --json, which includes all languages")
    print_json(
        [
            {
                "name": entry.name,
                "title": translations(entry.title),
                "summary": translations(entry.summary),
                "task": entry.task,
                "needs": list(entry.needs),
            }
            for entry in SCENES.values()
        ]
    )

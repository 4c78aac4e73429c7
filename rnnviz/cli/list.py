"""``rnnviz list``."""

from typing import Final

import click

from rnnviz.cli.commands import StrictCommand, refuse
from rnnviz.cli.options import json_option, language_option
from rnnviz.cli.output import print_json, print_summaries, translations
from rnnviz.scene.catalogue import SCENES
from rnnviz.scene.kinds import KINDS
from rnnviz.text.translation import N_, translated

_EVERY: Final = N_("Plays every kind of network.")
_SOME: Final = N_("Plays {count} of {every} kinds of networks.")
_ONE_TASK: Final = N_("Plays networks of its task.")


@click.command("list", cls=StrictCommand)
@language_option()
@json_option
def command(language: str, as_json: bool) -> None:
    """List the scenes.

    Each says how many kinds of networks it plays; --json names those that it does not.
    """
    if not as_json:
        print_summaries(SCENES, language, lambda entry: _plays(len(entry.refuses), language))
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
                "plays": [kind for kind in KINDS if kind not in entry.refuses],
                "refuses": dict(entry.refuses),
            }
            for entry in SCENES.values()
        ]
    )


def _plays(refused: int, language: str) -> str:
    """Say how many kinds of networks a scene plays."""
    text = _ONE_TASK if refused == len(KINDS) else _SOME if refused else _EVERY
    count = len(KINDS) - refused
    return translated(text, language).format(count=count, every=len(KINDS))

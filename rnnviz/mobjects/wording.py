"""Words that captions use for inputs."""

from collections.abc import Callable, Mapping
from typing import Final

from rnnviz.text.translation import N_
from rnnviz.trace import Trace

Say = Callable[[str], str]
"""A function that translates a text of rnnviz into the language of a scene."""

_NAMES: Final = {
    "word": (N_("word"), N_("words")),
    "character": (N_("character"), N_("characters")),
    "value": (N_("value"), N_("values")),
    "input": (N_("input"), N_("inputs")),
}

_FIRST_WIDE: Final = 0x2E80
_LONGEST: Final = 14


def item_names(trace: Trace, say: Say) -> Mapping[str, str]:
    """Return what to call an input (``item``) and several (``items``) of a trace's task."""
    one, many = _NAMES[_kind(trace)]
    return {"item": say(one), "items": say(many)}


def after_training(trace: Trace, say: Say) -> tuple[str, ...]:
    """Return what the source line adds for a network that was trained, as its trace says."""
    return (say("after training"),) if trace.metadata.epochs else ()


def _kind(trace: Trace) -> str:
    metadata = trace.metadata
    if metadata.task == "sentence" or metadata.task_options.get("unit") == "word":
        return "word"
    if metadata.task_options.get("unit") == "char":
        return "character"
    return "value" if metadata.loss == "squared" and metadata.task else "input"


def in_a_caption(name: str) -> str:
    """Shorten a name from the user's data to fit into a caption.

    A Chinese character counts as two letters.
    """
    length = 0
    for place, character in enumerate(name):
        length += 2 if ord(character) >= _FIRST_WIDE else 1
        if length > _LONGEST:
            return name[:place].rstrip() + "…"
    return name

"""What captions call the things that go into a network."""

from collections.abc import Callable, Mapping
from typing import Final

from rnnviz.trace import Trace
from rnnviz.translation import N_

Say = Callable[[str], str]
"""From a text of rnnviz to the same in the language of a performance."""

_NAMES: Final = {
    "word": (N_("word"), N_("words")),
    "character": (N_("character"), N_("characters")),
    "value": (N_("value"), N_("values")),
    "input": (N_("input"), N_("inputs")),
}


def item_names(trace: Trace, say: Say) -> Mapping[str, str]:
    """One x_t and several of them: ``item`` and ``items``, by what the trace was recorded on."""
    one, many = _NAMES[_kind(trace)]
    return {"item": say(one), "items": say(many)}


def _kind(trace: Trace) -> str:
    metadata = trace.metadata
    if metadata.task == "sentence" or metadata.task_options.get("unit") == "word":
        return "word"
    if metadata.task_options.get("unit") == "char":
        return "character"
    return "value" if metadata.loss == "squared" and metadata.task else "input"

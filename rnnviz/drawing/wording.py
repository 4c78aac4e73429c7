"""What captions call the things that go into a network."""

from collections.abc import Mapping
from typing import Final

from rnnviz.trace import Trace

_NAMES: Final = {
    "word": {"en": ("word", "words"), "zh": ("词", "词")},
    "character": {"en": ("character", "characters"), "zh": ("字符", "字符")},
    "value": {"en": ("value", "values"), "zh": ("数值", "数值")},
    "input": {"en": ("input", "inputs"), "zh": ("输入", "输入")},
}


def item_names(trace: Trace, language: str) -> Mapping[str, str]:
    """One x_t and several of them: ``item`` and ``items``, by what the trace was recorded on."""
    one, many = _NAMES[_kind(trace)][language]
    return {"item": one, "items": many}


def _kind(trace: Trace) -> str:
    metadata = trace.metadata
    if metadata.task == "sentence" or metadata.task_options.get("unit") == "word":
        return "word"
    if metadata.task_options.get("unit") == "char":
        return "character"
    return "value" if metadata.loss == "squared" and metadata.task else "input"

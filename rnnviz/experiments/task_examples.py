"""Companions: what the tasks put in, before any network reads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from rnnviz.experiments.variants import Experiment
from rnnviz.system.short_repr import ShortRepr
from rnnviz.trace import Trace

_LITTLE: Final[Mapping[str, Mapping[str, Any]]] = {
    "en": {"text": "have you eaten or have you not", "unit": "word"},
    "zh": {"text": "你恰饭了没啊", "unit": "char"},
}


@dataclass(frozen=True, eq=False, repr=False)
class Example(ShortRepr):
    """The example of a task: its inputs, what people call them, and where they are from.

    Shapes: x (time, input)
    Units:  ``values`` are x · ``spread`` + ``mean``, which undoes the scaling of a series
    """

    x: np.ndarray
    step_labels: tuple[str, ...]
    input_labels: tuple[str, ...]
    source: str
    mean: float = 0.0
    spread: float = 1.0

    @property
    def values(self) -> np.ndarray:
        """The inputs as they were before they were scaled."""
        return self.x.astype(np.float64) * self.spread + self.mean


def example_of(task: str) -> Experiment:
    """The example of a task of one series, in every language that tasks have labels in."""

    def make(trace: Trace) -> Mapping[str, Example]:
        from rnnviz import tasks  # loads torch
        from rnnviz.tasks.base import LANGUAGES

        made = {language: tasks.make(task, language=language) for language in LANGUAGES}
        return {language: _taken(each, each.example()) for language, each in made.items()}

    return make


def little_sentence(trace: Trace) -> Mapping[str, Example]:
    """A sentence so short that its whole vocabulary can be seen, in every language."""
    from rnnviz.tasks.text import Text  # loads torch

    made = {}
    for language, settings in _LITTLE.items():
        task = Text(language=language, **settings)
        made[language] = _taken(task, task.batch_of([task.tokens], [task.tokens]))
    return made


def _taken(task: Any, batch: Any) -> Example:
    return Example(
        x=batch.x[:, 0],
        step_labels=batch.step_labels[0],
        input_labels=task.input_labels,
        source=task.source,
        **{name: task.options[name] for name in ("mean", "spread") if name in task.options},
    )

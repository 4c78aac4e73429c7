"""Examples of the tasks' inputs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
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
    """The example of a task: its inputs, their labels and their source.

    Shapes: x (time, input), series (all times,)
    Units:  ``values`` are x · ``spread`` + ``mean``, in the unit of the series; ``series`` are all
            values of which ``mean`` and ``spread`` are, and ``start`` is where the example begins
    """

    x: np.ndarray
    step_labels: tuple[str, ...]
    input_labels: tuple[str, ...]
    source: str
    mean: float = 0.0
    spread: float = 1.0
    series: np.ndarray = field(default_factory=lambda: np.zeros(0))
    start: int = 0

    @property
    def values(self) -> np.ndarray:
        """The inputs before they were scaled."""
        return self.x.astype(np.float64) * self.spread + self.mean


def example_of(task: str) -> Experiment:
    """Return the example of a task of one series, by language of its labels."""

    def experiment(trace: Trace) -> Mapping[str, Example]:
        from rnnviz import tasks  # loads torch
        from rnnviz.tasks.base import LANGUAGES

        by_language = {each: tasks.make(task, language=each) for each in LANGUAGES}
        return {each: _of_series(own) for each, own in by_language.items()}

    return experiment


def little_sentence(trace: Trace) -> Mapping[str, Example]:
    """Return a sentence so short that its whole vocabulary can be shown, by language."""
    from rnnviz.tasks.text import Text  # loads torch

    examples = {}
    for language, settings in _LITTLE.items():
        task = Text(language=language, **settings)
        examples[language] = _example(task, task.batch_of([task.tokens], [task.tokens]))
    return examples


def _of_series(task: Any) -> Example:
    """Return the example of a task of one series, with its place in the whole."""
    batch = task.example()
    wanted, steps = batch.x[:, 0, 0], len(batch.x)
    starts = range(len(task.values) - steps, -1, -1)
    return _example(
        task,
        batch,
        series=task.values.astype(np.float64) * task.spread + task.mean,
        start=next(at for at in starts if np.array_equal(task.values[at : at + steps], wanted)),
    )


def _example(task: Any, batch: Any, **whole: Any) -> Example:
    return Example(
        x=batch.x[:, 0],
        step_labels=batch.step_labels[0],
        input_labels=task.input_labels,
        source=task.source,
        **{name: task.options[name] for name in ("mean", "spread") if name in task.options},
        **whole,
    )

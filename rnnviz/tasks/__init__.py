"""The tasks, by name."""

from collections.abc import Callable
from typing import Any, Final

from rnnviz.errors import TaskError
from rnnviz.tasks.adding import Adding
from rnnviz.tasks.base import Batch, Task
from rnnviz.tasks.copying import Copying
from rnnviz.tasks.prices import Prices
from rnnviz.tasks.sentence import Sentence
from rnnviz.tasks.series import Series
from rnnviz.tasks.temporal_order import TemporalOrder
from rnnviz.tasks.text import Text
from rnnviz.tasks.weather import Weather

_TASKS: Final[dict[str, Callable[..., Task]]] = {
    task.name: task
    for task in (Sentence, Prices, Weather, Text, Series, Adding, Copying, TemporalOrder)
}


def names() -> tuple[str, ...]:
    """Return the names of all tasks."""
    return tuple(_TASKS)


def make(name: str, **options: Any) -> Task:
    """Return the task of a name, with its own options.

    Raises: TaskError for an unknown task or option
    """
    if name not in _TASKS:
        raise TaskError(f"unknown task {name!r}; choose {', '.join(_TASKS)}")
    try:
        return _TASKS[name](**options)
    except TypeError as error:
        raise TaskError(f"task {name!r} does not take these options: {error}") from error


__all__ = ["Batch", "Task", "make", "names"]

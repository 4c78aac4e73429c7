"""What a task is: data with a purpose."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np

from rnnviz.errors import TaskError
from rnnviz.trace import NO_TARGET

LANGUAGES: Final = ("en", "zh")


@dataclass(frozen=True)
class Batch:
    """Sequences of one length, with what is wanted of them and what people call their steps.

    Shapes: x (time, batch, input); targets (time, batch), class indices with −100 for none, or
            (time, batch, output); labels batch × time
    """

    x: np.ndarray
    targets: np.ndarray
    step_labels: tuple[tuple[str, ...], ...]
    target_labels: tuple[tuple[str, ...], ...]


class Task(ABC):
    """Sequences, targets, labels for people, and a loss.

    Raises: TaskError for a language that there is not
    """

    name: ClassVar[str]
    loss: ClassVar[str]
    score_name: ClassVar[str]
    hidden_size: ClassVar[int] = 8
    epochs: ClassVar[int] = 60
    learning_rate: ClassVar[float] = 0.01
    can_be_learnt: ClassVar[bool] = True

    def __init__(
        self,
        *,
        language: str,
        input_labels: Sequence[str],
        output_labels: Sequence[str],
        source: str,
        options: Mapping[str, Any],
    ):
        if language not in LANGUAGES:
            raise TaskError(f"there is no language {language!r}; choose {' or '.join(LANGUAGES)}")
        self.language = language
        self.input_labels = tuple(input_labels)
        self.output_labels = tuple(output_labels)
        self.source = source
        self.options = dict(options)

    @abstractmethod
    def sample(self, rng: np.random.Generator, size: int) -> Batch:
        """A random batch to train on."""

    @abstractmethod
    def example(self) -> Batch:
        """The one sequence that is recorded and shown."""

    @abstractmethod
    def score(self, output: np.ndarray, batch: Batch) -> float:
        """How good outputs (time, batch, output) are, as ``score_name`` says."""

    @abstractmethod
    def learnt(self, score: float, loss: float) -> bool:
        """Whether a score and a mean loss per target are what training aims at."""


class TokenTask(Task):
    """A task of tokens, shown one-hot, with classes to choose from."""

    loss = "cross-entropy"
    score_name = "accuracy"

    def batch_of(self, rows: Sequence[Sequence[str]], targets: Sequence[Sequence[str]]) -> Batch:
        """Sequences of tokens as a batch; an empty target is none."""
        place = {token: index for index, token in enumerate(self.input_labels)}
        wanted = {token: index for index, token in enumerate(self.output_labels)}
        indices = np.array([[place[token] for token in row] for row in rows]).T
        x = np.zeros((*indices.shape, len(place)), dtype=np.float32)
        np.put_along_axis(x, indices[..., None], 1.0, axis=-1)
        classes = [[wanted[token] if token else NO_TARGET for token in row] for row in targets]
        return Batch(
            x=x,
            targets=np.array(classes, dtype=np.int64).T,
            step_labels=tuple(map(tuple, rows)),
            target_labels=tuple(map(tuple, targets)),
        )

    def score(self, output: np.ndarray, batch: Batch) -> float:
        """The share of targets that the most probable class hits."""
        counted = batch.targets != NO_TARGET
        return float((output.argmax(axis=-1) == batch.targets)[counted].mean())

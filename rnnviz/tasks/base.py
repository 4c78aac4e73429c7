"""Tasks: sequences with targets, labels, a loss and a score."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np

from rnnviz.errors import TaskError
from rnnviz.system.short_repr import ShortRepr
from rnnviz.system.validation import is_text
from rnnviz.trace import NO_TARGET

LANGUAGES: Final = ("en", "zh")

_IMPOSSIBLE: Final = -1e3
"""Its exponential is 0 in float64."""


@dataclass(frozen=True, repr=False)
class Batch(ShortRepr):
    """Sequences of one length with their targets and labels.

    Shapes: x (time, batch, input); targets (time, batch), class indices with −100 for none, or
            (time, batch, output), values with NaN for none; labels batch × time
    """

    x: np.ndarray
    targets: np.ndarray
    step_labels: tuple[tuple[str, ...], ...]
    target_labels: tuple[tuple[str, ...], ...]


class Task(ABC):
    """Sequences, targets, labels, a loss, and the level of chance.

    ``chance_exact`` is whether ``chance`` is a closed form, not estimated from data.

    Raises: TaskError for an unknown language
    """

    name: ClassVar[str]
    loss: ClassVar[str]
    score_name: ClassVar[str]
    higher_is_better: ClassVar[bool] = True
    chance_name: ClassVar[str]
    chance_exact: ClassVar[bool]
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
        for label in (*input_labels, *output_labels):
            if not is_text(label):
                raise TaskError(
                    f"{label!r} cannot be stored as text; remove NUL and lone surrogates"
                )
        self.language = checked_language(language)
        self.input_labels = tuple(input_labels)
        self.output_labels = tuple(output_labels)
        self.source = source
        self.options = dict(options)

    @abstractmethod
    def sample(self, rng: np.random.Generator, size: int) -> Batch:
        """Return a random batch to train on."""

    @abstractmethod
    def example(self) -> Batch:
        """Return the sequence that is recorded and shown."""

    @abstractmethod
    def score(self, output: np.ndarray, batch: Batch) -> float:
        """Return the score of outputs (time, batch, output), named by ``score_name``."""

    @abstractmethod
    def learnt(self, score: float, loss: float) -> bool:
        """Whether a score and a mean loss per target are good enough to stop training."""

    @property
    @abstractmethod
    def chance(self) -> float:
        """The mean ``error`` of the ``trivial`` predictor over random batches."""

    @abstractmethod
    def trivial(self, batch: Batch) -> np.ndarray:
        """Return the outputs of the best predictor without input for a batch.

        Shapes: → (time, batch, output), logits or values like a network's
        """

    @abstractmethod
    def error(self, output: np.ndarray, batch: Batch) -> float:
        """Return the error of outputs (time, batch, output), named by ``chance_name``."""


class TokenTask(Task):
    """A task of one-hot tokens, with classes as targets."""

    loss = "cross-entropy"
    score_name = "accuracy"
    chance_name = "cross-entropy, nats a target"

    def batch_of(self, rows: Sequence[Sequence[str]], targets: Sequence[Sequence[str]]) -> Batch:
        """Return sequences of tokens as a batch; an empty target is none."""
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
        """Return the share of targets whose class is the most probable one."""
        counted = batch.targets != NO_TARGET
        return float((output.argmax(axis=-1) == batch.targets)[counted].mean())

    def error(self, output: np.ndarray, batch: Batch) -> float:
        """Return the mean cross-entropy, −log softmax(o)[target], in nats."""
        counted = batch.targets != NO_TARGET
        logits = output[counted].astype(np.float64)
        wanted = np.take_along_axis(logits, batch.targets[counted][:, None], axis=-1)
        distance = logits - wanted
        most = distance.max(axis=-1, keepdims=True)
        return float((most[:, 0] + np.log(np.exp(distance - most).sum(axis=-1))).mean())


class ValueTask(Task):
    """A task of numbers, with numbers as targets."""

    loss = "squared"
    chance_name = "mean squared error"

    def error(self, output: np.ndarray, batch: Batch) -> float:
        """Return the mean of (o − target)² over targets."""
        counted = ~np.isnan(batch.targets)
        distance = output.astype(np.float64) - batch.targets
        return float((distance[counted] ** 2).mean())


def checked_language(language: str) -> str:
    """Return a language that tasks have labels in. Raises: TaskError for another."""
    if language not in LANGUAGES:
        raise TaskError(f"unknown language {language!r}; choose {' or '.join(LANGUAGES)}")
    return language


def share_of_targets(count: int, steps: int) -> np.ndarray:
    """Return how often each value after the first is a target, in random windows of a sequence.

    A window has ``steps`` values, and the target of each is the next.

    Shapes: → (count − 1,), of sum 1
    """
    place = np.arange(1, count)
    windows = np.minimum(np.minimum(place, count - place), min(steps, count - steps))
    return windows / windows.sum()


def logits_of(probabilities: np.ndarray) -> np.ndarray:
    """Return logits whose softmax is these probabilities, exactly 0 where they are."""
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(probabilities), _IMPOSSIBLE)

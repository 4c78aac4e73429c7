"""The copying memory problem: ten symbols, a delay, and the ten symbols again."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from rnnviz.errors import TaskError
from rnnviz.tasks.base import Batch, TokenTask, logits_of, spoken

_SYMBOLS: Final = tuple("ABCDEFGH")
_COUNT: Final = 10
_EXAMPLE: Final = tuple("BEADFACADE")
_LABELS: Final = {"en": ("blank", "recall"), "zh": ("空白", "回忆")}


class Copying(TokenTask):
    """Ten symbols of eight are shown, and after a delay they are wanted again, in their order.

    With T the ``delay``: the input is ten random symbols, T − 1 blanks, the delimiter, which says
    that it is time to recall, and ten blanks; wanted are T + 10 blanks, then the ten symbols. Both
    have T + 20 steps, and every symbol is wanted T + 10 steps after it was shown. A tanh RNN stays
    at chance with any seed, so one is tried; a GRU comes far.

    Raises: TaskError for a delay below 1
    Source: Arjovsky, Shah & Bengio, Unitary Evolution Recurrent Neural Networks (2016), after
            Hochreiter & Schmidhuber, Long Short-Term Memory (1997)
    """

    name = "copying"
    score_name = "accuracy of the recalled symbols"
    chance_exact = True
    hidden_size = 64
    epochs = 100
    can_be_learnt = False

    def __init__(self, *, delay: int = 5, language: str = "en"):
        if delay < 1:
            raise TaskError(f"the delay is {delay} steps; it must be 1 or more")
        self.blank, self.delimiter = _LABELS[spoken(language)]
        super().__init__(
            language=language,
            input_labels=(*_SYMBOLS, self.blank, self.delimiter),
            output_labels=(*_SYMBOLS, self.blank),
            source="sequences made by rnnviz",
            options={"delay": delay},
        )
        self.delay = delay

    def sample(self, rng: np.random.Generator, size: int) -> Batch:
        """Random symbols."""
        return self._batch(rng.choice(_SYMBOLS, size=(size, _COUNT)).tolist())

    def example(self) -> Batch:
        """Ten symbols that are easy to keep in mind."""
        return self._batch([_EXAMPLE])

    def score(self, output: np.ndarray, batch: Batch) -> float:
        """The share of the ten symbols that the most probable class hits."""
        return float((output.argmax(axis=-1) == batch.targets)[-_COUNT:].mean())

    def learnt(self, score: float, loss: float) -> bool:
        """Nearly every symbol is recalled."""
        return score > 0.99

    @property
    def chance(self) -> float:
        """10 ln 8 / (T + 20): blanks are sure, and every symbol is one of eight."""
        return _COUNT * math.log(len(_SYMBOLS)) / (self.delay + 2 * _COUNT)

    def trivial(self, batch: Batch) -> np.ndarray:
        """Blanks while they are wanted, then every symbol with the same probability."""
        probabilities = np.zeros((len(batch.targets), 1, len(self.output_labels)))
        probabilities[:-_COUNT, :, -1] = 1
        probabilities[-_COUNT:, :, :-1] = 1 / len(_SYMBOLS)
        return np.repeat(logits_of(probabilities), batch.targets.shape[1], axis=1)

    def _batch(self, symbols: Sequence[Sequence[str]]) -> Batch:
        waiting = [self.blank] * (self.delay - 1) + [self.delimiter] + [self.blank] * _COUNT
        blanks = [self.blank] * (self.delay + _COUNT)
        return self.batch_of(
            [[*row, *waiting] for row in symbols], [[*blanks, *row] for row in symbols]
        )

"""The copying memory problem: ten symbols, a delay, and the ten symbols again."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from rnnviz.errors import TaskError
from rnnviz.tasks.base import Batch, TokenTask, checked_language, logits_of

_SYMBOLS: Final = tuple("ABCDEFGH")
_COUNT: Final = 10
_EXAMPLE: Final = tuple("BEADFACADE")
_LABELS: Final = {"en": ("blank", "recall"), "zh": ("空白", "回忆")}


class Copying(TokenTask):
    """Ten symbols out of eight, to be repeated in order after a delay.

    With T the ``delay``: the input is ten random symbols, T − 1 blanks, the delimiter, which marks
    the time to recall, and ten blanks; the targets are T + 10 blanks, then the ten symbols. Both
    have T + 20 steps, and each symbol is due T + 10 steps after it was shown. A tanh RNN stays at
    chance with any seed, so only one is tried; a GRU recalls many.

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
            raise TaskError(f"the delay must be 1 step or more, got {delay}")
        self.blank, self.delimiter = _LABELS[checked_language(language)]
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
        """Ten symbols that are easy to remember."""
        return self._batch([_EXAMPLE])

    def score(self, output: np.ndarray, batch: Batch) -> float:
        """Return the share of the ten symbols that are recalled."""
        return float((output.argmax(axis=-1) == batch.targets)[-_COUNT:].mean())

    def learnt(self, score: float, loss: float) -> bool:
        """Whether nearly every symbol is recalled."""
        return score > 0.99

    @property
    def chance(self) -> float:
        """10 ln 8 / (T + 20): blanks are certain, and each symbol is one of eight."""
        return _COUNT * math.log(len(_SYMBOLS)) / (self.delay + 2 * _COUNT)

    def trivial(self, batch: Batch) -> np.ndarray:
        """Blanks where they are due, then every symbol with the same probability."""
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

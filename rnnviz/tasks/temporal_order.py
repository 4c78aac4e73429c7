"""The temporal order problem: which of two symbols came first and second."""

import math
from typing import Final

import numpy as np

from rnnviz.errors import TaskError
from rnnviz.tasks.base import Batch, TokenTask, checked_language

_SYMBOLS: Final = ("X", "Y")
_DISTRACTORS: Final = ("a", "b", "c", "d")
_EXAMPLE: Final = "acbdbcad"
_LABELS: Final = {"en": ("start", "end"), "zh": ("开始", "结束")}
_FEWEST: Final = 4


class TemporalOrder(TokenTask):
    """The target, at the last step, is the class XX, XY, YX or YY: the two symbols in order.

    They are among random distractors, the first one between 10 % and 20 % of the sequence, the
    second one between 50 % and 60 %. The sequence has tokens of its own for its start and end.

    Raises: TaskError for fewer than four steps
    Source: Hochreiter & Schmidhuber, Long Short-Term Memory (1997), experiment 6a, whose
            sequences have 100 to 110 steps
    """

    name = "temporal-order"
    chance_exact = True
    hidden_size = 16
    epochs = 200

    def __init__(self, *, steps: int = 20, language: str = "en"):
        if steps < _FEWEST:
            raise TaskError(
                f"a sequence of {steps} steps is too short for two symbols between its start and "
                f"its end; choose {_FEWEST} or more"
            )
        self.begin, self.end = _LABELS[checked_language(language)]
        super().__init__(
            language=language,
            input_labels=(self.begin, *_DISTRACTORS, *_SYMBOLS, self.end),
            output_labels=[one + other for one in _SYMBOLS for other in _SYMBOLS],
            source="sequences made by rnnviz",
            options={"steps": steps},
        )
        self.steps = steps
        self.early = range(max(1, steps // 10), max(1, steps // 5) + 1)
        self.late = range(steps // 2, 3 * steps // 5 + 1)

    def sample(self, rng: np.random.Generator, size: int) -> Batch:
        """Random symbols at random places among random distractors."""
        return self._batch(
            rng.choice(_SYMBOLS, size=(size, 2)).tolist(),
            rng.choice(self.early, size).tolist(),
            rng.choice(self.late, size).tolist(),
            rng.choice(_DISTRACTORS, size=(size, self.steps)).tolist(),
        )

    def example(self) -> Batch:
        """X, then Y, as far apart as possible."""
        distractors = [_EXAMPLE[place % len(_EXAMPLE)] for place in range(self.steps)]
        return self._batch([["X", "Y"]], [self.early[0]], [self.late[-1]], [distractors])

    def learnt(self, score: float, loss: float) -> bool:
        """Whether every class is right, and nearly certain."""
        return score == 1.0 and loss < 0.05

    @property
    def chance(self) -> float:
        """ln 4: the four classes are equally probable."""
        return math.log(len(self.output_labels))

    def trivial(self, batch: Batch) -> np.ndarray:
        """Every class with the same probability."""
        return np.zeros((*batch.targets.shape, len(self.output_labels)))

    def _batch(
        self,
        symbols: list[list[str]],
        early: list[int],
        late: list[int],
        rows: list[list[str]],
    ) -> Batch:
        for row, (one, other), first, second in zip(rows, symbols, early, late, strict=True):
            row[0], row[-1] = self.begin, self.end
            row[first], row[second] = one, other
        nothing = [""] * (self.steps - 1)
        return self.batch_of(rows, [[*nothing, one + other] for one, other in symbols])

"""The adding problem: the sum of two marked numbers of a sequence."""

from typing import Final

import numpy as np

from rnnviz.errors import TaskError
from rnnviz.tasks.base import Batch, ValueTask, checked_language

_LABELS: Final = {
    "en": (("value", "marker"), "sum"),
    "zh": (("数值", "标记"), "和"),
}
_GOLDEN: Final = (5**0.5 - 1) / 2


class Adding(ValueTask):
    """The target, at the last step, is the sum of the two marked values.

    Every step has a value, uniform on [0, 1], and a marker, 1 at one random step of each half and
    0 elsewhere.

    Raises: TaskError for fewer than two steps
    Source: Hochreiter & Schmidhuber, Long Short-Term Memory (1997), experiment 4; with values and
            markers of Arjovsky, Shah & Bengio, Unitary Evolution Recurrent Neural Networks (2016)
    """

    name = "adding"
    score_name = "mean squared error"
    higher_is_better = False
    chance = 1 / 6
    chance_exact = True
    hidden_size = 16
    epochs = 200

    def __init__(self, *, steps: int = 20, language: str = "en"):
        if steps < 2:
            raise TaskError(
                f"a sequence of {steps} steps is too short for two markers; choose 2 or more"
            )
        inputs, output = _LABELS[checked_language(language)]
        super().__init__(
            language=language,
            input_labels=inputs,
            output_labels=(output,),
            source="sequences made by rnnviz",
            options={"steps": steps},
        )
        self.steps = steps

    def sample(self, rng: np.random.Generator, size: int) -> Batch:
        """Random values and random markers."""
        half = self.steps // 2
        first, second = rng.integers(0, half, size), rng.integers(half, self.steps, size)
        return self._batch(rng.random((self.steps, size)), first, second)

    def example(self) -> Batch:
        """Values that are multiples of the golden ratio mod 1, markers in the middle of each half.

        They have two decimals, so that the sum of the shown values is exact.
        """
        values = np.round(np.arange(1, self.steps + 1) * _GOLDEN % 1, 2)
        quarter, half = self.steps // 4, self.steps // 2
        return self._batch(values[:, None], np.array([quarter]), np.array([half + quarter]))

    def score(self, output: np.ndarray, batch: Batch) -> float:
        """The mean squared error of the sums."""
        return self.error(output, batch)

    def learnt(self, score: float, loss: float) -> bool:
        """Whether the mean squared error, twice the loss, is below 0.01."""
        return loss < 0.005

    def trivial(self, batch: Batch) -> np.ndarray:
        """Always 1, the mean sum; its error is the variance of two values on [0, 1], 2 · 1/12."""
        return np.ones(batch.targets.shape)

    def _batch(self, values: np.ndarray, first: np.ndarray, second: np.ndarray) -> Batch:
        each = np.arange(len(first))
        x = np.zeros((*values.shape, 2), dtype=np.float32)
        x[..., 0] = values
        x[first, each, 1] = x[second, each, 1] = 1
        targets = np.full((*values.shape, 1), np.nan, dtype=np.float32)
        targets[-1, :, 0] = x[first, each, 0] + x[second, each, 0]
        return Batch(
            x=x,
            targets=targets,
            step_labels=tuple(
                tuple(f"{'+' if marker else ''}{value:.2f}" for value, marker in row)
                for row in x.swapaxes(0, 1).tolist()
            ),
            target_labels=tuple(
                ("",) * (self.steps - 1) + (f"{total:.2f}",) for total in targets[-1, :, 0].tolist()
            ),
        )

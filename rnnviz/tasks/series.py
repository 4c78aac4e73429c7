"""A series of numbers: the next value, from the values so far."""

import csv
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from rnnviz.errors import TaskError
from rnnviz.tasks.base import Batch, ValueTask, share_of_targets


class NextValue(ValueTask):
    """At every step the next value of a series is wanted; values are scaled to mean 0, spread 1.

    Raises: TaskError if there are too few values, all are the same, or they cannot be scaled
    """

    score_name = "mean squared error, as a share of that of 'the next value is this one'"
    higher_is_better = False
    chance_exact = False
    epochs = 100
    learning_rate = 0.005
    can_be_learnt = False

    def __init__(
        self,
        values: Sequence[float],
        labels: Sequence[str],
        *,
        steps: int,
        quantity: str,
        language: str,
        source: str,
        options: Mapping[str, Any],
    ):
        if steps < 2:
            raise TaskError(f"{steps} steps are too few to show a sequence; choose 2 or more")
        if len(values) < steps + 2:
            raise TaskError(
                f"the series has {len(values)} values, but sequences of {steps} steps need at "
                f"least {steps + 2}; give more rows or fewer --steps"
            )
        raw = np.asarray(values, dtype=np.float64)
        if raw.min() == raw.max():
            raise TaskError(
                f"the series is {raw[0]:g} throughout, so there is nothing to predict; "
                "choose another column"
            )
        with np.errstate(over="ignore", invalid="ignore"):
            self.mean, self.spread = float(raw.mean()), float(raw.std())
        if not 0 < self.spread < float("inf"):
            raise TaskError(
                f"the series runs from {raw.min():g} to {raw.max():g}, which cannot be scaled; "
                "give it in another unit"
            )
        self.values = ((raw - self.mean) / self.spread).astype(np.float32)
        self.labels = tuple(labels)
        self.steps = steps
        scale = {"mean": self.mean, "spread": self.spread, "steps": steps}
        super().__init__(
            language=language,
            input_labels=(quantity,),
            output_labels=(quantity,),
            source=source,
            options={**options, **scale},
        )

    def sample(self, rng: np.random.Generator, size: int) -> Batch:
        """Windows from random places."""
        return self._windows(rng.integers(0, len(self.values) - self.steps, size=size))

    def example(self) -> Batch:
        """The last window whose next values are all known."""
        return self._windows(np.array([len(self.values) - self.steps - 1]))

    def score(self, output: np.ndarray, batch: Batch) -> float:
        """The squared error over that of the naive forecast, which repeats the last value."""
        return self.error(output, batch) / max(self.error(batch.x, batch), 1e-12)

    def learnt(self, score: float, loss: float) -> bool:
        """Never: a forecast can always be a little better, so all epochs are run."""
        return False

    @property
    def chance(self) -> float:
        """The variance of the scaled targets."""
        return float(self._shares @ (self.values[1:] - self._mean_target) ** 2)

    def trivial(self, batch: Batch) -> np.ndarray:
        """The mean of all targets, at every step."""
        return np.full(batch.targets.shape, self._mean_target)

    @cached_property
    def _shares(self) -> np.ndarray:
        return share_of_targets(len(self.values), self.steps)

    @property
    def _mean_target(self) -> float:
        return float(self._shares @ self.values[1:])

    def _windows(self, starts: np.ndarray) -> Batch:
        places = np.arange(self.steps)[:, None] + starts
        return Batch(
            x=self.values[places][..., None],
            targets=self.values[places + 1][..., None],
            step_labels=tuple(tuple(self.labels[place] for place in row) for row in places.T),
            target_labels=tuple(tuple(self.labels[place + 1] for place in row) for row in places.T),
        )


class Series(NextValue):
    """A numeric column of the user's CSV file.

    Raises: TaskError for a missing file or column, a cell that is no number, or too few rows
    """

    name = "series"

    def __init__(self, *, csv: str, column: str, steps: int = 12, language: str = "en"):
        values = read_column(Path(csv), column)
        super().__init__(
            values,
            [str(row) for row in range(1, len(values) + 1)],
            steps=steps,
            quantity=column,
            language=language,
            source=f"column {column!r} of {Path(csv).name}",
            options={"csv": Path(csv).name, "column": column},
        )


def read_column(path: Path, column: str) -> list[float]:
    """The numbers of one column of a CSV file with a header line."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            names = list(rows.fieldnames or ())
            if column not in names:
                raise TaskError(
                    f"{str(path)!r} has no column {column!r}; it has {', '.join(names) or 'none'}"
                )
            return [_number(row[column], rows.line_num, column) for row in rows]
    except UnicodeDecodeError as error:
        raise TaskError(f"{str(path)!r} is not UTF-8 text; save it as UTF-8") from error
    except csv.Error as error:
        raise TaskError(f"{str(path)!r} is not a CSV file: {error}") from error
    except OSError as error:
        raise TaskError(f"cannot read {str(path)!r}: {error.strerror}") from error


def _number(cell: str | None, line: int, column: str) -> float:
    try:
        value = float(cell or "")
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise TaskError(
            f"line {line} has {cell or 'nothing'!r} in column {column!r}, which is not a number; "
            "correct or remove that line"
        )
    return value

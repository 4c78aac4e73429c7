"""A series of numbers: the next value, from the values so far."""

import logging
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np

from rnnviz.errors import TaskError
from rnnviz.tables import read_column, summary
from rnnviz.tasks.base import Batch, ValueTask
from rnnviz.text.decoding import file_name

_LOG: Final = logging.getLogger("rnnviz.data")


class NextValue(ValueTask):
    """The next value of a series, scaled to mean 0 and standard deviation 1.

    Sequences have no gaps, which are values of NaN, in their inputs.

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
        values: Sequence[float] | np.ndarray,
        labels: Sequence[str],
        *,
        steps: int,
        quantity: str,
        language: str,
        source: str,
        options: Mapping[str, Any],
    ):
        if steps < 2:
            raise TaskError(f"a sequence must have 2 steps or more, got {steps}")
        if len(values) < steps + 2:
            raise TaskError(
                f"sequences of {steps} steps need at least {steps + 2} values, got {len(values)}; "
                "give more rows or fewer --steps"
            )
        raw = np.asarray(values, dtype=np.float64)
        known = raw[~np.isnan(raw)]
        if known.min() == known.max():
            raise TaskError(
                f"every value of the series is {known[0]:zg}, so there is nothing to predict; "
                "choose another column"
            )
        with np.errstate(over="ignore", invalid="ignore"):
            self.mean, self.spread = float(known.mean()), float(known.std())
        if not 0 < self.spread < float("inf"):
            raise TaskError(
                f"the series runs from {known.min():zg} to {known.max():zg}, which cannot be "
                "scaled; give it in another unit"
            )
        self.values = ((raw - self.mean) / self.spread).astype(np.float32)
        self.labels = tuple(labels)
        self._labels = np.array(self.labels, dtype=object)
        self.steps = steps
        self._starts = _whole_windows(~np.isnan(raw), steps)
        if len(self._starts) < 2:
            raise TaskError(
                f"only {len(self._starts)} sequences of {steps} steps have no gap; fill the gaps, "
                "or choose fewer --steps"
            )
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
        return self._windows(self._starts[rng.integers(0, len(self._starts), size=size)])

    def example(self) -> Batch:
        """The last window whose next values are all known, or else the last one."""
        known = ~np.isnan(self.values[self._starts + self.steps])
        return self._windows(self._starts[known][-1:] if known.any() else self._starts[-1:])

    def score(self, output: np.ndarray, batch: Batch) -> float:
        """Return the squared error relative to that of repeating the last value."""
        return self.error(output, batch) / max(self.error(batch.x, batch), 1e-12)

    def learnt(self, score: float, loss: float) -> bool:
        """Never, since a forecast can always improve."""
        return False

    @property
    def chance(self) -> float:
        """The variance of the scaled targets."""
        return float(self._shares @ (self._targets - self._mean_target) ** 2)

    def trivial(self, batch: Batch) -> np.ndarray:
        """The mean of all targets, at every step."""
        return np.full(batch.targets.shape, self._mean_target)

    @cached_property
    def _shares(self) -> np.ndarray:
        """How often each value after the first is a target, in random windows; of sum 1."""
        edges = np.zeros(len(self.values) + 1, dtype=np.int64)
        np.add.at(edges, self._starts + 1, 1)
        np.add.at(edges, self._starts + self.steps + 1, -1)
        times = np.cumsum(edges)[1:-1] * ~np.isnan(self.values[1:])
        return times / times.sum()

    @property
    def _targets(self) -> np.ndarray:
        return np.nan_to_num(self.values[1:])

    @property
    def _mean_target(self) -> float:
        return float(self._shares @ self._targets)

    def _windows(self, starts: np.ndarray) -> Batch:
        places = np.arange(self.steps)[:, None] + starts
        return Batch(
            x=self.values[places][..., None],
            targets=self.values[places + 1][..., None],
            step_labels=tuple(map(tuple, self._labels[places.T].tolist())),
            target_labels=tuple(map(tuple, self._labels[places.T + 1].tolist())),
        )


def _whole_windows(known: np.ndarray, steps: int) -> np.ndarray:
    """The starts of windows without a gap that have a value after them."""
    missing = np.concatenate([[0], np.cumsum(~known)])
    starts = np.arange(len(known) - steps)
    return starts[missing[starts] == missing[starts + steps]]


class Series(NextValue):
    """A numeric column of the user's CSV file, by its name or its number from 1.

    The further options are those of ``rnnviz.tables.read_column``, which detects what is not given;
    the result is logged in one line.

    Raises: TaskError for a missing file or column, a cell that is not a number, too few rows, or a
            file that can be read in several ways
    """

    name = "series"

    def __init__(
        self,
        *,
        csv: str | Path,
        column: str | int,
        steps: int = 12,
        language: str = "en",
        **reading: Any,
    ):
        given = {name: value for name, value in reading.items() if value is not None}
        read = read_column(csv, column, **given)
        file = file_name(csv)
        changes = f" ({'; '.join(read.changes)})" if read.changes else ""
        super().__init__(
            read.values,
            read.labels,
            steps=steps,
            quantity=read.name,
            language=language,
            source=f"column {str(column)!r} of {file}{changes}",
            options={"csv": file, "column": column, **given},
        )
        _LOG.log(logging.INFO if read.plain else logging.WARNING, "%s", summary(csv, read))

"""The numbers of one step of a recurrent layer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from rnnviz import measure
from rnnviz.mobjects.numbers import MINUS, decimals
from rnnviz.system.short_repr import ShortRepr
from rnnviz.trace import Trace

MOST_UNITS: Final = 8
MOST_INPUTS: Final = 12
_LEAST_WRITTEN: Final = 0.01


@dataclass(frozen=True, repr=False)
class StepNumbers(ShortRepr):
    """One step of the first sequence, for the units that move most and the inputs shown.

    The products are complete, even if their matrices are shown in part. ``rest`` is the
    contribution to W h_before of the states that are not shown.

    Shapes: x (inputs,), U (units, inputs), W (units, units), all others (units,)
    Units:  ``step`` is 0-based; ``units`` are the indices of those shown, ``first_input`` that of
            the first input shown
    """

    step: int
    units: np.ndarray
    first_input: int
    x: np.ndarray
    before: np.ndarray
    U: np.ndarray
    W: np.ndarray
    b: np.ndarray
    from_input: np.ndarray
    from_state: np.ndarray
    sum: np.ndarray
    state: np.ndarray
    rest: np.ndarray

    @classmethod
    def of(cls, trace: Trace, step: int) -> "StepNumbers":
        """Return the numbers of a step (0-based)."""
        x, before = trace.x[step, 0], trace.states_before()[step, 0]
        units, first = measure.most_moving(trace.h[0, 0, :, 0], MOST_UNITS), first_input(x)
        inputs = slice(first, first + MOST_INPUTS)
        among = trace.W[np.ix_(units, units)]
        from_state = (trace.W @ before)[units]
        assert trace.preact is not None
        return cls(
            step=step,
            units=units,
            first_input=first,
            x=x[inputs],
            before=before[units],
            U=trace.U[units, inputs],
            W=among,
            b=trace.b[units],
            from_input=(trace.U @ x)[units],
            from_state=from_state,
            sum=trace.preact[0, 0, step, 0, 0][units],
            state=trace.h[0, 0, step, 0][units],
            rest=from_state - among @ before[units],
        )

    @property
    def picked(self) -> int | None:
        """The index among the inputs shown of the 1 of a one-hot input, or None."""
        hot = np.flatnonzero(self.x)
        return int(hot[0]) if len(hot) == 1 and self.x[hot[0]] == 1 and len(self.x) > 1 else None

    @property
    def farthest(self) -> int:
        """The unit shown whose sum the nonlinearity changes most visibly.

        It is the one farthest from 0 if all sums change; of relu, which keeps those above 0, the
        lowest.
        """
        cut = (self.state == np.maximum(self.sum, 0.0)).all()
        return int(self.sum.argmin() if cut else np.abs(self.sum).argmax())

    @property
    def unit_name(self) -> str:
        """The number of ``unit``, from 1."""
        return str(int(self.units[self.unit]) + 1)

    @property
    def unit(self) -> int:
        """Which of the units shown has the greatest smaller one of the two products.

        It is one whose numbers add up as they are written, with few decimals, if there is one.
        """
        smaller = np.minimum(abs(self.from_input), abs(self.from_state))
        terms = np.stack([self.from_input, self.from_state, self.b], axis=1)
        products = np.column_stack([self.W * self.before, self.rest])
        sums = adds_up(terms, self.sum)
        both = sums & adds_up(products, self.from_state)
        fits = both if both.any() else sums if sums.any() else np.ones_like(sums)
        return int(np.where(fits, smaller, -1.0).argmax())


def adds_up(terms: np.ndarray, sums: np.ndarray) -> np.ndarray:
    """Return whether the terms of each sum add up as they are written.

    Shapes: terms (sums, terms), sums (sums,) → (sums,)
    """
    return np.abs(written(terms).sum(axis=1) - written(sums)) < _LEAST_WRITTEN / 2


def written(values: np.ndarray) -> np.ndarray:
    """Return values as they are read where they are written with two decimals."""
    texts = [decimals(float(value)).replace(MINUS, "-") for value in values.flat]
    return np.array(texts, dtype=float).reshape(values.shape)


def drawn_limit(numbers: StepNumbers, later: Sequence[StepNumbers]) -> float:
    """Return the greatest size of the values drawn, at least 1."""
    drawn = (numbers.U, numbers.W, numbers.b, numbers.from_input, numbers.from_state, numbers.sum)
    vectors = [each for one in (numbers, *later) for each in (one.x, one.before, one.state)]
    return max(1.0, *(float(np.abs(array).max()) for array in (*drawn, *vectors)))


def balanced_step(trace: Trace) -> int:
    """Return the step (0-based) at which the smaller of ‖U x_t‖ and ‖W h_{t−1}‖ is greatest.

    It is neither the first nor the last step.
    """
    inputs = np.linalg.norm(trace.x[:, 0] @ trace.U.T, axis=-1)
    states = np.linalg.norm(trace.states_before()[:, 0] @ trace.W.T, axis=-1)
    return 1 + int(np.minimum(inputs, states)[1:-1].argmax())


def first_input(x: np.ndarray) -> int:
    """Return the index of the first input shown, so that the greatest one is shown too."""
    middle = int(np.abs(x).argmax()) - MOST_INPUTS // 2
    return int(np.clip(middle, 0, max(0, len(x) - MOST_INPUTS)))

"""The numbers of one step of a recurrent layer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from rnnviz.system.short_repr import ShortRepr
from rnnviz.trace import Trace

MOST_UNITS: Final = 8
MOST_INPUTS: Final = 12


@dataclass(frozen=True, repr=False)
class StepNumbers(ShortRepr):
    """One step of the first sequence, for the units and inputs that are shown.

    The products are complete, even if their matrices are shown in part. ``rest`` is the
    contribution to W h_before of the states that are not shown.

    Shapes: x (inputs,), U (units, inputs), W (units, units), all others (units,)
    Units:  ``step`` is 0-based; ``first_input`` is the index of the first input shown
    """

    step: int
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
        units, first = slice(MOST_UNITS), _first_input(x)
        inputs = slice(first, first + MOST_INPUTS)
        shown = trace.W[units, units] @ before[units]
        from_state = (trace.W @ before)[units]
        return cls(
            step=step,
            first_input=first,
            x=x[inputs],
            before=before[units],
            U=trace.U[units, inputs],
            W=trace.W[units, units],
            b=trace.b[units],
            from_input=(trace.U @ x)[units],
            from_state=from_state,
            sum=trace.preact[0, 0, step, 0, 0, units],
            state=trace.h[0, 0, step, 0, units],
            rest=from_state - shown,
        )

    @property
    def picked(self) -> int | None:
        """The index among the inputs shown of the 1 of a one-hot input, or None."""
        hot = np.flatnonzero(self.x)
        return int(hot[0]) if len(hot) == 1 and self.x[hot[0]] == 1 and len(self.x) > 1 else None

    @property
    def unit(self) -> int:
        """The unit shown in which the smaller of the two products is greatest."""
        return int(np.minimum(abs(self.from_input), abs(self.from_state)).argmax())


def drawn_limit(numbers: StepNumbers, later: Sequence[StepNumbers]) -> float:
    """Return the greatest size of the values drawn, at least 1."""
    drawn = (numbers.U, numbers.W, numbers.b, numbers.from_input, numbers.from_state, numbers.sum)
    inputs = [each.x for each in (numbers, *later)]
    return max(1.0, *(float(np.abs(array).max()) for array in (*drawn, *inputs)))


def balanced_step(trace: Trace) -> int:
    """Return the step (0-based) at which the smaller of ‖U x_t‖ and ‖W h_{t−1}‖ is greatest.

    It is neither the first nor the last step.
    """
    inputs = np.linalg.norm(trace.x[:, 0] @ trace.U.T, axis=-1)
    states = np.linalg.norm(trace.states_before()[:, 0] @ trace.W.T, axis=-1)
    return 1 + int(np.minimum(inputs, states)[1:-1].argmax())


def _first_input(x: np.ndarray) -> int:
    """Return the index of the first input shown, so that the greatest one is shown too."""
    middle = int(np.abs(x).argmax()) - MOST_INPUTS // 2
    return int(np.clip(middle, 0, max(0, len(x) - MOST_INPUTS)))

"""The numbers of an output that is compared with values."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from rnnviz.scenes.output.linear_output import MOST_OUTPUTS, LinearOutput, row_of_output

from rnnviz.trace import Trace


@dataclass(frozen=True, repr=False)
class ValueNumbers(LinearOutput):
    """An output y = o at one step, with the target of each value shown.

    Of many outputs those with the largest errors are shown. ``loss`` is that of all outputs.

    Shapes: ``wanted`` (outputs,)
    """

    wanted: np.ndarray
    loss: float
    count: int

    @classmethod
    def of(cls, trace: Trace, whole: Trace, step: int) -> "ValueNumbers":
        """Return the numbers of a step (0-based) that has a target."""
        assert trace.output is not None
        row = row_of_output(trace, step)
        y, wanted = trace.output[row, 0].astype(float), trace.targets[row, 0].astype(float)
        errors = np.where(np.isnan(wanted), 0.0, y - wanted)
        known = np.flatnonzero(~np.isnan(wanted))
        largest = known[np.argsort(-np.abs(errors[known]), kind="stable")[:MOST_OUTPUTS]]
        shown = np.sort(largest)
        read = LinearOutput.at(trace, whole, step, shown)
        return cls(
            **vars(read), wanted=wanted[shown], loss=float(0.5 * errors @ errors), count=len(known)
        )

    @cached_property
    def errors(self) -> np.ndarray:
        """y − y* of each value shown."""
        return self.o - self.wanted

    @property
    def largest(self) -> int:
        """The value shown with the largest error."""
        return int(np.abs(self.errors).argmax())

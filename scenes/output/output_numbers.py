"""The numbers of the output layer at one step."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from rnnviz.scenes.output.linear_output import MOST_OUTPUTS, LinearOutput, row_of_output

from rnnviz.measure.outputs import cross_entropy_gradient, squared_on_softmax_gradient
from rnnviz.mobjects.numbers import decimals, number, scientific
from rnnviz.mobjects.prediction import likeliest
from rnnviz.trace import Trace

_DIGITS, _MOST_DIGITS = 3, 8
_LN10: Final = float(np.log(10))


@dataclass(frozen=True, repr=False)
class OutputNumbers(LinearOutput):
    """The scores at one step of the first sequence, for the classes that are shown.

    ``total`` is the natural logarithm of the sum of e^o over all classes, shown or not.

    Shapes: ``y`` (classes,) belongs to the classes shown, ``full_y`` to all
    Units:  ``target``, ``best`` and ``other`` are indices into ``shown``
    """

    y: np.ndarray
    total: float
    target: int
    full_y: np.ndarray

    @classmethod
    def of(cls, trace: Trace, whole: Trace, step: int) -> "OutputNumbers":
        """Return the numbers of a step (0-based) that has a target.

        ``trace`` is the recording of the last layer of ``whole``.
        """
        assert trace.y is not None
        assert trace.output is not None
        row = row_of_output(trace, step)
        y, target = trace.y[row, 0].astype(float), int(trace.targets[row, 0])
        shown = np.sort(likeliest(y, MOST_OUTPUTS, target))
        read = LinearOutput.at(trace, whole, step, shown)
        return cls(
            **vars(read),
            y=y[shown],
            total=float(np.logaddexp.reduce(trace.output[row, 0].astype(float))),
            target=int(np.flatnonzero(shown == target)[0]),
            full_y=y,
        )

    @property
    def best(self) -> int:
        """The most probable class."""
        return int(self.y.argmax())

    @property
    def other(self) -> int:
        """The least probable class shown that is not the target."""
        return int(np.where(np.arange(len(self.y)) == self.target, np.inf, self.y).argmin())

    def gradients(self, target: int) -> tuple[np.ndarray, np.ndarray]:
        """Return ∂L/∂o of cross-entropy and of the squared loss if ``target`` were the target."""
        index = int(self.shown[target])
        both = (cross_entropy_gradient, squared_on_softmax_gradient)
        first, second = (gradient(self.full_y, index)[self.shown] for gradient in both)
        return first, second

    def losses_by_score(self, target: int, raised: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return cross-entropy and squared loss over one score, if ``target`` were the target.

        All other scores stay as they are, and keep their shares of what is left.

        Shapes: ``raised`` and each loss (points,)
        Units:  ``raised`` is by how much the target's score is higher than it was
        """
        log_odds = self.log_odds(target) + raised
        entropy = np.logaddexp(0.0, -log_odds)
        left = np.exp(-np.logaddexp(0.0, log_odds))
        others = np.delete(self.full_y, self.shown[target])
        squared = left**2 * (1.0 + ((others / others.sum()) ** 2).sum()) / 2
        return entropy, squared

    def log_odds(self, target: int) -> float:
        """Return ln(y / (1 − y)) of a class shown."""
        rest = np.delete(self.full_y, self.shown[target]).sum()
        return float(self.o[target] - self.total - np.log(rest))


def step_to_explain(trace: Trace) -> int:
    """Return the step (0-based) of the first sequence with a target and the greatest loss."""
    return int(np.where(trace.has_loss[:, 0], trace.loss[:, 0], -1.0).argmax())


def digits_for_loss(share: float) -> int:
    """Return the digits, at least 3, with which −ln of a written probability is as it is written.

    Example: >>> digits_for_loss(0.98587)  # −ln 0.986 is 0.0141, −ln 0.9859 is 0.0142
             4
    """
    loss = number(-float(np.log(share)), _DIGITS)
    for digits in range(_DIGITS, _MOST_DIGITS):
        written = float(f"{share:.{digits}g}")
        if number(-float(np.log(written)), _DIGITS) == loss:
            return digits
    return _MOST_DIGITS


def power_text(exponent: float) -> str:
    """Return e to a power as text, for powers of any size."""
    if abs(exponent) < 9:
        value = float(np.exp(exponent))
        return decimals(value) if value >= 0.095 else number(value)
    places, rest = divmod(exponent / _LN10, 1.0)
    return scientific(f"{10**rest:.1f}", int(places))

"""The numbers of the output layer at one step."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from rnnviz.measure.outputs import cross_entropy_gradient, squared_on_softmax_gradient
from rnnviz.mobjects.numbers import decimals, number, scientific
from rnnviz.mobjects.prediction import likeliest, output_names
from rnnviz.system.short_repr import ShortRepr
from rnnviz.trace import Trace

MOST_CLASSES: Final = 6
MOST_UNITS: Final = 8
_LN10: Final = float(np.log(10))


@dataclass(frozen=True, repr=False)
class OutputNumbers(ShortRepr):
    """The output at one step of the first sequence, for the classes that are shown.

    ``total`` is the natural logarithm of the sum of e^o over all classes, shown or not.

    Shapes: ``shown`` (classes,) are the indices of the classes shown, to which o, y, V and c belong
    Units:  ``step`` is 0-based; ``target``, ``best`` and ``other`` are indices into ``shown``
    """

    step: int
    shown: np.ndarray
    names: tuple[str, ...]
    h: np.ndarray
    V: np.ndarray
    c: np.ndarray
    o: np.ndarray
    y: np.ndarray
    total: float
    target: int
    full_y: np.ndarray

    @classmethod
    def of(cls, trace: Trace, step: int) -> "OutputNumbers":
        """Return the numbers of a step (0-based) that has a target."""
        assert trace.y is not None
        assert trace.output is not None
        y, o = trace.y[step, 0].astype(float), trace.output[step, 0].astype(float)
        target = int(trace.targets[step, 0])
        shown = np.sort(likeliest(y, MOST_CLASSES, target))
        return cls(
            step=step,
            shown=shown,
            names=tuple(output_names(trace, shown)),
            h=trace.h[0, 0, step, 0, :MOST_UNITS],
            V=trace.V[shown, :MOST_UNITS],
            c=trace.output_bias[shown],
            o=o[shown],
            y=y[shown],
            total=float(np.logaddexp.reduce(o)),
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


def step_to_explain(trace: Trace) -> int:
    """Return the step (0-based) of the first sequence with a target and the greatest loss."""
    return int(np.where(trace.has_loss[:, 0], trace.loss[:, 0], -1.0).argmax())


def power_text(exponent: float) -> str:
    """Return e to a power as text, for powers of any size."""
    if abs(exponent) < 9:
        value = float(np.exp(exponent))
        return decimals(value) if value >= 0.095 else number(value)
    places, rest = divmod(exponent / _LN10, 1.0)
    return scientific(f"{10**rest:.1f}", int(places))

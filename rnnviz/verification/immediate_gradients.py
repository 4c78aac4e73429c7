"""The immediate gradients of the losses of a trace: ∂⁺L_t/∂h_k, with all other states fixed."""

from dataclasses import dataclass

import numpy as np

from rnnviz.system.short_repr import ShortRepr
from rnnviz.trace import Trace

StateGradients = tuple[np.ndarray, np.ndarray | None]
"""Gradients at h and, of an LSTM whose c is read directly, at c: (row, layer, direction, …)."""


@dataclass(frozen=True, repr=False)
class ImmediateGradients(ShortRepr):
    """The recorded immediate gradients of all losses.

    ``whole`` is whether a single loss of the whole sequence has all of them.

    Shapes: h (layer, direction, time, batch, hidden), c alike or None; by loss with rows in front
    """

    h: np.ndarray
    c: np.ndarray | None
    h_by_loss: np.ndarray | None
    c_by_loss: np.ndarray | None
    times: np.ndarray
    whole: bool

    @classmethod
    def of(cls, trace: Trace) -> "ImmediateGradients":
        """Return those of a trace, which must have gradients."""
        assert trace.grad_direct is not None
        assert trace.loss_times is not None
        last = trace.loss_times.tolist() == [trace.steps - 1]
        return cls(
            trace.grad_direct,
            trace.grad_direct_c,
            trace.grad_direct_by_loss,
            trace.grad_direct_c_by_loss,
            trace.loss_times,
            last and trace.grad_direct_by_loss is None and not trace.loss[:-1].any(),
        )

    def rows(self, rows: np.ndarray) -> StateGradients:
        """Return those of some losses, by their rows in the tables."""
        if self.h_by_loss is not None:
            c = None if self.c_by_loss is None else self.c_by_loss[rows].astype(np.float64)
            return self.h_by_loss[rows].astype(np.float64), c
        return self._placed(self.h, rows), None if self.c is None else self._placed(self.c, rows)

    def summed(self) -> StateGradients:
        """Return that of the summed loss, as a single row."""
        return self.h[None], None if self.c is None else self.c[None]

    def _placed(self, total: np.ndarray, rows: np.ndarray) -> np.ndarray:
        placed = np.zeros((len(rows), *total.shape))
        for row, time in enumerate(self.times[rows]):
            if self.whole:
                placed[row] = total
            else:
                placed[row, :, :, time] = total[:, :, time]
        return placed

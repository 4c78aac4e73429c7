"""A second, independent implementation of the network in NumPy float64, written for clarity.

Plain loops, column gradients δ_k = Wᵀ diag(1 − h_{k+1}²) δ_{k+1}, no torch. It exists to check
recordings against.
"""

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from rnnviz.errors import TraceError
from rnnviz.trace import NO_TARGET, Trace

_LOSSES: Final = ("cross-entropy", "squared", "squared-on-softmax")


@dataclass(frozen=True)
class Reference:
    """The network of a trace in float64.

    Shapes: x (time, batch, input), h0 (batch, hidden), U (hidden, input), W (hidden, hidden),
            b (hidden), V (output, hidden), c (output)
    """

    x: np.ndarray
    targets: np.ndarray
    h0: np.ndarray
    U: np.ndarray
    W: np.ndarray
    b: np.ndarray
    V: np.ndarray
    c: np.ndarray
    loss: str

    @classmethod
    def of(cls, trace: Trace) -> "Reference":
        """The network that a trace recorded, with its data.

        Raises: TraceError for a loss that this implementation does not know
        """
        if trace.metadata.loss not in _LOSSES:
            raise TraceError(
                f"loss {trace.metadata.loss!r} cannot be verified; known are {', '.join(_LOSSES)}"
            )
        wide = [
            np.asarray(array, dtype=np.float64)
            for array in (trace.x, trace.h0[0, 0], trace.U, trace.W, trace.b, trace.V)
        ]
        x, h0, u, w, b, v = wide
        c = np.asarray(trace.output_bias, dtype=np.float64)
        return cls(x, trace.targets, h0, u, w, b, v, c, trace.metadata.loss)

    def changed(self, **arrays: Any) -> "Reference":
        """The same with other arrays."""
        return replace(self, **arrays)

    def preactivations(self) -> np.ndarray:
        """U x_t + W h_{t−1} + b of every step: (time, batch, hidden)."""
        state, rows = self.h0, []
        for x_t in self.x:
            rows.append(x_t @ self.U.T + state @ self.W.T + self.b)
            state = np.tanh(rows[-1])
        return np.array(rows)

    def preactivations_after(self, states: np.ndarray) -> np.ndarray:
        """U x_t + W h_{t−1} + b with each h_{t−1} as given: (time, batch, hidden)."""
        before = np.concatenate([self.h0[None], states[:-1]])
        return self.x @ self.U.T + before @ self.W.T + self.b

    def outputs(self, states: np.ndarray) -> np.ndarray:
        """o_t = V h_t + c: (time, batch, output)."""
        return states @ self.V.T + self.c

    def predictions(self, outputs: np.ndarray) -> np.ndarray:
        """y_t = softmax(o_t), or o_t for the squared loss."""
        if self.loss == "squared":
            return outputs
        shifted = np.exp(outputs - outputs.max(axis=-1, keepdims=True))
        return shifted / shifted.sum(axis=-1, keepdims=True)

    def losses(self, outputs: np.ndarray) -> np.ndarray:
        """L_t of every step and sequence: (time, batch)."""
        if self.loss == "squared":
            return 0.5 * ((outputs - self.targets) ** 2).sum(axis=-1)
        if self.loss == "squared-on-softmax":
            errors = self.predictions(outputs) - self._wanted(outputs)
            return 0.5 * (errors**2).sum(axis=-1) * self._counted()
        top = outputs.max(axis=-1)
        log_total = top + np.log(np.exp(outputs - top[..., None]).sum(axis=-1))
        chosen = np.take_along_axis(outputs, self._classes()[..., None], axis=-1)[..., 0]
        return (log_total - chosen) * self._counted()

    def loss_by_output(self, outputs: np.ndarray) -> np.ndarray:
        """∂L_t/∂o_t: (time, batch, output).

        y − onehot for cross-entropy, o − target for the squared loss, and
        (diag(y) − y yᵀ)(y − onehot) for the squared loss on a softmax.
        """
        if self.loss == "squared":
            return outputs - self.targets
        y = self.predictions(outputs)
        errors = y - self._wanted(outputs)
        if self.loss == "squared-on-softmax":
            errors = y * errors - y * (y * errors).sum(axis=-1, keepdims=True)
        return errors * self._counted()[..., None]

    def total_loss(self) -> float:
        """L = Σ_t Σ_batch L_t."""
        return float(self.losses(self.outputs(np.tanh(self.preactivations()))).sum())

    def losses_from(self, step: int, state: np.ndarray) -> np.ndarray:
        """L_t for t ≥ step (0-based) when h_step is set to ``state`` (batch, hidden)."""
        states = [state]
        for x_t in self.x[step + 1 :]:
            states.append(np.tanh(x_t @ self.U.T + states[-1] @ self.W.T + self.b))
        rest = self.changed(targets=self.targets[step:])
        return rest.losses(rest.outputs(np.array(states)))

    def back_through_time(self, states: np.ndarray, direct: np.ndarray) -> np.ndarray:
        """∂L_t/∂h_k by a loop back from every loss: (loss_time, time, batch, hidden)."""
        steps = len(states)
        table = np.zeros((steps, *states.shape))
        for t in range(steps):
            delta = direct[t]
            table[t, t] = delta
            for k in range(t - 1, -1, -1):
                delta = ((1.0 - states[k + 1] ** 2) * delta) @ self.W
                table[t, k] = delta
        return table

    def _classes(self) -> np.ndarray:
        return np.clip(self.targets, 0, len(self.c) - 1).astype(np.int64)

    def _counted(self) -> np.ndarray:
        return (self.targets != NO_TARGET).astype(np.float64)

    def _wanted(self, outputs: np.ndarray) -> np.ndarray:
        return np.eye(outputs.shape[-1])[self._classes()]

"""Measures: pure functions of a trace of a one-layer network, arrays in, arrays out.

∂L_t/∂θ_s is the gradient of the loss at step t through the use of θ at step s:
∂L_t/∂W_s = Σ_batch a_{t,s} h_{s−1}ᵀ with a_{t,s} = diag(1 − h_s²) ∂L_t/∂h_s, the gradient at the
pre-activation. It is zero for s > t.
"""

import numpy as np

from rnnviz.errors import TraceError
from rnnviz.trace import Trace


def gradient_norms(trace: Trace) -> np.ndarray:
    """‖∂L_t/∂h_k‖₂ for all pairs of a loss time t and a step k.

    Shapes: → (loss_time, time, batch)
    Units:  loss per unit of state
    Raises: TraceError if the trace has no gradients
    Source: Pascanu, Mikolov & Bengio 2013, "On the difficulty of training recurrent neural
            networks", eq. 4–5
    """
    return np.linalg.norm(_needed(trace.grad_h_by_loss, "gradient_norms")[:, 0, 0], axis=-1)


def jacobian_norms(trace: Trace) -> np.ndarray:
    """σ₁(∂h_k/∂h_{k−1}), the most that one step back can stretch a gradient.

    Shapes: → (time, batch)
    Units:  none
    Source: Pascanu et al. 2013, eq. 6
    """
    return np.linalg.norm(trace.jacobian[0, 0], ord=2, axis=(-2, -1))


def spectral_norm(matrix: np.ndarray) -> float:
    """σ₁, the largest singular value of a matrix (rows, columns)."""
    return float(np.linalg.norm(matrix, ord=2))


def spectral_radius(matrix: np.ndarray) -> float:
    """ρ, the largest absolute eigenvalue of a square matrix (rows, rows)."""
    return float(np.abs(np.linalg.eigvals(matrix)).max())


def saturation(trace: Trace) -> np.ndarray:
    """1 − h², the slope of tanh at each unit: 0 when it is saturated.

    Shapes: → (time, batch, hidden)
    """
    return 1.0 - trace.h[0, 0] ** 2


def weight_gradients(trace: Trace) -> np.ndarray:
    """Σ_t ∂L_t/∂W_s for each step s: what the use of W at step s adds to ∂L/∂W.

    Shapes: → (time, hidden, hidden), summed over losses and batch; its sum over time is ∂L/∂W
    Units:  loss per unit of weight
    Raises: TraceError if the trace has no gradients
    Source: Werbos 1990, "Backpropagation through time", eq. 10
    """
    at_preact = _at_preact(trace).sum(axis=0)
    return np.einsum("sbi,sbj->sij", at_preact, states_before(trace))


def weight_gradient_norms(trace: Trace) -> np.ndarray:
    """‖∂L_t/∂W_s‖ (Frobenius) for all pairs, of each sequence, without building the matrices.

    Each is a product of two vectors, so its norm is the product of their norms.

    Shapes: → (loss_time, time, batch)
    Raises: TraceError if the trace has no gradients
    """
    into = np.linalg.norm(states_before(trace), axis=-1)
    return np.linalg.norm(_at_preact(trace), axis=-1) * into


def weight_gradient_share_by_lag(trace: Trace) -> np.ndarray:
    """The share of the terms ∂L_t/∂W_s that lie t − s steps back: Σ‖·‖ at a lag over Σ‖·‖.

    Shapes: → (lag,) = (time,), it sums to 1
    Units:  none
    Raises: TraceError if the trace has no gradients, or if all of them are zero
    """
    norms = weight_gradient_norms(trace).sum(axis=-1)
    by_lag = np.array([np.trace(norms, offset=-lag) for lag in range(trace.steps)])
    total = by_lag.sum()
    if total == 0:
        raise TraceError("all terms of ∂L/∂W are zero, so none has a share; train with a loss")
    return by_lag / total


def log_line(values: np.ndarray) -> tuple[float, float]:
    """The least-squares line through the logarithms of positive values, by their places 0, 1, ….

    Shapes: values (points,) → the factor from each value to the next, and the line's logarithm
            at place 0
    Units:  none
    Raises: TraceError if fewer than two values are positive
    """
    kept = _positive(values)
    slope, offset = np.polyfit(kept, np.log(values[kept]), 1)
    return float(np.exp(slope)), float(offset)


def steadiness(values: np.ndarray) -> float:
    """R² of ``log_line``: 1 if positive values lie on a straight line on a logarithmic axis.

    Shapes: values (points,)
    Raises: TraceError if fewer than two values are positive
    """
    kept = _positive(values)
    factor, offset = log_line(values)
    logs = np.log(values[kept])
    spread = float(((logs - logs.mean()) ** 2).sum())
    rest = float(((logs - offset - np.log(factor) * kept) ** 2).sum())
    return 1.0 - rest / spread if spread > 0 else 1.0


def lags_holding(shares: np.ndarray, part: float) -> int:
    """How many lags, from 0, it takes to hold at least a part of the whole.

    Shapes: shares (lag,), summing to 1
    """
    return min(int(np.searchsorted(np.cumsum(shares), part)) + 1, len(shares))


def states_before(trace: Trace) -> np.ndarray:
    """h_{s−1} for every step s.

    Shapes: → (time, batch, hidden)
    """
    return np.concatenate([trace.h0[0, 0][None], trace.h[0, 0, :-1]])


def _at_preact(trace: Trace) -> np.ndarray:
    """diag(1 − h_s²) ∂L_t/∂h_s: (loss_time, time, batch, hidden)."""
    by_loss = _needed(trace.grad_h_by_loss, "measures of ∂L/∂W")
    return by_loss[:, 0, 0] * saturation(trace)


def _needed(gradients: np.ndarray | None, what: str) -> np.ndarray:
    if gradients is None:
        raise TraceError(
            f"the trace has no gradients, which {what} needs; record it again without --no-grad"
        )
    return gradients


def _positive(values: np.ndarray) -> np.ndarray:
    kept = np.flatnonzero(values > 0)
    if len(kept) < 2:
        raise TraceError(
            "fewer than two of the gradients are greater than zero; they have no rate, so record "
            "a longer sequence, or a network that is not saturated"
        )
    return kept

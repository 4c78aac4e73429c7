"""Gradients of losses by the scores before a softmax."""

import numpy as np


def cross_entropy_gradient(y: np.ndarray, target: int) -> np.ndarray:
    """Return ∂L/∂o of L = −ln y[target] with y = softmax(o): y − y*, with y* one-hot.

    Shapes: y (output,) → (output,)
    Units:  nats per unit of score
    """
    gradient = np.array(y, dtype=float)
    gradient[target] -= 1.0
    return gradient


def squared_on_softmax_gradient(y: np.ndarray, target: int) -> np.ndarray:
    """Return ∂L/∂o of L = ½‖y − y*‖² with y = softmax(o): (diag(y) − y yᵀ)(y − y*).

    Shapes: y (output,) → (output,)
    Units:  units of loss per unit of score
    """
    shares = np.asarray(y, dtype=float)
    apart = cross_entropy_gradient(shares, target)
    return np.asarray(shares * (apart - shares @ apart))

"""The cliff in the error of a network of one unit, and descents over it.

x_t = w σ(x_{t−1}) + b, with the error (σ(x_T) − 0.7)² after T = 50 steps. Where the network
changes from one fixed point to the other, the error has a wall, where its gradient is large.

Source: Pascanu, Mikolov and Bengio 2013, "On the difficulty of training recurrent neural
        networks", fig. 6, where x_0 is not given; here it is 0.5
"""

from typing import Final

import numpy as np

STEPS: Final = 50
START: Final = 0.5
AIM: Final = 0.7
W_RANGE: Final = (4.8, 7.0)
B_RANGE: Final = (-3.2, -2.0)


def cliff_error(w: np.ndarray | float, b: np.ndarray | float) -> np.ndarray:
    """Return (σ(x_50) − 0.7)² for weights and biases that broadcast against each other.

    Shapes: w, b (…) → (…)
    """
    return np.asarray((_last(w, b)[0] - AIM) ** 2)


def cliff_answer(w: float, b: float) -> float:
    """Return σ(x_50), which is wanted to be 0.7."""
    return float(_last(w, b)[0])


def cliff_gradient(w: float, b: float) -> np.ndarray:
    """Return the gradient of the error by w and b, (2,), accumulated forward with the state.

    Units:  error per unit of w and of b
    """
    last, by_w, by_b = _last(w, b)
    return np.array([2 * (last - AIM) * by_w, 2 * (last - AIM) * by_b], dtype=float)


def descent(
    start: tuple[float, float], rate: float, steps: int, threshold: float | None = None
) -> np.ndarray:
    """Descend on the error from (w, b), with gradients clipped to ``threshold`` if given.

    Shapes: → (steps + 1, 2)
    """
    path = [np.array(start, dtype=float)]
    for _ in range(steps):
        gradient = cliff_gradient(*path[-1])
        if threshold is not None:
            gradient = clipped(gradient, threshold)
        path.append(path[-1] - rate * gradient)
    return np.array(path)


def clipped(gradient: np.ndarray, threshold: float) -> np.ndarray:
    """Return min(1, θ/‖g‖) g: the same direction, no longer than θ.

    Shapes: gradient (…) → (…), its norm that of all entries
    Source: Pascanu et al. 2013, algorithm 1
    """
    length = float(np.linalg.norm(gradient))
    return gradient * min(1.0, threshold / length) if length > 0 else gradient


def _last(
    w: np.ndarray | float, b: np.ndarray | float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """σ(x_T), and its derivatives by w and by b."""
    w, b = np.broadcast_arrays(np.asarray(w, dtype=float), np.asarray(b, dtype=float))
    x, by_w, by_b = np.full(w.shape, START), np.zeros(w.shape), np.zeros(w.shape)
    for _ in range(STEPS):
        squashed = _sigmoid(x)
        slope = squashed * (1 - squashed)
        by_w = squashed + w * slope * by_w
        by_b = 1 + w * slope * by_b
        x = w * squashed + b
    squashed = _sigmoid(x)
    slope = squashed * (1 - squashed)
    return squashed, slope * by_w, slope * by_b


def _sigmoid(values: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-values)))


def steepest(b: float, points: int = 4001) -> tuple[float, float]:
    """Return where, for one b, the error is steepest over the range of w: the foot of its wall.

    Shapes: → (w, b)
    """
    ws = np.linspace(*W_RANGE, points)
    last, by_w, by_b = _last(ws, b)
    lengths = np.abs(last - AIM) * np.hypot(by_w, by_b)
    return float(ws[int(lengths.argmax())]), b

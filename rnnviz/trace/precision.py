"""The size below which gradients of a floating-point type are not precise."""

import numpy as np


def vanished(dtype: str) -> float:
    """Return the size below which a gradient counts as vanished: tiny / eps.

    ``tiny`` is the smallest normal number, and sums of terms smaller than tiny / eps (1e-31 in
    float32, 1e-292 in float64) lose digits to underflow. A recording sets smaller gradients to zero
    on their way back, and verification allows for that.
    """
    info = np.finfo(dtype)
    return float(info.tiny) / float(info.eps)

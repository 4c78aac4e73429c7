"""Where numbers of a floating-point type stop carrying information."""

import numpy as np


def vanished(dtype: str) -> float:
    """The size below which a gradient counts as vanished: tiny / eps.

    ``tiny`` is the smallest normal number, and sums of terms smaller than tiny / eps (1e-31 in
    float32, 1e-292 in float64) lose digits to underflow. A recording sets what lies below it to
    zero on its way back, and a check cannot hold that against it.
    """
    about = np.finfo(dtype)
    return float(about.tiny) / float(about.eps)

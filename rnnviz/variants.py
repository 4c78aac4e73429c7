"""Changes to a trace's parameters, for the same network run again with them."""

from collections.abc import Callable, Mapping

import numpy as np

from rnnviz.trace import Trace

Variant = Callable[[Trace], Mapping[str, np.ndarray]]
"""From a trace to those of its parameters that change, by name."""


def scaled_recurrence(factor: float) -> Variant:
    """W multiplied by a factor."""

    def change(trace: Trace) -> Mapping[str, np.ndarray]:
        return {trace.parameter_name("weight_hh"): factor * trace.W}

    return change


def nudged_recurrence(amount: float, *, within: int) -> Variant:
    """The entry of W's first ``within`` rows and columns with the greatest absolute value, moved
    by an amount away from zero.
    """

    def change(trace: Trace) -> Mapping[str, np.ndarray]:
        w = trace.W.copy()
        sizes = np.abs(w[:within, :within])
        place = np.unravel_index(sizes.argmax(), sizes.shape)
        w[place] += amount * np.sign(w[place] or 1.0)
        return {trace.parameter_name("weight_hh"): w}

    return change

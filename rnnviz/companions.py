"""Recordings that a scene wants beside its trace: recipes, which are followed when they are needed.

A recipe takes the trace that a scene is played with, so that its companions are of the same
network, or of the same task.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from rnnviz.trace import Trace

Companion = Callable[[Trace], Any]
"""From the trace of a scene to what it is compared with."""


def rerun(
    parameters: Callable[[Trace], Mapping[str, np.ndarray]] | None = None,
    data: Callable[[Trace], Mapping[str, Any]] | None = None,
) -> Companion:
    """The network of the trace, run again with some parameters changed, or on other data.

    ``data`` gives arguments of ``rnnviz.rerecord``: x, targets, step_labels, target_labels.
    """

    def make(trace: Trace) -> Trace:
        from rnnviz.recording import rerecord  # loads torch

        changed = {} if parameters is None else parameters(trace)
        return rerecord(trace, changed, **({} if data is None else data(trace)))

    return make


def scaled_recurrence(factor: float) -> Companion:
    """The same network with W multiplied by a factor."""

    def change(trace: Trace) -> Mapping[str, np.ndarray]:
        return {trace.parameter_name("weight_hh"): factor * trace.W}

    return rerun(change)


def nudged_recurrence(amount: float, *, within: int) -> Companion:
    """The same network with the greatest entry, in absolute value, of W's first ``within`` rows
    and columns moved by an amount away from zero.
    """

    def change(trace: Trace) -> Mapping[str, np.ndarray]:
        w = trace.W.copy()
        sizes = np.abs(w[:within, :within])
        place = np.unravel_index(sizes.argmax(), sizes.shape)
        w[place] += amount * np.sign(w[place] or 1.0)
        return {trace.parameter_name("weight_hh"): w}

    return rerun(change)

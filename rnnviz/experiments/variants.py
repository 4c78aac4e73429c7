"""Variants: the network of a trace, run again with other weights or on other data."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from rnnviz.trace import NO_TARGET, Trace

Experiment = Callable[[Trace], Any]
"""A function from a scene's trace to what the scene compares it with."""


def variant(
    parameters: Callable[[Trace], Mapping[str, np.ndarray]] | None = None,
    data: Callable[[Trace], Mapping[str, Any]] | None = None,
) -> Experiment:
    """Return an experiment that runs the network with changed parameters, or on other data.

    ``data`` gives arguments of ``rnnviz.rerun``: x, targets, step_labels, target_labels.
    """

    def experiment(trace: Trace) -> Trace:
        from rnnviz.recording import rerun  # loads torch

        changed = {} if parameters is None else parameters(trace)
        return rerun(trace, changed, **({} if data is None else data(trace)))

    return experiment


def scaled_recurrence(factor: float) -> Experiment:
    """The same network with W multiplied by a factor."""

    def change(trace: Trace) -> Mapping[str, np.ndarray]:
        return {trace.parameter_name("weight_hh"): factor * trace.W}

    return variant(change)


def nudged_recurrence(amount: float, *, within: int) -> Experiment:
    """The same network with one entry of W moved by an amount away from zero.

    It is the largest in absolute value of W's first ``within`` rows and columns.
    """

    def change(trace: Trace) -> Mapping[str, np.ndarray]:
        w = trace.W.copy()
        sizes = np.abs(w[:within, :within])
        place = np.unravel_index(sizes.argmax(), sizes.shape)
        w[place] += amount * np.sign(w[place] or 1.0)
        return {trace.parameter_name("weight_hh"): w}

    return variant(change)


def last_loss_alone(most: int) -> Experiment:
    """The same network on at most ``most`` steps up to the last loss, with that loss alone.

    It starts from the state zero, so that its gradients are autograd's for this one loss.
    """

    def change(trace: Trace) -> Mapping[str, Any]:
        last = int(np.flatnonzero(trace.has_loss[:, 0])[-1]) + 1
        steps = slice(max(0, last - most), last)
        x, targets = trace.x[steps, :1], trace.targets[steps, :1].copy()
        targets[:-1] = np.nan if targets.dtype.kind == "f" else NO_TARGET
        labels = trace.metadata.step_labels
        return {
            "x": x,
            "targets": targets,
            "step_labels": (labels[0][steps],) if labels else (),
        }

    return variant(data=change)

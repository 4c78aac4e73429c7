"""Variants: the network of a trace, run again with other weights or on other data."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
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


def in_turn(first: Experiment, then: Experiment) -> Experiment:
    """Return an experiment on the result of another one, which must be a trace."""
    return lambda trace: then(first(trace))


def scaled_recurrence(factor: float) -> Experiment:
    """The same network with W multiplied by a factor, in all layers and directions."""

    def change(trace: Trace) -> Mapping[str, np.ndarray]:
        names = [
            trace.parameter_name("weight_hh", layer, direction)
            for layer in range(trace.layers)
            for direction in range(trace.directions)
        ]
        return {name: factor * trace.parameters[name] for name in names}

    return variant(change)


def nudged_recurrence(
    amount: float, within: Callable[[Trace], tuple[np.ndarray, np.ndarray]]
) -> Experiment:
    """The last layer, run alone with one entry of its W moved by an amount away from zero.

    It is the largest in absolute value of some rows and columns, which ``within`` returns for the
    recording of the layer.
    """

    def experiment(trace: Trace) -> Trace:
        from rnnviz import measure  # which a recording does not need
        from rnnviz.recording import rerun_layer  # loads torch

        layer = measure.one_layer(trace)
        w = layer.W.copy()
        rows, columns = within(layer)
        sizes = np.abs(w[rows[:, None], columns])
        row, column = np.unravel_index(sizes.argmax(), sizes.shape)
        place = rows[row], columns[column]
        w[place] += amount * np.sign(w[place] or 1.0)
        return rerun_layer(layer, {"weight_hh": w})

    return experiment


def without_gradients(trace: Trace) -> Trace:
    """Return the trace without gradients, so that a variant of it has none either."""
    names = [each.name for each in fields(Trace) if each.name.startswith("grad")]
    nothing: dict[str, Any] = dict.fromkeys(["loss_times", *names])
    return replace(trace, **nothing)


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

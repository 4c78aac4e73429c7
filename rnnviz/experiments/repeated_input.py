"""One input given twice in a row, which a network without memory answers alike."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from rnnviz.experiments.variants import Experiment, variant
from rnnviz.trace import Trace

_MOST_TRIED: Final = 100


def given_twice(*, feedback: bool) -> Experiment:
    """Run the network on one of its inputs twice, from a zero state, with its W or with W = 0.

    The input is that of ``step_to_repeat``.
    """

    def data(trace: Trace) -> Mapping[str, Any]:
        step = step_to_repeat(trace)
        labels = trace.metadata.step_labels
        return {
            "x": np.repeat(trace.x[step : step + 1, :1], 2, axis=0),
            "targets": np.repeat(trace.targets[step : step + 1, :1], 2, axis=0),
            "step_labels": ((labels[0][step],) * 2,) if labels else (),
        }

    def without(trace: Trace) -> Mapping[str, np.ndarray]:
        return {trace.parameter_name("weight_hh"): np.zeros_like(trace.W)}

    return variant(None if feedback else without, data)


def step_to_repeat(trace: Trace) -> int:
    """Return the step, from 0, whose input, given twice, changes the answer most.

    It is one of the first 100 steps of the first sequence of a tanh RNN.
    """
    x = trace.x[:_MOST_TRIED, 0]
    first = np.tanh(x @ trace.U.T + trace.b)
    second = np.tanh(x @ trace.U.T + first @ trace.W.T + trace.b)
    change = np.abs(_answers(trace, second) - _answers(trace, first)).max(axis=-1)
    return int(change.argmax())


def _answers(trace: Trace, states: np.ndarray) -> np.ndarray:
    """y (steps, output) of states (steps, hidden)."""
    outputs = states @ trace.V.T + trace.output_bias
    if trace.metadata.loss == "squared":
        return outputs
    powers = np.exp(outputs - outputs.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)

"""The chain rule for one loss of a plain RNN, factor by factor."""

from dataclasses import dataclass

import numpy as np

from rnnviz.errors import TraceError
from rnnviz.measure.outputs import cross_entropy_gradient, squared_on_softmax_gradient
from rnnviz.system.short_repr import ShortRepr
from rnnviz.trace import Trace


@dataclass(frozen=True, eq=False, repr=False)
class ChainRule(ShortRepr):
    """The factors of ∂L_t/∂V, ∂L_t/∂U and ∂L_t/∂W of one sequence, for the steps up to t.

    Shapes: V, the output weights of the states, and of_v (output, hidden); at_output (output,);
            slopes 1 − h², at_states ∂L_t/∂h_k and at_sums ∂L_t/∂a_k (time, hidden); terms_u (time,
            hidden, input) and terms_w (time, hidden, hidden), one term a step
    Units:  loss per unit of what the derivative is taken with respect to
    """

    V: np.ndarray
    at_output: np.ndarray
    slopes: np.ndarray
    at_states: np.ndarray
    at_sums: np.ndarray
    of_v: np.ndarray
    terms_u: np.ndarray
    terms_w: np.ndarray


def chain_rule(
    trace: Trace, loss: int, *, sequence: int = 0, V: np.ndarray | None = None
) -> ChainRule:
    """Multiply the recorded factors of one loss, from the output back to the first step.

    ``loss`` is its step, from 0. It uses the recorded forward pass, and no recorded gradient. ``V``
    is given where the output layer reads other states, too: ``output_weights`` of the network.

    Raises: TraceError if the trace is not of a tanh RNN of one layer and direction with an output
            at each step, or has no target there
    Source: Pascanu et al. 2013, eqs. 3 to 5, with ∂⁺ the derivative with h_{k−1} held fixed
    """
    if not trace.cell.is_textbook or trace.layers > 1 or trace.directions > 1 or trace.y is None:
        raise TraceError(
            "the chain rule is for a tanh RNN of one layer and direction with outputs; record one"
        )
    h = np.asarray(trace.h[0, 0, : loss + 1, sequence], dtype=float)
    before = np.asarray(trace.states_before()[: loss + 1, sequence], dtype=float)
    at_output = _at_output(trace, loss, sequence)
    slopes = (1 - h) * (1 + h)
    at_states = np.zeros_like(h)
    V = trace.V if V is None else V
    at_states[loss] = V.T @ at_output
    for k in range(loss - 1, -1, -1):
        at_states[k] = trace.W.T @ (slopes[k + 1] * at_states[k + 1])
    at_sums = slopes * at_states
    return ChainRule(
        V,
        at_output,
        slopes,
        at_states,
        at_sums,
        np.outer(at_output, h[loss]),
        at_sums[:, :, None] * trace.x[: loss + 1, sequence][:, None, :],
        at_sums[:, :, None] * before[:, None, :],
    )


def _at_output(trace: Trace, loss: int, sequence: int) -> np.ndarray:
    assert trace.y is not None
    y, target = np.asarray(trace.y[loss, sequence], dtype=float), trace.targets[loss, sequence]
    if not trace.has_loss[loss, sequence]:
        raise TraceError(f"step {loss}, from 0, has no target; choose one of {trace.loss_steps}")
    if trace.metadata.loss == "squared":
        return np.where(np.isnan(target), 0.0, y - target)
    gradient = {
        "cross-entropy": cross_entropy_gradient,
        "squared-on-softmax": squared_on_softmax_gradient,
    }[trace.metadata.loss]
    return gradient(y, int(target))

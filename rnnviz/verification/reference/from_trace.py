"""The reference of a trace: the recorded network with its data."""

from dataclasses import replace

import numpy as np

from rnnviz.trace import Trace
from rnnviz.verification.reference.cells import LAYERS, Affine, wide
from rnnviz.verification.reference.network import EACH_STEP, ENDS, LAST_STEP, Head, Reference


def reference_of(trace: Trace) -> Reference:
    """Return the network that a trace recorded, with its data.

    It has no head where what follows the recurrent layer is not one Linear of its states.
    """
    kind = trace.metadata.nonlinearity if trace.metadata.cell == "rnn" else trace.metadata.cell
    layers = tuple(
        tuple(
            LAYERS[kind](
                _affine(trace, "weight_ih", "bias_ih", layer, direction),
                _affine(trace, "weight_hh", "bias_hh", layer, direction),
                _affine(trace, "weight_hr", "", layer, direction)
                if trace.weight("weight_hr", layer, direction) is not None
                else None,
            )
            for direction in range(trace.directions)
        )
        for layer in range(trace.layers)
    )
    network = Reference(
        layers,
        wide(trace.x),
        trace.targets,
        wide(trace.h0),
        wide(trace.c0),
        trace.lengths,
        wide(trace.dropout),
        None,
        trace.metadata.loss,
    )
    return replace(network, head=_head(trace, network))


def _head(trace: Trace, network: Reference) -> Head | None:
    """Return the Linear that a trace names, if it is one of the top layer's states.

    It is the identity where the outputs are those states themselves. An output for the whole
    sequence may read the last step, or the end of each direction; the steps where ``grad_direct``
    is not zero decide, then the distance from the recorded output. If half of ``grad_direct`` is
    at other steps, or losses have immediate gradients at other steps than their own, it is another
    head, whose outputs are the same by chance.
    """
    if trace.output is None or trace.grad_direct_by_loss is not None:
        return None
    readings = (EACH_STEP,) if len(trace.output) == trace.steps else (ENDS, LAST_STEP)
    output, h = wide(trace.output), wide(trace.h)
    linear = _linear(trace)
    if linear is None:
        return None
    heads = [Head(linear, reads) for reads in readings]
    if trace.metadata.output_layer is None:
        # most of them, since a few wrong outputs are an error of this network
        read = [replace(network, head=head).outputs(h) for head in heads]
        if all(np.mean(each == output) < 0.5 for each in read):
            return None
    given = np.zeros_like(h) if trace.grad_direct is None else trace.grad_direct
    there = (given != 0).max(axis=-1)

    def elsewhere(head: Head) -> int:
        read = replace(network, head=head).read_by_head()
        return int(there.sum() - there[-1][read].sum())

    def distance(head: Head) -> float:
        return float(np.abs(replace(network, head=head).outputs(h) - output).sum())

    closest = heads[0]
    if len(heads) > 1:
        closest = min(heads, key=lambda head: (elsewhere(head), distance(head)))
    return None if 0 < there.sum() <= 2 * elsewhere(closest) else closest


def _linear(trace: Trace) -> Affine | None:
    """Return the output layer, or the identity without one, if it fits the top layer's states."""
    assert trace.output is not None
    columns, rows = trace.directions * trace.hidden_size, trace.output.shape[-1]
    if trace.metadata.output_layer is None:
        return Affine(np.eye(columns), np.zeros(columns)) if rows == columns else None
    weight = trace.parameters.get(trace.metadata.output_parameter("weight"))
    if weight is None or weight.shape != (rows, columns):
        return None
    bias = trace.parameters.get(trace.metadata.output_parameter("bias"), np.zeros(rows))
    return Affine(weight.astype(np.float64), bias.astype(np.float64))


def _affine(trace: Trace, weight: str, bias: str, layer: int, direction: int) -> Affine:
    held = trace.weight(weight, layer, direction)
    assert held is not None
    added = trace.weight(bias, layer, direction) if bias else None
    return Affine(held.astype(np.float64), np.zeros(len(held)) if added is None else wide(added))

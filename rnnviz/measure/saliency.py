"""Derivatives of outputs by inputs, through all layers, directions and steps."""

from collections.abc import Sequence

import numpy as np

from rnnviz.cells.custom import refuse_equations
from rnnviz.errors import TraceError
from rnnviz.measure.recorded import check_step, left_out, norms
from rnnviz.measure.weights import Gates
from rnnviz.trace import Trace


def output_by_input(
    trace: Trace, step: int, outputs: int | Sequence[int] | None = None
) -> np.ndarray:
    """Return ∂o_t[j]/∂x_k of one step t, for outputs j and every step k.

    o is the Linear's output, before a softmax; dropout between layers has the recorded factors. A
    single output for the whole sequence is at its last step. Exactly 0 where x_k cannot reach o_t,
    NaN where a sequence does not have step k, or step t.

    Shapes: → (output, time, batch, input), one row for each of ``outputs``, all by default
    Units:  output per unit of input
    Raises: TraceError if the layer is not followed by one Linear, for a custom cell, or for an
            unknown step or output
    Source: Simonyan, Vedaldi & Zisserman 2014, "Deep inside convolutional networks", for images
    """
    if trace.is_custom:
        refuse_equations()
    chosen = _chosen(trace, outputs)
    sensitive = _at_states_read(trace, step, trace.V.astype(np.float64)[chosen])
    for layer in range(trace.layers - 1, -1, -1):
        below: np.ndarray = sum(  # type: ignore[assignment]
            _through_layer(trace, layer, direction, sensitive[direction])
            for direction in range(trace.directions)
        )
        if layer == 0:
            break
        if trace.dropout is not None:
            below = below * trace.dropout[layer - 1]
        sensitive = np.split(below, trace.directions, axis=-1)
    if not _whole(trace):
        below[:, :, ~trace.mask[step]] = np.nan
    return np.moveaxis(left_out(trace, np.moveaxis(below, 0, -1)), -1, 0)


def output_saliency(trace: Trace, step: int, output: int) -> np.ndarray:
    """Return ‖∂o_t[j]/∂x_k‖₂ of one output j at one step t, for every step k.

    Shapes: → (time, batch)
    Units:  output per unit of input
    Raises: TraceError if the layer is not followed by one Linear, or for an unknown step or output
    Source: as output_by_input
    """
    return norms(output_by_input(trace, step, output)[0])


def _chosen(trace: Trace, outputs: int | Sequence[int] | None) -> list[int]:
    if outputs is None:
        return list(range(trace.output_size))
    chosen = [outputs] if isinstance(outputs, int) else list(outputs)
    for one in chosen:
        if not 0 <= one < trace.output_size:
            raise TraceError(
                f"there is no output {one}; the trace has {trace.output_size}, counted from 0"
            )
    return chosen


def _whole(trace: Trace) -> bool:
    """Whether there is one output for the whole sequence."""
    return trace.output is not None and len(trace.output) == 1


def _at_states_read(trace: Trace, step: int, rows: np.ndarray) -> list[np.ndarray]:
    """The rows of V at the states of the top layer that o_t reads.

    Shapes: → by direction, (output, time, batch, hidden)
    """
    check_step(trace, step)
    places = [np.full(trace.batch, step)] * trace.directions
    if _whole(trace):
        if step != trace.steps - 1:
            raise TraceError(
                f"the trace has one output for the whole sequence, at step {trace.steps - 1}, "
                f"and none at step {step}"
            )
        places = _places_of_the_only_output(trace)
    placed = []
    for place, part in zip(places, np.split(rows, trace.directions, axis=-1), strict=True):
        direct = np.zeros((len(rows), trace.steps, trace.batch, trace.hidden_size))
        direct[:, place, np.arange(trace.batch)] = part[:, None]
        placed.append(direct)
    return placed


def _places_of_the_only_output(trace: Trace) -> list[np.ndarray]:
    """The step whose state the only output reads, of each direction.

    It is the end of each direction, or the last step of both, whichever gives the recorded output.
    """
    assert trace.output is not None
    last, first = trace.mask.sum(axis=0) - 1, np.zeros(trace.batch, dtype=int)
    size = max(1.0, float(np.abs(trace.output).max()))
    tolerance = np.sqrt(np.finfo(trace.output.dtype).eps) * size
    for places in ([last, first], [last, last]):
        taken = zip(trace.h[-1], places, strict=False)
        read = np.concatenate([h[place, np.arange(trace.batch)] for h, place in taken], axis=-1)
        output = read @ trace.V.T + trace.output_bias
        if np.abs(output - trace.output[0]).max() <= tolerance:
            return places[: trace.directions]
    raise TraceError(
        "the only output differs from that of the output layer at the last states; record the "
        "network again"
    )


def _through_layer(trace: Trace, layer: int, direction: int, direct: np.ndarray) -> np.ndarray:
    """From derivatives by a layer's states to its input's: (output, time, batch, features)."""
    gates = Gates.of(trace, layer, direction, before="state")
    assert trace.gates is not None
    weight = trace.parameters[trace.parameter_name("weight_hh", layer, direction)]
    straight = None if gates.has_cell_state else trace.cell.kept(trace.gates[layer, direction])
    total = np.empty_like(direct)
    at_state = np.zeros_like(direct[:, 0])
    at_cell = np.zeros((len(direct), trace.batch, trace.cell_size))
    for step in range(trace.steps) if direction == 1 else range(trace.steps - 1, -1, -1):
        at_state = at_state + direct[:, step]
        total[:, step] = at_state
        at_gates, at_cell = gates.step_back(step, at_state, at_cell)
        kept = 0.0 if straight is None else at_state * straight[step]
        at_state = at_gates @ weight + kept
    weight = trace.parameters[trace.parameter_name("weight_ih", layer, direction)]
    return Gates.of(trace, layer, direction, before="input").gradients(total, None) @ weight

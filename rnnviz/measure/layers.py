"""One layer of a recording, as a recording of its own: what a chain of states is drawn from."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np

from rnnviz.measure.recorded import check_place
from rnnviz.measure.weights import KINDS, input_gradients
from rnnviz.trace import Trace, hash_arrays
from rnnviz.trace.metadata import Metadata

LAST: Final = -1


def one_layer(trace: Trace, layer: int = LAST) -> Trace:
    """Return the recording of one layer in the forward direction, with a whole sequence first.

    The layer is the only one of the result: ``x`` is what it reads, which is the states below for a
    higher layer, and ``W`` is its own. ``grad_x_by_loss`` is then by the paths through this layer.
    Outputs and losses are those of the whole network, and so are other parameters. If what it reads
    is the layer's states alone, the output layer is named as before. Sequences come in an order in
    which the first has all steps, and padding that all of them share is left out.

    Shapes: as in a trace of 1 layer and 1 direction
    Raises: TraceError if there is no such layer
    Example: >>> one_layer(trace).W.shape
    """
    check_place(trace, layer if layer >= 0 else trace.layers + layer, 0)
    if trace.layers == trace.directions == 1 and trace.lengths is None:
        return trace
    place = range(trace.layers)[layer]
    order = np.argsort(-trace.mask.sum(axis=0), kind="stable")
    steps = int(trace.mask.any(axis=1).sum())
    chosen: dict[str, Any] = {
        "layer": slice(place, place + 1),
        "direction": slice(0, 1),
        "time": slice(steps),
        "batch": order,
    }
    if trace.loss.shape[1] > 1:
        chosen["loss_batch"] = order
    if trace.output is not None and len(trace.output) > 1:
        chosen["output_time"] = slice(steps)
    if trace.loss_times is not None:
        chosen["loss_time"] = np.flatnonzero(trace.loss_times < steps)
    found = {
        name: _taken(getattr(trace, name), dims, chosen)
        for name, dims in trace.present()
        if name not in ("targets", "dropout", "x", "grad_x_by_loss")
    }
    of_time = slice(steps) if len(trace.targets) > 1 else slice(None)
    reads = ("time", "batch", "input")
    made = replace(
        trace,
        **found,
        dropout=None,
        targets=trace.targets[of_time][:, order],
        x=_taken(trace.layer_input(place), reads, chosen),
        grad_x_by_loss=_taken(_at_inputs(trace, place), ("loss_time", *reads), chosen),
        parameters=_renamed(trace, trace.parameters, place),
        gradients=None if trace.gradients is None else _renamed(trace, trace.gradients, place),
        named_gates=None
        if trace.named_gates is None
        else {gate: values[:steps, order] for gate, values in trace.named_gates.items()},
        metadata=_metadata(trace, place, order, steps),
    )
    metadata = replace(
        made.metadata,
        parameters_hash=hash_arrays(made.parameters),
        inputs_hash=hash_arrays(made.given),
    )
    return replace(made, metadata=metadata)


def output_weights(trace: Trace) -> np.ndarray:
    """Return V for the states of the last layer in the forward direction.

    Of two directions these are the first half of the columns of V.

    Shapes: → (output, hidden)
    Raises: TraceError if there is no Linear output
    """
    return trace.V[:, : trace.hidden_size]


def _taken(values: np.ndarray | None, dims: tuple[str, ...], chosen: Mapping[str, Any]) -> Any:
    if values is None:
        return None
    for axis, dim in enumerate(dims):
        if dim in chosen:
            values = values[(slice(None),) * axis + (chosen[dim],)]
    return values


def _at_inputs(trace: Trace, layer: int) -> np.ndarray | None:
    """∂L_t/∂(what the layer reads), by paths through its forward direction."""
    if trace.grad_x_by_loss is None:
        return None
    if layer == 0 and trace.directions == 1:
        return trace.grad_x_by_loss
    return input_gradients(trace, layer=layer)


def _renamed(trace: Trace, arrays: Mapping[str, np.ndarray], layer: int) -> dict[str, np.ndarray]:
    """The parameters, with those of the layer under the names of a first layer."""
    if trace.is_custom:
        return dict(arrays)
    of_layers = {
        trace.parameter_name(kind, each, direction)
        for kind in KINDS
        for each in range(trace.layers)
        for direction in range(trace.directions)
    }
    kept = {name: values for name, values in arrays.items() if name not in of_layers}
    own = {
        trace.parameter_name(kind): arrays[trace.parameter_name(kind, layer)]
        for kind in KINDS
        if trace.parameter_name(kind, layer) in arrays
    }
    return {**own, **kept}


def _metadata(trace: Trace, layer: int, order: np.ndarray, steps: int) -> Metadata:
    about = trace.metadata
    is_last = layer == trace.layers - 1 and trace.directions == 1

    def reordered(labels: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
        return tuple(labels[each][:steps] for each in order) if labels else ()

    return replace(
        about,
        step_labels=reordered(about.step_labels),
        target_labels=reordered(about.target_labels),
        output_layer=about.output_layer if is_last else None,
        input_labels=about.input_labels if layer == 0 else (),
    )

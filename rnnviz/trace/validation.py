"""Checks that the fields of a trace fit each other, and that every number is finite."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from rnnviz.errors import CellError, TraceError
from rnnviz.trace.losses import CLASSES, NO_TARGET, VALUES

if TYPE_CHECKING:
    from rnnviz.trace.trace import Trace

_WIDE: Final = {"float16": "float32", "bfloat16": "float32"}
_GRADIENTS: Final = (
    "loss_times",
    "grad_direct",
    "grad_h",
    "grad_h_by_loss",
    "grad_x_by_loss",
    "gradients",
)
"""The fields that are recorded together, or not at all."""


def check(trace: "Trace") -> None:
    """Raises TraceError for fields that do not fit each other, or a number that is not finite."""
    _check_dims(trace)
    _check_dtypes(trace)
    _check_targets(trace)
    _check_parameters(trace)
    _check_gradients_together(trace)
    _check_labels(trace)
    for name, array in trace.arrays().items():
        _check_finite(trace, name, array)


def _check_dims(trace: "Trace") -> None:
    sizes: dict[str, int] = {}
    for name, dims in trace.present():
        shape = getattr(trace, name).shape
        fits = dims == ("...",) or len(shape) == len(dims)
        for dim, size in zip(dims if dims != ("...",) else (), shape, strict=False):
            fits = fits and sizes.setdefault(dim, size) == size
        if name == "loss":
            fits = fits and shape[1] in (1, sizes["batch"])
        if not fits or 0 in shape:
            shapes = ", ".join(
                f"{name} {getattr(trace, name).shape}" for name, _ in trace.present()
            )
            raise TraceError(
                f"field {name!r} has shape {shape}, which does not fit its dims "
                f"({', '.join(dims)}); all shapes: {shapes}"
            )
    _check_cell(trace)
    if sizes.get("gap", trace.layers - 1) != trace.layers - 1:
        raise TraceError(
            f"field 'dropout' has {sizes['gap']} gaps, but there are {trace.layers} layers"
        )
    if sizes.get("output_time", trace.steps) not in (1, trace.steps):
        raise TraceError(
            f"field 'output' has {sizes['output_time']} steps; it must have {trace.steps}, or "
            "1 for the whole sequence"
        )


def _check_cell(trace: "Trace") -> None:
    try:
        cell = trace.cell
    except CellError as error:
        raise TraceError(f"metadata: {error}") from error
    if trace.is_custom:
        _check_custom(trace)
        return
    for name in ("h0", "preact", "gates"):
        if getattr(trace, name) is None:
            raise TraceError(
                f"not a complete trace: field {name!r} is missing, which cell {cell.name!r} has; "
                "record it again"
            )
    assert trace.preact is not None
    if trace.preact.shape[-2] != len(cell.gates):
        raise TraceError(
            f"field 'preact' has {trace.preact.shape[-2]} gates, but cell {cell.name!r} has "
            f"{len(cell.gates)}"
        )
    for name in ("c0", "c"):
        if (getattr(trace, name) is not None) != cell.has_cell_state:
            found = "a cell state" if cell.has_cell_state else "no cell state"
            raise TraceError(f"field {name!r} does not fit cell {cell.name!r}, which has {found}")
    if not cell.can_project and trace.hidden_size != trace.cell_size:
        raise TraceError(
            f"field 'h' has {trace.hidden_size} units and field 'gates' {trace.cell_size}, but in "
            f"cell {cell.name!r} they are equal"
        )


def _check_custom(trace: "Trace") -> None:
    """Check that the named states are those that h holds, one after another."""
    for name in ("c0", "c", "preact", "gates", "dropout"):
        if getattr(trace, name) is not None:
            raise TraceError(f"field {name!r} does not fit a custom cell, which has none")
    at = 0
    for state in trace.metadata.states:
        if state.first != at:
            raise TraceError(f"metadata: state {state.name!r} begins at {state.first}, not at {at}")
        at += state.size
    names = [state.name for state in trace.metadata.states]
    if at != trace.hidden_size or len(set(names)) < len(names):
        raise TraceError(
            f"metadata: the states {', '.join(names) or 'none'} have {at} entries, but field 'h' "
            f"has {trace.hidden_size}"
        )
    for name, values in (trace.named_gates or {}).items():
        if values.shape[:2] != (trace.steps, trace.batch):
            raise TraceError(
                f"gate {name!r} has shape {values.shape}, but must begin with {trace.steps} steps "
                f"and {trace.batch} sequences"
            )


def _check_dtypes(trace: "Trace") -> None:
    dtype = trace.metadata.dtype
    for name, array in trace.arrays().items():
        if name in ("lengths", "loss_times"):
            if array.dtype.kind not in "iu":
                raise TraceError(f"field {name!r} must hold integers, got dtype {array.dtype}")
        elif (
            name != "targets"
            and not _is_argument(name)
            and str(array.dtype) != _WIDE.get(dtype, dtype)
        ):
            raise TraceError(
                f"field {name!r} has dtype {array.dtype}, but the trace is {trace.metadata.dtype}"
            )
    for name, least, limit in (("lengths", 1, trace.steps + 1), ("loss_times", 0, trace.steps)):
        array = getattr(trace, name)
        if array is not None and not ((array >= least) & (array < limit)).all():
            raise TraceError(f"field {name!r} must be within {least} … {limit - 1}")


def _check_targets(trace: "Trace") -> None:
    loss = trace.metadata.loss
    if loss not in (*CLASSES, *VALUES):
        return
    if trace.output is None:
        raise TraceError(f"field 'output' is missing, which loss {loss!r} needs")
    values = loss in VALUES
    wanted = trace.output.shape if values else trace.output.shape[:2]
    if trace.targets.shape != wanted or (trace.targets.dtype.kind == "f") != values:
        raise TraceError(
            f"field 'targets' is {trace.targets.dtype} {trace.targets.shape}, but loss "
            f"{loss!r} has {'values' if values else 'classes'} {wanted}"
        )
    if not values:
        wrong = trace.targets[
            (trace.targets != NO_TARGET)
            & ((trace.targets < 0) | (trace.targets >= trace.output.shape[-1]))
        ]
        if wrong.size:
            raise TraceError(
                f"field 'targets' has class {wrong.flat[0]}, but there are "
                f"{trace.output.shape[-1]} outputs"
            )


def _check_parameters(trace: "Trace") -> None:
    for layer in range(0 if trace.is_custom else trace.layers):
        for direction in range(trace.directions):
            for kind in ("weight_ih", "weight_hh"):
                name = trace.parameter_name(kind, layer, direction)
                weight = trace.parameters.get(name)
                if weight is None:
                    raise TraceError(
                        f"parameter {name!r} is missing; "
                        f"there are {', '.join(trace.parameters) or 'none'}"
                    )
                assert trace.gates is not None
                features = trace.hidden_size if kind == "weight_hh" else _features(trace, layer)
                wanted = (trace.gates.shape[-2] * trace.cell_size, features)
                if weight.shape != wanted:
                    raise TraceError(f"parameter {name!r} must be {wanted}, got {weight.shape}")
            _check_shapes(trace, _optional_shapes(trace, layer, direction))
    if trace.metadata.output_layer is not None and trace.output is not None:
        about, outputs = trace.metadata, trace.output.shape[-1]
        unknown = {*about.output_reads} - {state.name for state in about.states}
        if unknown:
            raise TraceError(f"output_reads has {min(unknown)!r}, but there is no such state")
        columns = trace.directions * len(trace.read_entries)
        shapes = {"weight": (outputs, columns), "bias": (outputs,)}
        _check_shapes(
            trace, {about.output_parameter(kind): shape for kind, shape in shapes.items()}
        )
    if trace.gradients is not None and set(trace.gradients) != set(trace.parameters):
        apart = sorted(set(trace.gradients) ^ set(trace.parameters))
        raise TraceError(f"gradients and parameters differ in {', '.join(apart)}")
    for name, gradient in (trace.gradients or {}).items():
        if gradient.shape != trace.parameters[name].shape:
            raise TraceError(
                f"the gradient of parameter {name!r} must be {trace.parameters[name].shape} as the "
                f"parameter, got {gradient.shape}"
            )


def _is_argument(name: str) -> bool:
    """Whether an array is what the model was called with, which may be any numbers."""
    return name.startswith("arguments/")


def _check_shapes(trace: "Trace", wanted: Mapping[str, tuple[int, ...]]) -> None:
    """Raises TraceError for parameters of another shape, if they are there."""
    for name, shape in wanted.items():
        held = trace.parameters.get(name)
        if held is not None and held.shape != shape:
            raise TraceError(f"parameter {name!r} must be {shape}, got {held.shape}")


def _optional_shapes(trace: "Trace", layer: int, direction: int) -> Mapping[str, tuple[int, ...]]:
    """The shapes of the parameters that a layer may lack."""
    assert trace.gates is not None
    rows = trace.gates.shape[-2] * trace.cell_size
    shapes = {
        "bias_ih": (rows,),
        "bias_hh": (rows,),
        "weight_hr": (trace.hidden_size, trace.cell_size),
    }
    return {trace.parameter_name(kind, layer, direction): shape for kind, shape in shapes.items()}


def _features(trace: "Trace", layer: int) -> int:
    return trace.input_size if layer == 0 else trace.directions * trace.hidden_size


def _check_gradients_together(trace: "Trace") -> None:
    missing = [name for name in _GRADIENTS if getattr(trace, name) is None]
    if missing and len(missing) < len(_GRADIENTS):
        raise TraceError(
            f"field {missing[0]!r} is missing, but other gradients are there; record it again"
        )


def _check_labels(trace: "Trace") -> None:
    expected = [trace.steps] * trace.batch
    for name in ("step_labels", "target_labels"):
        counts = [len(row) for row in getattr(trace.metadata, name)]
        if counts and counts != expected:
            raise TraceError(
                f"{name} must have {trace.steps} labels for each of {trace.batch} sequences, got "
                f"{counts}"
            )
    sizes = {"input_labels": trace.input_size}
    if trace.y is not None:
        sizes["output_labels"] = trace.output_size
    for name, size in sizes.items():
        labels = getattr(trace.metadata, name)
        if labels and len(labels) != size:
            raise TraceError(f"{name} must have {size} labels, got {len(labels)}")


def _check_finite(trace: "Trace", name: str, array: np.ndarray) -> None:
    if _is_argument(name):  # a mask of attention holds −∞
        return
    with np.errstate(over="ignore", invalid="ignore"):
        if array.dtype.kind != "f" or np.isfinite(np.einsum("i->", array.ravel())):
            return
    wrong = ~np.isfinite(array)
    if name == "targets" and trace.metadata.loss in VALUES:
        wrong &= ~np.isnan(array)
    if not wrong.any():
        return
    where = tuple(int(at) for at in np.argwhere(wrong)[0])
    dims = dict(trace.present()).get(name, ())
    place = f"at step {where[dims.index('time')] + 1}" if "time" in dims else f"at {where}"
    raise TraceError(
        f"field {name!r} is not finite ({array[where]}) {place}; record it again, with a smaller "
        "learning rate if training diverged"
    )

"""The recording of one network over one batch of sequences."""

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from rnnviz import cells
from rnnviz.cells.steps import Steps
from rnnviz.errors import CellError, TraceError
from rnnviz.trace import storage
from rnnviz.trace.metadata import Metadata, read_metadata, to_json
from rnnviz.trace.summary import Summary

NO_TARGET: Final = -100
CLASSES: Final = ("cross-entropy", "squared-on-softmax")
VALUES: Final = ("squared",)
_WIDE: Final = {"float16": "float32", "bfloat16": "float32"}


def hash_arrays(arrays: Mapping[str, np.ndarray]) -> str:
    """A SHA-256 over the names, shapes, dtypes and bytes of arrays, in the order of names."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _dims(*names: str) -> Any:
    return field(metadata={"dims": names}, kw_only=True)


def _optional(*names: str) -> Any:
    return field(default=None, metadata={"dims": names}, kw_only=True)


_START = ("layer", "direction", "batch")
_STATE = ("layer", "direction", "time", "batch")


@dataclass(frozen=True, eq=False, repr=False)
class Trace:
    """Everything that one network did over one batch, and every gradient.

    The dims of each field are declared with it and checked together when a trace is made; the
    arrays are read-only. What a network does not have is None: ``c0`` and ``c`` of a cell without
    a cell state, ``lengths`` where all sequences have all steps, ``dropout`` where nothing is
    dropped between layers, ``output`` and ``y`` where what follows the layer has no place in its
    time, and all fields of gradients when none were recorded. What is recorded of a step that a
    sequence does not have is 0.

    ``output`` has an entry for each step, or a single one for the whole sequence, which stands at
    the last step. ``dropout`` (gap, time, batch, feature) holds the factors by which what one
    layer gives is multiplied on its way into the next. ``loss_times`` are the steps, from 0,
    whose losses have a row in the fields ``…_by_loss``. The direct parts by loss are there where
    a loss has one at other steps than its own; otherwise ``grad_direct`` says it all.

    Units:  gradients are of the loss in ``metadata.loss`` (nats for cross-entropy), summed as
            ``metadata.reduction`` says, per unit of what they are taken with respect to
    Raises: TraceError if dims do not fit, or a number is not finite
    """

    x: np.ndarray = _dims("time", "batch", "input")
    targets: np.ndarray = _dims("...")
    lengths: np.ndarray | None = _optional("batch")
    h0: np.ndarray = _dims(*_START, "hidden")
    h: np.ndarray = _dims(*_STATE, "hidden")
    c0: np.ndarray | None = _optional(*_START, "cell")
    c: np.ndarray | None = _optional(*_STATE, "cell")
    preact: np.ndarray = _dims(*_STATE, "gate", "cell")
    gates: np.ndarray = _dims(*_STATE, "gate", "cell")
    dropout: np.ndarray | None = _optional("gap", "time", "batch", "feature")
    output: np.ndarray | None = _optional("output_time", "batch", "output")
    y: np.ndarray | None = _optional("output_time", "batch", "output")
    loss: np.ndarray = _dims("time", "loss_batch")
    loss_times: np.ndarray | None = _optional("loss_time")
    grad_direct: np.ndarray | None = _optional(*_STATE, "hidden")
    grad_direct_c: np.ndarray | None = _optional(*_STATE, "cell")
    grad_direct_by_loss: np.ndarray | None = _optional("loss_time", *_STATE, "hidden")
    grad_direct_c_by_loss: np.ndarray | None = _optional("loss_time", *_STATE, "cell")
    grad_h: np.ndarray | None = _optional(*_STATE, "hidden")
    grad_h_by_loss: np.ndarray | None = _optional("loss_time", *_STATE, "hidden")
    grad_x_by_loss: np.ndarray | None = _optional("loss_time", "time", "batch", "input")
    parameters: Mapping[str, np.ndarray] = field(kw_only=True)
    gradients: Mapping[str, np.ndarray] | None = field(default=None, kw_only=True)
    metadata: Metadata = field(kw_only=True)

    def __post_init__(self) -> None:
        for name, _ in self._present():
            object.__setattr__(self, name, _frozen(name, getattr(self, name)))
        for name in ("parameters", "gradients"):
            arrays = getattr(self, name)
            if arrays is not None:
                kept = {key: _frozen(f"{name}/{key}", value) for key, value in arrays.items()}
                object.__setattr__(self, name, MappingProxyType(kept))
        _check(self)

    def __reduce__(self) -> Any:
        values = {item.name: getattr(self, item.name) for item in dataclasses.fields(self)}
        for group in ("parameters", "gradients"):
            values[group] = None if values[group] is None else dict(values[group])
        return _restored, (values,)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Trace":
        """A trace never changes, so a copy of what holds it may share it."""
        return self

    @cached_property
    def cell(self) -> cells.Cell:
        """The recurrent cell: its names, equations and derivatives."""
        return cells.cell(self.metadata.cell, self.metadata.nonlinearity)

    @property
    def steps(self) -> int:
        """T, the number of time steps."""
        return int(self.x.shape[0])

    @property
    def batch(self) -> int:
        """B, the number of sequences."""
        return int(self.x.shape[1])

    @property
    def input_size(self) -> int:
        """The number of entries of x_t."""
        return int(self.x.shape[2])

    @property
    def layers(self) -> int:
        """The number of stacked recurrent layers."""
        return int(self.h.shape[0])

    @property
    def directions(self) -> int:
        """1, or 2 for a bidirectional network."""
        return int(self.h.shape[1])

    @property
    def hidden_size(self) -> int:
        """The number of entries of h_t."""
        return int(self.h.shape[-1])

    @property
    def cell_size(self) -> int:
        """H, the number of units: that of h_t, unless h_t is a projection of them."""
        return int(self.gates.shape[-1])

    @property
    def output_size(self) -> int:
        """The number of entries of y_t. Raises TraceError if there is no output."""
        if self.y is None:
            raise TraceError(
                "the trace has no outputs: what the model gives has no place in the layer's time; "
                "pick an output with one entry a step, with output="
            )
        return int(self.y.shape[-1])

    @property
    def has_gradients(self) -> bool:
        """Whether gradients were recorded."""
        return self.gradients is not None

    @cached_property
    def mask(self) -> np.ndarray:
        """Which steps each sequence has: (time, batch) of bool."""
        times = np.arange(self.steps)[:, None]
        lengths = np.full(self.batch, self.steps) if self.lengths is None else self.lengths
        return np.asarray(times < lengths)

    @property
    def has_loss(self) -> np.ndarray:
        """Where there is a target, or a loss if the targets do not tell: (time, batch) of bool."""
        if self.metadata.loss in CLASSES:
            there = self.targets != NO_TARGET
        elif self.metadata.loss in VALUES:
            there = ~np.isnan(self.targets).all(axis=-1)
        else:
            there = self.loss != 0
        if len(there) == self.steps:
            return np.asarray(there & self.mask)
        before = np.zeros((self.steps - 1, self.batch), bool)
        return np.concatenate([before, there])

    @property
    def loss_steps(self) -> tuple[int, ...]:
        """The times (0-based) at which some sequence has a target."""
        return tuple(int(t) for t in np.flatnonzero(self.has_loss.any(axis=1)))

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of all of the trace's content."""
        content = hash_arrays(self.arrays())
        return hashlib.sha256((to_json(self.metadata) + content).encode()).hexdigest()

    @property
    def identity(self) -> str:
        """The first six digits of the digest, which stand for the trace on screen."""
        return self.digest[:6]

    @property
    def U(self) -> np.ndarray:
        """The input weights (gate · cell, input) of the first layer."""
        return self._needed("weight_ih")

    @property
    def W(self) -> np.ndarray:
        """The recurrent weights (gate · cell, hidden) of the first layer."""
        return self._needed("weight_hh")

    @property
    def b(self) -> np.ndarray:
        """The bias (gate · cell) of the first layer: PyTorch's two biases, added."""
        held = [self.weight(kind) for kind in ("bias_ih", "bias_hh")]
        given = [bias for bias in held if bias is not None]
        return np.asarray(sum(given)) if given else np.zeros(len(self.W), self.h.dtype)

    @property
    def V(self) -> np.ndarray:
        """The output weights (output, hidden). Raises TraceError if there is no Linear output."""
        name = self._output_parameter("weight")
        if name not in self.parameters:
            raise TraceError(
                f"the trace has no parameter {name!r}; record a network whose output layer has it"
            )
        return self.parameters[name]

    @property
    def output_bias(self) -> np.ndarray:
        """c, the output bias (output), zero if the layer has none."""
        name = self._output_parameter("bias")
        return self.parameters.get(name, np.zeros(self.output_size, self.h.dtype))

    @cached_property
    def jacobian(self) -> np.ndarray:
        """∂h_k/∂h_prev within a layer; prev is the step before in the layer's direction.

        That is k − 1, or k + 1 where the layer runs in reverse, and h_0 at its first step. Of an
        LSTM, c_prev is held fixed. It follows from the recorded gates and weights, and is worked
        out when it is first asked for.

        Shapes: → (layer, direction, time, batch, hidden, hidden)
        """
        made = np.array(
            [
                [
                    Steps.of(self, layer, direction).hidden_jacobian()
                    for direction in range(self.directions)
                ]
                for layer in range(self.layers)
            ]
        )
        made.flags.writeable = False
        return made

    def weight(self, kind: str, layer: int = 0, direction: int = 0) -> np.ndarray | None:
        """A recurrent parameter, or None if the layer has none of that kind.

        Kinds are PyTorch's: weight_ih, weight_hh, bias_ih, bias_hh, weight_hr.
        """
        return self.parameters.get(self.parameter_name(kind, layer, direction))

    def parameter_name(self, kind: str, layer: int = 0, direction: int = 0) -> str:
        """PyTorch's name of a recurrent parameter: ``weight_hh`` → ``rnn.weight_hh_l0``."""
        prefix = f"{self.metadata.layer}." if self.metadata.layer else ""
        if self.metadata.module.endswith("Cell"):
            return f"{prefix}{kind}"
        return f"{prefix}{kind}_l{layer}{cells.SUFFIXES[direction]}"

    def states_before(self, layer: int = 0, direction: int = 0) -> np.ndarray:
        """h_prev of every step, in the layer's direction: (time, batch, hidden)."""
        return self._before(self.h[layer, direction], self.h0[layer, direction], direction)

    def cells_before(self, layer: int = 0, direction: int = 0) -> np.ndarray:
        """c_prev of every step, in the layer's direction: (time, batch, cell).

        Raises: TraceError if the cell has no cell state
        """
        if self.c is None or self.c0 is None:
            raise TraceError(f"{self.cell.with_article} has no cell state; record an LSTM")
        return self._before(self.c[layer, direction], self.c0[layer, direction], direction)

    def layer_input(self, layer: int) -> np.ndarray:
        """What entered a layer: x, or the states below it with dropout: (time, batch, features)."""
        if layer == 0:
            return self.x
        below = np.concatenate(list(self.h[layer - 1]), axis=-1)
        return below if self.dropout is None else below * self.dropout[layer - 1]

    @property
    def summary(self) -> Summary:
        """What the trace holds, in words."""
        sizes = {
            "steps": self.steps,
            "batch": self.batch,
            "layers": self.layers,
            "directions": self.directions,
            "input": self.input_size,
            "hidden": self.hidden_size,
            "cell": self.cell_size,
            "output": None if self.y is None else self.output_size,
        }
        return Summary(
            self.identity,
            self.metadata,
            sizes,
            None if self.lengths is None else self.lengths.tolist(),
            None if self.loss_times is None else self.loss_times.tolist(),
            {name: array.shape for name, array in self.arrays().items()},
        )

    def __repr__(self) -> str:
        """One line, without the identity, which takes a look at every number."""
        data = self.metadata
        layers = _counted(self.layers, "layer")
        told = [
            self.cell.full_title,
            f"{layers} in two directions" if self.directions == 2 else layers,
            _counted(self.hidden_size, "unit"),
            _counted(self.steps, "step"),
            _counted(self.batch, "sequence"),
            data.loss,
            data.dtype,
            "no gradients"
            if self.loss_times is None
            else f"gradients of {_counted(len(self.loss_times), 'loss', 'losses')}",
        ]
        return f"<Trace: {', '.join(told)}>"

    def __str__(self) -> str:
        """The summary as a table."""
        return str(self.summary)

    def _repr_html_(self) -> str:
        return self.summary.html()

    def arrays(self) -> dict[str, np.ndarray]:
        """All arrays by name; parameters and gradients as ``parameters/NAME``."""
        tensors = {name: getattr(self, name) for name, _ in self._present()}
        for group in ("parameters", "gradients"):
            for key, value in (getattr(self, group) or {}).items():
                tensors[f"{group}/{key}"] = value
        return tensors

    def save(self, path: str | Path) -> Path:
        """Write the trace to a ``.safetensors`` file, which is replaced only when whole.

        Raises: TraceError if the file cannot be written
        """
        target = Path(path)
        storage.write(target, self.arrays(), to_json(self.metadata))
        return target

    def _before(self, states: np.ndarray, start: np.ndarray, direction: int) -> np.ndarray:
        first = np.zeros_like(self.mask)
        if direction == 0:
            first[0] = True
            shifted = np.roll(states, 1, axis=0)
        else:
            first[self.mask.sum(axis=0) - 1, np.arange(self.batch)] = True
            shifted = np.roll(states, -1, axis=0)
        return np.where(first[..., None], start, shifted) * self.mask[..., None]

    def _needed(self, kind: str) -> np.ndarray:
        return self.parameters[self.parameter_name(kind)]

    def _output_parameter(self, kind: str) -> str:
        if self.metadata.output_layer is None:
            raise TraceError(
                "the trace has no output layer: what follows the recurrent layer is not one "
                "Linear; record a network that ends in one"
            )
        return self.metadata.output_parameter(kind)

    def _present(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        for item in dataclasses.fields(self):
            if "dims" in item.metadata and getattr(self, item.name) is not None:
                yield item.name, item.metadata["dims"]


def load(path: str | Path) -> Trace:
    """Read a trace from its file.

    Raises: TraceError if the file is missing, damaged, not a trace, or of another schema
    """
    source = Path(path)
    header, arrays = storage.read(source)
    metadata = read_metadata(source, header)
    try:
        groups: dict[str, dict[str, np.ndarray]] = {"parameters": {}, "gradients": {}}
        fields: dict[str, Any] = {}
        for key, array in arrays.items():
            group, _, name = key.partition("/")
            if name:
                groups[group][name] = array
            else:
                fields[key] = array
        return Trace(
            **fields,
            parameters=groups["parameters"],
            gradients=groups["gradients"] or None,
            metadata=metadata,
        )
    except TraceError as error:
        raise TraceError(f"trace {str(source)!r}: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise TraceError(
            f"{str(source)!r} lacks what a trace must hold ({error}); record it again"
        ) from error


def load_arrays(path: str | Path, *names: str) -> dict[str, np.ndarray]:
    """Some arrays of a saved trace, by name, without reading the others.

    Names are those of the fields, and ``parameters/NAME`` and ``gradients/NAME``.

    Raises: TraceError if the file is missing, damaged or not a trace, or has no such array
    Example: >>> load_arrays("run.safetensors", "h", "loss")
    """
    return storage.read(Path(path), *names)[1]


def _counted(number: int, one: str, more: str = "") -> str:
    return f"{number} {one if number == 1 else more or one + 's'}"


def _restored(values: dict[str, Any]) -> Trace:
    return Trace(**values)


def _frozen(name: str, value: Any) -> np.ndarray:
    """A read-only array: the given one if nobody can write to it any more, otherwise a copy."""
    array = np.asarray(value)
    if array.dtype.kind not in "fiu":
        raise TraceError(f"field {name!r} has dtype {array.dtype}, not numbers")
    if array.flags.writeable or not array.flags.c_contiguous or _has_writeable_base(array):
        array = np.array(array, order="C", copy=True)
        array.flags.writeable = False
    return array


def _has_writeable_base(array: np.ndarray) -> bool:
    base = array.base
    while isinstance(base, np.ndarray):
        if base.flags.writeable:
            return True
        base = base.base
    return False


def _check(trace: Trace) -> None:
    _check_dims(trace)
    _check_dtypes(trace)
    _check_targets(trace)
    _check_parameters(trace)
    _check_gradients_together(trace)
    _check_labels(trace)
    for name, array in trace.arrays().items():
        _check_finite(trace, name, array)


def _check_dims(trace: Trace) -> None:
    sizes: dict[str, int] = {}
    for name, dims in trace._present():
        shape = getattr(trace, name).shape
        fits = dims == ("...",) or len(shape) == len(dims)
        for dim, size in zip(dims if dims != ("...",) else (), shape, strict=False):
            fits = fits and sizes.setdefault(dim, size) == size
        if name == "loss":
            fits = fits and shape[1] in (1, sizes["batch"])
        if not fits or 0 in shape:
            shapes = ", ".join(
                f"{name} {getattr(trace, name).shape}" for name, _ in trace._present()
            )
            raise TraceError(
                f"field {name!r} has shape {shape}, which does not fit its dims "
                f"({', '.join(dims)}); all shapes: {shapes}"
            )
    _check_cell(trace)
    if sizes.get("gap", trace.layers - 1) != trace.layers - 1:
        raise TraceError(
            f"field 'dropout' is of {sizes['gap']} gaps, but there are {trace.layers} layers"
        )
    if sizes.get("output_time", trace.steps) not in (1, trace.steps):
        raise TraceError(
            f"field 'output' has {sizes['output_time']} steps; it must have {trace.steps}, or "
            "1 for the whole sequence"
        )


def _check_cell(trace: Trace) -> None:
    try:
        cell = trace.cell
    except CellError as error:
        raise TraceError(f"metadata: {error}") from error
    if trace.preact.shape[-2] != len(cell.gates):
        raise TraceError(
            f"field 'preact' has {trace.preact.shape[-2]} gates, but cell {cell.name!r} has "
            f"{len(cell.gates)}"
        )
    for name in ("c0", "c"):
        if (getattr(trace, name) is not None) != cell.has_cell_state:
            found = "no cell state" if not cell.has_cell_state else "a cell state"
            raise TraceError(f"field {name!r} does not fit cell {cell.name!r}, which has {found}")
    if not cell.can_project and trace.hidden_size != trace.cell_size:
        raise TraceError(
            f"field 'h' has {trace.hidden_size} units and field 'gates' {trace.cell_size}, but in "
            f"cell {cell.name!r} they are the same"
        )


def _check_dtypes(trace: Trace) -> None:
    dtype = trace.metadata.dtype
    for name, array in trace.arrays().items():
        if name in ("lengths", "loss_times"):
            if array.dtype.kind not in "iu":
                raise TraceError(f"field {name!r} has dtype {array.dtype}, not whole numbers")
        elif name != "targets" and str(array.dtype) != _WIDE.get(dtype, dtype):
            raise TraceError(
                f"field {name!r} has dtype {array.dtype}, but the trace is {trace.metadata.dtype}"
            )
    for name, least, limit in (("lengths", 1, trace.steps + 1), ("loss_times", 0, trace.steps)):
        array = getattr(trace, name)
        if array is not None and not ((array >= least) & (array < limit)).all():
            raise TraceError(f"field {name!r} has a value outside {least} … {limit - 1}")


def _check_targets(trace: Trace) -> None:
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


def _check_parameters(trace: Trace) -> None:
    for layer in range(trace.layers):
        for direction in range(trace.directions):
            for kind in ("weight_ih", "weight_hh"):
                name = trace.parameter_name(kind, layer, direction)
                weight = trace.parameters.get(name)
                if weight is None:
                    raise TraceError(
                        f"parameter {name!r} is missing; "
                        f"there are {', '.join(trace.parameters) or 'none'}"
                    )
                features = trace.hidden_size if kind == "weight_hh" else _features(trace, layer)
                wanted = (trace.gates.shape[-2] * trace.cell_size, features)
                if weight.shape != wanted:
                    raise TraceError(f"parameter {name!r} is {weight.shape}, not {wanted}")
            _check_shapes(trace, _smaller(trace, layer, direction))
    if trace.metadata.output_layer is not None and trace.output is not None:
        about, outputs = trace.metadata, trace.output.shape[-1]
        columns = trace.directions * trace.hidden_size
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
                f"the gradient of parameter {name!r} is {gradient.shape}, not "
                f"{trace.parameters[name].shape} as the parameter"
            )


def _check_shapes(trace: Trace, wanted: Mapping[str, tuple[int, ...]]) -> None:
    """Refuse parameters of another shape, if they are there."""
    for name, shape in wanted.items():
        held = trace.parameters.get(name)
        if held is not None and held.shape != shape:
            raise TraceError(f"parameter {name!r} is {held.shape}, not {shape}")


def _smaller(trace: Trace, layer: int, direction: int) -> Mapping[str, tuple[int, ...]]:
    """The shapes of the parameters that a layer need not have."""
    rows = trace.gates.shape[-2] * trace.cell_size
    shapes = {
        "bias_ih": (rows,),
        "bias_hh": (rows,),
        "weight_hr": (trace.hidden_size, trace.cell_size),
    }
    return {trace.parameter_name(kind, layer, direction): shape for kind, shape in shapes.items()}


def _features(trace: Trace, layer: int) -> int:
    return trace.input_size if layer == 0 else trace.directions * trace.hidden_size


def _check_gradients_together(trace: Trace) -> None:
    names = (
        "loss_times",
        "grad_direct",
        "grad_h",
        "grad_h_by_loss",
        "grad_x_by_loss",
        "gradients",
    )
    missing = [name for name in names if getattr(trace, name) is None]
    if missing and len(missing) < len(names):
        raise TraceError(
            f"field {missing[0]!r} is missing while other gradients are there; "
            "record the trace again"
        )


def _check_labels(trace: Trace) -> None:
    expected = [trace.steps] * trace.batch
    for name in ("step_labels", "target_labels"):
        counts = [len(row) for row in getattr(trace.metadata, name)]
        if counts and counts != expected:
            raise TraceError(
                f"{name} has {counts} labels for its sequences, but there are "
                f"{trace.batch} sequences of {trace.steps} steps"
            )
    sizes = {"input_labels": trace.input_size}
    if trace.y is not None:
        sizes["output_labels"] = trace.output_size
    for name, size in sizes.items():
        labels = getattr(trace.metadata, name)
        if labels and len(labels) != size:
            raise TraceError(f"{name} has {len(labels)} labels, but there are {size} entries")


def _check_finite(trace: Trace, name: str, array: np.ndarray) -> None:
    with np.errstate(over="ignore", invalid="ignore"):
        if array.dtype.kind != "f" or np.isfinite(np.einsum("i->", array.ravel())):
            return
    wrong = ~np.isfinite(array)
    if name == "targets" and trace.metadata.loss in VALUES:
        wrong &= ~np.isnan(array)
    if not wrong.any():
        return
    where = tuple(int(at) for at in np.argwhere(wrong)[0])
    dims = dict(trace._present()).get(name, ())
    place = f"at step {where[dims.index('time')] + 1}" if "time" in dims else f"at {where}"
    raise TraceError(
        f"field {name!r} has a value that is not finite ({array[where]}) "
        f"{place}; record it again, with a smaller learning rate if training diverged"
    )

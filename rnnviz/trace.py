"""The recording of one network over one batch of sequences, and its file."""

import dataclasses
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from rnnviz.errors import TraceError

SCHEMA: Final = 1
NO_TARGET: Final = -100
GATES: Final = {"rnn": 1, "gru": 3, "lstm": 4}
_HEADER_KEY: Final = "rnnviz"


def hash_arrays(arrays: Mapping[str, np.ndarray]) -> str:
    """A SHA-256 over the names, shapes, dtypes and bytes of arrays, in the order of names."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


@dataclass(frozen=True)
class Metadata:
    """What is known of a trace beside its arrays; all of it is JSON.

    ``step_labels`` and ``target_labels`` (batch × time) say what people call x_t and the target;
    ``input_labels`` and ``output_labels`` name the entries of x_t and y_t. ``layer`` and
    ``output_layer`` are the module paths of the recurrent layer and of the Linear after it
    (None if what follows is something else).
    """

    task: str
    cell: str
    nonlinearity: str
    loss: str
    layer: str
    output_layer: str | None
    dtype: str
    parameters_hash: str
    inputs_hash: str
    reduction: str = "sum"
    language: str = "en"
    seed: int | None = None
    epochs: int | None = None
    accuracy: float | None = None
    accuracy_name: str = ""
    source: str = ""
    task_options: Mapping[str, Any] = field(default_factory=dict)
    step_labels: tuple[tuple[str, ...], ...] = ()
    target_labels: tuple[tuple[str, ...], ...] = ()
    input_labels: tuple[str, ...] = ()
    output_labels: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    schema: int = SCHEMA


def _dims(*names: str, optional: bool = False) -> Any:
    return field(metadata={"dims": names, "optional": optional}, kw_only=True)


_STATE = ("layer", "direction", "time", "batch", "hidden")


@dataclass(frozen=True, eq=False)
class Trace:
    """Everything that one network did over one batch, and every gradient.

    The dims of each field are declared with it and checked together when a trace is made; the
    arrays are read-only. Fields of gradients are None when none were recorded, ``c0`` and ``c``
    when the cell has no such state.

    Units:  gradients are of the loss in ``metadata.loss`` (nats for cross-entropy), summed as
            ``metadata.reduction`` says, per unit of what they are taken with respect to
    Raises: TraceError if dims do not fit, or a number is not finite
    """

    x: np.ndarray = _dims("time", "batch", "input")
    targets: np.ndarray = _dims("time", "batch", "...")
    h0: np.ndarray = _dims("layer", "direction", "batch", "hidden")
    h: np.ndarray = _dims(*_STATE)
    c0: np.ndarray | None = dataclasses.field(
        default=None,
        kw_only=True,
        metadata={"dims": ("layer", "direction", "batch", "hidden"), "optional": True},
    )
    c: np.ndarray | None = dataclasses.field(
        default=None, kw_only=True, metadata={"dims": _STATE, "optional": True}
    )
    preact: np.ndarray = _dims("layer", "direction", "time", "batch", "gate", "hidden")
    gates: np.ndarray = _dims("layer", "direction", "time", "batch", "gate", "hidden")
    output: np.ndarray = _dims("time", "batch", "output")
    y: np.ndarray = _dims("time", "batch", "output")
    loss: np.ndarray = _dims("time", "batch")
    grad_direct: np.ndarray | None = _dims(*_STATE, optional=True)
    grad_h: np.ndarray | None = _dims(*_STATE, optional=True)
    grad_h_by_loss: np.ndarray | None = _dims("loss_time", *_STATE, optional=True)
    grad_x_by_loss: np.ndarray | None = _dims("loss_time", "time", "batch", "input", optional=True)
    jacobian: np.ndarray = _dims("layer", "direction", "time", "batch", "hidden", "hidden")
    parameters: Mapping[str, np.ndarray] = field(kw_only=True)
    gradients: Mapping[str, np.ndarray] | None = field(kw_only=True)
    metadata: Metadata = field(kw_only=True)

    def __post_init__(self) -> None:
        for name, _ in self._present():
            object.__setattr__(self, name, _frozen(name, getattr(self, name)))
        for name in ("parameters", "gradients"):
            arrays = getattr(self, name)
            if arrays is not None:
                kept = {key: _frozen(f"{name}/{key}", value) for key, value in arrays.items()}
                object.__setattr__(self, name, MappingProxyType(kept))
        self._check_dims()
        self._check_dtypes()
        self._check_parameters()
        self._check_gradients_together()
        self._check_labels()
        self._check_finite()

    def __reduce__(self) -> Any:
        values = {item.name: getattr(self, item.name) for item in dataclasses.fields(self)}
        for group in ("parameters", "gradients"):
            values[group] = None if values[group] is None else dict(values[group])
        return _restored, (values,)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Trace":
        """A trace never changes, so a copy of what holds it may share it."""
        return self

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
        """H, the number of units of a hidden layer."""
        return int(self.h.shape[-1])

    @property
    def output_size(self) -> int:
        """The number of entries of y_t."""
        return int(self.y.shape[-1])

    @property
    def has_gradients(self) -> bool:
        """Whether gradients were recorded."""
        return self.gradients is not None

    @property
    def loss_steps(self) -> tuple[int, ...]:
        """The times (0-based) at which some sequence has a target."""
        if self.targets.dtype.kind == "f":
            return tuple(range(self.steps))
        return tuple(int(t) for t in np.flatnonzero((self.targets != NO_TARGET).any(axis=1)))

    @cached_property
    def identity(self) -> str:
        """Six hexadecimal digits that stand for all of the trace's content."""
        digest = hashlib.sha256(_to_json(self.metadata).encode())
        for name, array in sorted(self.arrays().items()):
            digest.update(f"{name} {array.dtype} {array.shape}".encode())
            digest.update(array.tobytes())
        return digest.hexdigest()[:6]

    @property
    def U(self) -> np.ndarray:
        """The input weights (hidden, input) of the first layer."""
        return self._weight("weight_ih")

    @property
    def W(self) -> np.ndarray:
        """The recurrent weights (hidden, hidden) of the first layer."""
        return self._weight("weight_hh")

    @property
    def b(self) -> np.ndarray:
        """The bias (hidden) of the first layer: PyTorch's two biases, added."""
        names = [self.parameter_name(bias) for bias in ("bias_ih", "bias_hh")]
        held = [self.parameters[name] for name in names if name in self.parameters]
        return np.asarray(sum(held)) if held else np.zeros(self.hidden_size, self.h.dtype)

    @property
    def V(self) -> np.ndarray:
        """The output weights (output, hidden). Raises TraceError if there is no Linear output."""
        return self.parameters[f"{self._output_layer()}.weight"]

    @property
    def output_bias(self) -> np.ndarray:
        """c, the output bias (output), zero if the layer has none."""
        name = f"{self._output_layer()}.bias"
        return self.parameters.get(name, np.zeros(self.output_size, self.h.dtype))

    def parameter_name(self, kind: str, layer: int = 0) -> str:
        """PyTorch's name of a recurrent parameter: ``weight_hh`` → ``rnn.weight_hh_l0``."""
        prefix = f"{self.metadata.layer}." if self.metadata.layer else ""
        return f"{prefix}{kind}_l{layer}"

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
        temporary: str | None = None
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.is_dir():
                raise IsADirectoryError(21, "it is a folder")
            handle, temporary = tempfile.mkstemp(prefix=".rnnviz-", dir=target.parent)
            os.close(handle)
            save_file(self.arrays(), temporary, metadata={_HEADER_KEY: _to_json(self.metadata)})
            os.chmod(temporary, 0o666 & ~_umask())
            os.replace(temporary, target)
        except (OSError, SafetensorError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise TraceError(
                f"cannot write trace {str(target)!r} ({reason}); choose another place"
            ) from error
        finally:
            if temporary is not None:
                Path(temporary).unlink(missing_ok=True)
        return target

    def _weight(self, kind: str) -> np.ndarray:
        return self.parameters[self.parameter_name(kind)]

    def _output_layer(self) -> str:
        if self.metadata.output_layer is None:
            raise TraceError(
                "the trace has no output layer: what follows the recurrent layer is not one "
                "Linear; record a network that ends in one"
            )
        return self.metadata.output_layer

    def _present(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        for item in dataclasses.fields(self):
            if "dims" in item.metadata and getattr(self, item.name) is not None:
                yield item.name, item.metadata["dims"]

    def _check_dims(self) -> None:
        sizes: dict[str, int] = {}
        for name, dims in self._present():
            shape = getattr(self, name).shape
            named = dims[:-1] if dims[-1] == "..." else dims
            fits = len(shape) >= len(named) if named != dims else len(shape) == len(dims)
            for dim, size in zip(named, shape, strict=False):
                known = sizes.setdefault("time" if dim == "loss_time" else dim, size)
                fits = fits and known == size
            if not fits or 0 in shape:
                raise TraceError(
                    f"field {name!r} has shape {shape}, which does not fit its dims "
                    f"({', '.join(dims)}); all shapes: {self._shapes()}"
                )
        gates = GATES.get(self.metadata.cell)
        if gates is not None and self.preact.shape[-2] != gates:
            raise TraceError(
                f"field 'preact' has {self.preact.shape[-2]} gates, but cell "
                f"{self.metadata.cell!r} has {gates}"
            )

    def _check_dtypes(self) -> None:
        for name, array in self.arrays().items():
            if name != "targets" and str(array.dtype) != self.metadata.dtype:
                raise TraceError(
                    f"field {name!r} has dtype {array.dtype}, "
                    f"but the trace is {self.metadata.dtype}"
                )
        squared = self.metadata.loss == "squared"
        wanted = self.output.shape if squared else self.output.shape[:2]
        if self.targets.shape != wanted or (self.targets.dtype.kind == "f") != squared:
            raise TraceError(
                f"field 'targets' is {self.targets.dtype} {self.targets.shape}, but loss "
                f"{self.metadata.loss!r} has {'values' if squared else 'classes'} {wanted}"
            )

    def _check_parameters(self) -> None:
        for kind in ("weight_ih", "weight_hh"):
            if self.parameter_name(kind) not in self.parameters:
                raise TraceError(
                    f"parameter {self.parameter_name(kind)!r} is missing; "
                    f"there are {', '.join(self.parameters) or 'none'}"
                )
        if self.gradients is not None and set(self.gradients) != set(self.parameters):
            apart = sorted(set(self.gradients) ^ set(self.parameters))
            raise TraceError(f"gradients and parameters differ in {', '.join(apart)}")

    def _shapes(self) -> str:
        return ", ".join(f"{name} {getattr(self, name).shape}" for name, _ in self._present())

    def _check_gradients_together(self) -> None:
        names = ("grad_direct", "grad_h", "grad_h_by_loss", "grad_x_by_loss", "gradients")
        missing = [name for name in names if getattr(self, name) is None]
        if missing and len(missing) < len(names):
            raise TraceError(
                f"field {missing[0]!r} is missing while other gradients are there; "
                "record the trace again"
            )

    def _check_labels(self) -> None:
        expected = [self.steps] * self.batch
        for name in ("step_labels", "target_labels"):
            counts = [len(row) for row in getattr(self.metadata, name)]
            if counts and counts != expected:
                raise TraceError(
                    f"{name} has {counts} labels for its sequences, but there are "
                    f"{self.batch} sequences of {self.steps} steps"
                )
        try:
            _to_json(self.metadata)
        except TypeError as error:
            raise TraceError(f"the metadata must be JSON: {error}") from error
        for name, size in (("input_labels", self.input_size), ("output_labels", self.output_size)):
            labels = getattr(self.metadata, name)
            if labels and len(labels) != size:
                raise TraceError(f"{name} has {len(labels)} labels, but there are {size} entries")

    def _check_finite(self) -> None:
        for name, array in self.arrays().items():
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                where = np.argwhere(~np.isfinite(array))[0]
                dims = dict(self._present()).get(name, ())
                time = next(
                    (int(at) for at, dim in zip(where, dims, strict=False) if dim == "time"), None
                )
                place = (
                    f"at step {time + 1}" if time is not None else f"at {tuple(map(int, where))}"
                )
                raise TraceError(
                    f"field {name!r} has a value that is not finite ({array[tuple(where)]}) "
                    f"{place}; record it again, with a smaller learning rate if training diverged"
                )


def load(path: str | Path) -> Trace:
    """Read a trace from its file.

    Raises: TraceError if the file is missing, damaged, not a trace, or of a newer schema
    """
    source = Path(path)
    if not source.is_file():
        raise TraceError(
            f"there is no trace {str(source)!r}; make one with 'rnnviz record -o FILE'"
        )
    try:
        with safe_open(source, framework="numpy") as file:
            header = (file.metadata() or {}).get(_HEADER_KEY)
            keys = [] if header is None else file.keys()
            tensors = {key: file.get_tensor(key) for key in keys}
    except PermissionError as error:
        raise TraceError(f"cannot read {str(source)!r}: {error.strerror}") from error
    except Exception as error:  # the reader raises several kinds, all meaning damage
        raise TraceError(
            f"{str(source)!r} is damaged or not a trace ({error}); record it again"
        ) from error
    if header is None:
        raise TraceError(
            f"{str(source)!r} is a safetensors file but not a trace of rnnviz; "
            "make one with 'rnnviz record -o FILE'"
        )
    return _assemble(source, header, tensors)


def _assemble(source: Path, header: str, tensors: dict[str, np.ndarray]) -> Trace:
    try:
        raw = json.loads(header)
        schema = raw["schema"]
        if schema > SCHEMA:
            raise TraceError(
                f"{str(source)!r} has schema {schema}, this rnnviz reads up to {SCHEMA}; "
                "upgrade rnnviz"
            )
        metadata = _from_json(raw)
        groups: dict[str, dict[str, np.ndarray]] = {"parameters": {}, "gradients": {}}
        fields: dict[str, Any] = {}
        for key, array in tensors.items():
            group, _, name = key.partition("/")
            if name:
                groups[group][name] = array
            else:
                fields[key] = array
        optional = ("grad_direct", "grad_h", "grad_h_by_loss", "grad_x_by_loss")
        return Trace(
            **{**dict.fromkeys(optional), **fields},
            parameters=groups["parameters"],
            gradients=groups["gradients"] or None,
            metadata=metadata,
        )
    except TraceError as error:
        raise TraceError(f"trace {str(source)!r}: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise TraceError(
            f"{str(source)!r} lacks what a trace must hold ({error}); record it again"
        ) from error


def _restored(values: dict[str, Any]) -> Trace:
    return Trace(**values)


def _frozen(name: str, value: Any) -> np.ndarray:
    array = np.array(value, order="C", copy=True)
    if array.dtype.kind not in "fiu":
        raise TraceError(f"field {name!r} has dtype {array.dtype}, not numbers")
    array.flags.writeable = False
    return array


def _to_json(metadata: Metadata) -> str:
    return json.dumps(dataclasses.asdict(metadata), ensure_ascii=False, sort_keys=True)


def _from_json(raw: dict[str, Any]) -> Metadata:
    nested = ("step_labels", "target_labels")
    flat = ("input_labels", "output_labels")
    values = {
        **raw,
        **{name: tuple(tuple(row) for row in raw[name]) for name in nested},
        **{name: tuple(raw[name]) for name in flat},
    }
    known = {item.name for item in dataclasses.fields(Metadata)}
    return Metadata(**{name: value for name, value in values.items() if name in known})


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

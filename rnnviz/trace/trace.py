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
from rnnviz.cells.custom import refuse_equations
from rnnviz.cells.steps import Steps
from rnnviz.errors import TraceError
from rnnviz.trace import storage, validation
from rnnviz.trace.arrays import frozen, hash_arrays
from rnnviz.trace.losses import CLASSES, VALUES, has_target
from rnnviz.trace.metadata import Metadata, to_json
from rnnviz.trace.summary import Summary, line_of, summary_of


def _dims(*names: str) -> Any:
    return field(metadata={"dims": names}, kw_only=True)


def _optional(*names: str) -> Any:
    return field(default=None, metadata={"dims": names}, kw_only=True)


GROUPS: Final = ("parameters", "gradients", "named_gates", "arguments")
"""The fields that hold arrays by name."""
GIVEN: Final[tuple[str, ...]] = ("x", "targets", "h0", "c0", "lengths")
"""The fields that are data of the network, not what it computes."""
_START = ("layer", "direction", "batch")
_STATE = ("layer", "direction", "time", "batch")


@dataclass(frozen=True, eq=False, repr=False)
class Trace:
    """All states, outputs, losses and gradients of one network over one batch.

    The dims of each field are declared with it and checked together when a trace is made; the
    arrays are read-only. A field that a network does not have is None: ``c0`` and ``c`` if
    the cell has no cell state, ``lengths`` if all sequences have all steps, ``dropout`` if nothing
    is dropped between layers, ``output`` and ``y`` if the model's output is not one for each step
    or sequence, and all fields of gradients if none were recorded. At steps that a sequence does
    not have, fields are 0.

    ``output`` has an entry for each step, or a single one for the whole sequence, which counts as
    the last step's. ``dropout`` (gap, time, batch, feature) holds the factors between one layer's
    output and the next layer's input. ``loss_times`` are the steps, from 0, whose losses have a
    row in the fields ``…_by_loss``. ``grad_direct`` is the immediate gradient ∂⁺L/∂h; it is also
    given by loss if a loss has one at other steps than its own.

    Of a custom cell, which is the user's own code, h holds all named states of a step one after
    another, as ``metadata.states`` says, and ``state`` returns one of them. ``preact`` and
    ``gates`` are then None; ``named_gates`` (time, batch, …) are those that the code names, and
    ``arguments`` what the model was called with. ``step_jacobian`` is ∂h_k/∂h_{k−1}, which follows
    from no gates; it is None where it was left out for its size. ``within_step`` is the derivative
    of a state by another that was made before it in the same step, as of an LSTM's h by its c.
    Gradients are by all paths, through such states as well. ``h0`` is None if the state
    before the first step is not known.

    Units:  gradients are of the loss in ``metadata.loss`` (nats for cross-entropy), summed as
            in ``metadata.reduction``, per unit of what they are taken with respect to
    Raises: TraceError if dims do not fit, or a number is not finite
    """

    x: np.ndarray = _dims("time", "batch", "input")
    targets: np.ndarray = _dims("...")
    lengths: np.ndarray | None = _optional("batch")
    h0: np.ndarray | None = _optional(*_START, "hidden")
    h: np.ndarray = _dims(*_STATE, "hidden")
    c0: np.ndarray | None = _optional(*_START, "cell")
    c: np.ndarray | None = _optional(*_STATE, "cell")
    preact: np.ndarray | None = _optional(*_STATE, "gate", "cell")
    gates: np.ndarray | None = _optional(*_STATE, "gate", "cell")
    step_jacobian: np.ndarray | None = _optional(*_STATE, "hidden", "hidden")
    within_step: np.ndarray | None = _optional(*_STATE, "hidden", "hidden")
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
    named_gates: Mapping[str, np.ndarray] | None = field(default=None, kw_only=True)
    arguments: Mapping[str, np.ndarray] | None = field(default=None, kw_only=True)
    metadata: Metadata = field(kw_only=True)

    def __post_init__(self) -> None:
        for name, _ in self.present():
            object.__setattr__(self, name, frozen(name, getattr(self, name)))
        for name in GROUPS:
            arrays = getattr(self, name)
            if arrays is not None:
                kept = {key: frozen(f"{name}/{key}", value) for key, value in arrays.items()}
                object.__setattr__(self, name, MappingProxyType(kept))
        validation.check(self)

    def __reduce__(self) -> Any:
        values = {item.name: getattr(self, item.name) for item in dataclasses.fields(self)}
        for group in GROUPS:
            values[group] = None if values[group] is None else dict(values[group])
        return _restored, (values,)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Trace":
        """Return the trace itself, which never changes."""
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
        return self.hidden_size if self.gates is None else int(self.gates.shape[-1])

    @property
    def output_size(self) -> int:
        """The number of entries of y_t. Raises TraceError if there is no output."""
        if self.y is None:
            raise TraceError(
                "the trace has no outputs, since the model's is not one for each step or sequence; "
                "choose one that is, with output="
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
        """Where there is a target, or for an own loss where it is not 0: (time, batch) of bool."""
        known = self.metadata.loss in (*CLASSES, *VALUES)
        there = has_target(self.metadata.loss, self.targets) if known else self.loss != 0
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
        """The SHA-256 of the trace's whole content."""
        content = hash_arrays(self.arrays())
        return hashlib.sha256((to_json(self.metadata) + content).encode()).hexdigest()

    @property
    def identity(self) -> str:
        """The first six digits of the digest, which name the trace on screen."""
        return self.digest[:6]

    @property
    def U(self) -> np.ndarray:
        """The input weights (gate · cell, input) of the first layer."""
        return self._parameter("weight_ih")

    @property
    def W(self) -> np.ndarray:
        """The recurrent weights (gate · cell, hidden) of the first layer."""
        return self._parameter("weight_hh")

    @property
    def b(self) -> np.ndarray:
        """The bias (gate · cell) of the first layer: PyTorch's two biases, added."""
        held = [self.weight(kind) for kind in ("bias_ih", "bias_hh")]
        given = [bias for bias in held if bias is not None]
        return np.asarray(sum(given)) if given else np.zeros(len(self.W), self.h.dtype)

    @property
    def V(self) -> np.ndarray:
        """The output weights (output, hidden), of a custom cell for the entries of h that are read.

        Raises: TraceError if there is no Linear output
        """
        name = self._output_parameter("weight")
        if name not in self.parameters:
            raise TraceError(
                f"the trace has no parameter {name!r}; record a network whose output layer has it"
            )
        return self.parameters[name]

    @property
    def read_entries(self) -> np.ndarray:
        """Which entries of h_t the output layer reads, of each direction: all, or some states'.

        Shapes: → (entry,) int
        """
        entries, names = np.arange(self.hidden_size), self.metadata.output_reads
        places = [state.place for state in self.metadata.states if state.name in names]
        return np.concatenate([entries[place] for place in places]) if places else entries

    @property
    def output_bias(self) -> np.ndarray:
        """c, the output bias (output), zero if the layer has none."""
        name = self._output_parameter("bias")
        return self.parameters.get(name, np.zeros(self.output_size, self.h.dtype))

    @cached_property
    def jacobian(self) -> np.ndarray:
        """∂h_k/∂h_prev within a layer; prev is the step before in the layer's direction.

        That is k − 1, or k + 1 where the layer runs in reverse, and h_0 at its first step. Of an
        LSTM, c_prev is held fixed. It is computed from the recorded gates and weights when it is
        first used, or recorded, of a custom cell; there it is 0 at the first step.

        Shapes: → (layer, direction, time, batch, hidden, hidden)
        Raises: TraceError if it was left out of a recording of a custom cell
        """
        if self.is_custom:
            return self.recorded_jacobian
        jacobians = np.array(
            [
                [
                    Steps.of(self, layer, direction).hidden_jacobian()
                    for direction in range(self.directions)
                ]
                for layer in range(self.layers)
            ]
        )
        jacobians.flags.writeable = False
        return jacobians

    @property
    def is_custom(self) -> bool:
        """Whether the cell is the user's own code, recorded by the states that it names."""
        return self.metadata.cell == cells.CUSTOM

    @property
    def recorded_jacobian(self) -> np.ndarray:
        """The ``step_jacobian`` of a custom cell. Raises TraceError if it was left out."""
        if self.step_jacobian is None:
            raise TraceError(
                "the trace has no Jacobians of its steps, which this needs: they were left out for "
                "their size, and are kept with jacobians=True, or a step reads more than the state "
                "before it; use what needs gradients only, such as gradient_norms, or record again"
            )
        return self.step_jacobian

    def state(self, name: str) -> np.ndarray:
        """Return a state by its name, in its own shape: (time, batch, …), complex if it is.

        Of a cell that rnnviz knows, h and c are those of the first layer and direction.

        Raises: TraceError if there is no state of this name
        Example: >>> trace.state("c")
        """
        if not self.is_custom:
            plain = {"h": self.h, "c": self.c}.get(name)
            if plain is None:
                known = "h" if self.c is None else "h and c"
                raise TraceError(f"the trace has no state {name!r}; it has {known}")
            return plain[0, 0]
        named = {each.name: each for each in self.metadata.states}
        if name not in named:
            raise TraceError(f"the trace has no state {name!r}; it has {', '.join(named)}")
        found = named[name]
        values = self.h[0, 0, :, :, found.place]
        if found.is_complex:
            pairs = values.reshape(self.steps, self.batch, *found.shape, 2)
            return np.asarray(pairs[..., 0] + 1j * pairs[..., 1])
        return values.reshape(self.steps, self.batch, *found.shape)

    def weight(self, kind: str, layer: int = 0, direction: int = 0) -> np.ndarray | None:
        """Return a recurrent parameter, or None if the layer has none of that kind.

        Kinds are PyTorch's: weight_ih, weight_hh, bias_ih, bias_hh, weight_hr. A custom cell has
        none, whatever its parameters are called.
        """
        if self.is_custom:
            return None
        return self.parameters.get(self.parameter_name(kind, layer, direction))

    def parameter_name(self, kind: str, layer: int = 0, direction: int = 0) -> str:
        """Return PyTorch's name of a recurrent parameter: ``weight_hh`` → ``rnn.weight_hh_l0``."""
        prefix = f"{self.metadata.layer}." if self.metadata.layer else ""
        if self.metadata.module.endswith("Cell"):
            return f"{prefix}{kind}"
        return f"{prefix}{kind}_l{layer}{cells.SUFFIXES[direction]}"

    def states_before(self, layer: int = 0, direction: int = 0) -> np.ndarray:
        """Return h_prev of every step, in the layer's direction: (time, batch, hidden).

        Raises: TraceError if the state before the first step is not known, as of some custom cells
        """
        if self.h0 is None:
            raise TraceError(
                "the trace has no state before its first step, since the model's code does not "
                "show where it enters; record it with states='PATH' of a module that makes a step"
            )
        return self._before(self.h[layer, direction], self.h0[layer, direction], direction)

    def cells_before(self, layer: int = 0, direction: int = 0) -> np.ndarray:
        """Return c_prev of every step, in the layer's direction: (time, batch, cell).

        Raises: TraceError if the cell has no cell state
        """
        if self.c is None or self.c0 is None:
            raise TraceError(f"{self.cell.with_article} has no cell state; record an LSTM")
        return self._before(self.c[layer, direction], self.c0[layer, direction], direction)

    def layer_input(self, layer: int) -> np.ndarray:
        """Return a layer's input, x or the states below with dropout: (time, batch, features)."""
        if layer == 0:
            return self.x
        below = np.concatenate(list(self.h[layer - 1]), axis=-1)
        return below if self.dropout is None else below * self.dropout[layer - 1]

    @property
    def summary(self) -> Summary:
        """The content of the trace in words."""
        return summary_of(self)

    def __repr__(self) -> str:
        """One line, without the identity, which would hash every number."""
        return line_of(self)

    def __str__(self) -> str:
        """The summary as a table."""
        return str(self.summary)

    def _repr_html_(self) -> str:
        return self.summary.html()

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all arrays by name; those of a group as ``parameters/NAME``."""
        tensors = {name: getattr(self, name) for name, _ in self.present()}
        for group in GROUPS:
            for key, value in (getattr(self, group) or {}).items():
                tensors[f"{group}/{key}"] = value
        return tensors

    @property
    def given(self) -> Mapping[str, np.ndarray]:
        """The arrays that a recording was given, by name, whose hash ``metadata`` holds."""
        return {name: getattr(self, name) for name in GIVEN if getattr(self, name) is not None}

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

    def _parameter(self, kind: str) -> np.ndarray:
        if self.is_custom:
            refuse_equations()
        return self.parameters[self.parameter_name(kind)]

    def _output_parameter(self, kind: str) -> str:
        if self.metadata.output_layer is None:
            raise TraceError(
                "the trace has no output layer, since the recurrent layer is not followed by one "
                "Linear; record a network that ends in one"
            )
        return self.metadata.output_parameter(kind)

    def present(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The names and dims of the array fields that are not None."""
        for item in dataclasses.fields(self):
            if "dims" in item.metadata and getattr(self, item.name) is not None:
                yield item.name, item.metadata["dims"]


def _restored(values: dict[str, Any]) -> Trace:
    return Trace(**values)

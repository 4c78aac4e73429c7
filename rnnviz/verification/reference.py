"""A second, independent implementation of recurrent networks in NumPy float64, written for clarity.

Plain loops over time, gradients as columns, no torch. It exists to check recordings against. All
arrays may have further axes in front of those that are named: many networks, or many losses, are
computed alike.

Source: the equations in the documentation of ``torch.nn.RNN``, ``GRU`` and ``LSTM``, and their
        derivatives by the chain rule
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, ClassVar, Final

import numpy as np

from rnnviz.errors import TraceError
from rnnviz.system.short_repr import ShortRepr
from rnnviz.trace import NO_TARGET, Trace

LOSSES: Final = ("cross-entropy", "squared", "squared-on-softmax")
EACH_STEP: Final = "each step"
LAST_STEP: Final = "last step"
ENDS: Final = "ends"

Kind = tuple[str, int, int]
"""A recurrent parameter: PyTorch's kind of it, its layer and its direction."""


@dataclass(frozen=True, repr=False)
class Affine(ShortRepr):
    """weight x + bias.

    Shapes: weight (rows, columns), bias (rows)
    """

    weight: np.ndarray
    bias: np.ndarray

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Of x (…, columns): (…, rows)."""
        return x @ self.weight.T + self.bias

    def back(self, at_result: np.ndarray) -> np.ndarray:
        """The gradient at x, of that at the result."""
        return at_result @ self.weight

    def each(self, made: Callable[[np.ndarray], np.ndarray]) -> "Affine":
        """The same with a function of the weight and the bias."""
        return Affine(made(self.weight), made(self.bias))


@dataclass(frozen=True, repr=False)
class States(ShortRepr):
    """What layers go through.

    Of an LSTM, c is its cell state and ``squashed`` is tanh c; otherwise they are None.

    Shapes: preact and gates (…, batch, gate, cell), h (…, batch, hidden), c and squashed (…, batch,
            cell); in front of these layer, direction and time, or some of them
    """

    preact: np.ndarray
    gates: np.ndarray
    h: np.ndarray
    c: np.ndarray | None = None
    squashed: np.ndarray | None = None

    @classmethod
    def of(cls, trace: Trace) -> "States":
        """Those that a trace recorded: (layer, direction, time, …)."""
        c = _wide(trace.c)
        squashed = None if c is None else np.tanh(c)
        return cls(_wide(trace.preact), _wide(trace.gates), _wide(trace.h), c, squashed)

    @classmethod
    def over_layers(cls, layers: Sequence[Sequence["States"]]) -> "States":
        """Those of all layers and directions: (layer, direction, …)."""
        return cls(
            **{
                item.name: _stacked(
                    [_stacked([getattr(way, item.name) for way in ways]) for ways in layers]
                )
                for item in fields(cls)
            }
        )

    def at(self, *place: int) -> "States":
        """Those at a place along the leading axes."""
        c, squashed = (None if each is None else each[place] for each in (self.c, self.squashed))
        return States(self.preact[place], self.gates[place], self.h[place], c, squashed)

    def each(self, made: Any) -> "States":
        """A function of every array."""
        c, squashed = (None if array is None else made(array) for array in (self.c, self.squashed))
        return States(made(self.preact), made(self.gates), made(self.h), c, squashed)


@dataclass(frozen=True, repr=False)
class Back(ShortRepr):
    """What comes back through one step.

    ``by_input`` and ``by_state`` are the gradients at the two sums of which a pre-activation is
    made, weight_ih x + bias_ih and weight_hh h_prev + bias_hh; ``c`` is that at the step's own c,
    by all paths; ``h_before`` and ``c_before`` are what goes to the state before without passing
    through weight_hh.

    Shapes: by_input and by_state (…, gate, cell), h_before (…, hidden), c and c_before (…, cell)
    """

    by_input: np.ndarray
    by_state: np.ndarray
    h_before: np.ndarray
    c: np.ndarray | None = None
    c_before: np.ndarray | None = None


@dataclass(frozen=True)
class Layer(ABC):
    """One layer in one direction: weight_ih and bias_ih, weight_hh and bias_hh, and weight_hr."""

    gates: ClassVar[int]

    input: Affine
    state: Affine
    projection: Affine | None = None

    @abstractmethod
    def step(self, x: np.ndarray, h: np.ndarray, c: np.ndarray | None) -> States:
        """One step from the state (h, c) before it; or many at once, each from its own."""

    @abstractmethod
    def back(self, at_h: np.ndarray, at_c: np.ndarray | None, here: States, before: States) -> Back:
        """One step back, from the gradients at its h and c."""


class Tanh(Layer):
    """h = tanh(U x + W h_prev + b)."""

    gates: ClassVar[int] = 1

    def step(self, x: np.ndarray, h: np.ndarray, c: np.ndarray | None) -> States:
        """One step from the state before it."""
        preact = self.input(x) + self.state(h)
        made = np.tanh(preact)
        return States(preact[..., None, :], made[..., None, :], made)

    def back(self, at_h: np.ndarray, at_c: np.ndarray | None, here: States, before: States) -> Back:
        """tanh′ = 1 − h²."""
        at_preact = (at_h * (1 - here.h) * (1 + here.h))[..., None, :]
        return Back(at_preact, at_preact, np.zeros_like(at_h))


class Relu(Layer):
    """h = max(0, U x + W h_prev + b)."""

    gates: ClassVar[int] = 1

    def step(self, x: np.ndarray, h: np.ndarray, c: np.ndarray | None) -> States:
        """One step from the state before it."""
        preact = self.input(x) + self.state(h)
        made = np.maximum(preact, 0.0)
        return States(preact[..., None, :], made[..., None, :], made)

    def back(self, at_h: np.ndarray, at_c: np.ndarray | None, here: States, before: States) -> Back:
        """relu′ = 1 where h > 0, else 0."""
        at_preact = (at_h * (here.h > 0))[..., None, :]
        return Back(at_preact, at_preact, np.zeros_like(at_h))


class Gru(Layer):
    """r, z = σ(…), n = tanh(W_in x + b_in + r (W_hn h_prev + b_hn)), h = (1 − z) n + z h_prev."""

    gates: ClassVar[int] = 3

    def step(self, x: np.ndarray, h: np.ndarray, c: np.ndarray | None) -> States:
        """One step from the state before it."""
        of_x, of_h = _by_gate(self.input(x), 3), _by_gate(self.state(h), 3)
        preact = of_x + of_h
        r, z = _sigmoid(preact[..., 0, :]), _sigmoid(preact[..., 1, :])
        preact[..., 2, :] = of_x[..., 2, :] + r * of_h[..., 2, :]
        n = np.tanh(preact[..., 2, :])
        return States(preact, np.stack([r, z, n], axis=-2), (1 - z) * n + z * h)

    def back(self, at_h: np.ndarray, at_c: np.ndarray | None, here: States, before: States) -> Back:
        """Through n to r as well, since r scales what n takes of the state."""
        r, z, n = _gates(here)
        n_h = _by_gate(self.state(before.h), 3)[..., 2, :]
        at_n = at_h * (1 - z) * (1 - n) * (1 + n)
        at_z = at_h * (before.h - n) * z * (1 - z)
        at_r = at_n * n_h * r * (1 - r)
        return Back(
            np.stack([at_r, at_z, at_n], axis=-2),
            np.stack([at_r, at_z, at_n * r], axis=-2),
            at_h * z,
        )


class Lstm(Layer):
    """i, f, o = σ(…), g = tanh(…), c = f c_prev + i g, h = o tanh c, or a projection of that."""

    gates: ClassVar[int] = 4

    def step(self, x: np.ndarray, h: np.ndarray, c: np.ndarray | None) -> States:
        """One step from the state before it."""
        assert c is not None
        preact = _by_gate(self.input(x) + self.state(h), 4)
        gates = _sigmoid(preact)
        gates[..., 2, :] = np.tanh(preact[..., 2, :])
        i, f, g, o = _along(gates)
        made = f * c + i * g
        squashed = np.tanh(made)
        return States(preact, gates, self._projected(o * squashed), made, squashed)

    def back(self, at_h: np.ndarray, at_c: np.ndarray | None, here: States, before: States) -> Back:
        """Through h and through c alike: at_c holds what comes to c other than by h."""
        assert at_c is not None
        assert here.squashed is not None
        i, f, g, o = _gates(here)
        squashed = here.squashed
        at_made = at_h if self.projection is None else self.projection.back(at_h)
        through = at_c + at_made * o * (1 - squashed) * (1 + squashed)
        at_gates = [
            through * g * i * (1 - i),
            through * before.c * f * (1 - f),
            through * i * (1 - g) * (1 + g),
            at_made * squashed * o * (1 - o),
        ]
        at_preact = np.stack(at_gates, axis=-2)
        return Back(at_preact, at_preact, np.zeros_like(at_h), through, through * f)

    def _projected(self, made: np.ndarray) -> np.ndarray:
        return made if self.projection is None else self.projection(made)


LAYERS: Final[dict[str, type[Layer]]] = {"tanh": Tanh, "relu": Relu, "gru": Gru, "lstm": Lstm}
"""The layer of each cell, by its name; that of a plain RNN by its nonlinearity."""


@dataclass(frozen=True)
class Head:
    """One Linear of the top layer's states, both directions side by side, and which it reads.

    ``reads`` is each step; or the last step alone; or the ends: where each direction ended, which
    for the reverse one is the first step.
    """

    linear: Affine
    reads: str = EACH_STEP


@dataclass(frozen=True, repr=False)
class Gradients(ShortRepr):
    """Gradients of losses, one a row, with respect to states and inputs.

    Shapes: h (row, layer, direction, time, batch, hidden), c (row, layer, direction, time, batch,
            cell) or None, x (row, time, batch, input); by_input and by_state, by layer and
            direction, (row, time, batch, gate · cell)
    """

    h: np.ndarray
    c: np.ndarray | None
    x: np.ndarray
    by_input: Mapping[tuple[int, int], np.ndarray]
    by_state: Mapping[tuple[int, int], np.ndarray]


@dataclass(frozen=True, repr=False)
class Reference(ShortRepr):
    """A recurrent network in float64, with its data.

    Shapes: layers by layer and direction, x (time, batch, input), h0 (layer, direction, batch,
            hidden), c0 (layer, direction, batch, cell), lengths (batch), dropout (gap, time,
            batch, feature); targets (output_time, batch) of classes, (output_time, batch, output)
            of values
    """

    layers: tuple[tuple[Layer, ...], ...]
    x: np.ndarray
    targets: np.ndarray
    h0: np.ndarray
    c0: np.ndarray | None = None
    lengths: np.ndarray | None = None
    dropout: np.ndarray | None = None
    head: Head | None = None
    loss: str = "cross-entropy"

    @classmethod
    def of(cls, trace: Trace) -> "Reference":
        """The network that a trace recorded, with its data.

        It has no head where what follows the recurrent layer is not one Linear of its states.

        Raises: TraceError if there is no independent code for the cell
        """
        kind = trace.metadata.nonlinearity if trace.metadata.cell == "rnn" else trace.metadata.cell
        if kind not in LAYERS:
            raise TraceError(
                f"cell {kind!r} has no independent implementation to verify the trace with; add "
                "one to rnnviz.verification.reference"
            )
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
        network = cls(
            layers,
            _wide(trace.x),
            trace.targets,
            _wide(trace.h0),
            _wide(trace.c0),
            trace.lengths,
            _wide(trace.dropout),
            None,
            trace.metadata.loss,
        )
        return replace(network, head=_head(trace, network))

    @property
    def steps(self) -> int:
        """T, the number of time steps."""
        return int(self.x.shape[-3])

    @property
    def batch(self) -> int:
        """B, the number of sequences."""
        return int(self.x.shape[-2])

    @property
    def output_size(self) -> int:
        """The number of entries of an output of the head, 0 if there is none."""
        return 0 if self.head is None else len(self.head.linear.weight)

    def each(self, made: Callable[[np.ndarray], np.ndarray]) -> "Reference":
        """The network with a function of every parameter."""
        layers = tuple(
            tuple(
                replace(
                    layer,
                    input=layer.input.each(made),
                    state=layer.state.each(made),
                    projection=layer.projection and layer.projection.each(made),
                )
                for layer in ways
            )
            for ways in self.layers
        )
        head = self.head and replace(self.head, linear=self.head.linear.each(made))
        return replace(self, layers=layers, head=head)

    @property
    def knows_loss(self) -> bool:
        """Whether the loss is one that this implementation knows."""
        return self.loss in LOSSES

    @cached_property
    def exists(self) -> np.ndarray:
        """Which steps each sequence has: (time, batch) of bool."""
        lengths = [self.steps] * self.batch if self.lengths is None else self.lengths
        return np.array([[step < length for length in lengths] for step in range(self.steps)])

    # --- forward --------------------------------------------------------------------------------

    def run(
        self,
        moved: Mapping[tuple[int, int, int], np.ndarray] | None = None,
        *,
        gates: bool = True,
    ) -> States:
        """All states, each step from the state that this network itself had before it.

        ``moved`` adds to h at a (layer, direction, step), before anything goes on from there.
        Without ``gates``, h and c alone are kept: of all that has gates there are none.
        """
        states = self._room(gates)
        entering = self.x
        for index, ways in enumerate(self.layers):
            for direction in range(len(ways)):
                own = states.at(index, direction)
                self._run_layer(own, entering, index, direction, moved or {})
            entering = self._into_next(index, list(states.h[index]))
        return states

    def from_each(self, states: States) -> States:
        """All states, each step from the given states before it, so that no rounding grows."""
        return States.over_layers(
            [
                [
                    self._masked(
                        layer.step(self.entering(states, index), before.h, before.c),
                        self.exists,
                    )
                    for direction, layer in enumerate(ways)
                    for before in [self.before(states, index, direction)]
                ]
                for index, ways in enumerate(self.layers)
            ]
        )

    def entering(self, states: States, layer: int) -> np.ndarray:
        """What enters a layer at each step: (time, batch, features)."""
        if layer == 0:
            return self.x
        return self._into_next(layer - 1, list(states.h[layer - 1]))

    def before(self, states: States, layer: int, direction: int) -> States:
        """h and c before each step, in the layer's direction: (time, batch, ·).

        The pre-activations and gates are those of the step itself.
        """
        own = states.at(layer, direction)
        h = self._shifted(own.h, self.h0[layer, direction], direction)
        c = None
        if own.c is not None:
            assert self.c0 is not None
            c = self._shifted(own.c, self.c0[layer, direction], direction)
        return replace(own, h=h, c=c)

    def outputs(self, h: np.ndarray) -> np.ndarray:
        """o of states (layer, direction, time, batch, hidden): (output_time, batch, output)."""
        assert self.head is not None
        return self.head.linear(self.read(h)) * self.standing[..., None]

    def read(self, h: np.ndarray) -> np.ndarray:
        """What the head reads of states: (output_time, batch, features)."""
        sequences = np.arange(self.batch)
        read = [h[-1, way][..., at, sequences, :] for way, at in enumerate(self._places())]
        return np.concatenate(read, axis=-1)

    @property
    def standing(self) -> np.ndarray:
        """Which outputs exist: (output_time, batch) of bool."""
        return self._standing()

    def predictions(self, outputs: np.ndarray) -> np.ndarray:
        """y: the softmax of o for a loss of classes, otherwise o itself."""
        if self.loss not in ("cross-entropy", "squared-on-softmax"):
            return outputs
        shifted = np.exp(outputs - outputs.max(axis=-1, keepdims=True))
        return shifted / shifted.sum(axis=-1, keepdims=True) * self._standing(outputs)[..., None]

    def losses(self, outputs: np.ndarray) -> np.ndarray:
        """L_t of every step and sequence: (time, batch); of whole sequences, at the last step."""
        if self.loss == "squared":
            found = 0.5 * (np.where(self.counted, outputs - self.targets, 0.0) ** 2).sum(axis=-1)
        elif self.loss == "squared-on-softmax":
            errors = self._errors(self.predictions(outputs))
            found = 0.5 * (errors**2).sum(axis=-1) * self.counted
        else:
            top = outputs.max(axis=-1)
            log_total = top + np.log(np.exp(outputs - top[..., None]).sum(axis=-1))
            wanted = np.take_along_axis(outputs, self._classes(outputs), axis=-1)[..., 0]
            found = (log_total - wanted) * self.counted
        if outputs.shape[-3] == self.steps:
            return found
        placed = np.zeros((*found.shape[:-2], self.steps, self.batch))
        placed[..., -1, :] = found[..., 0, :]
        return placed

    @cached_property
    def counted(self) -> np.ndarray:
        """Which targets make a loss, in the targets' shape.

        A class of NO_TARGET, a value of NaN and a step that does not exist do not.
        """
        if self.loss == "squared":
            return np.asarray(~np.isnan(self.targets) & self._standing(self.targets)[..., None])
        return np.asarray((self.targets != NO_TARGET) & self._standing(self.targets[..., None]))

    @property
    def has_loss(self) -> np.ndarray:
        """Which outputs have a target: (output_time, batch) of bool."""
        return np.asarray(self.counted.any(axis=-1) if self.loss == "squared" else self.counted)

    # --- back -----------------------------------------------------------------------------------

    def loss_by_output(self, predictions: np.ndarray) -> np.ndarray:
        """∂L/∂o of every output: (output_time, batch, output).

        y − onehot for cross-entropy, y − target for the squared loss (y is o there), and
        (diag(y) − y yᵀ)(y − onehot) for the squared loss on a softmax.
        """
        if self.loss == "squared":
            return np.where(self.counted, predictions - self.targets, 0.0)
        errors = self._errors(predictions)
        if self.loss == "squared-on-softmax":
            along = (predictions * errors).sum(axis=-1, keepdims=True)
            errors = predictions * (errors - along)
        return errors * self.counted[..., None]

    def direct(self, at_output: np.ndarray) -> np.ndarray:
        """∂⁺L/∂h of ∂L/∂o: (layer, direction, time, batch, hidden)."""
        assert self.head is not None
        made = np.zeros((*np.shape(self.h0)[:2], self.steps, *np.shape(self.h0)[2:]))
        parts = np.split(self.head.linear.back(at_output), len(self.layers[-1]), axis=-1)
        for way, (at, part) in enumerate(zip(self._places(), parts, strict=True)):
            made[-1, way, at, np.arange(self.batch)] = part
        return made

    def read_by_head(self) -> np.ndarray:
        """Which states of the top layer the head reads: (direction, time, batch) of bool."""
        read = np.zeros((len(self.layers[-1]), self.steps, self.batch), bool)
        for way, at in enumerate(self._places()):
            read[way, at, np.arange(self.batch)] = True
        return read & self.exists

    def head_gradients(
        self, states: States, at_output: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """∂L/∂V and ∂L/∂c of the head's weight (output, features) and bias (output)."""
        return _outer(at_output, self.read(states.h)), at_output.sum(axis=(0, 1))

    def back_through_time(
        self,
        states: States,
        direct: np.ndarray,
        direct_c: np.ndarray | None = None,
        *,
        keep: bool = False,
        changed: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> Gradients:
        """Gradients of losses by all paths, of their direct parts, by a loop back over the steps.

        With ``keep``, the gradients at the pre-activations are kept, of which those of the
        parameters are made. ``changed`` is what is made of the gradients (row, batch, unit) at a
        step before they go further back.

        Shapes: direct (row, layer, direction, time, batch, hidden), direct_c alike with cell
        """
        at_h = direct.astype(np.float64)
        at_c = None if direct_c is None else direct_c.astype(np.float64)
        if at_c is None and states.c is not None:
            at_c = np.zeros((len(direct), *states.c.shape))
        at_x = np.zeros((len(direct), *self.x.shape))
        by_input: dict[tuple[int, int], np.ndarray] = {}
        by_state: dict[tuple[int, int], np.ndarray] = {}
        for index in reversed(range(len(self.layers))):
            for direction in range(len(self.layers[index])):
                kept = self._back_layer(states, index, direction, at_h, at_c, at_x, keep, changed)
                if keep:
                    by_input[index, direction], by_state[index, direction] = kept
        return Gradients(at_h, at_c, at_x, by_input, by_state)

    def parameter_gradients(self, states: States, gradients: Gradients) -> dict[Kind, np.ndarray]:
        """∂L/∂θ of every recurrent parameter: the sum over losses, steps and sequences.

        The gradients must have been kept.
        """
        found: dict[Kind, np.ndarray] = {}
        for (index, direction), by_input in gradients.by_input.items():
            by_input = by_input.sum(axis=0)
            by_state = gradients.by_state[index, direction].sum(axis=0)
            before = self.before(states, index, direction).h
            place = (index, direction)
            found["weight_ih", *place] = _outer(by_input, self.entering(states, index))
            found["weight_hh", *place] = _outer(by_state, before)
            found["bias_ih", *place] = by_input.sum(axis=(0, 1))
            found["bias_hh", *place] = by_state.sum(axis=(0, 1))
            own = states.at(index, direction)
            if self.layers[index][direction].projection is not None:
                assert own.squashed is not None
                at_h = gradients.h[:, index, direction].sum(axis=0)
                made = own.gates[..., 3, :] * own.squashed
                found["weight_hr", *place] = _outer(at_h, made)
        return found

    # --- the parts ------------------------------------------------------------------------------

    def _order(self, direction: int) -> list[int]:
        return list(range(self.steps)) if direction == 0 else list(reversed(range(self.steps)))

    def _room(self, gates: bool) -> States:
        """Zeros for all states."""
        layer = self.layers[0][0]
        in_front = (*self.h0.shape[:2], *self.x.shape[:-1])
        by_gate = (layer.gates if gates else 0, len(layer.input.weight) // layer.gates)
        h = np.zeros((*in_front, self.h0.shape[-1]))
        of_gates = np.zeros((*in_front, *by_gate)), np.zeros((*in_front, *by_gate))
        if self.c0 is None:
            return States(*of_gates, h)
        c = np.zeros((*in_front, self.c0.shape[-1]))
        return States(*of_gates, h, c, np.zeros_like(c) if gates else c[..., :0])

    def _run_layer(
        self,
        into: States,
        entering: np.ndarray,
        index: int,
        direction: int,
        moved: Mapping[tuple[int, int, int], np.ndarray],
    ) -> None:
        layer = self.layers[index][direction]
        in_front = entering.shape[:-3]
        h = _with_axes(self.h0[index, direction], in_front)
        c = None if self.c0 is None else _with_axes(self.c0[index, direction], in_front)
        for step in self._order(direction):
            here = layer.step(entering[..., step, :, :], h, c)
            if (index, direction, step) in moved:
                here = replace(here, h=here.h + moved[index, direction, step])
            # a sequence that has not begun, in its direction, stays at its first state
            exists = self.exists[step][:, None]
            into.h[..., step, :, :] = here.h * exists
            h = np.where(exists, here.h, h)
            if here.c is not None and into.c is not None and c is not None:
                into.c[..., step, :, :] = here.c * exists
                c = np.where(exists, here.c, c)
            if into.gates.size:
                if into.squashed is not None and here.squashed is not None:
                    into.squashed[..., step, :, :] = here.squashed * exists
                into.gates[..., step, :, :, :] = here.gates * exists[..., None]
                into.preact[..., step, :, :, :] = here.preact * exists[..., None]

    def _back_layer(
        self,
        states: States,
        index: int,
        direction: int,
        at_h: np.ndarray,
        at_c: np.ndarray | None,
        at_x: np.ndarray,
        keep: bool,
        changed: Callable[[np.ndarray], np.ndarray] | None,
    ) -> tuple[np.ndarray, np.ndarray]:
        layer = self.layers[index][direction]
        own, before = states.at(index, direction), self.before(states, index, direction)
        shape = (len(at_h), self.steps, self.batch, own.gates.shape[-2] * own.gates.shape[-1])
        kept = np.zeros(shape if keep else 0), np.zeros(shape if keep else 0)
        carried_h, carried_c = np.zeros(1), np.zeros(1)
        for step in reversed(self._order(direction)):
            exists = self.exists[step][:, None]
            here_h = (at_h[:, index, direction, step] + carried_h) * exists
            at_h[:, index, direction, step] = here_h
            here_c = None
            if at_c is not None:
                here_c = (at_c[:, index, direction, step] + carried_c) * exists
            if changed is not None:
                here_h = changed(here_h)
                here_c = here_c if here_c is None else changed(here_c)
            if not here_h.any() and (here_c is None or not here_c.any()):
                carried_h, carried_c = np.zeros(1), np.zeros(1)
                continue
            back = layer.back(here_h, here_c, own.at(step), before.at(step))
            by_input, by_state = _flat(back.by_input), _flat(back.by_state)
            if keep:
                kept[0][:, step], kept[1][:, step] = by_input, by_state
            self._into_previous(index, step, layer.input.back(by_input), at_h, at_x)
            carried_h = back.h_before + layer.state.back(by_state)
            if at_c is not None:
                at_c[:, index, direction, step] = back.c
                carried_c = np.asarray(back.c_before)
        return kept

    def _into_next(self, index: int, h: Sequence[np.ndarray]) -> np.ndarray:
        made = np.concatenate(h, axis=-1)
        if self.dropout is None or index == len(self.layers) - 1:
            return made
        return made * self.dropout[index]

    def _into_previous(
        self, index: int, step: int, made: np.ndarray, at_h: np.ndarray, at_x: np.ndarray
    ) -> None:
        """Add the gradient at a layer's input to that at x, or at the states of the layer below."""
        if index == 0:
            at_x[:, step] += made
            return
        if self.dropout is not None:
            made = made * self.dropout[index - 1, step]
        for way, part in enumerate(np.split(made, len(self.layers[index - 1]), axis=-1)):
            at_h[:, index - 1, way, step] += part

    def _shifted(self, values: np.ndarray, start: np.ndarray, direction: int) -> np.ndarray:
        found = []
        for step in range(self.steps):
            previous = step - 1 if direction == 0 else step + 1
            if 0 <= previous < self.steps:
                found.append(np.where(self.exists[previous][:, None], values[previous], start))
            else:
                found.append(start)
        return np.array(found)

    def _masked(self, states: States, exists: np.ndarray) -> States:
        """Zero where a step does not exist: (time, batch), or (batch) of one step."""
        one = exists[..., None]
        two = one[..., None]
        made = replace(states, preact=states.preact * two, gates=states.gates * two)
        c, squashed = (None if each is None else each * one for each in (states.c, states.squashed))
        return replace(made, h=states.h * one, c=c, squashed=squashed)

    def _places(self) -> list[np.ndarray]:
        """The steps that the head reads of each direction: (output_time, batch)."""
        assert self.head is not None
        if self.head.reads == EACH_STEP:
            every = np.broadcast_to(np.arange(self.steps)[:, None], (self.steps, self.batch))
            return [every for _ in self.layers[-1]]
        first, last = np.zeros((1, self.batch), int), np.full((1, self.batch), self.steps - 1)
        if self.head.reads == LAST_STEP:
            return [last for _ in self.layers[-1]]
        ends = last if self.lengths is None else np.asarray(self.lengths)[None].astype(int) - 1
        return [ends, first][: len(self.layers[-1])]

    def _standing(self, outputs: np.ndarray | None = None) -> np.ndarray:
        """Which outputs exist, (output_time, batch): one of a whole sequence always does."""
        if outputs is None:
            assert self.head is not None
            whole = self.head.reads != EACH_STEP
        else:
            whole = outputs.shape[-3] != self.steps
        return np.ones((1, self.batch), bool) if whole else self.exists

    def _classes(self, outputs: np.ndarray) -> np.ndarray:
        """The wanted classes, to take them along the last axis: (…, output_time, batch, 1)."""
        classes = np.clip(self.targets, 0, outputs.shape[-1] - 1).astype(np.int64)[..., None]
        return np.broadcast_to(classes, (*outputs.shape[:-1], 1))

    def _errors(self, predictions: np.ndarray) -> np.ndarray:
        """y − onehot."""
        made, classes = predictions.copy(), self._classes(predictions)
        right = np.take_along_axis(made, classes, axis=-1)
        np.put_along_axis(made, classes, right - 1.0, axis=-1)
        return made


def _head(trace: Trace, network: Reference) -> Head | None:
    """The Linear that a trace names, if it is one of the top layer's states.

    Where the outputs are those states themselves, it is the identity. An output for the whole
    sequence may have been read at the last step, or where each direction ended: which one is seen
    from where ``grad_direct`` stands, and from what is closer to the recorded output. If half of
    ``grad_direct`` stands elsewhere, or losses have direct parts at other steps than their own,
    then it is another head, which happened to give the same.
    """
    if trace.output is None or trace.grad_direct_by_loss is not None:
        return None
    readings = (EACH_STEP,) if len(trace.output) == trace.steps else (ENDS, LAST_STEP)
    output, h = _wide(trace.output), _wide(trace.h)
    linear = _linear(trace)
    if linear is None:
        return None
    heads = [Head(linear, reads) for reads in readings]
    if trace.metadata.output_layer is None:
        # most of them: a wrong number among the outputs does not make them another network's
        read = [replace(network, head=head).outputs(h) for head in heads]
        if all(np.mean(each == output) < 0.5 for each in read):
            return None
    given = np.zeros_like(h) if trace.grad_direct is None else trace.grad_direct
    direct = (given != 0).max(axis=-1)

    def elsewhere(head: Head) -> int:
        read = replace(network, head=head).read_by_head()
        return int(direct.sum() - direct[-1][read].sum())

    def distance(head: Head) -> float:
        return float(np.abs(replace(network, head=head).outputs(h) - output).sum())

    closest = heads[0]
    if len(heads) > 1:
        closest = min(heads, key=lambda head: (elsewhere(head), distance(head)))
    return None if 0 < direct.sum() <= 2 * elsewhere(closest) else closest


def _linear(trace: Trace) -> Affine | None:
    """The output layer, or the identity without one, if it fits the top layer's states."""
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
    return Affine(held.astype(np.float64), np.zeros(len(held)) if added is None else _wide(added))


def _wide(array: Any) -> Any:
    """An array in float64; None stays None."""
    return None if array is None else np.asarray(array, dtype=np.float64)


def _sigmoid(a: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return 1.0 / (1.0 + np.exp(-a))


def _gates(states: States) -> list[np.ndarray]:
    return _along(states.gates)


def _along(gates: np.ndarray) -> list[np.ndarray]:
    """Each gate of (…, gate, cell)."""
    return [gates[..., gate, :] for gate in range(gates.shape[-2])]


def _by_gate(flat: np.ndarray, count: int) -> np.ndarray:
    """(…, gate · cell) → (…, gate, cell), as PyTorch puts the gates below each other."""
    return flat.reshape(*flat.shape[:-1], count, -1)


def _flat(by_gate: np.ndarray) -> np.ndarray:
    """(…, gate, cell) → (…, gate · cell)."""
    return by_gate.reshape(*by_gate.shape[:-2], -1)


def _outer(back: np.ndarray, forward: np.ndarray) -> np.ndarray:
    """Σ over time and batch of what comes back at a layer times what went into it."""
    return back.reshape(-1, back.shape[-1]).T @ forward.reshape(-1, forward.shape[-1])


def _stacked(arrays: Sequence[Any]) -> Any:
    return None if arrays[0] is None else np.stack(arrays)


def _with_axes(start: np.ndarray, in_front: tuple[int, ...]) -> np.ndarray:
    return np.broadcast_to(start, (*in_front, *start.shape))

"""A second, independent implementation of recurrent networks in NumPy float64.

Plain loops over time and no torch, to check recordings against. All arrays may have further axes
in front of those that are named: many networks, or many losses, are computed alike.

Source: as for the cells, and the chain rule
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np

from rnnviz.system.short_repr import ShortRepr
from rnnviz.trace import NO_TARGET
from rnnviz.verification.reference.cells import Affine, Layer, States

LOSSES: Final = ("cross-entropy", "squared", "squared-on-softmax")
EACH_STEP: Final = "each step"
LAST_STEP: Final = "last step"
ENDS: Final = "ends"

Kind = tuple[str, int, int]
"""A recurrent parameter: PyTorch's kind of it, its layer and its direction."""


@dataclass(frozen=True)
class Head:
    """One Linear of the top layer's states, both directions concatenated.

    ``reads`` says which states: those of each step, of the last step, or of the ends, which is
    the last step of the forward direction and the first step of the reverse one.
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

    def each(self, change: Callable[[np.ndarray], np.ndarray]) -> "Reference":
        """Return the network with every parameter changed by a function."""
        layers = tuple(
            tuple(
                replace(
                    layer,
                    input=layer.input.each(change),
                    state=layer.state.each(change),
                    projection=layer.projection and layer.projection.each(change),
                )
                for layer in ways
            )
            for ways in self.layers
        )
        head = self.head and replace(self.head, linear=self.head.linear.each(change))
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
        """Compute all states freely, each step from the network's own state before it.

        ``moved`` is added to h at a (layer, direction, step), before h is used any further.
        Without ``gates``, only h and c are kept, and the other arrays are empty.
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
        """Compute all states, each step from the given state before it, so that no error grows."""
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
        """Return the input of a layer at each step: (time, batch, features)."""
        if layer == 0:
            return self.x
        return self._into_next(layer - 1, list(states.h[layer - 1]))

    def before(self, states: States, layer: int, direction: int) -> States:
        """Return h and c before each step, in the layer's direction: (time, batch, ·).

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
        """Return o of h (layer, direction, time, batch, hidden): (output_time, batch, output)."""
        assert self.head is not None
        return self.head.linear(self.read(h)) * self.output_exists[..., None]

    def read(self, h: np.ndarray) -> np.ndarray:
        """Return the part of the states that the head reads: (output_time, batch, features)."""
        sequences = np.arange(self.batch)
        read = [h[-1, way][..., at, sequences, :] for way, at in enumerate(self._places())]
        return np.concatenate(read, axis=-1)

    @property
    def output_exists(self) -> np.ndarray:
        """Which outputs exist: (output_time, batch) of bool."""
        return self._existing()

    def predictions(self, outputs: np.ndarray) -> np.ndarray:
        """Return y: the softmax of o for a loss of classes, otherwise o itself."""
        if self.loss not in ("cross-entropy", "squared-on-softmax"):
            return outputs
        shifted = np.exp(outputs - outputs.max(axis=-1, keepdims=True))
        return shifted / shifted.sum(axis=-1, keepdims=True) * self._existing(outputs)[..., None]

    def losses(self, outputs: np.ndarray) -> np.ndarray:
        """Return L_t of every step and sequence, (time, batch).

        That of a whole sequence is at the last step.
        """
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
        """Which targets have a loss, in the targets' shape.

        Not a class of NO_TARGET, a value of NaN, or a step that does not exist.
        """
        if self.loss == "squared":
            return np.asarray(~np.isnan(self.targets) & self._existing(self.targets)[..., None])
        return np.asarray((self.targets != NO_TARGET) & self._existing(self.targets[..., None]))

    @property
    def has_loss(self) -> np.ndarray:
        """Which outputs have a target: (output_time, batch) of bool."""
        return np.asarray(self.counted.any(axis=-1) if self.loss == "squared" else self.counted)

    # --- back -----------------------------------------------------------------------------------

    def loss_by_output(self, predictions: np.ndarray) -> np.ndarray:
        """Return ∂L/∂o of every output: (output_time, batch, output).

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

    def immediate_gradients(self, at_output: np.ndarray) -> np.ndarray:
        """Return ∂⁺L/∂h from ∂L/∂o: (layer, direction, time, batch, hidden)."""
        assert self.head is not None
        placed = np.zeros((*np.shape(self.h0)[:2], self.steps, *np.shape(self.h0)[2:]))
        parts = np.split(self.head.linear.back(at_output), len(self.layers[-1]), axis=-1)
        for way, (at, part) in enumerate(zip(self._places(), parts, strict=True)):
            placed[-1, way, at, np.arange(self.batch)] = part
        return placed

    def read_by_head(self) -> np.ndarray:
        """Return which states of the top layer the head reads: (direction, time, batch) of bool."""
        read = np.zeros((len(self.layers[-1]), self.steps, self.batch), bool)
        for way, at in enumerate(self._places()):
            read[way, at, np.arange(self.batch)] = True
        return read & self.exists

    def head_gradients(
        self, states: States, at_output: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return ∂L/∂V and ∂L/∂c of the head's weight (output, features) and bias (output)."""
        return _outer(at_output, self.read(states.h)), at_output.sum(axis=(0, 1))

    def back_through_time(
        self,
        states: States,
        immediate: np.ndarray,
        immediate_c: np.ndarray | None = None,
        *,
        keep: bool = False,
        changed: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> Gradients:
        """Compute gradients by all paths from immediate ones, by a loop back over the steps.

        With ``keep``, the gradients at the pre-activations are kept, which
        ``parameter_gradients`` needs. ``changed`` is applied to the gradients (row, batch, unit)
        at a step before they go further back.

        Shapes: immediate (row, layer, direction, time, batch, hidden), immediate_c alike with cell
        """
        at_h = immediate.astype(np.float64)
        at_c = None if immediate_c is None else immediate_c.astype(np.float64)
        if at_c is None and states.c is not None:
            at_c = np.zeros((len(immediate), *states.c.shape))
        at_x = np.zeros((len(immediate), *self.x.shape))
        by_input: dict[tuple[int, int], np.ndarray] = {}
        by_state: dict[tuple[int, int], np.ndarray] = {}
        for index in reversed(range(len(self.layers))):
            for direction in range(len(self.layers[index])):
                kept = self._back_layer(states, index, direction, at_h, at_c, at_x, keep, changed)
                if keep:
                    by_input[index, direction], by_state[index, direction] = kept
        return Gradients(at_h, at_c, at_x, by_input, by_state)

    def parameter_gradients(self, states: States, gradients: Gradients) -> dict[Kind, np.ndarray]:
        """Return ∂L/∂θ of every recurrent parameter, summed over losses, steps and sequences.

        The gradients must come from ``back_through_time`` with ``keep``.
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
                unprojected = own.gates[..., 3, :] * own.squashed
                found["weight_hr", *place] = _outer(at_h, unprojected)
        return found

    # --- parts of these -------------------------------------------------------------------------

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
            # until a sequence begins in this direction, it keeps its initial state
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
        below = np.concatenate(h, axis=-1)
        if self.dropout is None or index == len(self.layers) - 1:
            return below
        return below * self.dropout[index]

    def _into_previous(
        self, index: int, step: int, at_input: np.ndarray, at_h: np.ndarray, at_x: np.ndarray
    ) -> None:
        """Add the gradient at a layer's input to that at x, or at the states of the layer below."""
        if index == 0:
            at_x[:, step] += at_input
            return
        if self.dropout is not None:
            at_input = at_input * self.dropout[index - 1, step]
        for way, part in enumerate(np.split(at_input, len(self.layers[index - 1]), axis=-1)):
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
        """States that are zero where a step does not exist."""
        one = exists[..., None]
        two = one[..., None]
        masked = replace(states, preact=states.preact * two, gates=states.gates * two)
        c, squashed = (None if each is None else each * one for each in (states.c, states.squashed))
        return replace(masked, h=states.h * one, c=c, squashed=squashed)

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

    def _existing(self, outputs: np.ndarray | None = None) -> np.ndarray:
        """Which outputs exist, (output_time, batch): that of a whole sequence always does."""
        if outputs is None:
            assert self.head is not None
            whole = self.head.reads != EACH_STEP
        else:
            whole = outputs.shape[-3] != self.steps
        return np.ones((1, self.batch), bool) if whole else self.exists

    def _classes(self, outputs: np.ndarray) -> np.ndarray:
        """The target classes as indices along the last axis: (…, output_time, batch, 1)."""
        classes = np.clip(self.targets, 0, outputs.shape[-1] - 1).astype(np.int64)[..., None]
        return np.broadcast_to(classes, (*outputs.shape[:-1], 1))

    def _errors(self, predictions: np.ndarray) -> np.ndarray:
        """y − onehot."""
        errors, classes = predictions.copy(), self._classes(predictions)
        right = np.take_along_axis(errors, classes, axis=-1)
        np.put_along_axis(errors, classes, right - 1.0, axis=-1)
        return errors


def _flat(by_gate: np.ndarray) -> np.ndarray:
    """(…, gate, cell) → (…, gate · cell)."""
    return by_gate.reshape(*by_gate.shape[:-2], -1)


def _outer(back: np.ndarray, forward: np.ndarray) -> np.ndarray:
    """Σ over time and batch of what comes back at a layer times what went into it."""
    return back.reshape(-1, back.shape[-1]).T @ forward.reshape(-1, forward.shape[-1])


def _with_axes(start: np.ndarray, in_front: tuple[int, ...]) -> np.ndarray:
    return np.broadcast_to(start, (*in_front, *start.shape))

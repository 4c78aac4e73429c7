"""The fields of a trace, computed again by the reference."""

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np

from rnnviz.trace import Trace
from rnnviz.verification.immediate_gradients import ImmediateGradients, StateGradients
from rnnviz.verification.reference import Gradients, Reference, States, reference_of
from rnnviz.verification.tolerance import TOLERANCE

HEAD: Final = ("weight", "bias")
PARAMETERS: Final = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
_RAN: Final = ("h", "output", "y", "loss", "grad_direct", "grad_direct_c")


Round = Callable[[np.ndarray], np.ndarray]


class Table(NamedTuple):
    """Rows of a table of gradients by loss, and where they may be other than zero.

    Shapes: got and expected (row, …, entry), possible (row, …) of bool
    """

    name: str
    got: np.ndarray
    expected: np.ndarray
    possible: np.ndarray


def unrounded(array: np.ndarray) -> np.ndarray:
    """Return an array as it is: the ``Round`` that rounds nothing."""
    return array


class Recomputed:
    """A trace, and the fields of it that the reference computes.

    ``ran`` is the dtype of the network, ``kept`` that of the recording. ``complete`` is whether the
    loss and what follows the recurrent layer are known, so that losses and immediate gradients can
    be computed as well.
    """

    def __init__(self, trace: Trace):
        self.trace = trace
        self.network, self.states = reference_of(trace), States.of(trace)
        self.ran = trace.metadata.dtype
        self.kept = str(trace.h.dtype)
        self.complete = self.network.head is not None and self.network.knows_loss

    @cached_property
    def immediate(self) -> ImmediateGradients:
        """The recorded immediate gradients; the trace must have gradients."""
        return ImmediateGradients.of(self.trace)

    @property
    def summed(self) -> StateGradients | None:
        """The immediate gradients of the summed loss, None without gradients."""
        return self.immediate.summed() if self.trace.has_gradients else None

    @cached_property
    def fields(self) -> dict[str, np.ndarray]:
        """The fields without an axis of losses."""
        return self.fields_of(self.network, self.states, self.summed)

    def tables(self, rows: np.ndarray) -> Iterator[Table]:
        """Yield both tables of gradients by loss, in some rows."""
        trace, immediate = self.trace, self.immediate.rows(rows)
        assert trace.grad_h_by_loss is not None
        assert trace.grad_x_by_loss is not None
        found = self.network.back_through_time(self.states, *immediate)
        reached_h, reached_x = reached(self.network, *immediate)
        yield Table("grad_h_by_loss", trace.grad_h_by_loss[rows], found.h, reached_h)
        yield Table("grad_x_by_loss", trace.grad_x_by_loss[rows], found.x, reached_x)

    def dtype_of(self, field: str) -> str:
        """Return the dtype whose roundings a field may have: the network's or the recording's."""
        ran = field in _RAN or field.startswith("gradients/")
        own_gate = field == "gates" and self.trace.metadata.cell == "rnn"
        return self.ran if ran or own_gate else self.kept

    def tolerance_of(self, field: str) -> float:
        """Return the largest relative error that a field may have."""
        return TOLERANCE[self.dtype_of(field)]

    def fields_of(
        self,
        network: Reference,
        states: States,
        immediate: StateGradients | None,
        rounded: Round = unrounded,
    ) -> dict[str, np.ndarray]:
        """Return the fields without an axis of losses by name, but those that cannot be known."""
        trace, again = self.trace, network.from_each(states)
        found = {"preact": again.preact, "gates": again.gates, "h": again.h}
        if again.c is not None:
            found["c"] = again.c
        outputs = y = None
        if network.head is not None:
            outputs = found["output"] = network.outputs(states.h)
        elif trace.output is not None:
            outputs = rounded(trace.output.astype(np.float64))
        if outputs is not None:
            y = found["y"] = network.predictions(outputs)
            if network.knows_loss:
                found["loss"] = network.losses(outputs)
        if immediate is None:
            return found
        if network.head is not None and network.knows_loss and y is not None:
            at_output = network.loss_by_output(rounded(y))
            found["grad_direct"] = network.immediate_gradients(at_output)
            if trace.grad_direct_c is not None:
                found["grad_direct_c"] = np.zeros(trace.grad_direct_c.shape)
            if trace.metadata.output_layer is not None:
                of_head = network.head_gradients(states, at_output)
                for kind, gradient in zip(HEAD, of_head, strict=True):
                    name = trace.metadata.output_parameter(kind)
                    if not trace.metadata.shares(name):
                        found[f"gradients/{name}"] = gradient
        back = network.back_through_time(states, *immediate, keep=True, changed=rounded)
        return found | self.fields_through_time(network, states, back)

    def fields_through_time(
        self, network: Reference, states: States, back: Gradients
    ) -> dict[str, np.ndarray]:
        """Return the fields of gradients that go back through time, by name."""
        found = {"grad_h": back.h[0]}
        for place, gradient in network.parameter_gradients(states, back).items():
            found[f"gradients/{self.trace.parameter_name(*place)}"] = gradient
        return found


def table_of(name: str, gradients: Gradients) -> np.ndarray:
    """Return the table of a name, of gradients by loss."""
    return gradients.h if name == "grad_h_by_loss" else gradients.x


def reached(
    network: Reference, h: np.ndarray, c: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return which states and inputs losses with these immediate gradients reach, by all paths.

    Shapes: → (row, layer, direction, time, batch), (row, time, batch), of bool
    """
    there = (h != 0).any(axis=-1)
    if c is not None:
        there |= (c != 0).any(axis=-1)
    below = np.zeros_like(there[:, 0, 0])
    for layer in reversed(range(there.shape[1])):
        there[:, layer] |= below[:, None]
        for direction in range(there.shape[2]):
            own = there[:, layer, direction] & network.exists
            if direction == 0:
                own = np.logical_or.accumulate(own[:, ::-1], axis=1)[:, ::-1]
            else:
                own = np.logical_or.accumulate(own, axis=1)
            there[:, layer, direction] = own & network.exists
        below = there[:, layer].any(axis=1)
    return there, below

"""The long short-term memory.

i, f, o = σ(U x + W h_prev + b), g = tanh(U x + W h_prev + b), c = f c_prev + i g, h = o tanh c.

Source: Hochreiter & Schmidhuber 1997, "Long short-term memory", with the forget gate of Gers,
        Schmidhuber & Cummins 2000, in the form of ``torch.nn.LSTM``
"""

from collections.abc import Mapping
from typing import ClassVar

from rnnviz.cells.base import SIGMOID, TANH, Array, Cell, Namespace, Step


class Lstm(Cell):
    """c = f c_prev + i g, h = o tanh c, or a projection of that."""

    name = "lstm"
    title = "LSTM"
    with_article = "an LSTM"
    year = 1997
    color = "lstm"
    gates = ("i", "f", "g", "o")
    has_cell_state = True
    can_project = True
    modules = ("LSTM", "LSTMCell")
    modes: ClassVar[Mapping[str, str]] = {"LSTM": TANH}

    @property
    def activations(self) -> tuple[str, ...]:
        return (SIGMOID, SIGMOID, TANH, SIGMOID)

    def kept_and_added(self, gates: Array) -> tuple[Array, Array]:
        """f and i g."""
        return gates[..., 1, :], gates[..., 0, :] * gates[..., 2, :]

    def output(self, gates: Array, before: Array, squashed: Array | None) -> Array:
        """o tanh c."""
        return gates[..., 3, :] * squashed

    @property
    def sources(self) -> tuple[slice, ...]:
        """c through i, f and g; h through o."""
        return slice(0, 3), slice(3, 4)

    def by_input(self, step: Step, slopes: Array, xp: Namespace) -> Array:
        """∂c/∂a of i, f and g, ∂(o tanh c)/∂a of o with c held fixed."""
        i, g = step.gates[..., 0, :], step.gates[..., 2, :]
        return slopes * xp.by_gate([g, step.c_before, i, step.squashed])

    def kept(self, gates: Array) -> Array:
        """f."""
        return gates[..., 1, :]

    def output_by_cell_state(self, gates: Array, squashed: Array) -> Array:
        """o (1 − tanh² c)."""
        return gates[..., 3, :] * (1 - squashed) * (1 + squashed)

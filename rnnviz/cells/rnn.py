"""The plain recurrent cell, h = tanh(U x + W h_prev + b), or with relu.

Source: Elman 1990, "Finding structure in time", in the form of ``torch.nn.RNN``
"""

from collections.abc import Mapping
from typing import ClassVar

from rnnviz.cells.base import RELU, TANH, Array, Cell, Namespace, Step


class Rnn(Cell):
    """h = tanh(U x + W h_prev + b)."""

    name = "rnn"
    title = "RNN"
    with_article = "an RNN"
    year = 1990
    color = "rnn"
    gates = ("h",)
    nonlinearities = (TANH, RELU)
    gated = False
    modules = ("RNN", "RNNCell")
    modes: ClassVar[Mapping[str, str]] = {"RNN_TANH": TANH, "RNN_RELU": RELU}

    @property
    def activations(self) -> tuple[str, ...]:
        return (self.nonlinearity,)

    def output(self, gates: Array, before: Array, squashed: Array | None) -> Array:
        """The gate itself."""
        return gates[..., 0, :]

    def by_input(self, step: Step, slopes: Array, xp: Namespace) -> Array:
        """The slope of the nonlinearity."""
        return slopes

"""The gated recurrent unit.

r, z = σ(U x + W h_prev + b), n = tanh(U x + b + r (W h_prev + b')), h = (1 − z) n + z h_prev.

Source: Cho et al. 2014, "Learning phrase representations using RNN encoder-decoder", in the form
        of ``torch.nn.GRU``
"""

from collections.abc import Mapping
from typing import ClassVar

from rnnviz.cells.base import SIGMOID, TANH, Array, Cell, Namespace, Step


class Gru(Cell):
    """h = (1 − z) n + z h_prev; r scales the state's share of n."""

    name = "gru"
    title = "GRU"
    with_article = "a GRU"
    year = 2014
    color = "gru"
    gates = ("r", "z", "n")
    shared_gates = (2,)
    modules = ("GRU", "GRUCell")
    modes: ClassVar[Mapping[str, str]] = {"GRU": TANH}

    @property
    def activations(self) -> tuple[str, ...]:
        return (SIGMOID, SIGMOID, TANH)

    def preactivations(self, of_input: Array, of_state: Array, xp: Namespace) -> Array:
        """The sums, with the state's share of n multiplied by r."""
        preact = of_input + of_state
        r = xp.sigmoid(preact[..., 0, :])
        preact[..., 2, :] = of_input[..., 2, :] + r * of_state[..., 2, :]
        return preact

    def output(self, gates: Array, before: Array, squashed: Array | None) -> Array:
        """(1 − z) n + z h_prev."""
        z, n = gates[..., 1, :], gates[..., 2, :]
        return (1 - z) * n + z * before

    def by_input(self, step: Step, slopes: Array, xp: Namespace) -> Array:
        """∂h/∂a; r reaches h through n."""
        z, n = step.gates[..., 1, :], step.gates[..., 2, :]
        to_n = (1 - z) * slopes[..., 2, :]
        to_r = to_n * step.state_share(2) * slopes[..., 0, :]
        return xp.by_gate([to_r, (step.before - n) * slopes[..., 1, :], to_n])

    def by_state(self, step: Step, by_input: Array, xp: Namespace) -> Array:
        """The same, with that of n multiplied by r."""
        passed = xp.copy(by_input)
        passed[..., 2, :] *= step.gates[..., 0, :]
        return passed

    def kept(self, gates: Array) -> Array:
        """z."""
        return gates[..., 1, :]

"""A minimal gated unit, a cell that rnnviz and PyTorch lack: all that a new cell takes.

f = σ(U x + W h_prev + b), n = tanh(U x + b + f (W h_prev + b')), h = (1 − f) n + f h_prev.

Source: Zhou et al. 2016, "Minimal gated unit for recurrent neural networks", with f after W as in
        PyTorch's GRU
"""

from rnnviz.cells.base import SIGMOID, TANH, Array, Cell, Namespace, Step


class Mgu(Cell):
    """h = (1 − f) n + f h_prev."""

    name = "mgu"
    title = "MGU"
    with_article = "an MGU"
    year = 2016
    gates = ("f", "n")
    shared_gates = (1,)

    @property
    def activations(self) -> tuple[str, ...]:
        return (SIGMOID, TANH)

    def preactivations(self, of_input: Array, of_state: Array, xp: Namespace) -> Array:
        of_f = of_input[..., 0, :] + of_state[..., 0, :]
        return xp.by_gate([of_f, of_input[..., 1, :] + xp.sigmoid(of_f) * of_state[..., 1, :]])

    def output(self, gates: Array, before: Array, squashed: Array | None) -> Array:
        f, n = gates[..., 0, :], gates[..., 1, :]
        return (1 - f) * n + f * before

    def by_input(self, step: Step, slopes: Array, xp: Namespace) -> Array:
        f, n = step.gates[..., 0, :], step.gates[..., 1, :]
        to_n = (1 - f) * slopes[..., 1, :]
        to_f = (step.before - n + to_n * step.state_share(1)) * slopes[..., 0, :]
        return xp.by_gate([to_f, to_n])

    def by_state(self, step: Step, by_input: Array, xp: Namespace) -> Array:
        passed = xp.copy(by_input)
        passed[..., 1, :] *= step.gates[..., 0, :]
        return passed

    def kept(self, gates: Array) -> Array:
        return gates[..., 0, :]

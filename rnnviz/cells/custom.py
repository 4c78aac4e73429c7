"""A cell that is the user's own code: it has a name here, and no equations."""

from typing import NoReturn

from rnnviz.cells.base import Array, Cell, Namespace, Step
from rnnviz.errors import TraceError

_UNKNOWN = (
    "the cell is code of your own, whose equations rnnviz does not know; use what needs states, "
    "gradients and Jacobians only, such as gradient_norms or state_jacobian_norms, or record one "
    "of PyTorch's layers"
)


class Custom(Cell):
    """The user's own step, known by what was recorded of it."""

    name = "custom"
    title = "custom cell"
    with_article = "a custom cell"
    year = 0
    gates = ()

    @property
    def activations(self) -> tuple[str, ...]:
        return ()

    def preactivations(self, of_input: Array, of_state: Array, xp: Namespace) -> Array:
        """Raises TraceError, as all equations here."""
        refuse_equations()

    def activate_all(self, preact: Array, xp: Namespace) -> Array:
        """Raises TraceError."""
        refuse_equations()

    def output(self, gates: Array, before: Array, squashed: Array | None) -> Array:
        """Raises TraceError."""
        refuse_equations()

    def slopes(self, gates: Array, xp: Namespace) -> Array:
        """Raises TraceError."""
        refuse_equations()

    def by_input(self, step: Step, slopes: Array, xp: Namespace) -> Array:
        """Raises TraceError."""
        refuse_equations()

    def kept(self, gates: Array) -> Array | None:
        """Raises TraceError."""
        refuse_equations()


def refuse_equations() -> NoReturn:
    """Raise TraceError, for a measure that needs the equations of a cell that has none here."""
    raise TraceError(_UNKNOWN)

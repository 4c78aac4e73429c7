"""What every recurrent cell provides: its names, its equations and their derivatives.

For each gate g, a cell computes a pre-activation a_g from U_g x + b_g and W_g h_prev + b'_g, and
from it the gate σ(a_g) or tanh(a_g). Its state h follows from the gates and the previous state. A
cell with a cell state computes c = kept · c_prev + added, unit by unit, and h = output_gate ·
tanh c.

The equations work on the arrays of any library. Functions other than operators come from a
namespace ``xp``: ``rnnviz.cells.steps.NUMPY``, or PyTorch's in ``rnnviz.recording``.

Shapes: gates and pre-activations (…, gate, cell), states (…, cell)
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Protocol

Array = Any
"""An array of NumPy, or a tensor."""

SUFFIXES: Final = ("", "_reverse")
"""How PyTorch ends a parameter's name, by direction."""

SIGMOID: Final = "sigmoid"
TANH: Final = "tanh"
RELU: Final = "relu"


class Namespace(Protocol):
    """The functions of an array library that cells are written with."""

    def tanh(self, a: Array, /) -> Array: ...
    def sigmoid(self, a: Array, /) -> Array: ...
    def relu(self, a: Array, /) -> Array: ...

    def positive(self, a: Array, /) -> Array:
        """1 where a > 0, else 0, in the dtype of a."""

    def by_gate(self, parts: list[Array], /) -> Array:
        """Stack one (…, cell) for each gate into (…, gate, cell)."""

    def copy(self, a: Array, /) -> Array: ...


class Step(Protocol):
    """Steps of a layer, from which derivatives follow; ``squashed`` is tanh c."""

    @property
    def gates(self) -> Array: ...
    @property
    def before(self) -> Array: ...
    @property
    def c_before(self) -> Array: ...
    @property
    def squashed(self) -> Array: ...

    def state_share(self, gate: int) -> Array:
        """W_g h_prev + b'_g of one gate: (…, cell)."""


@dataclass(frozen=True)
class Cell(ABC):
    """A recurrent cell. A subclass in a module of this package is known everywhere by its name.

    ``modules`` names PyTorch's layer and its step-by-step class, ``modes`` the ``mode`` of that
    layer with the nonlinearity each stands for. A cell that PyTorch lacks names neither: its
    layers are then run by its own equations (``rnnviz.recording.equation_layer``), with PyTorch's
    names and shapes of parameters.
    """

    nonlinearity: str = TANH

    name: ClassVar[str]
    """In options and metadata."""
    title: ClassVar[str]
    with_article: ClassVar[str]
    year: ClassVar[int]
    """Of publication; cells are listed by it."""
    color: ClassVar[str] = "weight"
    """The role of the palette in which the cell is drawn beside others."""
    gates: ClassVar[tuple[str, ...]]
    """Names, in the order in which PyTorch stacks their weights."""
    nonlinearities: ClassVar[tuple[str, ...]] = (TANH,)
    gated: ClassVar[bool] = True
    """False where the only gate is the state itself."""
    has_cell_state: ClassVar[bool] = False
    can_project: ClassVar[bool] = False
    """Whether h may be a projection (weight_hr) of the units."""
    shared_gates: ClassVar[tuple[int, ...]] = ()
    """Gates whose ``state_share`` the derivatives ask for."""
    modules: ClassVar[tuple[str, str] | None] = None
    modes: ClassVar[Mapping[str, str]] = {}

    # --- names ----------------------------------------------------------------------------------

    @property
    def full_title(self) -> str:
        """The title, with the nonlinearity where there is a choice: 'tanh RNN', 'LSTM'."""
        return f"{self.nonlinearity} {self.title}" if self.settings else self.title

    @property
    def full_title_with_article(self) -> str:
        """The full title in a sentence: 'a tanh RNN', 'an LSTM'."""
        return f"a {self.full_title}" if self.settings else self.with_article

    @property
    def description(self) -> str:
        """The name, with the nonlinearity where there is a choice: 'rnn, tanh', 'lstm'."""
        return f"{self.name}, {self.nonlinearity}" if self.settings else self.name

    @property
    def settings(self) -> Mapping[str, str]:
        """The keyword arguments of its modules besides sizes."""
        return {"nonlinearity": self.nonlinearity} if len(self.nonlinearities) > 1 else {}

    @property
    def carried(self) -> str:
        """The state that reaches the next step by the most direct path: c, or h without one."""
        return "c" if self.has_cell_state else "h"

    @property
    def has_forget_gate(self) -> bool:
        """Whether a gate named f scales the previous cell state."""
        return "f" in self.gates

    @property
    def candidate(self) -> str | None:
        """The gate that proposes new values: the one after a tanh; None in a cell without gates."""
        names = zip(self.gates, self.activations, strict=True)
        return next((gate for gate, name in names if self.gated and name == TANH), None)

    @property
    def is_textbook(self) -> bool:
        """Whether it is h = tanh(U x + W h_prev + b)."""
        return not self.gated and self.nonlinearity == TANH

    @property
    def has_kink(self) -> bool:
        """Whether a nonlinearity has no derivative somewhere."""
        return RELU in self.activations

    # --- equations ------------------------------------------------------------------------------

    @property
    @abstractmethod
    def activations(self) -> tuple[str, ...]:
        """The nonlinearity of each gate: sigmoid, tanh or relu."""

    def preactivations(self, of_input: Array, of_state: Array, xp: Namespace) -> Array:
        """The pre-activations, from U x + b and W h_prev + b', both (…, gate, cell)."""
        return of_input + of_state

    def activate(self, preact: Array, gate: int, xp: Namespace) -> Array:
        """Apply the nonlinearity of a gate."""
        return getattr(xp, self.activations[gate])(preact)

    def activate_all(self, preact: Array, xp: Namespace) -> Array:
        """The gates, each after its own nonlinearity."""
        gates = self.activate(preact, 0, xp)
        for gate, name in enumerate(self.activations):
            if name != self.activations[0]:
                gates[..., gate, :] = self.activate(preact[..., gate, :], gate, xp)
        return gates

    def kept_and_added(self, gates: Array) -> tuple[Array, Array]:
        """The two terms of c = kept · c_prev + added. Only cells with a cell state have them."""
        raise NotImplementedError

    @abstractmethod
    def output(self, gates: Array, before: Array, squashed: Array | None) -> Array:
        """The state h, before any projection, from the gates, h_prev and tanh c."""

    # --- derivatives ----------------------------------------------------------------------------

    @property
    def sources(self) -> tuple[slice, ...]:
        """The gates that a gradient passes back through, for each source: a state where it arrives.

        The source is h; with a cell state there are two, c, and h with c held fixed.
        """
        return (slice(0, len(self.gates)),)

    def slopes(self, gates: Array, xp: Namespace) -> Array:
        """The derivative of each gate's nonlinearity: 1 − h² of tanh, σ (1 − σ), 1 or 0 of relu."""
        first = self.activations[0]
        slopes = _slope(first, gates, xp)
        for gate, name in enumerate(self.activations):
            if name != first:
                slopes[..., gate, :] = _slope(name, gates[..., gate, :], xp)
        return slopes

    @abstractmethod
    def by_input(self, step: Step, slopes: Array, xp: Namespace) -> Array:
        """∂source/∂a unit by unit, through the input's share of each pre-activation a.

        c_prev is held fixed.
        """

    def by_state(self, step: Step, by_input: Array, xp: Namespace) -> Array:
        """The same through the state's share of each pre-activation."""
        return by_input

    def kept(self, gates: Array) -> Array | None:
        """∂s/∂s_prev along the path around all gates, or None without one.

        s is c, or h of a cell without a cell state."""
        return None

    def output_by_cell_state(self, gates: Array, squashed: Array) -> Array:
        """∂h/∂c before any projection. Only cells with a cell state have it."""
        raise NotImplementedError


def _slope(activation: str, gate: Array, xp: Namespace) -> Array:
    if activation == RELU:
        return xp.positive(gate)
    return (1 - gate) * (1 + gate) if activation == TANH else gate * (1 - gate)

"""The formulas of gated cells, and of what a gradient meets on its way back."""

from collections.abc import Mapping
from typing import Final

from manim import UP

from rnnviz.mobjects import layout
from rnnviz.mobjects.equation import Equation
from rnnviz.mobjects.theme import Role, Theme

_ROLES: Final[Mapping[str, Role]] = {
    "c": "hidden",
    "h": "hidden",
    "before": "hidden",
    "new": "hidden",
    "keep": "gate",
    "write": "gate",
    "gate": "gate",
    "left": "gate",
    "gated": "lstm",
    "other": "gru",
    "plain": "rnn",
}
_SIZE: Final = 0.5


def gate_equation(theme: Theme) -> Equation:
    """Return how an LSTM computes its forget gate."""
    return _on_top("{{ f_t : keep }} = sigma(U_f x_t + W_f h_(t-1) + b_f)", theme)


def write_equation(theme: Theme) -> Equation:
    """Return how an LSTM computes its input gate and its candidate, from the same inputs."""
    return _on_top(
        "{{ i_t : write }} = sigma(U_i x_t + W_i h_(t-1) + b_i) quad quad "
        "{{ g_t : new }} = tanh(U_g x_t + W_g h_(t-1) + b_g)",
        theme,
        size=0.44,
    )


def lstm_equation(theme: Theme) -> Equation:
    """Return the update of an LSTM's cell state: the part kept and the part written."""
    return _on_top(
        "{{ c_t : c }} = {{ f_t : keep }} dot.o {{ c_(t-1) : before }} + "
        "{{ i_t : write }} dot.o {{ g_t : new }}",
        theme,
    )


def output_equation(theme: Theme) -> Equation:
    """Return what an LSTM gives out of its cell."""
    return _on_top("{{ h_t : h }} = {{ q_t : gate }} dot.o tanh({{ c_t : c }})", theme)


def gru_equation(theme: Theme) -> Equation:
    """Return the update of a GRU's state: the part kept and the part written."""
    return _on_top(
        "{{ h_t : h }} = {{ z_t : keep }} dot.o {{ h_(t-1) : before }} + "
        "{{ (1 - z_t) : write }} dot.o {{ n_t : new }}",
        theme,
    )


def candidate_equation(theme: Theme) -> Equation:
    """Return a GRU's candidate, in which the reset gate scales what comes from the state."""
    return _on_top(
        "{{ n_t : new }} = tanh(U_n x_t + {{ r_t : gate }} dot.o (W_n {{ h_(t-1) : before }}))",
        theme,
    )


def product_equation(gate: str, left: str, theme: Theme) -> Equation:
    """Return the product of the gate that keeps over the words after the one that is followed."""
    return _on_top(f'{{{{ product {gate}_t : keep }}}} = {{{{ "{left}" : left }}}}', theme)


def path_equation(theme: Theme) -> Equation:
    """Return one step back through an LSTM's cell, a GRU, and a plain network.

    The dots are the paths through the gates and the candidate, which depend on the state.
    """
    return _on_top(
        "{{ (partial c_t)/(partial c_(t-1)) = f_t + dots.c : gated }} quad quad "
        "{{ (partial h_t)/(partial h_(t-1)) = z_t + dots.c : other }} quad quad "
        '{{ (partial h_t)/(partial h_(t-1)) = "diag"(1 - h_t^2) W : plain }}',
        theme,
        size=0.44,
    )


def _on_top(source: str, theme: Theme, size: float = _SIZE) -> Equation:
    equation = Equation(source, theme, roles=_ROLES, size=size)
    return equation.shift(layout.FORMULA_Y * UP)

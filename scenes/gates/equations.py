"""The formulas of gated cells, and of their gradients."""

from collections.abc import Mapping
from typing import Final

from manim import UP

from rnnviz.mobjects import layout
from rnnviz.mobjects.equation import Equation
from rnnviz.mobjects.theme import Role, Theme

ROLES: Final[Mapping[str, Role]] = {"c": "hidden", "keep": "hidden", "write": "input"}


def lstm_equation(theme: Theme) -> Equation:
    """Return the update of an LSTM's cell state: the part kept and the part written."""
    return Equation(
        "{{ c_t : c }} = {{ f_t : keep }} dot.o {{ c_(t-1) : before }} + "
        "{{ i_t dot.o g_t : write }} , quad {{ h_t : h }} = o_t dot.o tanh(c_t)",
        theme,
        roles=ROLES,
        size=0.48,
    ).shift(layout.FORMULA_Y * UP)


def gru_equation(theme: Theme) -> Equation:
    """Return the update of a GRU's state: the part kept and the part written."""
    return Equation(
        "{{ h_t : h }} = {{ z_t : keep }} dot.o {{ h_(t-1) : before }} + "
        "{{ (1 - z_t) dot.o n_t : write }}",
        theme,
        roles=ROLES,
        size=0.48,
    ).shift(layout.FORMULA_Y * UP)


def gradient_title(theme: Theme) -> Equation:
    """Return the quantity of the lines: the gradient at a state over that at the last."""
    return Equation(
        "norm((partial L_t)/(partial s_k)) \\/ norm((partial L_t)/(partial s_t)) , "
        "quad s in {h, c}",
        theme,
        size=0.42,
    ).shift(layout.FORMULA_Y * UP)

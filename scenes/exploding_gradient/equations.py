"""The formulas of a gradient that explodes, and of clipping."""

from typing import Final

from manim import UP

from rnnviz.measure.cliff import AIM, STEPS
from rnnviz.mobjects import layout
from rnnviz.mobjects.equation import Equation
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.theme import Role, Theme

_CLIPPING: Final = (
    "{{ nabla L : g }} arrow.l min(1, {{ theta : threshold }} \\/ "
    "{{ norm(nabla L) : norm }}) thin {{ nabla L : gradient }}"
)
_RIM: Final = 6.0
"""The rim of a formula over a stage in space, whose floor reaches behind it."""


def relu(theme: Theme) -> Equation:
    """Return the nonlinearity of the network whose training explodes."""
    return _on_top('"ReLU"(a) = max(0, a)', theme)


def backward_step(theme: Theme) -> Equation:
    """Return one step of a gradient back through time: the slopes, then W transposed."""
    return _on_top(
        "{{ (partial L)/(partial h_(k-1)) : left }} = {{ W^T : W }} "
        '{{ "diag"(s_k) : slopes }} {{ (partial L)/(partial h_k) : at }}',
        theme,
    )


def one_unit(theme: Theme) -> Equation:
    """Return the network of one unit whose loss has a cliff, and this loss."""
    return _on_top(
        'h_t = {{ w : weight }} "sigmoid"(h_(t-1)) + {{ italic("b") : bias }} , quad '
        f'{{{{ L : loss }}}} = ("sigmoid"(h_{STEPS}) - "{number(AIM, 1)}")^2',
        theme,
    )


def clipping(theme: Theme) -> Equation:
    """Return how a gradient is clipped to a length θ."""
    return _on_top(_CLIPPING, theme)


def clipping_in_numbers(length: str, factor: str, longest: str, theme: Theme) -> Equation:
    """Return how a gradient is clipped, and its factor in numbers."""
    return _on_top(
        f'{_CLIPPING} , quad min(1, "{longest}" \\/ "{length}") = {{{{ "{factor}" : factor }}}}',
        theme,
    )


def _on_top(source: str, theme: Theme) -> Equation:
    roles: dict[str, Role] = {
        "weight": "weight",
        "bias": "weight",
        "norm": "gradient",
        "threshold": "text",
        "factor": "gradient",
    }
    equation = Equation(source, theme, size=0.5, roles=roles).shift(layout.FORMULA_Y * UP)
    equation.ink.set_stroke(theme.ground, width=_RIM, background=True)
    return equation

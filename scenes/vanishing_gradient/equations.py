"""The formulas of a gradient that vanishes, with gradients as columns."""

from typing import Final

import numpy as np

from rnnviz.mobjects.equation import Equation
from rnnviz.mobjects.numbers import number, percent
from rnnviz.mobjects.shown_states import state_symbol
from rnnviz.mobjects.theme import Theme
from rnnviz.trace import Trace

PERCENT_UP_TO: Final = 1.005
"""The largest share that is written as a percentage."""


def step_equation(trace: Trace, loss: int, state: str, theme: Theme) -> Equation:
    """Return one step back of ∂L/∂state, by a trace's cell; ``loss`` counts from 1.

    Of an LSTM it is that at c; what is added comes through h.
    """
    before, now = (f"(partial L_({loss}))/(partial {state_symbol(state, k)})" for k in ("k-1", "k"))
    at = f"{{{{ {now} : at }}}}"
    if trace.c is not None:
        right = f"{{{{ f_k : factors }}}} dot.o {at} + dots.c"
    elif trace.is_custom or trace.cell.gated:
        step = "".join(
            f"(partial {state_symbol(state, 'k')})/(partial {state_symbol(state, 'k-1')})"
        )
        right = f"{{{{ ({step})^T : factors }}}} {at}"
    else:
        slopes = '"diag"(1 - h_k^2)' if trace.cell.is_textbook else '"diag"("relu"\'(a_k))'
        right = f"{{{{ W^T {slopes} : factors }}}} {at}"
    return Equation(f"{{{{ {before} : left }}}} = {right}", theme, size=0.5)


def product_equation(ratios: np.ndarray, left: float, theme: Theme) -> Equation:
    """Return the product of ratios, the last one first, and what is left.

    Shapes: ratios (steps,), in the order of time
    """
    factors = " times ".join(
        f'{{{{ "{number(float(each))}" : f{place} }}}}' for place, each in enumerate(ratios[::-1])
    )
    result = f'{{{{ "{number(left)}" : left }}}}'
    if left <= PERCENT_UP_TO:
        result = f'"{number(left)}" = {{{{ "{percent(left)}" : left }}}}'
    return Equation(f"{factors} = {result}", theme, size=0.38, roles={"left": "gradient"})


def terms_equation(trace: Trace, loss: int, theme: Theme) -> Equation:
    """Return the gradient of W as a sum of one term for each use; ``loss`` counts from 1.

    Of a cell with gates, a_k is what W is used for at step k.
    """
    term, aside = f'"diag"(1 - h_k^2) (partial L_({loss}))/(partial h_k) h_(k-1)^T', ""
    if not trace.cell.is_textbook:
        term = f"(partial L_({loss}))/(partial a_k) h_(k-1)^T"
        aside = " quad quad a_k = W h_(k-1)"
    return Equation(
        f"{{{{ (partial L_({loss}))/(partial W) : left }}}} = sum_(k=1)^({loss}) "
        f"{{{{ {term} : term }}}}{aside}",
        theme,
        size=0.46,
    )

"""The formulas of backpropagation through time, with gradients as columns throughout."""

from rnnviz.mobjects.equation import Equation
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.trace import CLASSES, VALUES, Trace

_SIZE = 0.5
_SUM_SIZE = 0.46


def loss_equation(trace: Trace, t: int, theme: Theme) -> Equation:
    """Return what the loss of a step is; one that rnnviz does not know is only named."""
    if trace.metadata.loss == "cross-entropy":
        right = f"-sum_i y_({t},i)^* thin ln y_({t},i)"
    elif trace.metadata.loss not in (*CLASSES, *VALUES):
        right = f"ell(y_({t}), y_({t})^*)"
    else:
        right = f"1/2 norm(y_({t}) - y_({t})^*)^2"
    return Equation(f"{{{{ L_({t}) : loss }}}} = {right}", theme, roles={"loss": "text"})


def paths_equation(step: int, terms: int, theme: Theme) -> Equation:
    """Return ∂L_t/∂W as a sum over paths, one term for each use of W."""
    parts = [
        f"{{{{ (partial L_({step}))/(partial h_({k})) : at{k} }}}} "
        f"{{{{ (partial^+ h_({k}))/(partial W) : direct{k} }}}}"
        for k in range(step, step - terms, -1)
    ]
    roles = {
        **{f"at{k}": "gradient" for k in range(step + 1)},
        **{f"direct{k}": "gradient" for k in range(step + 1)},
    }
    return Equation(
        f"{{{{ (partial L_({step}))/(partial W) : left }}}} = " + " + ".join(parts),
        theme,
        roles=roles,  # type: ignore[arg-type]
        size=_SIZE,
    )


def output_equation(step: int, theme: Theme) -> Equation:
    """Return ∂L_t/∂V as an outer product."""
    return _gradient(step, "V", f"{_at(step, f'o_({step})')} thin {_row(f'h_({step})')}", theme)


def state_equation(step: int, theme: Theme) -> Equation:
    """Return ∂L_t/∂h_t, the gradient at the scores through V transposed."""
    right = f"{{{{ V^T : V }}}} {_at(step, f'o_({step})')}"
    return _gradient(step, f"h_({step})", right, theme)


def forward_equation(step: int, theme: Theme) -> Equation:
    """Return the sum of a step, and its state."""
    return Equation(
        f"{{{{ a_({step}) : sum }}}} = {{{{ U : U }}}} {{{{ x_({step}) : x }}}} + {{{{ W : W }}}} "
        f"{{{{ h_({step - 1}) : before }}}} + {{{{ b : b }}}}, quad "
        f"{{{{ h_({step}) : now }}}} = tanh(a_({step}))",
        theme,
        roles={"sum": "text"},
        size=_SIZE,
    )


def one_weight_equation(step: int, row: int, column: int, theme: Theme) -> Equation:
    """Return the chain rule for one weight and one use of it: its sum, its state, the loss."""
    weight, unit = f"W_({row},{column})", f"({step},{row})"
    return Equation(
        f"{{{{ (partial^+ L_({step}))/(partial {weight}) : left }}}} = "
        f"{{{{ (partial^+ a_{unit})/(partial {weight}) : f0 }}}} dot "
        f"{{{{ (partial h_{unit})/(partial a_{unit}) : f1 }}}} dot "
        f"{{{{ (partial L_({step}))/(partial h_{unit}) : f2 }}}}",
        theme,
        roles={"f0": "gradient", "f1": "gradient", "f2": "gradient"},
        size=_SIZE,
    )


def term_equation(step: int, use: int, theme: Theme) -> Equation:
    """Return the term of one use of W as arrays."""
    right = f"{_at_sum(step, use)} thin {_row(f'h_({use - 1})')}"
    more = f" (partial^+ h_({use}))/(partial W)"
    return _gradient(step, f"h_({use})", right, theme, more=more)


def step_back_equation(step: int, use: int, theme: Theme) -> Equation:
    """Return the step from ∂L_t/∂h_k to ∂L_t/∂h_{k−1}."""
    right = f"{{{{ W^T : W }}}} {_at_sum(step, use)}"
    return _gradient(step, f"h_({use - 1})", right, theme)


def way_back_equation(step: int, theme: Theme) -> Equation:
    """Return ∂L_t/∂h_k with all factors from step k + 1, on the left, to the last one."""
    factors = f'W^T "diag"(1 - h_(k+1)^2) thin dots.c thin W^T "diag"(1 - h_({step})^2)'
    right = f"{{{{ {factors} : factors }}}} {_at(step, f'h_({step})')}"
    return _gradient(step, "h_k", right, theme)


def general_equation(weight: str, step: int, theme: Theme, *, with_notes: bool = False) -> Equation:
    """Return ∂L_t/∂W or ∂L_t/∂U as the sum over all uses of the term of each.

    ``with_notes`` leaves room for notes below its parts.
    """
    apart = "quad quad" if with_notes else "thin"
    before = {"W": "h_(k-1)", "U": "x_k"}[weight]
    slopes = "{{ (1 - h_k^2) : slopes }}"
    term = f"( {_at(step, 'h_k')} {apart} dot.o {apart} {slopes} ) {apart} {_row(before)}"
    right = f"{{{{ sum_(k=1)^({step}) : sum }}}} {apart} {term}"
    state: Role = "input" if weight == "U" else "hidden"
    return _gradient(step, weight, right, theme, size=_SUM_SIZE, state=state)


def jacobian_equation(symbol: str, step: int, use: int, theme: Theme) -> Equation:
    """Return the step from ∂L_t/∂s_k to ∂L_t/∂s_{k−1} of any cell, whose state is s."""
    right = f"{_jacobian(symbol, use, use - 1)} {_at(step, f'{symbol}_({use})')}"
    return _gradient(step, f"{symbol}_({use - 1})", right, theme)


def jacobians_equation(symbol: str, step: int, theme: Theme) -> Equation:
    """Return ∂L_t/∂s_k with the Jacobians of all steps from k + 1, on the left, to the last one."""
    first = f"((partial {symbol}_(k+1))/(partial {symbol}_k))^T"
    last = f"((partial {symbol}_({step}))/(partial {symbol}_({step - 1})))^T"
    right = f"{{{{ {first} thin dots.c thin {last} : factors }}}} {_at(step, f'{symbol}_({step})')}"
    return _gradient(step, f"{symbol}_k", right, theme)


def uses_equation(step: int, theme: Theme) -> Equation:
    """Return ∂L_t/∂W as the sum over the uses of W."""
    right = f"sum_(k=1)^({step}) {_at(step, 'W_k')}"
    return _gradient(step, "W", right, theme)


def _jacobian(symbol: str, after: int, before: int) -> str:
    return f"{{{{ ((partial {symbol}_({after}))/(partial {symbol}_({before})))^T : factors }}}}"


def _gradient(
    step: int,
    of: str,
    right: str,
    theme: Theme,
    *,
    more: str = "",
    size: float = _SIZE,
    state: Role = "hidden",
) -> Equation:
    """Return an equation whose left side is ∂L_t with respect to something, and ``more``."""
    left = f"{{{{ (partial L_({step}))/(partial {of}){more} : left }}}}"
    return Equation(f"{left} = {right}", theme, size=size, roles={"state": state})


def _at(step: int, place: str) -> str:
    return f"{{{{ (partial L_({step}))/(partial {place}) : at }}}}"


def _at_sum(step: int, use: int) -> str:
    """Return ∂L_t/∂a_k: the gradient at a state times the slopes, unit by unit."""
    return f"({_at(step, f'h_({use})')} dot.o {{{{ (1 - h_({use})^2) : slopes }}}})"


def _row(state: str) -> str:
    return f"{{{{ {state}^T : state }}}}"

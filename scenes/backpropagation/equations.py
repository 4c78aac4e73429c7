"""The formulas of backpropagation through time."""

from rnnviz.mobjects.equation import Equation
from rnnviz.mobjects.theme import Theme

_SIZE = 0.46


def losses_equation(theme: Theme) -> Equation:
    """Return L = Σ L_t."""
    return Equation("{{ L : left }} = sum_t {{ L_t : term }}", theme, size=_SIZE)


def output_gradient_equation(step: int, theme: Theme) -> Equation:
    """Return ∂L_t/∂V as an outer product."""
    return Equation(
        f"{{{{ (partial L_({step}))/(partial V) : left }}}} = "
        f"{{{{ (partial L_({step}))/(partial o_({step})) : at }}}} {{{{ h_({step})^T : state }}}}",
        theme,
        size=_SIZE,
    )


def one_step_back_equation(step: int, theme: Theme) -> Equation:
    """Return the step from ∂L_t/∂h_t to ∂L_t/∂h_{t−1}."""
    return Equation(
        f"{{{{ (partial L_({step}))/(partial h_({step - 1})) : left }}}} = "
        f'{{{{ W^T : W }}}} thin {{{{ "diag"(1 - h_({step})^2) : slopes }}}} '
        f"{{{{ (partial L_({step}))/(partial h_({step})) : at }}}}",
        theme,
        size=_SIZE,
    )


def unrolled_sum_equation(weight: str, step: str, theme: Theme) -> Equation:
    """Return ∂L_t/∂W or ∂L_t/∂U, with a product of Jacobians and an immediate derivative."""
    return Equation(
        f"{{{{ (partial L_({step}))/(partial {weight}) : left }}}} = sum_(k=1)^({step}) "
        f"{{{{ (partial L_({step}))/(partial h_({step})) : at }}}} "
        f'{{{{ product_(j={step})^(k+1) "diag"(1 - h_j^2) W : factors }}}} thin '
        f"{{{{ (partial^+ h_k)/(partial {weight}) : direct }}}}",
        theme,
        roles={"direct": "hidden"},
        size=_SIZE,
    )

"""A formula with parts that can be lit up, and the formulas that several scenes show."""

from collections.abc import Mapping
from typing import Final

from manim import Animation, AnimationGroup, ReplacementTransform, VGroup

from rnnviz.mobjects.text import FORMULA, formula
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.trace import Trace

LAYER_ROLES: Final[Mapping[str, Role]] = {
    "now": "hidden",
    "before": "hidden",
    "x": "input",
    "U": "weight",
    "W": "weight",
    "b": "weight",
}


class Equation(VGroup):
    """A formula with named parts: ``{{ W : W }}`` in its source names the part ``W``."""

    def __init__(
        self, source: str, theme: Theme, *, roles: Mapping[str, Role], size: float = FORMULA
    ):
        self.theme = theme
        self.roles = dict(roles)
        self.ink = formula(source, color=theme.color("text"), size=size)
        super().__init__(self.ink)

    def part(self, name: str) -> VGroup:
        """Return the glyphs of one part."""
        return self.ink.part(name)

    def light(self, *names: str, run_time: float = 0.5) -> Animation:
        """Give the named parts their colours and dim the rest."""
        lit = [
            self.part(name).animate.set_color(self.theme.color(self.roles[name])) for name in names
        ]
        return AnimationGroup(
            self.ink.animate.set_color(self.theme.color("note")), *lit, run_time=run_time
        )

    def plain(self, run_time: float = 0.5) -> Animation:
        """Give all parts the colour of text."""
        return self.ink.animate(run_time=run_time).set_color(self.theme.color("text"))

    def turn_into(self, other: "Equation", run_time: float = 0.6) -> Animation:
        """Turn the formula into another."""
        return ReplacementTransform(self, other, run_time=run_time)


def step_equation(step: str, before: str, theme: Theme) -> Equation:
    """Return the recurrent layer at one step: h_t = tanh(U x_t + W h_{t−1} + b)."""
    return Equation(
        f"{{{{ h_({step}) : now }}}} = tanh({{{{ U : U }}}} {{{{ x_({step}) : x }}}} + "
        f"{{{{ W : W }}}} {{{{ h_({before}) : before }}}} + {{{{ b : b }}}})",
        theme,
        roles=LAYER_ROLES,
    )


def output_equation(step: int, trace: Trace, theme: Theme) -> Equation:
    """Return the output layer at one step, with softmax unless the loss is squared."""
    linear = f"{{{{ V : V }}}} {{{{ h_({step}) : h }}}} + {{{{ c : c }}}}"
    right = linear if trace.metadata.loss == "squared" else f'"softmax"({linear})'
    return Equation(
        f"{{{{ y_({step}) : y }}}} = {right}",
        theme,
        roles={"y": "output", "V": "weight", "c": "weight", "h": "hidden"},
    )


def backward_equation(step: int, theme: Theme) -> Equation:
    """Return a loss's gradient at an earlier state, a product of one-step Jacobians."""
    return Equation(
        f"{{{{ (partial L_({step}))/(partial h_k) : left }}}} = "
        f"{{{{ (partial L_({step}))/(partial h_({step})) : direct }}}} "
        f'{{{{ product_(j={step})^(k+1) "diag"(1 - h_j^2) W : factors }}}}',
        theme,
        roles={"left": "gradient", "direct": "gradient", "factors": "weight"},
        size=0.44,
    )


def update_equation(theme: Theme) -> Equation:
    """Return one step of gradient descent on W."""
    return Equation(
        "{{ W : W }} arrow.l {{ W : old }} - alpha {{ (partial L)/(partial W) : gradient }}",
        theme,
        roles={"W": "weight", "old": "weight", "gradient": "gradient"},
        size=0.5,
    )

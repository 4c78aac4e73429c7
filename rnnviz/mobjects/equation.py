"""A formula with parts that can be lit up, and the formulas that several scenes show."""

from collections.abc import Mapping
from typing import Final

from manim import Animation, AnimationGroup, ReplacementTransform, VGroup

from rnnviz.mobjects.text import FORMULA, formula
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.trace import Trace

_NAMES: Final[Mapping[Role, tuple[str, ...]]] = {
    "input": ("x",),
    "hidden": ("h", "now", "before", "state", "slopes"),
    "output": ("y", "value"),
    "weight": ("U", "W", "V", "b", "c", "old", "ih", "hh", "factors"),
    "gradient": ("left", "at", "direct", "term", "gradient", "saliency", "loss"),
    "text": ("result",),
}
_ROLES: Final = {name: role for role, names in _NAMES.items() for name in names}


class Equation(VGroup):
    """A formula with named parts: ``{{ W : W }}`` in its source names the part ``W``.

    The colours of parts follow from their names, unless ``roles`` gives them others.
    """

    def __init__(
        self,
        source: str,
        theme: Theme,
        *,
        size: float = FORMULA,
        roles: Mapping[str, Role] | None = None,
    ):
        self.theme = theme
        self.roles = {**_ROLES, **(roles or {})}
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
    )


def output_equation(step: int, trace: Trace, theme: Theme) -> Equation:
    """Return the output layer at one step, with softmax unless the loss is squared."""
    linear = f"{{{{ V : V }}}} {{{{ h_({step}) : h }}}} + {{{{ c : c }}}}"
    right = linear if trace.metadata.loss == "squared" else f'"softmax"({linear})'
    return Equation(f"{{{{ y_({step}) : y }}}} = {right}", theme)


def backward_equation(step: int, theme: Theme) -> Equation:
    """Return a loss's gradient at an earlier state, a product of one-step Jacobians."""
    return Equation(
        f"{{{{ (partial L_({step}))/(partial h_k) : left }}}} = "
        f"{{{{ (partial L_({step}))/(partial h_({step})) : direct }}}} "
        f'{{{{ product_(j={step})^(k+1) "diag"(1 - h_j^2) W : factors }}}}',
        theme,
        size=0.44,
    )


def update_equation(theme: Theme) -> Equation:
    """Return one step of gradient descent on W."""
    return Equation(
        "{{ W : W }} arrow.l {{ W : old }} - alpha {{ (partial L)/(partial W) : gradient }}",
        theme,
        size=0.5,
    )

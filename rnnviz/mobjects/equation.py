"""A formula with parts that can be lit up, and the formulas that several scenes show."""

from collections.abc import Mapping
from typing import Final

from manim import Animation, AnimationGroup, VGroup

from rnnviz import measure
from rnnviz.mobjects.morph import morph, paired_glyphs
from rnnviz.mobjects.shown_states import state_symbols
from rnnviz.mobjects.text import FORMULA, formula
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.trace import CLASSES, Trace

_NAMES: Final[Mapping[Role, tuple[str, ...]]] = {
    "input": ("x",),
    "hidden": ("h", "now", "before", "state", "slopes"),
    "output": ("y", "value"),
    "weight": ("U", "W", "V", "b", "c", "old", "ih", "hh", "factors"),
    "gradient": ("left", "at", "direct", "term", "gradient", "saliency", "loss"),
    "text": ("result", "sum"),
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
        """Give the named parts their colours and dim the rest.

        Names of parts that the formula does not have, such as W in that of a custom cell, are
        left out.
        """
        lit = [
            self.part(name).animate.set_color(self.theme.color(self.roles[name]))
            for name in names
            if name in self.ink.part_names
        ]
        return AnimationGroup(
            self.ink.animate.set_color(self.theme.color("note")), *lit, run_time=run_time
        )

    def plain(self, run_time: float = 0.5) -> Animation:
        """Give all parts the colour of text."""
        return self.ink.animate(run_time=run_time).set_color(self.theme.color("text"))

    def turn_into(self, other: "Equation", run_time: float = 0.6) -> Animation:
        """Turn the formula into another: what both have glides, the rest fades out and in."""
        return morph(self, other, paired_glyphs(self.ink, other.ink), run_time=run_time)


def step_equation(step: str, before: str, theme: Theme, trace: Trace | None = None) -> Equation:
    """Return the recurrent layer at one step: h_t = tanh(U x_t + W h_{t−1} + b).

    Of a trace's cell with gates it is what the step makes of what: h_t, c_t = LSTM(x_t, h_{t−1},
    c_{t−1}; U, W, b); of a custom cell, f stands for the user's code.
    """
    if trace is not None and (trace.is_custom or trace.cell.gated):
        return Equation(_step_of(trace, step, before), theme)
    function = "tanh" if trace is None or trace.cell.is_textbook else '"relu"'
    return Equation(
        f"{{{{ h_({step}) : now }}}} = {function}({{{{ U : U }}}} {{{{ x_({step}) : x }}}} + "
        f"{{{{ W : W }}}} {{{{ h_({before}) : before }}}} + {{{{ b : b }}}})",
        theme,
    )


def _step_of(trace: Trace, step: str, before: str) -> str:
    names = tuple(measure.states_by_name(trace))
    name = "f" if trace.is_custom else f'"{trace.cell.title}"'
    weights = "" if trace.is_custom else " ; {{ U : U }}, {{ W : W }}, {{ b : b }}"
    return (
        f"{{{{ {state_symbols(names, step)} : now }}}} = {name}({{{{ x_({step}) : x }}}}, "
        f"{{{{ {state_symbols(names, before)} : before }}}}{weights})"
    )


def output_equation(step: int, trace: Trace, theme: Theme, *, alone: bool = True) -> Equation:
    """Return the output layer at one step, with softmax if the outputs are classes.

    Where it is not one Linear layer that reads this layer alone, it is called output; dots stand
    for what it reads besides the state of the step, unless it reads that ``alone``.
    """
    names = tuple(measure.states_read(trace))
    state = f"{{{{ {state_symbols(names, step)} : h }}}}"
    linear = f"{{{{ V : V }}}} {state} + {{{{ c : c }}}}"
    if trace.metadata.output_layer is None:
        more = "" if alone else ", dots"
        linear = f'"output"({state}{more})'
    right = f'"softmax"({linear})' if trace.metadata.loss in CLASSES else linear
    return Equation(f"{{{{ y_({step}) : y }}}} = {right}", theme)


def update_equation(theme: Theme) -> Equation:
    """Return one step of gradient descent on W."""
    return Equation(
        "{{ W : W }} arrow.l {{ W : old }} - alpha thin {{ (partial L)/(partial W) : gradient }}",
        theme,
    )

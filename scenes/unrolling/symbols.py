"""What the parts of the formula of a step are, in words."""

from collections.abc import Sequence
from typing import Final

from manim import DOWN, VGroup

from rnnviz.mobjects.text import SMALL, prose
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.mobjects.wording import Say
from rnnviz.text.notation import gate_source
from rnnviz.text.plain_text import Phrase
from rnnviz.text.translation import N_
from rnnviz.trace import Trace

_WIDTH: Final = 4.4
_PLACE: Final = (-4.2, 0.35, 0.0)
_APART: Final = 0.45
_FUNCTIONS: Final = {
    "tanh": N_("tanh squeezes any number to between −1 and 1"),
    "relu": N_("relu turns every negative number into 0"),
}
_BIAS: Final = N_("$b$: the bias, a constant that is added at each step")


def symbols_of_a_step(trace: Trace, theme: Theme, say: Say) -> VGroup:
    """Return some lines on what the formula of a step has besides states and weights."""
    lines = [
        prose(text, facts, color=theme.color(role), width=_WIDTH, size=SMALL)
        for text, facts, role in _told(trace, say)
    ]
    return VGroup(*lines).arrange(DOWN, buff=_APART).move_to(_PLACE)


def _told(trace: Trace, say: Say) -> Sequence[tuple[str, dict[str, str], Role]]:
    if trace.is_custom:
        return ((say("$f$: what the cell's own code computes in one step"), {}, "text"),)
    if not trace.cell.gated:
        return (
            (say(_FUNCTIONS[trace.metadata.nonlinearity]), {}, "text"),
            (say(_BIAS), {}, "weight"),
        )
    parts: list[tuple[str, dict[str, str], Role]] = []
    if trace.c is not None:
        parts.append((say("$h_t$: the hidden state; $c_t$: the cell state"), {}, "hidden"))
    gates = {
        "cell": trace.cell.title,
        "gates": Phrase(", ".join(f"${gate_source(gate)}_t$" for gate in trace.cell.gates)),
    }
    parts.append((say("{cell}: a step with the gates {gates}"), gates, "text"))
    parts.append((say("$U$, $W$, $b$: weights, with rows for each gate"), {}, "weight"))
    return parts

"""The update of one unit's cell state in numbers."""

from manim import DOWN, VGroup
from rnnviz.scenes.gates.equations import ROLES

from rnnviz.experiments.studies import UnitRetention
from rnnviz.mobjects import layout
from rnnviz.mobjects.equation import Equation
from rnnviz.mobjects.text import SMALL, label
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.wording import Say
from rnnviz.text.plain_text import isolated
from rnnviz.trace import Trace


class UnitStep(VGroup):
    """The cell state of one unit at one step, computed from recorded numbers, with a note."""

    def __init__(self, trace: Trace, retention: UnitRetention, say: Say, theme: Theme):
        unit, step = retention.unit, retention.step
        assert trace.c is not None
        i, f, g, _ = trace.gates[0, 0, step, 0, :, unit]
        before, now = trace.cells_before()[step, 0, unit], trace.c[0, 0, step, 0, unit]
        self.values = tuple(float(value) for value in (now, f, before, i, g))
        c, keep, held, opened, new = map(_signed, self.values)
        c = c.strip("()")
        self.equation = Equation(
            f"{{{{ {c} : c }}}} approx {{{{ {keep} : keep }}}} dot {{{{ {held} : before }}}} + "
            f"{{{{ {opened} dot {new} : write }}}}",
            theme,
            roles=ROLES,
            size=0.62,
        ).move_to([0.0, layout.CENTRE_Y + 0.25, 0.0])
        text = say("unit {unit} at “{word}”, recorded")
        word = isolated(trace.metadata.step_labels[0][step])
        about = text.format(unit=unit + 1, word=word)
        self.about = label(about, color=theme.color("note"), size=SMALL)
        self.about.next_to(self.equation, DOWN, buff=0.45)
        super().__init__(self.equation, self.about)


def _signed(value: float) -> str:
    """Return a value with two decimals in Typst's notation, in brackets if negative."""
    text = f"{abs(value):.2f}"
    return f"(-{text})" if value < 0 and float(text) else text

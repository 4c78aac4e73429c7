"""A network's name, with the line and the mark that stand for it in a chart."""

from typing import Final

from manim import (
    LEFT,
    RIGHT,
    Animation,
    AnimationGroup,
    DashedLine,
    Dot,
    Line,
    ManimColor,
    Square,
    Succession,
    VGroup,
    VMobject,
)
from rnnviz.scenes.compare.places import COLUMN_RIGHT, COLUMN_X, LEFT_X
from rnnviz.scenes.compare.sides import Side

from rnnviz.mobjects.shown_states import state_symbols
from rnnviz.mobjects.text import SMALL, fitted_label, formula, label
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.wording import Say

_SAMPLE: Final = 0.6
_NAME: Final = 0.36


def mark_of(side: Side, color: ManimColor) -> VMobject:
    """Return the mark of a network's values: a dot, or a square for the second one."""
    if side.place == 0:
        return Dot(radius=0.07, color=color)
    return Square(0.13, stroke_width=0, fill_opacity=1.0, fill_color=color)


class NamedSide(VGroup):
    """The name of a network after its line and mark, then its size and the states it passes on.

    ``facts`` are the texts below the name.
    """

    def __init__(self, side: Side, y: float, theme: Theme, say: Say):
        color = theme.color(side.role)
        ends = LEFT * _SAMPLE / 2, RIGHT * _SAMPLE / 2
        line = (
            Line(*ends, color=color, stroke_width=4)
            if side.place == 0
            else DashedLine(*ends, color=color, stroke_width=4, dash_length=0.12)
        )
        self.sample = VGroup(line, mark_of(side, color))
        width = COLUMN_RIGHT - COLUMN_X - _SAMPLE - 0.15
        self.title = fitted_label(side.name, color=color, width=width, size=_NAME)
        units = say("{units} units, state")
        if len(side.states.names) > 1:
            units = say("{units} units, left to right")
        units = units.format(units=side.trace.hidden_size)
        self.note = VGroup(
            label(units, color=theme.color("note"), size=SMALL),
            formula(state_symbols(side.states.names, "t"), color=theme.color("hidden"), size=0.4),
        ).arrange(RIGHT, buff=0.14)
        self.facts: list[VMobject] = []
        self.sample.move_to([LEFT_X, y, 0.0], LEFT)
        self._beside_sample()
        self.note.next_to(self.title, RIGHT, buff=0.3).set_y(y)
        super().__init__(self.sample, self.title, self.note)

    def go_aside(self, y: float) -> Animation:
        """Move the name beside the chart, first along its row and then to its height.

        The note stays behind, to leave by itself.
        """
        self.remove(self.note)
        goal = self.copy()
        goal.sample.move_to([COLUMN_X, y, 0.0], LEFT)
        goal._beside_sample()
        parts = (self.sample, goal.sample), (self.title, goal.title)
        return Succession(
            AnimationGroup(*[part.animate.set_x(end.get_x()) for part, end in parts]),
            AnimationGroup(*[part.animate.move_to(end) for part, end in parts]),
            run_time=1.2,
        )

    def _beside_sample(self) -> None:
        y = float(self.sample.get_y())
        self.title.next_to(self.sample, RIGHT, buff=0.15).set_on(y - 0.12)

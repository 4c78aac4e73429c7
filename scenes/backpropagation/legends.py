"""What colours and symbols mean: notes in the corner and beside the chain."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from manim import DOWN, RIGHT, FadeIn, VGroup, VMobject
from rnnviz.scenes.backpropagation.frames import Frame

from rnnviz.mobjects.color_scale import ColorScale
from rnnviz.mobjects.equation import Equation
from rnnviz.mobjects.labels import CORNER_WIDTH, inside
from rnnviz.mobjects.numbers import MINUS
from rnnviz.mobjects.text import NOTE, SMALL, Ink, fitted_label, label
from rnnviz.mobjects.theme import Theme
from rnnviz.text.plain_text import Phrase

_BAR: Final = 0.7
_WIDTH: Final = 12.4


class PartNotes(VGroup):
    """Notes below parts of a formula, by the names of the parts."""

    def __init__(self, equation: Equation, texts: Mapping[str, str], theme: Theme):
        self.notes = {
            name: label(Phrase(text), color=theme.color("text"), size=NOTE)
            for name, text in texts.items()
        }
        for name, note in self.notes.items():
            note.move_to(_below(equation, name, note))
        super().__init__(*self.notes.values())

    def come(self, part: str) -> FadeIn:
        """Return an animation that shows the note of a part."""
        return FadeIn(self.notes[part])

    def follow(self, equation: Equation) -> list[Any]:
        """Return animations that move the notes below the parts of another formula."""
        return [
            note.animate.move_to(_below(equation, name, note)) for name, note in self.notes.items()
        ]


def _below(equation: Equation, name: str, note: VMobject) -> np.ndarray:
    """Return the place of a note below a part, in one line with the other notes."""
    return note.copy().next_to(equation, DOWN, buff=0.1).match_x(equation.part(name)).get_center()


def color_note(text: str, theme: Theme) -> VGroup:
    """Return the bar of signed colours in the corner, with a note on its two ends."""
    bar = ColorScale((MINUS, "+"), theme, limit=1.0, width=_BAR).in_corner()
    room = CORNER_WIDTH - bar.width
    note = fitted_label(text, color=theme.color("note"), width=room, size=NOTE)
    return inside(VGroup(bar, note.next_to(bar, RIGHT, buff=0.2)))


def symbol_note(text: str, theme: Theme, at: Frame) -> Ink:
    """Return a note on a symbol of the formula, on one line in its place above or below a chain."""
    ink = fitted_label(Phrase(text), color=theme.color("note"), width=_WIDTH, size=SMALL)
    return ink.move_to([0.0, at.note_y, 0.0])

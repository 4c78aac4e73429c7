"""The window through which a network without memory sees a sentence."""

from typing import Final

import numpy as np
from manim import Animation, Line, ReplacementTransform, VGroup

from rnnviz.mobjects.morph import morph, paired_glyphs
from rnnviz.mobjects.text import label
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.word_lane import WordLane

_ABOVE: Final = 0.66
_HOOK: Final = 0.22
_TITLE: Final = 0.42
_EDGE: Final = 6.6


class Sight(VGroup):
    """A bracket over the last words of a lane, which are the ones that a network sees.

    Units:  ``window`` is a number of words; ``title`` stands over the bracket
    """

    def __init__(self, lane: WordLane, window: int, title: str, theme: Theme):
        self.lane, self.theme = lane, theme
        self.first = max(0, len(lane.shown) - window)
        left = float(lane.places[self.first] - 0.5 * lane.slot)
        right = float(lane.places[-1] + 0.5 * lane.slot)
        y = lane.y + _ABOVE
        color = theme.color("hidden")
        self.bracket = VGroup(
            Line([left, y - _HOOK, 0], [left, y, 0]),
            Line([left, y, 0], [right, y, 0]),
            Line([right, y, 0], [right, y - _HOOK, 0]),
        ).set_stroke(color, width=5)
        self.title = label(title, color=color, size=0.4)
        half = 0.5 * self.title.width
        middle = np.clip((left + right) / 2, half - _EDGE, _EDGE - half)
        self.title.move_to([float(middle), y + _TITLE, 0.0])
        super().__init__(self.bracket, self.title)

    @property
    def sees(self) -> bool:
        """Whether the word that decides is within the window."""
        return self.lane.shown.index(self.lane.clue) >= self.first

    def look(self) -> list[Animation]:
        """Dim what lies outside the window."""
        color, dimmed = self.theme.color("input"), self.theme.dimmed("input")
        lit = [
            word.animate.set_color(color if place >= self.first else dimmed)
            for place, word in enumerate(self.lane.words)
        ]
        return [*lit, self.lane.ring.animate.set_stroke(color if self.sees else dimmed)]

    def move_to_that_of(self, other: "Sight") -> list[Animation]:
        """Move the bracket and its title to those of another window or lane."""
        titles = self.title, other.title
        return [
            ReplacementTransform(self.bracket, other.bracket),
            morph(*titles, paired_glyphs(*titles), run_time=1.0),
        ]

"""The words of a sentence as an axis."""

from collections.abc import Sequence
from typing import Final, Self

from manim import Animation, VGroup

from rnnviz.mobjects.morph import morph, paired_glyphs
from rnnviz.mobjects.text import NOTE, fitted_label, label
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.window import Window
from rnnviz.trace import Trace

MOST_STEPS: Final = 40
LEFT_X: Final = -5.1
RIGHT_X: Final = 5.6
BASE: Final = -1.35
HEIGHT: Final = 3.5
_NARROW: Final = 0.62
_SIZE: Final = 0.33


class WordAxis(VGroup):
    """The words of a sentence, each below its column.

    If the columns are too narrow, only the word that decides and the last are written.
    """

    def __init__(self, words: Sequence[str], window: Window, theme: Theme, *, clue: int | None):
        self.theme = theme
        self.words = tuple(words)
        self.window = window
        self.clue = clue
        self.pitch = (RIGHT_X - LEFT_X) / len(words)
        self.places = [LEFT_X + (index + 0.5) * self.pitch for index in range(len(words))]
        written = [
            index
            for index in range(len(words))
            if self.pitch >= _NARROW or index in (clue, len(words) - 1)
        ]
        widths = self._widths(written)
        self.texts = VGroup()
        for index, width in zip(written, widths, strict=True):
            color = theme.color("input" if index == clue else "note")
            text = fitted_label(self.words[index], color=color, width=width, size=_SIZE)
            self.texts.add(text.move_to([self.places[index], 0, 0]).set_on(BASE - 0.42))
        super().__init__(self.texts)

    @classmethod
    def of(cls, trace: Trace, clue: int, theme: Theme) -> Self:
        """Return the last words of a trace; ``clue`` is the index of the one that decides."""
        window = Window.last(trace, MOST_STEPS)
        place = clue - window.indices.start
        return cls(window.words(trace), window, theme, clue=place if place >= 0 else None)

    def turn_into(self, other: Self) -> Animation:
        """Let the words move to their places in another axis."""
        both = zip(self.texts, other.texts, strict=False)
        pairs = [pair for old, new in both for pair in paired_glyphs(old, new)]
        return morph(self.texts, other.texts, pairs)

    def _widths(self, written: Sequence[int]) -> list[float]:
        """Return how wide each written word may be, given its column and its neighbours."""
        color = self.theme.color("note")
        halves = {
            index: min(label(self.words[index], color=color, size=NOTE).width, self.pitch) / 2
            for index in written
        }
        widths = []
        for index in written:
            beside = [other for other in written if other != index]
            free = [abs(other - index) * self.pitch - halves[other] for other in beside]
            edge = self.pitch * (min(index, len(self.words) - 1 - index) + 0.5)
            least = min([*free, edge + 0.6])
            widths.append(max(0.9 * self.pitch, 2 * least - 0.16))
        return widths

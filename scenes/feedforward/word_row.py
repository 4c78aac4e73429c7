"""The inputs of a sequence in a row, of which one is read, and a box for the answer."""

from collections.abc import Sequence
from typing import Final

from manim import (
    LEFT,
    UP,
    Animation,
    FadeIn,
    FadeOut,
    LaggedStart,
    RoundedRectangle,
    VGroup,
)

from rnnviz.mobjects import layout
from rnnviz.mobjects.text import Ink, fitted_label, label
from rnnviz.mobjects.theme import Theme

_Y: Final = -2.11
_LEFT: Final = layout.LEFT_EDGE + 1.65
_WIDEST: Final = 7.2
_LARGE: Final = 1.45
_BEGINS: Final = (0.0, -0.3, 0.0)
_SIZE: Final = 0.36
_BOX: Final = 0.6
_BETWEEN: Final = 0.24


class WordRow(VGroup):
    """Words on one baseline, and a box with a question mark for the answer.

    It begins large, on the stage below the answers.
    """

    def __init__(self, words: Sequence[str], theme: Theme):
        self.theme = theme
        natural = sum(label(word, color=theme.color("input"), size=_SIZE).width for word in words)
        room = _WIDEST - _BOX - _BETWEEN * (len(words) + 1)
        self.widest = room if natural <= room else room / len(words)
        self.words = VGroup(*[self._word(word) for word in words])
        self.box = RoundedRectangle(
            corner_radius=0.08, width=0.5, height=0.46, stroke_width=2.5
        ).set_stroke(theme.color("output"))
        self.question = label("?", color=theme.color("output"), size=0.36)
        self.question.move_to(self.box)
        super().__init__(self.words, VGroup(self.box, self.question))
        right = 0.0
        for word in self.words:
            word.move_to([right, 0.0, 0.0], aligned_edge=LEFT).set_on(0.0)
            right += word.width + _BETWEEN
        self[1].move_to([right + 0.1, 0.11, 0.0], aligned_edge=LEFT)
        self.scale(_LARGE).move_to(_BEGINS)

    def appear(self) -> Animation:
        """Fade the words in, from first to last, then the box."""
        return LaggedStart(*[FadeIn(part) for part in (*self.words, self[1])], lag_ratio=0.3)

    def settle(self) -> Animation:
        """Move to the place below a network's inputs."""
        goal = self.copy()
        goal.scale(1.0 / _LARGE)
        goal.move_to([_LEFT, _Y, 0.0], aligned_edge=LEFT)
        return self.animate.become(goal)

    def title(self, text: str) -> Ink:
        """Return the name of the row, which is to stand before it once it has settled."""
        name = label(text, color=self.theme.color("note"), size=0.33)
        return name.move_to([layout.LEFT_EDGE, 0.0, 0.0], aligned_edge=LEFT).set_on(_Y - 0.11)

    def read(self, index: int, run_time: float) -> list[Animation]:
        """Light one word, and dim the others."""
        return [
            word.animate(run_time=run_time).set_color(
                self.theme.color("input") if index == place else self.theme.dimmed("input")
            )
            for place, word in enumerate(self.words)
        ]

    def swap(self, index: int, text: str) -> Animation:
        """Put another word in the place of one."""
        old = self.words[index]
        new = self._word(text)
        new.scale(old.em / new.em)
        if new.width > old.width + 0.3:
            new.scale_to_fit_width(old.width + 0.3)
        new.move_to(old).set_on(old.baseline)
        self.words.submobjects[index] = new
        goes, comes = FadeOut(old, shift=0.3 * UP), FadeIn(new, shift=0.3 * UP)
        return LaggedStart(goes, comes, lag_ratio=1.0, run_time=0.8)

    def _word(self, text: str) -> Ink:
        color = self.theme.color("input")
        return fitted_label(text, color=color, width=self.widest, size=_SIZE)

"""The words of one sequence, of which the one that is read is marked."""

from typing import Final

from manim import LEFT, Animation, FadeIn, LaggedStart, VGroup

from rnnviz.mobjects.text import SMALL, fitted_label
from rnnviz.mobjects.theme import Theme
from rnnviz.trace import Trace

_LEFT: Final = 3.0
_RIGHT: Final = 6.75
_TOP: Final = 3.35
_LINE: Final = 0.36
_SPACE: Final = 0.13
_MOST_LINES: Final = 3
_REST: Final = 0.5


class Example(VGroup):
    """The words of a trace's first sequence in lines, if it has words and there is room for them.

    ``words`` are those that are drawn, from the first step on.
    """

    def __init__(self, trace: Trace, theme: Theme):
        self.words: list[VGroup] = []
        x, line = _LEFT, 0
        for word in trace.metadata.step_labels[0] if trace.metadata.step_labels else ():
            text = fitted_label(word, color=theme.color("input"), width=_RIGHT - _LEFT, size=SMALL)
            if x + text.width > _RIGHT:
                x, line = _LEFT, line + 1
            if line == _MOST_LINES:
                break
            text.move_to([x, 0.0, 0.0], aligned_edge=LEFT).set_on(_TOP - line * _LINE)
            x += text.width + _SPACE
            self.words.append(text)
        super().__init__(*self.words)

    def appear(self) -> list[Animation]:
        """Show the words, if there are any, one after the other."""
        if not self.words:
            return []
        return [LaggedStart(*map(FadeIn, self.words), lag_ratio=0.4, run_time=3.2)]

    def mark(self, step: int) -> list[Animation]:
        """Return animations that leave only the word at a step (from 0) bright."""
        return [
            word.animate.set_opacity(1.0 if index == step else _REST)
            for index, word in enumerate(self.words)
        ]

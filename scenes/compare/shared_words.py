"""The words that both networks read, above each other's states or below a chart."""

from typing import Final

import numpy as np
from manim import RIGHT, UP, Animation, FadeIn, LaggedStart, VGroup
from rnnviz.scenes.compare.places import LEFT_X, RIGHT_X, WORDS_DEPTH, WORDS_Y

from rnnviz.mobjects.text import Ink, fitted_label
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.window import Window
from rnnviz.trace import Trace

_SIZES: Final = (0.36, 0.3)
_SLANTED: Final = 0.26
_BETWEEN: Final = 0.12
_LINE: Final = 0.04
_LEAST: Final = np.radians(35.0)


class SharedWords(VGroup):
    """One word a step; words that have no room side by side hang aslant, with their ends in line.

    ``places`` are the x of the steps.
    """

    def __init__(self, trace: Trace, window: Window, theme: Theme):
        self.ink = theme.color("input")
        words = window.words(trace)
        self.pitch = min(1.5, (RIGHT_X - LEFT_X) / len(words))
        self.places = RIGHT_X - self.pitch * (np.arange(len(words))[::-1] + 0.5)
        level = [self._level(words, size) for size in _SIZES]
        fitting = [texts for texts in level if self._fits(texts)]
        super().__init__(*(fitting[0] if fitting else self._slanted(words)))
        if fitting:
            middle = WORDS_Y - WORDS_DEPTH / 2
            for text, x in zip(self, self.places, strict=True):
                text.move_to([x, middle, 0.0]).set_on(middle - 0.1)

    def appear(self) -> Animation:
        """Fade the words in, from the first to the last."""
        coming = [FadeIn(word, shift=0.15 * RIGHT) for word in self]
        return LaggedStart(*coming, lag_ratio=0.3, run_time=2.4)

    def move_top(self, y: float) -> Animation:
        """Move the words to where their upper ends are at a height."""
        top = float(self.get_top()[1])
        return self.animate.shift((y - top) * UP)

    def _level(self, words: tuple[str, ...], size: float) -> list[Ink]:
        return [fitted_label(word, color=self.ink, width=9.0, size=size) for word in words]

    def _fits(self, texts: list[Ink]) -> bool:
        widths = np.array([text.width for text in texts])
        pairs = (widths[1:] + widths[:-1]) / 2
        return bool(max([*pairs, widths[0]], default=0.0) <= self.pitch - _BETWEEN)

    def _slanted(self, words: tuple[str, ...]) -> list[Ink]:
        height = max(text.height for text in self._level(words, _SLANTED))
        slant = max(_LEAST, float(np.arcsin(min(1.0, (height + _LINE) / self.pitch))))
        texts = []
        for word, x in zip(words, self.places, strict=True):
            longest = WORDS_DEPTH / np.sin(slant) - height
            room = (x - LEFT_X + 0.2) / max(np.cos(slant), 1e-6)
            width = max(0.4, min(longest, room))
            text = fitted_label(word, color=self.ink, width=width, size=_SLANTED)
            text.move_to([x + 0.1, WORDS_Y - height / 2, 0.0], aligned_edge=RIGHT)
            texts.append(text.turn(slant, about=text.get_right()))
        return texts

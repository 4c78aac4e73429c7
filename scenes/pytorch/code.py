"""Lines of code, of which some are highlighted."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from manim import LEFT, RIGHT, Animation, AnimationGroup, FadeIn, LaggedStart, Rectangle, VGroup

from rnnviz.mobjects import layout
from rnnviz.mobjects.text import Ink, code, code_advance
from rnnviz.mobjects.theme import Role, Theme

_SIZE: Final = 0.27
_PITCH: Final = 0.42
_ROOM: Final = layout.SAFE_WIDTH - 0.3
_DIM: Final = 0.5
_TOP: Final = 3.42
_ROLES: Final[Mapping[str, Role]] = {
    "x": "input",
    "input_size": "input",
    "hidden": "hidden",
    "hidden_dim": "hidden",
    "r_out": "hidden",
    "self.rnn": "hidden",
    "self.fc": "output",
    "output": "output",
    "output_size": "output",
}


class CodeListing(VGroup):
    """Lines of code with their indentation.

    In highlighted lines the names of tensors and modules have their colours.
    """

    def __init__(self, lines: Sequence[str], theme: Theme, *, top: float = _TOP):
        self.theme = theme
        self.lines = VGroup()
        widest = max(map(len, lines)) * code_advance(_SIZE)
        size = _SIZE * min(1.0, _ROOM / widest)
        for index, line in enumerate(lines):
            ink = code(line.strip(), color=theme.dimmed("text", _DIM), size=size)
            indent = (len(line) - len(line.lstrip())) * code_advance(size)
            ink.move_to([layout.LEFT_EDGE + 0.2 + indent, 0.0, 0.0], LEFT)
            self.lines.add(ink.set_on(top - index * _PITCH))
        self.bar = Rectangle(
            width=0.07, height=_PITCH * 0.8, stroke_width=0, fill_opacity=1.0
        ).set_color(theme.color("text"))
        self._put_bar(0)
        super().__init__(self.lines)

    def appear(self) -> Animation:
        """Show the lines from the top down."""
        return LaggedStart(
            *[FadeIn(line, shift=0.1 * RIGHT) for line in self.lines], lag_ratio=0.15, run_time=1.4
        )

    def light(self, *beginnings: str) -> Animation:
        """Highlight the lines with one of some beginnings, and dim the others."""
        lit = [i for i, line in enumerate(self.lines) if line.text.startswith(beginnings)]
        changes: list[Animation] = []
        for index, line in enumerate(self.lines):
            color = self.theme.color("text") if index in lit else self.theme.dimmed("text", _DIM)
            changes.append(line.animate.set_color(color))
            if index in lit:
                changes += [
                    glyph.animate.set_color(self.theme.color(role))
                    for word, role in _ROLES.items()
                    for glyph in _glyphs(line, word)
                ]
        new = self.bar not in self.submobjects
        if new:
            self._put_bar(*lit)
            self.add(self.bar)
            moved: Animation = FadeIn(self.bar)
        else:
            target = self.bar.copy()
            self._put_bar(*lit, bar=target)
            moved = self.bar.animate.become(target)
        return AnimationGroup(*changes, moved, run_time=0.8)

    def _put_bar(self, *indices: int, bar: Rectangle | None = None) -> None:
        mark = bar or self.bar
        ys = [self.lines[index].baseline + 0.09 for index in indices]
        mark.stretch_to_fit_height(max(ys) - min(ys) + _PITCH * 0.8)
        mark.move_to([layout.LEFT_EDGE + 0.05, float(np.mean([max(ys), min(ys)])), 0.0])


def _glyphs(line: Ink, word: str) -> list[VGroup]:
    """Return the glyphs of a word in a line, if each character has a glyph of its own."""
    text = line.text
    own = [len(text[:index].replace(" ", "")) for index in range(len(text) + 1)]
    if own[-1] != len(line):
        return []
    found: list[VGroup] = []
    start = text.find(word)
    while start >= 0:
        end = start + len(word)
        around = text[max(0, start - 1) : start] + text[end : end + 1]
        if not any(mark.isalnum() or mark in "_" for mark in around):
            found += line[own[start] : own[end]]
        start = text.find(word, end)
    return found

"""A sentence as tiles coloured by saliency, with a blank for the next word."""

from collections.abc import Sequence
from typing import Final, Self

import numpy as np
from manim import (
    DOWN,
    RIGHT,
    UP,
    Animation,
    AnimationGroup,
    DashedVMobject,
    FadeIn,
    FadeOut,
    FadeTransform,
    LaggedStart,
    ReplacementTransform,
    RoundedRectangle,
    VGroup,
)

from rnnviz.mobjects import layout
from rnnviz.mobjects.equation import Equation
from rnnviz.mobjects.text import BODY, NOTE, Ink, fitted_label, label
from rnnviz.mobjects.theme import Theme
from rnnviz.trace import Trace

MOST_WORDS: Final = 40
SENTENCE_Y: Final = 0.35
_WIDTH: Final = 12.6
_WIDEST_WORD: Final = 2.6
_PAD: Final = 0.36
_GAP: Final = 0.1
_TILE: Final = 0.62
_PITCH: Final = 0.84
_ONE_ROW: Final = 1.35
_SCALES: Final = (1.2, 1.0, 0.84, NOTE / BODY)


class WordTile(VGroup):
    """One word on a tile."""

    def __init__(self, word: str, theme: Theme, *, scale: float):
        self.theme = theme
        self.ink: Ink = fitted_label(word, color=theme.color("input"), width=_WIDEST_WORD)
        self.ink.scale(scale)
        self.tile = RoundedRectangle(
            corner_radius=0.1 * scale,
            width=self.ink.width + _PAD * scale,
            height=_TILE * scale,
            stroke_width=1.5,
            stroke_color=theme.dimmed("note", 0.45),
            fill_color=theme.surface,
            fill_opacity=1.0,
        )
        super().__init__(self.tile, self.ink)
        self.ink.move_to(self.tile)
        self.ink.set_on(self.tile.get_y() - 0.12 * scale)

    def heat(self, share: float) -> Self:
        """Colour the tile by a share of the greatest value."""
        color = self.theme.magnitude(share)
        self.tile.set_fill(color).set_stroke(color)
        self.ink.set_color(self.theme.on(color))
        return self

    def mark(self) -> Self:
        """Look like the word that decides the answer."""
        self.tile.set_stroke(self.theme.color("input"), width=4)
        return self

    def subdue(self) -> Self:
        """Look like any other word."""
        self.ink.set_color(self.theme.dimmed("input", 0.5))
        return self


class SentenceHeat(VGroup):
    """The words of a sentence on tiles, in as many rows as needed, and a blank at the end.

    Of more than ``most`` words the first and the last are shown, with an ellipsis between.
    ``clue`` is the index of the word that decides the answer.

    Units:  ``height`` is the most that the rows may take together
    """

    def __init__(
        self,
        words: Sequence[str],
        answer: str,
        theme: Theme,
        *,
        clue: int,
        height: float = 3.0,
        most: int = MOST_WORDS,
    ):
        self.theme = theme
        self.words = tuple(words)
        self.clue = clue
        self.shown = _shown_words(len(words), most)
        texts = [self.words[index] if index is not None else "…" for index in self.shown]
        ems = [fitted_label(text, color=theme.color("input"), width=_WIDEST_WORD) for text in texts]
        blank = label(answer, color=theme.color("output"))
        widths = np.array([ink.width + _PAD for ink in (*ems, blank)])
        scale = next(
            (one for one in _SCALES if len(_rows(widths * one)) * _PITCH * one <= height),
            _SCALES[-1],
        )
        if len(_rows(widths * _ONE_ROW)) == 1:
            scale = _ONE_ROW
        self.tiles = VGroup(*[WordTile(text, theme, scale=scale) for text in texts])
        self.blank = _blank(self.tiles[0], widths[-1] * scale, theme)
        self.answer = blank.scale(scale)
        self.question = label("?", color=theme.color("output")).scale(scale)
        rows = _rows(widths * scale)
        _lay_out(VGroup(*self.tiles, self.blank), rows, _PITCH * scale)
        self.answer.move_to(self.blank).set_on(self.tiles[-1].ink.baseline)
        self.question.move_to(self.blank).set_on(self.tiles[-1].ink.baseline)
        super().__init__(self.tiles, self.blank, self.question)
        self.values: np.ndarray | None = None

    @classmethod
    def of(cls, trace: Trace, clue: int, theme: Theme) -> Self:
        """Return the sentence of a trace, with its target as the answer."""
        about = trace.metadata
        return cls(about.step_labels[0], about.target_labels[0][-1], theme, clue=clue)

    def shift(self, *vectors: np.ndarray) -> Self:
        """Move the sentence with the answer that is not shown yet."""
        if self.answer not in self.submobjects:
            self.answer.shift(*vectors)
        return super().shift(*vectors)

    def appear(self, run_time: float = 1.8) -> Animation:
        """Fade the words in, from first to last, then the blank."""
        return LaggedStart(
            *[FadeIn(tile, shift=0.15 * RIGHT) for tile in self.tiles],
            FadeIn(self.blank, self.question),
            lag_ratio=0.3,
            run_time=run_time,
        )

    def show_answer(self, run_time: float = 1.0) -> Animation:
        """Mark the word that decides, dim the others, and put the answer into the blank."""
        self.add(self.answer)
        self.remove(self.question)
        return AnimationGroup(
            *[
                tile.animate.mark() if index == self.clue else tile.animate.subdue()
                for index, tile in zip(self.shown, self.tiles, strict=True)
            ],
            FadeTransform(self.question, self.answer),
            run_time=run_time,
        )

    def heat_up(self, values: np.ndarray, run_time: float = 2.2) -> Animation:
        """Colour the tiles by values, from the last word back; the greatest value is the brightest.

        Shapes: values (words,)
        """
        self.values = np.asarray(values, dtype=float)
        shares = self.values / max(float(self.values.max()), 1e-300)
        heated = [
            tile.animate.heat(shares[index])
            for index, tile in reversed(list(zip(self.shown, self.tiles, strict=True)))
            if index is not None
        ]
        return LaggedStart(*heated, lag_ratio=0.15, run_time=run_time)

    def grow_into(self, other: "SentenceHeat", run_time: float = 2.0) -> Animation:
        """Move the words to their places in a longer sentence, and fade the new ones in."""
        before, after = _matches(self, other)
        moved = [
            ReplacementTransform(self.tiles[old], other.tiles[new])
            for old, new in zip(before, after, strict=True)
        ]
        gone = [tile for place, tile in enumerate(self.tiles) if place not in before]
        new = [tile for place, tile in enumerate(other.tiles) if place not in after]
        return AnimationGroup(
            *moved,
            ReplacementTransform(self.blank, other.blank),
            ReplacementTransform(VGroup(*self[2:]), VGroup(*other[2:])),
            *([FadeOut(*gone)] if gone else []),
            *([LaggedStart(*map(FadeIn, new), lag_ratio=0.1)] if new else []),
            run_time=run_time,
        )

    def with_answer(self) -> Self:
        """Look as after ``show_answer``."""
        for index, tile in zip(self.shown, self.tiles, strict=True):
            _ = tile.mark() if index == self.clue else tile.subdue()
        self.remove(self.question)
        self.add(self.answer)
        return self


def _shown_words(count: int, most: int) -> tuple[int | None, ...]:
    if count <= most:
        return tuple(range(count))
    half = most // 2
    return (*range(half), None, *range(count - half, count))


def _rows(widths: np.ndarray) -> list[int]:
    """Return how many tiles stand in each row, for rows of similar length."""
    total = float(widths.sum() + _GAP * len(widths))
    limit = min(_WIDTH, total / int(np.ceil(total / _WIDTH)) * 1.12)
    counts, reach = [0], 0.0
    for width in widths:
        if counts[-1] and reach + width > limit:
            counts.append(0)
            reach = 0.0
        counts[-1] += 1
        reach += float(width) + _GAP
    return counts


def _lay_out(tiles: VGroup, rows: Sequence[int], pitch: float) -> None:
    begin = 0
    lines = []
    for count in rows:
        lines.append(VGroup(*tiles[begin : begin + count]).arrange(RIGHT, buff=_GAP))
        begin += count
    left = -max(line.width for line in lines) / 2
    for index, line in enumerate(lines):
        line.shift([left - line.get_left()[0], 0, 0])
        line.shift(((index - (len(lines) - 1) / 2) * pitch + line.get_y()) * DOWN)


def _blank(beside: WordTile, width: float, theme: Theme) -> VGroup:
    box = RoundedRectangle(
        corner_radius=0.1, width=width, height=beside.tile.height, stroke_width=2.5
    ).set_stroke(theme.color("output"))
    return DashedVMobject(box, num_dashes=22)


def _matches(old: SentenceHeat, new: SentenceHeat) -> tuple[list[int], list[int]]:
    """Return the indices of the tiles that two sentences share at their beginnings and ends."""
    shorter = min(len(old.tiles), len(new.tiles))
    texts = [[tile.ink.text for tile in one.tiles] for one in (old, new)]
    head = 0
    while head < shorter and texts[0][head] == texts[1][head]:
        head += 1
    tail = 0
    while tail < shorter - head and texts[0][-1 - tail] == texts[1][-1 - tail]:
        tail += 1
    before = [*range(head), *range(len(old.tiles) - tail, len(old.tiles))]
    after = [*range(head), *range(len(new.tiles) - tail, len(new.tiles))]
    return before, after


def saliency_equation(theme: Theme) -> Equation:
    """Return the saliency of an input as a share of the greatest one."""
    return Equation(
        "{{ norm((partial L_t)/(partial x_k)) : saliency }} \\/ "
        "max_j norm((partial L_t)/(partial x_j))",
        theme,
        size=0.42,
    ).shift(layout.FORMULA_Y * UP)


def stacked(sentences: Sequence[SentenceHeat]) -> VGroup:
    """Stack sentences around the middle."""
    count = len(sentences)
    for index, sentence in enumerate(sentences):
        sentence.shift((SENTENCE_Y + ((count - 1) / 2 - index) * 1.9) * UP)
    return VGroup(*sentences)

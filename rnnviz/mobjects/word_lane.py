"""A sentence as one line of evenly spaced words, with a box for its last word."""

from collections.abc import Sequence
from typing import Final, Self

import numpy as np
from manim import (
    DOWN,
    LEFT,
    RIGHT,
    UP,
    Animation,
    AnimationGroup,
    FadeIn,
    FadeOut,
    LaggedStart,
    ReplacementTransform,
    RoundedRectangle,
    VGroup,
)

from rnnviz.mobjects import layout
from rnnviz.mobjects.text import Ink, fitted_label, scaled
from rnnviz.mobjects.theme import Theme
from rnnviz.trace import Trace

MOST_WORDS: Final = 40
_WIDTH: Final = layout.SAFE_WIDTH - 0.4
_WIDEST_SLOT: Final = 1.34
_WIDEST_ANSWER: Final = 2.2
_DISTANCE: Final = 0.5
_BOX: Final = 0.66
_BASELINE: Final = -0.12
_BETWEEN: Final = 0.14
_RING: Final = 0.22
_SIZES: Final = (0.42, 0.36, 0.33)
"""Em heights of words side by side."""
_SLANTED_SIZES: Final = (0.33, 0.3, 0.27, 0.25)
_CLUE: Final = 0.4
_LEAST_SLANT, _MOST_SLANT = np.radians(40.0), np.radians(62.0)
_DEEPEST: Final = 1.15
_BETWEEN_LINES: Final = 0.05
_UNDER_RING: Final = 0.14


class WordLane(VGroup):
    """The words of a sentence, one a slot, and a box for the answer at the end.

    Words that have no room side by side hang aslant, each with its end at its own x; only the one
    that decides stays level. Of more than ``most`` words the first and the last are shown, with an
    ellipsis between. ``clue`` is the index of the word that decides the answer, which gets a ring.

    Units:  ``y`` is the middle of words that are level; ``slant`` is in radians
    """

    def __init__(
        self,
        words: Sequence[str],
        answer: str,
        theme: Theme,
        *,
        clue: int,
        y: float = 0.0,
        most: int = MOST_WORDS,
    ):
        self.theme, self.clue, self.y = theme, clue, y
        self.shown = shown_words(len(words), most, clue)
        texts = ["…" if index is None else words[index] for index in self.shown]
        box_text = self._answer(answer)
        room = _WIDTH - box_text.width - 0.5 - _DISTANCE
        self.slot = min(_WIDEST_SLOT, room / len(texts))
        self.size, self.slant = self._size(texts)
        place = self.shown.index(clue)
        width = self.slot * len(texts)
        self.left = -(width + _DISTANCE + box_text.width + 0.5) / 2 + 0.1
        self.places = self.left + self.slot * (np.arange(len(texts)) + 0.5)
        decides = self._level(texts[place], float(self.places[place]))
        self.ring = self._ring(decides)
        self.words = VGroup(
            *[
                decides if index == place else self._word(text, float(x))
                for index, (text, x) in enumerate(zip(texts, self.places, strict=True))
            ]
        )
        self.box = RoundedRectangle(
            corner_radius=0.12,
            width=box_text.width + 0.5,
            height=_BOX,
            stroke_width=3,
            stroke_color=theme.color("output"),
            fill_color=theme.surface,
            fill_opacity=1.0,
        ).move_to([self.left + width + _DISTANCE, y, 0.0], aligned_edge=LEFT)
        self.question = self.answering("?")
        self.answer = self.answering(answer)
        super().__init__(self.words, self.box, self.question)

    @classmethod
    def of(cls, trace: Trace, clue: int, theme: Theme, *, y: float = 0.0) -> Self:
        """Return the first sentence of a trace, with its target as the answer."""
        about = trace.metadata
        return cls(about.step_labels[0], about.target_labels[0][-1], theme, clue=clue, y=y)

    @property
    def clue_word(self) -> Ink:
        """The word that decides the answer."""
        return self.words[self.shown.index(self.clue)]

    @property
    def bottom(self) -> float:
        """The y below the words."""
        return min(self.y - 0.5 * _BOX, float(self.words.get_bottom()[1]))

    def answering(self, text: str) -> Ink:
        """Return a text in the box for the answer."""
        ink = self._answer(text)
        if ink.width > self.box.width - 0.15:
            ink.scale_to_fit_width(self.box.width - 0.15)
        return ink.move_to(self.box).set_on(self.y + _BASELINE)

    def instead(self, text: str) -> Ink:
        """Return another word at the place of the one that decides."""
        word = self._level(text, float(self.clue_word.get_x()))
        return word.scale_to_fit_width(self.ring.width - 0.1) if word.width > 1.4 else word

    def appear(self, run_time: float = 2.0) -> Animation:
        """Fade the words in, from first to last, then the box for the answer."""
        return LaggedStart(
            *[FadeIn(word, shift=0.15 * RIGHT) for word in self.words],
            FadeIn(self.box, self.question),
            lag_ratio=0.3,
            run_time=run_time,
        )

    def show_answer(self, run_time: float = 1.2) -> Animation:
        """Ring the word that decides, and put the answer into its box."""
        before = self.question
        self.with_answer()
        return AnimationGroup(
            FadeIn(self.ring, scale=1.3),
            FadeOut(before, shift=0.2 * UP),
            FadeIn(self.answer, shift=0.2 * UP),
            run_time=run_time,
        )

    def with_answer(self) -> Self:
        """Look as after ``show_answer``."""
        self.remove(self.question)
        self.add(self.ring, self.answer)
        return self

    def grow_into(self, other: "WordLane", run_time: float = 2.0) -> Animation:
        """Move the words to their places in another sentence, and fade the new ones in.

        Both lanes look as after ``show_answer``.
        """
        before, after = _matches(self, other)
        moved = [
            ReplacementTransform(self.words[old], other.words[new])
            for old, new in zip(before, after, strict=True)
        ]
        gone = [word for place, word in enumerate(self.words) if place not in before]
        new = [word for place, word in enumerate(other.words) if place not in after]
        return AnimationGroup(
            *moved,
            *[
                ReplacementTransform(getattr(self, part), getattr(other, part))
                for part in ("ring", "box", "answer")
            ],
            *([FadeOut(*gone)] if gone else []),
            *(
                [LaggedStart(*[FadeIn(one, shift=0.3 * UP) for one in new], lag_ratio=0.1)]
                if new
                else []
            ),
            run_time=run_time,
        )

    def _size(self, texts: Sequence[str]) -> tuple[float, float]:
        """Return the em height of the words, and the angle at which they have room."""
        for size in _SIZES:
            widths = np.array([self._label(text, size).width for text in texts])
            widths[self.shown.index(self.clue)] += _RING
            pairs = (widths[1:] + widths[:-1]) / 2
            if max(pairs, default=0.0) <= self.slot - _BETWEEN:
                return size, 0.0
        for size in _SLANTED_SIZES:
            height = max(self._label(text, size).height for text in texts)
            slant = float(np.arcsin(min(1.0, (height + _BETWEEN_LINES) / self.slot)))
            if slant <= _MOST_SLANT:
                break
        return size, max(_LEAST_SLANT, slant)

    def _word(self, text: str, x: float) -> Ink:
        if not self.slant:
            return self._level(text, x)
        sin, cos = np.sin(self.slant), max(np.cos(self.slant), 1e-6)
        corner = 0.5 * self._label(text, self.size).height * sin
        long = _DEEPEST / sin, (x - corner - layout.LEFT_EDGE) / cos
        ink = self._label(text, self.size, width=max(0.3, min(long)))
        ink.move_to([x, float(self.ring.get_bottom()[1]) - _UNDER_RING, 0.0], aligned_edge=RIGHT)
        return ink.turn(self.slant, about=ink.get_right())

    def _level(self, text: str, x: float) -> Ink:
        size = _CLUE if self.slant else self.size
        at_end = self.shown[-1] == self.clue  # beside the box
        width = self.slot + 2 * _DISTANCE - _RING - 0.3 if at_end else _WIDTH
        return self._label(text, size, width).move_to([x, self.y, 0.0]).set_on(self.y + _BASELINE)

    def _label(self, text: str, size: float, width: float = _WIDTH) -> Ink:
        return fitted_label(text, color=self.theme.color("input"), width=width, size=size)

    def _ring(self, word: Ink) -> RoundedRectangle:
        return RoundedRectangle(
            corner_radius=0.12,
            width=word.width + _RING,
            height=(1.25 * _CLUE if self.slant else _line(self.size)) + 0.06,
            stroke_width=4,
            stroke_color=self.theme.color("input"),
        ).move_to([word.get_x(), self.y, 0.0])

    def _answer(self, text: str) -> Ink:
        color = self.theme.color("output")
        return fitted_label(text, color=color, width=_WIDEST_ANSWER, size=_SIZES[0])


def _line(size: float) -> float:
    """Return the distance between lines of words."""
    return max(1.25 * size, 1.12 * scaled(size))


def shown_words(count: int, most: int, clue: int) -> tuple[int | None, ...]:
    """Return the indices of the words that are shown, None for an ellipsis.

    The clue is among them.
    """
    if count <= most:
        return tuple(range(count))
    half = most // 2
    first = min(max(half, clue + 1), most - 1)
    if clue >= first:
        return (clue, None, *range(count - most + 2, count))
    return (*range(first), None, *range(count - (most - first), count))


def _matches(old: WordLane, new: WordLane) -> tuple[list[int], list[int]]:
    """Return the places of the words that two lanes share at their beginnings and ends."""
    shorter = min(len(old.words), len(new.words))
    texts = [[word.text for word in one.words] for one in (old, new)]
    head = 0
    while head < shorter and texts[0][head] == texts[1][head]:
        head += 1
    tail = 0
    while tail < shorter - head and texts[0][-1 - tail] == texts[1][-1 - tail]:
        tail += 1
    before = [*range(head), *range(len(old.words) - tail, len(old.words))]
    after = [*range(head), *range(len(new.words) - tail, len(new.words))]
    return before, after


def above(lane: WordLane, rise: float) -> np.ndarray:
    """Return the arc from the word that decides up and over to the answer, as a cubic's points."""
    start, end = lane.ring.get_top() + 0.06 * UP, lane.box.get_top() + 0.06 * UP
    return np.array([start, start + 4 / 3 * rise * UP, end + 4 / 3 * rise * UP, end])


def below(lane: WordLane, distance: float) -> np.ndarray:
    """Return the point at a distance below the box for the answer."""
    return np.array(lane.box.get_bottom() + distance * DOWN)

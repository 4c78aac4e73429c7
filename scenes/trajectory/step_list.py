"""A list of steps with the distances between two paths."""

from collections.abc import Sequence
from typing import Final

from manim import (
    LEFT,
    RIGHT,
    Animation,
    AnimationGroup,
    FadeIn,
    LaggedStart,
    Line,
    ReplacementTransform,
    Succession,
    VGroup,
)
from rnnviz.scenes.trajectory.paths import Paths

from rnnviz.mobjects.bars import Bars
from rnnviz.mobjects.labels import LabelColumn
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.text import SMALL, formula, label
from rnnviz.mobjects.theme import Role, Theme

LIST_LEFT: Final = 1.5
LIST_TOP: Final = 2.5
_LIST_HEIGHT: Final = 4.4


class StepList(VGroup):
    """The steps as rows: the words of both paths, and the distance between their states.

    Shapes: distances (steps,)
    """

    def __init__(self, paths: Paths, theme: Theme):
        self.distances = paths.shown_distances
        words, steps = paths.words, paths.window.steps
        pitch = min(0.5, _LIST_HEIGHT / len(steps))
        longest = float(self.distances.max()) or 1.0
        ys = [LIST_TOP - index * pitch - 0.35 for index in range(len(steps))]

        def column(texts: Sequence[str], x: float, role: Role, width: float) -> LabelColumn:
            color = theme.color(role)
            return LabelColumn(texts, x, ys, color=color, size=SMALL, width=width, edge=LEFT)

        self.steps = column(list(map(str, steps)), LIST_LEFT - 0.45, "note", 0.5)
        self.own = column(words[0], LIST_LEFT, "input", 1.3)
        self.other = column(words[1], LIST_LEFT + 1.4, "input", 1.2)
        for text, own, other in zip(self.other, *words, strict=True):
            if own == other:
                text.set_opacity(0.35)
        self.bars = Bars(
            self.distances,
            [y + 0.08 for y in ys],
            zero=LIST_LEFT + 2.75,
            unit=1.55 / longest,
            thickness=pitch * 0.52,
            colors=[theme.color("hidden")] * len(ys),
        )
        self.numbers = VGroup()
        for bar, distance, y in zip(self.bars, self.distances, ys, strict=True):
            text = label(number(distance), color=theme.color("text"), size=SMALL)
            text.move_to([bar.get_right()[0] + 0.12, 0.0, 0.0], aligned_edge=LEFT)
            self.numbers.add(text.set_on(y))
        places: tuple[tuple[Role, float], ...] = (("hidden", LIST_LEFT), ("text", LIST_LEFT + 1.4))
        self.marks = VGroup(
            *[
                Line(LEFT * 0.3, RIGHT * 0.3, stroke_width=5, color=theme.color(role)).move_to(
                    [x + 0.3, LIST_TOP + 0.25, 0.0]
                )
                for role, x in places
            ]
        )
        self.title = formula("norm(h_t - h'_t)", color=theme.color("text"), size=0.4)
        self.title.move_to([LIST_LEFT + 2.75, LIST_TOP + 0.25, 0.0], aligned_edge=LEFT)
        super().__init__(self.steps, self.own)

    def move_words(self, words: VGroup) -> Animation:
        """Move the words of a row to their places in the list."""
        return AnimationGroup(
            *[ReplacementTransform(word, own) for word, own in zip(words, self.own, strict=True)],
            FadeIn(self.steps),
            run_time=1.6,
        )

    def show_other(self) -> Animation:
        """Show the words of the other path, below the colours of both."""
        return LaggedStart(
            FadeIn(self.marks),
            *[FadeIn(word, shift=0.2 * RIGHT) for word in self.other],
            lag_ratio=0.15,
            run_time=1.6,
        )

    def measure(self) -> Animation:
        """Grow the distances as bars, from the first step to the last."""
        return Succession(
            FadeIn(self.title, run_time=0.5),
            LaggedStart(
                *[
                    AnimationGroup(self.bars.grow(index), FadeIn(text))
                    for index, text in enumerate(self.numbers)
                ],
                lag_ratio=0.5,
                run_time=3.5,
            ),
        )

    def everything(self) -> VGroup:
        """Return all parts of the list."""
        return VGroup(
            self.steps, self.own, self.other, self.marks, self.title, self.bars, self.numbers
        )

"""How much each word of a lane matters, as bars below it."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from manim import (
    LEFT,
    RIGHT,
    UP,
    Animation,
    AnimationGroup,
    FadeIn,
    LaggedStart,
    Line,
    ManimColor,
    Rectangle,
    Succession,
    VGroup,
)

from rnnviz.mobjects import layout
from rnnviz.mobjects.bars import Bars
from rnnviz.mobjects.emphasis import dim, undim
from rnnviz.mobjects.text import SMALL, Ink, label
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.mobjects.word_lane import WordLane

_BASE: Final = -2.1
_ROOM: Final = 0.85
_BETWEEN: Final = 0.08
"""The gap between the numbers of two bars of one word."""


class ImportanceBars(VGroup):
    """Two measures of the words of a lane, as bars side by side.

    Words without the first measure rest until the second comes.

    Units:  by position, from 0 to 1: the mean change of a probability; the gradient relative to its
            greatest
    """

    def __init__(
        self,
        lane: WordLane,
        swapped: Mapping[int, float],
        gradient: Mapping[int, float],
        names: tuple[str, str],
        theme: Theme,
    ):
        words = list(zip(lane.words, lane.places, lane.shown, strict=True))
        self.resting = [word for word, _, index in words if index not in swapped]
        measures = [
            [(x, each[index]) for _, x, index in words if index is not None and index in each]
            for each in (swapped, gradient)
        ]
        self.values = tuple(np.array([value for _, value in measure]) for measure in measures)
        height = lane.bottom - _ROOM - _BASE
        thickness = min(0.36, 0.36 * lane.slot)
        roles: tuple[Role, Role] = "output", "gradient"
        self.axis = Line(
            [lane.places[0] - 0.5 * lane.slot, _BASE, 0],
            [lane.places[-1] + 0.5 * lane.slot, _BASE, 0],
        ).set_stroke(theme.color("note"), width=1.5)
        self.bars = tuple(
            Bars(
                values,
                [x + (2 * which - 1) * 0.55 * thickness for x, _ in measure],
                zero=_BASE,
                unit=height,
                thickness=thickness,
                colors=[theme.color(role)] * len(measure),
                upright=True,
                least=0.015,
            )
            for which, (values, measure, role) in enumerate(
                zip(self.values, measures, roles, strict=True)
            )
        )
        self.same = _greatest_place(measures[0]) == _greatest_place(measures[1])
        self.numbers = tuple(
            self._greatest(which, theme.color(role)) for which, role in enumerate(roles)
        )
        self.legend = self._legend(names, [theme.color(role) for role in roles], lane)
        super().__init__(self.axis, *self.bars, *self.numbers, self.legend)

    def grow(self, which: int, run_time: float = 2.4) -> Animation:
        """Grow the bars of one measure, from the first word to the last."""
        words = undim(*self.resting) if which else [FadeIn(self.axis), *dim(*self.resting)]
        begin = [FadeIn(self.legend[which]), *words]
        return Succession(
            AnimationGroup(*begin, run_time=0.4),
            AnimationGroup(
                LaggedStart(
                    *[self.bars[which].grow(index) for index in range(len(self.bars[which]))],
                    lag_ratio=0.25,
                ),
                FadeIn(self.numbers[which]),
                run_time=run_time,
            ),
        )

    def _greatest(self, which: int, color: ManimColor) -> Ink:
        """Return the value of the greatest bar."""
        values, bars = self.values[which], self.bars[which]
        best = int(values.argmax())
        text = label(f"{values[best]:.2f}", color=color, size=SMALL)
        half = text.width / 2
        aside = half + _BETWEEN / 2 if self.same else 0.0
        room = half + aside
        first = self.bars[0][int(self.values[0].argmax())]
        middle = first.get_x() if self.same else bars[best].get_x()
        x = np.clip(middle, layout.LEFT_EDGE + room, layout.RIGHT_EDGE - room)
        text.move_to([x + (2 * which - 1) * aside, 0.0, 0.0])
        return text.set_on(bars[best].get_top()[1] + 0.12)

    def _legend(
        self, names: tuple[str, str], colors: Sequence[ManimColor], lane: WordLane
    ) -> VGroup:
        rows = VGroup()
        for which, (name, color) in enumerate(zip(names, colors, strict=True)):
            mark = Rectangle(width=0.24, height=0.24, stroke_width=0).set_fill(color, opacity=1.0)
            text = label(name, color=color, size=0.33)
            mark.move_to([0.0, 0.0, 0.0])
            text.next_to(mark, RIGHT, buff=0.15).set_on(mark.get_y() - 0.1)
            rows.add(VGroup(mark, text).shift((lane.y + 1.25 - 0.48 * which) * UP))
        rows.set_x(0.0)
        for row in rows:
            row.align_to(rows, LEFT)
        return rows


def _greatest_place(measure: Sequence[tuple[float, float]]) -> float:
    """Return the x of the greatest of some values with their places."""
    return max(measure, key=lambda each: each[1])[0]

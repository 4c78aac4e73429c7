"""What the start of the forget gates changes, as one row for each start."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from manim import (
    LEFT,
    RIGHT,
    Animation,
    Dot,
    FadeIn,
    LaggedStart,
    Rectangle,
    Succession,
    UpdateFromAlphaFunc,
    VGroup,
    rate_functions,
)

from rnnviz.experiments.studies import Starts
from rnnviz.mobjects import layout
from rnnviz.mobjects.bars import Bars
from rnnviz.mobjects.labels import LabelRow
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.text import fitted_label, label
from rnnviz.mobjects.theme import Theme

_TOP: Final = 2.5
_ROWS: Final = (1.3, -0.7)
_COLUMNS: Final = (-2.3, 1.55, 5.1)
_BAR: Final = 2.9
_WIDTHS: Final = 3.5


class StartRows(VGroup):
    """For each start: the gate, what it leaves in the memory, and the networks that learnt.

    The gate is the mean of all units, and what it leaves that of the median unit.

    Units:  ``names`` are those of the starts, ``titles`` those of the three columns
    """

    def __init__(
        self,
        starts: Starts,
        names: Sequence[str],
        titles: Sequence[str],
        counts: Sequence[str],
        theme: Theme,
    ):
        self.theme = theme
        note = theme.color("note")
        self.titles = LabelRow(titles, _COLUMNS, _TOP, color=note, size=0.33, width=_WIDTHS)
        self.heading = label("LSTM", color=theme.color("lstm"), size=0.42)
        self.heading.move_to([layout.LEFT_EDGE, 0.0, 0.0], aligned_edge=LEFT).set_on(_TOP)
        self.rows = VGroup()
        self.values: list[tuple[float, float]] = []
        for y, bias, name, count in zip(_ROWS, starts.studies, names, counts, strict=True):
            self.rows.add(self._row(starts, bias, name, count, y))
        super().__init__(self.heading, self.titles, self.rows)

    def _row(
        self, starts: Starts, bias: float | str | None, name: str, count: str, y: float
    ) -> VGroup:
        theme = self.theme
        title = fitted_label(name, color=theme.color("lstm"), width=2.5, size=0.36)
        title.move_to([layout.LEFT_EDGE, 0.0, 0.0], aligned_edge=LEFT).set_on(y - 0.1)
        gate = float(np.mean(starts.forget_gates(bias)))
        left = float(np.median(starts.parts_left(bias)))
        self.values.append((gate, left))
        bars = VGroup(
            *[self._bar(value, x, y) for value, x in zip((gate, left), _COLUMNS, strict=False)]
        )
        learnt = np.sort(starts.learnt(bias))[::-1]
        dots = VGroup(*[self._dot(bool(each)) for each in learnt]).arrange(RIGHT, buff=0.16)
        dots.move_to([_COLUMNS[2], y + 0.2, 0.0])
        text = label(count, color=theme.color("text"), size=0.36)
        text.move_to([_COLUMNS[2], 0.0, 0.0]).set_on(y - 0.5)
        return VGroup(title, *bars, VGroup(dots, text))

    def appear(self, row: int) -> Animation:
        """Show one row, from the gate to the networks that learnt; the memory shrinks."""
        title, gate, left, learnt = self.rows[row]
        bars, frame, number = left
        return Succession(
            LaggedStart(*[FadeIn(part, shift=0.2 * RIGHT) for part in (title, gate)]),
            FadeIn(frame),
            _shrink(bars[0], self.values[row][1], frame),
            FadeIn(number, run_time=0.5),
            FadeIn(learnt, shift=0.2 * RIGHT),
        )

    def _bar(self, value: float, x: float, y: float) -> VGroup:
        theme = self.theme
        frame = Rectangle(width=_BAR, height=0.5, stroke_width=2, stroke_color=theme.color("note"))
        frame.move_to([x, y + 0.2, 0.0])
        bars = Bars(
            [value],
            [y + 0.2],
            zero=x - _BAR / 2,
            unit=_BAR,
            thickness=0.5,
            colors=[theme.color("gate")],
        )
        text = label(number(value), color=theme.color("text"), size=0.36)
        return VGroup(bars, frame, text.move_to([x, 0.0, 0.0]).set_on(y - 0.5))

    def _dot(self, filled: bool) -> Dot:
        dot = Dot(radius=0.15, color=self.theme.color("lstm"))
        if not filled:
            dot.set_stroke(dot.get_color(), width=2.5).set_fill(self.theme.ground, opacity=1.0)
        return dot


def _shrink(bar: Rectangle, value: float, frame: Rectangle, run_time: float = 1.8) -> Animation:
    """Let a bar that fills its frame shrink to a value, by the same factor in the same time."""
    end = bar.copy()

    def shrink(shown: Rectangle, share: float) -> None:
        shown.become(end)
        if share < 1:
            width = max(float(end.width), frame.width * value**share)
            shown.stretch_to_fit_width(width).move_to(frame.get_left(), LEFT)

    return UpdateFromAlphaFunc(
        bar, shrink, run_time=run_time, rate_func=rate_functions.linear, introducer=True
    )

"""The shares of right answers of several networks at each gap, as a table."""

from collections.abc import Iterable, Sequence
from typing import Final

from manim import (
    RIGHT,
    Animation,
    AnimationGroup,
    FadeIn,
    FadeOut,
    LaggedStart,
    Rectangle,
    ReplacementTransform,
    Succession,
    VGroup,
    VMobject,
)

from rnnviz.mobjects.labels import LabelColumn, LabelRow
from rnnviz.mobjects.morph import morph, paired_glyphs
from rnnviz.mobjects.numbers import percent
from rnnviz.mobjects.text import Ink, label
from rnnviz.mobjects.theme import Theme

_LEFT: Final = -1.2
_RIGHT: Final = 6.6
_TOP: Final = 1.65
_ROW: Final = 1.25
_NAMES: Final = -1.5
_HEAD: Final = 2.5


class ResultGrid(VGroup):
    """One row for each network, one column for each gap.

    Shapes: values (rows, columns)
    Units:  shares of right answers
    """

    def __init__(
        self,
        names: Sequence[str],
        gaps: Sequence[str],
        title: str,
        values: Sequence[Sequence[float]],
        theme: Theme,
    ):
        self.values = [[float(value) for value in row] for row in values]
        width = (_RIGHT - _LEFT) / len(gaps)
        places = [_LEFT + width * (index + 0.5) for index in range(len(gaps))]
        note = theme.color("note")
        self.title = label(title, color=note, size=0.36)
        self.title.move_to([(_LEFT + _RIGHT) / 2, 0.0, 0.0]).set_on(_HEAD + 0.62)
        self.heads = LabelRow(gaps, places, _HEAD, color=theme.color("input"), size=0.4)
        ys = [_TOP - _ROW * index for index in range(len(names))]
        self.names = LabelColumn(
            names,
            _NAMES,
            [y - 0.13 for y in ys],
            color=theme.color("hidden"),
            size=0.4,
            width=5.0,
        )
        self.rows = VGroup()
        for y, row in zip(ys, self.values, strict=True):
            cells = VGroup()
            for x, value in zip(places, row, strict=True):
                color = theme.shade("probability", value)
                box = Rectangle(width=width - 0.15, height=_ROW - 0.18, stroke_width=0)
                box.set_fill(color, opacity=1.0).move_to([x, y, 0.0])
                text = label(percent(value), color=theme.on(color), size=0.42)
                cells.add(VGroup(box, text.move_to([x, 0.0, 0.0]).set_on(y - 0.13)))
            self.rows.add(cells)
        super().__init__(self.title, self.heads, self.names, self.rows)

    def take_last(self, around: VMobject, found: Ink) -> Animation:
        """Turn a box and a share that was found before into the last cell, and name it."""
        box, text = self.rows[-1][-1]
        cell = AnimationGroup(
            ReplacementTransform(around, box), morph(found, text, paired_glyphs(found, text))
        )
        return LaggedStart(cell, FadeIn(self.title, self.heads, self.names[-1]), lag_ratio=0.5)

    def appear(self) -> Animation:
        """Show the other rows one after the other, each from the smallest gap on."""
        *rows, last = self.rows
        shown = [(self.names[place], row) for place, row in enumerate(rows)]
        return Succession(
            *[
                Succession(FadeIn(name, run_time=0.4), self._arrive(row, run_time=1.2))
                for name, row in shown
            ],
            self._arrive(last[:-1], run_time=0.8),
        )

    def leave(self) -> Animation:
        """Fade out from the left to the right."""
        columns = [VGroup(*column) for column in zip(self.heads, *self.rows, strict=True)]
        parts = (VGroup(self.title, self.names), *columns)
        return LaggedStart(*map(FadeOut, parts), lag_ratio=0.4, run_time=1.2)

    def _arrive(self, cells: Iterable[VMobject], run_time: float) -> Animation:
        arriving = [FadeIn(cell, shift=0.2 * RIGHT) for cell in cells]
        return LaggedStart(*arriving, lag_ratio=0.5, run_time=run_time)

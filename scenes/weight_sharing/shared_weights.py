"""All weights of a network, of which W stays when it is changed."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Final

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
    Indicate,
    LaggedStart,
    Square,
    Transform,
    VGroup,
)
from rnnviz.scenes.weight_sharing.weight_part import WeightPart

from rnnviz.mobjects import layout
from rnnviz.mobjects.labels import LabelRow
from rnnviz.mobjects.matrix import MOST_ROWS, Matrix
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.text import Ink, formula, label
from rnnviz.mobjects.theme import Theme
from rnnviz.trace import Trace

_ROOM_WITH_SUM: Final = 11.4
"""The width of a row that leaves room for the sum of all counts."""
LEFT_X: Final = -5.25
"""The middle of the column at the left in which W stands while it is changed."""
_W_Y: Final = -0.6
_W_SIDE: Final = 1.9
_CHANGE_Y: Final = -1.9
_CHANGE_TOP: Final = -1.72
_CHANGE_BOTTOM: Final = -2.4
_CHANGE_WIDTH: Final = 3.05
_WIDE: Final = 8.0
_LARGE_CELL: Final = 0.3
_TITLE_HEIGHT: Final = 0.5
_TOP_HEIGHT: Final = 1.75
_TITLE_SIZE: Final = 0.78
_SIZE: Final = 0.33
_COUNT: Final = 0.42
_BETWEEN: Final = 0.16
"""The least distance of sizes, and of matrices that were moved apart."""


class WeightSet(VGroup):
    """U, W, b, V and c of a trace as matrices with one colour scale, with their sizes.

    Of large ones, and of those of a cell with gates, a part is shown.

    Shapes: ``later`` (gate · cell, hidden) are what W is changed to
    Units:  ``limit`` is the end of the colours, and at least ``least``, so that states may share
            them
    """

    def __init__(
        self,
        trace: Trace,
        part: WeightPart,
        theme: Theme,
        later: Sequence[np.ndarray] = (),
        *,
        least: float = 1.0,
    ):
        found = part.arrays(trace)
        whole = [each for each, _ in found.values()]
        arrays = {name: each for name, (_, each) in found.items()}
        self.theme = theme
        every = (*arrays.values(), *map(part.of_w, later))
        self.limit = max(least, *(float(np.abs(array).max()) for array in every))
        shown = [min(array.shape[1], MOST_ROWS) for array in arrays.values()]
        rows = max(min(array.shape[0], MOST_ROWS) for array in arrays.values())
        cell = min(_LARGE_CELL, _WIDE / sum(shown), 2.8 / rows)
        self.matrices = {
            name: Matrix(
                array, theme, cell=cell, limit=self.limit, title=name, title_size=_TITLE_SIZE
            )
            for name, array in arrays.items()
        }
        self.row = VGroup(*self.matrices.values()).arrange(RIGHT, buff=0.45)
        if self.row.width > _ROOM_WITH_SUM:
            self.row.arrange(RIGHT, buff=0.2)
        note, text = theme.color("note"), theme.color("text")
        sizes = [f"{array.shape[0]} × {array.shape[1]}" for array in whole]
        _spread(self.row, [label(size, color=note, size=_SIZE).width for size in sizes])
        bottom, xs = self.row.get_bottom()[1], [each.get_x() for each in self.row]
        self.sizes = LabelRow(sizes, xs, bottom - 0.42, color=note, size=_SIZE)
        counts = [str(array.size) for array in whole]
        self.counts = LabelRow(counts, xs, bottom - 0.95, color=text, size=_COUNT)
        middles = [(a + b) / 2 for a, b in pairwise(xs)]
        pluses = LabelRow("+" * len(middles), middles, bottom - 0.95, color=note, size=_COUNT)
        total = label(f"= {sum(array.size for array in whole)}", color=text, size=_COUNT)
        total.next_to(self.counts[-1], RIGHT, buff=0.25).set_on(bottom - 0.95)
        self.sum = VGroup(pluses, total)
        over = max(0.0, total.get_right()[0] - layout.RIGHT_EDGE)
        for part in (self.row, self.sizes, self.counts, self.sum):
            part.shift(over * LEFT)
        super().__init__(self.row, self.sizes, self.counts, self.sum)

    @property
    def w(self) -> Matrix:
        """The matrix W."""
        return self.matrices["W"]

    def appear(self) -> Iterator[Animation]:
        """Show the arrays, then how many numbers each has, then their sum."""
        yield LaggedStart(
            *[FadeIn(matrix, shift=0.15 * UP) for matrix in self.row], lag_ratio=0.3, run_time=2.0
        )
        yield AnimationGroup(FadeIn(self.sizes, self.counts, shift=0.15 * DOWN))
        yield FadeIn(self.sum, shift=0.15 * RIGHT)

    def move_up(self) -> Animation:
        """Move the matrices to the top of the frame, with all but U and W resting."""
        scale = _TOP_HEIGHT / self.row.height
        middle = self.row.get_center()
        place = np.array([0.0, layout.TOP_EDGE - _TOP_HEIGHT / 2, 0.0])
        moved = {
            name: matrix.animate.scale(scale, about_point=middle).shift(place - middle)
            for name, matrix in self.matrices.items()
        }
        resting = [matrix.fade(0.55) for name, matrix in moved.items() if name not in ("U", "W")]
        return AnimationGroup(
            FadeOut(self.sizes, self.counts, self.sum), moved["U"], moved["W"], *resting
        )

    def point_out(self) -> Animation:
        """Point out U and W."""
        color = self.theme.color("text")
        both = [self.matrices[name] for name in "UW"]
        outlines = [VGroup(matrix.frame, matrix.title) for matrix in both]
        return AnimationGroup(
            *[Indicate(outline, color=color, scale_factor=1.08) for outline in outlines]
        )

    def others(self) -> list[Matrix]:
        """Return all matrices but W."""
        return [matrix for name, matrix in self.matrices.items() if name != "W"]

    def move_left(self) -> Any:
        """Return an animation that moves W to the left edge, at the height at which it is."""
        return self.w.animate.shift((LEFT_X - self.w.get_x()) * RIGHT)

    def enlarge(self) -> Any:
        """Return an animation that moves W down to where it is changed, and enlarges it."""
        scale = _W_SIDE / self.w.frame.height
        place = np.array([LEFT_X, _W_Y, 0.0])
        middle = self.w.frame.get_center()
        target = self.w.copy().scale(scale, about_point=middle).shift(place - middle)
        target.title.scale(min(1.0, _TITLE_HEIGHT / target.title.height))
        target.title.next_to(target.frame, UP, buff=0.14)
        return Transform(self.w, target)


class EntryChange(VGroup):
    """An entry of W, ringed, with its old value and its new one below the matrix."""

    def __init__(self, w: Matrix, part: WeightPart, after: np.ndarray, theme: Theme):
        self.w, self.before = w, w.values.copy()
        self.after = shown = np.asarray(part.of_w(after), dtype=float)
        apart = np.abs(shown - self.before)
        self.row, self.column = map(int, np.unravel_index(apart.argmax(), apart.shape))
        cell = w.cells.at(self.row, self.column)
        self.ring = Square(stroke_color=theme.color("text"), stroke_width=4).set_z_index(3)
        self.ring.scale_to_fit_width(min(1.5 * cell.width, cell.width + 0.2)).move_to(cell)
        name = formula(
            f"w_({part.rows[self.row] + 1}, {part.columns[self.column] + 1})",
            color=theme.color("weight"),
            size=0.42,
        )
        old, new = (float(each[self.row, self.column]) for each in (self.before, shown))
        self.value: Ink = label(
            f"{number(old, 3)} → {number(new, 3)}", color=theme.color("text"), size=_SIZE
        )
        if self.value.width > _CHANGE_WIDTH:
            self.value.scale_to_fit_width(_CHANGE_WIDTH)
        text = VGroup(name, self.value).arrange(RIGHT, buff=0.18)
        if text.width > _CHANGE_WIDTH:
            text.arrange(DOWN, buff=0.06)
        text.move_to([LEFT_X, _CHANGE_Y, 0.0])
        text.shift(max(0.0, layout.LEFT_EDGE - text.get_left()[0]) * RIGHT)
        text.shift(min(0.0, _CHANGE_TOP - text.get_top()[1]) * UP)
        text.shift(max(0.0, _CHANGE_BOTTOM - text.get_bottom()[1]) * UP)
        self.text = text
        super().__init__(self.ring, text)

    def appear(self) -> Animation:
        """Ring the entry and write its values."""
        return AnimationGroup(FadeIn(self.ring, scale=2.0), FadeIn(self.text), run_time=0.8)

    def apply(self) -> Animation:
        """Give W its new values."""
        return self.w.cells.recolor(self.after)

    def undo(self) -> Animation:
        """Give W the values it had before."""
        return self.w.cells.recolor(self.before)


def _spread(row: VGroup, widths: Sequence[float]) -> None:
    """Move the parts of a row apart where what is written below them needs more room."""
    for (left, right), (one, two) in zip(pairwise(row), pairwise(widths), strict=True):
        apart = (one + two) / 2 + _BETWEEN
        right.shift(max(0.0, left.get_x() + apart - right.get_x()) * RIGHT)
        following = row[row.submobjects.index(right) + 1 :]
        overlap = right.get_right()[0] + _BETWEEN
        if len(following):
            VGroup(*following).shift(max(0.0, overlap - following[0].get_left()[0]) * RIGHT)
    row.set_x(0.0)

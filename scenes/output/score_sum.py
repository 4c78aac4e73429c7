"""A state times V plus c: a score for each answer."""

from typing import Final

import numpy as np
from manim import (
    DOWN,
    RIGHT,
    Animation,
    AnimationGroup,
    Create,
    FadeIn,
    FadeOut,
    LaggedStart,
    Rectangle,
    Succession,
    VGroup,
)
from rnnviz.scenes.output.linear_output import LinearOutput
from rnnviz.scenes.output.rows import DROP, MIDDLE, ROW, row_ys

from rnnviz.mobjects.color_scale import ColorScale
from rnnviz.mobjects.labels import LabelColumn
from rnnviz.mobjects.matrix import Matrix
from rnnviz.mobjects.numbers import MINUS
from rnnviz.mobjects.shown_states import state_symbols
from rnnviz.mobjects.text import BODY, SMALL, Ink, formula, label
from rnnviz.mobjects.theme import Role, Theme

_GAP: Final = 0.05
_TITLE: Final = 0.46
_WIDE: Final = 0.9
_NARROW: Final = 0.42
_TALL: Final = 3.4
_XS: Final = {"V": -2.0, "h": 0.6, "c": 2.6, "o": 4.9}
_NAMES: Final = -4.0
_NAME_WIDTH: Final = 1.9


class ScoreSum(VGroup):
    """V, h, c and their result, with a row for each output and the colours' legend below.

    The result is numbers without a colour: scores ``o``, which become bars later, or values ``y``.
    """

    def __init__(self, numbers: LinearOutput, theme: Theme, *, symbol: str, kind: str):
        self.theme = theme
        arrays = (numbers.V, numbers.h, numbers.c)
        self.limit = max(1.0, *(float(np.abs(array).max()) for array in arrays))
        step = numbers.step + 1
        self.V = self._grid(numbers.V, "V", "weight", cell=(_NARROW, ROW), written=False)
        tall = (_WIDE, min(ROW, _TALL / len(numbers.h)))
        self.h = self._grid(numbers.h, state_symbols(numbers.states, step), "hidden", cell=tall)
        self.c = self._grid(numbers.c, "c", "weight")
        self.o = self._grid(numbers.o, f"{symbol}_({step})", "output")
        self.o.cells.set_fill(opacity=0.0)  # scores lie beyond the colours' scale
        self.o.numbers.set_fill(theme.color("text"))
        for name, x in _XS.items():
            getattr(self, name).stand(x, MIDDLE)
        self.signs = VGroup(*[self._sign(sign, x) for sign, x in (("+", 1.6), ("=", 3.75))])
        ys = row_ys(len(numbers.shown))
        color = theme.color("text")
        self.names = LabelColumn(
            numbers.names,
            _NAMES,
            [y - DROP for y in ys],
            color=color,
            size=BODY,
            width=_NAME_WIDTH,
        )
        end = f"{self.limit:.3g}"
        self.legend = ColorScale((f"{MINUS}{end}", f"+{end}"), theme, limit=self.limit)
        self.legend.next_to(VGroup(self.V.frame, self.h.frame), DOWN, buff=0.16)
        self.kind = label(kind, color=theme.color("output"), size=SMALL)
        self.kind.next_to(self.o.frame, DOWN, buff=0.14)
        super().__init__(
            self.V, self.h, self.c, self.o, self.signs, self.names, self.legend, self.kind
        )

    def begin(self) -> Animation:
        """Show the state."""
        return AnimationGroup(FadeIn(self.h, shift=0.2 * RIGHT), FadeIn(self.legend), run_time=0.8)

    def multiply(self) -> Animation:
        """Show V with the answers that its rows belong to, and c."""
        return Succession(
            FadeIn(self.V, self.names, shift=0.2 * RIGHT, run_time=1.0),
            FadeIn(self.c, self.signs[0], run_time=0.7),
        )

    def add_up(self) -> Animation:
        """Show the scores one after the other, each with the row of V that it comes from."""
        mark = Rectangle(
            width=self.V.frame.width,
            height=ROW,
            stroke_width=3.5,
            stroke_color=self.theme.color("text"),
        ).move_to(self.V.row(0))
        rows = [
            AnimationGroup(
                mark.animate.move_to(self.V.row(index)),
                FadeIn(self.o.row(index), shift=0.2 * RIGHT),
                run_time=0.45,
            )
            for index in range(len(self.o.values))
        ]
        return Succession(
            LaggedStart(
                FadeIn(self.signs[1]),
                FadeIn(self.o.frame, self.o.title, self.kind),
                Create(mark),
                run_time=0.6,
            ),
            *rows,
            FadeOut(mark, run_time=0.3),
        )

    def _grid(
        self,
        values: np.ndarray,
        title: str,
        role: Role,
        *,
        cell: tuple[float, float] = (_WIDE, ROW),
        written: bool = True,
    ) -> Matrix:
        return Matrix(
            values,
            self.theme,
            cell=cell,
            gap=_GAP,
            limit=self.limit,
            title=title,
            title_size=_TITLE,
            role=role,
            numbers=written,
        )

    def _sign(self, sign: str, x: float) -> Ink:
        return formula(sign, color=self.theme.color("note"), size=0.5).move_to([x, MIDDLE, 0.0])

"""Outputs beside their targets, and their differences."""

from collections.abc import Iterable
from typing import Final

from manim import RIGHT, Animation, AnimationGroup, FadeIn, Indicate, VGroup
from rnnviz.scenes.output.rows import DROP, ROW, row_ys
from rnnviz.scenes.output.value_numbers import ValueNumbers

from rnnviz.mobjects.labels import LabelColumn, LabelRow
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.text import BODY, formula
from rnnviz.mobjects.theme import Role, Theme

_NAMES: Final = -5.2
_NAME_WIDTH: Final = 1.6
_XS: Final = {"y": -4.4, "wanted": -2.65, "error": -0.8}
_SIGNS: Final = {"-": -3.5, "=": -1.75}
_WIDTH: Final = 1.3


class ErrorTable(VGroup):
    """A row for each output: its name if there are several, y, y* and y − y*."""

    def __init__(self, numbers: ValueNumbers, theme: Theme):
        self.numbers, self.theme = numbers, theme
        self.ys = row_ys(len(numbers.shown))
        self.above = max(self.ys) + ROW * 0.95
        step = numbers.step + 1
        several = len(numbers.shown) > 1
        self.names = VGroup()
        if several:
            self.names = LabelColumn(
                numbers.names,
                _NAMES,
                [y - DROP for y in self.ys],
                color=theme.color("text"),
                size=BODY,
                width=_NAME_WIDTH,
            )
        self.y = self._column(f"y_({step})", numbers.o, "y", "output")
        self.wanted = self._column("y^*", numbers.wanted, "wanted", "text")
        self.error = self._column(f"y_({step}) - y^*", numbers.errors, "error", "gradient")
        self.signs = VGroup(
            *[
                formula(sign, color=theme.color("note"), size=0.46).move_to([x, y, 0.0])
                for sign, x in _SIGNS.items()
                for y in self.ys
            ]
        )
        super().__init__(self.names, self.y, self.wanted, self.error, self.signs)

    def begin(self) -> Animation:
        """Show the outputs, then the targets beside them."""
        parts = [part for part in (self.names, self.y) if len(part)]
        return AnimationGroup(
            FadeIn(*parts, shift=0.15 * RIGHT),
            FadeIn(self.wanted, shift=0.15 * RIGHT),
            lag_ratio=0.6,
            run_time=1.6,
        )

    def subtract(self) -> Animation:
        """Show the differences."""
        return FadeIn(self.signs, self.error, shift=0.15 * RIGHT, run_time=1.0)

    def point_out(self) -> Animation:
        """Point out the differences, which are the gradient."""
        return Indicate(self.error, scale_factor=1.12, color=None)

    def _column(self, title: str, values: Iterable[float], place: str, role: Role) -> VGroup:
        x, color = _XS[place], self.theme.color("gradient" if role == "gradient" else "text")
        rows = [
            LabelRow([number(float(v))], [x], y - DROP, color=color, size=BODY, width=_WIDTH)[0]
            for v, y in zip(values, self.ys, strict=True)
        ]
        head = formula(title, color=self.theme.color(role), size=0.46)
        return VGroup(head.move_to([x, self.above, 0.0]), *rows)

"""Named values as rows of bars."""

from collections.abc import Callable, Sequence

import numpy as np
from manim import (
    LEFT,
    RIGHT,
    Animation,
    AnimationGroup,
    FadeIn,
    LaggedStart,
    ManimColor,
    VGroup,
    VMobject,
)

from rnnviz.mobjects.bars import Bars, bar_colors
from rnnviz.mobjects.labels import LabelColumn
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.text import SMALL, label
from rnnviz.mobjects.theme import Role, Theme


class NamedBars(VGroup):
    """Named values as bars in rows, each with its value on its right.

    Only the ``chosen`` row is bright, or all of them.

    Shapes: names and values (rows,)
    Units:  a range of ``full`` values takes ``width`` Manim units; the rows begin at ``low``.
            By default both follow from the values. ``write`` draws the value of a row in a colour.
            Texts have the em height ``size``, and names are at most ``name_width`` wide
    """

    def __init__(
        self,
        names: Sequence[str],
        values: Sequence[float] | np.ndarray,
        theme: Theme,
        *,
        role: Role,
        width: float = 2.6,
        chosen: int | None = None,
        row: float = 0.4,
        low: float | None = None,
        full: float | None = None,
        write: Callable[[int, ManimColor], VMobject] | None = None,
        size: float = SMALL,
        name_width: float = 2.3,
    ):
        self.values = tuple(float(value) for value in values)
        least = min(0.0, *self.values) if low is None else low
        unit = width / (full if full is not None else max(max(0.0, *self.values) - least, 1e-12))
        zero = -least * unit
        ys = [-index * row for index in range(len(self.values))]
        colors = bar_colors(len(ys), theme, role, chosen=chosen, strength=0.55)
        inks = [
            theme.color("text" if chosen in (None, index) else "note") for index in range(len(ys))
        ]
        baselines = [y - 0.1 for y in ys]
        self.names = LabelColumn(names, -0.18, baselines, color=inks, size=size, width=name_width)
        self.bars = Bars(self.values, ys, zero=zero, unit=unit, thickness=row * 0.58, colors=colors)
        self.numbers = VGroup()
        for index, (value, color) in enumerate(zip(self.values, inks, strict=True)):
            text = write(index, color) if write else label(number(value), color=color, size=size)
            text.move_to([max(value, 0.0) * unit + zero + 0.16, 0.0, 0.0], LEFT)
            self.numbers.add(text.set_on(baselines[index]))
        super().__init__(self.names, self.bars, self.numbers)

    def grow(self, run_time: float = 1.2, *, named: bool = False) -> Animation:
        """Grow the bars row after row, with their values and, unless they are there, names."""
        growing = [
            AnimationGroup(
                *([] if named else [FadeIn(name)]),
                _stretch(bar),
                FadeIn(value, shift=0.2 * RIGHT),
            )
            for name, bar, value in zip(self.names, self.bars, self.numbers, strict=True)
        ]
        return LaggedStart(*growing, lag_ratio=0.15, run_time=run_time)


def _stretch(bar: VMobject) -> Animation:
    full = bar.width
    bar.stretch_to_fit_width(0.001, about_edge=LEFT)
    return bar.animate.stretch_to_fit_width(full, about_edge=LEFT)

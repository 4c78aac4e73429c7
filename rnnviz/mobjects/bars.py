"""Recorded numbers as bars, each with its value written beside it."""

from collections.abc import Sequence

import numpy as np
from manim import (
    DOWN,
    LEFT,
    RIGHT,
    UP,
    Animation,
    AnimationGroup,
    FadeIn,
    GrowFromEdge,
    LaggedStart,
    Line,
    Rectangle,
    UpdateFromAlphaFunc,
    VGroup,
    rate_functions,
)

from rnnviz.mobjects.theme import Role, Theme
from rnnviz.mobjects.typography import SMALL, fitted_label, label, number


class RowBars(VGroup):
    """Named values as horizontal bars, one a row, from a common zero line.

    Shapes: names and values (rows,)
    Units:  the longest bar, from the smallest to the greatest value, takes ``width``
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
        full: float | None = None,
    ):
        self.values = tuple(float(value) for value in values)
        low, high = min(0.0, *self.values), max(0.0, *self.values)
        scale = width / (full if full is not None else max(high - low, 1e-12))
        self.names, self.bars, self.numbers = VGroup(), VGroup(), VGroup()
        for index, (name, value) in enumerate(zip(names, self.values, strict=True)):
            bright = chosen is None or index == chosen
            y = -index * row
            bar = Rectangle(
                width=max(abs(value) * scale, 0.02),
                height=row * 0.58,
                stroke_width=0,
                fill_opacity=1.0,
                fill_color=theme.color(role) if bright else theme.dimmed(role, 0.55),
            )
            bar.move_to([-low * scale, y, 0.0], aligned_edge=LEFT if value >= 0 else RIGHT)
            ink = theme.color("text" if bright else "note")
            text = fitted_label(name, color=ink, width=2.3, size=SMALL)
            text.move_to([-0.18, 0.0, 0.0], aligned_edge=RIGHT)
            shown = label(number(value), color=ink, size=SMALL)
            shown.move_to([max(value, 0.0) * scale - low * scale + 0.16, 0.0, 0.0], LEFT)
            for written in (text, shown):
                written.set_on(y - 0.1)
            self.names.add(text)
            self.bars.add(bar)
            self.numbers.add(shown)
        super().__init__(self.names, self.bars, self.numbers)

    def grow(self, run_time: float = 1.2) -> Animation:
        """The bars grow out of the zero line, their names and values beside them."""
        growing = [
            AnimationGroup(FadeIn(name), _stretch(bar, LEFT), FadeIn(value, shift=0.2 * RIGHT))
            for name, bar, value in zip(self.names, self.bars, self.numbers, strict=True)
        ]
        return LaggedStart(*growing, lag_ratio=0.15, run_time=run_time)


class BarChart(VGroup):
    """Values as vertical bars on a baseline, on a linear or a logarithmic scale.

    Shapes: values, places (bars,)
    Units:  places are x in Manim units; heights run from the axis' low end to ``height``
    """

    def __init__(
        self,
        values: Sequence[float] | np.ndarray,
        places: Sequence[float] | np.ndarray,
        theme: Theme,
        *,
        role: Role,
        height: float,
        bar_width: float,
        base: float,
        digits: int = 2,
        texts: Sequence[str] | None = None,
        number_size: float = SMALL,
    ):
        self.values = np.asarray(values, dtype=float)
        written = texts or [number(value, digits) for value in self.values]
        self.places = np.asarray(places, dtype=float)
        self.theme = theme
        self.height_of_all = height
        self.base = base
        self.top = float(self.values.max())
        color = theme.color(role)
        self.bars = VGroup(
            *[
                Rectangle(
                    width=bar_width, height=1.0, stroke_width=0, fill_opacity=1.0, fill_color=color
                )
                for _ in self.values
            ]
        )
        self.numbers = VGroup(
            *[
                label(text, color=theme.color("text"), size=number_size)
                .set_stroke(theme.ground, width=5, background=True)
                .set_z_index(2)
                for text in written
            ]
        )
        edge = bar_width
        self.axis = Line(
            [self.places.min() - edge, base, 0.0],
            [self.places.max() + edge, base, 0.0],
            stroke_width=1.5,
            color=theme.color("note"),
        )
        super().__init__(self.axis, self.bars, self.numbers)
        self.set_heights(self.linear_heights())

    def linear_heights(self) -> np.ndarray:
        """The bars' heights on a linear scale, in Manim units."""
        return self.values / max(self.top, 1e-300) * self.height_of_all

    def set_heights(self, heights: np.ndarray) -> "BarChart":
        """Give the bars other heights, and put the numbers on top of them."""
        for bar, text, x, height in zip(self.bars, self.numbers, self.places, heights, strict=True):
            bar.stretch_to_fit_height(max(float(height), 0.012))
            bar.move_to([x, self.base, 0.0], aligned_edge=DOWN)
            text.move_to([x, 0.0, 0.0])
            text.set_on(self.base + max(float(height), 0.012) + 0.12)
        return self

    def grow(self, index: int, run_time: float = 0.8) -> Animation:
        """One bar grows from the baseline, and its number comes to it."""
        bar, text = self.bars[index], self.numbers[index]
        return AnimationGroup(
            GrowFromEdge(bar, DOWN), FadeIn(text, shift=0.15 * UP), run_time=run_time
        )

    def change_heights(self, heights: np.ndarray, run_time: float = 2.0) -> Animation:
        """All bars go to other heights, with their numbers on top."""
        start = np.array([bar.height for bar in self.bars])

        def between(chart: BarChart, share: float) -> None:
            chart.set_heights((1 - share) * start + share * heights)

        return UpdateFromAlphaFunc(
            self, between, run_time=run_time, rate_func=rate_functions.ease_in_out_cubic
        )


def _stretch(bar: Rectangle, edge: np.ndarray) -> Animation:
    full = bar.width
    bar.stretch_to_fit_width(0.001, about_edge=edge)
    return bar.animate.stretch_to_fit_width(full, about_edge=edge)

"""A series of numbers, and the inputs made of it."""

from typing import Protocol, Self

import numpy as np
from manim import (
    LEFT,
    RIGHT,
    UP,
    Animation,
    AnimationGroup,
    Create,
    FadeIn,
    LaggedStart,
    Succession,
    TransformFromCopy,
    VGroup,
)

from rnnviz.mobjects.labels import LabelRow
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.plane import Plane
from rnnviz.mobjects.text import BODY, NOTE, SMALL, formula, label, prose
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.value_grid import ValueGrid


class Series(Protocol):
    """Values over time, and the network's inputs made of them."""

    x: np.ndarray
    values: np.ndarray
    step_labels: tuple[str, ...]
    source: str


class SeriesChart(VGroup):
    """A series of numbers over its steps, with the network's inputs below, and its source.

    Units:  ``centre`` is the x of the chart's middle; ``limit`` gets the end of the colour scale
    """

    def __init__(
        self, series: Series, title: str, source: str, theme: Theme, *, centre: float, limit: float
    ):
        self.theme = theme
        self.values = np.asarray(series.values, dtype=float)[:, 0]
        self.inputs = np.asarray(series.x, dtype=float)[:, 0]
        times = np.arange(1, len(self.values) + 1)
        width = 5.0
        self.plane = Plane(
            (times[0] - 0.5, times[-1] + 0.5),
            (float(self.values.min()), float(self.values.max())),
            theme,
            width=width,
            height=2.35,
            centre=(centre, 0.7),
            x_name="t",
        )
        self.line = self.plane.curve(times, self.values, role="input", width=3.0)
        self.dots = self.plane.dots(times, self.values, role="input", radius=0.05)
        self.title = label(title, color=theme.color("text"), size=BODY)
        self.title.move_to([centre, 0.0, 0.0]).set_on(3.2)
        ends = (series.step_labels[0], series.step_labels[-1])
        self.limit = limit
        self.cells = ValueGrid(
            self.inputs[None], theme, pitch=(width / len(times), 0.42), limit=self.limit
        ).move_to([centre, -1.75, 0.0])
        self.days = LabelRow(
            ends,
            [self.cells[0].get_x(), self.cells[-1].get_x()],
            -2.28,
            color=theme.color("note"),
            size=NOTE,
        )
        self.symbol = formula("x_t", color=theme.color("input"), size=0.42)
        self.symbol.next_to(self.cells, LEFT, buff=0.2)
        self.last = VGroup(
            label(f"{self.values[-1]:z.4g}", color=theme.color("text"), size=SMALL)
            .set_stroke(theme.ground, width=5, background=True)
            .next_to(self.dots[-1], RIGHT, buff=0.14),
            label(number(float(self.inputs[-1])), color=theme.color("text"), size=SMALL).next_to(
                self.cells[-1], RIGHT, buff=0.12
            ),
        )
        origin = prose(
            "{source}", {"source": source}, color=theme.color("note"), width=6.2, size=NOTE
        )
        self.source = origin.move_to([centre, 3.02, 0.0], aligned_edge=UP)
        super().__init__(
            self.plane,
            self.line,
            self.dots,
            self.title,
            self.cells,
            self.symbol,
            self.days,
            self.last,
            self.source,
        )

    def begin_in_the_middle(self) -> Self:
        """Move to the middle of the frame until ``go_aside``."""
        self.way = -self.plane.frame.get_x() * RIGHT
        return self.shift(self.way)

    def go_aside(self) -> Animation:
        """Move to the chart's own place, beside another chart."""
        return self.animate.shift(-self.way)

    def appear(self) -> Animation:
        """Show the axes, then the line, then the inputs below it."""
        return Succession(
            AnimationGroup(
                FadeIn(self.plane), FadeIn(self.title), FadeIn(self.source), run_time=0.8
            ),
            AnimationGroup(Create(self.line), FadeIn(self.dots), run_time=2.0),
            AnimationGroup(FadeIn(self.symbol), FadeIn(self.days), run_time=0.4),
            LaggedStart(
                *[
                    TransformFromCopy(dot, cell)
                    for dot, cell in zip(self.dots, self.cells, strict=True)
                ],
                lag_ratio=0.1,
                run_time=2.2,
            ),
            FadeIn(self.last, run_time=0.6),
        )


def greatest(*series: Series) -> float:
    """Return the greatest absolute value of the inputs of some series."""
    return float(max(np.abs(each.x).max() for each in series))

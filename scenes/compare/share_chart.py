"""The gradient at each state of both networks, over the words they share."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from manim import (
    LEFT,
    RIGHT,
    Animation,
    AnimationGroup,
    Create,
    DashedVMobject,
    FadeIn,
    LaggedStart,
    VGroup,
    VMobject,
)
from rnnviz.scenes.compare.named import NamedSide, mark_of
from rnnviz.scenes.compare.places import (
    CHART_BASE,
    CHART_HEIGHT,
    COLUMN_RIGHT,
    COLUMN_X,
    LEFT_X,
    RIGHT_X,
)
from rnnviz.scenes.compare.sides import Side

from rnnviz.mobjects.log_axis import LogAxis
from rnnviz.mobjects.text import SMALL, fitted_label
from rnnviz.mobjects.theme import Theme

_TICK: Final = 0.08
_HEADING: Final = 0.3
_ROW: Final = 0.38
_DASH: Final = 0.16


class ShareLine(VGroup):
    """The shares of one network: a line with dots, or dashed with squares for the second one."""

    def __init__(self, side: Side, places: Sequence[float], axis: LogAxis, theme: Theme):
        color = theme.color(side.role)
        self.values = tuple(float(value) for value in side.shares)
        points = [
            np.array([x, axis.base + axis.height_at(value), 0.0])
            for x, value in zip(places, self.values, strict=True)
        ][::-1]
        line = VMobject(stroke_color=color, stroke_width=4).set_points_as_corners(points)
        length = float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())
        dashes = max(2, round(length / (2 * _DASH)))
        self.line = DashedVMobject(line, num_dashes=dashes) if side.place else line
        self.marks = VGroup(*[mark_of(side, color).move_to(point) for point in points])
        super().__init__(self.line, self.marks)

    def draw(self) -> Animation:
        """Draw the line from the loss's step back."""
        marks = LaggedStart(*map(FadeIn, self.marks), lag_ratio=0.5, run_time=3.0)
        drawn = (
            LaggedStart(*map(Create, self.line), lag_ratio=1.0, run_time=3.0)
            if len(self.line.submobjects)
            else Create(self.line, run_time=3.0)
        )
        return AnimationGroup(drawn, marks)


class ShareChart(VGroup):
    """A logarithmic axis over the words, its heading, and a line for each network."""

    def __init__(self, sides: Sequence[Side], places: Sequence[float], heading: str, theme: Theme):
        self.theme = theme
        values = np.concatenate([side.shares for side in sides])
        self.axis = LogAxis(
            values, theme, base=CHART_BASE, height=CHART_HEIGHT, left=LEFT_X, right=RIGHT_X
        )
        for line, tick in zip(self.axis.lines, self.axis.ticks, strict=True):
            tick.next_to(line, RIGHT, buff=_TICK)
        top = CHART_BASE + CHART_HEIGHT
        self.heading = fitted_label(
            heading, color=theme.color("gradient"), width=RIGHT_X - LEFT_X, size=_HEADING
        ).move_to([LEFT_X, 0.0, 0.0], LEFT)
        self.heading.set_on(top + 0.28)
        self.lines = [ShareLine(side, places, self.axis, theme) for side in sides]
        super().__init__(self.axis, self.heading)

    def write(self, text: str, named: NamedSide) -> Animation:
        """Write what was measured of a network into the next row below its name."""
        ink = fitted_label(
            text, color=self.theme.color("text"), width=COLUMN_RIGHT - COLUMN_X, size=SMALL
        )
        ink.move_to([COLUMN_X, 0.0, 0.0], LEFT)
        named.facts.append(ink)
        ink.set_on(float(named.sample.get_y()) - 0.14 - len(named.facts) * _ROW)
        return FadeIn(ink, shift=0.1 * RIGHT)

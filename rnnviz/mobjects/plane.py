"""A plane with two linear axes, for curves and points."""

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, Dot, Line, ManimColor, VGroup, VMobject
from matplotlib.ticker import MaxNLocator

from rnnviz.mobjects.numbers import MINUS
from rnnviz.mobjects.text import NOTE, Ink, formula, label
from rnnviz.mobjects.theme import Role, Theme

Bounds = tuple[float, float]


class Plane(VGroup):
    """A rectangle for data, with grid lines and round ticks on both axes.

    Units:  ``x`` and ``y`` are the ends of the data's ranges, ``width`` and ``height`` in Manim
            units; the rectangle's middle is at ``centre``
    """

    def __init__(
        self,
        x: Bounds,
        y: Bounds,
        theme: Theme,
        *,
        width: float,
        height: float,
        centre: tuple[float, float] = (0.0, 0.0),
        x_name: str | None = None,
        y_name: str | None = None,
        ticks: int = 5,
    ):
        self.theme = theme
        self.x_bounds, self.y_bounds = _wide(x), _wide(y)
        color, grid = theme.color("note"), theme.faint()
        self.frame = Line(
            [-width / 2, -height / 2, 0], [width / 2, height / 2, 0], stroke_opacity=0
        ).move_to([*centre, 0.0])
        self.lines, self.ticks, self.names = VGroup(), VGroup(), VGroup()
        locate = MaxNLocator(ticks, steps=[1, 2, 2.5, 5, 10])
        for value in _inside(locate.tick_values(*self.x_bounds), self.x_bounds):
            foot = self.at(value, self.y_bounds[0])
            self.lines.add(Line(foot, self.at(value, self.y_bounds[1]), stroke_width=1, color=grid))
            self.ticks.add(_tick(value, color).next_to(foot, DOWN, buff=0.12))
        for value in _inside(locate.tick_values(*self.y_bounds), self.y_bounds):
            foot = self.at(self.x_bounds[0], value)
            self.lines.add(Line(foot, self.at(self.x_bounds[1], value), stroke_width=1, color=grid))
            self.ticks.add(_tick(value, color).next_to(foot, LEFT, buff=0.12))
        if x_name is not None:
            name = formula(x_name, color=color, size=0.36)
            self.names.add(name.next_to([centre[0], self.ticks.get_bottom()[1], 0], DOWN, buff=0.1))
        if y_name is not None:
            name = formula(y_name, color=color, size=0.36)
            self.names.add(name.next_to([self.ticks.get_left()[0], centre[1], 0], LEFT, buff=0.15))
        super().__init__(self.frame, self.lines, self.ticks, self.names)

    def at(self, x: float, y: float) -> np.ndarray:
        """Return the place (3,) of a pair of values, which may lie outside the rectangle."""
        low, high = self.frame.get_start(), self.frame.get_end()
        across = (x - self.x_bounds[0]) / (self.x_bounds[1] - self.x_bounds[0])
        up = (y - self.y_bounds[0]) / (self.y_bounds[1] - self.y_bounds[0])
        return np.array([low[0] + across * (high[0] - low[0]), low[1] + up * (high[1] - low[1]), 0])

    def curve(
        self,
        xs: Sequence[float] | np.ndarray,
        ys: Sequence[float] | np.ndarray,
        *,
        role: Role,
        width: float = 4.0,
    ) -> VMobject:
        """Return the line through points, in their order."""
        line = VMobject(stroke_color=self.theme.color(role), stroke_width=width)
        return line.set_points_as_corners([self.at(x, y) for x, y in zip(xs, ys, strict=True)])

    def dots(
        self,
        xs: Sequence[float] | np.ndarray,
        ys: Sequence[float] | np.ndarray,
        *,
        role: Role,
        radius: float = 0.06,
    ) -> VGroup:
        """Return a dot at each point."""
        color = self.theme.color(role)
        points = zip(xs, ys, strict=True)
        return VGroup(*[Dot(self.at(x, y), radius=radius, color=color) for x, y in points])


def _wide(bounds: Bounds) -> Bounds:
    """Widen bounds that coincide."""
    low, high = float(bounds[0]), float(bounds[1])
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def _inside(values: Sequence[float], bounds: Bounds) -> list[float]:
    slack = 1e-9 * (bounds[1] - bounds[0])
    return [float(value) for value in values if bounds[0] - slack <= value <= bounds[1] + slack]


def _tick(value: float, color: ManimColor) -> Ink:
    text = f"{value:.6g}".replace("-", MINUS) if value else "0"
    return label(text, color=color, size=NOTE)

"""The cliff as a surface, with descents over it."""

from typing import Final

import numpy as np
from manim import (
    DOWN,
    RIGHT,
    Animation,
    Create,
    Dot,
    FadeIn,
    Line,
    Polygon,
    Succession,
    VGroup,
    VMobject,
)

from rnnviz.measure.cliff import B_RANGE, W_RANGE, cliff_error, steepest
from rnnviz.mobjects.color_scale import ColorScale
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.projection import Projection
from rnnviz.mobjects.text import NOTE, SMALL, formula, label
from rnnviz.mobjects.theme import Role, Theme

Values = np.ndarray | float

_CELLS: Final = (44, 30)
_SIZE: Final = (6.4, 4.2)
_HEIGHT: Final = 4.6
_PROJECTION: Final = Projection(azimuth=-24, elevation=34, zoom=1.0, place=(0.1, 0.1))
_LIFT: Final = 0.04
_BEFORE_WALL: Final = 16
_THIN: Final = 1e-3
_TICKS: Final = ((5.0, 6.0, 7.0), (-3.0, -2.5, -2.0))


class CliffSurface(VGroup):
    """The error over w and b, in space, coloured by its value."""

    def __init__(self, theme: Theme):
        self.theme = theme
        bs = np.linspace(*B_RANGE, _CELLS[1] + 1)
        ws = np.stack([_parted_at_the_wall(float(b)) for b in bs], axis=1)
        errors = cliff_error(ws, bs[None, :])
        self.top = float(errors.max())
        corners = self.at(ws, bs[None, :], errors)
        cells = [(i, j) for j in reversed(range(_CELLS[1])) for i in reversed(range(_CELLS[0]))]
        self.cells = VGroup()
        for i, j in cells:
            four = [corners[i, j], corners[i + 1, j], corners[i + 1, j + 1], corners[i, j + 1]]
            value = errors[i : i + 2, j : j + 2].mean()
            color = theme.magnitude(float(value / self.top))
            self.cells.add(
                Polygon(*four, fill_color=color, fill_opacity=1.0, stroke_color=color).set_stroke(
                    width=0.6
                )
            )
        self.axes = self._axes()
        self.legend = ColorScale(
            ("0", number(self.top)), theme, limit=self.top, signed=False, size=SMALL
        ).in_corner()
        super().__init__(self.cells, self.axes, self.legend)

    def at(self, w: Values, b: Values, error: Values) -> np.ndarray:
        """Return the places in the frame (…, 3) of weights, biases and their errors."""
        x, y = (
            ((np.asarray(value) - bounds[0]) / (bounds[1] - bounds[0]) - 0.5) * size
            for value, bounds, size in zip((w, b), (W_RANGE, B_RANGE), _SIZE, strict=True)
        )
        points = np.stack(np.broadcast_arrays(x, y, np.asarray(error) * _HEIGHT), axis=-1)
        return _PROJECTION.project(points)

    def path(self, points: np.ndarray, role: Role) -> VGroup:
        """Return a descent (steps, 2) on the surface, as a line with a dot at each step.

        A step that leaves the surface is drawn up to its edge.
        """
        points = np.array([points[0], *map(_within, points, points[1:])])
        errors = cliff_error(points[:, 0], points[:, 1])
        places = self.at(points[:, 0], points[:, 1], errors + _LIFT)
        color = self.theme.color(role)
        line = VMobject(stroke_color=color, stroke_width=5).set_points_as_corners(list(places))
        dots = VGroup(*[Dot(place, radius=0.07, color=color) for place in places])
        for part in (line, dots):
            part.set_z_index(3)
        dots.set_stroke(self.theme.ground, width=1.5)
        return VGroup(line, dots)

    def appear(self) -> Animation:
        """Show the axes, then the surface from its far edge."""
        return Succession(
            FadeIn(self.axes, self.legend), FadeIn(self.cells, lag_ratio=0.002, run_time=3.0)
        )

    def walk(self, path: VGroup, run_time: float) -> Animation:
        """Draw a descent step by step."""
        line, dots = path
        return Succession(
            FadeIn(dots[0]), Create(line, run_time=run_time), FadeIn(dots[1:], lag_ratio=0.2)
        )

    def _axes(self) -> VGroup:
        color = self.theme.color("note")
        parts = VGroup()
        low_w, low_b = W_RANGE[0], B_RANGE[0]
        edges = (self.at(low_w, low_b, 0), self.at(W_RANGE[1], low_b, 0))
        parts.add(Line(*edges, color=color, stroke_width=1.5))
        parts.add(Line(edges[1], self.at(W_RANGE[1], B_RANGE[1], 0), color=color, stroke_width=1.5))
        for value in _TICKS[0]:
            mark = label(f"{value:g}", color=color, size=NOTE)
            parts.add(mark.next_to(self.at(value, low_b, 0), DOWN, buff=0.12))
        for value in _TICKS[1]:
            mark = label(number(value), color=color, size=NOTE)
            parts.add(mark.next_to(self.at(W_RANGE[1], value, 0), RIGHT, buff=0.15))
        names = formula("w", color=color, size=0.42), formula("b", color=color, size=0.42)
        names[0].next_to(self.at(5.5, low_b, 0), DOWN, buff=0.15)
        names[1].next_to(self.at(W_RANGE[1], -2.75, 0), RIGHT, buff=0.35)
        parts.add(*names)
        return parts


def _parted_at_the_wall(b: float) -> np.ndarray:
    """Return weights along one b, with the wall between the same two of them for every b."""
    wall = steepest(b)[0]
    low, high = (float(np.clip(wall + side * _THIN, *W_RANGE)) for side in (-1, 1))
    after = _CELLS[0] - _BEFORE_WALL
    return np.concatenate(
        [np.linspace(W_RANGE[0], low, _BEFORE_WALL + 1), np.linspace(high, W_RANGE[1], after)]
    )


def _within(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return the end of a step, or the point where it leaves the surface."""
    shares = [1.0]
    for here, there, (low, high) in zip(start, end, (W_RANGE, B_RANGE), strict=True):
        for edge in (low, high):
            share = (edge - here) / (there - here) if there != here else 1.0
            if 0 <= share < 1:
                shares.append(share)
    outside = not (W_RANGE[0] <= end[0] <= W_RANGE[1] and B_RANGE[0] <= end[1] <= B_RANGE[1])
    return start + (min(shares) if outside else 1.0) * (end - start)

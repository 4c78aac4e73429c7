"""A line through values on a logarithmic axis."""

from collections.abc import Sequence

import numpy as np
from manim import Animation, AnimationGroup, Create, Dot, FadeIn, VGroup, VMobject

from rnnviz.mobjects.log_axis import LogAxis
from rnnviz.mobjects.text import SMALL, label
from rnnviz.mobjects.theme import Role, Theme


class ValueLine(VGroup):
    """Values over steps as dots, joined by a line that is drawn from the last step back.

    The title is placed by whoever draws several lines: see ``spread``.

    Shapes: values, places (points,)
    """

    def __init__(
        self,
        values: Sequence[float] | np.ndarray,
        places: Sequence[float] | np.ndarray,
        axis: LogAxis,
        name: str,
        theme: Theme,
        *,
        role: Role,
    ):
        self.values = tuple(float(value) for value in values)
        color = theme.color(role)
        points = [
            np.array([x, axis.base + axis.height_at(value), 0.0])
            for x, value in zip(places, self.values, strict=True)
        ]
        self.line = VMobject(stroke_color=color, stroke_width=4).set_points_as_corners(points[::-1])
        self.dots = VGroup(*[Dot(point, radius=0.06, color=color) for point in points])
        self.title = label(name, color=color, size=SMALL)
        super().__init__(self.line, self.dots, self.title)

    def appear(self) -> Animation:
        """Draw the line while its dots and title fade in."""
        return AnimationGroup(Create(self.line), FadeIn(self.dots), FadeIn(self.title))


def spread(titles: Sequence[VMobject], heights: Sequence[float], distance: float = 0.4) -> None:
    """Move titles to the heights of what they name, at least a distance apart."""
    lowest = -np.inf
    for height, title in sorted(zip(heights, titles, strict=True), key=lambda pair: pair[0]):
        lowest = max(height, lowest + distance)
        title.set_y(lowest)

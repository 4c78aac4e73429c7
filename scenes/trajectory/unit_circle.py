"""The eigenvalues at a fixed point."""

from typing import Final

import numpy as np
from manim import Animation, AnimationGroup, Circle, Create, FadeIn, LaggedStart, Succession, VGroup
from rnnviz.scenes.trajectory.paths import Paths

from rnnviz.mobjects.plane import Plane
from rnnviz.mobjects.text import SMALL, fitted_label
from rnnviz.mobjects.theme import Theme

ASIDE: Final = (4.1, 0.55)


class UnitCircle(VGroup):
    """The eigenvalues at the first fixed point, with the unit circle."""

    def __init__(self, paths: Paths, title: str, theme: Theme):
        self.values = paths.found.eigenvalues[:1].ravel()
        reach = 1.15 * max(1.0, float(np.abs(self.values).max()) if len(self.values) else 1.0)
        side = 3.7
        self.plane = Plane(
            (-reach, reach),
            (-reach, reach),
            theme,
            width=side,
            height=side,
            centre=ASIDE,
            ticks=4,
            x_name='"Re" lambda',
            y_name='"Im" lambda',
        )
        self.circle = Circle(
            radius=side / 2 / reach, stroke_width=3, color=theme.color("text")
        ).move_to([*ASIDE, 0.0])
        self.dots = self.plane.dots(self.values.real, self.values.imag, role="weight", radius=0.09)
        for dot in self.dots:
            dot.set_z_index(2)
        self.title = fitted_label(title, color=theme.color("text"), width=4.8, size=SMALL)
        self.title.move_to([ASIDE[0], 0.0, 0.0]).set_on(self.plane.frame.get_top()[1] + 0.14)
        super().__init__(self.plane, self.circle, self.dots, self.title)

    def appear(self) -> Animation:
        """Show the plane, the circle, then the eigenvalues."""
        return Succession(
            AnimationGroup(FadeIn(self.plane), FadeIn(self.title), run_time=0.8),
            Create(self.circle, run_time=1.0),
            LaggedStart(
                *[FadeIn(dot, scale=2.0) for dot in self.dots], lag_ratio=0.2, run_time=1.2
            ),
        )

"""The path of states under a constant input."""

import numpy as np
from manim import Animation, AnimationGroup, Create, Dot, FadeIn, Succession, VGroup, VMobject
from rnnviz.scenes.trajectory.paths import Paths
from rnnviz.scenes.trajectory.state_plane import StatePlane
from rnnviz.scenes.trajectory.unit_circle import ASIDE

from rnnviz.mobjects.plane import Plane
from rnnviz.mobjects.text import formula
from rnnviz.mobjects.theme import Theme


class ConstantInputPath(VGroup):
    """The states under a constant input, and how far each step moves them."""

    def __init__(self, paths: Paths, plane: StatePlane, theme: Theme):
        points, self.moves, first = paths.away, paths.moves, paths.pair.steps + 1
        color = theme.color("hidden")
        spots = [plane.at(point) for point in points]
        self.path = VMobject(stroke_color=color, stroke_width=2.0, stroke_opacity=0.6)
        self.path.set_points_as_corners(spots)
        self.end = Dot(spots[-1], radius=0.11, color=theme.color("text")).set_z_index(4)
        times = np.arange(first, first + len(self.moves))
        self.chart = Plane(
            (float(times[0]), float(times[-1])),
            (0.0, float(self.moves.max())),
            theme,
            width=4.2,
            height=3.2,
            centre=(ASIDE[0] + 0.1, ASIDE[1]),
            x_name="t",
            ticks=4,
        )
        self.line = self.chart.curve(times, self.moves, role="hidden", width=3.0)
        self.title = formula("norm(h_t - h_(t-1))", color=theme.color("text"), size=0.4)
        self.title.move_to([ASIDE[0], self.chart.frame.get_top()[1] + 0.35, 0.0])
        super().__init__(self.path, self.end, self.chart, self.line, self.title)

    def go_on(self) -> Animation:
        """Draw the path in the plane, and the length of its steps beside it."""
        return Succession(
            AnimationGroup(FadeIn(self.chart), FadeIn(self.title), run_time=0.7),
            AnimationGroup(Create(self.path), Create(self.line), run_time=5.0),
            FadeIn(self.end, scale=2.0, run_time=0.5),
        )

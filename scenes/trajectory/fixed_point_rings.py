"""Fixed points of a step, as rings and as a list."""

from typing import Final

from manim import DOWN, LEFT, Animation, Circle, Create, FadeIn, LaggedStart, VGroup
from rnnviz.scenes.trajectory.paths import Paths
from rnnviz.scenes.trajectory.state_plane import StatePlane
from rnnviz.scenes.trajectory.step_list import LIST_LEFT, LIST_TOP

from rnnviz.mobjects.equation import Equation
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.text import BODY, SMALL, fitted_label, label
from rnnviz.mobjects.theme import Theme

MOST_POINTS: Final = 4


class FixedPointRings(VGroup):
    """Fixed points as rings in the plane, filled if stable."""

    def __init__(self, paths: Paths, plane: StatePlane, theme: Theme):
        points, found = paths.fixed_points, paths.found
        shown = min(len(points), MOST_POINTS)
        self.rings = VGroup(
            *[
                _ring(bool(stable), theme).move_to(plane.at(point))
                for point, stable in zip(points[:shown], found.stable[:shown], strict=True)
            ]
        )
        super().__init__(self.rings)

    def appear(self) -> Animation:
        """Draw the rings."""
        return LaggedStart(*[Create(ring) for ring in self.rings], lag_ratio=0.3, run_time=1.5)


class FixedPointList(VGroup):
    """The fixed points as rows: how far a step moves each, and how many starts led to it.

    Shapes: residuals and starts (point,)
    """

    def __init__(self, paths: Paths, titles: tuple[str, str], theme: Theme):
        found = paths.found
        shown = min(len(found.states), MOST_POINTS)
        self.residuals, self.starts = found.residuals[:shown], found.starts[:shown]
        ink = theme.color("text")
        self.titles = VGroup(
            *[
                fitted_label(title, color=theme.color("note"), width=width, size=SMALL)
                for title, width in zip(titles, (3.2, 1.3), strict=True)
            ]
        )
        places = (LIST_LEFT + 0.5, LIST_LEFT + 4.0)
        for head, x in zip(self.titles, places, strict=True):
            head.move_to([x, 0.0, 0.0], aligned_edge=LEFT).set_on(LIST_TOP - 0.55)
        self.rings, self.cells = VGroup(), VGroup()
        total = int(found.starts.sum()) + found.lost
        for index, (residual, starts) in enumerate(zip(self.residuals, self.starts, strict=True)):
            y = LIST_TOP - 1.2 - 0.62 * index
            ring = _ring(bool(found.stable[index]), theme)
            self.rings.add(ring.move_to([LIST_LEFT + 0.1, y + 0.1, 0.0]))
            for text, x in zip(
                (number(float(residual)), f"{starts} / {total}"), places, strict=True
            ):
                shown_text = label(text, color=ink, size=BODY)
                self.cells.add(shown_text.move_to([x, 0.0, 0.0], aligned_edge=LEFT).set_on(y))
        super().__init__(self.titles, self.rings, self.cells)

    def appear(self) -> Animation:
        """Show the titles, then row after row."""
        rows = [
            FadeIn(VGroup(ring, *self.cells[2 * index : 2 * index + 2]), shift=0.2 * DOWN)
            for index, ring in enumerate(self.rings)
        ]
        return LaggedStart(FadeIn(self.titles), *rows, lag_ratio=0.4, run_time=2.0)


def fixed_point_equation(step: int, theme: Theme) -> Equation:
    """Return the equation of a state that a step with the last input does not change."""
    return Equation(
        f"{{{{ h : now }}}} = tanh({{{{ U : U }}}} {{{{ x_({step}) : x }}}} + "
        "{{ W : W }} {{ h : before }} + {{ b : b }})",
        theme,
        size=0.5,
    )


def _ring(stable: bool, theme: Theme) -> Circle:
    """Return the ring of a fixed point, filled if it is stable."""
    ring = Circle(radius=0.12, stroke_width=4, color=theme.color("output"))
    return ring.set_fill(opacity=0.9 if stable else 0.0).set_z_index(3)

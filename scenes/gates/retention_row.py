"""A frame around the row of one unit."""

from manim import LEFT, RIGHT, Animation, Create, FadeIn, Rectangle, Succession, VGroup
from rnnviz.scenes.gates.unit_grid import UnitGrid

from rnnviz.experiments.studies import UnitRetention
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.text import SMALL, label
from rnnviz.mobjects.theme import Theme


class RetentionRow(VGroup):
    """A frame around one unit's row from a word to the last, with the part kept at its end.

    If the row shows the ``factors`` whose product is the part kept, it begins one word later.
    """

    def __init__(
        self, grid: UnitGrid, retention: UnitRetention, theme: Theme, *, factors: bool = False
    ):
        self.retention = retention
        places, pitch = grid.axis.places, grid.axis.pitch
        begin = max(0, retention.step + factors - grid.axis.window.indices.start)
        left, right = places[begin] - pitch / 2, places[-1] + pitch / 2
        y = grid.height_of(retention.unit)
        self.frame = Rectangle(
            width=right - left + 0.06,
            height=grid.pitch + 0.04,
            stroke_width=4,
            stroke_color=theme.color("text"),
        ).move_to([(left + right) / 2, y, 0.0])
        self.number = label(f"×{number(retention.part)}", color=theme.color("text"), size=SMALL)
        self.number.move_to([right + 0.14, 0, 0], aligned_edge=LEFT).set_on(y - 0.1)
        super().__init__(self.frame, self.number)

    def appear(self, run_time: float = 1.6) -> Animation:
        """Draw the frame, then show the number."""
        return Succession(
            Create(self.frame), FadeIn(self.number, shift=0.15 * RIGHT), run_time=run_time
        )

"""Arrays with signs between them, as a formula of numbers."""

from collections.abc import Sequence

from manim import RIGHT, UP, Animation, FadeIn, LaggedStart, VGroup, VMobject

from rnnviz.mobjects.text import formula
from rnnviz.mobjects.theme import Theme


class Terms(VGroup):
    """Drawings in a row, with signs in Typst's notation between them: ``=``, ``+``, ``dot``.

    A drawing with a ``frame``, such as a matrix with a title, has its frame on the middle line.
    """

    def __init__(
        self, parts: Sequence[VMobject | str], theme: Theme, *, gap: float = 0.25, size: float = 0.5
    ):
        self.parts = [
            formula(part, color=theme.color("note"), size=size) if isinstance(part, str) else part
            for part in parts
        ]
        super().__init__(*self.parts)
        self.arrange(RIGHT, buff=gap)
        for part in self.parts:
            middle: VMobject = getattr(part, "frame", part)
            part.shift(-middle.get_y() * UP)

    def appear(self, run_time: float = 2.0) -> Animation:
        """Fade the parts in, from left to right."""
        return LaggedStart(
            *[FadeIn(part, shift=0.15 * RIGHT) for part in self.parts],
            lag_ratio=0.5,
            run_time=run_time,
        )

"""What height and colour of a prism mean."""

from typing import Final

from manim import LEFT, RIGHT, VGroup

from rnnviz.mobjects import layout
from rnnviz.mobjects.color_scale import ColorScale
from rnnviz.mobjects.labels import inside
from rnnviz.mobjects.numbers import MINUS, number
from rnnviz.mobjects.text import NOTE, Ink, fitted_label, label
from rnnviz.mobjects.theme import Theme

_BAR: Final = 0.75
_APART: Final = 0.2


class HeightLegend(VGroup):
    """The scale of signed colours and a note on heights, in the lower left corner."""

    def __init__(self, limit: float, heights: str, theme: Theme):
        end = f"{limit:.3g}" if 1e-3 <= limit < 1e4 else number(limit, 3)
        self.scale_of_colors = ColorScale(
            (f"{MINUS}{end}", f"+{end}"), theme, limit=limit, width=_BAR
        )
        self.heights = label(heights, color=theme.color("note"), size=NOTE)
        super().__init__(self.scale_of_colors, self.heights)
        self.arrange(RIGHT, buff=0.14)
        self.move_to([layout.LEFT_EDGE, layout.SOURCE_Y, 0.0], aligned_edge=LEFT)
        inside(self)
        self.color_of_notes = theme.color("note")

    def beside(self, *texts: str, until: float = layout.RIGHT_EDGE) -> Ink:
        """Return one more note, right of this legend: the first that ends before a place.

        The last one is cut if it does not.
        """
        room = until - float(self.get_right()[0]) - _APART
        for text in texts:
            note = label(text, color=self.color_of_notes, size=NOTE)
            if note.width <= room:
                break
        else:
            note = fitted_label(texts[-1], color=self.color_of_notes, width=room, size=NOTE)
        return note.next_to(self, RIGHT, buff=_APART)

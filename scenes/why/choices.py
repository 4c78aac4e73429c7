"""All answers among which a guess has to choose."""

from collections.abc import Sequence
from typing import Final

from manim import UP, Animation, FadeIn, LaggedStart, VGroup

from rnnviz.mobjects import layout
from rnnviz.mobjects.labels import LabelRow
from rnnviz.mobjects.numbers import percent
from rnnviz.mobjects.text import SMALL, fitted_label
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.wording import Say

_Y: Final = -2.0
_NAME_WIDTH: Final = 4.2
_MOST: Final = 6


class Choices(VGroup):
    """The answers in a row, behind what a guess among them gets right."""

    def __init__(self, answers: Sequence[str], theme: Theme, say: Say):
        text = say("a guess: 1 of {count} answers = {share}")
        count = len(answers)
        told = text.format(count=count, share=percent(1 / count))
        self.told = fitted_label(told, color=theme.color("text"), width=_NAME_WIDTH, size=SMALL)
        self.told.move_to([layout.LEFT_EDGE + self.told.width / 2, 0.0, 0.0]).set_on(_Y)
        shown = [*answers[:_MOST], *(["…"] if count > _MOST else [])]
        left = layout.LEFT_EDGE + _NAME_WIDTH
        pitch = (layout.RIGHT_EDGE - left) / len(shown)
        self.answers = LabelRow(
            shown,
            [left + (place + 0.5) * pitch for place in range(len(shown))],
            _Y,
            color=theme.color("output"),
            size=SMALL,
            width=0.92 * pitch,
        )
        super().__init__(self.told, self.answers)

    def appear(self) -> Animation:
        """Show the answers one after the other, then what a guess gets."""
        parts = [FadeIn(part, shift=0.15 * UP) for part in (*self.answers, self.told)]
        return LaggedStart(*parts, lag_ratio=0.25, run_time=1.6)

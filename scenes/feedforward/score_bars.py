"""The shares of right answers with the loop and without it."""

from typing import Final

from manim import LEFT, RIGHT, UP, Animation, FadeIn, ManimColor, Succession, VGroup

from rnnviz.experiments.windows import WithoutLoop
from rnnviz.mobjects import layout
from rnnviz.mobjects.named_bars import NamedBars
from rnnviz.mobjects.numbers import percent
from rnnviz.mobjects.text import Ink, label
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.wording import Say

_Y: Final = 0.4


class ScoreBars(VGroup):
    """Right answers on new sentences: with the loop, without it, and of a guess."""

    def __init__(self, score: WithoutLoop, theme: Theme, say: Say):
        assert score.with_loop is not None
        values = (score.with_loop, score.without, score.chance)

        def write(index: int, color: ManimColor) -> Ink:
            return label(percent(values[index]), color=color, size=0.42)

        self.bars = NamedBars(
            (say("with the loop"), say("without the loop"), say("chance")),
            values,
            theme,
            role="output",
            width=3.4,
            row=1.1,
            full=1.0,
            chosen=0,
            write=write,
            size=0.4,
            name_width=2.9,
        )
        self.bars.move_to([layout.RIGHT_EDGE, _Y, 0.0], aligned_edge=RIGHT)
        self.title = label(
            say("right answers on new sentences"), color=theme.color("text"), size=0.36
        )
        self.title.next_to(self.bars, UP, buff=0.45)
        self.title.shift(max(0.0, self.title.get_right()[0] - layout.RIGHT_EDGE) * LEFT)
        super().__init__(self.title, self.bars)

    def grow(self) -> Animation:
        """Grow the bars under their title."""
        return Succession(FadeIn(self.title, run_time=0.4), self.bars.grow(run_time=2.0))

"""Hidden states as columns in a row."""

from manim import UP, Animation, AnimationGroup, FadeIn, LaggedStart, VGroup
from rnnviz.scenes.trajectory.paths import Paths

from rnnviz.mobjects.labels import LabelRow
from rnnviz.mobjects.strip import Strip
from rnnviz.mobjects.theme import Theme


class StatesInRow(VGroup):
    """The states of the first path as columns in a row, with their words below."""

    def __init__(self, paths: Paths, theme: Theme):
        states, words = paths.states, paths.words[0]
        pitch = min(1.4, 12.6 / len(words))
        places = [(index - (len(words) - 1) / 2) * pitch for index in range(len(words))]
        self.strips = [
            Strip(state, theme, limit=1.0, height=2.6, width=min(0.5, 0.6 * pitch)).move_to(
                [x, 0.75, 0.0]
            )
            for state, x in zip(states, places, strict=True)
        ]
        self.words = LabelRow(words, places, -1.15, color=theme.color("input"), width=0.92 * pitch)
        super().__init__(*self.strips, self.words)

    def appear(self) -> Animation:
        """Show the words, each with the state after it."""
        return LaggedStart(
            *[
                AnimationGroup(FadeIn(word), FadeIn(strip, shift=0.2 * UP))
                for word, strip in zip(self.words, self.strips, strict=True)
            ],
            lag_ratio=0.5,
            run_time=4.0,
        )

"""Hidden states as columns in a row."""

from manim import UP, Animation, AnimationGroup, FadeIn, LaggedStart, VGroup
from rnnviz.scenes.trajectory.paths import Paths

from rnnviz.mobjects.color_scale import ColorScale
from rnnviz.mobjects.labels import LabelRow
from rnnviz.mobjects.numbers import MINUS
from rnnviz.mobjects.shown_states import strip_of
from rnnviz.mobjects.theme import Theme


class StatesInRow(VGroup):
    """The states of the first path as columns in a row, with their words below."""

    def __init__(self, paths: Paths, theme: Theme):
        words, limit = paths.words[0], paths.shown.limit
        values = paths.shown.of()
        pitch = min(1.4, 12.6 / len(words))
        places = [(index - (len(words) - 1) / 2) * pitch for index in range(len(words))]
        self.strips = [
            strip_of(
                {name: states[index] for name, states in values.items()},
                theme,
                limit=limit,
                height=2.6,
                width=min(0.5, 0.6 * pitch if len(values) == 1 else 0.5 * pitch),
            ).move_to([x, 0.75, 0.0])
            for index, x in enumerate(places)
        ]
        self.words = LabelRow(words, places, -1.15, color=theme.color("input"), width=0.92 * pitch)
        end = f"{limit:.3g}"
        self.legend = ColorScale((f"{MINUS}{end}", f"+{end}"), theme, limit=limit)
        self.legend.move_to([0.0, -1.75, 0.0])
        super().__init__(*self.strips, self.words, self.legend)

    def appear(self) -> Animation:
        """Show the words, each with the state after it."""
        return LaggedStart(
            FadeIn(self.legend),
            *[
                AnimationGroup(FadeIn(word), FadeIn(strip, shift=0.2 * UP))
                for word, strip in zip(self.words, self.strips, strict=True)
            ],
            lag_ratio=0.5,
            run_time=4.0,
        )

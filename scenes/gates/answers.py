"""The answers of several networks to the same sentence, side by side."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

from manim import (
    LEFT,
    UP,
    Animation,
    AnimationGroup,
    FadeIn,
    LaggedStart,
    ManimColor,
    VGroup,
)

from rnnviz import cells
from rnnviz.experiments.studies import Run
from rnnviz.mobjects.accuracy_by_gap import color_of
from rnnviz.mobjects.labels import inside
from rnnviz.mobjects.morph import morph, paired_glyphs
from rnnviz.mobjects.named_bars import NamedBars
from rnnviz.mobjects.numbers import percent
from rnnviz.mobjects.text import Ink, label
from rnnviz.mobjects.theme import Theme
from rnnviz.trace import Trace

_COLUMN: Final = 4.45
_BARS: Final = 1.35
_ROW: Final = 0.56
_SIZE: Final = 0.35
_MIDDLE: Final = 0.2


class Answers(VGroup):
    """The probabilities of each network at the last word; the right answer is bright.

    ``rates`` are texts below: by what a gradient is multiplied in a cell.
    """

    def __init__(self, runs: Sequence[Run], rates: Mapping[str, str], theme: Theme):
        self.panels, self.rates = VGroup(), VGroup()
        for place, run in enumerate(runs):
            shares = answer_shares(run.trace)
            right = right_answer(run.trace)
            bars = NamedBars(
                run.trace.metadata.output_labels or [str(at + 1) for at in range(len(shares))],
                shares,
                theme,
                role=color_of(run.cell),
                width=_BARS,
                row=_ROW,
                full=1.0,
                chosen=right,
                write=partial(_percent, shares),
                size=_SIZE,
                name_width=1.75,
            )
            title = label(cells.cell(run.cell).title, color=theme.color(color_of(run.cell)))
            x = (place - (len(runs) - 1) / 2) * _COLUMN
            bars.shift([x - 0.2 - bars.bars[0].get_left()[0], _MIDDLE - bars.get_y(), 0.0])
            title.next_to(bars, UP, buff=0.35).align_to(bars.bars, LEFT)
            self.panels.add(inside(VGroup(title, bars)))
            rate = label(rates[run.cell], color=theme.color("gradient"), size=_SIZE)
            self.rates.add(inside(rate.move_to([x, bars.get_bottom()[1] - 0.45, 0.0])))
        super().__init__(self.panels, self.rates)

    def take_titles(self, titles: Sequence[Ink]) -> Animation:
        """Let the names of the networks move here from elsewhere."""
        pairs = zip(titles, self.panels, strict=True)
        return AnimationGroup(
            *[
                morph(title, panel[0], paired_glyphs(title, panel[0]), run_time=0.8)
                for title, panel in pairs
            ]
        )

    def appear(self) -> Animation:
        """Show one network after the other."""
        coming = [*[bars.grow() for _, bars in self.panels], FadeIn(self.rates)]
        return LaggedStart(*coming, lag_ratio=0.7, run_time=4.0)


def answer_shares(trace: Trace) -> Sequence[float]:
    """Return the probability of each answer after the last word."""
    assert trace.y is not None
    return [float(value) for value in trace.y[-1, 0]]


def right_answer(trace: Trace) -> int:
    """Return the position of the right answer after the last word."""
    assert trace.targets is not None
    return int(trace.targets[-1, 0])


def _percent(shares: Sequence[float], place: int, ink: ManimColor) -> Ink:
    return label(percent(shares[place]), color=ink, size=_SIZE)

"""Strands from the word that decides to the answer, one for each network."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from manim import (
    UP,
    Animation,
    AnimationGroup,
    Create,
    CubicBezier,
    FadeIn,
    FadeOut,
    LaggedStart,
    ReplacementTransform,
    Succession,
    VGroup,
    VMobject,
)
from rnnviz.scenes.long_dependency.places import WITH_STRANDS

from rnnviz.cells.rnn import Rnn
from rnnviz.experiments.studies import Study
from rnnviz.mobjects.text import Ink, label
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.word_lane import WordLane, above

_LOWEST: Final = 1.1
_HIGHEST: Final = 2.5
_TITLE: Final = 0.5
_WIDTH: Final = 4.5
_LEFT_OF_SNAPPED: Final = 0.36


class Strands(VGroup):
    """One strand over a lane for each network, snapped where the network only guesses.

    The networks with the fewest right answers have the uppermost strands.

    Shapes: accuracies (network,)
    Units:  a network that gets less than ``near_chance`` right only guesses; ``text`` is written
            below them
    """

    def __init__(
        self,
        lane: WordLane,
        accuracies: Sequence[float] | np.ndarray,
        near_chance: float,
        text: str,
        theme: Theme,
    ):
        self.lane = lane
        self.accuracies = np.sort(np.asarray(accuracies, dtype=float))[::-1]
        self.snapped = self.accuracies < near_chance
        rises = np.linspace(_LOWEST, _HIGHEST, max(len(self.accuracies), 2))[: len(self.accuracies)]
        color = theme.color("rnn")
        self.whole = [
            CubicBezier(*above(lane, rise)).set_stroke(color, width=_WIDTH) for rise in rises
        ]
        self.pieces = [_pieces(arc, theme) for arc in self.whole]
        self.title: Ink = label(text, color=color, size=0.36)
        middle = 0.5 * (lane.ring.get_x() + lane.box.get_x())
        self.title.move_to([middle, lane.ring.get_top()[1] + _TITLE, 0.0])
        super().__init__()
        self.strands = list(self.whole)
        self.add(*self.strands, self.title)

    @classmethod
    def of(cls, study: Study, gap: int, text: str, theme: Theme) -> "Strands":
        """Return the strands of a study's plain RNNs at a gap, over the lane of its sentence."""
        trace = study.of(Rnn.name, gap)[0].trace
        lane = WordLane.of(trace, study.clue, theme, y=WITH_STRANDS).with_answer()
        accuracies = study.accuracies(Rnn.name)[study.settings.gaps.index(gap)]
        return cls(lane, accuracies, study.near_chance, text, theme)

    def draw(self, run_time: float = 2.0) -> Animation:
        """Draw the strands from the word to the answer."""
        drawn = LaggedStart(*[Create(arc) for arc in self.strands], lag_ratio=0.15)
        return AnimationGroup(drawn, FadeIn(self.title), run_time=run_time)

    def stretch_into(self, other: "Strands", run_time: float = 2.0) -> Animation:
        """Move with the words of a lane that grows; all strands are whole again."""
        moved = [
            ReplacementTransform(mine, theirs)
            for mine, theirs in zip(self.strands, other.strands, strict=True)
        ]
        titles = Succession(FadeOut(self.title), FadeIn(other.title))
        return AnimationGroup(*moved, titles, run_time=run_time)

    def snap(self, run_time: float = 1.2) -> Animation:
        """Tear the strands of the networks that only guess."""
        torn = []
        for index in np.flatnonzero(self.snapped):
            torn.append(ReplacementTransform(self.strands[index], self.pieces[index]))
            self.strands[index] = self.pieces[index]
        self.remove(*self.whole)
        self.add(*self.strands)
        return LaggedStart(*torn, lag_ratio=0.2, run_time=run_time)

    def become(self, dots: Sequence[VMobject], run_time: float = 1.4) -> Animation:
        """Shrink the strands to dots, which stand for the same networks, best first."""
        turned = []
        for strand, dot in zip(self.strands, dots, strict=True):
            small = strand.animate(run_time=0.8 * run_time).scale(dot.width / strand.width)
            change = AnimationGroup(FadeOut(strand), FadeIn(dot), run_time=0.2 * run_time)
            turned.append(Succession(small.move_to(dot), change))
        return AnimationGroup(FadeOut(self.title, run_time=0.3), *turned)


def _pieces(arc: VMobject, theme: Theme) -> VMobject:
    """Return the two ends of a strand that has snapped, as one object."""
    first, last = (
        arc.copy().pointwise_become_partial(arc, begin, end)
        for begin, end in ((0.0, _LEFT_OF_SNAPPED), (1 - _LEFT_OF_SNAPPED, 1.0))
    )
    first.shift(0.1 * UP)
    last.shift(0.1 * UP)
    both = VMobject().set_stroke(theme.dimmed("rnn", 0.6), width=_WIDTH)
    both.append_points(first.points)
    both.append_points(last.points)
    return both

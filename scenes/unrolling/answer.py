"""The answer at the end: scores, which softmax turns into probabilities."""

from typing import Final

from manim import (
    DOWN,
    LEFT,
    RIGHT,
    Animation,
    AnimationGroup,
    FadeIn,
    LaggedStart,
    Succession,
    VGroup,
)

from rnnviz.mobjects.chain import StateChain
from rnnviz.mobjects.labels import inside
from rnnviz.mobjects.numbers import decimals
from rnnviz.mobjects.prediction import MOST_BESIDE, Prediction, likeliest
from rnnviz.mobjects.text import BODY, SMALL, formula, label
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.wording import Say
from rnnviz.trace import CLASSES, Trace

_ROOM: Final = 1.15
"""Between the names of answers and their bars, for the scores."""
_FROM_BAR: Final = 0.2
_HEAD: Final = 0.3


class Answer(Prediction):
    """The prediction beside the last state; the scores of classes stand before their bars."""

    def __init__(self, trace: Trace, chain: StateChain, theme: Theme, say: Say):
        self.has_scores = trace.metadata.loss in CLASSES
        super().__init__(
            trace, chain, theme, say, beside=True, between=_ROOM if self.has_scores else 0.0
        )
        self.scores, self.heads = VGroup(), VGroup()
        if not self.has_scores:
            return
        assert trace.output is not None
        assert trace.y is not None
        row = min(chain.steps[-1], len(trace.y)) - 1
        shown = likeliest(trace.y[row, 0], MOST_BESIDE, int(trace.targets[row, 0]))
        zero = float(self.bars.bars.get_left()[0])
        for index, name in zip(shown, self.bars.names, strict=True):
            text = decimals(float(trace.output[row, 0, index]))
            score = label(text, color=theme.color("text"), size=BODY)
            score.move_to([zero - _FROM_BAR, 0.0, 0.0], RIGHT).set_on(name.baseline)
            self.scores.add(score)
        color, top = theme.color("output"), self.bars.get_top()[1] + _HEAD
        shares = label(say("probabilities"), color=color, size=SMALL)
        inside(shares.move_to([zero, top, 0.0], LEFT))
        scores = label(say("scores"), color=color, size=SMALL)
        scores.move_to([shares.get_left()[0] - _FROM_BAR, top, 0.0], RIGHT)
        self.heads.add(scores, shares)
        for mark in tuple(self.mark):
            bias = formula("c", color=theme.color("weight"), size=0.36)
            self.mark.add(bias.next_to(mark, RIGHT, buff=0.25).align_to(mark, DOWN))
        self.add(self.scores, self.heads)

    def grow(self) -> Animation:
        """Draw the arrow from the last state, then the scores, then the bars."""
        if not self.has_scores:
            return super().grow()
        scores, shares = self.heads
        named = [
            AnimationGroup(FadeIn(name), FadeIn(score, shift=0.2 * RIGHT))
            for name, score in zip(self.bars.names, self.scores, strict=True)
        ]
        return Succession(
            AnimationGroup(self.arrow.grow(), *map(FadeIn, self.mark)),
            AnimationGroup(FadeIn(scores), LaggedStart(*named, lag_ratio=0.2), run_time=1.6),
            AnimationGroup(FadeIn(shares), self.bars.grow(named=True, run_time=1.6)),
        )

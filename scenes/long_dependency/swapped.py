"""A sentence below the one it comes from, with the word that decides swapped."""

from typing import Final

from manim import (
    RIGHT,
    UP,
    Animation,
    AnimationGroup,
    FadeIn,
    FadeOut,
    Succession,
    VGroup,
)

from rnnviz.experiments.swapped_words import Swaps
from rnnviz.mobjects import layout
from rnnviz.mobjects.copies import copy_becomes
from rnnviz.mobjects.numbers import decimals, percent
from rnnviz.mobjects.text import fitted_label
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.word_lane import WordLane, below
from rnnviz.mobjects.wording import Say

_BELOW: Final = 0.38
_WIDEST: Final = 3.4


class SwappedWord(VGroup):
    """A copy of a lane in which another word decides, and the network's answer to it.

    Units:  ``y`` is the height of the copy; the numbers are the probability of the answer, or what
            is predicted where outputs are ``values``
    """

    def __init__(
        self,
        lane: WordLane,
        y: float,
        swaps: Swaps,
        clue: int,
        theme: Theme,
        say: Say,
        *,
        values: bool = False,
    ):
        self.lane = lane
        self.copied = lane.copy().shift((y - lane.y) * UP)
        self.copied.y = y
        self.other = self.copied.instead(swaps.others[clue][0])
        self.other_answer = self.copied.answering(swaps.answers[clue][0])
        text = say("predicted: {share}") if values else say("{answer}: {share}")
        self.numbers = VGroup()
        for one, share in ((lane, swaps.right), (self.copied, float(swaps.swapped[clue][0]))):
            written = decimals(share) if values else percent(share)
            shown = text.format(answer=lane.answer.text, share=written)
            ink = fitted_label(shown, color=theme.color("output"), width=_WIDEST, size=0.36)
            ink.move_to(below(one, _BELOW))
            ink.shift(min(0.0, layout.RIGHT_EDGE - ink.get_right()[0]) * RIGHT)
            self.numbers.add(ink)
        super().__init__(self.copied, self.numbers)

    def copy_down(self, run_time: float = 1.0) -> Animation:
        """Copy the sentence below itself."""
        return AnimationGroup(
            *[
                copy_becomes(mine, theirs)
                for mine, theirs in zip(self.lane, self.copied, strict=True)
            ],
            run_time=run_time,
        )

    def swap(self) -> Animation:
        """Exchange the word, then the answer."""
        word, answer = self.copied.clue_word, self.copied.answer
        return Succession(
            AnimationGroup(FadeOut(word, shift=0.4 * UP), FadeIn(self.other, shift=0.4 * UP)),
            AnimationGroup(
                FadeOut(answer, shift=0.4 * UP), FadeIn(self.other_answer, shift=0.4 * UP)
            ),
        )

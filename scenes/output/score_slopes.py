"""Both losses over the score of the right answer, with their slopes at the recorded score."""

from typing import Final

import numpy as np
from manim import (
    DOWN,
    RIGHT,
    UP,
    Animation,
    AnimationGroup,
    Create,
    Dot,
    FadeIn,
    Line,
    ReplacementTransform,
    Succession,
    VGroup,
)
from rnnviz.scenes.output.gradient_bars import GradientBars, loss_head
from rnnviz.scenes.output.output_numbers import OutputNumbers

from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.plane import Plane
from rnnviz.mobjects.text import BODY, SMALL, fitted_label, label
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.wording import Say, in_a_caption

_LOSSES: Final = ("cross-entropy", "squared loss")
_XS: Final = (-3.35, 3.35)
_Y: Final = 0.2
_WIDTH, _HEIGHT = 4.9, 3.2
_HEAD_Y: Final = 2.6
_SURE: Final = 4.0
"""The logarithm of the odds of the right answer at the right end of the axis."""
_LEAST: Final = 2.0
_BEFORE: Final = 0.12
_TANGENT: Final = 0.3
"""How far the axis reaches to the left of the recorded score, and the tangent to the right of it,
as shares of what lies to the right."""


class ScoreSlopes(VGroup):
    """Cross-entropy and the squared loss over the score of one answer, side by side.

    All other scores stay as recorded. A dot is at the recorded score; the tangent in it has the
    gradient of the loss at this score as its slope.
    """

    def __init__(self, numbers: OutputNumbers, theme: Theme, say: Say):
        answer = numbers.other
        score = float(numbers.o[answer])
        reach = max(_LEAST, _SURE - numbers.log_odds(answer))
        raised = np.linspace(-_BEFORE * reach, reach, 240)
        here = numbers.losses_by_score(answer, np.zeros(1))
        name = say("score of {answer}").format(answer=in_a_caption(numbers.names[answer]))
        self.planes, self.curves, self.heads, self.names = VGroup(), VGroup(), VGroup(), VGroup()
        self.dots, self.tangents, self.slopes = VGroup(), VGroup(), VGroup()
        for place, losses in enumerate(numbers.losses_by_score(answer, raised)):
            x, loss = _XS[place], float(here[place][0])
            plane = Plane(
                (score + raised[0], score + raised[-1]),
                (0.0, 1.05 * float(losses.max())),
                theme,
                width=_WIDTH,
                height=_HEIGHT,
                centre=(x, _Y),
                y_name="L",
            )
            slope = float(numbers.gradients(answer)[place][answer])
            ends = [plane.at(score + by, loss + slope * by) for by in (raised[0], _TANGENT * reach)]
            color = theme.color("gradient")
            tangent = Line(*ends, stroke_width=6, color=color)
            text = say("slope {slope}").format(slope=number(slope))
            ink = label(text, color=color, size=BODY)
            ink.next_to(tangent.get_center(), UP + RIGHT, buff=0.15)
            if ink.get_top()[1] > plane.frame.get_end()[1]:
                ink.next_to(tangent, DOWN, buff=0.15)
            ink.set_stroke(theme.ground, width=5, background=True).set_z_index(4)
            dot = Dot(plane.at(score, loss), radius=0.11, color=theme.color("text"))
            head = loss_head(_LOSSES[place], theme, say).move_to([x, _HEAD_Y, 0.0])
            below = fitted_label(name, color=theme.color("note"), width=_WIDTH, size=SMALL)
            below.next_to([x, plane.ticks.get_bottom()[1], 0.0], DOWN, buff=0.12)
            self.planes.add(plane)
            self.curves.add(plane.curve(score + raised, losses, role="output"))
            self.heads.add(head)
            self.names.add(below)
            self.dots.add(dot.set_z_index(3))
            self.tangents.add(tangent.set_z_index(2))
            self.slopes.add(ink)
        super().__init__(
            *(self.planes, self.curves, self.heads, self.names),
            *(self.dots, self.tangents, self.slopes),
        )

    def begin(self, bars: GradientBars) -> Animation:
        """Draw cross-entropy, with its name from above the bars."""
        return AnimationGroup(
            ReplacementTransform(bars.head, self.heads[0]),
            FadeIn(self.planes[0], self.names[0]),
            Create(self.curves[0]),
            run_time=1.4,
        )

    def lean(self, bars: GradientBars) -> Animation:
        """Turn the bar of the answer into the tangent, and its number into the slope."""
        place = bars.numbers.other
        return AnimationGroup(
            FadeIn(self.dots[0], scale=2),
            ReplacementTransform(bars.again.bars[place], self.tangents[0]),
            ReplacementTransform(bars.again.numbers[place], self.slopes[0]),
            run_time=1.4,
        )

    def compare(self) -> Animation:
        """Draw the squared loss, and its slope at the same score."""
        return Succession(
            AnimationGroup(
                FadeIn(self.planes[1], self.names[1], self.heads[1]),
                Create(self.curves[1]),
                run_time=1.4,
            ),
            FadeIn(self.dots[1], scale=2, run_time=0.5),
            AnimationGroup(Create(self.tangents[1]), FadeIn(self.slopes[1]), run_time=1.0),
        )

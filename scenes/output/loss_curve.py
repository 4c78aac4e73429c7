"""The probability of the right answer on the curve of its loss."""

from typing import Final

import numpy as np
from manim import (
    DOWN,
    RIGHT,
    UP,
    Animation,
    AnimationGroup,
    Create,
    DashedLine,
    Dot,
    FadeIn,
    Rectangle,
    ReplacementTransform,
    Succession,
    VGroup,
)
from rnnviz.scenes.output.output_numbers import OutputNumbers
from rnnviz.scenes.output.softmax_bars import ONE, ZERO, SoftmaxBars

from rnnviz.mobjects.labels import LabelRow
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.plane import Plane
from rnnviz.mobjects.text import BODY, SMALL, formula, label
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.wording import Say

_HEIGHT: Final = 3.2
_Y: Final = 0.35
_FAR: Final = 0.75
_THICK: Final = 0.1


class LossCurve(VGroup):
    """−ln y over y, with the right answer's probability lying on its axis as a bar.

    The bar has the length that it had among all answers.
    """

    def __init__(self, numbers: OutputNumbers, theme: Theme, say: Say):
        y = float(numbers.y[numbers.target])
        count = len(numbers.full_y)
        loss, guess = -float(np.log(y)), float(np.log(count))
        top = max(1.25 * guess, 1.1 * loss, 3.0)
        self.plane = Plane(
            (0.0, 1.0),
            (0.0, top),
            theme,
            width=ONE,
            height=_HEIGHT,
            centre=(ZERO + ONE / 2, _Y),
            x_name="y",
            y_name="L",
        )
        self.plane.names[0].next_to(self.plane.at(1.0, 0.0), RIGHT, buff=0.3)
        self.plane.names[1].next_to(self.plane.at(0.0, top), UP, buff=0.15)
        xs = np.linspace(np.exp(-top), 1.0, 200)
        self.curve = self.plane.curve(xs, -np.log(xs), role="output")
        self.title = formula("-ln y", color=theme.color("output"), size=0.46)
        self.title.next_to(self.plane.at(0.5, -float(np.log(0.5))), UP + RIGHT, buff=0.12)
        foot = self.plane.at(y, 0.0)
        self.bar = Rectangle(
            width=y * ONE,
            height=_THICK,
            stroke_width=0,
            fill_opacity=1.0,
            fill_color=theme.color("output"),
        ).move_to(foot, DOWN + RIGHT)
        self.dot = Dot(self.plane.at(y, loss), radius=0.11, color=theme.color("text"))
        self.dot.set_z_index(3)
        head = self.plane.at(y, max(loss, 0.45 * top) if y > _FAR else loss)
        self.mark = DashedLine(foot, head + 1e-3 * UP, stroke_width=2.5, color=theme.color("text"))
        written = f"{numbers.names[numbers.target]}: {number(loss)}"
        self.written = LabelRow(
            [written], [0.0], 0.0, color=theme.color("text"), size=BODY, width=3.2
        )[0]
        self.written.next_to(head, UP if y > _FAR else RIGHT, buff=0.14)
        self.guess = Dot(self.plane.at(1 / count, guess), radius=0.09, color=theme.color("note"))
        text = say("even guess, 1/{count}: {loss}").format(count=count, loss=number(guess))
        self.beside = label(text, color=theme.color("note"), size=SMALL)
        self.beside.next_to(self.guess, RIGHT + 0.6 * UP, buff=0.16)
        if not y > _FAR:
            self._keep_apart()
        for ink in (self.title, self.written, self.beside):
            ink.set_stroke(theme.ground, width=5, background=True).set_z_index(4)
        super().__init__(
            *(self.plane, self.curve, self.title, self.guess, self.beside),
            *(self.bar, self.dot, self.mark, self.written),
        )

    def _keep_apart(self) -> None:
        """Move what is written of the guess and of the answer apart, and away from the name."""
        low, high = sorted((self.written, self.beside), key=lambda ink: float(ink.get_y()))
        if high.get_bottom()[1] < low.get_top()[1] + 0.1:
            high.shift((low.get_top()[1] + 0.1 - high.get_bottom()[1]) * UP)
        self.title.next_to(self.plane.at(1.0, 0.0), UP, buff=0.5)

    def begin(self, before: SoftmaxBars, target: int) -> Animation:
        """Lay the bar of the right answer on the axis."""
        return AnimationGroup(
            ReplacementTransform(before.shares.bars[target], self.bar),
            FadeIn(self.plane),
            run_time=1.2,
        )

    def appear(self) -> Animation:
        """Draw the curve, then find the loss above the bar's end, then that of an even guess."""
        return Succession(
            AnimationGroup(Create(self.curve), FadeIn(self.title), run_time=1.4),
            AnimationGroup(Create(self.mark), FadeIn(self.dot, scale=2), run_time=0.9),
            FadeIn(self.written, run_time=0.5),
            FadeIn(self.guess, self.beside, run_time=0.8),
        )

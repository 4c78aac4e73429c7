"""Loss and length of the gradient over the updates of two trainings."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from manim import (
    DOWN,
    LEFT,
    RIGHT,
    UP,
    Animation,
    AnimationGroup,
    Create,
    DashedLine,
    Dot,
    FadeIn,
    FadeOut,
    Succession,
    VGroup,
    VMobject,
)

from rnnviz.experiments.explosion import Explosion
from rnnviz.mobjects.emphasis import dim
from rnnviz.mobjects.log_axis import LogAxis
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.text import label
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.mobjects.wording import Say

_BASE: Final = -1.45
_HEIGHT: Final = 3.4
_TITLE_Y: Final = 2.36
_LEFTS: Final = (-5.8, 1.75)
_WIDTH: Final = 4.75
_SIZE: Final = 0.34
_RIM: Final = 9
"""The width of a curve with the rim that parts it from one behind it."""


class CoursePanel(VGroup):
    """One quantity of both trainings over their updates, on logarithmic axes.

    Shapes: free and clipped (update,)
    """

    def __init__(
        self,
        free: np.ndarray,
        clipped: np.ndarray,
        title: str,
        updates: str,
        left: float,
        theme: Theme,
        *,
        role: Role,
    ):
        self.theme, self.left = theme, left
        self.count = max(len(free), len(clipped))
        self.axis = LogAxis(
            np.concatenate([free, clipped]), theme,
            base=_BASE, height=_HEIGHT, left=left, right=left + _WIDTH,
        )  # fmt: skip
        color, note = theme.color(role), theme.color("note")
        self.title = label(title, color=color, size=_SIZE)
        self.title.move_to([left - 0.4, _TITLE_Y, 0.0], aligned_edge=LEFT)
        self.marks = VGroup()
        for update in (1, 10, 100):
            if update <= self.count:
                mark = label(str(update), color=note, size=0.3)
                self.marks.add(mark.move_to([self.x_of(update), _BASE - 0.26, 0.0]))
        name = label(updates, color=note, size=0.3)
        self.marks.add(name.move_to([left + _WIDTH, _BASE - 0.62, 0.0], aligned_edge=RIGHT))
        self.values = free, clipped
        self.curves = VGroup(*[self._curve(values, color) for values in self.values])
        super().__init__(self.axis, self.title, self.marks, self.curves)

    def x_of(self, update: int) -> float:
        """Return the x of an update, counted from 1."""
        return self.left + _WIDTH * float(np.log(update) / np.log(max(2, self.count)))

    def place(self, value: float, update: int) -> np.ndarray:
        """Return the place of a value."""
        return np.array([self.x_of(update), _BASE + self.axis.height_at(value), 0.0])

    def dot(self, training: int, update: int, side: np.ndarray) -> VGroup:
        """Return a dot with the value of one training at an update, counted from 1."""
        value = float(self.values[training][update - 1])
        color = self.curves[training].get_stroke_color()
        dot = Dot(self.place(value, update), radius=0.07, color=color)
        text = label(number(value), color=self.theme.color("text"), size=_SIZE)
        text.set_stroke(self.theme.ground, width=5, background=True)
        return VGroup(dot, text.next_to(dot, side, buff=0.12)).set_z_index(2)

    def part(self, training: int, first: int, last: int) -> VMobject:
        """Return the part of a curve between two updates, counted from 1."""
        values = self.values[training][first - 1 : last]
        color = self.curves[training].get_stroke_color()
        points = [self.place(float(each), first + at) for at, each in enumerate(values)]
        return VMobject(stroke_color=color, stroke_width=4).set_points_as_corners(points)

    def _curve(self, values: np.ndarray, color: object) -> VMobject:
        points = [self.place(float(each), at) for at, each in enumerate(values, start=1)]
        curve = VMobject(stroke_color=color, stroke_width=4).set_points_as_corners(points)
        return curve.set_stroke(self.theme.ground, width=_RIM, background=True)


class Courses(VGroup):
    """The training that explodes and the same with clipping: loss on the left, gradient right."""

    def __init__(self, found: Explosion, say: Say, theme: Theme):
        self.theme, self.jump = theme, found.unclipped.jump + 1
        free, clipped = found.unclipped, found.clipped
        updates = say("update (log scale)")
        self.panels = [
            CoursePanel(
                free.update_loss, clipped.update_loss, say("loss"), updates, _LEFTS[0], theme,
                role="error",
            ),
            CoursePanel(
                free.update_norm, clipped.update_norm, say("length of the gradient"), updates,
                _LEFTS[1], theme, role="gradient",
            ),
        ]  # fmt: skip
        loss = self.panels[0]
        self.before = VGroup(*[panel.dot(0, self.jump - 1, RIGHT) for panel in self.panels])
        self.after = VGroup(*[panel.dot(0, self.jump, RIGHT) for panel in self.panels])
        ends = len(free.update_loss), len(clipped.update_loss)
        self.rise = [panel.part(0, self.jump - 1, self.jump) for panel in self.panels]
        self.rest = [panel.part(0, self.jump, ends[0]) for panel in self.panels]
        y = loss.place(found.chance_loss, 1)[1]
        color = theme.color("output")
        after_number = self.before[0][1].get_right()[0] + 0.1
        chance = DashedLine(
            [after_number, y, 0], [loss.left + _WIDTH, y, 0], color=color, stroke_width=2
        )
        swatch = DashedLine([0, 0, 0], [0.5, 0, 0], color=color, stroke_width=2)
        swatch.move_to([loss.left + 1.2, 0.72, 0.0], aligned_edge=LEFT)
        name = label(say("predicting the mean"), color=color, size=0.3)
        self.chance = VGroup(chance, swatch, name.next_to(swatch, RIGHT, buff=0.12))
        self.end = loss.dot(0, ends[0], RIGHT)
        self.learnt = loss.dot(1, ends[1], RIGHT)
        names = (say("not clipped"), say("clipped")), (self.end, self.learnt), (UP, DOWN)
        self.names = VGroup(
            *[
                label(name, color=theme.color("text"), size=0.3)
                .next_to(dot[1], side, buff=0.12)
                .align_to(dot[1], LEFT)
                for name, dot, side in zip(*names, strict=True)
            ]
        )
        self.limit = self._limit(found.clip, say)
        self.axes = VGroup(*[VGroup(p.axis, p.title, p.marks) for p in self.panels])
        super().__init__(
            self.axes, self.before, self.after, *self.rise, *self.rest, self.chance, self.end,
            self.learnt, self.names, self.limit,
        )  # fmt: skip

    def leap(self) -> Animation:
        """Show the update before the leap, then the leap."""
        return Succession(
            FadeIn(self.before, run_time=0.8),
            AnimationGroup(*[Create(curve) for curve in self.rise], run_time=1.8),
            FadeIn(self.after, run_time=0.6),
        )

    def go_on(self) -> Animation:
        """Draw what follows the leap, and the loss of predicting the mean."""
        return Succession(
            AnimationGroup(*[Create(curve) for curve in self.rest], run_time=2.6),
            FadeIn(self.chance, self.end),
        )

    def clip(self) -> Animation:
        """Let the training that explodes rest, and draw the one with clipping."""
        dots = [dot for dot, _ in self.before]
        resting: Sequence[VMobject] = [*self.rise, *self.rest, *dots, self.after]
        return Succession(
            AnimationGroup(
                *dim(*resting),
                FadeOut(*[text for _, text in self.before]),
                FadeIn(self.limit, self.names[0]),
                run_time=0.6,
            ),
            AnimationGroup(*[Create(panel.curves[1]) for panel in self.panels], run_time=2.8),
            FadeIn(self.learnt, self.names[1]),
        )

    def _limit(self, clip: float, say: Say) -> VGroup:
        """Return the length to which gradients are clipped, and when they are measured."""
        panel, color = self.panels[1], self.theme.color("note")
        right = panel.left + _WIDTH
        y = panel.place(clip, 1)[1]
        line = DashedLine([panel.left, y, 0], [right, y, 0], color=color, stroke_width=2)
        name = label(say("limit {value}").format(value=number(clip, 1)), color=color, size=0.3)
        name.set_stroke(self.theme.ground, width=5, background=True)
        name.next_to(line, DOWN, buff=0.08).align_to([panel.left + 0.1, 0, 0], LEFT)
        measured = label(say("before clipping"), color=color, size=0.3)
        measured.move_to([right, _TITLE_Y - 1.55, 0.0], aligned_edge=RIGHT)
        return VGroup(line, name, measured)

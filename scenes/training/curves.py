"""Curves over the epochs of a training, with a marker at one of them."""

from collections.abc import Callable
from typing import Final, Self

import numpy as np
from manim import LEFT, RIGHT, DashedLine, Dot, VGroup, VMobject
from rnnviz.scenes.training.places import ABOVE_Y, CURVE_X
from rnnviz.scenes.training.playback import ROUNDING, ChangingText, Records

from rnnviz.experiments.retraining import Retraining
from rnnviz.mobjects.numbers import number, percent
from rnnviz.mobjects.plane import Plane
from rnnviz.mobjects.text import NOTE, SMALL, label
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.mobjects.wording import Say

_WIDTH: Final = 6.6
_HEIGHT: Final = 1.75


class EpochCurve(VGroup):
    """A value over the recorded epochs, with a marker at one of them and the value there.

    ``chance`` is a dashed line to compare with. With ``trace_out`` the curve ends at the marker.

    Shapes: epochs, values (record,)
    """

    def __init__(
        self,
        epochs: np.ndarray,
        values: np.ndarray,
        theme: Theme,
        say: Say,
        *,
        name: str,
        text: Callable[[float], str],
        role: Role,
        top: float | None = None,
        chance: float | None = None,
    ):
        self.epochs, self.values = np.asarray(epochs, dtype=float), np.asarray(values, dtype=float)
        self.theme, self.trace_out = theme, True
        highest = top or float(max(*self.values, chance or 0.0)) * 1.08
        self.plane = Plane(
            (0.0, float(self.epochs[-1])),
            (0.0, highest),
            theme,
            width=_WIDTH,
            height=_HEIGHT,
            centre=(CURVE_X, ABOVE_Y),
            ticks=4,
        )
        self.places = [self.plane.at(x, y) for x, y in zip(epochs, self.values, strict=True)]
        self.curve = VMobject(stroke_color=theme.color(role), stroke_width=4)
        self.marker = Dot(radius=0.1, color=theme.color("text")).set_z_index(2)
        note = theme.color("note")
        axis = label(say("epoch"), color=note, size=NOTE)
        axis.next_to([self.plane.frame.get_end()[0], self.plane.ticks[0].get_y(), 0.0], RIGHT)
        self.status = ChangingText(
            [
                self._status(say("epoch {number}").format(number=int(epoch)), name, text(value))
                for epoch, value in zip(epochs, self.values, strict=True)
            ]
        )
        super().__init__(self.plane, axis, self.curve, self.status, self.marker)
        self.chance = VGroup()
        if chance is not None:
            guessing = say("chance")
            self.chance = self._line_at(chance, f"{guessing} {text(chance)}")
            self.add(self.chance)
        self.show(0.0)

    def show(self, position: float) -> Self:
        """Move the marker to a position among the records, 0 … records − 1."""
        points = Records(np.array(self.places))
        here = points.at(position)
        reach = position if self.trace_out else len(self.places) - 1.0
        drawn = [*self.places[: int(reach + ROUNDING) + 1], points.at(reach)]
        self.curve.set_points_as_corners(drawn)
        self.marker.move_to(here)
        self.status.show(round(position))
        return self

    def _status(self, epoch: str, name: str, value: str) -> VGroup:
        low, high = self.plane.frame.get_start(), self.plane.frame.get_end()
        color = self.theme.color("text")
        left = label(epoch, color=self.theme.color("note"), size=SMALL)
        right = label(f"{name} {value}", color=color, size=SMALL)
        left.move_to([low[0], 0.0, 0.0], LEFT).set_on(high[1] + 0.25)
        right.move_to([high[0], 0.0, 0.0], RIGHT).set_on(high[1] + 0.25)
        return VGroup(left, right)

    def _line_at(self, value: float, name: str) -> VGroup:
        low, high = self.plane.x_bounds
        ends = self.plane.at(low, value), self.plane.at(high, value)
        color = self.theme.color("note")
        line = DashedLine(*ends, color=color, stroke_width=2.5, dash_length=0.1)
        text = label(name, color=color, size=SMALL)
        middle = float(np.mean(self.plane.y_bounds))
        text.move_to([ends[1][0], 0.0, 0.0], RIGHT)
        text.set_on(ends[1][1] + (0.12 if value < middle else -0.32))
        text.set_stroke(self.theme.ground, width=5, background=True)
        return VGroup(line, text)


def loss_curve(retraining: Retraining, theme: Theme, say: Say) -> EpochCurve:
    """Return the loss on newly drawn sequences."""
    return EpochCurve(
        retraining.epochs,
        retraining.loss,
        theme,
        say,
        name=say("loss"),
        text=number,
        role="text",
    )


def score_curve(retraining: Retraining, theme: Theme, say: Say) -> EpochCurve:
    """Return the score beside that of guessing."""
    values, chance = scores(retraining)
    return EpochCurve(
        retraining.epochs,
        values,
        theme,
        say,
        name=say("accuracy") if is_accuracy(retraining) else say("relative loss"),
        text=percent,
        role="output",
        top=1.0 if is_accuracy(retraining) else None,
        chance=chance,
    )


def is_accuracy(retraining: Retraining) -> bool:
    """Return whether the task's score is an accuracy."""
    return retraining.score_name.startswith("accuracy")


def scores(retraining: Retraining) -> tuple[np.ndarray, float]:
    """Return the accuracy at every record, or the relative loss, and that of guessing."""
    if is_accuracy(retraining):
        return retraining.score, retraining.chance_score
    return retraining.loss / retraining.chance_loss, 1.0

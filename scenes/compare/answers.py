"""The outputs of both networks at the step of the loss."""

from typing import Final

import numpy as np
from manim import Animation, ManimColor, Succession, VGroup, VMobject
from rnnviz.scenes.compare.places import BARS_X, ROWS
from rnnviz.scenes.compare.sides import Side

from rnnviz.mobjects.arrows import FlowArrow, straight
from rnnviz.mobjects.named_bars import NamedBars
from rnnviz.mobjects.numbers import number, percent
from rnnviz.mobjects.prediction import likeliest, output_names
from rnnviz.mobjects.text import SMALL, label
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.wording import Say
from rnnviz.trace import CLASSES, VALUES

_MOST: Final = 6
_ROW: Final = 0.3
_BAR: Final = 0.52
_NAME: Final = 1.2


class Answer(VGroup):
    """A network's output beside its last state, as bars; the right answer is bright."""

    def __init__(self, side: Side, last: VMobject, theme: Theme, say: Say):
        names, values, chosen = _rows(side, say)
        is_share = is_classifier(side)

        def write(index: int, color: ManimColor) -> VMobject:
            text = (percent if is_share else number)(float(values[index]))
            return label(text, color=color, size=SMALL)

        self.bars = NamedBars(
            names,
            values,
            theme,
            role="output",
            width=_BAR,
            row=_ROW,
            chosen=chosen,
            full=1.0 if is_share else None,
            write=write,
            name_width=_NAME,
        )
        y = ROWS[side.place]
        self.bars.shift([BARS_X - self.bars.bars.get_left()[0], y - self.bars.get_y(), 0.0])
        start = np.array([last.get_right()[0] + 0.06, y, 0.0])
        end = np.array([BARS_X - _NAME - 0.26, y, 0.0])
        self.arrow = FlowArrow(straight(start, end), color=theme.color("output"), thickness=0.04)
        super().__init__(self.arrow, self.bars)

    def grow(self) -> Animation:
        """Draw the arrow from the last state, then grow the bars."""
        return Succession(self.arrow.grow(run_time=0.4), self.bars.grow())


def is_classifier(side: Side) -> bool:
    """Whether a network's output is probabilities of classes, of which one is right."""
    return side.trace.metadata.loss in CLASSES and int(side.at_loss(side.trace.targets)) >= 0


def single_value(side: Side) -> float | None:
    """Return the value that is right, if the network predicts one that is known."""
    trace = side.trace
    if trace.metadata.loss not in VALUES or trace.output_size > 1:
        return None
    return float(np.ravel(side.at_loss(trace.targets))[0])


def output_of(side: Side) -> np.ndarray:
    """Return y at the step of the loss: (output,)."""
    assert side.trace.y is not None
    return side.at_loss(side.trace.y)


def right_share(side: Side) -> float:
    """Return the probability that a classifier gives to the right answer."""
    return float(output_of(side)[int(side.at_loss(side.trace.targets))])


def _rows(side: Side, say: Say) -> tuple[list[str], np.ndarray, int | None]:
    y = output_of(side)
    right = single_value(side)
    if right is not None:
        return [say("predicted"), say("true")], np.array([float(y[0]), right]), 0
    if not is_classifier(side):
        return output_names(side.trace, range(len(y[:_MOST]))), y[:_MOST], None
    target = int(side.at_loss(side.trace.targets))
    shown = likeliest(y, _MOST, target)
    return output_names(side.trace, shown), y[shown], int(np.flatnonzero(shown == target)[0])

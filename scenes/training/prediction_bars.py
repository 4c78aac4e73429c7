"""The prediction of a network in training, as bars."""

from typing import Final, Self

import numpy as np
from manim import LEFT, RIGHT, Animation, FadeIn, ManimColor, Succession, VGroup
from rnnviz.scenes.training.places import STAGE_Y
from rnnviz.scenes.training.playback import ROUNDING, ChangingText, Records
from rnnviz.scenes.training.state_strips import StateStrips

from rnnviz.mobjects.arrows import FlowArrow, straight
from rnnviz.mobjects.named_bars import NamedBars
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.prediction import likeliest, output_names
from rnnviz.mobjects.text import SMALL, label
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.wording import Say
from rnnviz.trace import CLASSES, Trace

_MOST_CLASSES: Final = 6
_ROW: Final = 0.36
_WIDTH: Final = 2.4
_LEFT: Final = 1.25
_RIGHT: Final = 6.5
_NUMBER: Final = 0.9
_LEAST_SHARE: Final = 0.00995


class PredictionBars(NamedBars):
    """The output at the last step shown as bars, with one scale for all records.

    The bars are a classifier's target and the other classes that are most probable at some
    record, or a predicted value and the true one. The target, or the prediction, is bright.

    Shapes: y (record, output)
    """

    def __init__(
        self, trace: Trace, y: np.ndarray, step: int, strips: StateStrips, theme: Theme, say: Say
    ):
        names, values, self.bright = _rows(trace, y, step, say)
        self.record = Records(values)
        self.shares = trace.metadata.loss in CLASSES
        low = min(0.0, float(values.min()))
        high = 1.0 if self.shares else max(0.0, float(values.max()))

        def write(row: int, color: ManimColor) -> ChangingText:
            return ChangingText(
                [
                    label(self._text(float(value)), color=color, size=SMALL)
                    .move_to([0.0, 0.0, 0.0], LEFT)
                    .set_on(0.0)
                    for value in values[:, row]
                ]
            )

        super().__init__(
            names,
            values[0],
            theme,
            role="output",
            width=_WIDTH,
            chosen=self.bright,
            row=_ROW,
            low=low,
            full=max(high - low, ROUNDING),
            write=write,
        )
        widest = self.names.width + 0.18 + _WIDTH + _NUMBER
        x = _LEFT + max(0.0, (_RIGHT - _LEFT - widest) / 2)
        middle = STAGE_Y - self.bars.get_y()
        self.shift([x - self.names.get_left()[0], middle, 0.0])
        start = strips.strips[-1].get_right()
        self.arrow = FlowArrow(
            straight(start, np.array([self.names.get_left()[0], start[1], 0.0]), gap=0.12),
            color=theme.color("output"),
        )
        self.add(self.arrow)
        self.show(0.0)

    def show(self, position: float) -> Self:
        """Show the bars at a position among the records."""
        self.bars.set_values(self.record.at(position))
        for bar, texts in zip(self.bars, self.numbers, strict=True):
            texts.show(round(position)).set_x(bar.get_x(RIGHT) + 0.14, LEFT)
        return self

    def appear(self) -> Animation:
        """Draw the arrow from the last state, then show the bars."""
        return Succession(self.arrow.grow(), FadeIn(VGroup(self.names, self.bars, self.numbers)))

    def _text(self, value: float) -> str:
        return "<0.01" if self.shares and value < _LEAST_SHARE else number(value)


def target_outputs(trace: Trace, y: np.ndarray, step: int) -> np.ndarray:
    """Return the probability of the target, or the predicted value, at every record."""
    if trace.metadata.loss not in CLASSES:
        return y[:, step - 1, 0]
    return y[:, step - 1, int(trace.targets[step - 1, 0])]


def _rows(trace: Trace, y: np.ndarray, step: int, say: Say) -> tuple[list[str], np.ndarray, int]:
    """Return names (rows,), values (record, rows), and which row is bright."""
    if trace.metadata.loss not in CLASSES:
        true = np.full(len(y), float(trace.targets[step - 1, 0, 0]))
        return [say("predicted"), say("true")], np.stack([y[:, 0], true], axis=1), 0
    target = int(trace.targets[step - 1, 0])
    shown = sorted(likeliest(y.max(axis=0), _MOST_CLASSES, target))
    return output_names(trace, shown), y[:, shown], shown.index(target)

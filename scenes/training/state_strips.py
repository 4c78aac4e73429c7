"""What a network in training makes of one sequence: its states, and its answer."""

from typing import Final, Self

import numpy as np
from manim import (
    LEFT,
    RIGHT,
    UP,
    Animation,
    AnimationGroup,
    FadeIn,
    Rectangle,
    Succession,
    VGroup,
)
from rnnviz.scenes.training.playback import ROUNDING, ChangingText, Records

from rnnviz.mobjects.arrows import FlowArrow
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.strip import Strip
from rnnviz.mobjects.text import SMALL, fitted_label, formula, label
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.window import Window
from rnnviz.mobjects.wording import Say
from rnnviz.trace import CLASSES, Trace

MOST_STEPS: Final = 8
_MOST_ANSWERS: Final = 5
_STRIP_HEIGHT: Final = 1.9
_STRIPS_Y: Final = -0.72
_WORDS_Y: Final = -2.15
_PITCH: Final = 1.0
_ANSWERS_TOP: Final = 3.1
_ROW: Final = 0.36
_BAR: Final = 2.3
_LEAST_SHARE: Final = 0.00995
READING_ALONE: Final = 0.0
READING_BESIDE: Final = 2.55


class Reading(VGroup):
    """The states of one sequence as strips over its words, at any position among the records.

    Shapes: h (record, time, hidden)
    """

    def __init__(self, trace: Trace, h: np.ndarray, window: Window, theme: Theme):
        shown = h[:, window.indices]
        self.record, self.theme = Records(shown), theme
        self.limit = float(max(1.0, np.abs(shown).max()))
        count = len(window.steps)
        places = (np.arange(count) - (count - 1) / 2) * _PITCH
        self.strips = VGroup(
            *[
                Strip(
                    state, theme, limit=self.limit, height=_STRIP_HEIGHT, width=_PITCH * 0.42
                ).move_to([x, _STRIPS_Y, 0.0])
                for state, x in zip(shown[0], places, strict=True)
            ]
        )
        self.names = VGroup(
            *[
                formula(f"h_({step})", color=theme.color("hidden"), size=0.42).move_to(
                    [x, _STRIPS_Y + _STRIP_HEIGHT / 2 + 0.25, 0.0]
                )
                for step, x in zip(window.steps, places, strict=True)
            ]
        )
        self.words = VGroup(
            *[
                fitted_label(word, color=theme.color("input"), width=_PITCH * 0.92, size=SMALL)
                .move_to([x, 0.0, 0.0])
                .set_on(_WORDS_Y)
                for word, x in zip(window.words(trace), places, strict=True)
            ]
        )
        super().__init__(self.strips, self.names, self.words)

    def show(self, position: float) -> Self:
        """Take the colours of the states at a position among the records."""
        for strip, values in zip(self.strips, self.record.at(position), strict=True):
            strip.values = np.asarray(values)[: len(strip)]
            for cell, value in zip(strip, strip.values, strict=True):
                cell.set_fill(self.theme.signed(float(value) / self.limit))
        return self

    def appear(self) -> Animation:
        """The words with their states, in their order."""
        columns = zip(self.words, self.strips, self.names, strict=True)
        return Succession(
            *[AnimationGroup(*[FadeIn(part) for part in column]) for column in columns],
            run_time=3.0,
        )


class Answer(VGroup):
    """What the network says after the last step shown, as bars on one scale for all records.

    A classifier's right class and the others that are most probable at some record, or a value
    beside the truth. The right class is bright, or the prediction.

    Shapes: y (record, output)
    """

    def __init__(
        self,
        trace: Trace,
        y: np.ndarray,
        step: int,
        reading: Reading,
        theme: Theme,
        say: Say,
    ):
        self.theme = theme
        names, values, self.right = _answers(trace, y, step, say)
        self.record = Records(values)
        low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
        self.shares = trace.metadata.loss in CLASSES
        if self.shares:
            high = 1.0
        self.scale_of_all = _BAR / max(high - low, ROUNDING)
        zero = reading.strips[-1].get_x() + 0.5 - _BAR - 0.7 - low * self.scale_of_all
        left = zero + low * self.scale_of_all
        self.zero = zero
        self.names, self.bars, self.numbers = VGroup(), VGroup(), VGroup()
        for row, name in enumerate(names):
            y_row = _ANSWERS_TOP - row * _ROW
            bright = row == self.right
            ink = theme.color("text" if bright else "note")
            written = fitted_label(name, color=ink, width=2.3, size=SMALL)
            written.move_to([left - 0.18, 0.0, 0.0], RIGHT).set_on(y_row - 0.1)
            self.names.add(written)
            bar = Rectangle(width=1.0, height=_ROW * 0.58, stroke_width=0, fill_opacity=1.0)
            bar.set_fill(theme.color("output") if bright else theme.dimmed("output", 0.55))
            self.bars.add(bar.move_to([0.0, y_row, 0.0]))
            self.numbers.add(
                ChangingText(
                    [
                        label(self._written(float(value)), color=ink, size=SMALL)
                        .move_to([0.0, 0.0, 0.0], LEFT)
                        .set_on(y_row - 0.1)
                        for value in values[:, row]
                    ]
                )
            )
        bottom = _ANSWERS_TOP - len(names) * _ROW + 0.1
        top = reading.names[-1].get_top()
        self.arrow = FlowArrow(
            [top + 0.08 * UP, np.array([top[0], bottom, 0.0])], color=theme.color("output")
        )
        super().__init__(self.names, self.bars, self.numbers, self.arrow)
        self.show(0.0)

    def show(self, position: float) -> Self:
        """Give the bars their lengths at a position among the records."""
        zero = self.zero + self._shifted()
        for bar, texts, value in zip(
            self.bars, self.numbers, self.record.at(position), strict=True
        ):
            length = max(abs(float(value)) * self.scale_of_all, 0.02)
            y = bar.get_y()
            bar.stretch_to_fit_width(length)
            bar.move_to([zero, y, 0.0], aligned_edge=LEFT if value >= 0 else RIGHT)
            texts.show(round(position)).set_x(bar.get_x(RIGHT) + 0.14, LEFT)
        return self

    def appear(self) -> Animation:
        """The answer leaves the last state."""
        shown = VGroup(self.names, self.bars, self.numbers)
        return Succession(self.arrow.grow(), FadeIn(shown))

    def _written(self, value: float) -> str:
        return "<0.01" if self.shares and value < _LEAST_SHARE else number(value)

    def _shifted(self) -> float:
        """How far the drawing has been moved along since it was made."""
        if not hasattr(self, "_arrow_x"):
            self._arrow_x = float(self.arrow.get_x())
        return float(self.arrow.get_x()) - self._arrow_x


def stand(reading: Reading, answer: Answer, x: float) -> None:
    """Bring what is read, and its answer, to a place across the frame."""
    away = x - reading.strips.get_x()
    reading.shift(away * RIGHT)
    answer.shift(away * RIGHT)


def right_answers(trace: Trace, y: np.ndarray, step: int) -> np.ndarray:
    """The probability of the right class at every record, or the value that is predicted."""
    if trace.metadata.loss not in CLASSES:
        return y[:, step - 1, 0]
    return y[:, step - 1, int(trace.targets[step - 1, 0])]


def _answers(trace: Trace, y: np.ndarray, step: int, say: Say) -> tuple[list[str], np.ndarray, int]:
    """Names (rows,), values (record, rows), and which row is bright."""
    if trace.metadata.loss not in CLASSES:
        wanted = np.full(len(y), float(trace.targets[step - 1, 0, 0]))
        return [say("predicted"), say("true")], np.stack([y[:, 0], wanted], axis=1), 0
    right = int(trace.targets[step - 1, 0])
    best = np.argsort(-y.max(axis=0), kind="stable")[:_MOST_ANSWERS]
    if right not in best:
        best[-1] = right
    shown = sorted(int(index) for index in best)
    labels = trace.metadata.output_labels
    names = [labels[index] if labels else str(index + 1) for index in shown]
    return names, y[:, shown], shown.index(right)

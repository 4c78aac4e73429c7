"""The axes of the cliff: weight, bias and loss, with numbers."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from rnnviz.mobjects.billboard import Billboard
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.text import label
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.wording import Say

_WEIGHTS: Final = (4.7, 4.8, 4.9)
_BIASES: Final = (-2.6, -2.5)
_LOSSES: Final = (0.0, 0.2)
_TICK: Final = 0.01
_TITLE: Final = 0.055
"""How far ticks and titles are beyond their axes, in units of weight and bias."""

_NUMBER, _NAME = 0.3, 0.36
"""Sizes of type."""

World = Callable[[float, float, float], np.ndarray]


class CliffAxes:
    """Three edges of the map as axes: the lines of axes and ticks, and their numbers and titles.

    ``signs`` are the numbers and the titles.

    Shapes: lines (lines, 2, 3)
    """

    def __init__(
        self,
        world: World,
        weights: tuple[float, float],
        biases: tuple[float, float],
        top: float,
        say: Say,
        theme: Theme,
    ):
        (w0, w1), (b0, b1) = weights, biases
        ends = [
            ((w0, b1, 0.0), (w1, b1, 0.0)),
            ((w1, b0, 0.0), (w1, b1, 0.0)),
            ((w0, b1, 0.0), (w0, b1, top)),
            *[((w, b1, 0.0), (w, b1 + _TICK, 0.0)) for w in _WEIGHTS],
            *[((w1, b, 0.0), (w1 + _TICK, b, 0.0)) for b in _BIASES],
            *[((w0, b1, loss), (w0 - _TICK, b1, loss)) for loss in _LOSSES],
        ]
        self.lines = np.array([[world(*start), world(*end)] for start, end in ends])
        self.signs: list[Billboard] = []

        def write(
            text: str, place: Sequence[float], side: tuple[float, float], size: float
        ) -> None:
            color = theme.color("text" if size > _NUMBER else "note")
            sign = Billboard(label(text, color=color, size=size), world(*place), side, theme)
            sign.shown[...] = 1.0
            self.signs.append(sign)

        for w in _WEIGHTS:
            write(number(w), (w, b1 + 2 * _TICK, 0.0), (-0.3, -0.8), _NUMBER)
        for b in _BIASES:
            write(number(b), (w1 + 2 * _TICK, b, 0.0), (0.8, -0.4), _NUMBER)
        for loss in _LOSSES:
            write(number(loss, 1), (w0 - 2 * _TICK, b1, loss), (-0.9, 0.0), _NUMBER)
        write(say("loss"), (w0, b1, top), (0.0, 1.0), _NAME)
        write(say("weight w"), ((w0 + w1) / 2, b1 + _TITLE, 0.0), (-0.6, -1.0), _NAME)
        write(say("bias b"), (w1 + _TITLE, (b0 + b1) / 2, 0.0), (1.0, -0.6), _NAME)

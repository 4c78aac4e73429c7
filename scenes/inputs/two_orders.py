"""The same inputs in two orders."""

import numpy as np
from manim import (
    DOWN,
    RIGHT,
    UP,
    Animation,
    AnimationGroup,
    FadeIn,
    LaggedStart,
    Succession,
    TransformFromCopy,
    VGroup,
)
from rnnviz.scenes.inputs.frame import framed

from rnnviz.mobjects.labels import LabelRow
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.strip import MOST_CELLS
from rnnviz.mobjects.text import BODY, formula, label
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.value_grid import ValueGrid
from rnnviz.mobjects.window import Window
from rnnviz.trace import Trace


class TwoOrders(VGroup):
    """The same inputs in two orders, one below the other, with the states of each.

    ``both`` is a trace of two sequences; the second has the steps shown in reverse order.
    """

    def __init__(self, both: Trace, window: Window, theme: Theme):
        self.theme = theme
        count, last = len(window.steps), window.steps[-1]
        self.order = tuple(range(count))[::-1]
        states = both.h[0, 0, window.indices].swapaxes(0, 1)
        own = window.words(both)
        words = (own, [own[index] for index in self.order])
        pitch = min(1.4, 10.6 / count)
        places = [(index - (count - 1) / 2) * pitch - 0.9 for index in range(count)]
        self.strips, self.words = [], []
        for y, texts, row in zip((2.35, -0.45), words, states, strict=True):
            self.strips.append(
                VGroup(
                    *[
                        ValueGrid(
                            state[:MOST_CELLS],
                            theme,
                            pitch=(min(0.44, pitch * 0.5), 1.75 / min(MOST_CELLS, len(state))),
                        ).move_to([x, y, 0.0])
                        for x, state in zip(places, row, strict=True)
                    ]
                )
            )
            self.words.append(
                LabelRow(texts, places, y - 1.3, color=theme.color("input"), width=pitch * 0.92)
            )
        apart = np.asarray(states[0][-1]) - np.asarray(states[1][-1])
        self.distance = float(np.linalg.norm(apart))
        self.frames = VGroup(
            *[framed(row[-1], theme.color("hidden"), buff=0.16) for row in self.strips]
        )
        color = theme.color("hidden")
        self.marks = VGroup(
            *[
                formula(name, color=color, size=0.46).next_to(frame, RIGHT, buff=0.2)
                for name, frame in zip((f"h_({last})", f"h'_({last})"), self.frames, strict=True)
            ]
        )
        self.written = VGroup(
            formula(f"norm(h_({last}) - h'_({last}))", color=theme.color("text"), size=0.4),
            label(f"= {number(self.distance)}", color=theme.color("text"), size=BODY),
        ).arrange(DOWN, buff=0.16)
        self.written.move_to([self.frames.get_right()[0] + 1.4, self.frames.get_y(), 0.0])
        super().__init__(*self.strips, *self.words)

    def first_row(self) -> Animation:
        """Show the words in their own order, and the state after each."""
        return Succession(FadeIn(self.words[0], run_time=0.7), self._read(0, run_time=2.4))

    def reorder(self) -> Animation:
        """Copy every word to its place in the other order."""
        return LaggedStart(
            *[
                TransformFromCopy(self.words[0][source], word, path_arc=0.4)
                for source, word in zip(self.order, self.words[1], strict=True)
            ],
            lag_ratio=0.2,
            run_time=3.0,
        )

    def second_row(self) -> Animation:
        """Show the state after each word of the other order."""
        return self._read(1, run_time=3.0)

    def compare(self) -> Animation:
        """Frame the last states, and write their distance beside them."""
        others = [VGroup(*row[:-1]) for row in (*self.strips, *self.words)]
        return Succession(
            AnimationGroup(
                *[other.animate.set_opacity(0.25) for other in others],
                FadeIn(self.frames),
                FadeIn(self.marks),
                run_time=1.2,
            ),
            FadeIn(self.written, shift=0.2 * RIGHT, run_time=0.8),
        )

    def _read(self, row: int, run_time: float) -> Animation:
        return LaggedStart(
            *[FadeIn(strip, shift=0.15 * UP) for strip in self.strips[row]],
            lag_ratio=0.5,
            run_time=run_time,
        )

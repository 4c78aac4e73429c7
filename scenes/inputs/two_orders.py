"""The same inputs in two orders."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from manim import (
    RIGHT,
    UP,
    Animation,
    AnimationGroup,
    FadeIn,
    LaggedStart,
    Succession,
    VGroup,
    VMobject,
    Wait,
)
from rnnviz.scenes.inputs.carried_word import carried
from rnnviz.scenes.inputs.frame import CLEARED, framed

from rnnviz import measure
from rnnviz.mobjects.bar_chart import BarChart
from rnnviz.mobjects.color_scale import ColorScale
from rnnviz.mobjects.emphasis import dim
from rnnviz.mobjects.labels import FormulaRow, LabelRow
from rnnviz.mobjects.numbers import MINUS
from rnnviz.mobjects.strip import MOST_CELLS
from rnnviz.mobjects.text import BODY, SMALL
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.value_grid import ValueGrid
from rnnviz.mobjects.window import Window
from rnnviz.mobjects.wording import Say
from rnnviz.trace import Trace

_LEFT: Final = -6.6
_YS: Final = (2.25, -0.68)
_NAMES: Final = 1.2
_STRIP: Final = 1.75
_NAME, _NAMES_OF_TWO = 0.38, 0.34
_BARS: Final = (4.4, 5.75)
_BAR_BASE: Final = -0.6
_BAR_HEIGHT: Final = 2.6


class TwoOrders(VGroup):
    """The same inputs in two orders, one below the other, with the named states of each.

    ``both`` is a trace of two sequences; the second has the steps shown in reverse order, but for
    the last one. Of many units those are drawn that move most in the first. Of an LSTM, h and c are
    drawn side by side; together they are s, whose ``size`` and ``distance`` are shown.
    """

    def __init__(self, both: Trace, window: Window, theme: Theme, say: Say):
        self.theme = theme
        count, last = len(window.steps), window.steps[-1]
        self.order = (*reversed(range(count - 1)), count - 1)
        shown = _most_moving(both, window)
        limit = max(1.0, *(float(np.abs(values).max()) for values in shown.values()))
        own = window.words(both)
        words = (own, [own[index] for index in self.order])
        pitch = min(1.18, 9.4 / count)
        places = [_LEFT + (index + 0.5) * pitch for index in range(count)]
        color = theme.color("hidden")
        self.strips, self.words, self.names = [], [], []
        wide = min(0.44, pitch * 0.5) / (1.0 if len(shown) == 1 else 0.65 * len(shown))
        for row, (y, texts, mark) in enumerate(zip(_YS, words, ("", "'"), strict=True)):
            self.names.append(
                FormulaRow(
                    [
                        ", ".join(f"{name}{mark}_({step})" for name in shown)
                        for step in window.steps
                    ],
                    places,
                    y + _NAMES,
                    color=color,
                    size=_NAME if len(shown) == 1 else _NAMES_OF_TWO,
                )
            )
            self.strips.append(
                VGroup(
                    *[
                        _strip(
                            [values[place, row] for values in shown.values()], wide, limit, theme
                        ).move_to([x, y, 0.0])
                        for place, x in enumerate(places)
                    ]
                )
            )
            self.words.append(
                LabelRow(
                    texts,
                    places,
                    y - 1.3,
                    color=theme.color("input"),
                    size=0.33,
                    width=pitch * 0.94,
                )
            )
        ends = measure.whole_states(both)[last - 1].astype(float)
        self.distance = float(np.linalg.norm(ends[0] - ends[1]))
        self.size = float(np.linalg.norm(ends[0]))
        self.frames = VGroup(*[framed(row[-1], color, buff=0.12) for row in self.strips])
        self.symbol = "h" if len(shown) == 1 else "s"
        names = (f"{self.symbol}_({last})", f"{self.symbol}'_({last})")
        self.sizes = BarChart(
            [self.size, self.distance],
            _BARS,
            theme,
            role="hidden",
            height=_BAR_HEIGHT,
            bar_width=0.7,
            base=_BAR_BASE,
            number_size=BODY,
        )
        self.size_names = FormulaRow(
            [f"norm({names[0]})", f"norm({names[0]} - {names[1]})"],
            _BARS,
            _BAR_BASE - 0.35,
            color=theme.color("text"),
            size=0.36,
        )
        self.size_words = LabelRow(
            (say("length"), say("distance")),
            _BARS,
            _BAR_BASE - 0.87,
            color=theme.color("note"),
            size=SMALL,
            width=1.3,
        )
        self.legend = ColorScale((f"{MINUS}{limit:.3g}", f"+{limit:.3g}"), theme, limit=limit)
        self.legend.move_to([float(np.mean(_BARS)), _YS[-1] - 1.2, 0.0])
        super().__init__(*self.strips, *self.words)

    def begin(self) -> Animation:
        """Show the words in their own order."""
        return Succession(Wait(CLEARED), FadeIn(self.words[0], self.legend, run_time=0.5))

    def first_row(self) -> Animation:
        """Show the state after each word, by its name."""
        return self._read(0, run_time=3.4)

    def reorder(self) -> Animation:
        """Copy every word to its place in the other order, one after the other."""
        upper, lower = self.words
        middle = (upper.get_y() + lower.get_y()) / 2
        words = [upper[source] for source in self.order]
        return LaggedStart(
            *[
                carried(word, end, [np.array([ink.get_x(), middle, 0.0]) for ink in (word, end)])
                for word, end in zip(words, lower, strict=True)
            ],
            lag_ratio=0.7,
            run_time=4.5,
        )

    def second_row(self) -> Animation:
        """Show the state after each word of the other order."""
        return self._read(1, run_time=3.0)

    def compare(self) -> Animation:
        """Frame the last states, and compare their distance with the length of one."""
        others = [VGroup(*row[:-1]) for row in (*self.strips, *self.words, *self.names)]
        return Succession(
            AnimationGroup(*dim(*others), FadeIn(self.frames), run_time=1.0),
            FadeIn(self.sizes.axis, self.size_names, self.size_words, run_time=0.5),
            self.sizes.grow_all(lag_ratio=0.6, run_time=1.8),
        )

    def _read(self, row: int, run_time: float) -> Animation:
        return LaggedStart(
            *[
                FadeIn(VGroup(strip, name), shift=0.15 * UP)
                for strip, name in zip(self.strips[row], self.names[row], strict=True)
            ],
            lag_ratio=0.5,
            run_time=run_time,
        )


def _most_moving(both: Trace, window: Window) -> dict[str, np.ndarray]:
    """Return the units drawn of each state: (steps, sequence, units)."""
    shown = {}
    for name, values in measure.states_by_name(both).items():
        states = values[window.indices]
        shown[name] = states[..., measure.most_moving(states[:, 0], MOST_CELLS)]
    return shown


def _strip(states: Sequence[np.ndarray], wide: float, limit: float, theme: Theme) -> VMobject:
    """Return the states of one step: a column, or one for each of several, side by side."""
    columns = [
        ValueGrid(state, theme, pitch=(wide, _STRIP / len(state)), limit=limit) for state in states
    ]
    return columns[0] if len(columns) == 1 else VGroup(*columns).arrange(RIGHT, buff=0.15 * wide)

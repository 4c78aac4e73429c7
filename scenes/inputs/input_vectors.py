"""What goes into a network: one-hot words, rows of a table of weights, series of numbers."""

from collections.abc import Sequence
from typing import Final, Protocol, Self

import numpy as np
from manim import (
    DOWN,
    LEFT,
    RIGHT,
    UP,
    Animation,
    AnimationGroup,
    Create,
    FadeIn,
    FadeOut,
    LaggedStart,
    Rectangle,
    Succession,
    TransformFromCopy,
    VGroup,
)

from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.plane import Plane
from rnnviz.mobjects.text import BODY, NOTE, SMALL, fitted_label, formula, label, prose
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.window import Window
from rnnviz.mobjects.wording import Say
from rnnviz.trace import Trace

MOST_UNITS: Final = 16
MOST_ROWS: Final = 12
_HIGHEST: Final = 3.9


class Series(Protocol):
    """What ``SeriesChart`` draws: values over time, and what the network is given of them."""

    x: np.ndarray
    values: np.ndarray
    step_labels: tuple[str, ...]
    source: str


class Cells(VGroup):
    """Cells in rows and columns, coloured by their signed values.

    Shapes: values (rows, columns)
    Units:  a cell's side in Manim units; values are divided by ``limit``
    """

    def __init__(
        self, values: np.ndarray, theme: Theme, *, width: float, height: float, limit: float = 1.0
    ):
        self.values = np.asarray(values, dtype=float)
        self.theme = theme
        self.limit = limit or 1.0
        rows, columns = self.values.shape
        super().__init__(
            *[
                Rectangle(
                    width=width * 0.9,
                    height=height * 0.9,
                    stroke_width=0,
                    fill_opacity=1.0,
                    fill_color=theme.signed(value / self.limit),
                ).move_to([(j - (columns - 1) / 2) * width, ((rows - 1) / 2 - i) * height, 0.0])
                for i, row in enumerate(self.values)
                for j, value in enumerate(row)
            ]
        )

    def row(self, index: int) -> VGroup:
        """The cells of one row."""
        columns = self.values.shape[1]
        return VGroup(*self[index * columns : (index + 1) * columns])

    def column(self, index: int) -> VGroup:
        """The cells of one column, from the top."""
        return VGroup(*self[index :: self.values.shape[1]])

    def take(self, values: np.ndarray) -> Animation:
        """The cells take the colours of other values."""
        self.values = np.asarray(values, dtype=float).reshape(self.values.shape)
        return AnimationGroup(
            *[
                cell.animate.set_fill(self.theme.signed(value / self.limit), opacity=1.0)
                for cell, value in zip(self, self.values.flat, strict=True)
            ]
        )


class OneHot(VGroup):
    """The words of a sentence as columns, each with a one in the row of its own word.

    Shapes: x (time, input)
    """

    def __init__(self, x: np.ndarray, words: Sequence[str], names: Sequence[str], theme: Theme):
        self.theme = theme
        self.values = np.asarray(x, dtype=float).T
        rows, columns = self.values.shape
        side = min(0.72, _HIGHEST / rows)
        wide = min(1.5, 9.4 / columns)
        self.cells = Cells(self.values, theme, width=wide, height=side)
        self.cells.shift(0.6 * RIGHT + 0.2 * UP)
        self.digits = VGroup(
            *[
                label(
                    f"{value:zg}",
                    color=theme.on(cell.get_fill_color()) if value else theme.color("note"),
                    size=BODY,
                ).move_to(cell)
                for cell, value in zip(self.cells, self.values.flat, strict=True)
            ]
        )
        top, left = self.cells.get_top()[1], self.cells.get_left()[0]
        color = theme.color("input")
        self.words = VGroup(
            *[
                fitted_label(word, color=color, width=wide * 0.94, size=0.44)
                .move_to([self.cells.column(index).get_x(), 0.0, 0.0])
                .set_on(top + 0.24)
                for index, word in enumerate(words)
            ]
        )
        self.names = VGroup(
            *[
                fitted_label(name, color=color, width=2.2, size=BODY)
                .move_to([left - 0.25, 0.0, 0.0], aligned_edge=RIGHT)
                .set_on(self.cells.row(index).get_y() - 0.12)
                for index, name in enumerate(names)
            ]
        )
        self.first = [list(words).index(name) for name in names]
        steps = [formula(f"x_{step + 1}", color=color, size=0.42) for step in range(columns)]
        self.steps = VGroup(
            *[
                step.move_to([word.get_x(), self.cells.get_bottom()[1] - 0.34, 0.0])
                for step, word in zip(steps, self.words, strict=True)
            ]
        )
        super().__init__(self.cells, self.digits, self.words, self.names, self.steps)

    def say_words(self) -> Animation:
        """The words of the sentence come one after the other."""
        return LaggedStart(
            *[FadeIn(word, shift=0.15 * UP) for word in self.words], lag_ratio=0.5, run_time=2.6
        )

    def list_names(self) -> Animation:
        """Each word that is new goes to its row."""
        return LaggedStart(
            *[
                TransformFromCopy(self.words[first], name)
                for first, name in zip(self.first, self.names, strict=True)
            ],
            lag_ratio=0.35,
            run_time=3.0,
        )

    def fill(self) -> Animation:
        """Column after column comes, from the first word to the last."""
        columns = self.values.shape[1]
        return LaggedStart(
            *[
                AnimationGroup(
                    FadeIn(self.cells.column(index), shift=0.2 * DOWN),
                    FadeIn(VGroup(*self.digits[index::columns]), shift=0.2 * DOWN),
                    FadeIn(self.steps[index]),
                )
                for index in range(columns)
            ],
            lag_ratio=0.55,
            run_time=4.5,
        )


class LookUp(VGroup):
    """x_t beside the columns of U, laid on their sides as a table, and what U makes of each x_t.

    Rows are the entries of x_t; of many, those that are not 0 at the steps that are shown first.

    Units:  colours of the table end at ``limit``
    """

    def __init__(self, trace: Trace, window: Window, theme: Theme, say: Say):
        self.theme = theme
        self.x = trace.x[window.indices, 0].astype(float)
        U, words, steps = trace.U, window.words(trace), window.steps
        names = trace.metadata.input_labels or [str(i + 1) for i in range(trace.input_size)]
        self.kept = _most_used(self.x)
        self.table_values = U.T[self.kept, :MOST_UNITS]
        self.made = (self.x @ U.T)[:, :MOST_UNITS]
        self.limit = float(max(np.abs(self.table_values).max(), np.abs(self.made).max())) or 1.0
        rows, units = self.table_values.shape
        high = min(0.4, _HIGHEST / max(rows, len(words)))
        wide = min(0.44, 3.5 / units)
        reach = float(np.abs(self.x).max()) or 1.0
        self.table = Cells(self.table_values, theme, width=wide, height=high, limit=self.limit)
        self.entries = Cells(
            np.zeros((rows, 1)), theme, width=0.44, height=min(high, 0.44), limit=reach
        )
        self.results = Cells(self.made, theme, width=wide, height=high, limit=self.limit)
        self.table.move_to([-1.15, 0.35, 0.0])
        self.results.move_to([4.65, 0.35, 0.0])
        self.names = VGroup(
            *[
                fitted_label(names[index], color=theme.color("input"), width=1.5, size=SMALL)
                .move_to([self.table.get_left()[0] - 0.2, 0.0, 0.0], aligned_edge=RIGHT)
                .set_on(self.table.row(place).get_y() - 0.09)
                for place, index in enumerate(self.kept)
            ]
        )
        self.entries.move_to([-5.6, 0.35, 0.0])
        self.words = VGroup(
            *[
                fitted_label(word, color=theme.color("input"), width=1.4, size=SMALL)
                .move_to([self.results.get_left()[0] - 0.2, 0.0, 0.0], aligned_edge=RIGHT)
                .set_on(self.results.row(index).get_y() - 0.09)
                for index, word in enumerate(words)
            ]
        )
        weight, hidden = theme.color("weight"), theme.color("text")
        above = max(self.table.get_top()[1], self.results.get_top()[1]) + 0.34
        self.frame = _framed(self.table, theme.color("weight"))
        self.title = formula("U^top", color=weight, size=0.46).move_to(
            [self.table.get_x(), above, 0.0]
        )
        self.step_names = [
            formula(f"x_({step})", color=theme.color("input"), size=0.46).move_to(
                [self.entries.get_x(), above, 0.0]
            )
            for step in steps
        ]
        self.result_title = formula("U x_t", color=hidden, size=0.46).move_to(
            [self.results.get_x(), above, 0.0]
        )
        drawn, count = len(self.kept), trace.input_size
        self.left_out = VGroup()
        if drawn < count:
            text = say("{drawn} of {count} inputs").format(drawn=drawn, count=count)
            noted = label(text, color=theme.color("note"), size=NOTE)
            self.left_out.add(noted.next_to(self.frame, DOWN, buff=0.12))
        super().__init__(
            self.table, self.frame, self.title, self.names, self.entries, self.left_out
        )
        self.now = self.step_names[0]

    def appear(self) -> Animation:
        """The table comes, with the names of its rows and an empty x_t."""
        return AnimationGroup(
            *[
                FadeIn(part)
                for part in (self.frame, self.title, self.names, self.table, self.left_out)
            ],
            run_time=1.4,
        )

    def first(self) -> Animation:
        """The first x_t comes, and what it makes goes out to the right."""
        return Succession(
            AnimationGroup(FadeIn(self.entries), FadeIn(self.now), run_time=0.6),
            self.look(0, run_time=2.6),
        )

    def look(self, index: int, run_time: float = 1.5) -> Animation:
        """One x_t meets the table; the rows that it reads are bright, their sum goes out."""
        values = self.x[index, self.kept]
        named = self.step_names[index]
        change = [self.entries.take(values)]
        if named is not self.now:
            change += [FadeOut(self.now), FadeIn(named)]
        self.now = named
        read = [place for place, value in enumerate(values) if value] or [0]
        lit = [
            self.table.row(place).animate.set_opacity(1.0 if place in read else 0.18)
            for place in range(len(self.kept))
        ]
        named_rows = [
            name.animate.set_opacity(1.0 if place in read else 0.4)
            for place, name in enumerate(self.names)
        ]
        source = self.table.row(read[0])
        return Succession(
            AnimationGroup(*change, run_time=run_time * 0.3),
            AnimationGroup(*lit, *named_rows, run_time=run_time * 0.25),
            AnimationGroup(
                TransformFromCopy(source.copy().set_opacity(1.0), self.results.row(index)),
                FadeIn(self.words[index], shift=0.2 * RIGHT),
                run_time=run_time * 0.45,
            ),
        )

    def rest(self) -> Animation:
        """All rows are bright again."""
        return AnimationGroup(
            self.table.animate.set_opacity(1.0), self.names.animate.set_opacity(1.0)
        )

    @property
    def one_hot(self) -> bool:
        """Whether every x_t that is shown is a single one among zeros."""
        return bool(np.isin(self.x, (0.0, 1.0)).all() and (self.x.sum(axis=-1) == 1.0).all())


class SeriesChart(VGroup):
    """A series of numbers over its steps, below it what the network is given, and its source.

    Units:  ``centre`` is the middle (x) of the chart in Manim units; ``limit`` gets the end of the
            colours
    """

    def __init__(
        self,
        series: Series,
        title: str,
        source: str,
        theme: Theme,
        *,
        centre: float,
        limit: float,
    ):
        self.theme = theme
        self.values = np.asarray(series.values, dtype=float)[:, 0]
        self.given = np.asarray(series.x, dtype=float)[:, 0]
        times = np.arange(1, len(self.values) + 1)
        width = 5.0
        self.plane = Plane(
            (times[0] - 0.5, times[-1] + 0.5),
            (float(self.values.min()), float(self.values.max())),
            theme,
            width=width,
            height=2.35,
            centre=(centre, 0.7),
            x_name="t",
        )
        self.line = self.plane.curve(times, self.values, role="input", width=3.0)
        self.dots = self.plane.dots(times, self.values, role="input", radius=0.05)
        self.title = label(title, color=theme.color("text"), size=BODY)
        self.title.move_to([centre, 0.0, 0.0]).set_on(3.2)
        ends = (series.step_labels[0], series.step_labels[-1])
        self.limit = limit
        self.cells = Cells(
            self.given[None], theme, width=width / len(times), height=0.42, limit=self.limit
        ).move_to([centre, -1.75, 0.0])
        self.days = VGroup(
            *[
                label(text, color=theme.color("note"), size=NOTE)
                .move_to([place.get_x(), 0.0, 0.0])
                .set_on(-2.28)
                for text, place in zip(ends, (self.cells[0], self.cells[-1]), strict=True)
            ]
        )
        self.symbol = formula("x_t", color=theme.color("input"), size=0.42)
        self.symbol.next_to(self.cells, LEFT, buff=0.2)
        self.last = VGroup(
            label(f"{self.values[-1]:z.4g}", color=theme.color("text"), size=SMALL)
            .set_stroke(theme.ground, width=5, background=True)
            .next_to(self.dots[-1], RIGHT, buff=0.14),
            label(number(float(self.given[-1])), color=theme.color("text"), size=SMALL).next_to(
                self.cells[-1], RIGHT, buff=0.12
            ),
        )
        said = prose(
            "{source}", {"source": source}, color=theme.color("note"), width=6.2, size=NOTE
        )
        self.source = said.move_to([centre, 3.02, 0.0], aligned_edge=UP)
        super().__init__(
            self.plane,
            self.line,
            self.dots,
            self.title,
            self.cells,
            self.symbol,
            self.days,
            self.last,
            self.source,
        )

    def begin_in_the_middle(self) -> Self:
        """Stand in the middle of the frame, to go to the own place later."""
        self.way = -self.plane.frame.get_x() * RIGHT
        return self.shift(self.way)

    def go_aside(self) -> Animation:
        """Make room for another chart."""
        return self.animate.shift(-self.way)

    def appear(self) -> Animation:
        """The axes, then the line over time, then the numbers below it."""
        return Succession(
            AnimationGroup(
                FadeIn(self.plane), FadeIn(self.title), FadeIn(self.source), run_time=0.8
            ),
            AnimationGroup(Create(self.line), FadeIn(self.dots), run_time=2.0),
            AnimationGroup(FadeIn(self.symbol), FadeIn(self.days), run_time=0.4),
            LaggedStart(
                *[
                    TransformFromCopy(dot, cell)
                    for dot, cell in zip(self.dots, self.cells, strict=True)
                ],
                lag_ratio=0.1,
                run_time=2.2,
            ),
            FadeIn(self.last, run_time=0.6),
        )


def greatest(*series: Series) -> float:
    """The greatest absolute value of what a network is given of some series."""
    return float(max(np.abs(each.x).max() for each in series))


class TwoOrders(VGroup):
    """The same inputs in two orders, one below the other, with the states that each one gives.

    Shapes: ``both`` is a recording of two sequences; the second has the steps that are shown in
            reverse order
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
                        Cells(
                            np.asarray(state)[:MOST_UNITS, None],
                            theme,
                            width=min(0.44, pitch * 0.5),
                            height=1.75 / min(MOST_UNITS, len(state)),
                        ).move_to([x, y, 0.0])
                        for x, state in zip(places, row, strict=True)
                    ]
                )
            )
            self.words.append(
                VGroup(
                    *[
                        fitted_label(
                            word, color=theme.color("input"), width=pitch * 0.92, size=BODY
                        )
                        .move_to([x, 0.0, 0.0])
                        .set_on(y - 1.3)
                        for x, word in zip(places, texts, strict=True)
                    ]
                )
            )
        apart = np.asarray(states[0][-1]) - np.asarray(states[1][-1])
        self.distance = float(np.linalg.norm(apart))
        self.frames = VGroup(
            *[_framed(row[-1], theme.color("hidden"), buff=0.16) for row in self.strips]
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
        """The words in their own order, and the state after each."""
        return Succession(FadeIn(self.words[0], run_time=0.7), self._read(0, run_time=2.4))

    def reorder(self) -> Animation:
        """Every word goes to its place in the other order."""
        return LaggedStart(
            *[
                TransformFromCopy(self.words[0][source], word, path_arc=0.4)
                for source, word in zip(self.order, self.words[1], strict=True)
            ],
            lag_ratio=0.2,
            run_time=3.0,
        )

    def second_row(self) -> Animation:
        """The state after each word of the other order."""
        return self._read(1, run_time=3.0)

    def compare(self) -> Animation:
        """The last states step forward, and their distance is written beside them."""
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


def _most_used(x: np.ndarray) -> np.ndarray:
    """The entries of inputs (time, input) to be drawn, in their order."""
    used = (x != 0).any(axis=0)
    chosen = np.argsort(~used, kind="stable")[:MOST_ROWS]
    return np.sort(chosen)


def _framed(drawing: VGroup, color: object, buff: float = 0.1) -> Rectangle:
    return Rectangle(
        width=drawing.width + buff,
        height=drawing.height + buff,
        stroke_width=1.8,
        stroke_color=color,
    ).move_to(drawing)

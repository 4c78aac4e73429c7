"""A series of numbers, and the inputs made of it."""

from typing import Final, Protocol

import numpy as np
from manim import (
    LEFT,
    RIGHT,
    UP,
    Animation,
    AnimationGroup,
    Create,
    DashedLine,
    FadeIn,
    LaggedStart,
    Line,
    Rectangle,
    Succession,
    VGroup,
    Wait,
)
from rnnviz.scenes.inputs.frame import CLEARED

from rnnviz.mobjects.color_scale import ColorScale
from rnnviz.mobjects.copies import copy_becomes
from rnnviz.mobjects.labels import LabelRow
from rnnviz.mobjects.numbers import MINUS, in_formula, number
from rnnviz.mobjects.plane import Plane
from rnnviz.mobjects.text import NOTE, SMALL, Ink, formula, label, prose
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.value_grid import ValueGrid
from rnnviz.mobjects.wording import Say

_WIDTH: Final = 6.0
_X: Final = 2.1
_ALL_WIDTH: Final = 4.2
_ALL_X: Final = -3.5
_HEIGHT: Final = 2.4
_Y: Final = 0.72
_CELLS_Y: Final = -1.15
_DAYS_Y: Final = -1.72
_PAD: Final = 0.06
_LEAST_MARK: Final = 0.14


class Series(Protocol):
    """Values over time, the network's inputs made of them, and the series that they are from."""

    x: np.ndarray
    values: np.ndarray
    step_labels: tuple[str, ...]
    source: str
    mean: float
    spread: float
    series: np.ndarray
    start: int


class SeriesChart(VGroup):
    """A whole series at the left, and a part of it at the right, with its inputs in cells below.

    Both have the same heights. The lines at the mean of the whole and one standard deviation above
    it show what an input is.

    Units:  ``limit`` gets the end of the colour scale
    """

    def __init__(self, series: Series, title: str, source: str, theme: Theme, say: Say):
        self.theme = theme
        self.values = np.asarray(series.values, dtype=float)[:, 0]
        self.inputs = np.asarray(series.x, dtype=float)[:, 0]
        mean, spread = float(series.mean), float(series.spread)
        self.limit = float(np.abs(self.inputs).max()) or 1.0
        whole = np.asarray(series.series, dtype=float)
        times = np.arange(1, len(self.values) + 1)
        low, high = float(np.nanmin(whole)), max(float(np.nanmax(whole)), mean + spread)
        pad = _PAD * (high - low)
        bounds = low - pad, high + pad
        self.all = Plane(
            (0.5, len(whole) + 0.5),
            bounds,
            theme,
            width=_ALL_WIDTH,
            height=_HEIGHT,
            centre=(_ALL_X, _Y),
            ticks=4,
        )
        _without_times(self.all)
        self.whole = self.all.curve(np.arange(1, len(whole) + 1), whole, role="note", width=2.5)
        self.plane = Plane(
            (times[0] - 0.5, times[-1] + 0.5),
            bounds,
            theme,
            width=_WIDTH,
            height=_HEIGHT,
            centre=(_X, _Y),
            ticks=4,
        )
        _without_times(self.plane)  # points drop through their place to their days' cells
        self.plane.ticks.remove(*self.plane.ticks)
        self.part = self._part(series.start, len(times))
        self.line = self.plane.curve(times, self.values, role="note", width=3.0)
        self.dots = self.plane.dots(times, self.values, role="text", radius=0.06)
        self.title = label(title, color=theme.color("text"), size=0.33)
        self.title.move_to(self.all.frame.get_corner(UP + LEFT), LEFT)
        self.title.set_on(self.all.frame.get_end()[1] + 0.16)
        self.counts = LabelRow(
            (
                say("all {count} days").format(count=np.count_nonzero(~np.isnan(whole))),
                say("{count} of these days").format(count=len(times)),
            ),
            (_ALL_X, _X),
            0.0,
            color=theme.color("text"),
            size=SMALL,
        )
        self.counts[0].set_on(self.all.frame.get_start()[1] - 0.32)
        self.counts[1].set_on(self.all.frame.get_end()[1] + 0.16)
        self.levels = VGroup(
            *[
                self._level(value, text)
                for value, text in (
                    (mean, say("mean {value}").format(value=number(mean, 3))),
                    (
                        mean + spread,
                        say("+ standard deviation {value}").format(value=number(spread, 3)),
                    ),
                )
            ]
        )
        self.cells = ValueGrid(
            self.inputs[None], theme, pitch=(_WIDTH / len(times), 0.42), limit=self.limit
        ).move_to([_X, _CELLS_Y, 0.0])
        self.days = LabelRow(
            (series.step_labels[0], series.step_labels[-1]),
            [self.cells[0].get_x(), self.cells[-1].get_x()],
            _DAYS_Y,
            color=theme.color("note"),
            size=NOTE,
        )
        self.symbol = formula("x_t", color=theme.color("input"), size=0.46)
        self.symbol.next_to(self.cells, LEFT, buff=0.2)
        end = f"{self.limit:.3g}"
        self.legend = ColorScale((f"{MINUS}{end}", f"+{end}"), theme, limit=self.limit)
        self.legend.move_to([_X, self.days.get_y(), 0.0])
        self.last = VGroup(
            self._beside(f"{self.values[-1]:z.4g}", self.dots[-1]),
            self._beside(number(float(self.inputs[-1])), self.cells[-1]),
        )
        self.rule = formula(
            f"x_t = (p_t - {in_formula(mean)}) / {in_formula(spread)}",
            color=theme.color("text"),
            size=0.5,
        )
        origin = prose(
            "{source}", {"source": source}, color=theme.color("note"), width=11.0, size=NOTE
        )
        self.source = origin.move_to([0.0, _DAYS_Y - 0.27, 0.0])
        super().__init__(
            *(self.all, self.whole, self.part, self.counts),
            *(self.plane, self.line, self.dots, self.title, self.levels, self.cells),
            *(self.symbol, self.days, self.legend, self.last, self.source),
        )

    def begin(self) -> Animation:
        """Show the whole series."""
        return Succession(
            Wait(CLEARED),
            AnimationGroup(
                FadeIn(self.all, self.title, self.source, self.counts[0], run_time=0.5),
                Create(self.whole, run_time=1.4),
            ),
        )

    def show_levels(self) -> Animation:
        """Show the mean and one standard deviation above it."""
        return LaggedStart(*map(FadeIn, self.levels), lag_ratio=0.6, run_time=1.6)

    def enlarge(self) -> Animation:
        """Mark the part of the series, and draw it wider."""
        return Succession(
            FadeIn(self.part, run_time=0.6),
            AnimationGroup(
                FadeIn(self.plane, self.dots, self.counts[1]), Create(self.line), run_time=1.2
            ),
        )

    def drop(self) -> tuple[Animation, ...]:
        """Let each point drop to its input: three moves."""
        return (
            FadeIn(self.symbol, self.days, self.legend, self.last[0], run_time=0.5),
            LaggedStart(
                *[copy_becomes(dot, cell) for dot, cell in zip(self.dots, self.cells, strict=True)],
                lag_ratio=0.1,
                run_time=2.4,
            ),
            FadeIn(self.last[1], run_time=0.5),
        )

    def _part(self, start: int, count: int) -> VGroup:
        """Return the frame around some values of the whole, and lines to where they are wider."""
        low, high = self.all.y_bounds
        corners = [self.all.at(start + 0.5, low), self.all.at(start + count + 0.5, high)]
        frame = Rectangle(
            width=max(_LEAST_MARK, corners[1][0] - corners[0][0]),
            height=_HEIGHT,
            stroke_width=2.5,
            stroke_color=self.theme.color("text"),
        ).move_to((corners[0] + corners[1]) / 2)
        frame.shift(min(0.0, self.all.frame.get_end()[0] - frame.get_right()[0]) * RIGHT)
        left = float(self.plane.frame.get_start()[0])
        rays = [
            Line([frame.get_right()[0], y, 0.0], [left, y, 0.0], stroke_width=2.0)
            for y in (frame.get_bottom()[1], frame.get_top()[1])
        ]
        return VGroup(frame, *[ray.set_color(self.theme.color("note")) for ray in rays])

    def _level(self, value: float, text: str) -> VGroup:
        ends = (
            self.all.at(self.all.x_bounds[0], value),
            self.plane.at(self.plane.x_bounds[1], value),
        )
        color = self.theme.color("note")
        line = DashedLine(*ends, color=color, stroke_width=2.5, dash_length=0.1)
        written = label(text, color=self.theme.color("text"), size=SMALL)
        written.next_to(ends[0], UP + RIGHT, buff=0.08)
        written.set_stroke(self.theme.ground, width=5, background=True)
        return VGroup(line, written)

    def _beside(self, text: str, place: VGroup) -> Ink:
        ink = label(text, color=self.theme.color("text"), size=0.33)
        ink.set_stroke(self.theme.ground, width=5, background=True)
        return ink.next_to([self.cells.get_right()[0], place.get_y(), 0.0], RIGHT, buff=0.14)


def _without_times(plane: Plane) -> None:
    """Remove the numbers and lines of the horizontal axis."""
    low = float(plane.frame.get_start()[1])
    plane.ticks.remove(*[tick for tick in plane.ticks if tick.get_top()[1] < low])
    plane.lines.remove(*[line for line in plane.lines if line.height > line.width])

"""The network in space: time, unit and layer as axes, every recorded value a tile.

Seen from above, parallel sheets are drawn correctly from the lowest to the highest, with the
connections between, so nothing is sorted by distance and nothing flickers.
"""

from typing import Final, Self

import numpy as np
from manim import (
    RIGHT,
    UP,
    Animation,
    FadeIn,
    FadeOut,
    LaggedStart,
    Mobject,
    Succession,
    UpdateFromAlphaFunc,
    VGroup,
    rate_functions,
)
from rnnviz.scenes.space.placed import Placed, Sign
from rnnviz.scenes.space.sheet import Sheet

from rnnviz.mobjects.projection import Projection
from rnnviz.mobjects.strip import MOST_CELLS
from rnnviz.mobjects.text import SMALL, fitted_label, formula
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.mobjects.window import Window
from rnnviz.trace import Trace

LAYER_GAP: Final = 2.1
_ORDER: Final = {"input": 0, "U": 1, "hidden": 2, "W": 3, "V": 4, "output": 5, "text": 6}
_DEPTH: Final = 3.8
_MOST_UNIT_PITCH: Final = 0.5
_FAINTEST: Final = 0.04


class Sheets(VGroup):
    """The sheets of inputs, hidden states and outputs at the steps of a window.

    ``limit`` gets the end of the colour scale of all sheets, and of the connections, which are
    coloured by weight times value.
    """

    def __init__(self, trace: Trace, window: Window, theme: Theme, view: Projection):
        self.trace, self.window, self.theme, self.view = trace, window, theme, view
        x = trace.x[window.indices, 0]
        h = trace.h[0, 0, window.indices, 0]
        assert trace.y is not None
        y = trace.y[window.indices, 0]
        self.limit = float(max(np.abs(x).max(), np.abs(h).max(), np.abs(y).max()))
        most = max(min(values.shape[1], MOST_CELLS) for values in (x, h, y))
        pitch = min(_MOST_UNIT_PITCH, _DEPTH / most)
        self.input = Sheet(x, -LAYER_GAP, pitch, self.limit, theme).set_z_index(_ORDER["input"])
        self.hidden = Sheet(h, 0.0, pitch, self.limit, theme).set_z_index(_ORDER["hidden"])
        self.output = Sheet(y, LAYER_GAP, pitch, self.limit, theme).set_z_index(_ORDER["output"])
        self.words = VGroup(
            *[
                Sign(
                    fitted_label(word, color=theme.color("input"), width=0.8, size=0.9 * SMALL),
                    (at, self.input.ys[0], -LAYER_GAP),
                    -1.0 * UP,
                )
                for word, at in zip(window.words(trace), self.hidden.xs, strict=True)
            ]
        )
        self.input_name = self._name("x_t", "input", self.input)
        self.hidden_name = self._name("h_t", "hidden", self.hidden)
        self.output_name = self._name("y_t", "output", self.output)
        super().__init__(
            self.input,
            self.hidden,
            self.output,
            self.words,
            self.input_name,
            self.hidden_name,
            self.output_name,
        )
        for text in (self.words, self.input_name, self.hidden_name, self.output_name):
            text.set_z_index(_ORDER["text"])
        self.look_from(view)

    def look_from(self, view: Projection) -> Self:
        """Change the projection of all parts."""
        self.view = view
        for part in self.get_family():
            if isinstance(part, Placed | Sign):
                part.project_by(view)
        return self

    def fly(self, view: Projection, *shown: Mobject, run_time: float = 4.0) -> Animation:
        """Move to another projection; ``shown`` is animated, all other parts follow unseen."""
        start = self.view
        placed = [
            part
            for mobject in (self, *shown)
            for part in mobject.get_family()
            if isinstance(part, Placed | Sign)
        ]

        def move(group: VGroup, share: float) -> None:
            self.view = start.towards(view, share)
            for part in placed:
                part.project_by(self.view)

        return UpdateFromAlphaFunc(
            VGroup(*shown), move, run_time=run_time, rate_func=rate_functions.ease_in_out_cubic
        )

    def fill_sheet(self, sheet: Sheet, run_time: float = 3.0) -> Animation:
        """Show the columns of a sheet in the order of time."""
        return LaggedStart(
            *[FadeIn(column) for column in sheet.columns], lag_ratio=0.35, run_time=run_time
        )

    def into_hidden(self, step: int) -> VGroup:
        """Return the lines from a step's input to its state (0-based in the window)."""
        lines = self._lines(self.trace.U, self.input, step, self.hidden, step)
        return lines.set_z_index(_ORDER["U"])

    def over_time(self, step: int) -> VGroup:
        """Return the lines from the state before a step (1-based in the window) to its state."""
        lines = self._lines(self.trace.W, self.hidden, step - 1, self.hidden, step)
        return lines.set_z_index(_ORDER["W"])

    def out_of_hidden(self, step: int) -> VGroup:
        """Return the lines from the state of a step to its output."""
        lines = self._lines(self.trace.V, self.hidden, step, self.output, step)
        return lines.set_z_index(_ORDER["V"])

    def into_unit(self, step: int, unit: int) -> VGroup:
        """Return the lines to one hidden unit, from the input and from the state before."""
        return VGroup(
            *[
                line
                for line in (*self.into_hidden(step), *self.over_time(step))
                if np.allclose(line.world[-1], self.hidden.point(step, unit))
            ]
        )

    def pass_steps(self) -> list[Animation]:
        """Show and hide the connections of each step in turn."""
        passing = []
        for step in range(1, len(self.window.steps)):
            lines = VGroup(
                *self.into_hidden(step), *self.over_time(step), *self.out_of_hidden(step)
            )
            passing.append(Succession(FadeIn(lines, run_time=0.4), FadeOut(lines, run_time=0.6)))
        return passing

    def middle_of(self, step: int) -> tuple[float, float, float]:
        """Return the world point between a step's input, its state and the state before."""
        return (float(self.hidden.xs[step]) - 0.5, 0.0, -LAYER_GAP / 2)

    def around(self, step: int) -> VGroup:
        """Return the parts of one step: its input, its state and the state before."""
        hidden = self.hidden.columns
        return VGroup(self.input.columns[step], hidden[step - 1], hidden[step])

    def column_names(self, step: int) -> VGroup:
        """Return the names of the parts of one step, each behind its column."""
        now, before = self.window.steps[step], self.window.steps[step] - 1
        named: tuple[tuple[str, Role, Sheet, int], ...] = (
            (f"x_({now})", "input", self.input, step),
            (f"h_({before})", "hidden", self.hidden, step - 1),
            (f"h_({now})", "hidden", self.hidden, step),
        )
        signs = VGroup()
        for source, role, sheet, at in named:
            ink = formula(source, color=self.theme.color(role), size=0.46)
            signs.add(
                Sign(ink, (sheet.xs[at], sheet.ys[-1] + 0.3, sheet.z), UP).project_by(self.view)
            )
        return signs.set_z_index(_ORDER["text"])

    def beside(self, step: int) -> VGroup:
        """Return all but the parts of one step."""
        close = list(self.around(step))
        columns = [*self.input.columns, *self.hidden.columns, *self.output.columns]
        return VGroup(
            *[column for column in columns if column not in close],
            self.words,
            self.input_name,
            self.hidden_name,
            self.output_name,
        )

    def grow_lines(self, lines: VGroup, run_time: float = 1.2) -> Animation:
        """Draw lines from their start to their end."""
        view = self.view
        paths = [line.world.copy() for line in lines]

        def draw(group: VGroup, share: float) -> None:
            for line, path in zip(group, paths, strict=True):
                count = max(2, int(np.ceil(share * len(path))))
                line.set_points_as_corners(view.project(path[:count]))

        return UpdateFromAlphaFunc(lines, draw, run_time=run_time)

    def _lines(
        self, weights: np.ndarray, source: Sheet, from_step: int, target: Sheet, to_step: int
    ) -> VGroup:
        carried = weights[:MOST_CELLS, :MOST_CELLS] * source.values[from_step]
        lines = VGroup()
        for unit, row in enumerate(carried):
            for origin, value in enumerate(row):
                share = float(value) / self.limit
                if abs(share) >= _FAINTEST:
                    path = _arched(source.point(from_step, origin), target.point(to_step, unit))
                    lines.add(
                        Placed(
                            path,
                            stroke_color=self.theme.signed(share),
                            stroke_width=1.0 + 3.0 * min(abs(share), 1.0),
                        ).project_by(self.view)
                    )
        return lines

    def _name(self, source: str, role: Role, sheet: Sheet) -> Sign:
        ink = formula(source, color=self.theme.color(role), size=0.5)
        return Sign(ink, (sheet.xs[0] - 0.9, 0.0, sheet.z), -1.0 * RIGHT)


def _arched(start: np.ndarray, end: np.ndarray, points: int = 14) -> np.ndarray:
    """Return a path between two tiles; within a sheet it rises above it."""
    share = np.linspace(0.0, 1.0, points)[:, None]
    path = (1 - share) * start + share * end
    if start[2] == end[2]:
        path[:, 2] += 0.55 * (4 * share * (1 - share))[:, 0]
    return path

"""The network in space: time, unit and layer as axes, every recorded value a tile.

The eye is always above the sheets, and these are parallel, so drawing them from the lowest to the
highest, with the connections between, is the right order from everywhere: nothing is sorted by
distance, and nothing can flicker.
"""

from collections.abc import Sequence
from typing import Final, Self

import numpy as np
from manim import (
    RIGHT,
    UP,
    Animation,
    AnimationGroup,
    FadeIn,
    FadeOut,
    LaggedStart,
    Mobject,
    Succession,
    UpdateFromAlphaFunc,
    VGroup,
    VMobject,
    rate_functions,
)

from rnnviz.mobjects.projection import Projection
from rnnviz.mobjects.strip import MOST_CELLS
from rnnviz.mobjects.text import BODY, SMALL, Ink, fitted_label, formula, label
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.mobjects.window import Window
from rnnviz.trace import Trace

LAYER_GAP: Final = 2.1
_ORDER: Final = {"input": 0, "U": 1, "hidden": 2, "W": 3, "V": 4, "output": 5, "text": 6}
_DEPTH: Final = 3.8
_MOST_UNIT_PITCH: Final = 0.5
_FAINTEST: Final = 0.04


class Placed(VMobject):
    """An outline with world coordinates, drawn where the eye sees them."""

    def __init__(self, world: np.ndarray, **style: object):
        super().__init__(**style)
        self.world = np.asarray(world, dtype=float)
        self._curves = VMobject().set_points_as_corners(self.world).points

    def see(self, eye: Projection) -> Self:
        """Take the shape that the eye sees: straight lines stay straight, shares of them too."""
        self.points = eye.project(self._curves)
        return self


class Sign(VGroup):
    """Text that stands at a world point and always faces the viewer."""

    def __init__(self, ink: Ink, world: Sequence[float], offset: np.ndarray):
        super().__init__(ink)
        self.world = np.asarray(world, dtype=float)
        self.offset = offset

    def see(self, eye: Projection) -> Self:
        """Stand where the eye sees the point, beside it by the offset."""
        half = np.array([self.width / 2, self.height / 2, 0.0])
        return self.move_to(eye.project(self.world) + self.offset * (half + 0.16))


class Sheet(VGroup):
    """One layer over time: tiles in a plane, steps along x, units along y, the first in front.

    Shapes: values (steps, units), of which at most ``MOST_CELLS`` units are shown
    """

    def __init__(
        self, values: np.ndarray, height: float, unit_pitch: float, limit: float, theme: Theme
    ):
        self.values = np.asarray(values, dtype=float)[:, :MOST_CELLS]
        self.z = height
        steps, units = self.values.shape
        self.xs = np.arange(steps) - (steps - 1) / 2
        self.ys = (np.arange(units) - (units - 1) / 2) * unit_pitch
        self.columns = VGroup(
            *[
                VGroup(
                    self._plate(x, theme),
                    *[
                        self._tile(x, y, unit_pitch, theme, float(value) / limit)
                        for y, value in zip(self.ys, row, strict=True)
                    ],
                )
                for x, row in zip(self.xs, self.values, strict=True)
            ]
        )
        super().__init__(*self.columns)

    def tile(self, step: int, unit: int) -> "Placed":
        """The tile of one value."""
        return self.columns[step][unit + 1]

    def _plate(self, x: float, theme: Theme) -> Placed:
        """What keeps the lines below a column from showing between its tiles."""
        low, high = self.ys[0], self.ys[-1]
        corners = [(x - 0.4, low), (x + 0.4, low), (x + 0.4, high), (x - 0.4, high)]
        world = [(*corner, self.z) for corner in [*corners, corners[0]]]
        return Placed(np.array(world), fill_color=theme.ground, fill_opacity=1.0, stroke_width=0)

    def _tile(self, x: float, y: float, pitch: float, theme: Theme, value: float) -> Placed:
        dx, dy = 0.4, 0.42 * pitch
        corners = [(x - dx, y - dy), (x + dx, y - dy), (x + dx, y + dy), (x - dx, y + dy)]
        world = [(*corner, self.z) for corner in [*corners, corners[0]]]
        return Placed(
            np.array(world),
            fill_color=theme.signed(value),
            fill_opacity=1.0,
            stroke_width=0.8,
            stroke_color=theme.ground,
        )

    def point(self, step: int, unit: int) -> np.ndarray:
        """The world point of one tile's middle."""
        return np.array([self.xs[step], self.ys[unit], self.z])


class Sheets(VGroup):
    """Input, hidden and output sheet of the steps in a window, with words and names.

    ``limit`` is the value at the end of the colour scale, the same for all sheets and for the
    connections, whose colour is what they carry: weight times value.
    """

    def __init__(self, trace: Trace, window: Window, theme: Theme, eye: Projection):
        self.trace, self.window, self.theme, self.eye = trace, window, theme, eye
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
        self.look(eye)

    def look(self, eye: Projection) -> Self:
        """See everything from another point."""
        self.eye = eye
        for part in self.get_family():
            if isinstance(part, Placed | Sign):
                part.see(eye)
        return self

    def fly(self, eye: Projection, *shown: Mobject, run_time: float = 4.0) -> Animation:
        """The eye moves past ``shown``; parts that are not shown yet are moved along unseen."""
        start = self.eye
        placed = [
            part
            for mobject in (self, *shown)
            for part in mobject.get_family()
            if isinstance(part, Placed | Sign)
        ]

        def move(group: VGroup, share: float) -> None:
            self.eye = start.towards(eye, share)
            for part in placed:
                part.see(self.eye)

        return UpdateFromAlphaFunc(
            VGroup(*shown), move, run_time=run_time, rate_func=rate_functions.ease_in_out_cubic
        )

    def fill_sheet(self, sheet: Sheet, run_time: float = 3.0) -> Animation:
        """A sheet's columns appear in the order of time."""
        return LaggedStart(
            *[FadeIn(column) for column in sheet.columns], lag_ratio=0.35, run_time=run_time
        )

    def into_hidden(self, step: int) -> VGroup:
        """The lines by which U carries the input of a step (0-based in the window) up."""
        lines = self._lines(self.trace.U, self.input, step, self.hidden, step)
        return lines.set_z_index(_ORDER["U"])

    def over_time(self, step: int) -> VGroup:
        """The lines by which W carries the state before into a step (from 1 in the window)."""
        lines = self._lines(self.trace.W, self.hidden, step - 1, self.hidden, step)
        return lines.set_z_index(_ORDER["W"])

    def out_of_hidden(self, step: int) -> VGroup:
        """The lines by which V carries the state of a step on to the output."""
        lines = self._lines(self.trace.V, self.hidden, step, self.output, step)
        return lines.set_z_index(_ORDER["V"])

    def into_unit(self, step: int, unit: int) -> VGroup:
        """The lines that end in one hidden unit: from the input, and from the state before."""
        return VGroup(
            *[
                line
                for line in (*self.into_hidden(step), *self.over_time(step))
                if np.allclose(line.world[-1], self.hidden.point(step, unit))
            ]
        )

    def sweep(self) -> list[Animation]:
        """Step by step, all connections of a step light up and go again."""
        passing = []
        for step in range(1, len(self.window.steps)):
            lines = VGroup(
                *self.into_hidden(step), *self.over_time(step), *self.out_of_hidden(step)
            )
            passing.append(Succession(FadeIn(lines, run_time=0.4), FadeOut(lines, run_time=0.6)))
        return passing

    def middle_of(self, step: int) -> tuple[float, float, float]:
        """The world point between a step's input and its state, and the state before."""
        return (float(self.hidden.xs[step]) - 0.5, 0.0, -LAYER_GAP / 2)

    def around(self, step: int) -> VGroup:
        """What a close look at one step keeps: its input, its state, and the state before."""
        hidden = self.hidden.columns
        return VGroup(self.input.columns[step], hidden[step - 1], hidden[step])

    def column_names(self, step: int) -> VGroup:
        """The names of what a close look keeps, each behind its column."""
        now, before = self.window.steps[step], self.window.steps[step] - 1
        named: tuple[tuple[str, Role, Sheet, int], ...] = (
            (f"x_({now})", "input", self.input, step),
            (f"h_({before})", "hidden", self.hidden, step - 1),
            (f"h_({now})", "hidden", self.hidden, step),
        )
        signs = VGroup()
        for source, role, sheet, at in named:
            ink = formula(source, color=self.theme.color(role), size=0.46)
            signs.add(Sign(ink, (sheet.xs[at], sheet.ys[-1] + 0.3, sheet.z), UP).see(self.eye))
        return signs.set_z_index(_ORDER["text"])

    def beside(self, step: int) -> VGroup:
        """What a close look at one step leaves out."""
        kept = list(self.around(step))
        columns = [*self.input.columns, *self.hidden.columns, *self.output.columns]
        return VGroup(
            *[column for column in columns if column not in kept],
            self.words,
            self.input_name,
            self.hidden_name,
            self.output_name,
        )

    def grow_lines(self, lines: VGroup, run_time: float = 1.2) -> Animation:
        """Lines appear from where they come to where they go."""
        eye = self.eye
        whole = [line.world.copy() for line in lines]

        def draw(group: VGroup, share: float) -> None:
            for line, path in zip(group, whole, strict=True):
                kept = max(2, int(np.ceil(share * len(path))))
                line.set_points_as_corners(eye.project(path[:kept]))

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
                        ).see(self.eye)
                    )
        return lines

    def _name(self, source: str, role: Role, sheet: Sheet) -> Sign:
        ink = formula(source, color=self.theme.color(role), size=0.5)
        return Sign(ink, (sheet.xs[0] - 0.9, 0.0, sheet.z), -1.0 * RIGHT)


class Axes(VGroup):
    """The three directions of space, named, at the near corner of the hidden sheet."""

    def __init__(self, names: Sequence[str], sheets: Sheets, theme: Theme):
        hidden = sheets.hidden
        origin = np.array([hidden.xs[0] - 0.6, hidden.ys[0] - 0.3, hidden.z])
        ends = origin + np.diag([hidden.xs[-1] - hidden.xs[0] + 1.6, 3.6, 2.0])
        color = theme.color("text")
        self.lines = VGroup(
            *[
                Placed(np.array([origin, end]), stroke_color=color, stroke_width=3).see(sheets.eye)
                for end in ends
            ]
        )
        self.names = VGroup(
            *[
                Sign(label(name, color=color, size=BODY), end, offset).see(sheets.eye)
                for name, end, offset in zip(names, ends, (RIGHT, -RIGHT, UP), strict=True)
            ]
        )
        super().__init__(self.lines, self.names)

    def appear(self) -> Animation:
        """One direction after the other."""
        return LaggedStart(
            *[
                AnimationGroup(FadeIn(line), FadeIn(name))
                for line, name in zip(self.lines, self.names, strict=True)
            ],
            lag_ratio=0.6,
            run_time=2.4,
        )


def _arched(start: np.ndarray, end: np.ndarray, points: int = 14) -> np.ndarray:
    """A path between two tiles; within one sheet it rises a little above it."""
    share = np.linspace(0.0, 1.0, points)[:, None]
    path = (1 - share) * start + share * end
    if start[2] == end[2]:
        path[:, 2] += 0.55 * (4 * share * (1 - share))[:, 0]
    return path

"""The network in space: time to the right, units to the back, inputs below, outputs above."""

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np
from manim import ManimColor, VGroup
from rnnviz.scenes.space.contents import Contents, column_name

from rnnviz.mobjects.billboard import Billboard
from rnnviz.mobjects.glass_floor import FloorGrid, GlassPane
from rnnviz.mobjects.prisms import Prisms
from rnnviz.mobjects.shown_states import state_symbol
from rnnviz.mobjects.stage3d import Layer3D, Track, change
from rnnviz.mobjects.text import SMALL, fitted_label, formula
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.mobjects.window import Window
from rnnviz.trace import Trace

PITCH: Final = 1.4
"""World units between two steps."""
RESTING: Final = 0.5
"""The light of what is not spoken of."""
WAITING: Final = 0.6
"""The opacity of words that were not read yet."""
_DEPTHS: Final = {"input": 1.9, "hidden": 2.9, "output": 1.5}
_HEIGHTS: Final = {"input": 0.62, "hidden": 1.25, "output": 1.0}
_GAPS: Final = {"input": 1.05, "hidden": 0.2, "output": 0.0}
"""Depth of a sheet, height of its scale's end, and distance to the sheet behind."""
_MOST_PITCH: Final = 0.46
_RISE: Final = 0.95
_BASE: Final = (1.0, 0.8)
"""The base of a prism: its width, and its depth as a share of the pitch."""
_MARGIN: Final = 0.2
_WORD: Final = 0.8
_LOSS_OVER: Final = 0.7
_NAME, _SMALL_NAME, _LONG = 0.4, 0.34, 100
_SHEET_NAME, _NAME_OF_SEVERAL = 0.56, 0.45
_UNDER_NAMES: Final = 1.23


class NetworkSpace:
    """Sheets of prisms for inputs, hidden states and outputs at the steps of a window.

    The hidden sheet has one column more than the others: the state before the first step. Several
    states stand behind each other. Where a network has no outputs to show, ``output`` is None.
    ``limit`` is the end of the colour scale of signed values.
    """

    def __init__(self, trace: Trace, window: Window, theme: Theme):
        self.trace, self.window, self.theme = trace, window, theme
        self.contents = Contents(trace, window)
        values = self.contents.values()
        signed = [v for name, v in values.items() if name == "hidden" or (v < 0).any()]
        self.limit = max(1.0, *(float(np.abs(v).max()) for v in signed))
        self.xs = (np.arange(len(window.steps)) - (len(window.steps) - 1) / 2) * PITCH
        self.front = 0.0
        self.level = 0.0
        self.input = self._sheet("input", values["input"], self.xs)
        hidden_at = np.concatenate([[self.xs[0] - PITCH], self.xs])
        self.hidden = self._sheet("hidden", values["hidden"], hidden_at)
        self.output: Prisms | None = None
        if "output" in values:
            self.output = self._sheet("output", values["output"], self.xs)
        outputs = () if self.output is None else (self.output,)
        self.sheets = (self.input, self.hidden, *outputs)
        self.panes = tuple(self._pane(sheet) for sheet in self.sheets)
        self.floor = self._floor()
        self.words = self._words()
        self.state_names = self._state_names()
        self.names = self._names()
        self.flows, self.signs = Layer3D(), Layer3D()
        self.signs.add(
            *self.words, *self.state_names, *[each for row in self.names for each in row]
        )

    @property
    def loss_at(self) -> np.ndarray:
        """The world point (3,) over the last output, or state, where its loss stands."""
        last = self.sheets[-1]
        over = last.z + last.height_of_limit + _LOSS_OVER
        if self.output is None:
            over += 2 * _LOSS_OVER
        return np.array([self.xs[-1], float(last.ys.mean()), over])

    @property
    def parts(self) -> tuple[VGroup, ...]:
        """All parts, in the order in which they are drawn."""
        standing = [part for pair in zip(self.panes, self.sheets, strict=True) for part in pair]
        return (self.floor, *standing, self.flows, self.signs)

    @property
    def around(self) -> tuple[int, ...]:
        """The places of the sheets besides that of the states."""
        return tuple(place for place, sheet in enumerate(self.sheets) if sheet is not self.hidden)

    def dim(self, light: float) -> list[Track]:
        """Return tracks that give all prisms the same light."""
        return [change(sheet.light, np.s_[:], light) for sheet in self.sheets]

    def turn_into(self, trace: Trace) -> list[Track]:
        """Return tracks in which states and outputs become those of another trace."""
        values = self.contents.values(trace)
        tracks = self.hidden.turn_into(values["hidden"])
        return tracks if self.output is None else tracks + self.output.turn_into(values["output"])

    def words_on(self, sheet: Prisms) -> list[Track]:
        """Return tracks that move the words to the front of a sheet."""
        return [
            change(word.world, np.s_[:], self._before(sheet, x))
            for word, x in zip(self.words, self.xs, strict=True)
        ]

    def corners(self, first: int, last: int, *sheets: Prisms) -> np.ndarray:
        """Return corners (n, 3) of boxes around steps of sheets, counted from 0."""
        columns = []
        for sheet in sheets:
            extra = len(sheet.xs) - len(self.xs)
            columns.append(sheet.corners(first + extra, last + extra))
        return np.concatenate(columns)

    def _sheet(self, role: Role, values: np.ndarray, xs: np.ndarray) -> Prisms:
        units = values.shape[1]
        places = np.arange(units) + 0.5
        if role == "hidden":  # a free place between two states
            places += np.repeat(np.arange(len(self.contents.groups)), self.contents.groups)
        room = places[-1] + 0.5
        pitch = min(_MOST_PITCH, _DEPTHS[role] / room)
        depth = room * pitch
        ys = self.front + depth - places * pitch
        limit = self.limit
        color: Callable[[float], ManimColor] = partial(self.theme.shade, "signed")
        if role != "hidden" and not (values < 0).any():
            greatest = float(values.max())
            limit, color = (greatest if greatest > 1.0 else 1.0), self._shade(role)
        sheet = Prisms(
            values,
            self.theme,
            xs=xs,
            ys=ys,
            z=self.level,
            size=(_BASE[0], _BASE[1] * pitch),
            height=_HEIGHTS[role],
            limit=limit,
            color=color,
            role=role,
        )
        self.front += depth + _GAPS[role]
        self.level += _RISE
        return sheet

    def _shade(self, role: Role) -> Callable[[float], ManimColor]:
        if role == "output":
            return partial(self.theme.shade, "probability")
        empty = ManimColor(self.theme.zero)

        def color(share: float) -> ManimColor:
            return empty.interpolate(self.theme.color(role), float(np.sqrt(share)))

        return color

    def _pane(self, sheet: Prisms) -> GlassPane:
        low, high = _footprint(sheet)
        return GlassPane(low, high, sheet.z, self.theme)

    def _floor(self) -> FloorGrid:
        low, _ = _footprint(self.input)
        _, high = _footprint(self.sheets[-1])
        return FloorGrid(low, high, -0.45, self.theme, pitch=PITCH, reach=4.0)

    def _before(self, sheet: Prisms, x: float) -> np.ndarray:
        low, _ = _footprint(sheet)
        return np.array([x, low[1], sheet.z])

    def _words(self) -> VGroup:
        color = self.theme.color("input")
        return VGroup(
            *[
                Billboard(
                    fitted_label(word, color=color, width=_WORD, size=SMALL),
                    self._before(self.hidden, x) - np.array([0.0, _UNDER_NAMES, 0.0]),
                    (0.0, -1.0),
                    self.theme,
                )
                for word, x in zip(self.window.words(self.trace), self.xs, strict=True)
            ]
        )

    def _state_names(self) -> VGroup:
        color = self.theme.color("hidden")
        steps = (self.window.steps[0] - 1, *self.window.steps)
        size = _NAME if steps[-1] < _LONG else _SMALL_NAME
        return VGroup(
            *[
                Billboard(
                    formula(column_name(self.trace, step), color=color, size=size),
                    self._before(self.hidden, x),
                    (0.0, -1.0),
                    self.theme,
                )
                for step, x in zip(steps, self.hidden.xs, strict=True)
            ]
        )

    def _names(self) -> tuple[list[Billboard], ...]:
        """Return the names of what each sheet shows, left of it."""
        names = [[self._name("x_t", "input", self.input, self.input.ys)]]
        ends = np.cumsum(self.contents.groups)[:-1]
        states = self.contents.states.names
        rows = zip(states, np.split(self.hidden.ys, ends), strict=True)
        size = _SHEET_NAME if len(states) == 1 else _NAME_OF_SEVERAL
        names.append(
            [
                self._name(state_symbol(name, "t"), "hidden", self.hidden, ys, size)
                for name, ys in rows
            ]
        )
        if self.output is not None:
            names.append([self._name("y_t", "output", self.output, self.output.ys)])
        return tuple(names)

    def _name(
        self, source: str, role: Role, sheet: Prisms, ys: np.ndarray, size: float = _SHEET_NAME
    ) -> Billboard:
        low, _ = _footprint(sheet)
        ink = formula(source, color=self.theme.color(role), size=size)
        at = (low[0], float(ys.min() + ys.max()) / 2, sheet.z)
        return Billboard(ink, at, (-1.0, 0.0), self.theme)


def _footprint(sheet: Prisms) -> tuple[np.ndarray, np.ndarray]:
    """Return the corners (2,) of the pane under a sheet."""
    corners = sheet.corners()
    return corners.min(axis=0)[:2] - _MARGIN, corners.max(axis=0)[:2] + _MARGIN

"""The states of a recording that a chain draws: their names, and the units that have room."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
from manim import RIGHT, VGroup

from rnnviz import measure
from rnnviz.mobjects.strip import MOST_CELLS, Strip
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.window import Window
from rnnviz.mobjects.wording import Say
from rnnviz.trace import Trace

_LETTER: Final = re.compile(r"[A-Za-z]")
_NAMED: Final = ("h", "c")
"""States that a notation has a symbol for."""
_LONG: Final = 8
"""Letters of a state's name from which on it is cut."""
_APART: Final = 0.28
"""The gap between two states, as a share of a strip's width."""

Values = Mapping[str, np.ndarray]
"""The values of each state by its name: (unit,), or (step, unit)."""


class ShownStates:
    """Which units are drawn of each state of a recording's first sequence.

    Where a state has more units than ``most``, those that move most within the window are drawn.
    """

    def __init__(self, trace: Trace, window: Window, most: int = MOST_CELLS):
        self.trace, self.window = trace, window
        states = measure.states_by_name(trace)
        self.units = {
            name: measure.most_moving(values[window.indices, 0], most)
            for name, values in states.items()
        }
        self.sizes = {name: values.shape[-1] for name, values in states.items()}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the states, such as ('h', 'c')."""
        return tuple(self.units)

    def of(self, trace: Trace | None = None) -> Values:
        """Return the values of the shown units at the steps of the window: (step, unit) each.

        They are those of another recording of the same network if one is given.
        """
        states = measure.states_by_name(trace or self.trace)
        return self._chosen(states, self.window.indices)

    def before(self, step: int) -> Values | None:
        """Return the values before a step, counted from 1, or None if they are not known."""
        if self.trace.h0 is None and step == 1:
            return None
        if step > 1:
            return self._chosen(measure.states_by_name(self.trace), step - 2)
        return self._chosen(measure.states_before_by_name(self.trace), 0)

    @property
    def limit(self) -> float:
        """The end of the colours: 1, or the largest value shown if that is more."""
        return max(1.0, *(float(np.abs(values).max()) for values in self.of().values()))

    def note(self, say: Say) -> tuple[str, ...]:
        """Return the note for the source line if some units are not drawn."""
        name = max(self.sizes, key=lambda each: self.sizes[each])
        return chosen_note(len(self.units[name]), self.sizes[name], say)

    def _chosen(self, states: Values, time: int | slice) -> Values:
        return {name: states[name][time, 0][..., units] for name, units in self.units.items()}


def chosen_note(shown: int, count: int, say: Say) -> tuple[str, ...]:
    """Return the note for the source line that says which units are drawn, empty if all are."""
    if shown >= count:
        return ()
    return (say("{shown} units that move most").format(shown=shown),)


def state_symbol(name: str, index: str | int) -> str:
    """Return the formula of a state at a step, in Typst's notation; a long name is cut.

    Example: >>> state_symbol("h", 3), state_symbol("memory", "t-1")
             ('h_(3)', '"memory"_(t-1)')
    """
    if name in _NAMED:
        return f"{name}_({index})"
    short = name if len(name) <= _LONG else f"{name[: _LONG - 1]}…"
    letter = (
        f'italic("{name}")' if _LETTER.fullmatch(name) else json.dumps(short, ensure_ascii=False)
    )
    return f"{letter}_({index})"


def state_symbols(names: Iterable[str], index: str | int) -> str:
    """Return the formulas of several states at a step, with commas between them."""
    return ", ".join(state_symbol(name, index) for name in names)


class StripRow(VGroup):
    """One strip for each of several states, side by side.

    Shapes: values name → (unit,)
    """

    def __init__(self, values: Values, theme: Theme, *, limit: float, height: float, width: float):
        self.names = tuple(values)
        self.strips = [
            Strip(each, theme, limit=limit, height=height, width=width) for each in values.values()
        ]
        super().__init__(*self.strips)
        self.arrange(RIGHT, buff=_APART * width)


def strip_of(
    values: Values, theme: Theme, *, limit: float, height: float, width: float
) -> Strip | StripRow:
    """Return the cells of one step's states: one column, or one for each of several states.

    Units:  ``width`` is that of a single column, and ``height`` that of all
    """
    if len(values) == 1:
        (only,) = values.values()
        return Strip(only, theme, limit=limit, height=height, width=width)
    narrow = 1.7 * width / (len(values) + _APART * (len(values) - 1))
    return StripRow(values, theme, limit=limit, height=height, width=narrow)


def by_name(states: Sequence[Sequence[float]] | np.ndarray | Values) -> Values:
    """Return states with their names; those given without one are h."""
    return states if isinstance(states, Mapping) else {"h": np.asarray(states)}

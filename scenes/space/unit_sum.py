"""One unit's sum in recorded numbers that add up as they are written."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from manim import UP, VGroup
from rnnviz.scenes.space.contents import Contents
from rnnviz.scenes.space.contributions import Contributions
from rnnviz.scenes.space.network_space import RESTING, NetworkSpace

from rnnviz.cells.base import RELU, TANH
from rnnviz.mobjects import layout
from rnnviz.mobjects.billboard import Billboard
from rnnviz.mobjects.equation import Equation
from rnnviz.mobjects.numbers import MINUS
from rnnviz.mobjects.stage3d import Track, change, during
from rnnviz.mobjects.strands import arch
from rnnviz.mobjects.text import BODY, formula, label
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.trace import Trace

_FEWEST, _MOST = 2, 8
"""Decimals."""
_ABOVE: Final = 0.8
_GATE: Final = 0.45
_BESIDE: Final = 0.45
"""How far right of the numbers that go through it the name of tanh stands."""
_STEEPNESS: Final = 0.1
_SHIFTS: Final = (0.35, -1.35, 0.0)
_RISE: Final = 0.35
"""How far the terms end from where they meet: right, left of the arcs, and above."""
_GLASS: Final = 0.2
"""The opacity of the prisms in front of the unit's own, and of those behind its numbers."""
_ADDED: Final = 0.2
"""The opacity of strands whose numbers were added."""


@dataclass(frozen=True)
class UnitSum:
    """What one unit adds up at one step of a window, both counted from 0 as they are shown.

    ``entry`` is the unit in the network, counted from 1, and ``nonlinearity`` tanh or relu.
    """

    step: int
    unit: int
    entry: int
    nonlinearity: str
    from_input: float
    from_state: float
    bias: float
    state: float
    free: bool
    decimals: int

    @property
    def total(self) -> float:
        """The sum."""
        return self.from_input + self.from_state + self.bias

    def text(self, value: float) -> str:
        """Return a value with the decimals of this sum."""
        return written(value, self.decimals)

    @classmethod
    def clearest(cls, trace: Trace, shown: Contents) -> "UnitSum":
        """Return the sum that is best to show: its terms are large, and tanh bends it.

        The numbers add up, and tanh, or relu, of the sum is the state, as they are written with as
        few decimals as possible, at least two.
        """
        sums = [_sum_of(trace, shown, step, unit) for step, unit in _places(shown)]
        sums.sort(key=lambda one: -one._clearness())
        for decimals in range(_FEWEST, _MOST):
            for one in sums:
                if one._adds_up(decimals):
                    return cls(**{**vars(one), "decimals": decimals})
        return sums[0]

    def _clearness(self) -> float:
        """Return how large the lesser product is; little where tanh is flat or hardly bends.

        It is little as well where higher prisms stand in front or the state is negative, and less
        for units at the back.
        """
        least = min(abs(self.from_input), abs(self.from_state))
        bends = self.nonlinearity != TANH or 0.3 < abs(self.state) < 0.9
        likes = (bends, self.free, self.state > 0)
        return least * (1 + self.unit) * float(np.prod([1.0 if one else 0.05 for one in likes]))

    def _adds_up(self, decimals: int) -> bool:
        terms = (self.from_input, self.from_state, self.bias)
        total = round(self.total, decimals)
        added = round(sum(round(term, decimals) for term in terms), decimals)
        bent = float(np.tanh(total)) if self.nonlinearity == TANH else max(0.0, total)
        return added == total and round(bent, decimals) == round(self.state, decimals)


class UnitSumPicture:
    """The three numbers on their way into a unit, and their sum as a formula."""

    def __init__(self, one: UnitSum, space: NetworkSpace):
        self.one, self.space = one, space
        theme, step = space.theme, space.window.steps[one.step]
        self.strands = VGroup(*[Contributions(space, which, one.step, one.unit) for which in "UW"])
        self.column = one.step + 1
        self.in_front = (self.column, np.s_[one.unit + 1 :])
        top = space.hidden.top(self.column, one.unit)
        self.gate = top + np.array([0.0, 0.0, _GATE])
        self.over = top + np.array([0.0, 0.0, _ABOVE])
        before = space.hidden.foot(self.column - 1, one.unit)
        below = space.input.foot(one.step, 0)
        starts = (below, before, self.over + np.array([0.0, 0.0, 0.35]))
        sources = _entries(one, step)
        roles: tuple[Role, ...] = ("input", "hidden", "weight")
        values = (one.from_input, one.from_state, one.bias)
        sides = ((1.0, 0.0), (-1.0, 0.0), (0.0, 1.0))
        self.terms = [
            _billboard(f"{source} = {one.text(value)}", role, theme, start, side)
            for source, role, value, start, side in zip(
                sources, roles, values, starts, sides, strict=True
            )
        ]
        ends = [
            self.over + np.array([shift, 0.0, _RISE * z])
            for shift, (_, z) in zip(_SHIFTS, sides, strict=True)
        ]
        self.paths = [arch(start, end, 0.4) for start, end in zip(starts, ends, strict=True)]
        self.total = _billboard(one.text(one.total), "text", theme, self.over)
        self.state = _billboard(one.text(one.state), "hidden", theme, self.gate)
        beside = self.gate + np.array([_BESIDE, 0.0, 0.2])
        self.tanh = _billboard(one.nonlinearity, "text", theme, beside, (1.0, 0.0))
        self.formula = _formula(one, step, theme)

    @property
    def signs(self) -> list[Billboard]:
        """All texts in space."""
        return [*self.terms, self.total, self.state, self.tanh]

    def single_out(self) -> list[Track]:
        """Return tracks that dim all other prisms, clear the view, and take the unit's own away."""
        hidden, one = self.space.hidden, self.one
        light = np.full(hidden.light.shape, RESTING)
        light[self.column, one.unit] = 1.0
        grown = np.zeros(hidden.grown.shape) + hidden.grown
        grown[self.column, one.unit] = 0.0
        lit = self.space.input.light.copy()
        lit[:] = RESTING
        lit[one.step] = 1.0
        return [
            change(hidden.there, self.in_front, _GLASS),
            change(hidden.light, np.s_[:], light),
            change(hidden.grown, np.s_[:], grown),
            change(self.space.input.light, np.s_[:], lit),
            *[
                change(self.space.sheets[at].there, np.s_[:], _GLASS)
                for at in self.space.around[1:]
            ],
        ]

    def arrive(self, index: int) -> list[Track]:
        """Return tracks in which a number comes along its strands, seen once it is above others."""
        term, path = self.terms[index], self.paths[index]
        known = np.linspace(0.0, 1.0, len(path))

        def slide(share: float) -> None:
            for axis in range(3):
                term.world[axis] = np.interp(share, known, path[:, axis])

        tracks = [during(0.5, 0.75, change(term.shown, ..., 1.0)), during(0.1, 1.0, slide)]
        if index < len(self.strands):
            tracks.append(self.strands[index].flow(0.0, 0.9))
        return tracks

    def merge(self) -> list[Track]:
        """Return tracks in which the three numbers become their sum."""
        meet = [change(term.world, np.s_[:], self.over) for term in self.terms]
        gone = [change(term.shown, ..., 0.0) for term in self.terms]
        added = [strand.fade(0.3, 1.0, to=_ADDED) for strand in self.strands]
        return [
            *added,
            during(0.0, 0.5, *meet),
            during(0.05, 0.4, *gone),
            during(0.45, 0.8, change(self.total.shown, ..., 1.0)),
        ]

    def press(self) -> list[Track]:
        """Return tracks in which the sum goes through tanh into the prism's height."""
        hidden, one = self.space.hidden, self.one
        top = hidden.top(self.column, one.unit)
        return [
            during(0.0, 0.25, change(self.tanh.shown, ..., 1.0)),
            during(0.2, 0.6, change(self.total.world, np.s_[:], self.gate)),
            during(0.5, 0.62, change(self.total.shown, ..., 0.0)),
            during(0.55, 0.7, change(self.state.shown, ..., 1.0)),
            during(0.65, 1.0, change(self.state.world, np.s_[:], top)),
            during(0.5, 0.9, change(hidden.grown, (self.column, one.unit), 1.0)),
        ]

    def leave(self) -> list[Track]:
        """Return tracks in which everything that belongs to the unit goes."""
        signs = [change(sign.shown, ..., 0.0) for sign in self.signs]
        strands = [strand.fade(0.0, 0.3, since=_ADDED) for strand in self.strands]
        solid = [change(self.space.hidden.there, self.in_front, 1.0)]
        solid += [
            change(self.space.sheets[at].there, np.s_[:], 1.0) for at in self.space.around[1:]
        ]
        return [during(0.0, 0.3, *signs, *solid), *strands]


def written(value: float, decimals: int) -> str:
    """Return a value with a number of decimals."""
    text = f"{abs(value):.{decimals}f}"
    return f"{MINUS}{text}" if value < 0 and float(text) else text


def _places(shown: Contents) -> list[tuple[int, int]]:
    count = len(shown.window.steps)
    steps = range(min(1, count - 1), count)
    return [(step, unit) for step in steps for unit in range(len(shown.units))]


def _sum_of(trace: Trace, shown: Contents, step: int, unit: int) -> UnitSum:
    t, place = shown.window.steps[step] - 1, int(shown.units[unit])
    return UnitSum(
        step,
        unit,
        entry=place + 1,
        nonlinearity=trace.cell.nonlinearity,
        from_input=float(trace.U[place] @ trace.x[t, 0]),
        from_state=float(trace.W[place] @ trace.states_before(0, 0)[t, 0]),
        bias=float(trace.b[place]),
        state=float(trace.h[0, 0, t, 0, place]),
        free=_free(np.abs(trace.h[0, 0, t, 0, shown.units]), unit),
        decimals=_MOST,
    )


def _free(heights: np.ndarray, unit: int) -> bool:
    """Whether no prism in front of a unit's hides it."""
    in_front = heights[unit + 1 :]
    return bool((in_front - _STEEPNESS * (1 + np.arange(len(in_front))) < heights[unit]).all())


def _billboard(
    source: str,
    role: Role,
    theme: Theme,
    world: np.ndarray,
    offset: tuple[float, float] = (0.0, 1.0),
) -> Billboard:
    ink = (
        label(source, color=theme.color(role), size=BODY)
        if source in (TANH, RELU)
        else formula(source, color=theme.color(role), size=0.44)
    )
    return Billboard(ink, world, offset, theme)


def _entries(one: UnitSum, step: int) -> tuple[str, str, str]:
    """Return the terms of one entry of the state, in Typst's notation."""
    entry = one.entry
    return f"(U x_({step}))_({entry})", f"(W h_({step - 1}))_({entry})", f"b_({entry})"


def _formula(one: UnitSum, step: int, theme: Theme) -> Equation:
    """Return h = tanh(terms) = tanh(sum) = state, each with its recorded number."""

    def term(value: float) -> str:
        text = one.text(value)
        return f"({text})" if text.startswith(MINUS) else text

    from_input, from_state, bias = _entries(one, step)
    name = TANH if one.nonlinearity == TANH else f'"{one.nonlinearity}"'
    source = (
        f"{name} \\(underbrace({{{{ {term(one.from_input)} : x }}}}, {from_input}) + "
        f"underbrace({{{{ {term(one.from_state)} : before }}}}, {from_state}) + "
        f"underbrace({{{{ {term(one.bias)} : b }}}}, {bias})\\) = {name}({one.text(one.total)}) = "
        f"{{{{ {one.text(one.state)} : now }}}}"
    )
    equation = Equation(source, theme, size=0.46)
    for name in ("x", "before", "b", "now"):
        equation.part(name).set_color(theme.color(equation.roles[name]))
    return equation.shift((layout.FORMULA_Y - 0.05) * UP)

"""A gated cell as a conveyor: one unit's value rides through valves that are its gates."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from manim import (
    DOWN,
    LEFT,
    RIGHT,
    UP,
    Animation,
    AnimationGroup,
    FadeIn,
    FadeOut,
    LaggedStart,
    Line,
    ReplacementTransform,
    RoundedRectangle,
    Succession,
    Transform,
    VGroup,
)
from rnnviz.scenes.gates.followed_unit import FollowedUnit
from rnnviz.scenes.gates.valve import HALF_PIPE, HIGH, LEAF, LOW, NAME, Valve

from rnnviz.mobjects.arrows import FlowArrow
from rnnviz.mobjects.morph import morph, paired_glyphs
from rnnviz.mobjects.numbers import decimals
from rnnviz.mobjects.text import Ink, fitted_label, formula, label
from rnnviz.mobjects.theme import Theme

_Y: Final = (LOW + HIGH) / 2
_LEFT_END, _RIGHT_END = -6.5, 6.5
_PIPE_END: Final = -0.62
_VALVE_Y: Final = -0.2
_BOTTOM_Y: Final = -1.1
_WIRES_Y: Final = -1.95
_BEFORE_X, _KEEP_X, _KEPT_X, _WRITE_X, _NOW_X, _READ_X = -5.3, -3.4, -1.75, 0.5, 2.2, 4.02
_BOX: Final = (1.35, 0.6)
_NAME_ROOM: Final = 1.5
_NUMBER: Final = 0.36
_BESIDE_WIRE: Final = 0.42
"""How far the long name of what a projection reads is moved, away from a wire."""
_THINNEST: Final = 0.06
"""The height, as a share, of a value that is squeezed through a gate that is nearly shut."""


class Conveyor(VGroup):
    """The belt on which a unit's value rides, with a valve for each gate.

    A valve is open by the recorded value of its gate: at 0 it is shut, at 1 the way is free.
    """

    def __init__(self, unit: FollowedUnit, theme: Theme):
        self.theme, self.unit = theme, unit
        self.lstm = unit.read is not None
        self.carried = "c" if self.lstm else "h"
        self.limit = max(1.0, *map(abs, unit.values))
        pipes = [_WRITE_X, *([_READ_X] if self.lstm else [])]
        self.belt = _edges(pipes, theme)
        keep, write = ("f_t", "i_t") if self.lstm else ("z_t", "1 - z_t")
        self.keep = Valve([_KEEP_X, _Y], keep, unit.keep, theme, upright=True)
        room = _NAME_ROOM if self.lstm else np.inf
        self.write = Valve([_WRITE_X, _VALVE_Y], write, unit.write, theme, room=room)
        self.valves = VGroup(self.keep.leaves, self.write.leaves)
        if self.lstm:
            self.read = Valve([_READ_X, _VALVE_Y], "q_t", float(unit.read or 0.0), theme)
            self.valves.add(self.read.leaves)
        self.box = self._box(f"{self.carried}_(t-1)", unit.before, _BEFORE_X)
        self.inputs = self._inputs()
        super().__init__(self.belt, self.valves, self.inputs, self.box)

    def appear(self, run_time: float = 4.0) -> Animation:
        """Show the belt with its valves shut, then let the unit's value ride in."""
        return LaggedStart(
            FadeIn(self.belt, self.valves),
            self.bring_box(),
            FadeIn(self.inputs, shift=0.2 * UP),
            lag_ratio=0.4,
            run_time=run_time,
        )

    def pass_keep(self) -> Animation:
        """Open the first valve, and let the value pass: it is multiplied by the gate."""
        unit = self.unit
        wire = self._wire([_KEEP_X, LOW - 0.04])
        name = f"{self.keep.symbol} dot.o {self.carried}_(t-1)"
        kept = self._box(name, unit.keep * unit.before, _KEPT_X)
        return Succession(
            wire.grow(),
            self.keep.open(),
            self._ride_through(kept, unit.keep),
        )

    def bring_new(self) -> Animation:
        """Bring the candidate, and open the second valve; both come from the same inputs."""
        new_name = "g_t" if self.lstm else "n_t"
        to_new = self._wire([_WRITE_X, _BOTTOM_Y - _BOX[1] / 2 - 0.04])
        to_gate = self._wire([_WRITE_X - HALF_PIPE - 0.04, _VALVE_Y], aside=-0.6)
        self.new = self._box(new_name, self.unit.new, _WRITE_X, _BOTTOM_Y, side=LEFT)
        return Succession(
            AnimationGroup(to_new.grow(), to_gate.grow()),
            AnimationGroup(FadeIn(self.new, shift=0.2 * UP), self.write.open()),
        )

    def pass_write(self) -> Sequence[Animation]:
        """Let a copy of the candidate rise through the valve, then add it to what was kept."""
        unit = self.unit
        new_name = "g_t" if self.lstm else "n_t"
        symbol = self.write.symbol if self.lstm else f"({self.write.symbol})"
        product = self._box(f"{symbol} dot.o {new_name}", unit.write * unit.new, _WRITE_X)
        now = self._box(f"{self.carried}_t", unit.now, _NOW_X)
        kept, self.box = self.box, now
        plus = formula("+", color=self.theme.color("text"), size=0.6)
        plus.move_to([(_KEPT_X + _WRITE_X) / 2, _Y - 0.17, 0.0])
        return (
            _becomes(self.new.copy(), product),
            FadeIn(plus, run_time=0.4),
            AnimationGroup(
                FadeOut(kept, plus, shift=1.2 * RIGHT), _becomes(product, now), run_time=1.1
            ),
        )

    def pass_read(self) -> Animation:
        """Send a copy of the cell down through tanh and the third valve: the state."""
        squash = formula("tanh", color=self.theme.color("text"), size=NAME)
        squash.move_to([_READ_X + HALF_PIPE + 0.15, LOW - 0.3, 0.0], aligned_edge=LEFT)
        self.read.name.set_y(_PIPE_END)
        wire = self._wire([_READ_X - HALF_PIPE - 0.04, _VALVE_Y], aside=-0.2)
        name, side = ("q_t dot.o tanh(c_t)", DOWN) if self.unit.projected else ("h_t", RIGHT)
        out = self._box(name, float(self.unit.out or 0.0), _READ_X, _BOTTOM_Y, side=side)
        if self.unit.projected:
            out[-1].shift(_BESIDE_WIRE * RIGHT)
        copy = self.box.copy().set_z_index(3)
        return Succession(
            AnimationGroup(wire.grow(), self.read.open(), FadeIn(squash)),
            copy.animate(run_time=0.7).move_to([_READ_X, copy.get_y(), 0.0]),
            _becomes(copy, out, run_time=1.4),
        )

    def reset(self) -> Animation:
        """Show the gate on the way from the last state to the candidate."""
        y = _BOTTOM_Y
        start, end = self.inputs[0].get_right()[0] + 0.04, _WRITE_X - HALF_PIPE - 0.8
        path = np.array([[start, y, 0.0], [end, y, 0.0]])
        wire = FlowArrow(path, color=self.theme.color("hidden"))
        symbol = f'{{{{ r_t : gate }}}} = "{decimals(float(self.unit.reset or 0.0))}"'
        name = formula(symbol, color=self.theme.color("gate"), size=NAME)
        name.move_to([end - 0.1, y + 0.36, 0.0], aligned_edge=RIGHT)
        return AnimationGroup(wire.grow(run_time=0.8), FadeIn(name))

    def _ride_through(self, end: VGroup, share: float) -> Animation:
        """Move the value up to the first gate, and squeeze it by its share through the opening."""
        start, self.box = self.box, end
        before = _KEEP_X - _BOX[0] / 2 - LEAF
        there = start.animate(run_time=0.6).shift((before - start[0].get_x()) * RIGHT)
        inside = start.copy()
        frame, text, title = inside
        VGroup(frame, text).stretch(max(share, _THINNEST), 1).move_to([_KEEP_X, _Y, 0.0])
        title.set_x(_KEEP_X).set_opacity(0.0)
        return Succession(there, Transform(start, inside, run_time=0.5), _becomes(start, end))

    def shared(self) -> Sequence[VGroup]:
        """Return what the belt of another cell has as well."""
        return self.belt, self.keep.leaves, self.write.leaves, self.inputs

    def become(self, other: "Conveyor") -> Animation:
        """Let the belt, two valves and the inputs be those of another cell with fewer valves."""
        pairs = zip(self.belt, other.belt, strict=False)
        same = [ReplacementTransform(*each) for each in pairs]
        for ours, theirs in ((self.keep, other.keep), (self.write, other.write)):
            same.append(ReplacementTransform(ours.leaves, theirs.leaves))
        words = [(self.inputs[0], other.inputs[0])]
        for old, new in zip(_written(self.inputs), _written(other.inputs), strict=True):
            words += paired_glyphs(old, new)
        return AnimationGroup(
            FadeOut(*self.belt[len(other.belt) :]),
            *same,
            morph(self.inputs, other.inputs, words),
            run_time=1.0,
        )

    def bring_box(self) -> Animation:
        """Let the unit's value ride in."""
        return FadeIn(self.box, shift=1.2 * RIGHT)

    def _box(
        self, name: str, value: float, x: float, y: float = _Y - 0.2, *, side: np.ndarray = UP
    ) -> VGroup:
        fill = self.theme.shade("signed", value / self.limit)
        frame = RoundedRectangle(
            width=_BOX[0], height=_BOX[1], corner_radius=0.1, fill_color=fill, fill_opacity=1.0,
            stroke_width=2, stroke_color=self.theme.color("hidden"),
        ).move_to([x, y, 0.0])  # fmt: skip
        text = label(decimals(value), color=self.theme.on(fill), size=_NUMBER)
        text.move_to(frame).set_on(y - 0.12)
        title = formula(name, color=self.theme.color("text"), size=NAME)
        title.next_to(frame, side, buff=0.14)
        return VGroup(frame, text, title).set_z_index(2)

    def _inputs(self) -> VGroup:
        color = self.theme.color
        x = formula("x_t", color=color("input"), size=NAME)
        word = fitted_label(
            f"“{self.unit.word}”", color=color("input"), width=1.7, size=0.34, smallest=0.25
        )
        state = formula("h_(t-1)", color=color("hidden"), size=NAME)
        top = VGroup(x, word).arrange(RIGHT, buff=0.16)
        parts = VGroup(top, state).arrange(DOWN, buff=0.2, aligned_edge=LEFT)
        parts.move_to([_LEFT_END + 0.1, -1.2, 0.0], aligned_edge=LEFT)
        frame = RoundedRectangle(
            width=parts.width + 0.35, height=parts.height + 0.3, corner_radius=0.1,
            stroke_width=2, stroke_color=color("note"),
        ).move_to(parts)  # fmt: skip
        return VGroup(frame, parts)

    def _wire(self, end: list[float], aside: float = 0.0) -> FlowArrow:
        """Return a wire from the inputs along the bottom and up to its end, or up beside it."""
        frame = self.inputs[0]
        start = [frame.get_right()[0] - 0.25, frame.get_bottom()[1] - 0.02]
        corner = end[0] + aside
        path = [start, [start[0], _WIRES_Y], [corner, _WIRES_Y]]
        if aside:
            path.append([corner, end[1]])
        points = np.array([[*place, 0.0] for place in (*path, end)])
        return FlowArrow(points, color=self.theme.color("note"))


def _edges(pipes: Sequence[float], theme: Theme) -> VGroup:
    """Return the edges of a belt with pipes at some places, those at the first pipe first."""
    lines = [([_LEFT_END, HIGH], [_RIGHT_END, HIGH])]
    start = _LEFT_END
    for x, following in zip(pipes, [*pipes[1:], None], strict=True):
        left, right = x - HALF_PIPE, x + HALF_PIPE
        end = _RIGHT_END if following is None else following - HALF_PIPE
        if start == _LEFT_END:
            lines.append(([start, LOW], [left, LOW]))
        lines += [([side, LOW], [side, _PIPE_END]) for side in (left, right)]
        lines.append(([right, LOW], [end, LOW]))
        start = right
    return VGroup(
        *[
            Line([*begin, 0.0], [*end, 0.0], stroke_width=2.5, color=theme.color("note"))
            for begin, end in lines
        ]
    )


def _written(inputs: VGroup) -> Sequence[Ink]:
    """Return the symbols and the word in the box of what comes in."""
    (x, word), state = inputs[1]
    return x, word, state


def _becomes(start: VGroup, end: VGroup, run_time: float = 1.1) -> Animation:
    """Move a box to the place of another, with the digits and symbols that both have."""
    written = [pair for part in (1, 2) for pair in paired_glyphs(start[part], end[part])]
    return morph(start, end, [(start[0], end[0]), *written], run_time=run_time)

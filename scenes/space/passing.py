"""The computation of all steps, one after the other, in one shot."""

from typing import Final

import numpy as np
from manim import VGroup
from rnnviz.scenes.space.contributions import Contributions
from rnnviz.scenes.space.links import Link
from rnnviz.scenes.space.network_space import RESTING, WAITING, NetworkSpace

from rnnviz.mobjects.billboard import Billboard
from rnnviz.mobjects.numbers import number, percent
from rnnviz.mobjects.stage3d import Track, change, during
from rnnviz.mobjects.text import SMALL, fitted_label, formula
from rnnviz.trace import Trace

_IN, _ON, _GROWN, _OUT, _LIT = (0.0, 0.3), (0.15, 0.45), (0.4, 0.62), (0.6, 0.88), (0.78, 1.0)
"""When, within one step: U carries, W carries, the state grows, V carries, the output lights up."""
_BEHIND: Final = 0.25
"""The opacity of the strands of U and W while V carries."""
_ANSWER_WIDTH: Final = 2.1
_OVER: Final = 0.9
_BESIDE: Final = 0.55


class Passing:
    """The strongest products of U, W and V at every step, and what grows where they arrive.

    Of a cell that is not one sum, ``summed`` is False: there is a line from each sheet to the next
    instead, without names.
    """

    def __init__(self, space: NetworkSpace, *, summed: bool):
        self.space = space
        self.matrices = "UW" if space.output is None else "UWV"
        carrying = Contributions if summed else Link
        self.steps: list[dict[str, Contributions | Link]] = [
            {which: carrying(space, which, step) for which in self.matrices}
            for step in range(len(space.xs))
        ]
        self.strands = VGroup(*[each for step in self.steps for each in step.values()])
        self.marks = VGroup(*self._marks()) if summed else VGroup()
        self.answer = answer_of(space, space.trace)

    @property
    def signs(self) -> list[Billboard]:
        """All texts in space."""
        return [*self.marks, *([] if self.answer is None else [self.answer])]

    def run(self) -> list[Track]:
        """Return tracks for all steps, each in its share of the time."""
        count = len(self.steps)
        tracks: list[Track] = []
        for step in range(count):
            start, length = step / count, 1 / count
            tracks += [
                during(start + low * length, start + high * length, *moves)
                for (low, high), moves in self._moves(step)
            ]
        return tracks

    def _moves(self, step: int) -> list[tuple[tuple[float, float], list[Track]]]:
        space, strands = self.space, self.steps[step]
        column = (step + 1, np.s_[:])
        full = {"since": 0.0}
        moves = [
            (
                (0.0, 0.15),
                [
                    change(space.input.light, (step, np.s_[:]), 1.0, since=RESTING),
                    change(space.words[step].shown, ..., 1.0, since=WAITING),
                ],
            ),
            (_IN, [strands["U"].flow(0.0, 1.0)]),
            (_ON, [strands["W"].flow(0.0, 1.0)]),
            (
                _GROWN,
                [
                    change(space.hidden.there, column, 1.0, **full),
                    change(space.hidden.grown, column, 1.0, **full),
                    change(space.hidden.outline, step + 1, 0.0, since=1.0),
                ],
            ),
            ((0.5, 0.62), [strands[which].fade(0.0, 1.0, to=_BEHIND) for which in "UW"]),
        ]
        if space.output is not None:
            lit = [
                change(space.output.there, (step, np.s_[:]), 1.0, **full),
                change(space.output.grown, (step, np.s_[:]), 1.0, **full),
                change(space.output.outline, step, 0.0, since=1.0),
            ]
            moves += [(_OUT, [strands["V"].flow(0.0, 1.0)]), (_LIT, lit)]
        moves.append(((0.0, 0.35), self._follow(step)))
        if step + 1 == len(self.steps):
            # a long answer takes the place of the names
            gone = [change(mark.shown, ..., 0.0) for mark in self.marks]
            if self.answer is not None:
                moves.append(((0.8, 1.0), [change(self.answer.shown, ..., 1.0), *gone]))
            return moves
        rest = [strands[which].fade(0.0, 1.0, since=_BEHIND) for which in "UW"]
        rest += [
            change(space.input.light, (step, np.s_[:]), RESTING, since=1.0),
            change(space.hidden.light, column, RESTING, since=1.0),
        ]
        if space.output is not None:
            rest.append(strands["V"].fade(0.0, 1.0))
            rest.append(change(space.output.light, (step, np.s_[:]), RESTING, since=1.0))
        moves.append(((0.98, 1.3), rest))
        return moves

    def leave(self) -> list[Track]:
        """Return tracks in which the strands and their names go."""
        return [
            *[self.steps[-1][which].fade(0.0, 1.0, since=_BEHIND) for which in "UW"],
            *[self.steps[-1][which].fade(0.0, 1.0) for which in self.matrices[2:]],
            *[change(mark.shown, ..., 0.0) for mark in self.marks],
        ]

    def hide_answer(self) -> list[Track]:
        """Return tracks in which the name of the answer goes, if there is one."""
        if self.answer is None:
            return []
        return [during(0.0, 0.3, change(self.answer.shown, ..., 0.0))]

    def _marks(self) -> list[Billboard]:
        color = self.space.theme.color("weight")
        marks = []
        for which in self.matrices:
            offset = (0.0, 1.0) if which == "W" else (1.0, 0.0)
            ink = formula(which, color=color, size=0.5)
            marks.append(Billboard(ink, self._place(which, 0), offset, self.space.theme))
        return marks

    def _place(self, which: str, step: int) -> np.ndarray:
        """Return the world point (3,) over the middle of a matrix's strands at a step."""
        space, hidden = self.space, self.space.hidden
        here, before = hidden.xs[step + 1], hidden.xs[step]
        front, back = float(hidden.ys.min()), float(hidden.ys.max())
        high = hidden.z + hidden.height_of_limit
        if which == "U":
            return np.array([here + _BESIDE, front - 1.0, 0.45 * hidden.z])
        if which == "W":
            return np.array([before, (front + back) / 2, high + _OVER])
        over = space.sheets[-1]
        return np.array([here + 1.4 * _BESIDE, float(over.ys.min()), over.z + _OVER])

    def _follow(self, step: int) -> list[Track]:
        """Return tracks in which the names of the matrices go along to a step."""
        tracks = []
        for mark, which in zip(self.marks, self.matrices, strict=bool(self.marks)):
            if step == 0:
                tracks.append(change(mark.shown, ..., 1.0))
            else:
                here, there = self._place(which, step - 1), self._place(which, step)
                tracks.append(change(mark.world, np.s_[:], there, since=here))
        return tracks


def answer_of(space: NetworkSpace, trace: Trace) -> Billboard | None:
    """Return the name and the value of a trace's greatest output at the last step, if shown."""
    sheet = space.output
    if sheet is None:
        return None
    values = space.contents.values(trace)["output"][-1]
    best = int(values.argmax())
    value = float(values[best])
    names = trace.metadata.output_labels
    text = number(value) if trace.metadata.loss == "squared" else percent(value)
    if names:
        text = f"{names[space.contents.outputs[best]]} {text}"
    ink = fitted_label(text, color=space.theme.color("output"), width=_ANSWER_WIDTH, size=SMALL)
    high = np.array([0.0, 0.0, abs(value) / sheet.limit * sheet.height_of_limit])
    return Billboard(ink, sheet.foot(len(space.xs) - 1, best) + high, (0.0, 1.0), space.theme)

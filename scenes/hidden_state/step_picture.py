"""A whole step as one line of matrices and vectors."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from manim import (
    DOWN,
    LEFT,
    RIGHT,
    Animation,
    AnimationGroup,
    FadeIn,
    FadeOut,
    LaggedStart,
    ReplacementTransform,
    Succession,
    UpdateFromAlphaFunc,
    VGroup,
    Wait,
    rate_functions,
)
from rnnviz.scenes.hidden_state.step_numbers import StepNumbers

from rnnviz.mobjects import layout
from rnnviz.mobjects.arrows import along
from rnnviz.mobjects.matrix import Matrix
from rnnviz.mobjects.morph import morph, paired_glyphs
from rnnviz.mobjects.terms import Terms
from rnnviz.mobjects.text import Ink, fitted_label, formula
from rnnviz.mobjects.theme import Role, Theme

_CELL: Final = 0.3
_GAP: Final = 0.05
_TITLE: Final = 0.44
_TALLEST: Final = 3.0
_OVER_Y: Final = 2.45
_LEG: Final = 0.2
"""The share of its way in which a state lies down above the line, and stands up again."""


class StepPicture(VGroup):
    """h_t = tanh(U x_t + W h_{t−1} + b), or relu, with an array for every letter.

    From step to step, U, W and b stay; x and both states are replaced.
    """

    def __init__(
        self, numbers: StepNumbers, word: str, theme: Theme, *, limit: float, function: str
    ):
        self.theme, self.limit = theme, limit
        self.numbers = numbers
        self.U = self._grid(numbers.U, "U", "weight")
        self.W = self._grid(numbers.W, "W", "weight")
        self.b = self._grid(numbers.b, "b", "weight")
        self.x, self.before, self.state = self._vectors(numbers)
        parts = (
            self.state,
            f'= "{function}"',
            self._sign("("),
            self.U,
            self.x,
            "+",
            self.W,
            self.before,
            "+",
            self.b,
            self._sign(")"),
        )
        self.line = Terms(parts, theme, gap=0.22)
        if self.line.width > layout.SAFE_WIDTH:
            self.line = Terms(parts, theme, gap=0.18)
        self.line.shift([-self.line.get_x(), 0.0, 0.0])
        self.word = self._name(word)
        super().__init__(self.line, self.word)

    def appear_around(self, part: Matrix) -> Animation:
        """Show the line from left to right around a part that stands there already."""
        coming = [each for each in self.line.parts if each is not part]
        return AnimationGroup(
            LaggedStart(*[FadeIn(each, shift=0.15 * RIGHT) for each in coming], lag_ratio=0.3),
            FadeIn(self.word),
            run_time=2.2,
        )

    def go_on(self, numbers: StepNumbers, word: str, run_time: float = 3.0) -> Iterator[Animation]:
        """Show the next step: a new input, the state as the one before, and a new state.

        The first animation changes all names, so that the line is never half of one step.
        """
        x, before, state = self._vectors(numbers)
        name = self._name(word)
        old = (self.x, self.before, self.state)
        for one, new in zip(old, (x, before, state), strict=True):
            new.stand(one.frame.get_x(), one.frame.get_y())
        frames = [
            ReplacementTransform(one.frame, new.frame)
            for one, new in zip(old, (x, before, state), strict=True)
        ]
        fed = AnimationGroup(
            ReplacementTransform(self.x.cells, x.cells),
            morph(self.x.title, x.title, paired_glyphs(self.x.title, x.title)),
            Succession(FadeOut(self.word, run_time=0.3), FadeIn(name, run_time=0.5)),
        )
        yield AnimationGroup(
            *frames,
            FadeOut(self.before.cells, self.before.title, run_time=0.3),
            FadeOut(self.state.cells, self.state.title, run_time=0.02),
            _carried(before, self.state),
            fed,
            Succession(Wait(0.3), FadeIn(state.title, run_time=0.5)),
            run_time=0.55 * run_time,
        )
        cells = [FadeIn(cell, shift=0.15 * LEFT) for cell in state.cells]
        yield LaggedStart(*cells, lag_ratio=0.2, run_time=0.45 * run_time)
        self.x, self.before, self.state, self.word = x, before, state, name
        self.numbers = numbers

    def weights(self) -> tuple[Matrix, Matrix, Matrix]:
        """Return U, W and b."""
        return self.U, self.W, self.b

    def _vectors(self, numbers: StepNumbers) -> tuple[Matrix, Matrix, Matrix]:
        step = numbers.step + 1
        return (
            self._grid(numbers.x, f"x_({step})", "input", _TALLEST / len(numbers.x)),
            self._grid(numbers.before, f"h_({step - 1})", "hidden"),
            self._grid(numbers.state, f"h_({step})", "hidden"),
        )

    def _sign(self, bracket: str) -> Ink:
        ink = formula(f'"{bracket}"', color=self.theme.color("note"), size=0.5)
        return ink.stretch_to_fit_height(self.U.frame.height).stretch_to_fit_width(0.22)

    def _name(self, word: str) -> Ink:
        name = fitted_label(word, color=self.theme.color("input"), width=1.4, size=0.33)
        name.next_to(self.x.frame, DOWN)
        return name.set_on(self.x.frame.get_bottom()[1] - 0.36)

    def _grid(self, values: np.ndarray, title: str, role: Role, height: float = _CELL) -> Matrix:
        return Matrix(
            values,
            self.theme,
            cell=(_CELL, min(_CELL, height)),
            gap=_GAP,
            limit=self.limit,
            title=title,
            role=role,
            title_size=_TITLE,
        )


def _carried(target: Matrix, source: Matrix) -> Animation:
    """Move a state over the line, lying as a row, to where it is the state before."""
    value = VGroup(target.cells, target.title)
    whole = value.copy()
    above = target.title.get_center() - target.cells.get_center()
    start, end = source.cells.get_center(), target.cells.get_center()
    half = source.cells.height / 2  # so that it stays in the frame where it lies down
    track = np.array([start, [start[0] + half, _OVER_Y, 0.0], [end[0], _OVER_Y, 0.0], end])

    def move(part: VGroup, share: float) -> None:
        standing = max(0.0, 1.0 - min(share, 1.0 - share) / _LEG)
        cells, title = part.become(whole)
        cells.rotate((1.0 - standing) * np.pi / 2).move_to(along(track, share))
        title.move_to(cells.get_center() + above).set_opacity(standing)

    return UpdateFromAlphaFunc(
        value, move, introducer=True, rate_func=rate_functions.ease_in_out_sine
    )

"""A whole step as one line of matrices and vectors."""

from typing import Final

import numpy as np
from manim import (
    DOWN,
    Animation,
    AnimationGroup,
    FadeIn,
    FadeOut,
    LaggedStart,
    Succession,
    TransformFromCopy,
    VGroup,
)
from rnnviz.scenes.hidden_state.step_numbers import StepNumbers

from rnnviz.mobjects.matrix import Matrix
from rnnviz.mobjects.terms import Terms
from rnnviz.mobjects.text import NOTE, Ink, fitted_label, formula
from rnnviz.mobjects.theme import Role, Theme

_CELL: Final = 0.3
_GAP: Final = 0.05
_TITLE: Final = 0.44


class StepPicture(VGroup):
    """h_t = tanh(U x_t + W h_{t−1} + b) with an array for every letter.

    From step to step, U, W and b stay; x and both states are replaced.
    """

    def __init__(self, numbers: StepNumbers, word: str, theme: Theme, *, limit: float):
        self.theme, self.limit = theme, limit
        self.numbers = numbers
        self.U = self._grid(numbers.U, "U", "weight")
        self.W = self._grid(numbers.W, "W", "weight")
        self.b = self._grid(numbers.b, "b", "weight")
        self.x, self.before, self.state = self._vectors(numbers)
        parts = (
            self.state,
            "= tanh",
            self._sign("("),
            self.U,
            self.x,
            "+",
            self.W,
            self.before,
            "+",
        )
        self.line = Terms((*parts, self.b, self._sign(")")), theme, gap=0.22)
        self.line.shift([-self.line.get_x(), 0.0, 0.0])
        self.word = self._name(word)
        super().__init__(self.line, self.word)

    def appear(self) -> Animation:
        """Show the line, from left to right."""
        return AnimationGroup(self.line.appear(2.5), FadeIn(self.word, run_time=2.5))

    def go_on(self, numbers: StepNumbers, word: str, run_time: float = 3.0) -> Animation:
        """Show the next step: a new input, the state as the one before, and a new state."""
        old = (self.x, self.before, self.state)
        x, before, state = self._vectors(numbers)
        name = self._name(word)
        for new, one in zip((x, before, state), old, strict=True):
            new.stand(one.frame.get_x(), one.frame.get_y())
        cells = zip(self.state.cells, before.cells, strict=True)
        passed = AnimationGroup(
            FadeOut(self.before),
            FadeOut(self.x, self.word),
            LaggedStart(*[TransformFromCopy(a, b) for a, b in cells], lag_ratio=0.03),
        )
        titled = FadeIn(before.frame, before.title, x, name)
        result = AnimationGroup(FadeOut(self.state), FadeIn(state))
        self.x, self.before, self.state, self.word = x, before, state, name
        self.numbers = numbers
        return Succession(passed, titled, result, run_time=run_time)

    def weights(self) -> tuple[Matrix, Matrix, Matrix]:
        """Return U, W and b."""
        return self.U, self.W, self.b

    def _vectors(self, numbers: StepNumbers) -> tuple[Matrix, Matrix, Matrix]:
        step = numbers.step + 1
        return (
            self._grid(numbers.x, f"x_({step})", "input"),
            self._grid(numbers.before, f"h_({step - 1})", "hidden"),
            self._grid(numbers.state, f"h_({step})", "hidden"),
        )

    def _sign(self, bracket: str) -> Ink:
        ink = formula(f'"{bracket}"', color=self.theme.color("note"), size=0.5)
        return ink.stretch_to_fit_height(self.U.frame.height).stretch_to_fit_width(0.22)

    def _name(self, word: str) -> Ink:
        name = fitted_label(word, color=self.theme.color("input"), width=1.4, size=NOTE)
        name.next_to(self.x.frame, DOWN)
        return name.set_on(self.x.frame.get_bottom()[1] - 0.32)

    def _grid(self, values: np.ndarray, title: str, role: Role) -> Matrix:
        return Matrix(
            values,
            self.theme,
            cell=_CELL,
            gap=_GAP,
            limit=self.limit,
            title=title,
            role=role,
            title_size=_TITLE,
        )

"""W, the step against its gradient, and its change in training."""

from typing import Final, Self

import numpy as np
from manim import (
    DOWN,
    RIGHT,
    UP,
    Animation,
    AnimationGroup,
    FadeIn,
    FadeOut,
    Indicate,
    Succession,
    VGroup,
    Wait,
)
from rnnviz.scenes.training.places import ABOVE_Y, CLEARED, W_X
from rnnviz.scenes.training.playback import Records
from rnnviz.scenes.training.prediction_bars import target_outputs

from rnnviz.experiments.retraining import Retraining
from rnnviz.mobjects import layout
from rnnviz.mobjects.color_scale import ColorScale
from rnnviz.mobjects.equation import Equation
from rnnviz.mobjects.matrix import MOST_ROWS, Matrix
from rnnviz.mobjects.numbers import MINUS, in_formula, number
from rnnviz.mobjects.terms import Terms
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.mobjects.wording import Say
from rnnviz.trace import Trace

_MATRIX: Final = 2.9
_SMALL: Final = 0.6
_TOP: Final = 2.45
"""Below the formula of an update."""


class ChangingMatrix(VGroup):
    """A matrix at any position among the records, with its colour scale below.

    Shapes: values (record, rows, columns), of which the first ``MOST_ROWS`` are shown
    """

    def __init__(
        self,
        values: np.ndarray,
        theme: Theme,
        *,
        title: str,
        role: Role = "weight",
        size: float = _MATRIX,
    ):
        self.record = Records(np.asarray(values)[:, :MOST_ROWS, :MOST_ROWS])
        self.limit = float(np.abs(self.record.values).max())
        first = self.record.values[0]
        self.matrix = Matrix(
            first,
            theme,
            cell=size / max(first.shape),
            limit=self.limit,
            title=title,
            role=role,
        )
        self.frame = self.matrix.frame
        end = number(self.limit)
        self.scale_bar = ColorScale(
            (f"{MINUS}{end}", f"+{end}"), theme, limit=self.limit, width=1.4
        )
        self.scale_bar.next_to(self.frame, DOWN, buff=0.25)
        super().__init__(self.matrix, self.scale_bar)

    def show(self, position: float) -> Self:
        """Show the values at a position among the records."""
        self.matrix.cells.set_values(self.record.at(position))
        return self


class Descent(VGroup):
    """W, minus its gradient times the step size.

    Shapes: W (record, rows, columns); gradient (rows, columns)
    """

    def __init__(self, w: np.ndarray, gradient: np.ndarray, theme: Theme):
        self.w = ChangingMatrix(w, theme, title="W")
        self.gradient = ChangingMatrix(
            gradient[None], theme, title="partial L \\/ partial W", role="gradient"
        )
        row = Terms([self.w, "- alpha", self.gradient], theme, gap=0.6, size=0.6)
        row.shift(min(0.05, _TOP - row.get_top()[1]) * UP)
        _, self.minus, _ = row.parts
        super().__init__(*row.parts)

    def appear(self) -> Animation:
        """Show W."""
        return Succession(Wait(CLEARED), FadeIn(self.w, shift=0.15 * RIGHT, run_time=0.5))

    def step(self) -> Animation:
        """Show the gradient with its sign."""
        return AnimationGroup(
            FadeIn(self.minus), FadeIn(self.gradient, shift=0.2 * DOWN), run_time=1.5
        )

    def land(self) -> Animation:
        """Let the step, which is too small to be drawn, land on W."""
        step, w = self.gradient.matrix.cells.copy().set_z_index(1), self.w.matrix
        return Succession(
            FadeOut(step, target_position=w, scale=0.6, introducer=True, run_time=1.2),
            Indicate(w, scale_factor=1.04, color=None, run_time=0.8),
        )

    def go_aside(self) -> Animation:
        """Move W, smaller, to its place beside the curve, with its colours' legend."""
        w = self.w
        goal = np.array([W_X, ABOVE_Y, 0.0])
        frame, cells = w.frame.copy(), w.matrix.cells
        frame.scale(_SMALL).move_to(goal)
        return AnimationGroup(
            *[part.animate.scale(_SMALL).move_to(goal) for part in (w.frame, cells)],
            w.matrix.title.animate.next_to(frame, UP, buff=0.12),
            w.scale_bar.animate.next_to(frame, DOWN, buff=0.16),
        )


def loss_equation(trace: Trace, retraining: Retraining, step: int, theme: Theme) -> Equation:
    """Return the loss before training: −ln of the target's y, or half a squared distance."""
    value = float(target_outputs(trace, retraining.y, step)[0])
    loss = float(retraining.example_loss[0, step - 1])
    name = f"{{{{ L_({step}) : loss }}}}"
    if trace.metadata.loss == "cross-entropy":
        right = f"- ln {{{{ {in_formula(value)} : value }}}}"
    else:
        target = float(trace.targets[step - 1, 0, 0])
        true = f"({in_formula(target)})" if target < 0 else in_formula(target)
        right = f"1/2 ({{{{ {in_formula(value)} : value }}}} - {true})^2"
    source = f"{name} = {right} = {{{{ {in_formula(loss)} : result }}}}"
    return Equation(source, theme).shift(layout.FORMULA_Y * UP)


def rows_note(w: np.ndarray, say: Say) -> tuple[str, ...]:
    """Return the note for the source line if W has more rows than are drawn."""
    if len(w) <= MOST_ROWS:
        return ()
    return (say("rows 1–{most} of {count} of the weights").format(most=MOST_ROWS, count=len(w)),)

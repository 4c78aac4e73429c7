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
    Succession,
    UpdateFromAlphaFunc,
    VGroup,
)
from rnnviz.scenes.training.playback import Records
from rnnviz.scenes.training.prediction_bars import target_outputs

from rnnviz.experiments.retraining import Retraining
from rnnviz.mobjects.color_scale import ColorScale
from rnnviz.mobjects.equation import Equation
from rnnviz.mobjects.matrix import MOST_ROWS, Matrix
from rnnviz.mobjects.numbers import MINUS, number
from rnnviz.mobjects.terms import Terms
from rnnviz.mobjects.text import formula
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.mobjects.wording import Say
from rnnviz.trace import Trace

_BESIDE_CLASSES: Final = (-3.4, 2.4, 0.0)
_BELOW_VALUES: Final = (-2.2, 1.7, 0.0)
_MATRIX: Final = 2.9
W_BESIDE: Final = (2.7, 0.35, 0.0)


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
            title_size=0.38 if "/" in title else 0.42,
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
    """W, minus its gradient times the step size, then W and its change.

    Shapes: W (record, rows, columns); gradient (rows, columns)
    """

    def __init__(self, w: np.ndarray, gradient: np.ndarray, theme: Theme):
        self.w = ChangingMatrix(w, theme, title="W")
        self.gradient = ChangingMatrix(
            gradient[None], theme, title="(partial L)/(partial W)", role="gradient"
        )
        self.moved = ChangingMatrix((w[1] - w[0])[None], theme, title="Delta W")
        row = Terms([self.w, "- alpha", self.gradient], theme, gap=0.6, size=0.6)
        row.shift(0.05 * UP)
        _, self.minus, _ = row.parts
        self.plus = formula("+", color=theme.color("note"), size=0.6).move_to(self.minus)
        self.moved.shift(self.gradient.frame.get_center() - self.moved.frame.get_center())
        super().__init__(*row.parts)

    def appear(self) -> Animation:
        """Show W."""
        return FadeIn(self.w, shift=0.15 * RIGHT)

    def step(self) -> Animation:
        """Show the gradient with its sign."""
        return AnimationGroup(
            FadeIn(self.minus), FadeIn(self.gradient, shift=0.2 * DOWN), run_time=1.5
        )

    def become_moved(self) -> Animation:
        """Replace the gradient by the change of W."""
        return AnimationGroup(
            FadeOut(self.gradient, self.minus), FadeIn(self.plus, self.moved), run_time=1.5
        )

    def add_up(self) -> Animation:
        """Add the change to W, and move W aside."""
        w, moved = self.w, self.moved
        going = moved.matrix.cells
        return Succession(
            AnimationGroup(FadeOut(moved.scale_bar, moved.matrix.title, moved.frame, self.plus)),
            AnimationGroup(
                going.animate(run_time=1.2).move_to(w.matrix.cells).set_opacity(0.0),
                UpdateFromAlphaFunc(w, lambda matrix, share: matrix.show(share), run_time=1.2),
            ),
            FadeOut(going, run_time=0.01),
            w.animate(run_time=1.0).shift(np.array(W_BESIDE) - w.frame.get_center()),
        )


def loss_equation(trace: Trace, retraining: Retraining, step: int, theme: Theme) -> Equation:
    """Return the loss before training: −ln of the target's y, or half a squared distance."""
    value = float(target_outputs(trace, retraining.y, step)[0])
    loss = float(retraining.example_loss[0, step - 1])
    name = f"{{{{ L_({step}) : loss }}}}"
    if trace.metadata.loss == "cross-entropy":
        right, place = f"- ln {{{{ {_typed(value)} : value }}}}", _BESIDE_CLASSES
    else:
        place = _BELOW_VALUES
        target = float(trace.targets[step - 1, 0, 0])
        true = f"({_typed(target)})" if target < 0 else _typed(target)
        right = f"1/2 ({{{{ {_typed(value)} : value }}}} - {true})^2"
    return Equation(
        f"{name} = {right} = {{{{ {_typed(loss)} : result }}}}", theme, size=0.48
    ).move_to(place)


def adam_equation(theme: Theme) -> Equation:
    """Return one step of Adam on W: the gradient's running mean over its running size."""
    return Equation(
        "{{ W : W }} arrow.l {{ W : old }} - alpha "
        "{{ hat(m) / (sqrt(hat(v)) + epsilon) : gradient }}",
        theme,
        size=0.5,
    )


def rows_note(w: np.ndarray, say: Say) -> tuple[str, ...]:
    """Return the note for the source line if W has more rows than are drawn."""
    if len(w) <= MOST_ROWS:
        return ()
    return (say("rows 1–{most} of {count} of W").format(most=MOST_ROWS, count=len(w)),)


def _typed(value: float) -> str:
    """Return a number in Typst's notation."""
    text = number(value, 3)
    return f'"{text}"' if "·" in text else text.replace(MINUS, "-")

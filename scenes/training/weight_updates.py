"""W, the step against its gradient, and the changes that training brings to it."""

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
from rnnviz.scenes.training.state_strips import right_answers

from rnnviz.experiments.retraining import Course
from rnnviz.mobjects.color_scale import ColorScale
from rnnviz.mobjects.equation import Equation
from rnnviz.mobjects.matrix import MOST_ROWS, Matrix
from rnnviz.mobjects.numbers import MINUS, number
from rnnviz.mobjects.terms import Terms
from rnnviz.mobjects.text import NOTE, formula, label
from rnnviz.mobjects.theme import Role, Theme
from rnnviz.mobjects.wording import Say
from rnnviz.trace import Trace

_BESIDE_CLASSES: Final = (-3.4, 2.4, 0.0)
_BELOW_VALUES: Final = (-2.2, 1.7, 0.0)
_MATRIX: Final = 2.9
W_BESIDE: Final = (2.7, 0.35, 0.0)


class ChangingMatrix(VGroup):
    """A matrix over the records, with the scale of its colours below.

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
        self.theme = theme
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
        note = theme.color("note")
        ends = (
            label(f"{MINUS}{number(self.limit)}", color=note, size=NOTE),
            label(f"+{number(self.limit)}", color=note, size=NOTE),
        )
        self.scale_bar = ColorScale(theme, limit=self.limit, ends=ends, width=1.4)
        self.scale_bar.next_to(self.frame, DOWN, buff=0.25)
        super().__init__(self.matrix, self.scale_bar)

    def show(self, position: float) -> Self:
        """Take the colours that belong to a position among the records."""
        values = self.record.at(position)
        self.matrix.values = values
        limit = self.limit or 1.0
        for cell, value in zip(self.matrix.cells, values.flat, strict=True):
            cell.set_fill(self.theme.signed(float(value) / limit))
        return self


class Descent(VGroup):
    """W and its gradient with the sign of a step against it, then W and how far it moved.

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
        """W first."""
        return FadeIn(self.w, shift=0.15 * RIGHT)

    def step(self) -> Animation:
        """The gradient comes, with its sign."""
        return AnimationGroup(
            FadeIn(self.minus), FadeIn(self.gradient, shift=0.2 * DOWN), run_time=1.5
        )

    def become_moved(self) -> Animation:
        """The gradient gives way to what updates have changed."""
        return AnimationGroup(
            FadeOut(self.gradient, self.minus), FadeIn(self.plus, self.moved), run_time=1.5
        )

    def add_up(self) -> Animation:
        """W takes the change in, and goes to the side."""
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


def loss_equation(trace: Trace, course: Course, step: int, theme: Theme) -> Equation:
    """An untrained answer's loss: −ln of the right class's y, or half a squared distance."""
    value = float(right_answers(trace, course.y, step)[0])
    loss = float(course.example_loss[0, step - 1])
    name = f"{{{{ L_({step}) : loss }}}}"
    if trace.metadata.loss == "cross-entropy":
        right, place = f"- ln {{{{ {_typed(value)} : value }}}}", _BESIDE_CLASSES
    else:
        place = _BELOW_VALUES
        wanted = float(trace.targets[step - 1, 0, 0])
        told = f"({_typed(wanted)})" if wanted < 0 else _typed(wanted)
        right = f"1/2 ({{{{ {_typed(value)} : value }}}} - {told})^2"
    return Equation(
        f"{name} = {right} = {{{{ {_typed(loss)} : result }}}}",
        theme,
        roles={"loss": "gradient", "value": "output", "result": "text"},
        size=0.48,
    ).move_to(place)


def adam_equation(theme: Theme) -> Equation:
    """One step of Adam on the one W: the gradient's running mean over its running size."""
    return Equation(
        "{{ W : W }} arrow.l {{ W : old }} - alpha "
        "{{ hat(m) / (sqrt(hat(v)) + epsilon) : gradient }}",
        theme,
        roles={"W": "weight", "old": "weight", "gradient": "gradient"},
        size=0.5,
    )


def rows_note(w: np.ndarray, say: Say) -> tuple[str, ...]:
    """What the source line says when W has more rows than are drawn."""
    if len(w) <= MOST_ROWS:
        return ()
    return (say("rows 1–{most} of {count} of W").format(most=MOST_ROWS, count=len(w)),)


def _typed(value: float) -> str:
    """A number as a formula has it."""
    text = number(value, 3)
    return f'"{text}"' if "·" in text else text.replace(MINUS, "-")

"""How much a recurrent weight matrix stretches: σ₁ of several, and what follows."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from manim import DOWN, RIGHT, Animation, FadeIn, LaggedStart, Line, VGroup

from rnnviz import measure
from rnnviz.mobjects import layout
from rnnviz.mobjects.matrix import Matrix
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.text import fitted_label, formula, label
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.wording import Say
from rnnviz.trace import Trace

_SIDE: Final = 1.5
_PITCH: Final = 3.25
_ROOM: Final = 3.0
_Y: Final = 0.98
_RULES_Y: Final = -1.75
_ROUNDING: Final = 9
_STEPS: Final = 16
"""The last steps of which the Jacobians are compared."""


def compared(trace: Trace, say: Say) -> Mapping[str, np.ndarray]:
    """Return what is compared with other W: a trace's own, or of other cells a step's Jacobian.

    That is ∂h_k/∂h_{k−1} at the one of the last steps at which it stretches most; of an LSTM
    c_{k−1} is held fixed. It is empty where a custom cell's recording has no Jacobians.

    Shapes: → name → (unit, unit)
    """
    text = say("another network: {name}")
    if not trace.is_custom and not trace.cell.gated:
        return {text.format(name=trace.metadata.nonlinearity): trace.W}
    if trace.is_custom and trace.step_jacobian is None:
        return {}
    first = max(0, trace.steps - _STEPS)
    jacobians = trace.jacobian[0, 0, first:, 0]
    step = int(np.linalg.norm(jacobians, ord=2, axis=(-2, -1)).argmax())
    return {say("{cell}, Jacobian").format(cell=say(trace.cell.title)): jacobians[step]}


class SizesOfW(VGroup):
    """Recurrent weights with their σ₁ below; each matrix has its own colour scale.

    Shapes: weights name → (unit, unit)
    """

    def __init__(self, weights: Mapping[str, np.ndarray], say: Say, theme: Theme):
        self.values = {name: measure.spectral_norm(each) for name, each in weights.items()}
        self.greatest = {
            name: float(each.flat[np.abs(each).argmax()]) for name, each in weights.items()
        }
        color = theme.color("weight")
        self.columns = VGroup()
        for place, (name, each) in enumerate(weights.items()):
            x = (place - (len(weights) - 1) / 2) * _PITCH
            cell = _SIDE / min(16, max(each.shape))
            matrix = Matrix(each, theme, cell=cell, limit=abs(self.greatest[name]) or 1.0)
            matrix.stand(x, _Y)
            title = fitted_label(name, color=theme.color("text"), width=_ROOM, size=0.31)
            title.set_x(x).set_on(matrix.frame.get_top()[1] + 0.25)
            largest = say("largest element: {value}").format(value=number(self.greatest[name]))
            size = f"σ₁ = {number(round(self.values[name], _ROUNDING))}"
            rows = VGroup(
                fitted_label(largest, color=theme.color("note"), width=_ROOM, size=0.33),
                label(size, color=color, size=0.42),
            )
            for row, below in zip(rows, (0.4, 0.95), strict=True):
                row.set_x(x).set_on(matrix.frame.get_bottom()[1] - below)
            self.columns.add(VGroup(title, matrix, rows))
        super().__init__(self.columns)

    def appear(self) -> Animation:
        """Show one matrix after the other, then its sizes."""
        return LaggedStart(
            *[
                LaggedStart(FadeIn(title, matrix), FadeIn(rows, shift=0.15 * DOWN), lag_ratio=0.5)
                for title, matrix, rows in self.columns
            ],
            lag_ratio=0.5,
            run_time=2.8,
        )


class Rules(VGroup):
    """What follows from σ₁ and the greatest slope γ for the gradient."""

    def __init__(self, say: Say, theme: Theme):
        rows = [
            ("sigma_1 gamma < 1", say("it must vanish")),
            ("sigma_1 gamma = 1", say("it cannot explode")),
            ("sigma_1 gamma > 1", say("it can explode")),
        ]
        self.rows = VGroup()
        for source, text in rows:
            condition = formula(source, color=theme.color("weight"), size=0.42)
            meaning = fitted_label(text, color=theme.color("gradient"), width=_ROOM, size=0.34)
            row = VGroup(condition, meaning.next_to(condition, RIGHT, buff=0.2))
            meaning.set_on(float(condition.get_y()) - 0.1)
            self.rows.add(row)
        self.rows.arrange(RIGHT, buff=0.7)
        if self.rows.width > layout.SAFE_WIDTH:
            self.rows.arrange(RIGHT, buff=0.35).scale_to_fit_width(layout.SAFE_WIDTH)
        self.rows.move_to([0.0, _RULES_Y, 0.0])
        ends = (layout.LEFT_EDGE, _RULES_Y + 0.5, 0.0), (layout.RIGHT_EDGE, _RULES_Y + 0.5, 0.0)
        super().__init__(Line(*ends, stroke_width=1.5, color=theme.dimmed("note")), self.rows)

    def appear(self) -> Animation:
        """Show one rule after the other."""
        line, rows = self
        shown = [FadeIn(row, shift=0.2 * RIGHT) for row in rows]
        return LaggedStart(FadeIn(line), *shown, lag_ratio=0.8, run_time=2.6)

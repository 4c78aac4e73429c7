"""The gradient of each use of W, their sum, and the update by it."""

from collections.abc import Iterator
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
    Transform,
    VGroup,
)
from rnnviz.scenes.weight_sharing.shared_weights import LEFT_X
from rnnviz.scenes.weight_sharing.weight_part import WeightPart, total_gradient

from rnnviz import measure
from rnnviz.mobjects import layout
from rnnviz.mobjects.chain import StateChain
from rnnviz.mobjects.color_scale import ColorScale
from rnnviz.mobjects.equation import Equation
from rnnviz.mobjects.flow import GradientFlow
from rnnviz.mobjects.labels import inside
from rnnviz.mobjects.matrix import Matrix
from rnnviz.mobjects.numbers import MINUS, number
from rnnviz.mobjects.text import NOTE, fitted_label, scaled
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.window import Window
from rnnviz.mobjects.wording import Say
from rnnviz.trace import Trace

_ROW_Y: Final = 2.2
_BELOW: Final = 0.3
"""How far below the arrows between states the gradient flows back."""
_LEGEND_Y: Final = 3.45
_UNDER_LEGEND: Final = 0.16
_NOTE: Final = 2.5
_WIDTH_NOTE: Final = 3.2
_SIDE: Final = 0.95
_TITLE: Final = 0.36
_SIZE: Final = 0.3
_FORMULA: Final = 0.46


class StepGradients(VGroup):
    """The terms of ∂L/∂W by step above their states, and the matrix in which they add up.

    Shapes: ``terms`` (steps, rows, columns) are Σ_t ∂L_t/∂W_s at the steps shown, ``others``
            (rows, columns) is the sum over the steps before; ``total`` is autograd's ∂L/∂W
    """

    def __init__(
        self,
        trace: Trace,
        part: WeightPart,
        chain: StateChain,
        window: Window,
        theme: Theme,
        say: Say,
    ):
        assert trace.grad_h is not None
        self.theme, self.chain = theme, chain
        terms = part.of_w(measure.weight_gradients(trace))
        self.terms = terms[window.indices]
        self.others = terms[: window.steps[0] - 1].sum(axis=0)
        self.total = part.of_w(total_gradient(trace))
        self.limit = float(max(np.abs(self.terms).max(), np.abs(self.total).max())) or 1.0
        rows = max(self.total.shape)
        side = min(0.76 * chain.pitch, _SIDE / scaled(1.0))
        self.matrices = VGroup(
            *[
                self._matrix(term, f"(partial L)/(partial W_({step}))", side / rows).move_to(
                    [cell.box.get_x(), 0.0, 0.0]
                )
                for term, step, cell in zip(self.terms, chain.steps, chain.cells, strict=True)
            ]
        )
        for matrix in self.matrices:
            matrix.stand(matrix.frame.get_x(), _ROW_Y)
        self.matrices.shift(min(0.0, layout.TOP_EDGE - self.matrices.get_top()[1]) * UP)
        self.sum = self._matrix(self.others, "partial L \\/ partial W", side / scaled(rows))
        self.sum.stand(LEFT_X, float(self.matrices[0].frame.get_y()) - _UNDER_LEGEND)
        self.legend = self._legend(say)
        note = fitted_label(
            say("width: size of the gradient"),
            color=theme.color("gradient"),
            width=_WIDTH_NOTE,
            size=NOTE,
        )
        self.width_note = inside(note.next_to(self.legend, DOWN, buff=0.16, aligned_edge=LEFT))
        passes = [wire.path[::-1] + _BELOW * DOWN for wire in chain.passes]
        norms = np.linalg.norm(trace.grad_h[0, 0, window.indices, 0], axis=-1)
        self.flow = GradientFlow(passes, norms[:-1], theme)
        super().__init__(self.matrices, self.flow)

    def appear(self) -> Iterator[Animation]:
        """Show the gradient of each use, from the last step back to the first."""
        legends = FadeIn(self.legend, self.width_note)
        yield AnimationGroup(self._arrive(len(self.matrices) - 1), legends)
        for index in reversed(range(len(self.flow.wires))):
            yield AnimationGroup(
                self.flow.flow_along(index, run_time=0.5), self._arrive(index), lag_ratio=0.5
            )

    def clear_titles(self) -> Animation:
        """Let the flow and the names of the terms go."""
        titles = [matrix.title for matrix in self.matrices]
        return FadeOut(self.flow, self.width_note, *titles, run_time=0.4)

    def begin_sum(self) -> Animation:
        """Show the matrix in which the terms are to be added."""
        return FadeIn(self.sum, shift=0.2 * RIGHT)

    def add_up(self) -> Iterator[Animation]:
        """Move the terms one by one along their row into the sum, which changes as each lands."""
        sums = self.others + np.cumsum(self.terms, axis=0)
        sums[-1] = self.total
        for matrix, partial in zip(self.matrices, sums, strict=True):
            landing = matrix.cells.copy().move_to(self.sum.cells)
            yield AnimationGroup(
                Transform(matrix.cells, landing),
                FadeOut(matrix.frame),
                run_time=0.55,
            )
            self.sum.cells.set_z_index(1)
            yield AnimationGroup(
                self.sum.cells.recolor(partial), FadeOut(matrix.cells), run_time=0.3
            )

    def _arrive(self, index: int) -> Animation:
        return FadeIn(self.matrices[index], shift=0.4 * UP, run_time=0.7)

    def _matrix(self, values: np.ndarray, title: str, cell: float) -> Matrix:
        return Matrix(
            values,
            self.theme,
            cell=cell,
            limit=self.limit,
            title=title,
            role="gradient",
            title_size=_TITLE,
        )

    def _legend(self, say: Say) -> VGroup:
        end = number(self.limit)
        scale = ColorScale((f"{MINUS}{end}", f"+{end}"), self.theme, limit=self.limit, width=0.9)
        color = self.theme.color("gradient")
        note = fitted_label(say("gradient"), color=color, width=_NOTE, size=_SIZE)
        legend = VGroup(scale, note).arrange(DOWN, buff=0.1, aligned_edge=LEFT)
        return inside(legend.move_to([layout.LEFT_EDGE, _LEGEND_Y, 0.0], aligned_edge=LEFT))


def step_sum_equation(trace: Trace, theme: Theme) -> Equation:
    """Return the gradient of W as the sum of its terms by step."""
    return Equation(
        "{{ partial L \\/ partial W : left }} = {{ partial L \\/ partial W_1 : term }} + dots.c + "
        f"{{{{ partial L \\/ partial W_({trace.steps}) : direct }}}}",
        theme,
        size=_FORMULA,
    )

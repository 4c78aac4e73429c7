"""The shared weights: all of them, one entry changed, and their gradient by step."""

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
    Indicate,
    LaggedStart,
    Square,
    Succession,
    TransformFromCopy,
    VGroup,
)

from rnnviz import measure
from rnnviz.mobjects import layout
from rnnviz.mobjects.chain import StateChain
from rnnviz.mobjects.equation import Equation
from rnnviz.mobjects.matrix import MOST_ROWS, Matrix
from rnnviz.mobjects.numbers import number
from rnnviz.mobjects.text import BODY, SMALL, formula, label
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.window import Window
from rnnviz.trace import Trace

_LARGE_CELL: Final = 0.3
_TOP_HEIGHT: Final = 1.8
_TITLE_SIZE: Final = 0.78


class WeightSet(VGroup):
    """U, W, b, V and c of a trace as matrices with one colour scale, with their sizes."""

    def __init__(self, trace: Trace, theme: Theme):
        arrays = _arrays(trace)
        self.limit = float(max(np.abs(array).max() for array in arrays.values()))
        shown = [min(array.shape[1], MOST_ROWS) for array in arrays.values()]
        rows = max(min(array.shape[0], MOST_ROWS) for array in arrays.values())
        cell = min(_LARGE_CELL, 9.6 / sum(shown), 3.2 / rows)
        self.matrices = {
            name: Matrix(
                array, theme, cell=cell, limit=self.limit, title=name, title_size=_TITLE_SIZE
            )
            for name, array in arrays.items()
        }
        row = VGroup(*self.matrices.values()).arrange(RIGHT, buff=0.55)
        bottom = row.get_bottom()[1]
        self.sizes = VGroup(
            *[
                label(f"{array.shape[0]} × {array.shape[1]}", color=theme.color("note"), size=SMALL)
                .next_to(self.matrices[name], DOWN)
                .set_on(bottom - 0.4)
                for name, array in arrays.items()
            ]
        )
        super().__init__(row, self.sizes)

    @staticmethod
    def count_of(trace: Trace) -> int:
        """Return the number of entries of the five arrays."""
        return sum(array.size for array in _arrays(trace).values())

    def move_up(self) -> Animation:
        """Move the matrices to the top of the frame, above the chain."""
        row = self.submobjects[0]
        scale = _TOP_HEIGHT / row.height
        return AnimationGroup(
            FadeOut(self.sizes),
            row.animate.scale(scale).move_to([0.0, layout.TOP_EDGE - _TOP_HEIGHT / 2, 0.0]),
        )

    def keep_w(self) -> Animation:
        """Remove all matrices but W, which moves to the left."""
        w = self.matrices["W"]
        others = [matrix for name, matrix in self.matrices.items() if name != "W"]
        place = [layout.LEFT_EDGE + 0.75, w.get_y(), 0.0]
        return AnimationGroup(FadeOut(*others), w.animate.move_to(place, aligned_edge=LEFT))

    def share(self, chain: StateChain, marks: VGroup) -> Animation:
        """Copy the name of U to every input, and that of W to every arrow between states."""
        u, w = self.matrices["U"].title, self.matrices["W"].title
        inputs = len(chain.inputs)
        sources = [u] * inputs + [w] * (len(marks) - inputs)
        return LaggedStart(
            *[TransformFromCopy(a, b) for a, b in zip(sources, marks, strict=True)],
            lag_ratio=0.06,
            run_time=3.0,
        )


def _arrays(trace: Trace) -> dict[str, np.ndarray]:
    return {
        "U": trace.U,
        "W": trace.W,
        "b": trace.b[:, None],
        "V": trace.V,
        "c": trace.output_bias[:, None],
    }


def first_step_apart(trace: Trace, changed: Trace) -> int:
    """Return the first step (1-based) at which the states of two traces differ."""
    apart = (trace.h != changed.h).any(axis=(0, 1, 3, 4))
    return int(apart.argmax()) + 1


class Nudge(VGroup):
    """A change of one entry of W, and the changes of all states that follow from it.

    Shapes: ``differences`` (steps,) are ‖h'_t − h_t‖ at the steps shown
    """

    def __init__(
        self, trace: Trace, changed: Trace, weights: WeightSet, chain: StateChain, window: Window
    ):
        theme = chain.theme
        entry = tuple(np.argwhere(trace.W != changed.W)[0])
        self.row, self.column = map(int, entry)
        before, after = trace.W[entry], changed.W[entry]
        self.states = changed.h[0, 0, window.indices, 0]
        self.differences = np.linalg.norm(self.states - trace.h[0, 0, window.indices, 0], axis=-1)
        self.chain = chain
        self.w = weights.matrices["W"]
        self.ring = Square(stroke_color=theme.color("text"), stroke_width=4)
        self.ring.match_width(self.w.cells.at(self.row, self.column)).scale(1.5)
        self.ring.move_to(self.w.cells.at(self.row, self.column)).set_z_index(3)
        value = label(
            f"{number(float(before), 3)} → {number(float(after), 3)}",
            color=theme.color("weight"),
            size=BODY,
        )
        name = formula(
            f"w_({self.row + 1}, {self.column + 1})", color=theme.color("weight"), size=0.46
        )
        self.text = VGroup(name, value).arrange(RIGHT, buff=0.3)
        self.text.next_to(self.w, RIGHT, buff=0.5)
        self.old_value, self.new_value = float(before), float(after)
        self.numbers = VGroup(
            *[
                label(number(float(value)), color=theme.color("text"), size=SMALL)
                .move_to(word)
                .set_on(word.baseline)
                for value, word in zip(self.differences, chain.words, strict=True)
            ]
        )
        self.legend = formula("norm(Delta h_t)", color=theme.color("note"), size=0.36)
        self.legend.next_to(self.numbers, UP, buff=0.28).align_to([layout.LEFT_EDGE, 0, 0], LEFT)
        super().__init__(self.ring, self.text, self.numbers, self.legend)

    def undo(self) -> Animation:
        """Restore the recorded W."""
        values = self.w.values.copy()
        values[self.row, self.column] = self.old_value
        return self.w.cells.recolor(values)

    def show(self) -> Animation:
        """Mark the entry, and give it its new value."""
        values = self.w.values.copy()
        values[self.row, self.column] = self.new_value
        return Succession(
            FadeIn(self.ring, scale=2.0), FadeIn(self.text), self.w.cells.recolor(values)
        )

    def run_again(self) -> Animation:
        """Give every state its new values, and write below by how much it has changed."""
        return LaggedStart(
            *[
                AnimationGroup(
                    strip.recolor(state),
                    FadeOut(word, shift=0.2 * DOWN),
                    FadeIn(text, shift=0.2 * DOWN),
                )
                for strip, state, word, text in zip(
                    self.chain.strips, self.states, self.chain.words, self.numbers, strict=True
                )
            ],
            lag_ratio=0.5,
            run_time=6.0,
        )


class StepGradients(VGroup):
    """The terms of ∂L/∂W by step, and their sum over all steps.

    Shapes: ``terms`` (steps, hidden, hidden) are Σ_t ∂L_t/∂W_s at the steps shown;
            ``total`` (hidden, hidden) is autograd's ∂L/∂W
    """

    def __init__(self, trace: Trace, chain: StateChain, window: Window, theme: Theme):
        assert trace.gradients is not None
        self.theme = theme
        self.terms = measure.weight_gradients(trace)[window.indices]
        self.total = trace.gradients[trace.parameter_name("weight_hh")]
        self.limit = float(max(np.abs(self.terms).max(), np.abs(self.total).max()))
        rows = min(trace.hidden_size, MOST_ROWS)
        cell = min(chain.pitch * 0.8, 1.3) / rows
        self.matrices = VGroup(
            *[
                Matrix(
                    term,
                    theme,
                    cell=cell,
                    limit=self.limit,
                    title=f"(partial L)/(partial W_({step}))",
                    role="gradient",
                    title_size=0.36,
                ).move_to(place.box)
                for term, step, place in zip(self.terms, chain.steps, chain.cells, strict=True)
            ]
        )
        self.sum = Matrix(
            self.total,
            theme,
            cell=2.2 / rows,
            limit=self.limit,
            title="(partial L)/(partial W)",
            role="gradient",
        ).move_to([0.0, chain.cells[0].box.get_y() - 0.1, 0.0])
        super().__init__(self.matrices)

    def appear(self) -> Animation:
        """Show the matrices, from the last step back to the first."""
        return LaggedStart(
            *[FadeIn(matrix, shift=0.2 * DOWN) for matrix in reversed(self.matrices)],
            lag_ratio=0.35,
            run_time=4.0,
        )

    def add_up(self) -> Animation:
        """Move all matrices to one place, and replace them by their sum."""
        return Succession(
            LaggedStart(
                *[
                    matrix.animate.move_to(self.sum.frame).set_opacity(0.0)
                    for matrix in self.matrices
                ],
                lag_ratio=0.12,
                run_time=2.4,
            ),
            FadeIn(self.sum, run_time=0.8),
        )

    def go_to(self, weights: WeightSet) -> Animation:
        """Move the sum onto W, which it updates."""
        w = weights.matrices["W"]
        return Succession(
            TransformFromCopy(self.sum.cells, w.cells.copy(), remover=True, run_time=1.6),
            Indicate(w.frame, color=self.theme.color("text"), scale_factor=1.08),
        )


def step_sum_equation(theme: Theme) -> Equation:
    """Return the gradient of W as the sum of its terms by step."""
    return Equation(
        "{{ (partial L)/(partial W) : left }} = sum_s {{ (partial L)/(partial W_s) : term }}",
        theme,
        size=0.46,
    )

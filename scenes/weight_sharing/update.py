"""One step of gradient descent on W."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from manim import Animation, AnimationGroup, FadeOut, ReplacementTransform
from rnnviz.scenes.weight_sharing.shared_weights import EntryChange, WeightSet
from rnnviz.scenes.weight_sharing.step_gradients import StepGradients
from rnnviz.scenes.weight_sharing.weight_part import WeightPart, total_gradient

from rnnviz.mobjects.equation import Equation
from rnnviz.mobjects.theme import Theme
from rnnviz.trace import Trace

_LARGEST_CHANGE: Final = 0.5
"""The update changes no weight by more than this share of the largest one."""


class Update:
    """W moves by −α times its gradient.

    Shapes: ``step`` (rows, columns) is −α ∂L/∂W where W is shown
    """

    def __init__(
        self,
        trace: Trace,
        part: WeightPart,
        weights: WeightSet,
        gradients: StepGradients,
        alpha: float,
    ):
        self.gradients, self.w = gradients, weights.w
        after = updated(trace, alpha)
        self.step = part.of_w(after - trace.W)
        self.change = EntryChange(self.w, part, after, weights.theme)

    def apply(self) -> Iterator[Animation]:
        """Move the step onto W, in the colours of W, and add it; W's name clears the way."""
        flying = self.gradients.sum.cells.copy().set_z_index(4)
        landed = self.w.cells.copy().set_values(self.step).set_z_index(4)
        name = self.w.title
        yield name.animate(run_time=0.3).set_fill(opacity=0.0)
        yield ReplacementTransform(flying, landed, run_time=1.6)
        yield AnimationGroup(
            self.change.apply(),
            FadeOut(landed),
            name.animate.set_fill(opacity=1.0),
            run_time=1.0,
        )
        yield self.change.appear()


def updated(trace: Trace, alpha: float) -> np.ndarray:
    """Return W after one step of gradient descent: (gate · cell, hidden)."""
    return np.asarray(trace.W - alpha * total_gradient(trace))


def learning_rate(trace: Trace) -> float:
    """Return a learning rate by which one update of W can be seen, a power of ten.

    It is the largest for which no weight changes by more than half of the largest one.
    """
    largest = float(np.abs(total_gradient(trace)).max())
    weight = float(np.abs(trace.W).max())
    if largest == 0.0 or weight == 0.0:
        return 1.0
    return float(10.0 ** np.floor(np.log10(_LARGEST_CHANGE * weight / largest)))


def update_equation(theme: Theme) -> Equation:
    """Return one step of gradient descent on W, with its gradient as in the sum before."""
    return Equation(
        "{{ W : W }} arrow.l {{ W : old }} - alpha thin {{ partial L \\/ partial W : left }}",
        theme,
    )

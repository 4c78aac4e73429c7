"""The network's prediction, as bars."""

from collections.abc import Iterable

import numpy as np
from manim import RIGHT, UP, Animation, Succession, VGroup

from rnnviz.mobjects import layout
from rnnviz.mobjects.arrows import FlowArrow, straight
from rnnviz.mobjects.chain import StateChain
from rnnviz.mobjects.named_bars import NamedBars
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.wording import Say
from rnnviz.trace import Trace

_MOST_CANDIDATES = 5
_WIDTH = 2.4
_ROW = 0.33


class Prediction(VGroup):
    """The output at the last step shown, above the state that it comes from."""

    def __init__(self, trace: Trace, chain: StateChain, theme: Theme, say: Say):
        self.bars = _output_bars(trace, chain.steps[-1], theme, say)
        self.bars.move_to([layout.RIGHT_EDGE, layout.TOP_EDGE, 0.0], aligned_edge=RIGHT + UP)
        title = chain.cells[-1].title
        top = np.array([title.get_x(), self.bars.get_bottom()[1], 0.0])
        self.arrow = FlowArrow(
            straight(title.get_top(), top, gap=0.08), color=theme.color("output")
        )
        super().__init__(self.arrow, self.bars)

    def grow(self) -> Animation:
        """Draw the arrow from the last state, then grow the bars."""
        return Succession(self.arrow.grow(), self.bars.grow())


def _output_bars(trace: Trace, step: int, theme: Theme, say: Say) -> NamedBars:
    """Return the output y at a step (1-based) of the first sequence as bars.

    They are the most probable classes and the target, which is bright; a single value and, if
    known, the true one; or the first of several values.
    """
    assert trace.y is not None
    y = trace.y[step - 1, 0]
    if trace.metadata.loss == "squared" and len(y) > 1:
        shown = y[:_MOST_CANDIDATES]
        names = output_names(trace, range(len(shown)))
        return NamedBars(names, shown, theme, role="output", width=_WIDTH, row=_ROW)
    if trace.metadata.loss == "squared":
        values = {say("predicted"): float(y[0]), say("true"): float(trace.targets[step - 1, 0, 0])}
        known = {name: value for name, value in values.items() if not np.isnan(value)}
        return NamedBars(
            list(known), list(known.values()), theme, role="output", width=_WIDTH, chosen=0
        )
    target = int(trace.targets[step - 1, 0])
    best = likeliest(y, _MOST_CANDIDATES, target)
    return NamedBars(
        output_names(trace, best),
        y[best],
        theme,
        role="output",
        width=_WIDTH,
        chosen=int(np.flatnonzero(best == target)[0]) if target >= 0 else 0,
        row=_ROW,
        full=1.0,
    )


def likeliest(y: np.ndarray, most: int, target: int) -> np.ndarray:
    """Return the indices of the most probable classes, with the target, from the likeliest on.

    A negative target is none.
    """
    best = np.argsort(-y, kind="stable")[:most]
    if target >= 0 and target not in best:
        best[-1] = target
    return best


def output_names(trace: Trace, indices: Iterable[int]) -> list[str]:
    """Return the labels of some outputs, or their numbers from 1."""
    labels = trace.metadata.output_labels
    return [labels[index] if labels else str(index + 1) for index in indices]

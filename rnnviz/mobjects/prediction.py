"""The network's prediction, as bars."""

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from manim import (
    LEFT,
    RIGHT,
    UP,
    Animation,
    AnimationGroup,
    FadeIn,
    ManimColor,
    Succession,
    VGroup,
)

from rnnviz.mobjects import layout
from rnnviz.mobjects.arrows import FlowArrow, straight
from rnnviz.mobjects.chain import StateChain
from rnnviz.mobjects.named_bars import NamedBars
from rnnviz.mobjects.numbers import percent
from rnnviz.mobjects.text import SMALL, Ink, formula, label
from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.wording import Say
from rnnviz.trace import CLASSES, VALUES, Trace

_ABOVE: Final = {"width": 2.4, "row": 0.33}
_BESIDE: Final = {"width": 1.75, "row": 0.5, "size": 0.36, "name_width": 1.6}
_MOST_ABOVE: Final = 5
MOST_BESIDE: Final = 6
"""The most classes that are shown beside a state."""


class Prediction(VGroup):
    """The output at the last step shown, above the state that it comes from, or ``beside`` it.

    The name of V is beside the arrow if the output layer is known. The probabilities of classes are
    percentages. Beside the state there must be room: 5.2 wide, and
    ``between`` more if the names are to be so far from the bars.
    """

    def __init__(
        self,
        trace: Trace,
        chain: StateChain,
        theme: Theme,
        say: Say,
        *,
        beside: bool = False,
        between: float = 0.0,
    ):
        color = theme.color("output")
        if beside:
            self.bars = _output_bars(trace, chain.steps[-1], theme, say, MOST_BESIDE, _BESIDE)
            self.bars.names.shift(between * LEFT)
            start = chain.cells[-1].box.get_right()
            self.bars.move_to([layout.RIGHT_EDGE, start[1], 0.0], aligned_edge=RIGHT)
            end = np.array([self.bars.get_left()[0] - 0.1, start[1], 0.0])
        else:
            self.bars = _output_bars(trace, chain.steps[-1], theme, say, _MOST_ABOVE, _ABOVE)
            self.bars.move_to([layout.RIGHT_EDGE, layout.TOP_EDGE, 0.0], aligned_edge=RIGHT + UP)
            start = chain.cells[-1].title.get_top()
            end = np.array([start[0], self.bars.get_bottom()[1], 0.0])
        self.arrow = FlowArrow(straight(start, end, gap=0.08), color=color, thickness=0.04)
        self.mark = VGroup()
        if trace.metadata.output_layer is not None:
            mark = formula("V", color=theme.color("weight"), size=0.36)
            self.mark.add(mark.next_to(self.arrow, UP if beside else LEFT, buff=0.14))
        super().__init__(self.arrow, self.mark, self.bars)

    def grow(self) -> Animation:
        """Draw the arrow from the last state, then grow the bars."""
        arrow = AnimationGroup(self.arrow.grow(), *map(FadeIn, self.mark))
        return Succession(arrow, self.bars.grow())


def _output_bars(
    trace: Trace, step: int, theme: Theme, say: Say, most: int, sizes: dict[str, Any]
) -> NamedBars:
    """Return the output y at a step (1-based) of the first sequence as bars.

    They are the probabilities of the likeliest classes and the target, which is bright; a single
    value and, if known, the true one; or the first of several values. An output for the whole
    sequence is that of the last step.
    """
    assert trace.y is not None
    row = min(step, len(trace.y)) - 1
    y = trace.y[row, 0]
    has_classes = trace.metadata.loss in CLASSES
    if not has_classes and (len(y) > 1 or trace.metadata.loss not in VALUES):
        shown = y[:most]
        names = output_names(trace, range(len(shown)))
        return NamedBars(names, shown, theme, role="output", **sizes)
    if not has_classes:
        values = {say("predicted"): float(y[0]), say("true"): float(trace.targets[row, 0, 0])}
        known = {name: value for name, value in values.items() if not np.isnan(value)}
        return NamedBars(list(known), list(known.values()), theme, role="output", chosen=0, **sizes)
    target = int(trace.targets[row, 0])
    best = likeliest(y, most, target)

    def write(index: int, color: ManimColor) -> Ink:
        return label(percent(float(y[best[index]])), color=color, size=sizes.get("size", SMALL))

    return NamedBars(
        output_names(trace, best),
        y[best],
        theme,
        role="output",
        chosen=int(np.flatnonzero(best == target)[0]) if target >= 0 else 0,
        full=1.0,
        write=write,
        **sizes,
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

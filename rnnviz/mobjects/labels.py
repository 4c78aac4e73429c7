"""Labels and formulas in rows and columns."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final, TypeVar

import numpy as np
from manim import LEFT, RIGHT, UP, ManimColor, Mobject, VGroup

from rnnviz.mobjects import layout
from rnnviz.mobjects.text import BODY, NOTE, Ink, fitted_label, formula, label, size_in_rows
from rnnviz.mobjects.theme import Theme

_Shown = TypeVar("_Shown", bound=Mobject)

CORNER_WIDTH: Final = 3.3
"""The room beside the source line."""


def inside(mobject: _Shown) -> _Shown:
    """Move a mobject by as little as needed for it to be in the safe area."""
    left, right = mobject.get_left()[0], mobject.get_right()[0]
    low, high = mobject.get_bottom()[1], mobject.get_top()[1]
    across = max(0.0, layout.LEFT_EDGE - left) + min(0.0, layout.RIGHT_EDGE - right)
    up = max(0.0, layout.BOTTOM_EDGE - low) + min(0.0, layout.TOP_EDGE - high)
    return mobject.shift(across * RIGHT + up * UP)


def width_note(text: str, theme: Theme) -> Ink:
    """Return a note on the widths of a gradient, in its colour, in the lower left corner."""
    note = fitted_label(text, color=theme.color("gradient"), width=CORNER_WIDTH, size=NOTE)
    return inside(note.move_to([layout.LEFT_EDGE, layout.SOURCE_Y, 0.0], aligned_edge=LEFT))


class LabelRow(VGroup):
    """Labels side by side on one baseline, each centred on its x and at most ``width`` wide."""

    def __init__(
        self,
        texts: Iterable[str],
        xs: Iterable[float],
        y: float,
        *,
        color: ManimColor,
        size: float = BODY,
        width: float | None = None,
    ):
        super().__init__(
            *[
                _label(text, color, size, width).move_to([x, 0.0, 0.0]).set_on(y)
                for text, x in zip(texts, xs, strict=True)
            ]
        )


class LabelColumn(VGroup):
    """Labels below each other on their baselines, aligned at x, and at most ``width`` wide.

    ``color`` is one for all or one for each.
    """

    def __init__(
        self,
        texts: Sequence[str],
        x: float,
        ys: Sequence[float],
        *,
        color: ManimColor | Sequence[ManimColor],
        size: float = BODY,
        width: float | None = None,
        edge: object = RIGHT,
    ):
        colors = [color] * len(texts) if isinstance(color, ManimColor) else color
        heights = sorted(ys)
        pitches = [high - low for low, high in pairwise(heights)]
        size = size_in_rows(size, min(pitches, default=np.inf))
        super().__init__(
            *[
                _label(text, ink, size, width).move_to([x, 0.0, 0.0], aligned_edge=edge).set_on(y)
                for text, y, ink in zip(texts, ys, colors, strict=True)
            ]
        )


class FormulaRow(VGroup):
    """Formulas side by side, each with its middle at its x and at y."""

    def __init__(
        self,
        sources: Iterable[str],
        xs: Iterable[float],
        y: float,
        *,
        color: ManimColor,
        size: float,
    ):
        super().__init__(
            *[
                formula(source, color=color, size=size).move_to([x, y, 0.0])
                for source, x in zip(sources, xs, strict=True)
            ]
        )


def _label(text: str, color: ManimColor, size: float, width: float | None) -> Ink:
    if width is None:
        return label(text, color=color, size=size)
    return fitted_label(text, color=color, size=size, width=width)

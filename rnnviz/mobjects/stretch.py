"""How a stage that is laid out for 16:9 uses the height of a taller frame.

Rows lie further apart, and bars and curves are higher. Glyphs and circles keep their shape: they
move with the middle of their text, or with their own. So what does not overlap in 16:9 does not
overlap here.
"""

from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np
from manim import Circle, Mobject

from rnnviz.mobjects import layout

_Shown = TypeVar("_Shown", bound=Mobject)

_MIDDLE: Final = "_middle_in_text"
_SIZE: Final = "_size_in_text"
_FIXED: Final = "_fixed_in_frame"
"""Attributes of mobjects: of a glyph, its y from the middle of its text, and its size there."""


@dataclass(frozen=True)
class Stretch:
    """Where a frame shows what is on the stage.

    Units:  the stage is raised by ``rise``, and heights from its lower end are ``factor`` times as
            great; what lies beside the source line in 16:9, such as a legend, is ``legend_scale``
            times as large and about ``legend_y``
    """

    rise: float
    factor: float
    legend_y: float
    legend_scale: float

    def place(self, mobject: Mobject, points: np.ndarray) -> np.ndarray:
        """Return the points (n, 3) of a mobject as they are shown."""
        if not len(points) or is_fixed(mobject):
            return points
        shown = points.copy()
        heights = shown[:, 1]
        low, high = heights.min(), heights.max()
        if high < layout.LEGEND_TOP:
            corner = np.array([layout.LEFT_EDGE, layout.SOURCE_Y])
            there = np.array([layout.LEFT_EDGE, self.legend_y])
            shown[:, :2] = there + self.legend_scale * (points[:, :2] - corner)
        elif isinstance(mobject, Circle) or hasattr(mobject, _MIDDLE):
            middle = (low + high) / 2 - _offset(mobject, points)
            shown[:, 1] += self._height(middle) - middle
        else:
            shown[:, 1] = self._height(heights)
        return shown

    def _height(self, y: Any) -> Any:
        """Return where a height on the stage is shown; below the stage, all moves down."""
        low, high = layout.STAGE_BOTTOM, layout.TOP_EDGE
        bottom = low + self.rise
        top = bottom + self.factor * (high - low)
        ys = (layout.LEGEND_TOP, low, high)
        heights = (self.legend_y + layout.LEGEND_TOP - layout.SOURCE_Y, bottom, top)
        beyond = np.maximum(0.0, y - high) + np.minimum(0.0, y - layout.LEGEND_TOP)
        return np.interp(y, ys, heights) + beyond


def stretch_of(frame: layout.Frame, *, keeps_shape: bool) -> Stretch | None:
    """Return where a frame shows the stage, or None if it is not tall.

    A stage that keeps its shape is in the middle of its room.
    """
    if not frame.is_tall:
        return None
    room = (frame.stretch - 1.0) * (layout.TOP_EDGE - layout.STAGE_BOTTOM)
    rise, factor = (room / 2, 1.0) if keeps_shape else (0.0, frame.stretch)
    return Stretch(rise, factor, frame.legend_y, frame.legend_scale)


def in_text(glyph: Any) -> Any:
    """Note where a glyph is in its text, whose middle is at the origin."""
    low, high = glyph.points.min(axis=0), glyph.points.max(axis=0)
    setattr(glyph, _MIDDLE, float(low[1] + high[1]) / 2)
    setattr(glyph, _SIZE, _size(glyph.points))
    return glyph


def fixed(mobject: _Shown) -> _Shown:
    """Mark what keeps its place in every frame: captions, titles, the source line."""
    for part in mobject.get_family():
        setattr(part, _FIXED, True)
    return mobject


def is_fixed(mobject: Mobject) -> bool:
    """Whether a mobject keeps its place in every frame."""
    return bool(getattr(mobject, _FIXED, False))


def _offset(mobject: Mobject, points: np.ndarray) -> float:
    """Return how far above the middle of its text a glyph is, in the size that it has now."""
    size = getattr(mobject, _SIZE, 0.0)
    return float(getattr(mobject, _MIDDLE) * _size(points) / size) if size else 0.0


def _size(points: np.ndarray) -> float:
    return float(np.ptp(points[:, :2], axis=0).sum())

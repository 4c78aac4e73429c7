"""Playback of the records of a training."""

from collections.abc import Sequence
from typing import Any, Final, Self

import numpy as np
from manim import UP, Animation, UpdateFromAlphaFunc, VGroup, VMobject, rate_functions, smooth

_MOVING: Final = 0.65
_RUN: Final = 14.0
_REWIND: Final = 3.2
"""Seconds."""
ROUNDING: Final = 1e-9


class Records:
    """Values at the records of a training, interpolated between two of them.

    Shapes: values (record, …)
    """

    def __init__(self, values: np.ndarray):
        self.values = np.asarray(values, dtype=float)

    def at(self, position: float) -> np.ndarray:
        """Return the values at a position, 0 … records − 1."""
        before = int(np.clip(position + ROUNDING, 0, len(self.values) - 1))
        after = min(before + 1, len(self.values) - 1)
        share = max(0.0, position - before)
        return (1 - share) * self.values[before] + share * self.values[after]


class ChangingText(VGroup):
    """Texts in one place, of which one is shown, moved as the one shown before it.

    Only that one is a submobject, so that the others cost nothing.
    """

    def __init__(self, texts: Sequence[VMobject]):
        self.texts = tuple(texts)
        self.index = 0
        self._centres = [text.get_center() for text in texts]
        super().__init__(self.texts[0])

    def show(self, index: int) -> Self:
        """Show another text."""
        if index != self.index:
            last, text = self.texts[self.index], self.texts[index]
            moved = last.get_center() - self._centres[self.index]
            text.move_to(self._centres[index] + moved)
            self.submobjects = [text.set_opacity(1.0)]
            last.set_opacity(0.0)  # a running animation still draws it
            self.index = index
        return self

    def set_on(self, y: float) -> Self:
        """Move the baseline to height ``y``."""
        return self.shift((y - self.texts[self.index].baseline) * UP)


def replay(views: Sequence[Any], records: int, *, run_time: float = _RUN) -> Animation:
    """Play all views from the first record to the last, with a rest at each record."""
    count = records - 1
    position = None

    def move(_: VGroup, share: float) -> None:
        nonlocal position
        before = int(share * count + ROUNDING)
        moved = min(1.0, (share * count - before) / _MOVING)
        last, position = position, before + float(smooth(max(0.0, moved)))
        if position != last:
            for view in views:
                view.show(position)

    return UpdateFromAlphaFunc(
        VGroup(*views),
        move,
        run_time=run_time,
        rate_func=rate_functions.linear,
    )


def rewind(views: Sequence[Any], records: int) -> Animation:
    """Play all views back from the last record to the first."""

    def move(_: VGroup, share: float) -> None:
        for view in views:
            view.show((1 - share) * (records - 1))

    return UpdateFromAlphaFunc(VGroup(*views), move, run_time=_REWIND)

"""Values over the records of a training, and views that go through them."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from manim import (
    Animation,
    UpdateFromAlphaFunc,
    VGroup,
    rate_functions,
    smooth,
)

_MOVING: Final = 0.65
_SECONDS_PER_RECORD: Final = 0.55
_LEAST_RUN: Final = 2.0
ROUNDING: Final = 1e-9


class Records:
    """What is shown of a training's records: between two of them, values go from one to the next.

    Shapes: values (record, …)
    """

    def __init__(self, values: np.ndarray):
        self.values = np.asarray(values, dtype=float)

    def at(self, position: float) -> np.ndarray:
        """The values at a position, 0 … records − 1."""
        before = int(np.clip(position + ROUNDING, 0, len(self.values) - 1))
        after = min(before + 1, len(self.values) - 1)
        share = max(0.0, position - before)
        return (1 - share) * self.values[before] + share * self.values[after]


def replay(views: Sequence[Any], records: int, *, first: int = 0) -> Animation:
    """Views that have ``show`` go together from a record to the last, resting at each."""
    start = min(first, records - 2)
    count = records - 1 - start

    def move(_: VGroup, share: float) -> None:
        before = int(share * count + ROUNDING)
        moved = min(1.0, (share * count - before) / _MOVING)
        for view in views:
            view.show(start + before + float(smooth(max(0.0, moved))))

    return UpdateFromAlphaFunc(
        VGroup(*views),
        move,
        run_time=max(_LEAST_RUN, count * _SECONDS_PER_RECORD),
        rate_func=rate_functions.linear,
    )


def rewind(views: Sequence[Any], records: int) -> Animation:
    """Views that have ``show`` go back together from the last record to the first."""

    def move(_: VGroup, share: float) -> None:
        for view in views:
            view.show((1 - share) * (records - 1))

    return UpdateFromAlphaFunc(VGroup(*views), move, run_time=1.2)

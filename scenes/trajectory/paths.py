"""The numbers of two paths of hidden states."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

import numpy as np

from rnnviz import measure
from rnnviz.measure import PrincipalComponents
from rnnviz.mobjects.shown_states import ShownStates
from rnnviz.mobjects.window import Window
from rnnviz.system.short_repr import ShortRepr
from rnnviz.trace import Trace

_BEFORE: Final = 3


@dataclass(frozen=True, eq=False, repr=False)
class Paths(ShortRepr):
    """Two paths that differ in one input, or a path alone.

    A state is all that a step passes on. ``parted`` is the index of the input that differs, and
    ``distances`` are those between both paths; of a path alone, those from the state before.

    Shapes: h (path, time, unit); distances (time,)
    """

    pair: Trace
    parted: int
    window: Window
    components: PrincipalComponents
    h: np.ndarray
    distances: np.ndarray

    @classmethod
    def of(cls, pair: Trace, parted: int, most: int) -> Self:
        """Return the paths of a trace of both sequences."""
        h = measure.whole_states(pair).swapaxes(0, 1)
        first = max(0, min(parted - _BEFORE, pair.steps - most))
        return cls(
            pair=pair,
            parted=parted,
            window=Window(tuple(range(first + 1, min(pair.steps, first + most) + 1)), pair.steps),
            components=measure.components_of(h.reshape(-1, h.shape[-1])),
            h=h,
            distances=np.linalg.norm(h[0] - h[1], axis=-1),
        )

    @classmethod
    def alone(cls, trace: Trace, most: int) -> Self:
        """Return the path of a trace's first sequence."""
        h = measure.whole_states(trace)[:, 0]
        moved = np.linalg.norm(np.diff(h, axis=0, prepend=_before(trace, h)[None]), axis=-1)
        components = measure.components_of(h)
        return cls(trace, 0, Window.last(trace, most), components, h[None], moved)

    @cached_property
    def shown(self) -> ShownStates:
        """Which units are drawn of the states of the first path."""
        return ShownStates(self.pair, self.window)

    @property
    def shown_parting(self) -> int:
        """The index, among the steps shown, of the input that differs."""
        return self.parted - self.window.indices.start

    @property
    def shown_distances(self) -> np.ndarray:
        """The distances at the steps shown: (steps,)."""
        return self.distances[self.window.indices]

    @property
    def start(self) -> np.ndarray:
        """The state before the first one shown, in the plane: (2,)."""
        first = self.window.indices.start
        before = self.h[0, first - 1] if first else _before(self.pair, self.h[0])
        return self.components.project(before)

    @property
    def points(self) -> np.ndarray:
        """The paths in the plane: (path, steps, 2)."""
        return self.components.project(self.h[:, self.window.indices])

    @property
    def words(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The labels of both paths' inputs; if there are none, an asterisk marks a difference."""
        own = self.window.words(self.pair)
        if len(self.h) == 1:
            return own, own
        if self.pair.metadata.step_labels:
            return own, self.pair.metadata.step_labels[1][self.window.indices]
        shown = self.pair.x[self.window.indices]
        differ = (shown[:, 0] != shown[:, 1]).any(axis=-1)
        return own, tuple(f"{x}*" if d else x for x, d in zip(own, differ, strict=True))


def _before(trace: Trace, states: np.ndarray) -> np.ndarray:
    """Return the state before the first step; the first one where that is not known."""
    if trace.h0 is None:
        return states[0]
    return np.concatenate([each[0, 0] for each in measure.states_before_by_name(trace).values()])

"""The numbers of two paths of hidden states."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from rnnviz.measure import FixedPoints, PrincipalComponents, fixed_points, principal_components
from rnnviz.mobjects.window import Window
from rnnviz.system.short_repr import ShortRepr
from rnnviz.trace import Trace

_BEFORE: Final = 3


@dataclass(frozen=True, eq=False, repr=False)
class Paths(ShortRepr):
    """Two paths that differ in one input, and the first one under a constant last input.

    Shapes: h (2, time, hidden) of both sequences from the state zero; distances (time,); after
            (steps, hidden) under the constant input, and moves (steps − 1,), the length of each
            step; ``parted`` is the index of the input that differs
    """

    pair: Trace
    parted: int
    window: Window
    components: PrincipalComponents
    h: np.ndarray
    distances: np.ndarray
    after: np.ndarray
    moves: np.ndarray
    found: FixedPoints

    @classmethod
    def of(cls, pair: Trace, stay: Trace, parted: int, most: int) -> Self:
        """Return the paths of two traces: of both sequences, and of the constant input."""
        h = pair.h[0, 0].swapaxes(0, 1)
        first = max(0, min(parted - _BEFORE, pair.steps - most))
        after = stay.h[0, 0, pair.steps - 1 :, 0]
        return cls(
            pair=pair,
            parted=parted,
            window=Window(tuple(range(first + 1, min(pair.steps, first + most) + 1)), pair.steps),
            components=principal_components(pair),
            h=h,
            distances=np.linalg.norm(h[0] - h[1], axis=-1),
            after=after,
            moves=np.linalg.norm(np.diff(after, axis=0), axis=-1),
            found=fixed_points(stay, stay.x[-1, 0]),
        )

    @property
    def states(self) -> np.ndarray:
        """The states shown of the first path: (steps, hidden)."""
        return self.h[0, self.window.indices]

    @property
    def shown_distances(self) -> np.ndarray:
        """The distances at the steps shown: (steps,)."""
        return self.distances[self.window.indices]

    @property
    def start(self) -> np.ndarray:
        """The state before the first one shown, in the plane: (2,)."""
        return self.components.project(self.pair.states_before()[self.window.indices.start, 0])

    @property
    def points(self) -> np.ndarray:
        """Both paths in the plane: (2, steps, 2)."""
        return self.components.project(self.h[:, self.window.indices])

    @property
    def fixed_points(self) -> np.ndarray:
        """The fixed points in the plane: (point, 2)."""
        return self.components.project(self.found.states)

    @property
    def away(self) -> np.ndarray:
        """The states under the constant input, in the plane: (steps, 2)."""
        return self.components.project(self.after)

    @property
    def words(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The labels of both paths' inputs; if there are none, an asterisk marks a difference."""
        own = self.window.words(self.pair)
        if self.pair.metadata.step_labels:
            return own, self.pair.metadata.step_labels[1][self.window.indices]
        shown = self.pair.x[self.window.indices]
        differ = (shown[:, 0] != shown[:, 1]).any(axis=-1)
        return own, tuple(f"{x}*" if d else x for x, d in zip(own, differ, strict=True))

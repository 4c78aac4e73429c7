"""A bright point that moves along a path, with a tail that fades with age."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from manim import Animation, Dot, ManimColor, UpdateFromAlphaFunc, VGroup, rate_functions

_TAIL: Final = 22
_LENGTH: Final = 0.9
"""How many steps of the path the tail is long."""
_HEAD: Final = 0.14


class Comet(VGroup):
    """A head and a tail of points behind it.

    Shapes: ends (points, 3) of the path, between which it takes the same time each
    """

    def __init__(self, ends: Sequence[np.ndarray], color: ManimColor):
        self.ends = np.asarray(ends, dtype=float)
        shares = np.linspace(0.0, 1.0, _TAIL)
        super().__init__(
            *[
                Dot(self.ends[0], radius=_HEAD * (0.25 + 0.75 * share), color=color).set_opacity(
                    0.75 * share**2
                )
                for share in shares
            ]
        )
        self.behind = _LENGTH * (1.0 - shares)
        self.set_z_index(5)

    def fly(self, run_time: float) -> Animation:
        """Fly along the path, and vanish at its end."""
        steps = np.arange(len(self.ends))

        def move(comet: VGroup, share: float) -> None:
            here = share * steps[-1]
            for dot, behind in zip(comet, self.behind, strict=True):
                at = max(0.0, here - behind)
                dot.move_to([np.interp(at, steps, self.ends[:, axis]) for axis in range(3)])

        flight = UpdateFromAlphaFunc(
            self, move, run_time=run_time, rate_func=rate_functions.linear, remover=True
        )
        flight.introducer = True
        return flight

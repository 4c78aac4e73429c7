"""A word that is carried to another place, past all other text."""

from collections.abc import Sequence

import numpy as np
from manim import Animation, UpdateFromAlphaFunc, rate_functions

from rnnviz.mobjects.arrows import along
from rnnviz.mobjects.text import Ink


def carried(word: Ink, end: Ink, corners: Sequence[np.ndarray]) -> Animation:
    """Move a copy of a word along straight lines, over corners, to where it becomes another."""
    path = np.array([word.get_center(), *corners, end.get_center()])
    arrived, size = end.copy(), word.em / end.em

    def move(ink: Ink, share: float) -> None:
        ink.become(arrived)
        if share < 1:
            ink.scale(size + share * (1.0 - size)).move_to(along(path, share))

    return UpdateFromAlphaFunc(
        end, move, rate_func=rate_functions.ease_in_out_sine, introducer=True
    )

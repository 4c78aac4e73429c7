"""A state as a column of coloured cells."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from rnnviz.mobjects.theme import Theme
from rnnviz.mobjects.value_grid import ValueGrid

MOST_CELLS: Final = 16


class Strip(ValueGrid):
    """A column with one cell per unit, coloured by its signed value.

    Of more than ``MOST_CELLS`` units the first are shown.

    Shapes: values (units,)
    Units:  ``height`` is that of the column; ``limit`` gets the end of the colour scale
    """

    def __init__(
        self,
        values: Sequence[float] | np.ndarray,
        theme: Theme,
        *,
        limit: float,
        height: float,
        width: float | None = None,
    ):
        shown = np.asarray(values)[:MOST_CELLS]
        side = height / len(shown)
        cell = (width or side * 0.88, side * 0.88)
        super().__init__(shown, theme, pitch=(side, side), cell=cell, limit=limit)

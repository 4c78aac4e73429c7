"""Lines along which values go through a cell that is not one sum."""

from itertools import pairwise
from typing import Final

import numpy as np
from rnnviz.scenes.space.network_space import NetworkSpace
from rnnviz.scenes.space.value_lines import ValueLines

from rnnviz import measure
from rnnviz.mobjects.prisms import Prisms
from rnnviz.mobjects.strands import arch
from rnnviz.mobjects.theme import Role

_WIDTH: Final = 0.07
_RISES: Final = {"U": 0.35, "W": 0.9, "V": 0.4}


class Link(ValueLines):
    """A line for each thing that goes into a column at a step, of one width.

    ``which`` is U (from the input to the states), W (from each state before to the new one) or V
    (from each state that is read to the output). There is no line from a state that was not
    recorded.
    """

    def __init__(self, space: NetworkSpace, which: str, step: int):
        hidden, groups = space.hidden, np.cumsum([0, *space.contents.groups])
        middles = [float(hidden.ys[first:end].mean()) for first, end in pairwise(groups)]
        now = [_over(hidden, step + 1, y) for y in middles]
        role: Role = "hidden"
        if which == "U":
            role = "input"
            ends = [(_over(space.input, step, float(space.input.ys.mean())), now[-1])]
        elif which == "W":
            ends = [(_over(hidden, step, y), there) for y, there in zip(middles, now, strict=True)]
        else:
            assert space.output is not None
            out = _over(space.output, step, float(space.output.ys.mean()))
            read = measure.states_read(space.trace)
            named = zip(space.contents.states.names, now, strict=True)
            ends = [(place, out) for name, place in named if name in read]
        if which == "W" and step == 0 and not space.contents.known:
            ends = []
        paths = [arch(start, end, _RISES[which]) for start, end in ends]
        theme = space.theme
        super().__init__(
            np.array(paths) if paths else np.zeros((0, 2, 3)),
            np.full((len(paths), 2), _WIDTH),
            [theme.color(role)] * len(paths),
            theme.color("text"),
        )


def _over(sheet: Prisms, column: int, y: float) -> np.ndarray:
    """Return the world point (3,) over a place of a column, as high as half of the scale."""
    return np.array([sheet.xs[column], y, sheet.z + sheet.height_of_limit / 2])

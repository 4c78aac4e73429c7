"""Where the camera of the shot stands."""

from dataclasses import replace
from typing import Final

import numpy as np
from rnnviz.scenes.space.network_space import NetworkSpace

from rnnviz.mobjects.camera3d import Camera3D
from rnnviz.mobjects.framing import STAGE, Region

ABOVE: Final = Camera3D(azimuth=0.0, elevation=89.0)
FORWARD: Final = Camera3D(azimuth=-24.0, elevation=20.0, focal=11.0)
BACKWARD: Final = Camera3D(azimuth=14.0, elevation=22.0, focal=11.0)
NEAR: Final = Camera3D(azimuth=-14.0, elevation=26.0, focal=11.0)

ALL: Final = Region(-6.0, 6.2, -1.75, 3.0)
SOME: Final = Region(-6.2, 6.4, -1.75, 3.3)
FLAT: Final = Region(-5.0, 5.0, -0.7, 3.2)
SHEET: Final = Region(-5.6, 5.3, -1.5, 3.2)
UNDER_FORMULA: Final = Region(-4.6, 4.6, -1.85, 2.1)
BELOW: Final = replace(STAGE, top=2.35)
"""Parts of the frame that a view fills."""
_COLUMNS: Final = 4
_ROOM: Final = 2.3


def above(space: NetworkSpace) -> Camera3D:
    """Return the view of the states from above."""
    return ABOVE.framing(space.hidden.corners(), FLAT)


def beside_states(space: NetworkSpace) -> Camera3D:
    """Return the view of the states from the side."""
    return FORWARD.framing(space.hidden.corners(), SHEET)


def forward(space: NetworkSpace) -> Camera3D:
    """Return the view of everything, with the end of time far away."""
    return FORWARD.framing(_all(space), ALL)


def backward(space: NetworkSpace) -> Camera3D:
    """Return the view of everything, with the end of time close by."""
    return BACKWARD.framing(np.concatenate([_all(space), [space.loss_at]]), ALL)


def along(space: NetworkSpace, step: int) -> Camera3D:
    """Return the view of some columns around a step, counted from 0."""
    last = len(space.xs) - 1
    first = int(np.clip(step - _COLUMNS // 2, 0, max(0, last - _COLUMNS)))
    points = space.corners(first, min(last, first + _COLUMNS), *space.sheets)
    return FORWARD.framing(points, SOME)


def near(space: NetworkSpace, step: int, unit: int) -> Camera3D:
    """Return the view of one unit, its greatest input and the state before; from 0."""
    hidden, inputs = space.hidden, space.input
    source = int(np.abs(inputs.values[step]).argmax())
    top = hidden.z + hidden.height_of_limit + _ROOM
    points = [
        inputs.foot(step, source),
        *(hidden.foot(step + side, unit) for side in (0, 1)),
        np.array([hidden.xs[step + 1], hidden.ys[unit], top]),
    ]
    return NEAR.framing(np.array(points), UNDER_FORMULA)


def _all(space: NetworkSpace) -> np.ndarray:
    return np.concatenate([sheet.corners() for sheet in space.sheets])

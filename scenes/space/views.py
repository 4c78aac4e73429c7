"""Where the camera of the shot stands."""

from dataclasses import replace
from typing import Final

import numpy as np
from rnnviz.scenes.space.network_space import NetworkSpace

from rnnviz.mobjects.camera3d import Camera3D
from rnnviz.mobjects.framing import STAGE, Region

ABOVE: Final = Camera3D(azimuth=0.0, elevation=89.0)
FORWARD: Final = Camera3D(azimuth=-20.0, elevation=23.0, focal=9.0)
BACKWARD: Final = Camera3D(azimuth=14.0, elevation=24.0, focal=9.0)
NEAR: Final = Camera3D(azimuth=-20.0, elevation=15.0, focal=8.0)

ALL: Final = Region(-5.9, 6.2, -1.68, 3.2)
BELOW_LOSS: Final = replace(ALL, top=2.95)
SOME: Final = Region(-6.2, 6.4, -1.75, 3.3)
FLAT: Final = Region(-5.7, 6.1, -0.9, 3.3)
SHEET: Final = Region(-5.6, 5.3, -1.5, 3.2)
UNDER_FORMULA: Final = Region(-4.6, 4.6, -1.65, 2.1)
ASIDE: Final = 2.6
BELOW: Final = replace(STAGE, top=2.35)
"""Parts of the frame that a view fills; how far aside a unit stands at the ends of time."""
_COLUMNS: Final = 4
_ROOM: Final = 0.85


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
    return BACKWARD.framing(np.concatenate([_all(space), [space.loss_at]]), BELOW_LOSS)


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
    aside = ASIDE * float(2 * step / max(1, len(space.xs) - 1) - 1)
    shifted = replace(
        UNDER_FORMULA, left=UNDER_FORMULA.left + aside, right=UNDER_FORMULA.right + aside
    )
    return NEAR.framing(np.array(points), shifted)


def _all(space: NetworkSpace) -> np.ndarray:
    return np.concatenate([sheet.corners() for sheet in space.sheets])

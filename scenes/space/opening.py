"""The first moments: the states from above, and the stage before anything is computed."""

import numpy as np
from rnnviz.scenes.space.network_space import RESTING, WAITING, NetworkSpace

from rnnviz.mobjects.stage3d import Track, change, during


def appear(space: NetworkSpace) -> list[Track]:
    """Return tracks in which the columns of states come one after the other."""
    count = len(space.hidden.xs)
    tracks = [
        during(0.0, 0.15, change(space.panes[1].shown, ..., 1.0)),
        during(0.0, 0.2, *[change(name.shown, ..., 1.0) for name in space.names[1]]),
    ]
    for column in range(0 if space.contents.known else 1, count):
        coming = [change(space.hidden.there, (column, np.s_[:]), 1.0)]
        coming.append(change(space.state_names[column].shown, ..., 1.0))
        if column > 0:
            coming.append(change(space.words[column - 1].shown, ..., 1.0))
        start = 0.1 + 0.75 * column / count
        tracks.append(during(start, start + 0.15, *coming))
    return tracks


def rise(space: NetworkSpace) -> list[Track]:
    """Return tracks in which the cells become prisms, and the floor shows."""
    count = len(space.hidden.xs)
    growing = [
        during(
            0.15 + 0.5 * column / count,
            0.5 + 0.5 * column / count,
            change(space.hidden.grown, (column, np.s_[:]), 1.0),
        )
        for column in range(count)
    ]
    return [during(0.0, 0.6, change(space.floor.shown, ..., 1.0)), *growing]


def empty(space: NetworkSpace) -> list[Track]:
    """Return tracks in which the states go, and inputs and empty places come."""
    hidden, around = space.hidden, space.around
    names = [name for at in around for name in space.names[at]]
    later = (np.s_[1:], np.s_[:])
    return [
        during(0.0, 0.35, change(hidden.grown, later, 0.0)),
        during(0.25, 0.45, change(hidden.there, later, 0.0)),
        during(0.3, 0.5, change(hidden.outline, np.s_[1:], 1.0)),
        during(0.1, 0.3, *[change(space.panes[at].shown, ..., 1.0) for at in around]),
        during(0.1, 0.3, *[change(name.shown, ..., 1.0) for name in names]),
        during(0.4, 0.65, change(space.input.there, np.s_[:], 1.0)),
        during(0.0, 0.1, change(space.input.light, np.s_[:], RESTING)),
        during(0.45, 0.9, change(space.input.grown, np.s_[:], 1.0)),
        during(0.2, 0.7, *space.words_on(space.input)),
        during(0.6, 0.9, *[change(word.shown, ..., WAITING) for word in space.words]),
        *_places_of_outputs(space),
    ]


def _places_of_outputs(space: NetworkSpace) -> list[Track]:
    if space.output is None:
        return []
    return [during(0.5, 0.8, change(space.output.outline, np.s_[:], 1.0))]

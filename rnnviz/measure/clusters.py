"""Whether states that belong together lie together."""

import numpy as np

from rnnviz.errors import TraceError


def nearest_centroids(states: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return, for each state, the group whose mean state is nearest to it.

    A state is left out of the mean of its own group, so that it does not attract itself; a group
    with no other state has no mean.

    Shapes: states (state, unit), groups (state,) of integers → (state,), −1 where there is no mean
    Units:  groups are named by the given integers
    Raises: TraceError if there is not one group for each state
    Source: leave-one-out nearest-centroid classification; Hastie, Tibshirani and Friedman 2009,
            "The Elements of Statistical Learning", chapters 7.10 and 18.2
    Example: >>> nearest_centroids(np.array([[0.0], [0.1], [1.0], [1.2]]), np.array([0, 0, 1, 1]))
             array([0, 0, 1, 1])
    """
    points, members = np.asarray(states, dtype=np.float64), np.asarray(groups)
    if points.ndim != 2 or members.shape != points.shape[:1]:
        raise TraceError(
            f"states of shape {points.shape} need one group each, got shape {members.shape}; give "
            "states (state, unit) and groups (state,)"
        )
    known, places = np.unique(members, return_inverse=True)
    counts = np.bincount(places, minlength=len(known)).astype(float)
    sums = np.zeros((len(known), points.shape[1]))
    np.add.at(sums, places, points)
    nearest = np.full(len(points), -1)
    for index, (point, own) in enumerate(zip(points, places, strict=True)):
        others, rest = sums.copy(), counts.copy()
        others[own] -= point
        rest[own] -= 1
        possible = rest > 0
        if possible.any():
            means = others[possible] / rest[possible, None]
            nearest[index] = known[possible][((means - point) ** 2).sum(axis=1).argmin()]
    return nearest

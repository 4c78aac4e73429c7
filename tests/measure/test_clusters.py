"""Each state is assigned to the group with the nearest mean, and is no part of that mean itself."""

import numpy as np
import pytest

from rnnviz.errors import TraceError
from rnnviz.measure import components_of, nearest_centroids, principal_components


def by_hand(states, groups):
    found = []
    for index, state in enumerate(states):
        rest = np.arange(len(states)) != index
        means = {g: states[rest & (groups == g)].mean(axis=0) for g in sorted({*groups[rest]})}
        found.append(min(means, key=lambda g: np.linalg.norm(state - means[g])))
    return found


def test_the_nearest_mean_is_that_of_the_other_states():
    rng = np.random.default_rng(3)
    groups = rng.integers(0, 4, size=60)
    states = rng.normal(size=(60, 5)) + 1.5 * np.eye(5)[groups]
    found = nearest_centroids(states, groups)
    assert found.tolist() == by_hand(states, groups)
    assert 0.5 < (found == groups).mean() < 1


def test_a_state_does_not_attract_itself():
    states = np.array([[0.0], [10.0], [4.0], [4.2]])
    assert nearest_centroids(states, np.array([0, 0, 1, 1])).tolist() == [1, 1, 1, 1]


def test_a_group_of_one_state_is_never_its_own_nearest():
    states = np.array([[0.0], [0.1], [5.0]])
    assert nearest_centroids(states, np.array([7, 7, 9])).tolist() == [7, 7, 7]
    assert nearest_centroids(states[:1], np.array([7])).tolist() == [-1]


def test_a_group_for_each_state_is_needed():
    with pytest.raises(TraceError, match="one group each"):
        nearest_centroids(np.zeros((3, 2)), np.zeros(2, dtype=int))


def test_components_of_all_states_are_those_of_the_trace(trace):
    states = trace.h[0, 0][trace.mask]
    basis, expected = components_of(states), principal_components(trace)
    for name in ("mean", "axes", "variances", "shares"):
        np.testing.assert_array_equal(getattr(basis, name), getattr(expected, name))
    assert basis.trajectories == ()

"""What 'exploding-gradient' draws and claims is what was recorded or computed."""

import numpy as np
import pytest

from rnnviz.measure.cliff import cliff_error, cliff_gradient
from rnnviz.mobjects.numbers import number

NAME = "exploding-gradient"


@pytest.fixture(params=["as recorded", "with another network"])
def trace(request, default_trace_of, changed_trace_of):
    return (default_trace_of if request.param == "as recorded" else changed_trace_of)(NAME)


def test_the_gradients_are_those_of_the_network_with_three_times_w(trace, perform):
    seen = perform(NAME, lambda scene: (scene.flow.chart.values, scene.large, scene.facts()), trace)
    values, large, facts = seen["large_weights"]
    np.testing.assert_array_equal(large.W, 3 * trace.W)
    norms = [np.sqrt((large.grad_h_by_loss[-1, 0, 0, k, 0] ** 2).sum()) for k in range(-8, 0)]
    np.testing.assert_allclose(values, norms)
    assert facts["grown"] == number(norms[0] / norms[-1])


def test_sizes_of_w(trace, perform):
    seen = perform(NAME, lambda scene: getattr(scene, "numbers", None), trace)
    for (_, bars), factor in zip(seen["sizes"].groups, (1, 3), strict=True):
        w = factor * trace.W
        expected = [np.sqrt(np.linalg.eigvalsh(w.T @ w)[-1]), np.abs(np.linalg.eigvals(w)).max()]
        assert bars.values == pytest.approx(expected)


def test_the_clipped_gradient_is_the_recorded_one_shortened(trace, perform):
    seen = perform(NAME, lambda scene: (scene.lengths, scene.large))
    (before, after), large = seen["clipped_gradient"]
    total = np.sqrt(sum((value**2).sum() for value in large.gradients.values()))
    assert before["θ"] == pytest.approx(total)
    assert after["θ"] == pytest.approx(min(1.0, total))


def test_the_claims_of_the_captions_hold(default_trace_of, perform):
    seen = perform(NAME, lambda scene: (scene.facts(), scene.powers, scene.jump, scene.clipped))
    facts, powers, thrown, kept = seen["clipped_gradient"]
    assert facts["verdict"] == "it grows"
    np.testing.assert_allclose(powers[1:] / powers[:-1], 2.0)
    assert powers[-1] == pytest.approx(np.sqrt(200) * 2**7)
    np.testing.assert_allclose(thrown[1], thrown[0] - 0.05 * cliff_gradient(*thrown[0]))
    assert np.linalg.norm(thrown[1] - thrown[0]) > 50 * np.linalg.norm(kept[1] - kept[0])
    steps = np.linalg.norm(np.diff(kept, axis=0), axis=1)
    assert (steps <= 0.05 * (1 + 1e-9)).all()
    assert cliff_error(*thrown[1]) > 0.4
    assert cliff_error(*kept[-1]) < 0.05
    assert np.linalg.norm(kept - kept[0], axis=1).max() < 0.3

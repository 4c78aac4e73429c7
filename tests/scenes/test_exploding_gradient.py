"""What 'exploding-gradient' draws and claims is what was recorded or computed."""

import itertools

import numpy as np
import pytest
from often import NETWORKS

from rnnviz.experiments.explosion import explosion
from rnnviz.measure.cliff import cliff_error, cliff_gradient
from rnnviz.mobjects.numbers import number

NAME = "exploding-gradient"


@pytest.fixture(params=NETWORKS)
def trace(request, default_trace_of, changed_trace_of):
    return (default_trace_of if request.param == "as recorded" else changed_trace_of)(NAME)


@pytest.fixture(scope="module")
def found():
    return explosion(None)


def look(scene):
    seen = {"facts": dict(scene.facts()), "thrown": scene.thrown, "kept": scene.kept}
    if hasattr(scene, "courses"):
        seen["panels"] = [(panel.values, panel.axis) for panel in scene.courses.panels]
        seen["ends"] = [curve.get_end() for curve in scene.courses.rest]
        seen["starts"] = [curve.get_start() for curve in scene.courses.rise]
        seen["numbers"] = [
            [text.text for _, text in dots] for dots in (scene.courses.before, scene.courses.after)
        ]
        seen["last"] = scene.courses.end[1].text, scene.courses.learnt[1].text
    if hasattr(scene, "numbers"):
        seen["sizes"] = scene.numbers.values, scene.numbers.greatest
        seen["sizes drawn"] = [[row.text for row in rows] for _, _, rows in scene.numbers.columns]
    if hasattr(scene, "space"):
        space = scene.space
        seen["stops"] = space.thrown.stops, space.kept.stops
        seen["reached"] = float(space.thrown.reached), float(space.kept.reached)
        seen["thrown signs"] = space.steep.ink.text, space.far.ink.text
        seen["signs"] = space.landing.ink.text, space.end.ink.text
        seen["surface"] = space.surface.points3
        seen["cells"] = len(space.surface.submobjects)
        seen["axes"] = [(sign.ink.text, sign.world) for sign in space.signs]
        seen["answers"] = [sign.ink.text for sign in space.answers]
        seen["answers shown"] = [float(sign.shown) for sign in space.answers]
        seen["turns"] = [sign.ink.text for sign in space.kept.numbers.values()]
    return seen


@pytest.fixture(scope="module")
def seen(perform):
    return perform(NAME, look)


def test_the_courses_are_those_of_the_two_trainings(seen, found):
    panels = seen["leap"]["panels"]
    free, clipped = found.unclipped, found.clipped
    pairs = (free.update_loss, clipped.update_loss), (free.update_norm, clipped.update_norm)
    for ((shown, shown_clipped), axis), (one, other), start, end in zip(
        panels, pairs, seen["leap"]["starts"], seen["leap"]["ends"], strict=True
    ):
        np.testing.assert_allclose(shown, one)
        np.testing.assert_allclose(shown_clipped, other)
        at = [one[free.jump - 1], one[-1]]
        shares = (np.log10(at) - axis.low) / (axis.high - axis.low)
        ys = axis.base + axis.height_of_all * shares
        np.testing.assert_allclose([start[1], end[1]], ys, atol=1e-6)
    at = free.jump
    before, after = seen["leap"]["numbers"]
    assert before == [number(float(each[at - 1])) for each, _ in pairs]
    assert after == [number(float(each[at])) for each, _ in pairs]
    assert seen["clipped"]["last"] == (
        number(float(free.update_loss[-1])),
        number(float(clipped.update_loss[-1])),
    )


def test_sizes_of_w(trace, perform, found):
    seen = perform(NAME, look, trace)["sizes"]
    weights = found.start, found.unclipped.last.W, found.clipped.last.W, trace.W
    for *sizes, drawn, w in zip(
        *(each.values() for each in seen["sizes"]), seen["sizes drawn"], weights, strict=True
    ):
        w = w.astype(float)
        expected = [np.linalg.norm(w, 2), max(w.flat, key=abs)]
        assert sizes == pytest.approx(expected, rel=1e-6)
        assert drawn == [f"largest element: {number(sizes[1])}", f"σ₁ = {number(sizes[0])}"]


def test_the_descents_are_those_of_the_network_of_one_unit(seen):
    thrown, kept = seen["clipped_descent"]["thrown"], seen["clipped_descent"]["kept"]
    for path, most in ((thrown, np.inf), (kept, 0.5)):
        for here, there in itertools.pairwise(path):
            gradient = cliff_gradient(*here)
            length = np.linalg.norm(gradient)
            np.testing.assert_allclose(there, here - 0.12 * gradient * min(1, most / length))
    for path, stops in zip((thrown, kept), seen["clipped_descent"]["stops"], strict=True):
        heights = (stops[:, 2] - 0.05) / 6.0
        np.testing.assert_allclose(heights, cliff_error(*path.T), atol=1e-9)
        np.testing.assert_allclose(np.diff(stops[:, 0]), 16.0 * np.diff(path[:, 0]), atol=1e-9)
        np.testing.assert_allclose(np.diff(stops[:, 1]), -16.0 * np.diff(path[:, 1]), atol=1e-9)
    errors = [number(float(cliff_error(*path[-1]))) for path in (thrown, kept)]
    assert [text.split('"')[1] for text in seen["clipped_descent"]["signs"]] == errors
    steep, far = seen["clipped_descent"]["thrown signs"]
    assert steep == f'norm(nabla L) = "{number(float(np.linalg.norm(cliff_gradient(*thrown[4]))))}"'
    assert far == number(float(np.linalg.norm(thrown[5] - thrown[4])))
    assert seen["thrown_off"]["reached"] == (len(thrown) - 1, -1)
    assert seen["clipped_descent"]["reached"] == (len(thrown) - 2, len(kept) - 1)


def test_the_surface_is_the_loss(seen):
    points = seen["cliff"]["surface"]
    w, b = points[..., 0] / 16.0 + 4.84, -2.54 - points[..., 1] / 16.0
    np.testing.assert_allclose(points[..., 2] / 6.0, cliff_error(w, b), atol=1e-6)
    assert seen["cliff"]["cells"] == (points.shape[0] - 1) * (points.shape[1] - 1)


def test_the_axes_of_the_cliff_have_their_numbers(seen):
    """A number stands at its value, or just beyond the edge of the map."""
    axes = {(text, tuple(place)) for text, place in seen["cliff"]["axes"]}
    read = {text.replace("−", "-"): np.array(place) for text, place in axes}
    for w in (4.7, 4.8, 4.9):
        assert read[str(w)][0] == pytest.approx(16 * (w - 4.84))
    for b in (-2.6, -2.5):
        assert read[str(b)][1] == pytest.approx(-16 * (b + 2.54))
    assert read["0.2"][2] == pytest.approx(6 * 0.2)


def test_steps_are_numbered_where_the_loss_jumps(seen):
    errors = cliff_error(*seen["clipped_descent"]["kept"].T)
    jumps = {k for k in range(1, len(errors)) if abs(errors[k] - errors[k - 1]) > 0.1}
    assert seen["clipped_descent"]["turns"] == [str(k) for k in sorted({0, *jumps})]
    assert len(jumps) == 3


def test_the_claims_of_the_captions_hold(seen, found):
    facts, thrown, kept = (seen["clipped_descent"][name] for name in ("facts", "thrown", "kept"))
    free, clipped = found.unclipped, found.clipped
    assert free.jump == 1  # after one update
    assert free.update_loss[1] > 1e4 * free.update_loss[0]
    assert free.update_norm[1] > 1e4 * free.update_norm[0]
    assert abs(free.update_loss[-1] / found.chance_loss - 1) < 0.25
    assert clipped.update_loss[-1] < 0.1 * found.chance_loss
    assert facts["loss_after"] == number(float(free.update_loss[1]))
    assert facts["steep"] == number(float(np.linalg.norm(cliff_gradient(*thrown[-2]))))
    assert facts["far"] == number(float(np.linalg.norm(thrown[-1] - thrown[-2])))
    np.testing.assert_array_equal(thrown[:5], kept[:5])
    plateau = cliff_error(*thrown[:4].T)
    assert plateau.min() > 0.3
    assert cliff_error(*thrown[4]) < 0.01  # the foot of the wall
    assert facts["far"] == number(0.12 * float(np.linalg.norm(cliff_gradient(*thrown[4]))))
    assert float(facts["rate"]) == 0.12
    assert found.clip == float(facts["clip"])
    assert clipped.update_norm.max() > found.clip  # measured before clipping
    np.testing.assert_array_equal(found.start, np.eye(8))
    assert np.abs(clipped.last.W - found.start).max() < 0.2
    assert free.update_loss[-1] > found.chance_loss  # no better than predicting the mean
    assert int(facts["leap"]) == 4
    assert facts["moved"] == number(float(np.linalg.norm(thrown[4] - thrown[3])))
    answers = [0.7 - np.sqrt(cliff_error(*thrown[3])), 0.7 + np.sqrt(cliff_error(*thrown[4]))]
    assert [facts["above"], facts["below"]] == [number(float(each)) for each in answers]
    assert cliff_error(*thrown[-1]) > 0.4
    assert cliff_error(*kept[-1]) < 0.05 < 0.3 < cliff_error(*kept[0])
    steps = np.linalg.norm(np.diff(kept, axis=0), axis=1)
    assert (steps <= 0.12 * float(facts["longest"]) * (1 + 1e-9)).all()
    assert thrown[-1][1] < -2.68  # the map ends there
    assert (kept >= (4.68, -2.68)).all()
    assert (kept <= (5.0, -2.4)).all()


def test_the_answers_before_and_after_the_wall_are_shown_there(seen):
    facts, screen = seen["over_the_edge"]["facts"], seen["over_the_edge"]
    assert [text.split('"')[-2] for text in screen["answers"]] == [facts["above"], facts["below"]]
    assert screen["answers shown"] == [1.0, 1.0]
    assert screen["reached"] == (4, -1)
    assert seen["thrown_off"]["answers shown"] == [0.0, 0.0]

"""The paths, their distance and the fixed points are those of the network, worked out by hand."""

import dataclasses

import numpy as np
import pytest

from rnnviz.errors import SceneError
from rnnviz.experiments import variant
from rnnviz.experiments.default_recordings import record_task
from rnnviz.mobjects.numbers import number, percent
from rnnviz.scene.loading import load_scene
from rnnviz.scene.needs import check_needs

MORE = 60


@pytest.fixture(params=["as recorded", "with another network"])
def trace(request, default_trace_of, changed_trace_of):
    made = default_trace_of if request.param == "as recorded" else changed_trace_of
    return made("trajectory")


def step(trace, h, x):
    return np.tanh(trace.U @ x + trace.W @ h + trace.b)


def states_by_hand(trace, xs):
    h, states = np.zeros(trace.hidden_size), []
    for x in xs:
        h = step(trace, h, x)
        states.append(h)
    return np.array(states)


def with_city(trace, city):
    x = trace.x[:, 0].copy()
    place = trace.metadata.step_labels[0].index("Beijing")
    x[place] = np.eye(trace.input_size)[trace.metadata.input_labels.index(city)]
    return x


def drawn(dots, scene):
    """The data of dots in the plane."""
    plane = scene.plane.plane
    low, high = plane.frame.get_start(), plane.frame.get_end()
    shares = np.array([(dot.get_center() - low)[:2] / (high - low)[:2] for dot in dots])
    ends = np.array([plane.x_bounds, plane.y_bounds])
    return ends[:, 0] + shares * (ends[:, 1] - ends[:, 0])


def test_two_sentences_are_two_paths_in_the_plane_of_their_states(trace, perform):
    def look(scene):
        return (
            drawn(scene.path.dots, scene),
            drawn(scene.other.dots, scene),
            drawn([scene.path.start], scene)[0],
            [name.text for name in scene.plane.names],
            [text.text for text in scene.list.own],
            [text.text for text in scene.list.other],
            {i: text.text for i, text in scene.path.words.items()},
            dict(scene.facts()),
        )

    seen = perform("trajectory", lambda scene: hasattr(scene, "plane") and look(scene), trace)
    own, other, start, names, words, others, placed, facts = seen["another_word"]
    h = states_by_hand(trace, trace.x[:, 0])
    again = states_by_hand(trace, with_city(trace, "Paris"))
    points = np.concatenate([h, again])
    mean = points.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov(points.T))
    axes = vectors[:, ::-1][:, :2]
    axes = axes * np.sign([column[np.abs(column).argmax()] for column in axes.T])
    np.testing.assert_allclose(own, (h - mean) @ axes, atol=1e-6)
    np.testing.assert_allclose(other, (again - mean) @ axes, atol=1e-6)
    np.testing.assert_allclose(start, -mean @ axes, atol=1e-6)
    shares = values[::-1][:2] / values.sum()
    assert [name.split("(")[1] for name in names] == [f"{percent(float(s))})" for s in shares]
    assert facts["share"] == percent(float(shares.sum()))
    labels = list(trace.metadata.step_labels[0])
    assert words == labels
    assert others == ["Paris" if word == "Beijing" else word for word in labels]
    assert placed
    assert all(text == labels[index] for index, text in placed.items())
    assert facts["changed"] == str(labels.index("Beijing") + 1)


def test_the_distance_is_that_of_the_states_in_all_units(trace, perform):
    def look(scene):
        shown = scene.list
        return [bar.width for bar in shown.bars], [text.text for text in shown.numbers]

    seen = perform("trajectory", lambda scene: hasattr(scene, "list") and look(scene), trace)
    widths, numbers = seen["distance"]
    h = states_by_hand(trace, trace.x[:, 0])
    again = states_by_hand(trace, with_city(trace, "Paris"))
    distances = np.linalg.norm(h - again, axis=1)
    assert numbers == [number(float(value)) for value in distances]
    expected = np.maximum(distances / distances.max() * max(widths), 0.02)
    np.testing.assert_allclose(widths, expected, rtol=1e-6)


def test_fixed_points_do_not_move_and_have_the_eigenvalues_that_are_drawn(trace, perform):
    def look(scene):
        plane = scene.circle.plane
        unit = plane.at(1.0, 0.0)[0] - plane.at(0.0, 0.0)[0]
        centres = [dot.get_center() - plane.at(0.0, 0.0) for dot in scene.circle.dots]
        return (
            drawn(scene.rings.rings, scene),
            [ring.get_fill_opacity() > 0 for ring in scene.rings.rings],
            np.array(centres)[:, :2] / unit,
            scene.circle.circle.width / 2 / unit,
            scene.paths,
            dict(scene.facts()),
        )

    seen = perform("trajectory", lambda scene: hasattr(scene, "circle") and look(scene), trace)
    rings, full, eigenvalues, radius, paths, facts = seen["eigenvalues"]
    x, states = trace.x[-1, 0], paths.found.states
    assert len(states)
    jacobians = [np.diag(1 - step(trace, h, x) ** 2) @ trace.W for h in states]
    for h in states:
        np.testing.assert_allclose(step(trace, h, x), h, atol=1e-9)
    shown = (states - paths.components.mean) @ paths.components.axes.T
    np.testing.assert_allclose(rings, shown[: len(rings)], atol=1e-6)
    stable = [bool(np.abs(np.linalg.eigvals(j)).max() < 1) for j in jacobians]
    assert full == stable[: len(full)]
    by_hand = np.linalg.eigvals(jacobians[0])
    drawn_values = eigenvalues[:, 0] + 1j * eigenvalues[:, 1]
    np.testing.assert_allclose(np.sort_complex(drawn_values), np.sort_complex(by_hand), atol=1e-4)
    assert radius == pytest.approx(1.0)
    count = "one fixed point" if len(states) == 1 else f"{len(states)} fixed points"
    assert count in facts["found"]


def test_the_input_that_stays_is_run_and_its_moves_are_drawn(trace, perform):
    def look(scene):
        staying = scene.staying
        plane = staying.chart
        corners = [*staying.line.get_start_anchors(), staying.line.get_end()]
        return (
            np.array(corners),
            plane,
            drawn([staying.end], scene)[0],
            scene.paths.components,
            dict(scene.facts()),
        )

    seen = perform("trajectory", lambda scene: hasattr(scene, "staying") and look(scene), trace)
    corners, plane, end, components, facts = seen["does_it_rest"]
    x = np.concatenate([trace.x[:, 0], np.repeat(trace.x[-1:, 0], MORE, axis=0)])
    h = states_by_hand(trace, x)
    moves = np.linalg.norm(np.diff(h, axis=0), axis=1)[-MORE:]
    expected = [plane.at(trace.steps + 1 + i, move) for i, move in enumerate(moves)]
    np.testing.assert_allclose(corners, expected, atol=1e-4)
    np.testing.assert_allclose(end, components.project(h[-1]), atol=1e-4)
    assert facts["more"] == str(MORE)


def test_the_claims_hold_on_the_default_recording(default_trace_of, perform):
    trace = default_trace_of("trajectory")
    facts = perform("trajectory", lambda scene: dict(scene.facts()))["states"]
    h = states_by_hand(trace, trace.x[:, 0])
    again = states_by_hand(trace, with_city(trace, "Paris"))
    distances = np.linalg.norm(h - again, axis=1)
    assert facts["part"] == "Up to there both paths are one; there they part."
    assert (distances[:3] == 0).all()
    assert (distances[3:] > 1).all()
    assert facts["fate"] == "They stay apart: the state remembers the difference."
    assert distances[-1] > 0.5 * distances.max()
    assert facts["found"] == "From 68 starts a search found 3 fixed points."
    assert facts["sort"] == "None of the 3 is stable."
    assert facts["rest"].startswith("The state does not come to rest")


def test_the_captions_of_a_network_that_forgets(default_trace_of, perform):
    trace = default_trace_of("trajectory")
    weak = variant(lambda _: {trace.parameter_name("weight_hh"): 0.05 * trace.W})(trace)
    facts = perform("trajectory", lambda scene: dict(scene.facts()), weak)["states"]
    assert facts["fate"] == "The difference is forgotten."
    assert facts["found"] == "From 68 starts a search found one fixed point."
    assert facts["sort"] == "Here it fades: stable."
    assert facts["rest"] == "The state comes to rest: a step moves it no more."


def test_what_the_network_does_not_read_parts_nothing(default_trace_of, perform):
    trace = default_trace_of("trajectory")
    deaf = variant(lambda _: {trace.parameter_name("weight_ih"): np.zeros_like(trace.U)})(trace)
    facts = perform("trajectory", lambda scene: dict(scene.facts()), deaf)["states"]
    assert facts["part"] == "The states do not notice it."


def test_other_data_get_the_input_that_differs_most():
    trace = record_task("prices", epochs=1)
    pair = load_scene("trajectory").scene.experiments["pair"](trace)
    own, other = pair.x[:, 0, 0], pair.x[:, 1, 0]
    assert np.array_equal(own, trace.x[:, 0, 0])
    (changed,) = np.flatnonzero(own != other)
    far = np.abs(own - own[changed]).argmax()
    assert other[changed] == own[far]
    assert pair.metadata.step_labels[1][changed] == trace.metadata.step_labels[0][far]


def test_without_labels_the_changed_input_is_marked(default_trace_of, perform):
    trace = default_trace_of("trajectory")
    about = dataclasses.replace(trace.metadata, step_labels=(), input_labels=(), task="")
    seen = perform(
        "trajectory",
        lambda scene: scene.paths.words,
        dataclasses.replace(trace, metadata=about),
    )
    own, other = seen["states"]
    assert [a for a, b in zip(own, other, strict=True) if a != b] == ["x₃"]
    assert "x₃*" in other


def test_one_unit_and_states_that_do_not_move_are_refused(default_trace_of):
    loaded = load_scene("trajectory")
    with pytest.raises(SceneError, match="1 unit"):
        check_needs(loaded, record_task("sentence", hidden=1, epochs=1))
    trace = default_trace_of("trajectory")
    dead = {name: np.zeros_like(value) for name, value in trace.parameters.items()}
    with pytest.raises(SceneError, match="all the same"):
        check_needs(loaded, variant(lambda _: dead)(trace))

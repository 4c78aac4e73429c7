"""The paths, their distance and the clusters are those of the network, worked out by hand."""

import dataclasses

import numpy as np
import pytest
from often import NETWORKS

from rnnviz.errors import SceneError
from rnnviz.experiments import variant
from rnnviz.experiments.default_recordings import record_task
from rnnviz.experiments.many_sequences import GAP, many_sequences
from rnnviz.mobjects.numbers import number, percent
from rnnviz.scene.loading import load_scene
from rnnviz.scene.needs import check_needs
from rnnviz.tasks.sentence import STORIES


@pytest.fixture(params=NETWORKS)
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


def look_at_plane(scene):
    return (
        drawn(scene.path.dots, scene),
        drawn(scene.other.dots, scene),
        drawn([scene.path.start], scene)[0],
        [name.text for name in scene.plane.names],
        [text.text for text in scene.list.own],
        {i: word.text.text for i, word in scene.path.words.items()},
        {i: word.text.text for i, word in scene.other.words.items()},
    )


def look_at_list(scene):
    return [bar.width for bar in scene.list.bars], [text.text for text in scene.list.numbers]


def look_at_clusters(scene):
    clusters = scene.clusters
    plane = clusters.plane.plane
    low, high = plane.frame.get_start(), plane.frame.get_end()
    ends = np.array([plane.x_bounds, plane.y_bounds])
    places = np.array([dot.get_center()[:2] for dot in clusters.dots])
    shares = (places - low[:2]) / (high - low)[:2]
    return (
        ends[:, 0] + shares * (ends[:, 1] - ends[:, 0]),
        [dot.get_fill_color().to_hex() for dot in clusters.dots],
        [entry[1].text for entry in clusters.legend],
        [entry[0].get_fill_color().to_hex() for entry in clusters.legend],
        [text.text for text in clusters.numbers],
        [name.text for name in clusters.plane.names],
        clusters.many,
    )


PARTS = {"plane": look_at_plane, "list": look_at_list, "clusters": look_at_clusters}


def look(scene):
    """What the tests read of a trace, so that it is played once for them."""
    seen = {part: look_at(scene) for part, look_at in PARTS.items() if hasattr(scene, part)}
    return seen | {"facts": dict(scene.facts())}


def test_two_sentences_are_two_paths_in_the_plane_of_their_states(trace, perform):
    seen = perform("trajectory", look, trace)["another_word"]
    own, other, start, names, words, placed, others = seen["plane"]
    facts = seen["facts"]
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
    assert placed == dict(enumerate(labels))
    parted = labels.index("Beijing")
    assert others == {parted: "Paris", **dict(enumerate(labels[parted + 1 :], parted + 1))}
    assert facts["changed"] == str(labels.index("Beijing") + 1)


def test_the_distance_is_that_of_the_states_in_all_units(trace, perform):
    widths, numbers = perform("trajectory", look, trace)["distance"]["list"]
    h = states_by_hand(trace, trace.x[:, 0])
    again = states_by_hand(trace, with_city(trace, "Paris"))
    distances = np.linalg.norm(h - again, axis=1)
    assert numbers == [number(float(value)) for value in distances]
    expected = np.maximum(distances / distances.max() * max(widths), 0.02)
    np.testing.assert_allclose(widths, expected, rtol=1e-6)


def test_many_sentences_end_where_the_network_takes_them(trace, perform):
    seen = perform("trajectory", look, trace)["cluster"]
    points, colors, names, hues, numbers, axes, many = seen["clusters"]
    facts = seen["facts"]
    network = many.trace
    assert network.steps == trace.steps + GAP
    sentences = network.metadata.step_labels
    assert len(set(sentences)) > 200
    h = np.array([states_by_hand(network, network.x[:, i])[-1] for i in range(network.batch)])
    np.testing.assert_allclose(h, many.states, atol=1e-9)
    mean = h.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov(h.T))
    basis = vectors[:, ::-1][:, :2]
    basis = basis * np.sign([column[np.abs(column).argmax()] for column in basis.T])
    np.testing.assert_allclose(points, (h - mean) @ basis, atol=1e-6)
    shares = values[::-1][:2] / values.sum()
    assert [name.split("(")[1] for name in axes] == [f"{percent(float(s))})" for s in shares]
    answers = [STORIES["city", "en"].answers[sentence[3]] for sentence in sentences]
    assert [names[hues.index(color)] for color in colors] == answers
    found = [nearest_by_hand(h, np.array(answers), index) for index in range(len(h))]
    right = np.array(found) == answers
    assert numbers == [
        f"{right[np.array(answers) == name].sum()} / {answers.count(name)}" for name in names
    ]
    told = "each last state" if right.all() else f"{right.sum()} of {len(h)} last states"
    assert told in facts["clusters"]


def nearest_by_hand(states, groups, index):
    rest = np.arange(len(states)) != index
    means = {name: states[rest & (groups == name)].mean(axis=0) for name in {*groups[rest]}}
    return min(means, key=lambda name: np.linalg.norm(states[index] - means[name]))


def test_the_last_states_of_a_trained_network_cluster(perform):
    facts = perform("trajectory", look)["states"]["facts"]
    told = "They cluster: each last state is nearest to the mean of its own answer."
    assert facts["clusters"] == told
    assert facts["many"] == (
        "Now 240 longer sentences, with 5 random words before the end, and another network that "
        "was trained on such, in a plane of its own. All begin in one point."
    )
    assert facts["together"] == "; many lie on top of each other"


def test_a_network_with_random_words_reads_its_own_sentences():
    trace = record_task("sentence", gap=2, epochs=1)
    many = many_sequences(trace)
    assert not many.companion
    assert many.trace.parameters.keys() == trace.parameters.keys()
    for name, value in trace.parameters.items():
        np.testing.assert_array_equal(many.trace.parameters[name], value)
    assert many.trace.steps == trace.steps


def test_other_data_is_read_in_random_orders_and_grouped_by_the_output():
    trace = record_task("prices", epochs=1)
    many = many_sequences(trace)
    own = np.sort(trace.x[:, 0], axis=0)
    for index in range(many.trace.batch):
        np.testing.assert_array_equal(np.sort(many.trace.x[:, index], axis=0), own)
    last = many.trace.y[-1, :, 0]
    assert many.answers.sum() == many.trace.batch // 2
    assert last[many.answers == 1].min() >= last[many.answers == 0].max()


def test_the_claims_hold_on_the_default_recording(default_trace_of, perform):
    trace = default_trace_of("trajectory")
    facts = perform("trajectory", look)["states"]["facts"]
    h = states_by_hand(trace, trace.x[:, 0])
    again = states_by_hand(trace, with_city(trace, "Paris"))
    distances = np.linalg.norm(h - again, axis=1)
    assert facts["part"] == "The paths coincide until step 4, then separate."
    assert (distances[:3] == 0).all()
    assert (distances[3:] > 1).all()
    assert facts["fate"] == "They stay apart: the state remembers the difference."
    assert distances[-1] > 0.5 * distances.max()


def test_the_captions_of_a_network_that_forgets(default_trace_of, facts_of):
    trace = default_trace_of("trajectory")
    weak = variant(lambda _: {trace.parameter_name("weight_hh"): 0.05 * trace.W})(trace)
    assert facts_of("trajectory", weak)["fate"] == "The difference is forgotten."


def test_what_the_network_does_not_read_parts_nothing(default_trace_of, facts_of):
    trace = default_trace_of("trajectory")
    deaf = variant(lambda _: {trace.parameter_name("weight_ih"): np.zeros_like(trace.U)})(trace)
    assert facts_of("trajectory", deaf)["part"] == "The states do not notice it."


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

"""A training repeated is the training that made the trace, or it is refused."""

import dataclasses

import numpy as np
import pytest

from rnnviz import tasks, training
from rnnviz.errors import SceneError
from rnnviz.experiments import in_turn, retraining, scaled_recurrence
from rnnviz.experiments.default_recordings import cache_folder, record_task
from rnnviz.experiments.retraining import NEW_SEQUENCES, before_training, retrain
from rnnviz.recording import rerun


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("RNNVIZ_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def trace():
    return record_task("sentence", epochs=4, seed=5)


def softmax(logits):
    shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return shares / shares.sum(axis=-1, keepdims=True)


def forward(weights, x):
    """States (time, batch, hidden) and logits of an RNN, step by step in NumPy."""
    state = np.zeros((x.shape[1], weights["rnn.weight_hh_l0"].shape[0]))
    bias = weights["rnn.bias_ih_l0"] + weights["rnn.bias_hh_l0"]
    states = []
    for step in x:
        state = np.tanh(
            step @ weights["rnn.weight_ih_l0"].T + state @ weights["rnn.weight_hh_l0"].T + bias
        )
        states.append(state)
    states = np.array(states)
    return states, states @ weights["fc.weight"].T + weights["fc.bias"]


def test_a_course_is_that_of_the_training(trace):
    course = retrain(trace)
    task = tasks.make("sentence")
    history = training.train(task, epochs=4, seed=5, record_every=1).history
    assert course.epochs.tolist() == [0, 1, 2, 3, 4]
    assert course.learning_rate == task.learning_rate
    new = task.sample(np.random.default_rng((5, 1)), NEW_SEQUENCES)
    rows = np.arange(NEW_SEQUENCES)
    for index in range(5):
        weights = {name: value[index].astype(np.float64) for name, value in history.weights.items()}
        np.testing.assert_array_equal(course.W[index], weights["rnn.weight_hh_l0"])
        states, logits = forward(weights, trace.x)
        np.testing.assert_allclose(course.h[index], states[:, 0], atol=1e-12)
        y = softmax(logits[:, 0])
        np.testing.assert_allclose(course.y[index], y, atol=1e-12)
        right = int(trace.targets[-1, 0])
        assert course.example_loss[index, -1] == pytest.approx(-np.log(y[-1, right]))
        assert not course.example_loss[index, :-1].any()
        shares = softmax(forward(weights, new.x)[1][-1])
        hits = shares.argmax(axis=-1) == new.targets[-1]
        assert course.score[index] == hits.mean()
        assert course.loss[index] == pytest.approx(
            -np.log(shares[rows, new.targets[-1]]).mean(), rel=1e-4
        )
    assert course.chance_loss == pytest.approx(np.log(6))
    assert course.chance_score == pytest.approx(1 / 6, abs=0.005)


def test_the_gradient_before_training_is_a_slope_of_the_loss(trace):
    course = retrain(trace)
    history = training.train("sentence", epochs=4, seed=5, record_every=4).history
    start = {name: value[0].astype(np.float64) for name, value in history.weights.items()}
    right = int(trace.targets[-1, 0])

    def loss(moved):
        logits = forward({**start, "rnn.weight_hh_l0": moved}, trace.x)[1]
        return -np.log(softmax(logits[-1, 0])[right])

    w = start["rnn.weight_hh_l0"]
    for place in ((0, 0), (3, 5), (7, 2)):
        nudge = np.zeros_like(w)
        nudge[place] = 1e-6
        slope = (loss(w + nudge) - loss(w - nudge)) / 2e-6
        assert course.gradient[place] == pytest.approx(slope, rel=1e-4, abs=1e-8)


def test_it_is_repeated_once_and_then_kept(trace, monkeypatch):
    first = retrain(trace)
    monkeypatch.setattr(training, "train", lambda *_, **__: pytest.fail("trained again"))
    again = retrain(trace)
    for name in ("epochs", "W", "h", "y", "loss", "score", "gradient"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))


def test_before_training_is_where_training_began(trace):
    start = before_training(trace)
    first = training.train(tasks.make("sentence"), epochs=4, seed=5, record_every=1).history
    for name, value in first.weights.items():
        np.testing.assert_array_equal(start.parameters[name], value[0])
        assert np.abs(trace.parameters[name] - value[0]).max() > 0.01
    np.testing.assert_array_equal(start.x, trace.x)
    states, _ = forward({name: value[0] for name, value in first.weights.items()}, trace.x)
    np.testing.assert_allclose(start.h[0, 0], states, atol=1e-6)
    half = in_turn(before_training, scaled_recurrence(0.5))(trace)
    np.testing.assert_array_equal(half.W, 0.5 * start.W)


def test_a_network_that_rnnviz_did_not_train_is_its_own_start(trace):
    own = dataclasses.replace(trace, metadata=dataclasses.replace(trace.metadata, seed=None))
    assert before_training(own) is own


@pytest.mark.parametrize(
    ("task", "options"),
    [
        ("prices", {"steps": 7}),
        ("adding", {}),
        ("sentence", {"cell": "lstm", "language": "zh", "gap": 3}),
        ("sentence", {"cell": "gru", "hidden": 3}),
        ("sentence", {"cell": "lstm", "forget_bias": "chrono", "gap": 3}),
        ("sentence", {"nonlinearity": "relu", "dtype": "float32"}),
        ("text", {"text": "to be or not to be", "unit": "word", "steps": 2}),
    ],
)
def test_any_task_and_cell_that_rnnviz_trains(task, options):
    trace = record_task(task, epochs=2, seed=1, **options)
    course = retrain(trace)
    np.testing.assert_allclose(course.h[-1], trace.h[0, 0, :, 0], atol=1e-6)
    np.testing.assert_allclose(course.y[-1], trace.y[:, 0], atol=1e-6)
    np.testing.assert_allclose(course.W[-1], trace.W, atol=1e-7)


def test_a_long_training_is_shown_by_some_of_its_records(monkeypatch):
    monkeypatch.setattr(retraining, "MOST_RECORDS", 4)
    course = retrain(record_task("copying", epochs=25, seed=1, hidden=2))
    assert len(course.epochs) == 4
    assert (course.epochs[0], course.epochs[-1]) == (0, 25)
    gaps = np.diff(course.epochs)
    assert gaps[0] == gaps.min() < gaps.max()


def ended_elsewhere(trace, share):
    """The trace, with weights that are a share of the way of training from where it ended."""
    start, rng = before_training(trace), np.random.default_rng(0)
    way = max(
        np.abs(trace.parameters[name] - value).max() for name, value in start.parameters.items()
    )
    moved = {
        name: value + share * way * rng.uniform(-1, 1, value.shape)
        for name, value in trace.parameters.items()
    }
    other, about = rerun(trace, moved), trace.metadata
    trained = dataclasses.replace(other.metadata, seed=about.seed, epochs=about.epochs)
    return dataclasses.replace(other, metadata=trained)


def test_a_training_on_another_processor_ends_in_the_weights_of_the_trace(trace):
    course = retrain(trace)
    assert course.apart == 0
    other = ended_elsewhere(trace, 0.02)
    repeated = retrain(other)
    assert 0.01 < repeated.apart < 0.03
    np.testing.assert_allclose(repeated.W[-1], other.W, atol=1e-7)
    np.testing.assert_allclose(repeated.h[-1], other.h[0, 0, :, 0], atol=1e-6)
    np.testing.assert_array_equal(repeated.W[:-1], course.W[:-1])


def test_a_training_that_ends_far_from_the_trace_is_refused(trace):
    with pytest.raises(SceneError, match="other settings or on another kind of processor"):
        retrain(ended_elsewhere(trace, 0.1))


@pytest.mark.parametrize("settings", [{"learning_rate": 0.02}, {"optimizer": "sgd"}], ids=str)
def test_a_training_with_settings_of_its_own_is_refused(settings):
    trace = record_task("sentence", epochs=2, seed=1, **settings)
    with pytest.raises(SceneError, match=r"gives other weights than the trace.*; record one"):
        retrain(trace)


@pytest.mark.parametrize("lacks", [{"seed": None}, {"epochs": None}, {"task": "mine"}], ids=str)
def test_a_network_that_rnnviz_did_not_train_is_refused(trace, lacks):
    other = dataclasses.replace(trace, metadata=dataclasses.replace(trace.metadata, **lacks))
    with pytest.raises(SceneError, match=r"does not say how its network was trained.*; record"):
        retrain(other)


def test_no_metadata_decide_where_a_training_is_kept(trace):
    hostile = dataclasses.replace(trace.metadata, parameters_hash="x/../../../keep")
    place = retraining._cache_file(dataclasses.replace(trace, metadata=hostile))
    assert place == retraining._cache_file(trace)
    assert place.parent == cache_folder()

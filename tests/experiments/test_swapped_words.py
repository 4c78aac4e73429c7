"""A sentence with one word swapped: the network's own answers, whoever computes them."""

import numpy as np
import pytest
import torch

from rnnviz import training
from rnnviz.errors import TraceError
from rnnviz.experiments.default_recordings import record_task
from rnnviz.experiments.swapped_words import swapped, swaps
from rnnviz.recording import record

GAP = 3
CITIES = {"Paris": "French", "Berlin": "German", "Tokyo": "Japanese", "Rome": "Italian"}


@pytest.fixture(scope="module")
def trained():
    return training.train("sentence", gap=GAP, cell="gru", seed=1)


@pytest.fixture(scope="module")
def trace(trained):
    return trained.record()


@pytest.fixture(scope="module")
def found(trace):
    return swaps(trace)


def one_hot(trained, words):
    labels = trained.task.input_labels
    x = np.zeros((len(words), 1, len(labels)), dtype=np.float32)
    for step, word in enumerate(words):
        x[step, 0, labels.index(word)] = 1.0
    return x


def answers_of(trained, words):
    """The probabilities of all answers, by PyTorch's own forward pass in float32."""
    with torch.no_grad():
        output, _ = trained.network(torch.from_numpy(one_hot(trained, words)))
    return output[-1, 0].softmax(-1).numpy()


def test_a_swapped_sentence_is_what_a_fresh_recording_of_it_gives(trained, trace):
    words = ["I", "live", "in", "Paris", *trace.metadata.step_labels[0][4:]]
    run = swapped(3, "Paris")(trace)
    fresh = record(
        trained.network,
        torch.from_numpy(one_hot(trained, words)),
        torch.tensor(trace.targets),
        gradients=False,
        dtype="float64",
    )
    assert run.metadata.step_labels == (tuple(words),)
    np.testing.assert_array_equal(run.x, fresh.x)
    for field in ("h", "gates", "y", "loss"):
        np.testing.assert_allclose(getattr(run, field), getattr(fresh, field), atol=1e-12)
    assert not run.has_gradients


@pytest.mark.parametrize(("city", "language"), CITIES.items())
def test_another_city_flips_the_answer(city, language, trace, found):
    labels = trace.metadata.output_labels
    assert labels[int(swapped(3, city)(trace).y[-1, 0].argmax())] == language
    assert found.answers[3][found.others[3].index(city)] == language


def test_every_word_is_swapped_for_every_other_that_can_stand_there(trained, found):
    story = trained.task.story
    assert found.words == trained.task.example().step_labels[0]
    assert set(found.others[3]) == set(story.answers) - {"Beijing"}
    for position in (4, 5, 6):
        assert set(found.others[position]) == set(story.fillers) - {found.words[position]}
    for position in (0, 1, 2, 7, 8, 9, 10):
        assert found.others[position] == ()
    assert len(found.others) == len(found.swapped) == len(found.answers) == 11


def test_the_answers_to_all_swaps_are_pytorchs(trained, found):
    right = trained.task.output_labels.index("Chinese")
    assert found.answer == "Chinese"
    own = answers_of(trained, found.words)[right]
    assert found.right == pytest.approx(own, abs=1e-5)
    for position, row in enumerate(found.others):
        changes, flips = [], []
        for index, word in enumerate(row):
            words = [*found.words[:position], word, *found.words[position + 1 :]]
            probabilities = answers_of(trained, words)
            assert found.swapped[position][index] == pytest.approx(probabilities[right], abs=1e-5)
            best = trained.task.output_labels[int(probabilities.argmax())]
            assert found.answers[position][index] == best
            changes.append(abs(probabilities[right] - own))
            flips.append(best != "Chinese")
        mean = np.mean(changes) if row else 0.0
        assert found.importance[position] == pytest.approx(mean, abs=1e-5)
        assert found.flips[position] == (np.mean(flips) if row else 0.0)


def test_the_word_that_decides_is_the_most_important_of_a_network_that_has_learnt(found):
    assert found.importance.argmax() == 3
    assert found.importance[3] > 0.9
    assert found.flips[3] == 1.0
    fillers = found.importance[4:7]
    assert (fillers < 0.1).all()


def test_the_chinese_sentence_and_its_other_story():
    for story, clue, other in (("city", "北京", "巴黎"), ("repair", "电脑", "雨伞")):
        trace = record_task("sentence", language="zh", story=story, hidden=16, seed=1)
        found = swaps(trace)
        place = found.words.index(clue)
        assert other in found.others[place]
        assert found.importance.argmax() == place
        assert found.flips[place] == 1.0


def test_a_word_without_another_has_no_importance():
    trace = record_task("sentence", language="zh", hidden=2, epochs=1, seed=1, story="repair")
    found = swaps(trace)
    for position, row in enumerate(found.others):
        assert found.swapped[position].shape == (len(row),)
    assert found.importance.shape == found.flips.shape == (len(found.words),)


@pytest.mark.parametrize(
    ("position", "word", "expected"),
    [
        (3, "Lima", "the network has no input for 'Lima'; choose one of I, live, in, Beijing"),
        (11, "Paris", "there is no position 11; the sentence has 11 words, counted from 0"),
        (-1, "Paris", "there is no position -1"),
    ],
)
def test_a_swap_that_cannot_be_made(position, word, expected, trace):
    with pytest.raises(TraceError, match=expected):
        swapped(position, word)(trace)


def test_other_tasks_have_no_words_to_swap():
    trace = record_task("prices", epochs=1, seed=1, gradients=False, steps=4)
    with pytest.raises(TraceError, match="task is 'prices', whose words cannot be swapped; record"):
        swaps(trace)

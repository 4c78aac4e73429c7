"""Sentences: without the clue nothing tells the last word, and they read as a person writes."""

import numpy as np
import pytest

from rnnviz import tasks
from rnnviz.tasks.sentence import STORIES


@pytest.mark.parametrize(("story", "language"), list(STORIES))
@pytest.mark.parametrize("gap", [0, 3])
def test_sentences_that_differ_in_the_clue_differ_in_no_other_input(story, language, gap):
    task = tasks.make("sentence", story=story, language=language, gap=gap)
    place = len(task.story.before)
    batch = task.sample(np.random.default_rng(1), 300)
    rest = np.delete(batch.x, place, axis=0)
    if not gap:
        assert (rest == rest[:, :1]).all()
    used = set(task.story.answers)
    for words in batch.step_labels:
        assert used.isdisjoint(words[:place] + words[place + 1 :])


@pytest.mark.parametrize("gap", [1, 3])
def test_fillers_are_as_probable_after_every_clue(gap):
    task = tasks.make("sentence", gap=gap)
    batch = task.sample(np.random.default_rng(2), 6000)
    place = len(task.story.before)
    fillers = batch.x[place + 1 : place + 1 + gap].mean(axis=0)
    clues = np.array([words[place] for words in batch.step_labels])
    overall = fillers.mean(axis=0)
    for clue in task.story.answers:
        np.testing.assert_allclose(fillers[clues == clue].mean(axis=0), overall, atol=0.04)


def test_every_clue_and_every_answer_is_drawn_and_answers_are_different():
    for story, language in STORIES:
        task = tasks.make("sentence", story=story, language=language)
        batch = task.sample(np.random.default_rng(3), 200)
        assert {row[-1] for row in batch.target_labels} == set(task.output_labels)
        assert len(set(task.output_labels)) == len(task.story.answers) >= 4


def test_the_chinese_example_has_eight_words():
    task = tasks.make("sentence", language="zh")
    assert " ".join(task.example().step_labels[0]) == "我 住 在 北京 所以 我 会 说"
    assert task.story.answers["巴黎"] == "法语"


def test_one_generator_one_batch():
    task = tasks.make("sentence", gap=4)
    one, two, other = (task.sample(np.random.default_rng(seed), 20) for seed in (6, 6, 7))
    np.testing.assert_array_equal(one.x, two.x)
    np.testing.assert_array_equal(one.targets, two.targets)
    assert one.step_labels != other.step_labels


@pytest.mark.parametrize("gap", [1, 40])
def test_the_example_has_as_many_fillers_as_asked(gap):
    task = tasks.make("sentence", gap=gap)
    assert len(task.example().x) == 8 + gap
    assert "Beijing" in task.example().step_labels[0]

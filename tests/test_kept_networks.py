"""The saved networks that tests use are those that training gives."""

import numpy as np
import pytest
from kept_networks import LANGUAGES, instead_of_training, read, use_in

from rnnviz import tasks, training
from rnnviz.experiments.default_recordings import cache_folder, default_trace
from rnnviz.experiments.studies import LEARNT, LECTURE, other_stories, starts_of, study_of

NETWORKS = {language: read(language) for language in LANGUAGES}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_saved_network_gives_its_saved_outputs_on_todays_data(language):
    for key, kept in NETWORKS[language].items():
        np.testing.assert_allclose(kept.outputs(), kept.about["outputs"], rtol=1e-4, err_msg=key)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_network_of_the_lecture_is_saved(language):
    for cell, others in (("rnn", 0), ("gru", 0), ("lstm", len(LECTURE.seeds))):
        found = [key for key in NETWORKS[language] if f'"cell": "{cell}"' in key]
        assert len(found) == len(LECTURE.gaps) * len(LECTURE.seeds) + others
    assert any(key.startswith('["prices"') for key in NETWORKS[language])


def test_default_recordings_need_no_training(monkeypatch):
    use_in(cache_folder())
    monkeypatch.setattr(training, "train", None)
    for language in LANGUAGES:
        study_of(default_trace("sentence", language=language))
        starts_of(default_trace("sentence", language=language))
        other_stories(default_trace("sentence", language=language))
        default_trace("prices", language=language)


def test_a_missing_network_is_named():
    with (
        instead_of_training({}),
        pytest.raises(AssertionError, match=r"run tools/train_test_networks\.py"),
    ):
        training.train(tasks.make("sentence"), seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_training_gives_equivalent_networks(language):
    """The weights may differ, since training magnifies the rounding of other processors."""
    learnt, scores, agree = [], [], []
    for kept in NETWORKS[language].values():
        if kept.about["task"] != "sentence":  # whose score is a share of right answers
            continue
        task = tasks.make(kept.about["task"], **kept.about["options"])
        made = training.train(task, **kept.about["settings"])
        scores.append(made.score - kept.about["score"])
        learnt.append(kept.about["score"] >= LEARNT)
        agree.append((made.score >= LEARNT) == learnt[-1])
    assert 0 < np.mean(learnt) < 1
    assert abs(np.mean(scores)) < 0.05
    assert np.mean(agree) > 0.85

"""Training: it learns, it is the same every time, and it leaves no trace in the caller's state."""

import numpy as np
import pytest
import torch

from rnnviz import tasks
from rnnviz.errors import TrainingError
from rnnviz.training import train
from rnnviz.verification import verify


@pytest.fixture(scope="module")
def learnt():
    return train("sentence", seed=1)


def test_the_sentence_is_learnt_and_the_score_is_that_of_fresh_sentences(learnt):
    assert learnt.learnt
    assert learnt.score == 1.0
    fresh = learnt.task.sample(np.random.default_rng(99), 200)
    with torch.no_grad():
        output, _ = learnt.network(torch.from_numpy(fresh.x))
    assert (output[-1].argmax(-1).numpy() == fresh.targets[-1]).all()


def test_the_recording_says_how_it_was_trained(learnt):
    trace = learnt.record()
    about = trace.metadata
    assert (about.task, about.seed, about.accuracy) == ("sentence", 1, 1.0)
    assert about.epochs == len(learnt.losses)
    assert about.versions["torch"] == torch.__version__
    assert verify(trace).ok


def test_recording_leaves_the_trained_network_as_it_was(learnt):
    before = {name: value.clone() for name, value in learnt.network.state_dict().items()}
    learnt.record(dtype="float64")
    for name, value in learnt.network.state_dict().items():
        assert value.dtype == before[name].dtype
        assert torch.equal(value, before[name])


def test_the_seed_alone_decides():
    one, two, other = (train("sentence", epochs=2, seed=seed) for seed in (4, 4, 5))
    assert one.losses == two.losses
    assert one.losses != other.losses
    for a, b in zip(one.network.parameters(), two.network.parameters(), strict=True):
        assert torch.equal(a, b)


def test_the_callers_random_state_stays():
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    train("sentence", epochs=1, seed=9)
    assert torch.equal(torch.rand(3), expected)


def test_training_lowers_the_loss_of_prices():
    trained = train(tasks.make("prices", steps=6), epochs=12, seed=0)
    assert trained.losses[-1] < 0.1 * trained.losses[0]
    assert len(trained.losses) == 12


def test_without_a_seed_the_first_that_learns_is_kept():
    assert train("sentence").seed == 1
    unlearnable = train("sentence", epochs=1)
    assert not unlearnable.learnt
    assert unlearnable.seed in (1, 2, 3)


def test_progress_is_told_after_each_epoch():
    told = []
    train("sentence", epochs=3, seed=2, progress=lambda *news: told.append(news))
    assert [(epoch, most) for epoch, most, _ in told] == [(1, 3), (2, 3), (3, 3)]


def test_a_loss_that_is_no_number_is_an_error():
    with pytest.raises(TrainingError, match="smaller learning rate"):
        train("prices", epochs=3, seed=0, learning_rate=1e20)


@pytest.mark.parametrize("options", [{"epochs": 0}, {"hidden": 0}])
def test_settings_that_train_nothing(options):
    with pytest.raises(TrainingError, match="choose 1 or more"):
        train("sentence", **options)

"""Training: it learns, it is the same every time, and it leaves no trace in the caller's state."""

import numpy as np
import pytest
import torch

from rnnviz import tasks
from rnnviz.errors import RecordingError, TrainingError
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


def test_a_gap_is_bridged_on_sentences_whose_fillers_were_drawn_anew():
    trained = train(tasks.make("sentence", gap=3), seed=1)
    assert trained.learnt
    fresh = trained.task.sample(np.random.default_rng(1234), 500)
    with torch.no_grad():
        output, _ = trained.network(torch.from_numpy(fresh.x))
    guessed = [trained.task.output_labels[place] for place in output[-1].argmax(-1)]
    right = [word == row[-1] for word, row in zip(guessed, fresh.target_labels, strict=True)]
    assert np.mean(right) > 0.99


def test_a_network_that_cannot_see_the_clue_is_right_by_chance_only(learnt):
    task = learnt.task
    fresh = task.sample(np.random.default_rng(8), 600)
    blind = fresh.x.copy()
    blind[len(task.story.before)] = 0
    with torch.no_grad():
        output, _ = learnt.network(torch.from_numpy(blind))
    assert task.score(output.numpy(), fresh) < 0.25  # one of six


def test_the_recording_says_how_it_was_trained(learnt):
    trace = learnt.record()
    about = trace.metadata
    assert (about.task, about.seed, about.accuracy) == ("sentence", 1, 1.0)
    assert about.epochs == len(learnt.losses)
    assert about.versions["torch"] == torch.__version__
    assert verify(trace).ok


def test_recording_leaves_the_trained_network_as_it_was():
    trained = train("sentence", epochs=1, seed=1)
    before = {name: value.clone() for name, value in trained.network.state_dict().items()}
    assert trained.record(dtype="float64").metadata.dtype == "float64"
    for name, value in trained.network.state_dict().items():
        assert value.dtype == before[name].dtype == torch.float32
        assert torch.equal(value, before[name])


def test_a_dtype_that_is_not_recorded(learnt):
    with pytest.raises(RecordingError, match="there is no dtype 'float16'; choose float32 or"):
        learnt.record(dtype="float16")


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


def test_training_runs_on_one_thread_and_the_callers_settings_stay():
    found = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        state, threads = np.random.get_state()[1].copy(), []
        train("sentence", epochs=1, progress=lambda *_: threads.append(torch.get_num_threads()))
        assert set(threads) == {1}
        assert torch.get_num_threads() == 2
        with pytest.raises(TrainingError):
            train("prices", epochs=3, seed=0, learning_rate=1e20)
        assert torch.get_num_threads() == 2
        np.testing.assert_array_equal(np.random.get_state()[1], state)
        assert torch.is_grad_enabled()
    finally:
        torch.set_num_threads(found)


def test_the_score_of_prices_is_beside_the_naive_forecast():
    trained = train(tasks.make("prices", steps=6), epochs=30, seed=0)
    about = trained.record().metadata
    assert "the next value is this one" in about.accuracy_name
    fresh = trained.task.sample(np.random.default_rng(3), 2000)
    with torch.no_grad():
        output, _ = trained.network(torch.from_numpy(fresh.x))
    own = ((output.numpy() - fresh.targets) ** 2).mean()
    naive = ((fresh.x - fresh.targets) ** 2).mean()
    assert about.accuracy == pytest.approx(own / naive, rel=0.15)


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


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"epochs": 0}, "choose 1 or more"),
        ({"hidden": 0}, "choose 1 or more"),
        ({"seed": -1}, "the seed is -1; choose one from 0"),
        ({"seed": 10**30}, "choose one from 0 to"),
        ({"learning_rate": 0.0}, "greater than 0"),
        ({"learning_rate": float("nan")}, "greater than 0"),
        ({"learning_rate": float("inf")}, "a learning rate of inf trains nothing"),
    ],
)
def test_settings_that_train_nothing(options, expected):
    with pytest.raises(TrainingError, match=expected):
        train("sentence", **options)

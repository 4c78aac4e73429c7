"""Networks without a loop: what they see, and what they can answer."""

import numpy as np
import pytest
import torch
from often import every

from rnnviz import training
from rnnviz.errors import TaskError, TraceError
from rnnviz.experiments import windows
from rnnviz.experiments.default_recordings import FOLDER_VARIABLE, record_task
from rnnviz.experiments.studies import StudySettings
from rnnviz.tasks.sentence import Sentence
from rnnviz.tasks.windowed import WindowedSentence


@pytest.mark.parametrize("window", [1, 5, 9, 13])
def test_a_window_holds_the_last_words_of_the_same_sentences(window):
    plain, seen = Sentence(gap=2), WindowedSentence(gap=2, window=window)
    one = plain.sample(np.random.default_rng(4), 6)
    other = seen.sample(np.random.default_rng(4), 6)
    words = len(plain.input_labels)
    assert other.x.shape == (1, 6, window * words) == (1, 6, len(seen.input_labels))
    for sequence in range(6):
        rows = other.x[0, sequence].reshape(window, words)
        last = one.x[-window:, sequence]
        np.testing.assert_array_equal(rows[window - len(last) :], last)
        assert not rows[: window - len(last)].any()
    np.testing.assert_array_equal(other.targets[0], one.targets[-1])


def test_a_windowed_network_is_feed_forward():
    """Its recurrent weights have no part in its answers."""
    trained = training.train(WindowedSentence(window=6), hidden=4, epochs=2, seed=1)
    x = torch.from_numpy(trained.task.sample(np.random.default_rng(1), 9).x)
    with torch.no_grad():
        before, _ = trained.network(x)
        trained.network.rnn.weight_hh_l0.fill_(7.0)
        after, _ = trained.network(x)
    assert torch.equal(before, after)


@pytest.mark.parametrize("language", every(2, ["en", "zh"]))
def test_without_the_loop_the_sentence_is_a_guess(language):
    trace = record_task("sentence", language=language, seed=1)
    found = windows.without_loop(trace)
    assert found.with_loop == trace.metadata.accuracy == 1.0
    assert found.chance == pytest.approx(1 / 6)
    assert found.without == pytest.approx(1 / 6, abs=0.05)


def test_a_window_answers_where_it_sees_the_word_and_guesses_where_it_does_not(
    tmp_path, monkeypatch
):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.setattr(windows, "LECTURE", StudySettings(gaps=(0, 3), seeds=(1,)))
    monkeypatch.setattr(windows, "WINDOWS", (5, 8))
    found = windows.windows_by_gap(record_task("sentence", hidden=3, epochs=1, seed=1))
    assert found.gaps == (0, 3)
    assert found.sees[5].tolist() == [True, False]
    assert found.sees[8].tolist() == [True, True]
    for window, accuracies in found.windows.items():
        for sees, accuracy in zip(found.sees[window], accuracies, strict=True):
            assert accuracy == 1.0 if sees else accuracy < 0.25
    for gap, accuracy in zip(found.gaps, found.memory, strict=True):
        gru = training.train("sentence", gap=gap, cell="gru", hidden=16, epochs=80, seed=1)
        assert accuracy == gru.score == 1.0


def test_cut_off_from_its_past_a_network_cannot_tell_two_sentences_apart():
    trace = record_task("sentence", seed=1)
    pair = windows.cut_off(trace)
    assert not pair.W.any()
    assert pair.metadata.step_labels[0][3] != pair.metadata.step_labels[1][3]
    np.testing.assert_array_equal(pair.y[-1, 0], pair.y[-1, 1])
    task = WindowedSentence(window=1)
    trained = training.train(task, hidden=trace.hidden_size, epochs=40, seed=1).network
    np.testing.assert_allclose(pair.U, trained.rnn.weight_ih_l0.detach().numpy(), atol=1e-6)


def test_cut_off_on_other_tasks_is_the_same_network_without_w():
    trace = record_task("prices", steps=6, epochs=1, seed=1)
    pair = windows.cut_off(trace)
    assert not pair.W.any()
    np.testing.assert_array_equal(pair.U, trace.U)
    np.testing.assert_array_equal(pair.y[-1, 0], pair.y[-1, 1])
    assert windows.loop_compared(trace) is None


def test_a_network_without_a_loop_is_trained_once(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    trace = record_task("sentence", hidden=3, epochs=1, seed=1)
    first = windows.without_loop(trace)
    monkeypatch.setattr(training, "train", None)
    assert windows.without_loop(trace) == first == windows.loop_compared(trace)


def test_a_window_of_no_word_and_other_tasks_are_refused():
    with pytest.raises(TaskError, match="the window must be 1 word or more, got 0"):
        WindowedSentence(window=0)
    trace = record_task("prices", steps=4, epochs=1, seed=1, gradients=False)
    for experiment in (windows.without_loop, windows.windows_by_gap):
        with pytest.raises(TraceError, match="task is 'prices', which has no words to see"):
            experiment(trace)

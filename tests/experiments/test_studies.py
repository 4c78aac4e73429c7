"""Studies: every network is there, made once, and what is said of it is so."""

import numpy as np
import pytest
import torch

from rnnviz import training
from rnnviz.errors import TraceError
from rnnviz.experiments import default_recordings as defaults
from rnnviz.experiments import studies
from rnnviz.experiments.default_recordings import record_task
from rnnviz.experiments.studies import (
    LECTURE,
    Run,
    Study,
    StudySettings,
    carried_gradients,
    study_of,
)
from rnnviz.system.progress import reported

TINY = StudySettings(gaps=(0, 2), seeds=(1, 2), hidden=4, epochs=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        path = tmp_path_factory.mktemp("studies")
        patch.setenv(defaults.FOLDER_VARIABLE, str(path))
        yield path


@pytest.fixture(scope="module")
def sentence():
    return record_task("sentence", hidden=3, epochs=1, seed=1)


@pytest.fixture(scope="module")
def study(folder, sentence):
    return study_of(sentence, TINY)


def test_a_study_holds_every_network_that_was_asked_for(study):
    assert [(run.cell, run.gap, run.seed) for run in study.runs] == [
        (cell, gap, seed) for cell in TINY.cells for gap in TINY.gaps for seed in TINY.seeds
    ]
    for run in study.runs:
        about = run.trace.metadata
        assert (about.cell, about.seed, about.epochs) == (run.cell, run.seed, 1)
        assert about.task_options == {"language": "en", "story": "city", "gap": run.gap}
        assert run.trace.hidden_size == TINY.hidden
        assert run.accuracy == about.accuracy


def test_networks_are_trained_once_and_progress_is_reported(study, sentence, monkeypatch):
    def never(*arguments, **options):
        raise AssertionError("a network was trained again")

    monkeypatch.setattr(defaults, "record_task", never)
    reports = []
    with reported(lambda done, count, which: reports.append((done, count, which))):
        again = study_of(sentence, TINY)
    study_of(sentence, TINY)
    assert [run.trace.identity for run in again.runs] == [run.trace.identity for run in study.runs]
    assert [done for done, *_ in reports] == list(range(1, 13))
    assert {count for _, count, _ in reports} == {12}
    assert any(which.endswith(": GRU, gap 2, seed 1") for *_, which in reports)
    assert reports[0][2].startswith(f"network 1 of {len(reports)}, cached: ")


def test_a_study_goes_on_where_it_was_left(study, sentence, folder, monkeypatch):
    some = sorted(folder.glob("*.safetensors"))[3]
    some.unlink()
    made = []
    original = defaults.record_task
    monkeypatch.setattr(
        defaults, "record_task", lambda *a, **o: made.append(o) or original(*a, **o)
    )
    again = study_of(sentence, TINY)
    assert len(made) == 1
    assert again.runs[0].trace.identity == study.runs[0].trace.identity


def test_a_trace_of_other_settings_or_of_another_story_has_another_study(folder, study):
    repair = record_task("sentence", language="zh", story="repair", hidden=3, epochs=1, seed=1)
    one = StudySettings(cells=("gru",), gaps=(1,), seeds=(5,), hidden=3, epochs=1)
    (run,) = study_of(repair, one).runs
    assert run.trace.metadata.step_labels[0][:3] == ("我", "的", "电脑")
    assert study_of(repair, one).clue == 2


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_the_untrained_network_is_what_training_began_with(study, cell):
    (run, *_) = study.of(cell, 2)
    trained = training.train(
        run_task(2),
        **TINY.training(cell),
        cell=cell,
        seed=run.seed,
        record_every=5,
    )
    begun = trained.history.traces[0]
    assert run.untrained.parameters.keys() == begun.parameters.keys()
    for name, value in begun.parameters.items():
        np.testing.assert_array_equal(run.untrained.parameters[name], value)
        assert np.abs(run.trace.parameters[name] - value).max() > 0
    np.testing.assert_allclose(run.untrained.h, begun.h, atol=1e-6)


def run_task(gap):
    from rnnviz import tasks

    return tasks.make("sentence", gap=gap)


def test_accuracies_are_those_of_new_sentences_by_gap_and_seed(study):
    table = study.accuracies("gru")
    assert table.shape == (2, 2)
    for i, gap in enumerate(TINY.gaps):
        for j, seed in enumerate(TINY.seeds):
            trained = training.train(run_task(gap), cell="gru", hidden=4, epochs=1, seed=seed)
            assert table[i, j] == trained.score
    assert study.chance == pytest.approx(1 / 6)


def test_the_clue_is_the_word_that_decides(study):
    for run in study.runs:
        assert run.trace.metadata.step_labels[0][study.clue] == "Beijing"
        assert run.trace.metadata.target_labels[0][-1] == "Chinese"


def by_autograd(trace):
    """∂L/∂s_k of the last loss, through steps written out from the equations of PyTorch's cells."""
    held = {name.split(".")[-1]: torch.tensor(value) for name, value in trace.parameters.items()}
    w_x, w_h = held["weight_ih_l0"], held["weight_hh_l0"]
    b_x, b_h = held["bias_ih_l0"], held["bias_hh_l0"]
    h = torch.zeros(trace.hidden_size, dtype=torch.float64)
    c = torch.zeros_like(h)
    states = []
    for x in torch.tensor(trace.x[:, 0]):
        from_x, from_h = w_x @ x + b_x, w_h @ h + b_h
        if trace.metadata.cell == "rnn":
            h = torch.tanh(from_x + from_h).requires_grad_()
            states.append(h)
        elif trace.metadata.cell == "gru":
            (r_x, z_x, n_x), (r_h, z_h, n_h) = from_x.chunk(3), from_h.chunk(3)
            z = torch.sigmoid(z_x + z_h)
            n = torch.tanh(n_x + torch.sigmoid(r_x + r_h) * n_h)
            h = ((1 - z) * n + z * h).requires_grad_()
            states.append(h)
        else:
            i, f, g, o = (from_x + from_h).chunk(4)
            c = (torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)).requires_grad_()
            h = torch.sigmoid(o) * torch.tanh(c)
            states.append(c)
    output = torch.tensor(trace.V) @ h + torch.tensor(trace.output_bias)
    loss = torch.logsumexp(output, 0) - output[int(trace.targets[-1, 0])]
    return [float(gradient.norm()) for gradient in torch.autograd.grad(loss, states)]


@pytest.mark.parametrize("trained", [True, False])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_carried_gradients_agree_with_autograd(study, cell, trained):
    (run, *_) = study.of(cell, 2)
    trace = run.trace if trained else run.untrained
    expected = by_autograd(trace)
    np.testing.assert_allclose(carried_gradients(trace), expected, rtol=1e-9)
    table = study.signal_after(cell) if trained else study.signal_before(cell)
    assert table[1, 0] == pytest.approx(expected[0] / expected[-1], rel=1e-9)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_a_trace_without_gradients_has_no_carried_ones(cell):
    trace = record_task("sentence", cell=cell, hidden=3, epochs=1, seed=1, gradients=False)
    with pytest.raises(TraceError):
        carried_gradients(trace)


def test_only_lstms_start_with_the_forget_bias_of_a_study(study):
    for run in study.runs:
        assert run.trace.metadata.forget_bias == (4.0 if run.cell == "lstm" else None)


@pytest.mark.parametrize("bias", [None, 4.0])
def test_starts_differ_in_the_forget_bias_alone(folder, sentence, bias, monkeypatch):
    monkeypatch.setattr(studies, "LECTURE", TINY)
    starts = studies.starts_of(sentence)
    assert (starts.gap, list(starts.studies)) == (2, [None, 4.0])
    assert [run.seed for run in starts.runs(bias)] == [1, 2]
    for index, run in enumerate(starts.runs(bias)):
        assert (run.cell, run.gap) == ("lstm", 2)
        alone = training.train(
            run_task(2), cell="lstm", hidden=4, epochs=1, seed=run.seed, forget_bias=bias
        )
        assert starts.accuracies(bias)[index] == alone.score == run.accuracy
        assert starts.learnt(bias)[index] == (alone.score >= studies.LEARNT)
        forget = run.untrained.gates[0, 0, :, 0, 1]
        assert starts.forget_gates(bias)[index] == pytest.approx(forget.mean())
        left = np.prod(forget[sentence.metadata.step_labels[0].index("Beijing") + 1 :], axis=0)
        np.testing.assert_allclose(starts.parts_left(bias)[index], left)
        start = run.untrained.weight("bias_ih") + run.untrained.weight("bias_hh")
        other = starts.runs(None if bias else 4.0)[index].untrained
        both = other.weight("bias_ih") + other.weight("bias_hh")
        np.testing.assert_array_equal(np.delete(start, range(4, 8)), np.delete(both, range(4, 8)))
        if bias is not None:
            np.testing.assert_allclose(start[4:8], bias)
            assert starts.forget_gates(bias)[index] == pytest.approx(1 / (1 + np.exp(-4)), abs=0.02)
        else:
            assert starts.forget_gates(bias)[index] == pytest.approx(0.5, abs=0.15)


def test_a_seed_gives_the_same_network_in_both_languages():
    made = {
        language: training.train("sentence", gap=3, language=language, epochs=2, seed=3)
        for language in ("en", "zh")
    }
    np.testing.assert_array_equal(made["en"].history.loss, made["zh"].history.loss)
    for one, other in zip(*(each.network.parameters() for each in made.values()), strict=True):
        assert torch.equal(one, other)
    assert made["en"].score == made["zh"].score


class Scored:
    """A run with an accuracy and no network behind it."""

    def __init__(self, cell, gap, seed, accuracy, epochs=1):
        self.cell, self.gap, self.seed, self.accuracy = cell, gap, seed, accuracy
        self.learnt = Run.learnt.fget(self)
        self.trace = type("T", (), {"metadata": type("M", (), {"epochs": epochs})})


def scored(*rows):
    settings = StudySettings(cells=("rnn", "gru"), gaps=(0, 5), seeds=(1, 2))
    return Study(settings, tuple(Scored(*row) for row in rows), clue=3, chance=1 / 6)


def test_which_networks_have_learnt():
    made = scored(
        ("rnn", 0, 1, 1.0, 9),
        ("rnn", 0, 2, 1.0, 7),
        ("rnn", 5, 1, 0.2),
        ("rnn", 5, 2, 0.3),
        ("gru", 0, 1, 1.0),
        ("gru", 0, 2, 0.5),
        ("gru", 5, 1, 1.0),
        ("gru", 5, 2, 0.99),
    )
    assert made.learnt("gru").tolist() == [[True, False], [True, True]]


def test_growth_counts_networks(study):
    counts = study.growth()
    grown = {True: 0, False: 0}
    for cell in TINY.cells:
        rose = study.signal_after(cell) > study.signal_before(cell)
        learnt = study.learnt(cell)
        for which in grown:
            grown[which] += int((rose & (learnt == which)).sum())
    assert counts["learnt"] + counts["failed"] == len(study.runs)
    assert counts["learnt"] == sum(run.accuracy >= studies.LEARNT for run in study.runs)
    assert (counts["grown"], counts["grown_too"]) == (grown[True], grown[False])


def test_other_stories_are_in_the_same_language(folder, monkeypatch, sentence):
    asked = []
    monkeypatch.setattr(studies, "default_trace", lambda task, **options: asked.append(options))
    studies.other_stories(sentence)
    assert asked == []
    studies.other_stories(record_task("sentence", language="zh", hidden=3, epochs=1, seed=1))
    assert [(each["story"], each["language"]) for each in asked] == [("repair", "zh")]
    assert asked[0]["epochs"] == LECTURE.epochs

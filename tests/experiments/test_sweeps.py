"""Sweeps: every network once, whatever is killed, and numbers that are those of its training."""

import json
import os
import signal
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext

import numpy as np
import pytest
from msgspec.structs import replace

from rnnviz import measure, tasks, training
from rnnviz.cli import main
from rnnviz.cli import sweep as sweep_command
from rnnviz.errors import RnnvizError, SweepError, TaskError
from rnnviz.experiments import sweeps
from rnnviz.experiments.default_recordings import FOLDER_VARIABLE
from rnnviz.experiments.sweeps import SweepSettings, load_sweep, sweep
from rnnviz.figures import figure
from rnnviz.system.workers import WorkerPool, workers

TINY = SweepSettings(
    task="temporal-order", lengths=(6, 4), cells=("gru", "rnn"), seeds=(1, 2), hidden=3, epochs=1
)


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    """Recordings that are kept for all tests here: of a network, only its first one is trained."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    """A cache in which processes find nothing that another trained."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "cache"))


@pytest.fixture
def here(monkeypatch):
    """The command's work is done in this process; what workers it asked for."""
    asked = []

    def workers(*given):
        asked.append(given)
        return nullcontext(Here())

    monkeypatch.setattr("rnnviz.system.workers.workers", workers)
    return asked


def nothing(done, most, which):
    pass


def at_once(work, *arguments):
    future = Future()
    try:
        future.set_result(work(*arguments))
    except RnnvizError as error:
        future.set_exception(error)
    return future


class Here(WorkerPool):
    """Work is done at once, in this process, and noted."""

    def __init__(self):
        self.asked = []
        super().__init__(at_once)

    def submit(self, work, *arguments):
        self.asked.append(arguments[1])
        return super().submit(work, *arguments)


def test_a_sweep_holds_every_network_with_the_numbers_of_its_training(tmp_path):
    made = sweep(TINY, tmp_path / "a.json", Here(), nothing)
    assert made.missing == ()
    assert TINY.places == tuple(
        (cell, length, seed) for length in (6, 4) for cell in ("gru", "rnn") for seed in (1, 2)
    )
    for (cell, length, seed), one in made.networks.items():
        assert (one.cell, one.length, one.seed) == (cell, length, seed)
        assert len(one.gradients) == length
    network = made.networks["rnn", 6, 2]
    trained = training.train(
        tasks.make("temporal-order", steps=6), hidden=3, epochs=1, seed=2, record_every=9
    )
    assert (network.score, network.epochs, network.hidden) == (trained.score, 1, 3)
    assert network.success == (trained.score >= 0.95)
    for trace, norms in (
        (trained.record(losses="last"), network.gradients),
        (trained.history.traces[0], network.gradients_before),
    ):
        expected = measure.gradient_norms_by_lag(trace)[-1, :, 0]
        np.testing.assert_allclose(norms, expected, rtol=1e-6)
    table = made.accuracies("rnn")
    assert table.shape == (2, 2)
    assert table[1, 1] == trained.score
    assert made.chance == 0.25
    assert load_sweep(tmp_path / "a.json") == made


@pytest.mark.parametrize(
    ("task", "length", "option", "chance"),
    [("adding", 4, "steps", 1 / 6), ("copying", 1, "delay", 1 / 8), ("sentence", 0, "gap", 1 / 6)],
)
def test_other_tasks_grow_in_their_own_way(task, length, option, chance, tmp_path):
    settings = replace(TINY, task=task, lengths=(length,), cells=("lstm",), seeds=(1,))
    made = sweep(settings, tmp_path / "a.json", Here(), nothing)
    assert made.chance == pytest.approx(chance)
    (network,) = made.networks.values()
    example = tasks.make(task, **{option: length}).example()
    assert len(network.gradients) == len(network.gradients_before) == len(example.x)
    assert made.shares == (task != "adding")
    assert network.success == (network.score >= 0.95 if made.shares else network.score < 0.01)


def test_an_interrupted_sweep_goes_on_and_repeats_nothing(tmp_path):
    file = tmp_path / "a.json"

    def interrupt(done, most, which):
        assert len(json.loads(file.read_text(encoding="utf-8"))["networks"]) == done
        assert most == 8
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(TINY, file, Here(), interrupt)
    before = load_sweep(file)
    assert len(before.networks) == 3
    reports, here = [], Here()
    after = sweep(TINY, file, here, lambda *news: reports.append(news))
    assert set(here.asked) == set(TINY.places) - before.networks.keys()
    assert [news[:2] for news in reports] == [(done, 8) for done in (3, 4, 5, 6, 7, 8)]
    cell, length, seed = before.missing[0]
    assert reports[0][2] == f"training {cell.upper()}, length {length}, seed {seed}"
    assert reports[-1][2].endswith(" is done")
    assert all(after.networks[place] == one for place, one in before.networks.items())
    again = Here()
    assert sweep(TINY, file, again, nothing) == after
    assert again.asked == []


def test_the_lengths_and_cells_of_a_sweep_may_be_named_in_another_order(tmp_path):
    file, here = tmp_path / "a.json", Here()
    begun = sweep(TINY, file, Here(), nothing)
    turned = replace(TINY, lengths=(4, 6), cells=("rnn", "gru"), seeds=(2, 1))
    assert sweep(turned, file, here, nothing) == begun
    assert here.asked == []


@pytest.mark.parametrize(
    ("change", "more"),
    [
        ({"lengths": (5, 4)}, {"lengths": (6, 4, 5)}),
        ({"cells": ("lstm",)}, {"cells": ("gru", "rnn", "lstm")}),
        ({"seeds": (1, 2, 3)}, {"seeds": (1, 2, 3)}),
        ({"lengths": (5,), "seeds": (3,)}, {"lengths": (6, 4, 5), "seeds": (1, 2, 3)}),
    ],
)
def test_other_lengths_cells_and_seeds_are_added_to_what_a_file_holds(change, more, tmp_path):
    file, here = tmp_path / "a.json", Here()
    begun = sweep(TINY, file, Here(), nothing)
    grown = sweep(replace(TINY, **change), file, here, nothing)
    assert grown.settings == replace(TINY, **more)
    assert set(here.asked) == set(grown.settings.places) - set(TINY.places)
    assert grown.missing == ()
    assert grown.networks.items() >= begun.networks.items()
    assert load_sweep(file) == grown


def test_a_part_of_what_a_file_holds_trains_nothing_and_loses_nothing(tmp_path):
    file, here, reports = tmp_path / "a.json", Here(), []
    begun = sweep(TINY, file, Here(), nothing)
    before = file.read_bytes()
    part = replace(TINY, lengths=(4,), cells=("rnn",), seeds=(1,))
    assert sweep(part, file, here, lambda *news: reports.append(news)) == begun
    assert here.asked == reports == []
    assert file.read_bytes() == before


def test_two_commands_that_write_one_file_at_once_lose_nothing(tmp_path):
    file, longer = tmp_path / "a.json", replace(TINY, lengths=(5,))

    def add_another(done, most, which):
        if done == 1:
            sweep(longer, file, Here(), nothing)

    made = sweep(TINY, file, Here(), add_another)
    assert made.settings == TINY
    held = load_sweep(file)
    assert held.settings == replace(TINY, lengths=(6, 4, 5))
    assert held.missing == ()


def test_another_sweep_is_refused_a_file_while_one_is_written_there(tmp_path):
    file, here = tmp_path / "a.json", Here()

    def begin_another(done, most, which):
        with pytest.raises(SweepError, match="was begun with epochs 1, not 2"):
            sweep(replace(TINY, epochs=2), file, here, nothing)

    made = sweep(TINY, file, Here(), begin_another)
    assert here.asked == []
    assert load_sweep(file) == made


def test_a_sweep_is_found_by_a_path_through_a_folder_that_is_missing(tmp_path):
    file, here = tmp_path / "a.json", Here()
    begun = sweep(TINY, file, Here(), nothing)
    assert sweep(TINY, tmp_path / "new" / ".." / "a.json", here, nothing) == begun
    assert here.asked == []
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
def test_a_worker_that_is_killed_loses_no_network(scheduler, tmp_path):
    from distributed import Client

    with Client(scheduler, set_as_default=False) as client:
        victims = list(client.run(os.getpid).values())

    def kill(done, most, which):
        if done == 1:
            os.kill(victims[0], signal.SIGKILL)

    with workers(scheduler) as pool:
        made = sweep(TINY, tmp_path / "there.json", pool, kill)
    assert made.networks == sweep(TINY, tmp_path / "here.json", Here(), nothing).networks


def test_a_cluster_that_is_lost_leaves_what_is_trained(tmp_path, monkeypatch):
    class Lost(Here):
        def __init__(self):
            super().__init__()
            self._watch = lambda: lambda: False

        def submit(self, *work):
            return super().submit(*work) if len(self.asked) < 2 else Future()

    monkeypatch.setattr("rnnviz.system.workers._CHECK_INTERVAL", 0)
    with pytest.raises(SweepError, match=r"6 of 8 networks .*: the cluster was lost\)"):
        sweep(TINY, tmp_path / "a.json", Lost(), nothing)
    assert len(load_sweep(tmp_path / "a.json").networks) == 2


def test_processes_of_this_machine_train_the_same(empty_cache, tmp_path):
    settings = replace(TINY, lengths=(4,), seeds=(1,))
    with workers(None, 2) as pool:
        made = sweep(settings, tmp_path / "there.json", pool, nothing)
    assert made.networks == sweep(settings, tmp_path / "here.json", Here(), nothing).networks


def test_a_network_that_cannot_be_trained_is_named_and_the_others_are_kept(tmp_path, monkeypatch):
    original = sweeps.run_of

    def run_of(task, cell, length, seed, **options):
        if (cell, length, seed) == ("rnn", 4, 1):
            raise TaskError("no")
        return original(task, cell, length, seed, **options)

    monkeypatch.setattr(sweeps, "run_of", run_of)
    with pytest.raises(SweepError, match=r"1 of 8 networks .*\(RNN, length 4, seed 1: no\)"):
        sweep(TINY, tmp_path / "a.json", Here(), nothing)
    assert load_sweep(tmp_path / "a.json").missing == (("rnn", 4, 1),)


def test_only_cells_with_a_forget_gate_start_with_the_forget_bias(here, tmp_path, capsys):
    file = tmp_path / "a.json"
    command = ["sweep", "--task", "sentence", "--lengths", 1, "--cells", "lstm,rnn", "--seeds", 1]
    command += ["--hidden", 3, "--epochs", 1, "--forget-bias", "3", "-o", file]
    assert run(capsys, *command)[0] == 0
    held = load_sweep(file)
    assert held.settings.forget_bias == 3.0
    task = tasks.make("sentence", gap=1)
    for cell, start in (("lstm", {"forget_bias": 3.0}), ("rnn", {})):
        own = training.train(task, cell=cell, hidden=3, epochs=1, seed=1, **start)
        assert held.networks[cell, 1, 1].score == own.score
        by_lag = measure.gradient_norms(own.record(), state="c" if cell == "lstm" else "h")[-1]
        np.testing.assert_allclose(held.networks[cell, 1, 1].gradients, by_lag[::-1, 0], rtol=1e-6)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"forget_bias": 1.0}, "no cell of gru, rnn has a forget gate whose bias could be 1.0"),
        ({"cells": ("lstm",), "forget_bias": "long"}, "'chrono', or None .*, got 'long'"),
    ],
)
def test_a_forget_bias_that_no_network_can_have(change, expected):
    with pytest.raises(SweepError, match=expected):
        replace(TINY, **change)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"hidden": None}, "was begun with hidden 3, not the default"),
        ({"epochs": 2, "lengths": (5,)}, "was begun with epochs 1, not 2"),
        ({"language": "zh"}, "was begun with language en, not zh"),
        (
            {"cells": ("lstm",), "forget_bias": 1.0},
            "was begun with forget_bias the default, not 1.0",
        ),
        ({"task": "adding"}, "was begun with task temporal-order, not adding"),
    ],
)
def test_a_file_of_another_sweep_is_refused_and_left_alone(change, expected, tmp_path, monkeypatch):
    file, here = tmp_path / "a.json", Here()
    sweep(replace(TINY, lengths=(6,), seeds=(1,)), tmp_path / "b.json", here, nothing)
    held = json.loads((tmp_path / "b.json").read_text(encoding="utf-8"))
    held["settings"].update(lengths=[6, 4], seeds=[1, 2])
    file.write_text(json.dumps(held), encoding="utf-8")
    with pytest.raises(SweepError, match=expected):
        sweep(replace(TINY, **change), file, Here(), nothing)
    assert json.loads(file.read_text(encoding="utf-8")) == held


def test_a_file_of_other_code_or_of_something_else_is_refused(tmp_path, monkeypatch):
    file = tmp_path / "a.json"
    one = replace(TINY, lengths=(4,), cells=("rnn",), seeds=(1,))
    sweep(one, file, Here(), nothing)
    with pytest.raises(SweepError, match="a worker has another version of rnnviz or of a library"):
        sweeps.train_one(one, one.places[0], "another")
    held = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**held, "made_by": "another"}), encoding="utf-8")
    with pytest.raises(SweepError, match="was begun with another version of rnnviz or torch"):
        sweep(one, file, Here(), nothing)
    monkeypatch.setattr(sweeps, "code_of_recordings", lambda: "newer")
    with pytest.raises(SweepError, match="rnnviz has changed since the workers started"):
        sweeps.train_one(one, one.places[0], sweeps._LOADED)
    for text in ("", "[]", "{}", '{"settings": {"task": "adding"}}'):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(SweepError, match="not a file of 'rnnviz sweep'"):
            sweep(one, file, Here(), nothing)
    with pytest.raises(SweepError, match="cannot read"):
        load_sweep(tmp_path / "none.json")


def changed(held, path, value):
    """What a sweep's file holds, but for one value."""
    *parents, last = path
    inner = held
    for key in parents:
        inner = inner[key]
    inner[last] = value
    return held


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("chance",), None, "chance: expected a number, got null"),
        (("chance",), "x", 'chance: expected a number, got "x"'),
        (("more",), 1, "unknown field more"),
        (("mo\nre",), 1, "unknown field mo\\nre"),
        (("networks",), [1], "networks[0]: expected an object, got 1"),
        (("settings", "task"), "prices", "task 'prices' has no length to sweep over; choose "),
        (("settings", "cells"), ["rnn", "x"], "unknown cell 'x'; choose rnn, lstm, gru"),
        (("settings", "language"), "x", "unknown language 'x'; choose en, zh"),
        (("settings", "lengths"), [4, "6"], 'settings.lengths[1]: expected an integer, got "6"'),
        (("settings", "lengths"), [4, 4], "lengths must be one or more, each once, got [4, 4]"),
        (("settings", "epochs"), 0, "settings.epochs: expected an integer >= 1, got 0"),
        (("networks", 1, "score"), "x", 'networks[1].score: expected a number, got "x"'),
        (("networks", 1, "score"), float("nan"), "networks[1].score: expected a number >= 0.0, go"),
        (("networks", 1, "score"), True, "networks[1].score: expected a number, got true"),
        (("networks", 1, "score"), 1.5, "networks[1].score: expected a number <= 1, got 1.5"),
        (("networks", 0, "success"), "no", 'networks[0].success: expected true or false, got "no"'),
        (("networks", 0, "gradients"), [], "networks[0].gradients: expected a list of length >= 1"),
        (("networks", 0, "gradients"), None, "networks[0].gradients: expected a list, got null"),
        (("networks", 0, "length"), 5, "networks[0]: GRU, length 5, seed 1 is repeated or not in"),
        (("networks", 1, "seed"), 1, "networks[1]: GRU, length 6, seed 1 is repeated or not in"),
    ],
)
def test_a_file_that_was_changed_by_hand_is_refused(path, value, expected, tmp_path, capsys):
    file, picture = tmp_path / "a.json", tmp_path / "a.svg"
    sweep(TINY, file, Here(), nothing)
    held = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(changed(held, path, value)), encoding="utf-8")
    code, _, err = run(capsys, "figure", "accuracy-by-gap", "--sweep", file, "-o", picture)
    assert code == 1
    assert f"'rnnviz sweep' ({expected}" in err
    assert err.endswith("); correct it, or give another\n")
    assert err.count("\n") == 1
    assert not picture.exists()


def test_gradients_that_grew_beyond_all_numbers_are_read(tmp_path):
    file = tmp_path / "a.json"
    sweep(TINY, file, Here(), nothing)
    held = json.loads(file.read_text(encoding="utf-8"))
    changed(held, ("networks", 0, "gradients"), [float("inf")])
    file.write_text(json.dumps(held), encoding="utf-8")
    assert load_sweep(file).networks["gru", 6, 1].gradients == (float("inf"),)


def test_settings_that_make_no_sweep_are_refused(tmp_path):
    for change, expected in (
        ({"task": "prices"}, "task 'prices' has no length to sweep over"),
        ({"lengths": ()}, "lengths must be one or more, each once"),
        ({"cells": ("rnn", "rnn")}, "cells must be one or more, each once"),
    ):
        with pytest.raises(SweepError, match=expected):
            replace(TINY, **change)
    with pytest.raises(TaskError):
        sweep(replace(TINY, lengths=(6, 2)), tmp_path / "new" / "a.json", Here(), nothing)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("task", "lengths", "x", "y"),
    [
        ("temporal-order", (6, 4), "steps of a sequence", "right answers"),
        ("adding", (4,), "steps of a sequence", "mean squared error"),
        ("copying", (2,), "steps of delay", "right answers"),
    ],
)
def test_the_figure_draws_the_mean_of_the_seeds_and_their_band(task, lengths, x, y, tmp_path):
    settings = replace(TINY, task=task, lengths=lengths)
    made = sweep(settings, tmp_path / "a.json", Here(), nothing)
    (axes,) = figure("accuracy-by-gap", made).axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == (x, y)
    for cell, line, band in zip(settings.cells, axes.lines, axes.collections, strict=False):
        table = made.accuracies(cell)
        assert line.get_xdata().tolist() == sorted(lengths)
        np.testing.assert_allclose(line.get_ydata(), table.mean(axis=1))
        ends = band.get_paths()[0].vertices[:, 1]
        assert (ends.min(), ends.max()) == pytest.approx((table.min(), table.max()))
    assert axes.lines[-1].get_ydata()[0] == made.chance


def unfinished(file, places):
    """A file that holds some networks of a finished one."""
    held = json.loads(file.read_text(encoding="utf-8"))
    held["networks"] = [
        each for each in held["networks"] if (each["cell"], each["length"], each["seed"]) in places
    ]
    file.write_text(json.dumps(held), encoding="utf-8")


def test_of_an_unfinished_sweep_the_figure_draws_what_is_whole(tmp_path, capsys):
    file, picture = tmp_path / "a.json", tmp_path / "a.svg"
    whole = sweep(replace(TINY, lengths=(6, 4, 5)), file, Here(), nothing)
    unfinished(file, [("gru", 6, 1), ("gru", 6, 2), ("gru", 5, 1), ("rnn", 6, 1)])
    held = load_sweep(file)
    assert held.left_out() == [("gru", 4), ("gru", 5), ("rnn", 4), ("rnn", 5), ("rnn", 6)]
    (axes,) = figure("accuracy-by-gap", held).axes
    line, chance = axes.lines
    assert (line.get_label(), chance.get_label()) == ("GRU", "chance")
    np.testing.assert_array_equal(
        line.get_ydata(), [np.nan, np.nan, whole.accuracies("gru")[-1].mean()]
    )
    assert axes.get_xticks().tolist() == [4, 5, 6]
    code, _, err = run(capsys, "figure", "accuracy-by-gap", "--sweep", file, "-o", picture)
    assert code == 0
    assert "left out GRU 4, GRU 5, RNN 4, RNN 5, RNN 6, for which training is not finished; " in err
    assert picture.is_file()


def test_of_an_unfinished_sweep_without_a_whole_length_nothing_is_drawn(tmp_path, capsys):
    file, picture = tmp_path / "a.json", tmp_path / "a.svg"
    sweep(TINY, file, Here(), nothing)
    unfinished(file, [("gru", 6, 1), ("rnn", 4, 2)])
    code, _, err = run(capsys, "figure", "accuracy-by-gap", "--sweep", file, "-o", picture)
    assert code == 1
    assert err == (
        "Error: 6 of 8 networks of the sweep are not trained yet, some of every cell and length; "
        "run its command again\n"
    )
    assert not picture.exists()


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        main([str(each) for each in arguments])
    return end.value.code, *capsys.readouterr()


def test_the_command_trains_reports_and_feeds_the_figure(here, tmp_path, capsys):
    file = tmp_path / "a.json"
    given = ("sweep", "--lengths", "4,5", "--cells", "rnn", "--seeds", 2, "--epochs", 1, "-j", 1)
    code, out, err = run(capsys, *given, "-o", file)
    assert (code, out) == (0, f"{file}\n")
    assert here == [(None, 1)]
    assert f"{file} covers lengths 4,5 of rnn, with 2 seeds each\n" in err
    scores = load_sweep(file).accuracies("rnn").mean(axis=1)
    assert scores.shape == (2,)
    for score in scores:
        assert f"of 2 succeeded, score {score:.3g}\n" in err
    code, out, _ = run(capsys, *given, "-o", file, "--json")
    reached = json.loads(out)
    assert (reached["lengths"], reached["cells"], reached["seeds"]) == ([4, 5], ["rnn"], [1, 2])
    assert [each["score"] for each in reached["reached"]] == pytest.approx(list(scores))
    assert [(each["cell"], each["length"]) for each in reached["reached"]] == [
        ("rnn", 4),
        ("rnn", 5),
    ]
    picture = tmp_path / "a.svg"
    code, out, _ = run(capsys, "figure", "accuracy-by-gap", "--sweep", file, "-o", picture)
    assert (code, out) == (0, f"{picture}\n")
    assert picture.is_file()


def test_the_command_adds_to_a_file_and_reports_what_it_covers(here, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = ("sweep", "--cells", "rnn", "--epochs", 1, "-j", 1, "-o", "a.json", "--lengths")
    assert run(capsys, *given, "4", "--seeds", 1)[0] == 0
    code, _, err = run(capsys, *given, "5", "--seeds", 2)
    assert code == 0
    assert "a.json covers lengths 4,5 of rnn, with 2 seeds each\n" in err
    code, _, err = run(capsys, *given, "4", "--seeds", 1)
    assert (code, err.count("of 2 succeeded")) == (0, 2)


@pytest.mark.parametrize(
    ("finished", "expected"),
    [
        (0, "Interrupted before a network was finished; run the same command to start again"),
        (2, "Interrupted with 2 of 8 networks finished; run the same command to resume"),
    ],
)
def test_an_interrupted_command_reports_what_is_kept(
    finished, expected, tmp_path, capsys, monkeypatch
):
    def stopped(settings, file, pool, report):
        for done in range(finished + 1):
            report(done, 8, "")
        raise KeyboardInterrupt

    monkeypatch.setattr(sweeps, "sweep", stopped)
    code, _, err = run(capsys, "sweep", "--lengths", "4", "-j", 1, "-o", tmp_path / "a.json")
    assert (code, err) == (130, f"{expected}\n")


def test_the_command_reports_how_many_networks_are_done(here, tmp_path, capsys, monkeypatch):
    reports = []

    @contextmanager
    def bar(description):
        yield lambda done, most, detail: reports.append(detail)

    monkeypatch.setattr(sweep_command, "progress_bar", bar)
    given = ("sweep", "--lengths", "4", "--cells", "rnn,gru", "--seeds", 1, "--epochs", 1, "-j", 1)
    assert run(capsys, *given, "-o", tmp_path / "a.json")[0] == 0
    assert reports[0] == "0 of 2: training RNN, length 4, seed 1"
    assert [each.partition(":")[0] for each in reports[1:]] == ["1 of 2", "2 of 2"]
    assert {each.partition(": ")[2] for each in reports[1:]} == {
        "RNN, length 4, seed 1 is done",
        "GRU, length 4, seed 1 is done",
    }


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (("sweep", "--lengths", "4", "-o", "a.txt"), 2, "must end in .json"),
        (("sweep", "--lengths", "4,x", "-o", "a.json"), 2, "'x' is not a valid integer"),
        (("sweep", "--lengths", "4", "--cells", "rnn,x", "-o", "a.json"), 2, "'x' is not one of"),
        (
            ("sweep", "--lengths", "4", "-j", 2, "--scheduler", "a:1", "-o", "a.json"),
            2,
            "cannot be",
        ),
        (
            ("sweep", "--lengths", "4", "--scheduler", "a", "-o", "a.json"),
            2,
            "not the address of a",
        ),
        (("sweep", "--lengths", "4,5,04", "-o", "a.json"), 2, "4 is listed twice"),
        (
            ("sweep", "--lengths", "4", "--cells", "rnn,rnn", "-o", "a.json"),
            2,
            "rnn is listed twice",
        ),
        (("sweep", "--lengths", "9" * 20, "-o", "a.json"), 2, "the greatest length is 100000"),
        (
            ("sweep", "--lengths", "4", "--seeds", 10**9, "-o", "a.json"),
            2,
            "at most 10000 networks",
        ),
        (("render", "tanh", "-j", 2, "--scheduler", "a:1"), 2, "cannot be combined"),
        (("render", "tanh", "--scheduler", ""), 2, "not the address of a Dask scheduler"),
        (("figure", "states", "--sweep", "a.json", "-o", "a.svg"), 2, "or choose accuracy-by-gap"),
        (("figure", "tanh", "--sweep", "a", "--trace", "b", "-o", "a.svg"), 2, "cannot be"),
    ],
)
def test_wrong_usage_is_told(arguments, code, expected, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    got, _, err = run(capsys, *arguments)
    assert got == code
    assert expected in " ".join(err.split())
    assert not list(tmp_path.glob("a.*"))

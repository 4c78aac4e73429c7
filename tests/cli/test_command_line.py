"""The commands, and every kind of bad input, as seen from the shell."""

import dataclasses
import errno
import json
import os
import re
import shutil
import subprocess
import sys
from inspect import signature
from pathlib import Path

import numpy as np
import pytest
import torch
from own_fonts import DEJAVU, built, collected
from own_fonts import saved as saved_font
from safetensors.numpy import save_file
from torch import nn

from rnnviz import tasks, training
from rnnviz.cli import doctor, group
from rnnviz.cli import export as export_command
from rnnviz.cli import record as record_command
from rnnviz.cli import render as render_command
from rnnviz.cli.task_options import TASKS, check_text
from rnnviz.errors import TrainingError
from rnnviz.recording import record
from rnnviz.scene.catalogue import SCENES
from rnnviz.scene.kinds import KINDS
from rnnviz.scene.needs import NEEDS
from rnnviz.text.fonts import load_fonts
from rnnviz.text.translation import translated
from rnnviz.trace import load, storage
from rnnviz.trace.metadata import PLAIN_SCHEMA, SCHEMA
from rnnviz.trace.summary import compact


@pytest.fixture
def fails(run):
    """(arguments …) → the single line on stderr of a call that exits with 1."""

    def call(*arguments):
        status, out, err = run(*arguments)
        assert status == 1, err
        assert out == ""
        assert err.startswith("Error: ")
        assert err.count("\n") == 1
        return err

    return call


@pytest.fixture
def saved(trace, tmp_path):
    return trace.save(tmp_path / "run.safetensors")


LIGHT = """
import sys
from rnnviz.cli import main
try:
    main(sys.argv[1:])
except SystemExit as stop:
    assert stop.code == 0, stop.code
heavy = {"torch", "manim", "matplotlib", "numpy"} & set(sys.modules)
assert not heavy, heavy
"""


@pytest.mark.parametrize(
    "arguments", [["--help"], ["-h"], ["list"], ["--version"], ["list", "--json"]]
)
def test_help_and_list_load_nothing_heavy(arguments):
    done = subprocess.run([sys.executable, "-c", LIGHT, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_every_command_has_help(run):
    status, out, _ = run("--help")
    assert status == 0
    names = [(name,) for name in group.group.list_commands(None)]
    for command in (*names, ("cache", "info"), ("cache", "clear")):
        assert len(command) > 1 or command[0] in out
        status, help_text, _ = run(*command, "-h")
        usage, summary, *_ = help_text.split("\n\n")
        assert (status, usage.split()[:3]) == (0, ["Usage:", "rnnviz", command[0]])
        assert len(command) > 1 or " ".join(summary.split()) == group.COMMANDS[command[0]]
        assert len(summary.split()) >= 3, command


def test_list_names_every_scene_in_both_languages(run):
    for language in ("en", "zh"):
        _, out, _ = run("list", "--lang", language)
        for entry in SCENES.values():
            assert entry.name in out
            assert translated(entry.summary, language) in out
    listed = json.loads(run("list", "--json")[1])
    assert [scene["name"] for scene in listed] == list(SCENES)


def test_record_inspect_verify_and_render_work_together(run, tmp_path):
    status, out, err = run(
        "record", "--task", "sentence", "--epochs", 2, "--seed", 3, "-o", "a.safetensors"
    )
    assert (status, out) == (0, "a.safetensors\n")
    assert "8 steps" in err
    info = json.loads(run("inspect", "a.safetensors", "--json")[1])
    assert info["sizes"]["hidden"] == 8
    assert info["metadata"]["seed"] == 3
    assert "I live in Beijing" in run("inspect", "a.safetensors")[1]
    status, out, _ = run("verify", "a.safetensors", "--json")
    assert status == 0
    assert json.loads(out)["ok"] is True
    status, out, _ = run(
        "render",
        "unrolling",
        "--trace",
        "a.safetensors",
        "-ql",
        "--format",
        "png",
        "--beats",
        "1",
        "--json",
    )
    assert status == 0
    (made,) = json.loads(out)
    assert made["paths"] == ["renders/unrolling_480p_beats-1/01-loop.png"]
    assert (tmp_path / made["paths"][0]).is_file()


def test_render_all_reports_scenes_that_cannot_show_a_trace(run, tmp_path, monkeypatch):
    few = {name: SCENES[name] for name in ("unrolling", "weight-sharing")}
    monkeypatch.setattr(render_command, "SCENES", few)
    run("record", "--task", "sentence", "--epochs", 1, "--no-grad", "-o", "a.safetensors")
    wanted = ("--all", "--trace", "a.safetensors", "-ql", "--format", "png", "-o", "lecture")
    status, out, err = run("render", *wanted)
    assert status == 0
    assert "left out weight-sharing: the trace has no gradients" in err
    assert {str(Path(line).parent) for line in out.splitlines()} == {"lecture/unrolling_480p"}
    assert (tmp_path / "lecture" / "unrolling_480p" / "01-loop.png").is_file()
    monkeypatch.setattr(render_command, "SCENES", {"weight-sharing": SCENES["weight-sharing"]})
    status, _, err = run("render", *wanted)
    assert status == 1
    assert "no scene can show this trace" in err


@pytest.mark.slow
def test_export_all_reports_scenes_that_cannot_show_a_trace(run, tmp_path, monkeypatch):
    few = {name: SCENES[name] for name in ("weight-sharing", "unrolling")}
    monkeypatch.setattr(export_command, "SCENES", few)
    run("record", "--task", "sentence", "--epochs", 1, "--no-grad", "-o", "a.safetensors")
    wanted = ("--trace", "a.safetensors", "-ql", "--to", "html", "-o", "lecture")
    status, out, err = run("export", "--all", *wanted)
    assert status == 0
    assert err.count("rnnviz: left out weight-sharing: the trace has no gradients") == 1
    assert "there is no live page: " in err
    assert out.split() == ["lecture/index.html", "lecture/unrolling.mp4"]
    status, _, err = run("export", "weight-sharing", "unrolling", *wanted)
    assert status == 1
    assert "the trace has no gradients" in err
    monkeypatch.setattr(export_command, "SCENES", {"weight-sharing": SCENES["weight-sharing"]})
    status, _, err = run("export", "--all", *wanted)
    assert status == 1
    assert "left out weight-sharing" in err
    assert "no scene can show this trace" in err


def test_verify_exits_with_1_and_names_a_changed_number(run, trace, tmp_path):
    wrong = trace.grad_h.copy()
    wrong[0, 0, 2, 1, 3] *= 1.001
    path = dataclasses.replace(trace, grad_h=wrong).save(tmp_path / "wrong.safetensors")
    status, out, err = run("verify", path)
    assert status == 1
    assert "WRONG" in out
    assert err.startswith("Error: grad_h differs from the NumPy reference")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_verify_advises_float64_where_it_may_help(run, tmp_path, dtype):
    torch.manual_seed(0)
    x = torch.randn(4, 1, 2)
    trace = record(nn.GRU(2, 3), x, torch.randn(4, 1, 3), loss="squared", dtype=dtype)
    wrong = dataclasses.replace(trace, grad_h=2 * trace.grad_h, x=2 * trace.x)
    status, _, err = run("verify", wrong.save(tmp_path / "wrong.safetensors"))
    assert status == 1
    errors = dict(line.removeprefix("Error: ").split(" differs from ") for line in err.splitlines())
    assert errors["grad_h"].endswith("; record it again" + ", or as float64" * (dtype == "float32"))
    assert errors["x, targets, h0"] == "the recorded hash; record it again"


def test_verify_reports_what_differs_from_its_hash(run, trace, tmp_path):
    changed = {name: value * (name != "fc.bias") for name, value in trace.parameters.items()}
    path = dataclasses.replace(trace, parameters=changed).save(tmp_path / "wrong.safetensors")
    status, out, err = run("verify", path, "--json")
    assert status == 1
    assert err.startswith("Error: parameters differs from the recorded hash; record it again")
    hashed = json.loads(out)["checks"][0]
    assert (hashed["ok"], hashed["error"]) == (False, None)


def test_verify_reports_what_it_cannot_check_and_why(run, make_case, tmp_path):
    model, x, targets = make_case("squared")
    path = record(model, x, targets, loss=lambda o, t: (o - t).abs().sum(-1)).save(
        tmp_path / "own.safetensors"
    )
    status, out, _ = run("verify", path)
    assert status == 0
    assert "not checked" in out
    checks = {
        check["field"]: check for check in json.loads(run("verify", path, "--json")[1])["checks"]
    }
    assert checks["loss"]["against"] == "not checked"
    assert checks["loss"]["tolerance"] is None
    assert checks["loss"]["note"] == "the loss is not one that is known here"


class Whole(nn.Module):
    """A model whose output has no time axis."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(3, 4)

    def forward(self, x):
        return self.rnn(x)[0].sum()


def test_a_trace_without_outputs_is_inspected_and_verified(run, make_case, tmp_path):
    _, x, targets = make_case(dtype="float32")
    path = record(Whole(), x, targets, loss=lambda o, t: o).save(tmp_path / "whole.safetensors")
    status, out, _ = run("inspect", path)
    assert status == 0
    assert "none that has a place in the layer's time" in out
    assert "of the whole batch" in out
    info = json.loads(run("inspect", path, "--json")[1])
    assert info["sizes"]["output"] is None
    assert "y" not in info["fields"]
    assert info["loss_times"] == [5]
    assert run("verify", path)[0] == 0


def test_a_trace_without_gradients_is_inspected(run, make_trace, tmp_path):
    path = make_trace(gradients=False).save(tmp_path / "plain.safetensors")
    assert json.loads(run("inspect", path, "--json")[1])["loss_times"] is None
    assert "loss times" not in run("inspect", path)[1]


def test_labels_are_shown_unchanged(run):
    text = "[bold] [/x] :smile: [bold]"
    arguments = ("--text", text, "--unit", "word", "--epochs", 1, "-o", "a.safetensors")
    assert run("record", *arguments)[0] == 0
    status, out, _ = run("inspect", "a.safetensors")
    assert status == 0
    assert "[bold] [/x] :smile:" in out


@pytest.mark.parametrize(
    ("steps", "shown"),
    [
        (range(1, 5), "1, 2, 3, 4"),
        (range(1, 301), "1 to 300"),
        (range(5, 101, 5), "5, 10, 15, … 100"),
        ([*range(1, 20, 2), 22], "1, 3, 5, … 22 (11 of them)"),
        ([4] * 20, "4, 4, 4, … 4"),
    ],
)
def test_long_lists_of_numbers_are_abbreviated(steps, shown):
    assert compact(list(steps)) == shown


def test_doctor_finds_a_working_installation(run):
    status, out, err = run("doctor")
    assert status == 0, out + err
    assert all(finding["ok"] for finding in json.loads(run("doctor", "--json")[1]))


def cache_of(run):
    """Return the finding of doctor about the cache."""
    found = json.loads(run("doctor", "--json")[1])
    return next(finding for finding in found if finding["what"] == "cache")


@pytest.fixture
def only_the_cache(monkeypatch):
    monkeypatch.setattr(doctor, "_findings", lambda: iter((doctor._cache(),)))


@pytest.mark.parametrize("part", ["", "beats", "renders", "letters"])
@pytest.mark.parametrize("kind", ["read-only", "a file"])
def test_doctor_checks_every_part_of_the_cache(part, kind, run, only_the_cache, tmp_path, closed):
    assert cache_of(run)["ok"]
    place = tmp_path / "cache" / part
    if kind == "a file":
        shutil.rmtree(place)
        place.write_text("here")
    else:
        closed(place, 0o500)
    found = cache_of(run)
    assert not found["ok"]
    assert "cannot write into" in found["found"]
    assert run("doctor")[0] == 1


def test_doctor_finds_a_full_disk_and_an_unreadable_recording(
    run, only_the_cache, tmp_path, closed, saved, monkeypatch
):
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        assert "No space left on device" in cache_of(run)["found"]
    assert cache_of(run)["ok"]
    assert [entry.name for entry in (tmp_path / "cache").rglob("*") if entry.is_file()] == []
    kept = tmp_path / "cache" / "kept.safetensors"
    shutil.copy(saved, kept)
    closed(kept)
    assert "Permission denied" in cache_of(run)["found"]


def full(*given):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_every_task_can_be_recorded(run):
    assert tasks.names() == TASKS
    for task in set(TASKS) - {"text", "series"}:
        arguments = ("--task", task, "--epochs", 1, "--hidden", 4, "-o", "a.safetensors")
        assert run("record", *arguments)[0] == 0
        assert load("a.safetensors").metadata.task == task


@pytest.mark.parametrize(
    ("chosen", "error", "chance"),
    [
        (["adding", "--steps", 6], "mean squared error", "by chance 0.167\n"),
        (["copying", "--delay", 2], "; cross-entropy, nats a target: ", "by chance 0.945\n"),
        (["temporal-order", "--steps", 6], "; cross-entropy, nats a target: ", "chance 1.39\n"),
        (["weather", "--steps", 5], "mean squared error, as a share of that", None),
    ],
)
def test_the_summary_names_the_score_at_chance(chosen, error, chance, run):
    _, out, err = run("record", "--task", *chosen, "--epochs", 1, "-o", "a.safetensors")
    assert out == "a.safetensors\n"
    assert error in err
    assert err.endswith(chance) if chance else "chance" not in err


def test_the_list_tells_which_networks_a_scene_plays(run):
    for scene in json.loads(run("list", "--json")[1]):
        assert sorted((*scene["plays"], *scene["refuses"])) == sorted(KINDS)
        assert {*scene["refuses"].values()} <= {*NEEDS}
    (line,) = (line for line in run("list")[1].splitlines() if line.startswith("why "))
    assert line.endswith(" reads on. Plays networks of its task.")


def test_network_and_training_options_reach_the_training(run, monkeypatch):
    given = {}
    original = training.train

    def train(task, **settings):
        given.update(settings)
        return original(task, **settings)

    monkeypatch.setattr("rnnviz.training.train", train)
    network = ("--cell", "rnn", "--nonlinearity", "relu", "--hidden", 5, "--layers", 2)
    start = ("--bidirectional", "--initial", "identity", "--scale", 0.5)
    updates = ("--epochs", 1, "--seed", 4, "--optimizer", "sgd", "--learning-rate", 0.1)
    arguments = ("--task", "adding", "--steps", 6, *network, *start, *updates, "--clip", "none")
    assert run("record", *arguments, "-o", "a.safetensors")[0] == 0
    del given["progress"]
    assert given == {
        "nonlinearity": "relu",
        "hidden": 5,
        "layers": 2,
        "bidirectional": True,
        "initial": "identity",
        "scale": 0.5,
        "epochs": 1,
        "seed": 4,
        "optimizer": "sgd",
        "learning_rate": 0.1,
        "clip": None,
    }
    trace = load("a.safetensors")
    assert trace.h.shape[:3] == (2, 2, 6)
    assert trace.metadata.nonlinearity == "relu"


@pytest.mark.parametrize(("given", "bias"), [("3", 3.0), ("-1.5", -1.5), ("chrono", "chrono")])
def test_a_forget_bias_is_recorded(given, bias, run):
    arguments = ("--cell", "lstm", "--epochs", 1, "--hidden", 2, "--forget-bias", given)
    assert run("record", *arguments, "-o", "a.safetensors")[0] == 0
    assert load("a.safetensors").metadata.forget_bias == bias


def test_a_forget_bias_without_a_forget_gate_is_an_error_of_one_line(run):
    code, out, err = run("record", "--cell", "gru", "--forget-bias", 1, "-o", "a.safetensors")
    assert (code, out) == (1, "")
    assert err.splitlines() == [
        "Error: cell 'gru' has no forget gate whose bias could be 1.0; leave forget_bias out, or "
        "choose cell 'lstm'"
    ]


def test_gradients_are_clipped_at_1_by_default(run, monkeypatch):
    clips = []
    usual = signature(training.train).parameters["clip"].default

    def train(task, *, clip=usual, **settings):
        clips.append(clip)
        raise TrainingError("enough")

    monkeypatch.setattr("rnnviz.training.train", train)
    run("record", "-o", "a.safetensors")
    run("record", "--clip", "0.25", "-o", "a.safetensors")
    assert clips == [1.0, 0.25]


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_gated_cells_are_recorded_inspected_and_verified(cell, run):
    arguments = ("--task", "adding", "--steps", 5, "--hidden", 3, "--cell", cell, "--epochs", 1)
    assert run("record", *arguments, "-o", "a.safetensors")[0] == 0
    out = run("inspect", "a.safetensors")[1]
    assert f"nn.{cell.upper()} 'rnn'" in out
    assert run("verify", "a.safetensors")[0] == 0


@pytest.mark.parametrize(
    ("chosen", "times"),
    [
        ("all", [0, 1, 2, 3, 4, 5, 6]),
        ("last", [6]),
        ("every:3", [0, 3, 6]),
        ("2,7", [1, 6]),
        ("07", [6]),
    ],
)
def test_losses_are_counted_from_1(chosen, times, run):
    arguments = ("--task", "prices", "--steps", 7, "--epochs", 1, "--losses", chosen)
    assert run("record", *arguments, "-o", "a.safetensors")[0] == 0
    assert load("a.safetensors").loss_times.tolist() == times
    assert json.loads(run("inspect", "a.safetensors", "--json")[1])["loss_times"] == times


def test_a_loss_after_the_last_step_is_refused_before_training(fails, monkeypatch):
    monkeypatch.setattr("rnnviz.training.train", lambda *given, **more: 1 / 0)
    message = fails("record", "--losses", "3,9", "-o", "a.safetensors")
    assert "--losses names step 9, but the sequence has 8 steps" in message


def test_impossible_settings_of_a_network(fails):
    message = fails("record", "--cell", "gru", "--nonlinearity", "relu", "-o", "a.safetensors")
    assert "cell 'gru' has no nonlinearity 'relu'" in message
    assert "the learning rate must be finite and positive, got -1.0" in fails(
        "record", "--learning-rate", "-1", "-o", "a.safetensors"
    )


def test_the_help_of_record_has_every_option_once(run):
    _, out, _ = run("record", "-h")
    for option in record_command.command.params:
        assert len(re.findall(rf"^  (-o, )?{option.opts[-1]}(?![\w-])", out, re.MULTILINE)) == 1
    assert "This runs the code in MODULE" in " ".join(out.split())


def test_recording_from_own_text_and_numbers(run, tmp_path):
    text = tmp_path / "poem.txt"
    text.write_text("春眠不觉晓，处处闻啼鸟。", encoding="utf-8")
    assert run("record", "--text-file", text, "--epochs", 1, "-o", "t.safetensors")[0] == 0
    assert load("t.safetensors").metadata.step_labels[0][:3] == ("春", "眠", "不")
    table = tmp_path / "table.csv"
    rows = "\n".join(f"{row},{np.sin(row):.4f}" for row in range(40))
    table.write_text("day,level\n" + rows, encoding="utf-8")
    arguments = ("record", "--csv", table, "--column", "level", "--epochs", 1)
    assert run(*arguments, "-o", "s.safetensors")[0] == 0
    series = load("s.safetensors")
    assert series.metadata.task == "series"
    assert series.metadata.loss == "squared"


def test_how_a_table_is_read_is_reported_and_can_be_set(run, fails, tmp_path):
    table = tmp_path / "table.csv"
    rows = [f"{day:02}.01.2024;{day % 7},5" for day in range(1, 21)]
    table.write_text("日期;价格\n" + "\n".join(rows), encoding="gbk")
    usual = ("record", "--csv", table, "--epochs", 1, "--steps", 3, "-o", "a.safetensors")
    status, _, err = run(*usual, "--column", "价格")
    assert status == 0, err
    assert err.splitlines()[0] == (
        "table.csv: 20 values of '价格'; GB18030, columns separated by ';', decimal comma, "
        "dates in '日期' (day first)"
    )
    first = load("a.safetensors")
    assert first.metadata.step_labels == (("17.01.2024", "18.01.2024", "19.01.2024"),)
    given = ("--encoding", "gb18030", "--delimiter", ";", "--decimal", ",", "--header")
    more = ("--fill", "linear", "--date-column", "日期", "--date-order", "dmy")
    assert run(*usual, "--column", "2", *given, *more)[0] == 0
    assert (load("a.safetensors").x == first.x).all()
    assert "unknown encoding 'x'" in fails(*usual, "--column", "2", "--encoding", "x")
    _, _, err = run("record", "--task", "prices", "--date-order", "dmy", "-o", "a.safetensors")
    assert "task 'prices' has no option --date-order" in err


def test_the_encoding_of_a_text_file_is_reported(run, tmp_path):
    (tmp_path / "a.txt").write_bytes("春眠不觉晓，处处闻啼鸟。".encode("gb18030"))
    arguments = ("record", "--text-file", "a.txt", "--epochs", 1, "-o", "a.safetensors")
    for given in ((), ("--encoding", "gb18030")):
        status, _, err = run(*arguments, *given)
        assert status == 0
        assert err.splitlines()[0].lower() == "a.txt: 12 characters, read as gb18030"
        assert load("a.safetensors").metadata.source == "a.txt"
    status, _, err = run("record", "--text", "ab", "--encoding", "utf-8", "-o", "a.safetensors")
    assert (status, "--encoding needs --text-file or --csv" in err) == (2, True)


def test_the_loss_at_chance_is_never_negative(run):
    status, _, err = run("record", "--text", "aaaa", "--epochs", 1, "-o", "a.safetensors")
    assert status == 0
    assert err.endswith("by chance 0\n")


def test_special_characters_of_typst_are_escaped(run):
    tokens = ["#let", "x", "=", "$y$", "\\", '"q"', "@a", "*b*", "_c_", "<d>", "`e`"]
    text = " ".join(tokens)
    arguments = ("record", "--text", text, "--unit", "word", "--epochs", 1, "-o", "t.safetensors")
    assert run(*arguments)[0] == 0
    assert list(load("t.safetensors").metadata.step_labels[0]) == tokens[:-1]
    status, out, err = run(
        "render",
        "unrolling",
        "--trace",
        "t.safetensors",
        "-ql",
        "--format",
        "png",
        "--beats",
        "2-3",
    )
    assert status == 0, err
    assert len(out.splitlines()) == 2


MODEL = ("record", "--model", "a:b", "--inputs", "a.npz", "-o", "a.safetensors")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["render"], "give either SCENE or --all"),
        (["render", "unrolling", "--all"], "give either SCENE or --all"),
        (["render", "unrolling", "--beats", "4-2"], "neither a beat, such as 3"),
        (["render", "unrolling", "--beats", "x"], "neither a beat, such as 3"),
        (["render", "unrolling", "-qx"], "'x' is not one of"),
        (["render", "unrolling", "--format", "avi"], "'avi' is not one of"),
        (["render", "unrolling", "--trace", "a", "--task", "prices"], "cannot be combined"),
        (["render", "unrolling", "-j", "abc"], "'abc' is not a valid integer"),
        (["record"], "Missing option '-o'"),
        (["record", "--task", "nothing", "-o", "a.safetensors"], "'nothing' is not one of"),
        (["record", "--task", "text", "-o", "a.safetensors"], "needs --text or --text-file"),
        (["record", "--csv", "a.csv", "-o", "a.safetensors"], "needs --csv and --column"),
        (["record", "--gap", "2", "--task", "prices", "-o", "a.safetensors"], "has no option"),
        (["record", "--text", "ab", "--csv", "a.csv", "-o", "a.safetensors"], "give only one of"),
        (["record", "--cell", "cnn", "-o", "a.safetensors"], "'cnn' is not one of"),
        (["record", "--delay", "3", "--task", "adding", "-o", "a.safetensors"], "has no option"),
        (["record", "--steps", "9", "--task", "copying", "-o", "a.safetensors"], "has no option"),
        (["record", "--clip", "some", "-o", "a.safetensors"], "'some' is not a valid float"),
        (["record", "--losses", "every:0", "-o", "a.safetensors"], "is not all, last, every:N"),
        (["record", "--losses", "0,3", "-o", "a.safetensors"], "is not all, last, every:N"),
        (["record", "--losses", "3,", "-o", "a.safetensors"], "is not all, last, every:N"),
        (["record", "--inputs", "a.npz", "-o", "a.safetensors"], "--inputs needs --model"),
        (["record", "--weights", "a.pt", "-o", "a.safetensors"], "--weights needs --model"),
        (["record", "--training", "-o", "a.safetensors"], "--training needs --model"),
        (["record", "--loss", "squared", "-o", "a.safetensors"], "--loss needs --model"),
        (["record", "--model", "a:b", "-o", "a.safetensors"], "--model needs --inputs"),
        ([*MODEL, "--task", "adding"], "--task applies to tasks, not to --model"),
        ([*MODEL, "--text", "ab"], "--text applies to tasks, not to --model"),
        ([*MODEL, "--epochs", "3"], "--epochs applies to tasks, not to --model"),
        ([*MODEL, "--cell", "rnn"], "--cell applies to tasks, not to --model"),
        ([*MODEL, "--lang", "en"], "--lang applies to tasks, not to --model"),
        ([*MODEL, "--model", "c:d"], "--model is given 2 times; give it once"),
        (["record", "--model", "a", *MODEL[3:]], "'a' is not of the form MODULE:CALLABLE"),
        (["record", "--model", "a:b()", *MODEL[3:]], "'a:b()' is not of the form MODULE:"),
        (["record", "--hidden", "0", "-o", "a.safetensors"], "0 is not in the range"),
        (["record", "-o", "a.txt"], "must end in .safetensors"),
        (["rendr", "unrolling"], "did you mean 'render'?"),
        (["export", "unrolling", "--to", "htm", "-o", "a.html"], "Did you mean html?"),
        (["record", "--task", "sentense", "-o", "a.safetensors"], "Did you mean sentence"),
        (["figure", "cliff", "--trace", "a", "-o", "a.pdf"], "'cliff' shows no trace"),
        (
            ["figure", "accuracy-by-gap", "--task", "prices", "-o", "a.pdf"],
            "trains its own networks",
        ),
        (["figure", "accuracy-by-gap", "--trace", "a", "-o", "a.pdf"], "trains its own networks"),
        (
            ["export", "a.mp4", "--to", "gif", "-o", "a.gif", "--trace", "b"],
            "--trace applies to SCENE",
        ),
        (["export", "a.mp4", "--to", "gif", "-o", "a.gif", "-ql"], "--quality applies to SCENE"),
    ],
)
def test_wrong_usage_exits_with_2(arguments, expected, run):
    status, out, err = run(*arguments)
    assert status == 2
    assert out == ""
    assert expected in err
    assert "Traceback" not in err


def test_an_unknown_scene_names_the_near_matches(fails):
    assert "did you mean unrolling" in fails("render", "unroling")
    assert "choose why, feedforward" in fails("render", "zzz")
    assert "has beats 1 to 8, not 9" in fails("render", "unrolling", "--beats", "9")
    assert "has beats 1 to 8, not 9" in fails("render", "unrolling", "--beats", "1-9999999999")


@pytest.mark.parametrize("output", [(), ("-o", "a.pdf")])
def test_an_unknown_figure_names_the_near_matches(output, fails):
    assert "did you mean gradient-by-lag" in fails("figure", "gradient-by-lg", *output)


def test_a_missing_or_damaged_trace(fails, saved, tmp_path):
    assert "there is no trace" in fails("inspect", "none.safetensors")
    whole = saved.read_bytes()
    damaged = tmp_path / "damaged.safetensors"
    for content in (b"", b"hello", whole[:100], whole[: len(whole) // 2], whole[:-1]):
        damaged.write_bytes(content)
        for command in ("inspect", "verify"):
            assert "damaged or not a trace" in fails(command, damaged)
        assert "damaged or not a trace" in fails("render", "unrolling", "--trace", damaged)


def test_a_file_that_is_not_a_trace(fails, tmp_path):
    save_file({"x": np.zeros(3)}, tmp_path / "other.safetensors")
    assert "not a trace of rnnviz" in fails("inspect", "other.safetensors")


def rewrite(path, *, arrays=None, **metadata):
    header, held = storage.read(path)
    changed = json.dumps({**json.loads(header), **metadata})
    storage.write(path, {**held, **(arrays or {})}, changed)


def test_a_trace_of_a_newer_schema(fails, saved):
    rewrite(saved, schema=99)
    assert f"has schema 99, but this rnnviz reads {SCHEMA}; upgrade rnnviz" in fails(
        "inspect", saved
    )


def test_a_trace_of_an_older_schema(fails, saved):
    rewrite(saved, schema=PLAIN_SCHEMA - 1)
    assert "has schema 1, but this rnnviz reads" in fails("inspect", saved)


def test_a_changed_byte_is_noticed(fails, saved):
    content = bytearray(saved.read_bytes())
    content[-9] ^= 1
    saved.write_bytes(content)
    for command in ("inspect", "verify"):
        assert "was changed); record it again" in fails(command, saved)


def test_a_trace_of_the_wrong_dims(fails, saved, trace):
    rewrite(saved, arrays={"h": np.zeros((1, 1, 3, 2, 5))})
    message = fails("verify", saved)
    assert "'h'" in message or "dims" in message
    assert "(layer, direction, time, batch, hidden)" in message


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_trace_with_a_number_that_is_not_finite(bad, fails, saved, trace):
    h = trace.h.copy()
    h[0, 0, 3] = bad
    rewrite(saved, arrays={"h": h})
    message = fails("render", "unrolling", "--trace", saved)
    assert "field 'h' is not finite" in message
    assert "at step 4" in message


def test_a_trace_without_gradients_for_a_scene_that_needs_them(run, fails, make_trace, tmp_path):
    path = make_trace(gradients=False).save(tmp_path / "plain.safetensors")
    message = fails("render", "vanishing-gradient", "--trace", path)
    assert "has no gradients, which 'vanishing-gradient' needs" in message
    assert "record it again without --no-grad" in message
    assert run("verify", path)[0] == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", "the text is empty"), ("  \n ", "the text is empty"), ("a", "has only one char ('a')")],
)
def test_text_that_is_too_short(text, expected, fails, tmp_path):
    assert expected in fails("record", "--text", text, "-o", "a.safetensors")
    assert not (tmp_path / "a.safetensors").exists()


def test_a_character_that_no_font_has(run, fails):
    assert run("record", "--text", "ab🦄ab🦄", "--epochs", 1, "-o", "a.safetensors")[0] == 0
    message = fails("render", "unrolling", "--trace", "a.safetensors", "-ql", "--format", "png")
    assert "no font of rnnviz has the character '🦄' (U+1F984)" in message


@pytest.mark.parametrize("command", [("render", "unrolling"), ("figure", "states", "-o", "a.pdf")])
@pytest.mark.parametrize("source", ["--text", "--text-file"])
def test_missing_characters_are_reported_before_training(
    command, source, fails, monkeypatch, tmp_path
):
    monkeypatch.setattr(training, "train", lambda *given, **more: pytest.fail("trained"))
    (tmp_path / "a.txt").write_text("\u0633\u0644\u0645 a", encoding="utf-8")
    given = "\u0633\u0644\u0645 a" if source == "--text" else "a.txt"
    message = fails(*command, source, given)
    assert "no font of rnnviz has the character '\u0633' (U+0633)" in message
    where = "--text" if source == "--text" else "'a.txt'"
    assert (
        f"; give a font that has it: --font FILE (font= in Python), or replace it in {where}"
        in (message)
    )


def test_missing_characters_that_may_not_be_shown_are_noted(capsys, tmp_path):
    task = ("text", {"text": "ab\u0633" * 20, "steps": 30})
    check_text(task)
    assert capsys.readouterr().err.startswith(
        "rnnviz: this text may not be drawn: no font of rnnviz"
    )
    check_text(task, load_fonts(DEJAVU))
    assert capsys.readouterr().err == ""
    check_text(("text", {**task[1], "steps": 3}), drawn=False)
    assert "this text may not be drawn" in capsys.readouterr().err


LETTER = """
from manim import FadeIn
from rnnviz.scene.storyboard import Storyboard
from rnnviz.mobjects.text import label
from rnnviz.scene.beats import beat


class Letter(Storyboard):
    @beat("A letter.")
    def letter(self):
        self.play(FadeIn(label("\u092e", color=self.theme.color("text"))))
"""


def test_a_scene_is_drawn_with_a_custom_font(run, saved, tmp_path, monkeypatch):
    (tmp_path / "letter.py").write_text(LETTER, encoding="utf-8")
    font = saved_font(tmp_path, "a.ttf", built("\u092e"))
    stills = ("render", "letter.py", "--trace", saved, "-ql", "--format", "png", "-o", "stills")
    assert "no font of rnnviz has the character '\u092e'" in run(*stills)[2]
    assert run(*stills, "--font", DEJAVU, "--font", font)[0] == 0
    monkeypatch.setenv("RNNVIZ_FONT", os.pathsep.join(map(str, (DEJAVU, font))))
    assert run(*stills)[0] == 0


def test_a_custom_font_is_named_in_a_figure(run, saved, tmp_path):
    assert run("figure", "states", "--trace", saved, "--font", DEJAVU, "-o", "a.svg")[0] == 0
    assert "--font DejaVuSans.ttf" in (tmp_path / "a.svg").read_text(encoding="utf-8")


def test_the_face_used_of_a_collection_is_reported(run, saved, tmp_path, monkeypatch):
    faces = [built("\u092e", family=name) for name in ("One", "Two")]
    monkeypatch.setenv("RNNVIZ_FONT", str(collected(tmp_path, "all.ttc", *faces)))
    status, _, err = run("explore", saved, "-o", "a.html")
    assert status == 0
    assert "all.ttc has 2 faces, and 'One' is used; choose another as all.ttc#NAME: Two" in err
    status, _, err = run("explore", saved, "--font", f"{tmp_path}/all.ttc#Two", "-o", "a.html")
    assert (status, err) == (0, "")


def test_a_text_file_that_cannot_be_read(fails, tmp_path):
    (tmp_path / "latin.txt").write_bytes("Привет".encode("cp1251"))
    assert "is not UTF-8 text" in fails("record", "--text-file", "latin.txt", "-o", "a.safetensors")
    assert "cannot read" in fails("record", "--text-file", "none.txt", "-o", "a.safetensors")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("day,level\n1,2\n", "has no column 'price'; it has day, level"),
        ("", "has no column 'price'; it has none"),
        ("price\n1\ntwo\n3\n", "line 3 has 'two' in column 'price', which is not a number"),
        ("price\n1\nnan\n3\n", "column 'price' has 1 gap (line 3: empty or not a number)"),
        ("day,price\n1\n", "need at least 14 values, got 0"),
        ("price\n1\n2\n3\n", "need at least 14 values, got 3"),
    ],
)
def test_bad_csv(content, expected, fails, tmp_path):
    (tmp_path / "table.csv").write_text(content, encoding="utf-8")
    arguments = ("record", "--csv", "table.csv", "--column", "price", "-o", "a.safetensors")
    assert expected in fails(*arguments)
    assert not (tmp_path / "a.safetensors").exists()


def test_an_output_that_cannot_be_written_is_refused_before_the_work(
    fails, saved, tmp_path, closed, monkeypatch
):
    nowhere = ("record", "--epochs", 1, "-o", "/proc/none/a.safetensors")
    assert "cannot write" in fails(*nowhere)  # as root, this fails only after the work
    monkeypatch.setattr("rnnviz.training.train", lambda *given, **more: 1 / 0)
    (tmp_path / "closed").mkdir()
    closed(tmp_path / "closed", 0o500)
    assert "cannot write into" in fails("record", "-o", "closed/a.safetensors")
    render = ("render", "unrolling", "--trace", saved)
    assert "cannot write" in fails(*render, "-o", "/proc/none/a.mp4")
    (tmp_path / "folder.mp4").mkdir()
    assert "is a folder" in fails(*render, "-o", "folder.mp4")
    (tmp_path / "file").write_text("kept")
    message = fails(*render, "--format", "png", "-o", "file")
    assert "is a file, but stills need a folder" in message
    assert (tmp_path / "file").read_text() == "kept"


def test_an_unexpected_error_is_reported_as_a_bug(run, monkeypatch):
    monkeypatch.setattr("rnnviz.trace.load", lambda path: 1 / 0)
    status, _, err = run("inspect", "a.safetensors")
    assert status == 1
    assert "ZeroDivisionError" in err
    assert "this is a bug in rnnviz" in err


@pytest.mark.parametrize("command", [["figure", "states", "--trace"], ["explore"]])
@pytest.mark.parametrize(
    ("place", "message"),
    [
        (["--layer", "3"], "there is no layer 3; the trace has 1"),
        (["--sequence", "9"], "there is no sequence 9; the trace has "),
        (["--direction", "reverse"], "the trace has no reverse direction"),
    ],
)
def test_missing_layers_and_sequences_are_counted_from_1(
    command, place, message, run, make_trace, tmp_path
):
    path = make_trace().save(tmp_path / "run.safetensors")
    ending = "pdf" if command[0] == "figure" else "html"
    status, _, err = run(*command, str(path), *place, "-o", str(tmp_path / f"a.{ending}"))
    assert status == 1
    assert message in err

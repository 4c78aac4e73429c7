"""Every option of every command either has an effect or is refused."""

from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import click
import matplotlib
import pytest

from rnnviz.cli import cache, doctor, group, main, render
from rnnviz.cli.commands import StrictCommand
from rnnviz.errors import RnnvizError
from rnnviz.rendering import Rendered

DRAWN = ("render", "unrolling", "--trace", "a.safetensors")
TRAINED = ("render", "unrolling")
OF_TEXT = ("--text", "to be or not to be")
OF_CSV = ("--csv", "a.csv", "--column", "b")
FIGURE = ("figure", "states", "-o", "a.pdf")
BY_LAG = ("figure", "gradient-by-lag", "-o", "a.pdf")
OF_TRACE = (*FIGURE, "--trace", "a.safetensors")
RECORD = ("record", "-o", "a.safetensors")
MODEL = (*RECORD, "--model", "a:b", "--inputs", "a.npz")
VERIFY = ("verify", "a.safetensors")
EXPORT = ("export", "unrolling", "--to", "html", "-o", "a.html", "--trace", "a.safetensors")
EXPLORE = ("explore", "a.safetensors", "-o", "a.html")
EXPLORE_TRAINED = ("explore", "-o", "a.html")
SWEEP = ("sweep", "--lengths", "5", "-o", "a.json")
FONT = str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf")
SCHEDULER = ("--scheduler", "tcp://127.0.0.1:8786")


def of_data(*base):
    """Return a command line for each task option that the option changes."""
    return {
        "task": (base, ("--task", "adding")),
        "text": (base, OF_TEXT),
        "text_file": (base, ("--text-file", "a.txt")),
        "csv": (base, OF_CSV),
        "column": ((*base, "--csv", "a.csv", "--column", "a"), None, (*base, *OF_CSV)),
        "delimiter": ((*base, *OF_CSV), ("--delimiter", ";")),
        "decimal": ((*base, *OF_CSV), ("--decimal", ",")),
        "encoding": ((*base, *OF_CSV), ("--encoding", "latin-1")),
        "header": ((*base, *OF_CSV), ("--no-header",)),
        "fill": ((*base, *OF_CSV), ("--fill", "linear")),
        "date_column": ((*base, *OF_CSV), ("--date-column", "a")),
        "date_order": ((*base, *OF_CSV), ("--date-order", "dmy")),
        "unit": ((*base, *OF_TEXT), ("--unit", "word")),
        "story": ((*base, "--task", "sentence"), ("--story", "repair")),
        "gap": ((*base, "--task", "sentence"), ("--gap", 3)),
        "steps": ((*base, "--task", "adding"), ("--steps", 7)),
        "delay": ((*base, "--task", "copying"), ("--delay", 7)),
    }


def of_network(*base):
    """Return a command line for each option of a network, its training, and a model."""
    model = (*base, "--model", "a:b", "--inputs", "a.npz")
    return {
        "cell": (base, ("--cell", "gru")),
        "nonlinearity": (base, ("--nonlinearity", "relu")),
        "hidden": (base, ("--hidden", 5)),
        "layers": (base, ("--layers", 2)),
        "bidirectional": (base, ("--bidirectional",)),
        "initial": (base, ("--initial", "identity")),
        "scale": (base, ("--scale", 2)),
        "forget_bias": ((*base, "--cell", "lstm"), ("--forget-bias", 1)),
        "epochs": (base, ("--epochs", 2)),
        "seed": (base, ("--seed", 2)),
        "optimizer": (base, ("--optimizer", "sgd")),
        "learning_rate": (base, ("--learning-rate", 0.5)),
        "clip": (base, ("--clip", "none")),
        "model": (model, None, (*base, "--model", "a:c", "--inputs", "a.npz")),
        "inputs": (model, None, (*base, "--model", "a:b", "--inputs", "b.npz")),
        "labels_file": (model, ("--labels", "a.txt")),
        "weights": (model, ("--weights", "a.pt")),
        "weights_key": ((*model, "--weights", "a.pt"), ("--weights-key", "model")),
        "states": (model, ("--states", "rnn.cell")),
        "per": (model, ("--per", "step,sequence")),
        "loss": (model, ("--loss", "squared")),
        "layer": (model, ("--layer", "encoder")),
        "training": (model, ("--training",)),
    }


EFFECTS = {
    "render": {
        **of_data(*TRAINED),
        **of_network(*TRAINED),
        "everything": (
            ("render", "feedforward", *DRAWN[2:]),
            None,
            ("render", "--all", *DRAWN[2:]),
        ),
        "trace_files": (TRAINED, DRAWN[2:]),
        "fonts": (DRAWN, ("--font", FONT)),
        "quality": (DRAWN, ("-q", "l")),
        "file_format": (DRAWN, ("--format", "webm")),
        "output": (DRAWN, ("-o", "b.mp4")),
        "language": (DRAWN, ("--lang", "zh")),
        "theme": (DRAWN, ("--theme", "light")),
        "notation": (DRAWN, ("--notation", "d2l")),
        "aspect": (DRAWN, ("--aspect", "1:1")),
        "pace": (DRAWN, ("--pace", "0.8")),
        "hold": (DRAWN, ("--hold", "1:2")),
        "captions": (DRAWN, ("--no-captions",)),
        "beats": (DRAWN, ("--beats", "2-3")),
        "transparent": ((*DRAWN, "--format", "webm"), ("--transparent",)),
        "jobs": (DRAWN, ("-j", 3)),
        "scheduler": (DRAWN, SCHEDULER),
        "preview": (DRAWN, ("-p",)),
        "as_json": (DRAWN, ("--json",)),
    },
    "list": {"language": (("list",), ("--lang", "zh")), "as_json": (("list",), ("--json",))},
    "explore": {
        **of_data(*EXPLORE_TRAINED),
        **of_network(*EXPLORE_TRAINED),
        "output": (EXPLORE, None, ("explore", "a.safetensors", "-o", "b.html")),
        "fonts": (EXPLORE, ("--font", FONT)),
        "layer": (EXPLORE, ("--layer", 2)),
        "direction": (EXPLORE, ("--direction", "reverse")),
        "compare": (EXPLORE, ("--compare", "b.safetensors")),
        "scene": (EXPLORE, ("--scene", "tanh")),
        "sequence": (EXPLORE, ("--sequence", 2)),
        "language": (EXPLORE, ("--lang", "zh")),
        "theme": (EXPLORE, ("--theme", "dark")),
        "notation": (EXPLORE, ("--notation", "d2l")),
    },
    "export": {
        **of_data(*EXPORT[:-2]),
        **of_network(*EXPORT[:-2]),
        "everything": (EXPORT, None, ("export", "--all", *EXPORT[2:])),
        "title": (EXPORT, ("--title", "A lecture")),
        "fonts": (EXPORT, ("--font", FONT)),
        "to": (EXPORT, None, (*EXPORT[:3], "pptx", *EXPORT[4:])),
        "output": (EXPORT, None, (*EXPORT[:5], "b.html", *EXPORT[6:])),
        "trace_files": (EXPORT, None, (*EXPORT[:-1], "b.safetensors")),
        "quality": (EXPORT, ("-q", "l")),
        "language": (EXPORT, ("--lang", "zh")),
        "theme": (EXPORT, ("--theme", "light")),
        "notation": (EXPORT, ("--notation", "d2l")),
    },
    "figure": {
        **of_data(*FIGURE),
        **of_network(*FIGURE),
        "listed": (("figure",), ("--list",)),
        "trace_files": (FIGURE, ("--trace", "a.safetensors")),
        "labels": (OF_TRACE, ("--label", "mine")),
        "state": (OF_TRACE, ("--state", "h")),
        "normalize": ((*BY_LAG, "--trace", "a.safetensors"), ("--normalize",)),
        "fonts": (OF_TRACE, ("--font", FONT)),
        "sweep_file": (("figure", "accuracy-by-gap", "-o", "a.pdf"), ("--sweep", "a.json")),
        "output": (OF_TRACE, None, ("figure", "states", "-o", "b.pdf", *OF_TRACE[4:])),
        "style": (OF_TRACE, ("--style", "slides")),
        "venue": (OF_TRACE, ("--venue", "icml")),
        "span": ((*OF_TRACE, "--venue", "icml"), ("--span", 2)),
        "width": (OF_TRACE, ("--width", 5)),
        "height": (OF_TRACE, ("--height", 5)),
        "layer": (OF_TRACE, ("--layer", 2)),
        "direction": (OF_TRACE, ("--direction", "reverse")),
        "sequence": (OF_TRACE, ("--sequence", 2)),
        "keep_text": (OF_TRACE, ("--keep-text",)),
        "language": (OF_TRACE, ("--lang", "zh")),
        "theme": (OF_TRACE, ("--theme", "dark")),
        "notation": (OF_TRACE, ("--notation", "d2l")),
        "as_json": (("figure", "--list"), ("--json",)),
    },
    "sweep": {
        "task": (SWEEP, ("--task", "adding")),
        "lengths": (SWEEP, None, ("sweep", "--lengths", "5,6", *SWEEP[3:])),
        "cells": (SWEEP, ("--cells", "gru")),
        "seeds": (SWEEP, ("--seeds", 2)),
        "hidden": (SWEEP, ("--hidden", 2)),
        "epochs": (SWEEP, ("--epochs", 2)),
        "language": (SWEEP, ("--lang", "zh")),
        "output": (SWEEP, None, (*SWEEP[:-1], "b.json")),
        "jobs": (SWEEP, ("-j", 3)),
        "scheduler": (SWEEP, SCHEDULER),
        "forget_bias": (SWEEP, ("--forget-bias", 1)),
        "as_json": (SWEEP, ("--json",)),
    },
    "record": {
        **of_data(*RECORD),
        "language": (RECORD, ("--lang", "zh")),
        **of_network(*RECORD),
        "losses": (RECORD, ("--losses", "last")),
        "dtype": (RECORD, ("--dtype", "float32")),
        "no_grad": (RECORD, ("--no-grad",)),
        "output": (RECORD, None, ("record", "-o", "b.safetensors")),
    },
    "inspect": {"as_json": (("inspect", "a.safetensors"), ("--json",))},
    "verify": {
        "model": (VERIFY, ("--model", "a:b")),
        "inputs": ((*VERIFY, "--model", "a:b"), ("--inputs", "a.npz")),
        "weights": ((*VERIFY, "--model", "a:b"), ("--weights", "a.pt")),
        "weights_key": (
            (*VERIFY, "--model", "a:b", "--weights", "a.pt"),
            ("--weights-key", "model"),
        ),
        "as_json": (VERIFY, ("--json",)),
    },
    "cache info": {"as_json": (("cache", "info"), ("--json",))},
    "cache clear": {"recordings": (("cache", "clear"), ("--recordings",))},
    "doctor": {"as_json": (("doctor",), ("--json",))},
}
"""For each option of each command: a command line, and words to add or a line to run instead."""

REFUSED = [
    ((*DRAWN, "--format", "png", "-j", 2), "--jobs applies to videos"),
    ((*DRAWN, "--format", "png", *SCHEDULER), "--scheduler applies to videos"),
    ((*DRAWN, *SCHEDULER, "-j", 2), "--jobs and --scheduler cannot be combined"),
    ((*DRAWN, "--seed", 2), "--trace and --seed cannot be combined"),
    ((*DRAWN, "--gap", 2), "--trace cannot be combined with a task"),
    ((*TRAINED, "--gap", 2), "--gap needs --task"),
    ((*DRAWN, "--cell", "lstm"), "--trace and --cell cannot be combined"),
    ((*DRAWN, "--model", "a:b", "--inputs", "a.npz"), "--trace and --model cannot be combined"),
    ((*TRAINED, "--weights", "a.pt"), "--weights needs --model"),
    ((*TRAINED, "--model", "a:b"), "--model needs --inputs"),
    ((*EXPLORE, "--hidden", 3), "TRACE and --hidden cannot be combined"),
    (("figure", "accuracy-by-gap", "--hidden", 2, "-o", "a.pdf"), "trains its own networks"),
    ((*TRAINED, "--task", "adding", "--gap", 2), "task 'adding' has no option --gap"),
    ((*TRAINED, *OF_TEXT, "--delay", 2), "task 'text' has no option --delay"),
    (("render", "--all", "--beats", 2), "--beats and --all cannot be combined"),
    ((*DRAWN, "-q", "l", "-qh", "--quality", "m"), "--quality is given 3 times"),
    (("render", "unrolling", "--trace", ""), "--trace is empty"),
    ((*DRAWN, "-o", ""), "--output is empty"),
    (("list", "--json", "--lang", "zh"), "--lang has no effect with --json"),
    ((*RECORD, "--no-grad", "--losses", "last"), "--losses has no effect with --no-grad"),
    ((*MODEL, "--epochs", 2), "--epochs applies to tasks"),
    ((*OF_TRACE, "--layer", "rnn:2"), "--layer rnn:2 names a layer of --model; without one, give"),
    ((*EXPLORE, "--layer", "rnn"), "--layer rnn names a layer of --model; without one, give a num"),
    ((*EXPLORE, "--layer", "0"), "0 is not in the range x>=1"),
    ((*EXPLORE, "--layer", "rnn:x"), "'x' is not a valid integer"),
    ((*RECORD, "--loss", "squared"), "--loss needs --model"),
    ((*VERIFY, "--weights", "a.pt"), "--weights needs --model"),
    ((*FIGURE, "--span", 1), "--span needs --venue"),
    ((*FIGURE, "--venue", "icml", "--width", 3), "--width and --venue both set the width"),
    (("figure", "states", "-o", "a.png", "--keep-text"), "--keep-text applies to .pdf and .svg"),
    ((*FIGURE, "--json"), "--json needs --list"),
    (("figure", "--list", "--lang", "zh", "--json"), "--lang has no effect with --json"),
    (("figure", "--list", "-o", "a.pdf"), "--output has no effect with --list"),
    (("figure", "--list", "--task", "adding"), "--task has no effect with --list"),
    (("figure", "states", "--list"), "NAME has no effect with --list"),
    (
        ("figure", "accuracy-by-gap", "--task", "sentence", "--gap", 2, "-o", "a.pdf"),
        "--gap has no effect",
    ),
    (("figure", "cliff", "--layer", 1, "-o", "a.pdf"), "figure 'cliff' has no option --layer"),
    (("export", "a.mp4", "--to", "gif", "-o", "a.gif", "--lang", "zh"), "--lang applies to SC"),
    (("export", "a.mp4", "--to", "html", "-o", "a", "--theme", "light"), "--theme applies to SC"),
    (("export", "a.mp4", "--to", "html", "-o", "a", "--notation", "d2l"), "--notation applies to"),
    ((*DRAWN, "--notation", "d21"), "give a file that ends in .toml, or a name: did you mean d2l?"),
    ((*SWEEP, "-j", 2, *SCHEDULER), "--jobs and --scheduler cannot be combined"),
]


def commands():
    for name in group.group.list_commands(None):
        command = group.group.get_command(None, name)
        if isinstance(command, click.Group):
            yield from ((f"{name} {inner}", each) for inner, each in command.commands.items())
        else:
            yield name, command


class Stop(RnnvizError):
    """Raised where the work would begin."""


@pytest.fixture
def observe(trace, tmp_path, monkeypatch, capsys):
    """(command line …) → its exit status, stdout, stderr, and the calls that would do the work."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RNNVIZ_CACHE_DIR", str(tmp_path / "cache"))
    for name in ("a", "b"):
        trace.save(f"{name}.safetensors")
    (tmp_path / "a.txt").write_text("one two one two")
    (tmp_path / "a.csv").write_text("a,b\n" + "".join(f"{i % 5},{i % 7}\n" for i in range(40)))
    called = []

    def spy(target, *, result=None, stop=False):
        def call(*given, **named):
            called.append((target, repr(given), repr(sorted(named.items()))))
            if stop:
                raise Stop(target)
            return result

        monkeypatch.setattr(target, call)

    @contextmanager
    def entered(*given, **named):
        called.append((repr(given), repr(sorted(named.items()))))
        yield None

    rendered = Rendered("unrolling", (tmp_path / "a.mp4",), ("loop",), 1.0)
    spy("rnnviz.rendering.begin", result=SimpleNamespace(finish=lambda: rendered))
    spy("rnnviz.rendering.render", result=rendered)
    spy("rnnviz.experiments.default_recordings.CachedRecording.trace", stop=True)
    spy("rnnviz.experiments.default_recordings.default_trace", stop=True)
    spy("rnnviz.experiments.sweeps.load_sweep", stop=True)
    spy("rnnviz.cli.options.check_places")
    spy("rnnviz.cli.figure.check_places")
    spy("rnnviz.cli.explore.check_places")
    spy("rnnviz.explorer.explore", result="page")
    spy("rnnviz.figures.figure")
    spy("rnnviz.figures.save_figure", result=Path("a.pdf"))
    spy("rnnviz.figures.saving.images_in", result=())
    spy(
        "rnnviz.exports.rendered_video.RenderedVideo.of",
        result=SimpleNamespace(languages=("en", "zh")),
    )
    spy("rnnviz.exports.exporting.unsupported", result=())
    spy("rnnviz.exports.exporting.write", result=())
    spy("rnnviz.cli.own_model.record_model", stop=True)
    spy("rnnviz.cli.own_model.verify_model", stop=True)
    swept = mock.MagicMock(cells=())
    swept.settings.gaps, swept.settings.cells, swept.settings.seeds = (1,), ("rnn",), (1,)
    spy("rnnviz.experiments.sweeps.sweep", result=swept)
    spy("click.launch")
    monkeypatch.setattr("rnnviz.rendering.execution.dask.open_executor", entered)
    monkeypatch.setattr("rnnviz.system.workers.workers", entered)
    monkeypatch.setattr(doctor, "_findings", lambda: iter(()))
    few = {name: render.SCENES[name] for name in ("unrolling", "tanh")}
    monkeypatch.setattr(render, "SCENES", few)

    def train(task, *, progress, **settings):
        called.append((type(task).__name__, repr(vars(task)), repr(settings)))

        def record(**how):
            called.append(("record", repr(how)))
            return SimpleNamespace(
                steps=1, cell_size=1, save=lambda path: called.append(("save", str(path)))
            )

        history = SimpleNamespace(epochs=1, loss=[0.0])
        return SimpleNamespace(record=record, history=history, score=0.0)

    monkeypatch.setattr("rnnviz.training.train", train)
    monkeypatch.setattr(cache, "_megabytes", "{} bytes".format)

    def look(*arguments):
        called.clear()
        trace.save(tmp_path / "cache" / "kept.safetensors")
        with pytest.raises(SystemExit) as stop:
            main([str(each) for each in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in err, err
        return stop.value.code, out, err, tuple(called)

    return look


def test_the_table_has_every_option_of_every_command():
    options = {
        name: {str(param.name) for param in command.params if isinstance(param, click.Option)}
        for name, command in commands()
    }
    assert {name: set(rows) for name, rows in EFFECTS.items()} == options
    assert all(isinstance(command, StrictCommand) for _, command in commands())


@pytest.mark.parametrize(
    ("command", "option"), [(name, option) for name, rows in EFFECTS.items() for option in rows]
)
def test_every_option_has_an_effect(command, option, observe):
    base, added, *instead = EFFECTS[command][option]
    with_option = instead[0] if instead else (*base, *added)
    status, *effects = observe(*with_option)
    # with status 2, the only difference would be the error message
    assert status in (0, 1), effects
    assert effects != list(observe(*base)[1:])


@pytest.mark.parametrize(("arguments", "expected"), REFUSED)
def test_options_without_effect_are_refused(arguments, expected, observe):
    status, out, err, called = observe(*arguments)
    assert (status, out, called) == (2, "", ())
    assert expected in err


def test_a_flag_may_be_repeated(observe):
    assert observe("list", "--json", "--json") == observe("list", "--json")


def test_options_that_do_not_affect_compared_networks_are_reported(observe):
    for scene, reported in (("gates", True), ("long-dependency", True), ("unrolling", False)):
        _, _, err, _ = observe("render", scene, "--seed", 7)
        assert ("--seed set the recording" in err) == reported
    _, _, err, _ = observe("render", "gates", "--task", "sentence", "--gap", 2, "--seed", 7)
    assert (
        "not the networks that it compares, which have seeds 1, 2, 3, 4, 5 and gaps 0, 10, 20"
        in err
    )

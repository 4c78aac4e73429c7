"""Errors of user's scenes are reported in one line, and their side effects are contained."""

import json
import os
import sys
from pathlib import Path

import pytest
import torch
import warm
from models import Around
from small_scenes import HEAD, THREE, frames
from torch import nn

import rnnviz
from rnnviz.cli import main
from rnnviz.errors import RenderError, RnnvizError, SceneError
from rnnviz.exports.rendered_video import RenderedVideo
from rnnviz.recording import record
from rnnviz.scene.loading import load_scene

FORMATS = ("mp4", "png")
IN_TWO = "        self.play(self.square.animate.shift(RIGHT)"
CLASS = "class Three(Storyboard):"
CONSTRUCT = "    def construct(self):\n        self.play(FadeIn(Square()), run_time=0.1)\n"


def with_two(statement: str) -> str:
    """The scene of three beats with a statement in the second."""
    assert IN_TWO in THREE
    return THREE.replace(IN_TWO, f"        {statement}\n{IN_TWO}")


def with_class(line: str) -> str:
    """The scene of three beats with a line at the start of its class."""
    assert CLASS in THREE
    return THREE.replace(CLASS, f"{CLASS}\n    {line}")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("from proj.sizes import SIDE", "'proj' is in {root!r}: set PYTHONPATH to that folder"),
        (
            "from ..sizes import SIDE",
            "an absolute import, from proj.scenes import …, and set PYTHONPATH to {root!r}",
        ),
        ("import proj_of_nobody", "No module named 'proj_of_nobody' (three.py, line 1)"),
    ],
)
def test_a_scene_within_a_package_gets_a_hint_about_its_path(line, told, tmp_path):
    folder = tmp_path / "proj" / "scenes"
    folder.mkdir(parents=True)
    for each in (folder, folder.parent):
        (each / "__init__.py").touch()
    (folder.parent / "sizes.py").write_text("SIDE = 2.0\n")
    (folder / "three.py").write_text(f"{line}\n{THREE}")
    with pytest.raises(SceneError) as error:
        load_scene(str(folder / "three.py"))
    assert str(error.value).endswith(told.format(root=str(tmp_path.resolve())))
    assert "\n" not in str(error.value)


FAILING = [
    (with_two("1 / 0"), "beat 'two' of scene 'three' failed: ZeroDivisionError: .*(three.py, line"),
    (
        with_two("self.square.add_updater(lambda square: 1 / 0)"),
        "beat 'two' of scene 'three' failed: ZeroDivisionError: .*(three.py, line",
    ),
    (
        with_two("raise SystemExit(0)"),
        "beat 'two' of scene 'three' failed: it exits the program, SystemExit: 0 (three.py, line",
    ),
    (
        f"raise SystemExit(0)\n{THREE}",
        "three.py': it exits the program, SystemExit: 0 (three.py, line 1)",
    ),
    (f"{THREE}def (\n", "three.py': SyntaxError: .*(three.py, line"),
    (
        THREE.replace("Two.", "Two {nokey}."),
        "caption 'Two {nokey}.' uses {nokey}, but facts() returns only item",
    ),
    (THREE.replace('"Two."', "3"), "beat 'two' of class 'Three' has the caption 3; write"),
    (THREE.replace('"Two."', '" "'), "beat 'two' of class 'Three' has the caption ' '; write"),
    (
        with_class("experiments = {'twin': lambda trace: 1 / 0}"),
        "experiment 'twin' of class 'Three' failed: ZeroDivisionError: .*(three.py, line",
    ),
    (with_class("experiments = None"), "'experiments' of class 'Three' is None; give a function"),
    (with_class("task = None"), "'task' of class 'Three' is None; give the name of a task"),
    (with_class("depends_on = 'a.csv'"), "'depends_on' of class 'Three' is 'a.csv'; give a tuple"),
    (with_class("depends_on = ('a', 3)"), "'depends_on' of class 'Three' has 3; give a path, a"),
    (with_class("variants = 'A'"), "'variants' of class 'Three' is 'A'; give a tuple of classes"),
    (with_class("variants = (Scene,)"), "'variants' of class 'Three' has <class"),
    (
        with_class("variants = ('Nobody',)"),
        "variant 'Nobody' of class 'Three' is no storyboard in module 'rnnviz_user_three'; give",
    ),
    (
        with_class("variants = ('nobody_s:Three',)"),
        "variant 'nobody_s:Three' of class 'Three' failed: ModuleNotFoundError: No module named",
    ),
    (with_class("least_steps = 'a'"), "'least_steps' of class 'Three' is 'a'; give a number"),
    (
        THREE.replace("(Storyboard)", "(Scene)"),
        "class 'Three' has beats but is not a storyboard; derive a class from rnnviz.scene",
    ),
    (THREE + CONSTRUCT, "scene 'three' does not play its beat 'one'; leave 'construct' to"),
]


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize(("scene", "told"), FAILING)
def test_a_failing_scene_is_reported_with_beat_and_line(
    scene, told, file_format, three, trace, tmp_path
):
    three.write_text(scene)
    output = tmp_path / "out" / f"three.{file_format}"
    with pytest.raises(RnnvizError) as raised:
        rnnviz.render(three, trace, quality="l", format=file_format, output=output)
    start, _, end = told.partition(".*")
    assert start in str(raised.value)
    assert end in str(raised.value)
    assert [path for path in output.parent.rglob("*") if not path.is_dir()] == []


def test_an_own_construct_may_add_to_the_beats(three, trace, tmp_path):
    three.write_text(THREE + CONSTRUCT + "        super().construct()\n")
    done = rnnviz.render(three, trace, quality="l", output=tmp_path / "three.mp4")
    assert done.beats == ("one", "two", "three")


def test_a_long_message_is_shortened(three, trace, tmp_path):
    three.write_text(with_two("if self.renderer.sink: raise ValueError('9' * 1_000_000)"))
    with pytest.raises(
        RenderError, match=r"beat 'two' .*: ValueError: 9{200,300}… \(three.py"
    ) as told:
        rnnviz.render(three, trace, quality="l", output=tmp_path / "three.mp4")
    assert len(str(told.value)) < 400


DATACLASS = """from __future__ import annotations
from dataclasses import dataclass

@dataclass
class Kept:
    number: int = 3
"""


def test_beats_with_instances_of_own_classes_are_kept(three, trace, tmp_path, drawn):
    scene = THREE.replace("self.square = ", "self.kept = Kept()\n        self.square = ")
    three.write_text(DATACLASS + scene)
    assert drawn(three, trace, tmp_path / "three.mp4") == ["one", "three", "two"]
    assert drawn(three, trace, tmp_path / "three.mp4") == []


@pytest.mark.parametrize("error", ["1 / 0", "raise KeyboardInterrupt"])
def test_a_scene_whose_import_fails_leaves_no_module(error, three, trace):
    three.write_text(error)
    with pytest.raises((SceneError, KeyboardInterrupt)):
        rnnviz.render(three, trace)
    assert "rnnviz_user_three" not in sys.modules


def test_an_edit_within_the_same_second_is_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    scene = tmp_path / "own.py"
    for size in (2, 3):
        scene.write_text(with_class(f"size = {size}"))
        os.utime(scene, (1_000_000_000, 1_000_000_000))
        assert load_scene(str(scene)).scene.size == size


@pytest.mark.parametrize("folder", ["a.python", "b.py", "c.py:d"])
def test_a_folder_may_be_named_as_a_file_is(folder, trace, tmp_path):
    file = tmp_path / folder / "three.py"
    file.parent.mkdir()
    file.write_text(THREE)
    for number, scene in enumerate((file, f"{file}:Three")):
        output = tmp_path / f"{number}.mp4"
        assert rnnviz.render(scene, trace, quality="l", beats=(1,), output=output).scene == "three"


@pytest.fixture
def here(tmp_path, monkeypatch, trace, three):
    """A working folder with a trace, and another folder that scenes change to."""
    folder = tmp_path / "here"
    folder.mkdir()
    (tmp_path / "elsewhere").mkdir()
    trace.save(folder / "run.safetensors")
    monkeypatch.chdir(folder)
    return folder


MOVING = {
    "while it is loaded": "os.chdir('ELSEWHERE')".join((HEAD, THREE.removeprefix(HEAD))),
    "while it is played": with_two("os.chdir('ELSEWHERE')"),
}


@pytest.mark.parametrize("when", MOVING)
@pytest.mark.parametrize("file_format", FORMATS)
def test_a_scene_that_changes_the_working_folder_moves_no_output(
    file_format, when, three, here, tmp_path, capsys
):
    three.write_text(MOVING[when].replace("ELSEWHERE", str(tmp_path / "elsewhere")))
    output = {"mp4": "three.mp4", "png": "stills"}[file_format]
    arguments = ["render", str(three), "-ql", "--trace", "run.safetensors", "--beats", "1-2"]
    with pytest.raises(SystemExit) as stop:
        main([*arguments, "--format", file_format, "-o", output])
    printed, told = capsys.readouterr()
    assert stop.value.code == 0, told
    made = {"mp4": ["three.mp4"], "png": ["stills/01-one.png", "stills/02-two.png"]}[file_format]
    assert printed.split() == made
    assert all((here / path).is_file() for path in made)
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert Path.cwd() == here


def test_what_a_scene_prints_goes_to_stderr(three, here):
    loud = with_two("print('planned' if self.renderer.sink is None else 'drawn')")
    three.write_text(f"print('loaded')\n{loud}")
    arguments = ["render", three, "-ql", "--trace", "run.safetensors", "-o", "three.mp4"]
    done = warm.run(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["paths"] == ["three.mp4"]
    assert sorted(done.stderr.split()) == ["drawn", "loaded", "planned"]
    assert len(frames(here / "three.mp4")) > 30
    assert os.path.isfile(here / "three.json")


def test_what_a_scene_prints_is_not_mixed_with_exported_paths(three, here, capsys):
    three.write_text(f"print('loaded')\n{THREE}")
    arguments = ["export", str(three), "-ql", "--trace", "run.safetensors", "--to", "gif"]
    with pytest.raises(SystemExit) as stop:
        main([*arguments, "-o", "three.gif"])
    printed, told = capsys.readouterr()
    assert (stop.value.code, printed) == (0, "three.gif\n"), told
    assert set(told.split()) == {"loaded"}


def test_untranslated_captions_are_noted_and_have_no_subtitles(trace, tmp_path):
    scene = tmp_path / "three.py"
    scene.write_text(THREE, encoding="utf-8")
    output = tmp_path / "out" / "three.mp4"
    note = "3 of 3 captions of scene 'three' have no translation into 'zh', and are shown as they"
    for _ in ("drawn", "known as unchanged"):
        made = rnnviz.render(scene, trace, quality="l", language="zh", output=output)
        assert [told[: len(note)] for told in made.notes] == [note]
    assert {path.name for path in output.parent.iterdir()} == {
        "three.mp4",
        "three.json",
        "three.en.srt",
        "three.en.vtt",
    }
    assert RenderedVideo.of(output).language == "en"
    stills = rnnviz.render(scene, trace, quality="l", language="zh", format="png", output=tmp_path)
    assert stills.notes == made.notes
    assert rnnviz.render(scene, trace, quality="l", output=output).notes == ()


VARIANTS = """

class OfTwoSequences(Three):
    two = None

    @classmethod
    def plays(cls, trace):
        return trace.batch == 2


class OfTwoLayers(Three):
    two = three = None

    @classmethod
    def plays(cls, trace):
        return trace.layers == 2
"""


@pytest.mark.parametrize("place", ["", "beside_three:"])
def test_a_scene_has_variants_for_some_recordings(place, three, make_trace, tmp_path):
    names = ("OfTwoSequences", "OfTwoLayers")
    targets = tuple(f"{place}{name}" for name in names)
    scene = with_class(f"variants = {targets}")
    if place:
        (tmp_path / "beside_three.py").write_text(f"from three import Three{VARIANTS}")
    else:
        scene += VARIANTS
    three.write_text(scene)
    stacked = record(
        Around(nn.RNN(3, 4, num_layers=2)), torch.ones(4, 1, 3), torch.zeros(4, 1).long()
    )
    played = {
        ("one", "two", "three"): make_trace(batch=3),
        ("one", "three"): make_trace(batch=2),
        ("one",): stacked,
    }
    for beats, trace in played.items():
        done = rnnviz.render(three, trace, quality="l", format="png", output=tmp_path / "stills")
        assert done.beats == beats

"""A place that cannot be written is refused before any work begins."""

import sys
from pathlib import Path

import pytest

from rnnviz.cli import main
from rnnviz.experiments import sweeps
from rnnviz.training import run

COMMANDS = {
    "render": (["render", "unrolling", "-ql"], ".mp4"),
    "render png": (["render", "unrolling", "-ql", "--format", "png"], ""),
    "render own": (["render", "OWN", "-ql"], ".mp4"),
    "render all": (["render", "--all", "-ql"], ""),
    "record": (["record", "--task", "adding"], ".safetensors"),
    "sweep": (["sweep", "--lengths", "5"], ".json"),
    "figure": (["figure", "states"], ".pdf"),
    "figure of a study": (["figure", "accuracy-by-gap"], ".svg"),
    "export html": (["export", "unrolling", "--to", "html"], ""),
    "export page": (["export", "unrolling", "--to", "html"], ".html"),
    "export": (["export", "unrolling", "--to", "pptx"], ".pptx"),
    "explore": (["explore", "no-such-trace"], ".html"),
}
OWN = """
from rnnviz.scene.storyboard import Storyboard
from rnnviz.scene.beats import beat
class Own(Storyboard):
    @beat("One.")
    def one(self): ...
"""


@pytest.fixture
def places(tmp_path):
    """Where nothing can be written, whoever asks."""
    (tmp_path / "file").write_text("mine")
    found = [tmp_path / "file" / "x", tmp_path / "file" / "y" / "x"]
    if sys.platform == "linux":
        found += [Path("/proc/x"), Path("/dev/null/x"), Path("/proc/y/x")]
    return found


@pytest.mark.parametrize("command", COMMANDS)
def test_a_bad_place_is_refused_first(command, places, tmp_path, monkeypatch, capsys):
    def work(*_, **__):
        raise AssertionError("it has begun to work")

    monkeypatch.setenv("RNNVIZ_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(run, "train", work)
    monkeypatch.setattr("rnnviz.training.train", work)
    monkeypatch.setattr(sweeps, "sweep", work)
    (tmp_path / "own.py").write_text(OWN)
    arguments, ending = COMMANDS[command]
    arguments = [str(tmp_path / "own.py") if each == "OWN" else each for each in arguments]
    for place in places:
        with pytest.raises(SystemExit) as stop:
            main([*arguments, "-o", f"{place}{ending}"])
        told = capsys.readouterr().err
        assert stop.value.code == 1, told
        assert told.startswith("Error: cannot write"), told
        assert told.count("\n") == 1
    assert (tmp_path / "file").read_text() == "mine"


FOLDERS = [name for name in COMMANDS if COMMANDS[name][1]]


@pytest.mark.parametrize("command", FOLDERS)
def test_a_folder_in_the_place_of_a_file_is_refused_first(command, tmp_path, monkeypatch, capsys):
    def work(*_, **__):
        raise AssertionError("it has begun to work")

    monkeypatch.setenv("RNNVIZ_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr("rnnviz.training.train", work)
    monkeypatch.setattr(sweeps, "sweep", work)
    (tmp_path / "own.py").write_text(OWN)
    arguments, ending = COMMANDS[command]
    arguments = [str(tmp_path / "own.py") if each == "OWN" else each for each in arguments]
    (tmp_path / f"x{ending}").mkdir()
    with pytest.raises(SystemExit) as stop:
        main([*arguments, "-o", str(tmp_path / f"x{ending}")])
    told = capsys.readouterr().err
    assert stop.value.code == 1, told
    assert "is a folder; name the" in told
    assert told.count("\n") == 1

"""An output that cannot be written is refused before any work begins."""

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
    """Paths that not even root can write."""
    (tmp_path / "file").write_text("mine")
    found = [tmp_path / "file" / "x", tmp_path / "file" / "y" / "x"]
    if sys.platform == "linux":
        found += [Path("/proc/x"), Path("/dev/null/x"), Path("/proc/y/x")]
    return found


@pytest.mark.parametrize("command", COMMANDS)
def test_an_output_that_cannot_be_written_is_refused(
    command, places, tmp_path, monkeypatch, capsys
):
    def work(*_, **__):
        raise AssertionError("the work has begun")

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
        err = capsys.readouterr().err
        assert stop.value.code == 1, err
        assert err.startswith("Error: cannot write"), err
        assert err.count("\n") == 1
    assert (tmp_path / "file").read_text() == "mine"


FILE_COMMANDS = [name for name in COMMANDS if COMMANDS[name][1]]


@pytest.mark.parametrize("command", FILE_COMMANDS)
def test_a_folder_as_output_file_is_refused(command, tmp_path, monkeypatch, capsys):
    def work(*_, **__):
        raise AssertionError("the work has begun")

    monkeypatch.setenv("RNNVIZ_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr("rnnviz.training.train", work)
    monkeypatch.setattr(sweeps, "sweep", work)
    (tmp_path / "own.py").write_text(OWN)
    arguments, ending = COMMANDS[command]
    arguments = [str(tmp_path / "own.py") if each == "OWN" else each for each in arguments]
    (tmp_path / f"x{ending}").mkdir()
    with pytest.raises(SystemExit) as stop:
        main([*arguments, "-o", str(tmp_path / f"x{ending}")])
    err = capsys.readouterr().err
    assert stop.value.code == 1, err
    assert "is a folder; name the" in err
    assert err.count("\n") == 1

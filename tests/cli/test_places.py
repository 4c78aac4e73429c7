"""An output that cannot be written is refused before any work begins."""

import sys
from pathlib import Path

import pytest

from rnnviz.experiments import sweeps
from rnnviz.training import run as training_run

COMMANDS = {
    "render": (["render", "unrolling", "-ql"], ".mp4"),
    "render png": (["render", "unrolling", "-ql", "--format", "png"], ""),
    "render own": (["render", "own.py", "-ql"], ".mp4"),
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
FILE_COMMANDS = [name for name, (_, ending) in COMMANDS.items() if ending]
OWN = """
from rnnviz.scene.storyboard import Storyboard
from rnnviz.scene.beats import beat
class Own(Storyboard):
    @beat("One.")
    def one(self): ...
"""


@pytest.fixture
def refused(run, tmp_path, monkeypatch):
    """(command, output without its ending) → the single line on stderr, before any work."""

    def work(*_, **__):
        raise AssertionError("the work has begun")

    monkeypatch.setattr(training_run, "train", work)
    monkeypatch.setattr("rnnviz.training.train", work)
    monkeypatch.setattr(sweeps, "sweep", work)
    (tmp_path / "own.py").write_text(OWN)

    def call(command, output):
        arguments, ending = COMMANDS[command]
        status, _, err = run(*arguments, "-o", f"{output}{ending}")
        assert status == 1, err
        assert err.count("\n") == 1
        return err

    return call


@pytest.fixture
def places(tmp_path):
    """Paths that not even root can write."""
    (tmp_path / "file").write_text("mine")
    found = [tmp_path / "file" / "x", tmp_path / "file" / "y" / "x"]
    if sys.platform == "linux":
        found += [Path("/proc/x"), Path("/dev/null/x"), Path("/proc/y/x")]
    return found


@pytest.mark.parametrize("command", COMMANDS)
def test_an_output_that_cannot_be_written_is_refused(command, places, refused, tmp_path):
    for place in places:
        assert refused(command, place).startswith("Error: cannot write")
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("command", FILE_COMMANDS)
def test_a_folder_as_output_file_is_refused(command, refused, tmp_path):
    (tmp_path / f"x{COMMANDS[command][1]}").mkdir()
    assert "is a folder; name the" in refused(command, tmp_path / "x")

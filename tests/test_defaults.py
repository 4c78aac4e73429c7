"""The cache of default recordings: found again, never wrong, never in the way."""

import subprocess
import sys

import pytest

from rnnviz import defaults
from rnnviz.defaults import cache_folder, default_trace

OPTIONS = {"epochs": 1, "seed": 1}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("RNNVIZ_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def made(monkeypatch):
    """Every recording that is really made."""
    calls = []
    original = defaults.record_task

    def record_task(task, **options):
        calls.append(task)
        return original(task, **options)

    monkeypatch.setattr(defaults, "record_task", record_task)
    return calls


def test_a_recording_is_made_once(folder, made):
    first, second = (default_trace("sentence", **OPTIONS) for _ in range(2))
    assert made == ["sentence"]
    assert first.identity == second.identity
    assert cache_folder() == folder
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize(
    "change", [{"epochs": 2}, {"seed": 2}, {"language": "zh"}, {"gap": 1}, {"hidden": 6}]
)
def test_everything_that_determines_it_makes_another(change, folder, made):
    default_trace("sentence", **OPTIONS)
    default_trace("sentence", **{**OPTIONS, **change})
    assert len(made) == 2


def test_another_version_or_other_code_makes_another(folder, made, monkeypatch):
    default_trace("sentence", **OPTIONS)
    monkeypatch.setattr(defaults, "version", lambda name: "0.0.0")
    default_trace("sentence", **OPTIONS)
    monkeypatch.setattr(defaults, "_MODULES", ("trace.py",))
    default_trace("sentence", **OPTIONS)
    assert len(made) == 3


def test_a_damaged_entry_is_made_again(folder, made):
    whole = default_trace("sentence", **OPTIONS)
    (entry,) = folder.iterdir()
    entry.write_bytes(entry.read_bytes()[:200])
    assert default_trace("sentence", **OPTIONS).identity == whole.identity
    assert len(made) == 2
    default_trace("sentence", **OPTIONS)
    assert len(made) == 2


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path, monkeypatch, made):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("RNNVIZ_CACHE_DIR", str(blocked))
    assert default_trace("sentence", **OPTIONS).steps == 8
    assert blocked.read_text() == "not a folder"


def test_a_kept_recording_loads_neither_torch_nor_matplotlib(folder):
    default_trace("sentence", **OPTIONS)
    code = (
        "import sys; from rnnviz.defaults import default_trace; "
        f"default_trace('sentence', **{OPTIONS}); "
        "assert not {'torch', 'matplotlib'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

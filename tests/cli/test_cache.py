"""``rnnviz cache``."""

import json
from functools import partial

import pytest

from rnnviz.system.cache import BOUND_VARIABLE, usable


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def run(run):
    """(arguments …) → exit status, stdout, stderr of ``rnnviz cache``."""
    return partial(run, "cache")


@pytest.fixture
def filled(run, folder, trace):
    cache = usable(folder)
    made = folder / "key.mp4"
    made.write_bytes(b"0" * 1000)
    cache.keep(made)
    made.unlink()
    cache.write_note("render", {})
    cache.keep_text("text", b"1" * 10)
    return trace.save(folder / "sentence-1.safetensors")


def test_an_empty_cache(run, folder):
    status, out, err = run("info")
    assert (status, err) == (0, "")
    first, second, *_ = out.splitlines()
    assert first == str(folder)
    assert second == "0 beats, 0 render manifests, 0 texts: 0.0 MB of at most 2000.0 MB"
    assert "0 recordings: 0.0 MB" in out
    assert json.loads(run("info", "--json")[1])["oldest"] is None
    assert run("clear")[0] == 0
    assert not folder.exists()


def test_the_contents_of_a_cache(run, folder, filled, monkeypatch):
    monkeypatch.setenv(BOUND_VARIABLE, "5000000")
    info = json.loads(run("info", "--json")[1])
    assert info["folder"] == str(folder)
    assert (info["beats"], info["renders"], info["texts"]) == (1, 1, 1)
    assert info["size"] == 1000 + 2 + (32 + 10)
    assert info["bound"] == 5_000_000
    assert info["oldest"].startswith("20")
    assert (info["recordings"], info["recordings_size"]) == (1, filled.stat().st_size)
    out = run("info")[1]
    assert "1 beats, 1 render manifests, 1 texts: 0.0 MB of at most 5.0 MB" in out
    assert "least recently used: 20" in out


def test_clearing_keeps_recordings_unless_asked(run, folder, filled):
    status, out, _ = run("clear")
    assert (status, out) == (0, f"removed 0.0 MB from {folder}\n")
    info = json.loads(run("info", "--json")[1])
    assert (info["beats"], info["renders"], info["texts"], info["size"]) == (0, 0, 0, 0)
    assert filled.exists()
    assert run("clear", "--recordings")[0] == 0
    assert not filled.exists()


def test_an_invalid_size_limit_is_named(run, monkeypatch):
    monkeypatch.setenv(BOUND_VARIABLE, "2 GB")
    status, out, err = run("info")
    assert (status, out) == (1, "")
    assert f"{BOUND_VARIABLE} must be a number of bytes, got '2 GB'" in err
    assert "write 2000000000" in err


def test_a_cache_is_cleared_despite_an_invalid_size_limit(run, folder, filled, monkeypatch):
    monkeypatch.setenv(BOUND_VARIABLE, "2 GB")
    assert run("clear") == (0, f"removed 0.0 MB from {folder}\n", "")
    assert list((folder / "beats").iterdir()) == []


@pytest.mark.parametrize("command", ["info", "clear"])
@pytest.mark.parametrize("inside", ["", "beats", "renders", "letters"])
def test_a_folder_that_cannot_be_read_is_named(command, inside, run, folder, filled, closed):
    closed(folder / inside)
    status, out, err = run(command)
    assert (status, out) == (1, "")
    assert err.startswith("Error: cannot read the cache ")
    assert "(Permission denied); make it readable" in err
    assert err.count("\n") == 1


def test_an_entry_that_cannot_be_removed_is_named(run, folder, filled, closed):
    closed(folder / "beats", 0o500)
    status, out, err = run("clear")
    assert (status, out) == (1, "")
    assert "cannot remove " in err
    assert "(Permission denied); make its folder writable" in err

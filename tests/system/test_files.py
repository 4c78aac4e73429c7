"""Files are replaced only by complete new ones, and errors name the file."""

import os
import subprocess
import sys
from platform import node

import pytest

from rnnviz.errors import RenderError
from rnnviz.system.files import atomic_write, remove_stale, staging_dir, write_small


def test_a_file_is_moved_into_place_and_nothing_else_is_left(tmp_path):
    target = tmp_path / "a" / "made.txt"
    with atomic_write(target, RenderError) as temporary:
        temporary.write_text("new")
        assert not target.exists()
    assert target.read_text() == "new"
    assert list(target.parent.iterdir()) == [target]


def test_a_file_in_place_of_a_folder_is_reported(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "made").write_text("")
    with (
        pytest.raises(RenderError, match=r"cannot write '.*/one' \(Is a directory\); choose"),
        staging_dir(tmp_path, RenderError),
    ):
        os.replace(tmp_path / "made", tmp_path / "one")


def test_a_file_that_cannot_be_made_is_reported(tmp_path):
    name = 300 * "a"
    with (
        pytest.raises(RenderError, match=rf"cannot write '.*/{name}' \(File name too long\)"),
        atomic_write(tmp_path / name, RenderError) as temporary,
    ):
        temporary.write_text("")


@pytest.mark.parametrize("mode", [0o000, 0o600])
def test_a_folder_that_cannot_be_entered_is_reported(mode, tmp_path, closed):
    folder = tmp_path / "closed"
    folder.mkdir()
    closed(folder, mode)
    with (
        pytest.raises(RenderError, match=r"cannot write into '.*/closed' \(Permission denied\)"),
        atomic_write(folder / "made", RenderError),
    ):
        pass


def test_remove_stale_ignores_unreadable_folders(tmp_path, closed):
    (tmp_path / "closed").mkdir()
    closed(tmp_path / "closed")
    remove_stale(tmp_path / "closed")
    remove_stale(tmp_path / "none")


def test_a_small_file_is_moved_into_place_and_nothing_else_is_left(tmp_path):
    target = tmp_path / "a" / "made"
    write_small(target, b"old", RenderError)
    write_small(target, b"new", RenderError)
    assert target.read_bytes() == b"new"
    assert list(target.parent.iterdir()) == [target]


def test_a_small_file_that_cannot_be_made_is_reported_and_leaves_nothing(tmp_path):
    (tmp_path / "made").mkdir()
    with pytest.raises(RenderError, match=r"cannot write '.*/made' \(Is a directory\); choose"):
        write_small(tmp_path / "made", b"", RenderError)
    assert [each.name for each in tmp_path.iterdir()] == ["made"]


def test_what_ended_processes_were_making_is_removed(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for process, name in ((ended.pid, "ended"), (os.getpid(), "works")):
        (tmp_path / f".rnnviz-{node()}-{process}-{name}").write_bytes(b"")
        (tmp_path / f".rnnviz-{node()}-{process}-{name}folder").mkdir()
    remove_stale(tmp_path)
    left = sorted(each.name.rpartition("-")[2] for each in tmp_path.iterdir())
    assert left == ["works", "worksfolder"]

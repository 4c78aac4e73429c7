"""What a scene reads is noted, whatever way it reads; what it makes itself is not."""

import glob
import importlib
import json
import os
import shutil
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from linecache import getline
from pathlib import Path

import numpy as np
import pytest

from rnnviz.rendering.cache import dependencies, hooks, origins, recorder
from rnnviz.rendering.cache.dependencies import (
    Dependency,
    are_current,
    reads_as_json,
    reads_from_json,
)
from rnnviz.rendering.cache.recorder import Recorder

FULL_SIZE = True
STAT = os.stat


@pytest.fixture
def observed(tmp_path, monkeypatch):
    """Runs something, and returns what was noted, paths relative to the scene's folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b", "in/c"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)

    def observe(action):
        scene = Recorder(tmp_path / "own.py", "en", tmp_path / "cache")
        with scene.recording():
            action()
        observe.recorder = scene
        return {
            (kind.strip(), os.path.relpath(name, tmp_path) if os.path.isabs(name) else name)
            for kind, name in scene.reads
            if not name.startswith(str(tmp_path.parent)) or name.startswith(str(tmp_path))
        }

    recorder.forget()
    yield observe
    recorder.forget()


def opened(path, mode="r"):
    with open(path, mode):
        pass


def in_a_thread(path):
    thread = threading.Thread(target=Path(path).read_text)
    thread.start()
    thread.join()


@pytest.mark.parametrize(
    ("action", "kind", "name"),
    [
        (lambda folder: opened(folder / "a"), "content", "a"),
        (lambda folder: opened(folder / "a", "r+"), "content", "a"),
        (lambda folder: opened(folder / "a", "a"), "content", "a"),
        (lambda folder: opened(bytes(folder / "a")), "content", "a"),
        (lambda folder: os.close(os.open(folder / "a", os.O_RDONLY)), "content", "a"),
        (lambda folder: os.close(os.open(folder / "a", os.O_RDWR | os.O_CREAT)), "content", "a"),
        (lambda folder: shutil.copy(folder / "a", folder / "b"), "content", "a"),
        (lambda folder: in_a_thread(folder / "a"), "content", "a"),
        (lambda folder: os.listdir(folder / "in"), "content", "in"),
        (lambda folder: list((folder / "in").glob("*")), "content", "in"),
        (lambda folder: glob.glob(f"{folder}/in/*"), "content", "in"),
        (lambda folder: list(os.walk(folder / "in")), "content", "in"),
        (lambda folder: (folder / "none").exists(), "kind", "none"),
        (lambda folder: os.path.isfile(folder / "none"), "kind", "none"),
        (lambda folder: os.path.lexists(folder / "none"), "kind", "none"),
        (lambda folder: os.access(folder / "none", os.R_OK), "kind", "none"),
        (lambda folder: os.getenv("RNN_HUE"), "variable", "RNN_HUE"),
        (lambda folder: "RNN_HUE" in os.environ, "variable", "RNN_HUE"),
        (lambda folder: os.path.expandvars("$RNN_HUE"), "variable", "RNN_HUE"),
        (lambda folder: os.environ.copy(), "variable", "PATH"),
        (lambda folder: Path.cwd(), "working folder", ""),
        (lambda folder: Path("a").read_text(), "working folder", ""),
        (lambda folder: Path("a").read_text(), "content", "a"),
    ],
)
def test_what_is_read_is_noted(action, kind, name, observed, tmp_path):
    assert (kind, name) in observed(lambda: action(tmp_path))
    scene = observed.recorder
    assert are_current(scene.reads)
    assert reads_from_json(json.loads(json.dumps(reads_as_json(scene.reads)))) == scene.reads


def test_a_file_that_cannot_be_opened_is_noted_as_absent(observed, tmp_path):
    def read():
        with suppress(OSError):
            (tmp_path / "none").read_text()

    assert ("content", "none") in observed(read)
    assert are_current(observed.recorder.reads)
    (tmp_path / "none").write_text("")
    assert not are_current(observed.recorder.reads)


def remake(folder):
    (folder / "made").write_text("x")
    (folder / "made").read_text()
    (folder / "new").mkdir()
    (folder / "new" / "part").write_text("x")
    os.rename(folder / "new" / "part", folder / "moved")
    (folder / "moved").read_text()
    os.environ["RNN_MADE"] = "x"
    os.environ.pop("RNN_MADE")


def test_what_a_scene_makes_itself_is_not_noted(observed, tmp_path):
    assert observed(lambda: remake(tmp_path)) == set()


@pytest.mark.parametrize("mode", ["x", "mkdir"])
def test_what_was_there_and_is_not_made_anew_is_noted(mode, observed, tmp_path):
    def read():
        with suppress(FileExistsError):
            (tmp_path / "in").mkdir() if mode == "mkdir" else opened(tmp_path / "in" / "c", "x")
        (tmp_path / "in" / "c").read_text()

    assert ("content", "in/c") in observed(read)


@pytest.mark.parametrize(
    "path",
    [
        lambda folder: folder / "cache" / "kept",
        lambda folder: folder / ".rnnviz-host-1-x" / "made",
        lambda folder: Path(os.__file__),
        lambda folder: Path(pytest.__file__),
        lambda folder: Path(dependencies.__file__),
        lambda folder: Path("/proc/self/stat"),
    ],
)
def test_what_is_not_the_users_is_not_noted(path, observed, tmp_path):
    def read():
        with suppress(OSError):
            path(tmp_path).read_bytes()

    assert observed(read) == set()


@pytest.mark.parametrize(
    "path", [os.path.dirname(os.__file__), pytest.__file__, *map(str, Path(np.__file__).parents)]
)
def test_a_query_of_what_is_installed_does_not_search_the_call_stack(path, observed, monkeypatch):
    """Packages make tens of thousands of them while they are imported."""

    def search():
        raise AssertionError("searches the call stack")

    monkeypatch.setattr(origins, "_frames", search)
    assert observed(lambda: os.stat(path)) == set()
    with pytest.raises(AssertionError, match="searches the call stack"):
        observed(lambda: os.stat("a"))


def test_what_packages_read_in_older_threads_is_not_noted(observed, tmp_path):
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()  # starts its thread
        line = []
        assert observed(lambda: line.append(pool.submit(getline, f"{tmp_path}/a", 1).result())) == (
            set()
        )
    assert line == ["a\n"]


def test_a_file_that_changes_meanwhile_is_never_current(observed, tmp_path):
    def read():
        (tmp_path / "a").read_text()
        with hooks.pausing():
            (tmp_path / "a").write_text("other")
        (tmp_path / "a").read_text()

    assert observed(read) == {("content", "a")}
    assert not are_current(observed.recorder.reads)


def test_nothing_is_noted_and_nothing_replaced_afterwards(observed, tmp_path):
    def read():
        assert os.stat is not STAT
        assert os.stat in os.supports_follow_symlinks
        with hooks.pausing():
            (tmp_path / "a").read_text()

    assert observed(read) == set()
    (tmp_path / "b").read_text()
    assert observed.recorder.reads == {}
    assert os.stat is STAT
    assert type(os.environ) is os._Environ
    assert not any(wrapper.__name__ == "wrapper" for wrapper in os.supports_follow_symlinks)
    assert hooks._MissingModules not in sys.meta_path


def test_what_a_module_reads_is_noted_by_every_scene_after_it(observed, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "rnn_helper.py").write_text("from pathlib import Path\nA = Path('a').read_text()\n")
    read = observed(lambda: importlib.import_module("rnn_helper"))
    assert {("module en", "rnn_helper.py"), ("content", "a")} <= read
    assert {("module en", "rnn_helper.py"), ("content", "a")} <= observed(lambda: None)
    (tmp_path / "own.py").write_text("import rnn_helper\n")
    assert Recorder(tmp_path / "own.py", "en", tmp_path).certain
    recorder.forget()
    assert not Recorder(tmp_path / "own.py", "en", tmp_path).certain
    monkeypatch.delitem(sys.modules, "rnn_helper")


def test_the_code_of_a_module_is_what_matters_and_not_its_layout(tmp_path):
    module = tmp_path / "hues.py"
    values = []
    for text in ("A = 1\n", "# one\nA=1\n", "A = 2\n", "A = (\n"):
        module.write_text(text)
        os.utime(module, (len(values), len(values)))
        values.append(dependencies.value_of(Dependency("module en", str(module))))
    assert values[0] == values[1]
    assert len(set(values)) == 3


def test_what_a_scene_declares(tmp_path, monkeypatch):
    class Base:
        depends_on = ("in",)

    class Own(Base):
        depends_on = ("*.csv", "RNN_HUE", "json.tool", "own_module")

    (tmp_path / "own_module.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys.modules[__name__], "__file__", str(tmp_path / "own.py"))
    found = dependencies.declared(Own, "en")
    assert set(found) >= {
        Dependency("matches", str(tmp_path / "*.csv")),
        Dependency("matches", str(tmp_path / "in")),
        Dependency("variable", "RNN_HUE"),
        Dependency("module en", str(tmp_path / "own_module.py")),
    }
    assert any(kind == "module en" and name.endswith("json/tool.py") for kind, name in found)
    (tmp_path / "in" / "deep").mkdir(parents=True)
    values = [[dependencies.value_of(each) for each in found]]
    for name in ("a.csv", "in/deep/file"):
        (tmp_path / name).write_text("")
        values.append([dependencies.value_of(each) for each in found])
    assert values[0] != values[1] != values[2]

"""The cache of default recordings: found again, never wrong, never in the way."""

import multiprocessing
import subprocess
import sys
from pathlib import Path

import pytest

from rnnviz import training
from rnnviz.errors import TaskError
from rnnviz.experiments import default_recordings as defaults
from rnnviz.experiments.default_recordings import cache_folder, default_trace
from rnnviz.trace import load

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
    "change",
    [
        {"epochs": 2},
        {"seed": 2},
        {"language": "zh"},
        {"gap": 1},
        {"hidden": 6},
        {"cell": "gru"},
        {"losses": "last"},
        {"clip": None},
    ],
)
def test_everything_that_determines_it_makes_another(change, folder, made):
    default_trace("sentence", **OPTIONS)
    default_trace("sentence", **{**OPTIONS, **change})
    assert len(made) == 2


def test_another_version_or_other_code_makes_another(folder, made, monkeypatch):
    default_trace("sentence", **OPTIONS)
    monkeypatch.setattr(defaults, "version", lambda name: "0.0.0")
    default_trace("sentence", **OPTIONS)
    monkeypatch.setattr(defaults, "_MODULES", ("trace",))
    default_trace("sentence", **OPTIONS)
    assert len(made) == 3


def test_all_code_that_makes_a_recording_is_part_of_its_key():
    """Every own module that recording a task loads is hashed, but for what refuses or tells."""
    code = (
        "import sys; from rnnviz.experiments.default_recordings import record_task; "
        "record_task('adding', epochs=1); "
        "print(*(m.__file__ for n, m in sys.modules.items() if n.startswith('rnnviz.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    folder = Path(defaults.__file__).parents[1]
    loaded = {str(Path(file).relative_to(folder)) for file in done.stdout.split()}
    hashed = {
        str(path.relative_to(folder))
        for module in defaults._MODULES
        for path in defaults._sources(folder / module)
    }
    assert loaded - hashed == {
        "deprecated.py",
        "errors.py",
        "experiments/__init__.py",
        "experiments/default_recordings.py",
        "experiments/variants.py",
        "system/__init__.py",
        "system/files.py",
        "system/lazy.py",
        "system/memory.py",
        "system/short_repr.py",
        "system/validation.py",
        "system/versions.py",
        "text/__init__.py",
        "text/notation.py",
        "text/plain_text.py",
        "text/symbols.py",
    }


def test_code_in_a_folder_within_a_folder_counts(tmp_path):
    inner = tmp_path / "package" / "inner"
    inner.mkdir(parents=True)
    for path in (inner / "a.py", tmp_path / "package" / "b.py", inner / "c.pyc"):
        path.touch()
    found = [path.name for path in defaults._sources(tmp_path / "package")]
    assert found == ["b.py", "a.py"]


def test_settings_reach_the_network_its_training_and_the_recording(monkeypatch):
    given = {}
    original = training.train

    def train(task, **settings):
        given.update(settings)
        return original(task, **settings)

    monkeypatch.setattr(training, "train", train)
    settings = {
        "cell": "lstm",
        "nonlinearity": "tanh",
        "hidden": 3,
        "layers": 2,
        "bidirectional": True,
        "initial": "orthogonal",
        "scale": 0.5,
        "epochs": 1,
        "seed": 7,
        "optimizer": "sgd",
        "learning_rate": 0.1,
        "clip": None,
    }
    trace = defaults.record_task("adding", steps=5, dtype="float32", losses=[1, 4], **settings)
    del given["progress"]
    assert given == settings
    assert trace.h.shape == (2, 2, 5, 1, 3)
    assert trace.metadata.dtype == "float32"
    assert trace.loss_times.tolist() == [1, 4]
    with pytest.raises(TaskError, match="does not take these options"):
        defaults.record_task("adding", epoch=3)


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
        "import sys; from rnnviz.experiments.default_recordings import default_trace; "
        f"default_trace('sentence', **{OPTIONS}); "
        "assert not {'torch', 'matplotlib'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_two_processes_at_once_leave_one_whole_entry(folder, monkeypatch):
    made = defaults.record_task("sentence", **OPTIONS)
    system = multiprocessing.get_context("fork")
    made_by_both, identities = system.Barrier(2), system.SimpleQueue()

    def record_task(*task, **options):
        made_by_both.wait(timeout=60)
        return made

    monkeypatch.setattr(defaults, "record_task", record_task)
    both = [
        system.Process(target=lambda: identities.put(default_trace("sentence", **OPTIONS).identity))
        for _ in range(2)
    ]
    for process in both:
        process.start()
    for process in both:
        process.join(timeout=60)
    assert [process.exitcode for process in both] == [0, 0]
    (entry,) = folder.iterdir()
    assert {identities.get(), identities.get()} == {load(entry).identity} == {made.identity}


def test_a_folder_in_the_place_of_an_entry_is_no_error(folder, made):
    whole = default_trace("sentence", **OPTIONS)
    (entry,) = folder.iterdir()
    entry.unlink()
    entry.mkdir()
    assert default_trace("sentence", **OPTIONS).identity == whole.identity
    assert entry.is_dir()
    assert len(list(folder.iterdir())) == 1


def test_recording_without_the_cache_keeps_nothing(folder):
    first, second = (defaults.record_task("sentence", **OPTIONS) for _ in range(2))
    assert first.identity == second.identity
    assert not folder.exists()


def test_an_unknown_task_keeps_nothing(folder):
    with pytest.raises(TaskError, match="unknown task 'poem'"):
        default_trace("poem")
    assert not folder.exists()


def test_a_file_that_changed_makes_another_and_one_that_is_gone_an_error(folder, made, tmp_path):
    path = tmp_path / "table.csv"
    options = {**OPTIONS, "column": "level", "steps": 3}
    first = "level\n" + "\n".join(map(str, range(20)))
    path.write_text(first)
    before = default_trace("series", csv=str(path), **options)
    path.write_text("level\n" + "\n".join(str(row * row) for row in range(20)))
    after = default_trace("series", csv=path, **options)
    assert (before.x != after.x).any()
    path.write_text(first)
    assert default_trace("series", csv=path, **options).identity == before.identity
    assert len(made) == 2
    path.unlink()
    with pytest.raises(TaskError, match="cannot read"):
        default_trace("series", csv=str(path), **options)

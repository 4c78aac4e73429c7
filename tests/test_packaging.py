"""The wheel, in an environment outside the checkout; and what the repository must not hold."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("rnnviz", "scenes", "pyproject.toml", "README.md", "LICENSE")
FOREIGN = (
    "/opt/" + "pypi",
    "/opt/" + "wheels",
    "/work/" + "main",
    "/root/" + ".",
    "files.python" + "hosted",
    "pypi" + ".org",
    "download." + "pytorch",
)


def run(*command: str | Path, cwd: Path, **variables: str) -> str:
    clean = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "RNNVIZ"))
    }
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=clean | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def modules_of(folder: Path, package: str) -> Iterator[str]:
    for path in folder.rglob("*.py"):
        yield f"{package}/{path.relative_to(folder).as_posix()}"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("source")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, source / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, source)
    built = tmp_path_factory.mktemp("built")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    run(*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", built, source, cwd=built)
    (found,) = built.glob("rnnviz-*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that has the wheel, and third-party packages by a path of their own."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder)
    python = folder / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python)
    run(*pip, "install", "--no-deps", "--no-index", wheel, cwd=folder)
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(run(python, "-c", ask, cwd=folder).strip())
    tops = {path.name for path in packages.iterdir() if not path.name.endswith(".dist-info")}
    assert tops == {"rnnviz"}
    (packages / "third_party.pth").write_text(sysconfig.get_path("purelib"))
    return folder


def test_the_wheel_holds_each_module_and_no_package_named_scenes(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    expected = {
        *modules_of(ROOT / "rnnviz", "rnnviz"),
        *modules_of(ROOT / "scenes", "rnnviz/scenes"),
    }
    assert {name for name in names if name.endswith(".py")} == expected
    assert {"rnnviz/py.typed", "rnnviz/fonts/rnnvizSans.ttf", "rnnviz/fonts/OFL.txt"} <= names


def test_the_installed_wheel_renders_from_any_folder(installed: Path, tmp_path: Path) -> None:
    place = "import rnnviz, rnnviz.scenes as s; print(rnnviz.__file__); print(s.__file__)"
    for file in run(installed / "bin" / "python", "-c", place, cwd=tmp_path).split():
        assert Path(file).is_relative_to(installed)
    lookup = "import importlib.util; print(importlib.util.find_spec('scenes'))"
    assert run(installed / "bin" / "python", "-c", lookup, cwd=tmp_path).strip() == "None"

    work = tmp_path / "elsewhere"
    work.mkdir()
    program = installed / "bin" / "rnnviz"
    own = {"HOME": str(tmp_path), "RNNVIZ_CACHE_DIR": str(tmp_path / "c")}
    trained = ("--task", "sentence", "--epochs", "1", "-o", "a.safetensors")
    run(program, "record", *trained, cwd=work, **own)
    still = ("--trace", "a.safetensors", "-ql", "--format", "png", "--beats", "1")
    printed = run(program, "render", "unrolling", *still, cwd=work, **own)
    (still,) = work.rglob("*.png")
    assert still.stat().st_size > 1000
    assert still.is_relative_to(work / "renders")
    assert printed.strip()


def test_no_tracked_file_names_a_machine_or_a_registry() -> None:
    tracked = run("git", "ls-files", "-z", cwd=ROOT).split("\0")
    texts = {
        name: (ROOT / name).read_bytes().decode("utf-8", errors="ignore")
        for name in tracked
        if name and (ROOT / name).is_file()
    }
    found = [(name, word) for name, text in texts.items() for word in FOREIGN if word in text]
    assert found == []

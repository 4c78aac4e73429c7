"""The import contracts of pyproject.toml hold, and can fail."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("rnnviz", "scenes"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def check_imports(project: Path) -> subprocess.CompletedProcess[str]:
    command = (Path(sys.executable).parent / "lint-imports", "--no-cache")
    return subprocess.run(command, cwd=project, capture_output=True, text=True)


def test_the_contracts_hold(project: Path) -> None:
    checked = check_imports(project)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize(
    ("module", "line", "broken"),
    [
        ("rnnviz/mobjects/layout.py", "import rnnviz.recording", "not how it was made"),
        ("scenes/unrolling/storyboard.py", "import torch", "not how it was made"),
        ("rnnviz/measure/lines.py", "import manim", "need NumPy only"),
        ("rnnviz/trace/trace.py", "import rnnviz.recording", "imports run downward"),
        ("rnnviz/mobjects/layout.py", "import rnnviz.cli", "between the command line"),
        ("rnnviz/mobjects/theme.py", "import rnnviz.mobjects.strip", "no import cycle"),
        ("rnnviz/without_layer.py", "", "imports run downward"),
    ],
)
def test_a_forbidden_import_breaks_them(project: Path, module: str, line: str, broken: str) -> None:
    file = project / module
    file.write_text(
        (file.read_text(encoding="utf-8") if file.exists() else "") + f"\n{line}\n",
        encoding="utf-8",
    )
    checked = check_imports(project)
    assert checked.returncode == 1
    said = rf"{broken}.* BROKEN( \(1 ignored import\))?$"
    assert re.search(said, checked.stdout, flags=re.MULTILINE)

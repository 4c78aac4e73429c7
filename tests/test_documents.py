"""The examples in the documents work as they stand."""

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from code_of_documents import DOCUMENTS, ROOT, python_blocks
from kept_networks import use_in
from PIL import Image

import rnnviz
from rnnviz.experiments.default_recordings import cache_folder, default_trace
from rnnviz.exports.exits import EXITS
from rnnviz.figures import FIGURES
from rnnviz.mobjects.strip import MOST_CELLS
from rnnviz.mobjects.theme import THEMES

LINK = re.compile(r"\]\(([^)#]+)\)")


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_the_five_lines_of_the_readme_run_as_they_are(elsewhere: Path) -> None:
    lines = python_blocks("README.md")[0]
    assert len(lines.splitlines()) == 5
    done = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "True" in done.stdout
    assert (elsewhere / "renders" / "unrolling_480p.mp4").stat().st_size > 10_000


@pytest.mark.parametrize("document", ["CONTRIBUTING.md", "README.md", "README.zh.md"])
def test_the_scene_of_a_document_renders(document: str, elsewhere: Path) -> None:
    use_in(cache_folder())
    (code,) = (block for block in python_blocks(document) if "(Storyboard)" in block)
    file = elsewhere / "my_scene.py"
    file.write_text(code, encoding="utf-8")
    rendered = rnnviz.render(file, quality="l", format="png")
    assert all(path.is_file() for path in rendered.paths)
    with Image.open(rendered.paths[-1]) as still:
        pixels = np.unique(np.asarray(still.convert("RGB")).reshape(-1, 3), axis=0).astype(int)
    recorded = default_trace("sentence").h[0, 0, -8:, 0, :MOST_CELLS].ravel()
    colors = [THEMES["dark"].signed(value).to_int_rgb() for value in recorded]
    off = [np.abs(pixels - color).max(axis=1).min() for color in colors]
    assert max(off) <= 2  # every recorded value is on the last picture


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    path = ROOT / document
    targets = LINK.findall(path.read_text(encoding="utf-8"))
    assert [target for target in targets if not (path.parent / target).exists()] == []


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("figures.md", FIGURES),
        ("measures.md", rnnviz.measure.__all__),
        ("exits.md", EXITS),
        ("exits.zh.md", EXITS),
    ],
)
def test_a_document_names_all_there_are(name: str, names: Iterable[str]) -> None:
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    spared = {"FixedPoints", "PrincipalComponents"}
    assert [one for one in names if one not in spared and not re.search(rf"`{one}\b", text)] == []

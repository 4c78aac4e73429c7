"""What the documents show works as it stands there."""

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from kept_networks import use_in

import rnnviz
from rnnviz.defaults import cache_folder
from rnnviz.exports.exits import EXITS
from rnnviz.figures import FIGURES

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\]\(([^)#]+)\)")
DOCUMENTS = (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"))


def python_blocks(name: str) -> list[str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    blocks = re.findall(r"^( *)```python\n(.*?)^ *```", text, flags=re.DOTALL | re.MULTILINE)
    return [re.sub(rf"^{indent}", "", code, flags=re.MULTILINE) for indent, code in blocks]


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


BRIEFLY = """
import functools, rnnviz, rnnviz.training
rnnviz.training.train = functools.partial(rnnviz.training.train, epochs=1)
rnnviz.render = functools.partial(rnnviz.render, beats=(1,))
"""
"""Before other code: training ends after an epoch, a video after a beat."""


@pytest.mark.parametrize(
    ("before", "video"),
    [
        pytest.param(BRIEFLY, "unrolling_480p_beats-1.mp4", id="briefly"),
        pytest.param("", "unrolling_480p.mp4", id="as they are", marks=pytest.mark.slow),
    ],
)
def test_the_five_lines_of_the_readme_run(before: str, video: str, elsewhere: Path) -> None:
    lines = python_blocks("README.md")[0]
    assert len(lines.splitlines()) == 5
    done = subprocess.run([sys.executable, "-c", before + lines], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "True" in done.stdout
    assert (elsewhere / "renders" / video).stat().st_size > 10_000


def test_both_readmes_have_the_same_five_lines() -> None:
    english, chinese = (python_blocks(name)[0] for name in ("README.md", "README.zh.md"))
    assert re.sub("#.*", "", english) == re.sub("#.*", "", chinese)


@pytest.mark.parametrize("document", ["CONTRIBUTING.md", "README.md", "README.zh.md"])
def test_the_scene_of_a_document_renders(document: str, elsewhere: Path) -> None:
    use_in(cache_folder())
    (code,) = (block for block in python_blocks(document) if "(Storyboard)" in block)
    file = elsewhere / "my_scene.py"
    file.write_text(code, encoding="utf-8")
    rendered = rnnviz.render(file, quality="l", format="png")
    assert all(path.is_file() for path in rendered.paths)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    targets = LINK.findall(path.read_text(encoding="utf-8"))
    assert [target for target in targets if not (path.parent / target).exists()] == []


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("figures.md", FIGURES),
        ("measures.md", rnnviz.measure.__all__),
        ("exits.md", EXITS),
        ("exits.zh.md", EXITS),
    ],
)
def test_a_document_tells_of_all_there_are(name: str, told: Iterable[str]) -> None:
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    spared = {"FixedPoints", "PrincipalComponents"}
    assert [one for one in told if one not in spared and not re.search(rf"`{one}\b", text)] == []

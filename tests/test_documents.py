"""Run the code of the documents as it is printed, and check their links and lists."""

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from code_of_documents import DOCUMENTS, ROOT, blocks, python_blocks
from kept_networks import use_in
from PIL import Image
from rnnviz.scenes.unrolling import Unrolling

import rnnviz
from rnnviz.experiments.default_recordings import cache_folder, default_trace
from rnnviz.exports.formats import FORMATS
from rnnviz.exports.snippets import revealjs
from rnnviz.figures import FIGURES
from rnnviz.mobjects.strip import MOST_CELLS
from rnnviz.mobjects.theme import THEMES
from rnnviz.scene.beats import beats_of
from rnnviz.scene.catalogue import SCENES
from rnnviz.text.plain_text import plain
from rnnviz.text.translation import translated

LINK = re.compile(r"\]\(([^)#]+)\)")


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_the_quick_start_of_the_readme_runs(elsewhere: Path) -> None:
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
    colors = [THEMES["dark"].shade("signed", value).to_int_rgb() for value in recorded]
    off = [np.abs(pixels - color).max(axis=1).min() for color in colors]
    assert max(off) <= 2  # every recorded value is on the last picture


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_point_to_files(document: str) -> None:
    path = ROOT / document
    targets = LINK.findall(path.read_text(encoding="utf-8"))
    assert [target for target in targets if not (path.parent / target).exists()] == []


@pytest.mark.parametrize(
    ("document", "names"),
    [
        ("figures.md", FIGURES),
        ("measures.md", rnnviz.measure.__all__),
        ("exporting.md", FORMATS),
        ("exporting.zh.md", FORMATS),
    ],
)
def test_a_document_lists_every_name(document: str, names: Iterable[str]) -> None:
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    functions = set(names) - {"LAST", "FixedPoints", "GradientPath", "PrincipalComponents"}
    assert [name for name in functions if not re.search(rf"`{name}\b", text)] == []


@pytest.mark.parametrize(("document", "other"), [("README.md", "zh"), ("README.zh.md", "en")])
def test_the_html_of_the_readme_is_what_revealjs_writes(document: str, other: str) -> None:
    language = "zh" if other == "en" else "en"
    layer = translated("A recurrent network has one hidden layer and a loop", language)
    facts = {"layer": layer, "state": "hₜ"}
    video: Any = SimpleNamespace(
        language=language,
        media_type="video/mp4",
        cues=[
            SimpleNamespace(captions={language: plain(translated(beat.caption, language), facts)})
            for beat in beats_of(Unrolling)[:1]
        ],
        titles=lambda: {language: translated(SCENES["unrolling"].title, language)},
    )
    files: Any = SimpleNamespace(
        video="unrolling.mp4",
        poster="unrolling.png",
        captions={code: f"unrolling.{code}.vtt" for code in (language, other)},
    )
    (shown,) = (block.code for block in blocks(document) if block.language == "html")
    lines = iter(revealjs(video, language, files).splitlines())
    assert [line for line in shown.splitlines() if line.strip() != "…" and line not in lines] == []


@pytest.mark.parametrize("document", ["docs/recording.md", "docs/recording.zh.md"])
def test_every_way_to_record_runs_as_it_is_printed(document: str) -> None:
    names: dict[str, Any] = {}
    for code in python_blocks(document):
        exec(compile(code, document, "exec"), names)
        if "trace" in names:
            assert rnnviz.verify(names["trace"]).ok
    assert [name for name in ("Tagger", "Handwritten", "Leaky", "step") if name not in names] == []


def test_both_languages_show_the_same_code() -> None:
    assert python_blocks("docs/recording.md") == python_blocks("docs/recording.zh.md")

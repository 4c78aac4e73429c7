"""A small video that rnnviz made, and the same with captions that try to break every exit."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest
from nasty import NASTY

import rnnviz
from rnnviz.experiments.default_recordings import record_task
from rnnviz.exports.material import Material
from rnnviz.text import translation

SCENE = """
from manim import FadeIn
from rnnviz.scene.storyboard import Storyboard
from rnnviz.mobjects.strip import Strip
from rnnviz.scene.beats import beat


class Small(Storyboard):
    @beat("One state.")
    def first(self):
        self.strip = Strip(self.trace.h[0, 0, 0, 0], self.theme, limit=1.0, height=2.0)
        self.play(FadeIn(self.strip), run_time=0.4)

    @beat("It moves.")
    def second(self):
        self.play(self.strip.animate.shift((2, 0, 0)), run_time=0.4)
"""

CHINESE = {"One state.": "一个状态。", "It moves.": "它在动。"}


@pytest.fixture
def chinese() -> Iterator[None]:
    """The captions of the small scene have translations."""
    with mock.patch.dict(translation._messages("zh"), CHINESE):
        yield


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("video")
    (folder / "small.py").write_text(SCENE, encoding="utf-8")
    trace = record_task("sentence", epochs=1, seed=1)
    with mock.patch.dict(translation._messages("zh"), CHINESE):
        done = rnnviz.render(folder / "small.py", trace, quality="l", output=folder / "small.mp4")
    return done.paths[0]


@pytest.fixture(scope="session")
def transparent(video: Path) -> Material:
    """The same scene without a ground."""
    trace = record_task("sentence", epochs=1, seed=1)
    looks = {"quality": "l", "format": "webm", "transparent": True}
    done = rnnviz.render(
        video.with_suffix(".py"), trace, output=video.parent / "clear" / "clear.webm", **looks
    )
    return Material.of(done.paths[0])


@pytest.fixture
def material(video: Path, tmp_path: Path) -> Material:
    for path in video.parent.glob("small.*"):
        shutil.copy(path, tmp_path)
    return Material.of(tmp_path / video.name)


@pytest.fixture
def nasty(material: Material) -> Material:
    said = dict.fromkeys(material.languages, NASTY)
    return replace(material, cues=tuple(replace(cue, captions=said) for cue in material.cues))

"""A small rendered video, and the same with captions that try to break every format."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest
from nasty import NASTY

import rnnviz
from rnnviz.experiments.default_recordings import record_task
from rnnviz.exports.rendered_video import RenderedVideo
from rnnviz.text import translation
from rnnviz.trace import Trace

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
    """Translate the captions of the small scene."""
    with mock.patch.dict(translation._messages("zh"), CHINESE):
        yield


@pytest.fixture(scope="session")
def trace() -> Trace:
    """The recording that the videos show."""
    return record_task("sentence", epochs=1, seed=1)


@pytest.fixture(scope="session")
def video(trace: Trace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("video")
    (folder / "small.py").write_text(SCENE, encoding="utf-8")
    with mock.patch.dict(translation._messages("zh"), CHINESE):
        done = rnnviz.render(folder / "small.py", trace, quality="l", output=folder / "small.mp4")
    return done.paths[0]


@pytest.fixture(scope="session")
def transparent(video: Path, trace: Trace) -> RenderedVideo:
    """The same scene with a transparent background."""
    profile = {"quality": "l", "format": "webm", "transparent": True}
    done = rnnviz.render(
        video.with_suffix(".py"), trace, output=video.parent / "clear" / "clear.webm", **profile
    )
    return RenderedVideo.of(done.paths[0])


@pytest.fixture
def rendered_video(video: Path, tmp_path: Path) -> RenderedVideo:
    for path in video.parent.glob("small.*"):
        shutil.copy(path, tmp_path)
    return RenderedVideo.of(tmp_path / video.name)


@pytest.fixture
def nasty(rendered_video: RenderedVideo) -> RenderedVideo:
    captions = dict.fromkeys(rendered_video.languages, NASTY)
    return replace(
        rendered_video, cues=tuple(replace(cue, captions=captions) for cue in rendered_video.cues)
    )

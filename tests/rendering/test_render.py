"""Real renders at low quality: files, formats, beats, and failures."""

import json
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
import warm
from kept_networks import instead_of_training, read
from often import often
from PIL import Image

import rnnviz
from rnnviz.errors import RenderError, SceneError
from rnnviz.experiments.default_recordings import default_trace
from rnnviz.scene.beats import beats_of, check_selection
from rnnviz.scene.loading import load_scene
from rnnviz.text.plain_text import plain
from rnnviz.text.translation import translated

SCENE = """
import os, signal
from manim import FadeIn
from rnnviz.scene.storyboard import Storyboard
from rnnviz.mobjects.strip import Strip
from rnnviz.scene.beats import beat


class Small(Storyboard):
    @beat("One state.")
    def first(self):
        state = self.trace.h[0, 0, 0, 0]
        self.strip = Strip(state, self.theme, limit=1.0, height=2.0)
        self.play(FadeIn(self.strip), run_time=0.4)

    @beat("It moves.")
    def second(self):
        {middle}
        self.play(self.strip.animate.shift((2, 0, 0)), run_time=0.4)
"""


@pytest.fixture
def scene_file(tmp_path: Path) -> Path:
    file = tmp_path / "small.py"
    file.write_text(SCENE.format(middle="pass"), encoding="utf-8")
    return file


def frames(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


@pytest.mark.parametrize("kind", often(["mp4", "webm", "mov", "gif"], ["mp4", "webm"]))
def test_each_video_format_is_complete(kind, scene_file, trace, tmp_path, full_size):
    output = tmp_path / "out" / f"small.{kind}"
    done = rnnviz.render(scene_file, trace, quality="l", format=kind, output=output)
    assert done.paths == (output,)
    assert done.beats == ("first", "second")
    shown = frames(output)
    assert shown[0].shape == (480, 854, 3)
    assert len(shown) > 30
    names = [f"small{end}" for end in (".en.srt", ".en.vtt", ".json", f".{kind}")]
    assert sorted(entry.name for entry in output.parent.iterdir()) == sorted(names)
    told = json.loads(output.with_suffix(".json").read_text(encoding="utf-8"))
    ends = [beat["end"] for beat in told["beats"]]
    assert [beat["start"] for beat in told["beats"]] == [0.0, *ends[:-1]]
    if kind != "gif":
        assert ends[-1] == pytest.approx(len(shown) / 15, abs=0.002)
    assert told["trace"] == trace.identity


def test_an_mp4_has_chapters_captions_and_its_index_in_front(scene_file, trace, tmp_path):
    known = next(iter(beats_of(load_scene("pytorch").scene))).caption
    assert "{" not in known
    scene_file.write_text(SCENE.format(middle="pass").replace("It moves.", known))
    output = tmp_path / "small.mp4"
    rnnviz.render(scene_file, trace, quality="l", output=output)
    told = json.loads(output.with_suffix(".json").read_text(encoding="utf-8"))["beats"]
    with av.open(str(output)) as video:
        chapters = [(one["metadata"]["title"], one["end"] / 1000) for one in video.chapters()]
        captions = {
            track.metadata["language"]: [
                bytes(packet)[2:].decode() for packet in video.demux(track) if packet.size > 2
            ]
            for track in video.streams.subtitles
            if not video.seek(0)
        }
    assert chapters == [(beat["name"], pytest.approx(beat["end"])) for beat in told]
    assert captions["eng"] == ["One state.", plain(known, {})]
    assert captions["zho"] == ["One state.", plain(translated(known, "zh"), {})]
    assert captions["zho"] != captions["eng"]
    data = output.read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")


def test_stills_are_the_ends_of_beats(scene_file, trace, tmp_path, full_size):
    done = rnnviz.render(scene_file, trace, quality="l", format="png", output=tmp_path / "stills")
    assert [path.name for path in done.paths] == ["01-first.png", "02-second.png"]
    first, second = (np.asarray(Image.open(path).convert("RGB")) for path in done.paths)
    assert first.shape == (480, 854, 3)
    assert (first != second).any()


def test_a_single_beat_starts_where_the_previous_one_ended(scene_file, trace, tmp_path):
    whole = rnnviz.render(
        scene_file, trace, quality="l", format="mov", output=tmp_path / "whole.mov"
    )
    alone = rnnviz.render(
        scene_file, trace, quality="l", format="mov", output=tmp_path / "alone.mov", beats=(2,)
    )
    assert alone.beats == ("second",)
    shown, part = frames(whole.paths[0]), frames(alone.paths[0])
    assert len(part) < len(shown)
    for ours, theirs in zip(part[::-1], shown[::-1], strict=False):
        assert np.abs(ours.astype(int) - theirs.astype(int)).mean() < 0.5


def test_the_same_input_gives_the_same_frames(scene_file, trace, tmp_path):
    one, two = (
        rnnviz.render(
            scene_file, trace, quality="l", format="mov", output=tmp_path / f"{n}.mov", beats=(1,)
        ).paths[0]
        for n in (1, 2)
    )
    assert all(np.array_equal(a, b) for a, b in zip(frames(one), frames(two), strict=True))


def test_progress_names_the_beats_in_order(scene_file, trace, tmp_path):
    told = []
    rnnviz.render(
        scene_file,
        trace,
        quality="l",
        format="png",
        output=tmp_path / "stills",
        progress=lambda *news: told.append(news),
    )
    assert told == [("first", 1, 2), ("second", 2, 2)]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"output": "."}, "is a folder"),
        ({"output": "out.avi"}, "does not end in .mp4"),
        ({"output": "out/.mp4"}, "'out/.mp4' has no name before its suffix"),
        ({"format": "avi"}, "unknown format 'avi'"),
        ({"quality": "x"}, "unknown quality 'x'"),
        ({"language": "fr"}, "unknown language 'fr'"),
        ({"output": "/proc/nowhere/out.mp4"}, "cannot write into"),
    ],
)
def test_wrong_settings_are_reported(options, expected, scene_file, trace):
    with pytest.raises(RenderError, match=expected):
        rnnviz.render(scene_file, trace, **{"quality": "l", **options})


def test_wrong_scenes_are_reported(trace, tmp_path, scene_file):
    with pytest.raises(SceneError, match="did you mean unrolling"):
        rnnviz.render("unroling", trace)
    with pytest.raises(SceneError, match="no scene file"):
        rnnviz.render(tmp_path / "none.py", trace)
    with pytest.raises(SceneError, match=r"no class 'Large'.*it has Small"):
        rnnviz.render(f"{scene_file}:Large", trace)
    broken = tmp_path / "broken.py"
    broken.write_text("1 / 0", encoding="utf-8")
    with pytest.raises(SceneError, match=r"cannot import .*ZeroDivisionError"):
        rnnviz.render(broken, trace)
    with pytest.raises(SceneError, match="has beats 1 to 2, not 3"):
        rnnviz.render(scene_file, trace, beats=(3,))


def test_a_trace_without_gradients_is_refused_where_they_are_drawn(make_trace):
    with pytest.raises(SceneError, match="no gradients, which 'vanishing-gradient' needs"):
        rnnviz.render("vanishing-gradient", make_trace(gradients=False))


def test_a_scene_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, trace):
    file = tmp_path / "small.py"
    file.write_text(SCENE.format(middle="raise ValueError('no')"), encoding="utf-8")
    output = tmp_path / "out" / "small.mp4"
    output.parent.mkdir()
    output.write_bytes(b"old")
    with pytest.raises(RenderError, match=r"beat 'second' of scene 'small' failed: .*no.*line 18"):
        rnnviz.render(file, trace, quality="l", output=output)
    assert output.read_bytes() == b"old"
    assert list(output.parent.iterdir()) == [output]


def test_an_interrupt_changes_nothing(tmp_path, trace):
    file = tmp_path / "small.py"
    interrupt = "os.kill(os.getpid(), signal.SIGINT)"
    file.write_text(SCENE.format(middle=interrupt), encoding="utf-8")
    saved = trace.save(tmp_path / "run.safetensors")
    output = tmp_path / "out" / "small.mp4"
    output.parent.mkdir()
    output.write_bytes(b"old")
    done = warm.run("render", file, "-ql", "--trace", saved, "-o", output)
    assert done.returncode == 130
    assert "Traceback" not in done.stderr
    assert output.read_bytes() == b"old"
    assert list(output.parent.iterdir()) == [output]


@pytest.mark.parametrize(
    "scene",
    [
        "unrolling",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("space", "weight-sharing", "vanishing-gradient")
        ),
    ],
)
def test_a_long_recording_is_shown_in_a_labelled_window(scene, make_trace, tmp_path):
    long = make_trace(steps=500, batch=1, hidden=40)
    output = tmp_path / scene
    done = rnnviz.render(scene, long, quality="l", format="png", output=output, beats=(2, 3))
    assert len(done.paths) == 2


def test_beats_are_checked_against_the_scene():
    scene = load_scene("unrolling").scene
    assert [beat.number for beat in beats_of(scene)] == list(range(1, 9))
    check_selection((1, 8), 8, "unrolling")
    with pytest.raises(SceneError, match="not 9"):
        check_selection((9,), 8, "unrolling")


@pytest.mark.slow  # Manim's own rendering takes long
def test_a_storyboard_runs_with_plain_manim(tmp_path):
    source = Path(__file__).parents[2] / "scenes" / "weight_sharing" / "storyboard.py"
    with instead_of_training(read("en")):
        default_trace("sentence")
    command = [sys.executable, "-m", "manim", "--format", "png", "--media_dir", "media"]
    command += ["--resolution", "214,120", "--frame_rate", "2"]
    done = subprocess.run(
        [*command, str(source), "WeightSharing"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.rglob("WeightSharing*.png"))

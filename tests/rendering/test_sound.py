"""Sounds of user's scenes are heard at their times, or noted as left out."""

import json
import wave
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest
import warm
from hypothesis import given
from hypothesis import strategies as st
from often import every
from small_scenes import HEAD, same_frames

import rnnviz
from rnnviz.errors import RenderError, SceneError
from rnnviz.exports.clips import clips
from rnnviz.exports.rendered_video import RenderedVideo
from rnnviz.rendering.manim_adapter.renderer import Renderer
from rnnviz.rendering.video.mixing import RATE, mixed
from rnnviz.rendering.video.sound import Part

SCENE = (
    HEAD
    + """

class Loud(Storyboard):
    @beat("One.")
    def one(self):
        self.play(FadeIn(Square()), run_time=0.4)
        self.add_sound("low.wav")

    @beat("Two.")
    def two(self):
        self.add_sound("high.wav", time_offset=0.5, gain=-6)
        self.play(FadeIn(Circle()), run_time=0.3)
"""
)
LOW, HIGH = 440.0, 1760.0


def tone(file: Path, pitch: float, seconds: float = 0.4, rate: int = 8000) -> Path:
    """Write a sine as a WAV."""
    samples = 0.5 * np.sin(2 * np.pi * pitch * np.arange(round(seconds * rate)) / rate)
    with wave.open(str(file), "wb") as made:
        made.setnchannels(1)
        made.setsampwidth(2)
        made.setframerate(rate)
        made.writeframes((samples * 32767).astype("<i2").tobytes())
    return file


@pytest.fixture
def loud(tmp_path):
    """A scene of two beats with a sound each, outside the working folder."""
    folder = tmp_path / "scenes"
    folder.mkdir()
    (folder / "loud.py").write_text(SCENE)
    tone(folder / "low.wav", LOW)
    tone(folder / "high.wav", HIGH)
    return folder / "loud.py"


def samples(video: Path) -> np.ndarray:
    """The samples of the left channel, 48,000 per second."""
    with av.open(str(video)) as container:
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=RATE)
        pieces = [
            piece.to_ndarray()[0]
            for frame in (*container.decode(audio=0), None)
            for piece in resampler.resample(frame)
        ]
    return np.concatenate(pieces)


def heard(sound: np.ndarray, pitch: float) -> tuple[float, float, float]:
    """The start and end of a tone, in seconds, and its peak."""
    size = RATE // 100
    blocks = sound[: len(sound) // size * size].reshape(-1, size)
    wave = np.exp(-2j * np.pi * pitch * np.arange(size) / RATE)
    loudness = 2 * np.abs(blocks @ wave) / size
    there = np.flatnonzero(loudness > 0.5 * loudness.max())
    return there[0] / 100, (there[-1] + 1) / 100, float(loudness.max())


def beats_of(video: Path) -> dict:
    told = json.loads(video.with_suffix(".json").read_text(encoding="utf-8"))["beats"]
    return {beat["name"]: beat for beat in told}


@pytest.mark.parametrize("ending", every(3, ["mp4", "webm", "mov"]))
def test_a_sound_is_heard_at_its_time(ending, loud, trace, tmp_path):
    output = tmp_path / f"loud.{ending}"
    done = rnnviz.render(loud, trace, quality="l", format=ending, output=output)
    assert done.notes == ()
    beats, sound = beats_of(output), samples(output)
    assert len(sound) / RATE == pytest.approx(beats["two"]["end"], abs=0.03)
    start, end, loudness = heard(sound, LOW)
    begin = 6 / 15  # pictures of the animation before it, with which the caption comes
    assert (start, end) == (pytest.approx(begin, abs=0.02), pytest.approx(begin + 0.4, abs=0.03))
    assert loudness == pytest.approx(0.5, rel=0.15)
    start, _, loudness = heard(sound, HIGH)
    assert start == pytest.approx(beats["two"]["start"] + 0.5, abs=0.02)
    assert loudness == pytest.approx(0.25, rel=0.15)


def test_a_sound_continues_into_the_next_beat_and_changes_no_frame(loud, trace, tmp_path):
    output = tmp_path / "loud.mp4"
    tone(loud.with_name("low.wav"), LOW, seconds=2.0)
    rnnviz.render(loud, trace, quality="l", output=output)
    assert heard(samples(output), LOW)[1] == pytest.approx(6 / 15 + 2.0, abs=0.03)
    assert beats_of(output)["two"]["start"] < 6 / 15 + 2.0
    loud.write_text("\n".join(line for line in SCENE.split("\n") if "add_sound" not in line))
    rnnviz.render(loud, trace, quality="l", output=tmp_path / "silent.mp4")
    assert same_frames(output, tmp_path / "silent.mp4")
    with av.open(str(tmp_path / "silent.mp4")) as container:
        assert not container.streams.audio


def test_selected_beats_have_their_own_sounds(loud, trace, tmp_path):
    output = tmp_path / "loud.mp4"
    rnnviz.render(loud, trace, quality="l", output=output, beats=(2,))
    sound = samples(output)
    assert heard(sound, HIGH)[0] == pytest.approx(0.5, abs=0.02)
    assert heard(sound, LOW)[2] < 0.02


def test_a_changed_sound_is_mixed_again(loud, trace, tmp_path, drawn):
    output = tmp_path / "loud.mp4"
    loud.write_text(SCENE.replace('"low.wav"', '"lo" + "w.wav"'))
    assert drawn(loud, trace, output) == ["one", "two"]
    before = output.read_bytes()
    assert drawn(loud, trace, output) == []
    assert output.read_bytes() == before
    tone(loud.with_name("low.wav"), LOW / 2)
    assert drawn(loud, trace, output) == []
    assert heard(samples(output), LOW / 2)[2] > 0.4
    tone(loud.with_name("high.wav"), HIGH / 2)
    assert "one" not in drawn(loud, trace, output)
    assert heard(samples(output), HIGH / 2)[2] > 0.2
    loud.with_name("low.wav").unlink()
    with pytest.raises(SceneError, match=r"no sound 'low\.wav' beside the scene"):
        drawn(loud, trace, output)


def test_a_sound_is_searched_beside_the_scene_then_in_the_working_folder(
    loud, trace, tmp_path, monkeypatch
):
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    tone(here / "low.wav", LOW / 2)
    loud.with_name("high.wav").rename(here / "high.wav")
    rnnviz.render(loud, trace, quality="l", output="loud.mp4")
    sound = samples(here / "loud.mp4")
    assert heard(sound, LOW)[2] > 0.4
    assert heard(sound, HIGH)[2] > 0.2
    loud.write_text(SCENE.replace('"low.wav"', repr(str(here / "low"))))
    rnnviz.render(loud, trace, quality="l", output="loud.mp4")
    assert heard(samples(here / "loud.mp4"), LOW / 2)[2] > 0.4


WRONG = {
    "missing": (None, r"no sound 'low\.wav' beside the scene, in '.*scenes', or in"),
    "no sound file": (b"hello " * 99, r"cannot read sound '.*low\.wav' \(.*\); give a WAV"),
    "empty": (b"", r"cannot read sound '.*low\.wav' \(.*\); give a WAV"),
}


@pytest.mark.parametrize(("kind", "what"), every(3, product(["mp4", "png"], WRONG)))
def test_an_invalid_sound_is_reported_in_one_line(what, kind, loud, trace, tmp_path):
    content, told = WRONG[what]
    loud.with_name("low.wav").unlink()
    if content is not None:
        loud.with_name("low.wav").write_bytes(content)
    output = tmp_path / "out" / ("stills" if kind == "png" else f"loud.{kind}")
    with pytest.raises(SceneError, match=told) as raised:
        rnnviz.render(loud, trace, quality="l", format=kind, output=output)
    assert "\n" not in str(raised.value)
    assert [path for path in tmp_path.glob("out/**/*") if path.is_file()] == []


def test_a_video_without_sound_is_refused_as_a_sound(loud, trace, tmp_path):
    rnnviz.render(loud, trace, quality="l", output=tmp_path / "loud.gif", format="gif", beats=(1,))
    loud.write_text(SCENE.replace("low.wav", str(tmp_path / "loud.gif")))
    with pytest.raises(SceneError, match=r"loud\.gif' has no sound; give a sound file"):
        rnnviz.render(loud, trace, quality="l", output=tmp_path / "loud.mp4")


@pytest.mark.parametrize("number", ["time_offset=float('nan')", "gain=float('inf')"])
def test_a_number_that_is_not_finite_is_reported(number, loud, trace, tmp_path):
    loud.write_text(SCENE.replace('"low.wav"', f'"low.wav", {number}'))
    with pytest.raises(SceneError, match=r"of sound 'low\.wav' is .*; give a finite number"):
        rnnviz.render(loud, trace, quality="l", output=tmp_path / "loud.mp4")


def test_sounds_that_are_cut_off_are_noted(loud, trace, tmp_path):
    tone(loud.with_name("high.wav"), HIGH, seconds=5.0)
    early = SCENE.replace('"low.wav"', '"low.wav", -0.6')
    late = "        self.add_sound('low.wav', 99)\n"
    high = '        self.add_sound("high'
    loud.write_text(early.replace(high, late + high))
    output = tmp_path / "loud.mp4"
    for _ in range(2):  # drawn, and then found as it was
        before, never, after = rnnviz.render(loud, trace, quality="l", output=output).notes
        assert before.startswith("sound 'low.wav' begins 0.2 s before the video, and is cut")
        assert never == "sound 'low.wav' begins after the end of the video, and is not heard"
        assert after.startswith("sound 'high.wav' goes on for")
    assert heard(samples(output), LOW)[0] == 0.0


@pytest.mark.parametrize("ending", every(2, ["gif", "png"], first=1))
def test_a_format_without_sound_is_noted(ending, loud, trace, tmp_path):
    saved = trace.save(tmp_path / "run.safetensors")
    output = tmp_path / f"out.{ending}"
    arguments = ["render", loud, "-ql", "--trace", saved, "--format", ending, "-o", output]
    for _ in range(2):
        done = warm.run(*arguments)
        assert done.returncode == 0, done.stderr
        for sound in ("low.wav", "high.wav"):
            told = f"rnnviz: {ending} has no sound; {sound!r} is left out"
            assert done.stderr.count(told) == 1


def test_clips_have_the_sound_of_their_beat(loud, trace, tmp_path):
    output = tmp_path / "loud.webm"
    rnnviz.render(loud, trace, quality="l", format="webm", output=output)
    one, two = clips(RenderedVideo.of(output), tmp_path)
    assert heard(samples(one), LOW)[0] == pytest.approx(6 / 15, abs=0.03)
    assert heard(samples(one), HIGH)[2] < 0.02
    assert heard(samples(two), HIGH)[0] == pytest.approx(0.5, abs=0.03)
    beats = beats_of(output)
    length = beats["two"]["end"] - beats["two"]["start"]
    assert len(samples(two)) / RATE == pytest.approx(length, abs=0.03)


@pytest.mark.slow  # a cluster is started; what is drawn elsewhere has no part in the sounds
def test_remotely_drawn_beats_have_their_sounds(loud, trace, tmp_path, scheduler, full_size):
    output = tmp_path / "loud.mp4"
    rnnviz.render(loud, trace, quality="l", output=output, scheduler=scheduler)
    assert heard(samples(output), LOW)[0] == pytest.approx(6 / 15, abs=0.03)


PIECES = st.tuples(
    st.integers(-300, 900), st.integers(1, 600), st.sampled_from([0.0, -6.0, 3.0]),
    st.sampled_from([0.0, -20.0]),
)  # fmt: skip


@given(st.lists(PIECES, max_size=4), st.integers(1, 1200), st.integers(0, 9))
def test_a_track_is_the_sum_of_its_sounds(tmp_path_factory, pieces, length, seed):
    """Compare with sums over whole arrays; times are in blocks of 100 samples."""
    folder, rng = tmp_path_factory.mktemp("parts"), np.random.default_rng(seed)
    wanted, parts = np.zeros((length * 100, 2)), []
    for number, (start, count, gain, background) in enumerate(pieces):
        samples = rng.integers(-4000, 4000, (count * 100, 2)).astype("<i2")
        file = folder / f"{number}.wav"
        with wave.open(str(file), "wb") as made:
            made.setnchannels(2)
            made.setsampwidth(2)
            made.setframerate(RATE)
            made.writeframes(samples.tobytes())
        parts.append(Part(str(file), start * 100 / RATE, gain, background))
        cut = samples[max(-start, 0) * 100 :] / 32768
        place = wanted[max(start, 0) * 100 :][: len(cut)]
        place *= 10 ** (background / 20)
        place += 10 ** (gain / 20) * cut[: len(place)]
    made = np.concatenate(list(mixed(parts, length * 100)))
    np.testing.assert_allclose(made, np.clip(wanted, -1, 1), atol=1e-5)


@given(st.floats(0.01, 20), st.sampled_from([15, 30, 60]), st.booleans())
def test_planned_frames_are_counted_as_manim_draws_them(duration, rate, still):
    scene = SimpleNamespace(duration=duration, is_current_animation_frozen_frame=lambda: still)
    renderer = SimpleNamespace(camera=SimpleNamespace(frame_rate=rate))
    drawn = int(duration * rate) if still else len(np.arange(0, duration, 1 / rate))
    assert Renderer._frames(renderer, scene) == drawn


def test_a_missing_file_of_a_beat_is_not_reported_as_the_cache(loud, trace, tmp_path):
    missing = "if self.renderer.sink: open('nothing.csv')\n        self.add_sound(\"low"
    loud.write_text(SCENE.replace('self.add_sound("low', missing))
    told = r"^beat 'one' of scene 'loud' failed: FileNotFoundError: .*nothing\.csv.*loud\.py, line"
    with pytest.raises(RenderError, match=told):
        rnnviz.render(loud, trace, quality="l", output=tmp_path / "loud.mp4")

"""Encoded beats: colours, transparency, quality compared with Manim's, and GIFs."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from pathlib import Path
from unittest import mock

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from manim._config.video_encoder import VideoEncoderSpec
from manim.scene.video_segment_encoder import VideoSegmentEncoder
from often import often

import rnnviz
from rnnviz.errors import RenderError
from rnnviz.experiments.default_recordings import record_task
from rnnviz.mobjects.theme import THEMES
from rnnviz.rendering.manim_adapter.canvas import Box, unmultiplied
from rnnviz.rendering.manim_adapter.renderer import Renderer
from rnnviz.rendering.manim_adapter.settings import manim_settings
from rnnviz.rendering.plan import experiments_of, load_scene
from rnnviz.rendering.profile import QUALITIES, EncodingProfile
from rnnviz.rendering.video.encoder import Encoder
from rnnviz.rendering.video.frames import is_transparent
from rnnviz.scene.context import SceneContext
from rnnviz.text.palette import PALETTES

FULL_SIZE = True  # colours are measured in the middle of small squares

SCENE = """
from manim import FadeIn, Square
from rnnviz.scene.storyboard import Storyboard
from rnnviz.scene.beats import beat


class Coloured(Storyboard):
    @beat("Two squares.")
    def squares(self):
        roles = ("input", "hidden", "output", "weight", "gradient")
        for place, role in enumerate(roles):
            square = Square(0.4, fill_opacity=1, stroke_width=0)
            square.set_fill(self.theme.color(role)).shift((place - 2, 1, 0))
            self.play(FadeIn(square), run_time=0.2)
"""


@pytest.fixture(scope="module")
def scene_file(tmp_path_factory):
    file = tmp_path_factory.mktemp("scene") / "coloured.py"
    file.write_text(SCENE, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def made(scene_file, tmp_path_factory, make_trace):
    folder = tmp_path_factory.mktemp("made")

    def render(ending, theme="dark", transparent=False):
        output = folder / f"{theme}-{transparent}.{ending}"
        if not output.exists():
            settings = {"quality": "l", "format": ending, "theme": theme}
            rnnviz.render(
                scene_file, make_trace(), output=output, transparent=transparent, **settings
            )
        return output

    return render


def frames(path: Path, layout: str) -> list[np.ndarray]:
    """Decoded frames; FFmpeg's own VP9 decoder drops the transparency."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        decoder = stream.codec_context
        if decoder.name == "vp9":
            decoder = av.CodecContext.create("libvpx-vp9", "r")
        return [
            frame.to_ndarray(format=layout)
            for packet in container.demux(stream)
            for frame in decoder.decode(packet)
        ]


def pixel(picture: np.ndarray, place: int) -> np.ndarray:
    """The colour in the middle of a role's square."""
    height, width = picture.shape[:2]
    unit = height / 8
    return picture[round(height / 2 - unit), round(width / 2 + (place - 2) * unit)].astype(int)


def rgb(color: str) -> np.ndarray:
    return np.array([int(color[at : at + 2], 16) for at in (1, 3, 5)])


@pytest.mark.parametrize(
    ("ending", "theme"),
    often(
        product(("mp4", "webm", "mov", "gif"), ("dark", "light")),
        [("mp4", "light"), ("webm", "dark"), ("mov", "dark"), ("gif", "dark")],
    ),
)
def test_encoded_colours_are_those_of_the_theme(made, ending, theme):
    shown = frames(made(ending, theme=theme), "rgb24")[-1]
    palette = PALETTES[theme]
    near = {"gif": 10, "webm": 6}.get(ending, 5)
    assert np.abs(shown[5, 5].astype(int) - rgb(palette.ground)).max() <= 3
    for place, role in enumerate(("input", "hidden", "output", "weight", "gradient")):
        wanted = rgb(getattr(palette, role))
        assert np.abs(pixel(shown, place) - wanted).max() <= near, role


@pytest.mark.parametrize("ending", often(["webm", "mov"], ["webm"]))
def test_only_the_background_is_transparent(made, ending):
    shown = frames(made(ending, transparent=True), "rgba")[-1]
    assert shown[5, 5, 3] == 0
    for place, role in enumerate(("input", "hidden", "output", "weight", "gradient")):
        assert pixel(shown, place)[3] == 255
        wanted = rgb(getattr(PALETTES["dark"], role))
        assert np.abs(pixel(shown, place)[:3] - wanted).max() <= 5, role


@pytest.mark.parametrize(
    ("transparent", "pixels", "tag"),
    [(False, "yuv422p10le", "apch"), (True, "yuva444p12le", "ap4h")],
)
def test_a_mov_has_the_tag_of_its_prores_profile(made, transparent, pixels, tag):
    with av.open(str(made("mov", transparent=transparent))) as container:
        told = container.streams.video[0].codec_context
        assert (told.pix_fmt, told.codec_tag) == (pixels, tag)


@pytest.mark.parametrize("ending", ["webm", "mov"])
@pytest.mark.parametrize("transparent", [False, True])
def test_a_joined_video_is_marked_as_transparent(made, ending, transparent):
    assert is_transparent(made(ending, transparent=transparent)) == transparent


def test_transparent_stills_have_no_dark_edges(scene_file, trace, tmp_path):
    from PIL import Image

    done = rnnviz.render(
        scene_file, trace, quality="l", format="png", transparent=True, output=tmp_path / "stills"
    )
    picture = np.asarray(Image.open(done.paths[0])).astype(int)
    letters = picture[380:420]
    edges = letters[(letters[..., 3] > 40) & (letters[..., 3] < 200)]
    assert len(edges) > 50
    text = THEMES["dark"].color("text").to_int_rgb()
    assert np.abs(edges[:, :3] - text).max() <= 8


def test_unmultiplied_inverts_premultiplication():
    rng = np.random.default_rng(0)
    colour = rng.integers(0, 256, (40, 40, 3))
    opacity = rng.integers(1, 256, (40, 40, 1))
    multiplied = np.concatenate([np.round(colour * opacity / 255), opacity], axis=2)
    back = unmultiplied(multiplied.astype(np.uint8)).astype(int)
    assert (np.abs(back[..., :3] - colour) <= np.ceil(255 / opacity)).all()
    assert not unmultiplied(np.zeros((2, 2, 4), np.uint8)).any()


@pytest.mark.parametrize("ending", ["mp4", "gif"])
def test_formats_without_transparency_say_so(scene_file, trace, ending):
    with pytest.raises(RenderError, match=f"{ending} has no transparency; choose --format webm"):
        rnnviz.render(scene_file, trace, format=ending, transparent=True)


def test_a_gif_is_as_long_as_the_video(made):
    with (
        av.open(str(made("gif", theme="dark"))) as gif,
        av.open(str(made("mp4", theme="dark"))) as video,
    ):
        assert gif.duration == pytest.approx(video.duration, abs=20_000)


@dataclass
class Shown:
    """The parts of a canvas that an encoder reads."""

    pixel_array: np.ndarray
    changed: list[Box]


SMALL = (214, 120, 15)
BOXES = st.tuples(st.integers(0, 11), st.integers(1, 12), st.integers(0, 3), st.integers(1, 4))


@pytest.mark.parametrize(
    ("ending", "transparent"), [("mp4", False), ("webm", True), ("mov", False), ("mov", True)]
)
@settings(max_examples=5)
@given(st.lists(BOXES, min_size=1, max_size=4), st.integers(0, 9))
def test_converted_boxes_equal_the_converted_frame(
    tmp_path_factory, ending, transparent, boxes, seed
):
    with mock.patch.dict(QUALITIES, {"l": SMALL}):
        check_converted_boxes(tmp_path_factory, ending, transparent, boxes, seed)


def check_converted_boxes(tmp_path_factory, ending, transparent, boxes, seed):
    profile = EncodingProfile("l", ending, transparent)
    width, height = profile.size
    whole = Box(0, height, 0, width)
    rng, folder = np.random.default_rng(seed), tmp_path_factory.mktemp("boxes")
    pixels = rng.integers(0, 256, (height, width, 4), dtype=np.uint8)
    paths = [folder / f"{name}.{profile.codec.container}" for name in ("boxes", "whole")]
    with Encoder(paths[0], profile) as some, Encoder(paths[1], profile) as every:
        changed = [whole]
        for row, rows, column, columns in [*boxes, (0, 0, 0, 0)]:
            some.write(Shown(pixels, changed), 1)
            every.write(Shown(pixels, [whole]), 1)
            top, bottom = row * 10, min((row + rows) * 10, height)
            left, right = column * 60, min((column + columns) * 60, width)
            shape = pixels[top:bottom, left:right].shape
            pixels[top:bottom, left:right] = rng.integers(0, 256, shape, dtype=np.uint8)
            changed = [Box(top, bottom, left, right)]
        some.finish()
        every.finish()
    one, other = map(packets, paths)
    assert one == other


def packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0)]


class Both:
    """A sink that writes to our encoder and Manim's, and keeps every tenth frame."""

    def __init__(self, ours: Encoder, theirs: VideoSegmentEncoder) -> None:
        self.ours, self.theirs = ours, theirs
        self.kept: dict[int, np.ndarray] = {}
        self.length = 0

    def write(self, canvas, count):
        self.ours.write(canvas, count)
        pixels = canvas.pixel_array.copy()
        self.theirs.write_frame(pixels, repeat=count)
        next_kept = -(-self.length // 10) * 10
        self.length += count
        if next_kept < self.length:
            self.kept[next_kept] = pixels[..., :3].copy()


def loss(path: Path, sink: Both, matrix: str) -> float:
    """The mean squared difference from the kept frames."""
    errors, length = [], 0
    with av.open(str(path)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            length += 1
            if index in sink.kept:
                seen = frame.to_ndarray(format="rgb24", src_colorspace=matrix)
                errors.append(np.mean((seen.astype(float) - sink.kept[index]) ** 2))
    assert length == sink.length
    return float(np.mean(errors))


@pytest.mark.slow
@pytest.mark.parametrize(("scene", "larger"), [("unrolling", 1.6), ("space", 1.2)])
def test_frames_are_better_than_manims_and_files_little_larger(scene, larger, tmp_path):
    trace = record_task("sentence", epochs=1, seed=1)
    loaded = load_scene(scene)
    profile = EncodingProfile("m", "mp4", all_moves=loaded.scene.all_moves)
    theirs = VideoSegmentEncoder(
        target=tmp_path / "theirs.mp4",
        spec=VideoEncoderSpec(
            "mp4", "libx264", "yuv420p", *profile.size, Fraction(profile.rate), (("crf", "23"),)
        ),
    )
    with (
        manim_settings(tmp_path, profile.quality),
        Encoder(tmp_path / "ours.mp4", profile) as ours,
    ):
        sink = Both(ours, theirs)

        def begin(performance, beat):
            performance.renderer.sink = sink if beat.number == 2 else None

        context = SceneContext(
            trace,
            experiments=experiments_of(loaded.scene, trace),
            renderer=Renderer(),
            on_beat_start=begin,
        )
        loaded.scene(context).render()
        ours.finish()
    theirs.finish()
    one, other = tmp_path / "ours.mp4", tmp_path / "theirs.mp4"
    assert loss(one, sink, "ITU709") <= loss(other, sink, "ITU601")
    assert one.stat().st_size <= larger * other.stat().st_size

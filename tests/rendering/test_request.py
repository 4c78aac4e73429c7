"""Requests that are refused before any work is done."""

import json
import os
from pathlib import Path

import pytest
from own_fonts import built, saved

import rnnviz
from rnnviz.errors import RenderError
from rnnviz.rendering.request import request_of
from rnnviz.system.cache import BOUND_VARIABLE

FULL_SIZE = True
OURS = dict.fromkeys(
    ("scene", "language", "theme", "quality", "trace", "versions", "beats"), "something"
)
NEIGHBOURS = ["a.json", "a.en.srt", "a.en.vtt", "a.zh.srt", "a.zh.vtt"]


def test_an_invalid_bound_is_reported_before_anything_is_drawn(
    three, trace, tmp_path, monkeypatch, drawn
):
    output = tmp_path / "out" / "a.mp4"
    monkeypatch.setenv(BOUND_VARIABLE, "2GB")
    with pytest.raises(RenderError, match="got '2GB'; write 2000000000 for 2 GB"):
        drawn(three, trace, output)
    assert not output.parent.exists()


@pytest.mark.parametrize("alike", ["itself", "another path", "a hard link", "a symbolic link"])
def test_a_video_does_not_replace_its_trace(alike, three, trace, tmp_path):
    saved = trace.save(tmp_path / "a.mp4")
    content = saved.read_bytes()
    other = tmp_path / "b.mp4"
    if alike == "a hard link":
        os.link(saved, other)
    elif alike == "a symbolic link":
        other.symlink_to(saved)
    (tmp_path / "x").mkdir()
    output = {"itself": saved, "another path": tmp_path / "x" / ".." / "a.mp4"}.get(alike, other)
    with pytest.raises(RenderError, match=r"mp4' is the trace itself.*; choose another place"):
        rnnviz.render(three, saved, quality="l", output=output)
    assert saved.read_bytes() == content


@pytest.mark.parametrize("name", NEIGHBOURS)
def test_files_beside_a_video_do_not_replace_its_trace(name, three, trace, tmp_path):
    saved = trace.save(tmp_path / name)
    if name != "a.json":
        (tmp_path / "a.json").write_text(json.dumps(OURS))
    with pytest.raises(RenderError, match=f"{name}' (is the trace itself|would be replaced)"):
        rnnviz.render(three, saved, quality="l", output=tmp_path / "a.mp4")
    assert rnnviz.load(saved).digest == trace.digest


@pytest.mark.parametrize("name", NEIGHBOURS)
@pytest.mark.parametrize("content", [b"", b"mine", b"[]", b'{"scene": 1}', b"\xff", b"[" * 9999])
def test_a_foreign_file_beside_the_video_is_kept(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RenderError, match=rf"{name}' would be replaced .*a\.json.*; move it away"):
        request_of("unrolling", output=tmp_path / "a.mp4")
    request_of("unrolling", output=tmp_path / "b.mp4")
    request_of("unrolling", output=tmp_path, format="png")


def test_files_beside_a_rendered_video_may_be_replaced(tmp_path):
    for name in NEIGHBOURS:
        (tmp_path / name).write_text(json.dumps(OURS))
    (tmp_path / "a.mp4").write_bytes(b"old")
    (tmp_path / "a.fr.srt").write_text("mine")
    request_of("unrolling", output=tmp_path / "a.mp4")


@pytest.mark.parametrize("name", NEIGHBOURS)
def test_a_folder_in_place_of_a_file_is_reported(name, tmp_path):
    (tmp_path / name).mkdir()
    with pytest.raises(RenderError, match=f"{name}' is a folder, but a file beside"):
        request_of("unrolling", output=tmp_path / "a.mp4")


@pytest.mark.parametrize(("length", "ending"), [(300, "mp4"), (251, "json"), (249, "srt|vtt")])
def test_a_too_long_name_is_reported(length, ending, tmp_path):
    output = tmp_path / f"{'a' * length}.mp4"
    with pytest.raises(RenderError, match=rf"cannot write '.*({ending})' \(File name too long\)"):
        request_of("unrolling", output=output)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", [0o000, 0o200, 0o400, 0o600, 0o500])
@pytest.mark.parametrize("place", ["a.mp4", "x/a.mp4", "stills"])
def test_a_folder_without_permissions_is_reported(mode, place, tmp_path, closed):
    folder = tmp_path / "closed"
    folder.mkdir()
    closed(folder, mode)
    with pytest.raises(RenderError, match=r"cannot write into '.*/closed'; choose another place"):
        request_of(
            "unrolling",
            output=folder / place,
            format="mp4" if place.endswith("mp4") else "png",
        )


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({}, "space.mp4"),
        ({"quality": "l", "format": "gif"}, "space_480p.gif"),
        ({"language": "zh", "theme": "light", "quality": "k"}, "space_zh_light_2160p.mp4"),
        ({"beats": (2,), "format": "png"}, "space_beats-2"),
        ({"beats": range(2, 5)}, "space_beats-2-4.mp4"),
    ],
)
def test_a_draft_replaces_no_finished_video(settings, name):
    assert request_of("space", **settings).named == Path("renders") / name


def test_custom_fonts_are_part_of_the_key(tmp_path):
    fonts = [saved(tmp_path, f"{side}.ttf", built("\u092e", side=side)) for side in (300, 400)]
    requests = [request_of("unrolling", font=font) for font in (None, (), *fonts, fonts, fonts[0])]
    keys = [request.key("code", "trace") for request in requests]
    assert keys[0] == keys[1]
    assert keys[2] == keys[5]
    assert len(set(keys)) == 4

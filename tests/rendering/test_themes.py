"""Renders with a theme from a file: its colours, its name, and what it redraws."""

import json
from dataclasses import replace

import numpy as np
import pytest
from small_scenes import frames

import rnnviz
from rnnviz.errors import ThemeError
from rnnviz.exports.rendered_video import RenderedVideo
from rnnviz.rendering.request import request_of
from rnnviz.text.palette import DARK

OWN = 'base = "light"\n[colors]\nground = "#FFF4E0"\n'


@pytest.fixture
def theme(tmp_path):
    file = tmp_path / "uni.toml"
    file.write_text(OWN, encoding="utf-8")
    return file


def test_the_name_of_an_output_has_that_of_its_theme(theme, full_size):
    def name(given, **settings):
        return request_of("unrolling", theme=given, **settings).named.name

    assert name(theme) == name(str(theme)) == "unrolling_uni.mp4"
    assert name(theme, language="zh", quality="l") == "unrolling_zh_uni_480p.mp4"
    assert name(replace(DARK, name="mine")) == "unrolling_mine.mp4"
    assert name("dark") == "unrolling.mp4"
    with pytest.raises(ThemeError, match="unknown theme 'pink'"):
        name("pink")


def test_a_video_has_the_colours_of_the_file(theme, three, trace, tmp_path):
    output = tmp_path / "out.mp4"
    rnnviz.render(three, trace, theme=theme, output=output, quality="l")
    corner = np.median(frames(output)[0][:8, :8].reshape(-1, 3), axis=0)
    np.testing.assert_allclose(corner, (0xFF, 0xF4, 0xE0), atol=4)
    told = json.loads(output.with_suffix(".json").read_text())
    assert (told["theme"], told["background"]) == ("uni", "#FFF4E0")
    video = RenderedVideo.of(output)
    assert (video.background, video.scheme) == ("#FFF4E0", "light")


def test_a_changed_file_is_drawn_anew_and_an_unchanged_one_is_not(theme, three, trace, drawn):
    output = theme.with_name("out.mp4")
    assert drawn(three, trace, output, theme=theme) == ["one", "three", "two"]
    assert drawn(three, trace, output, theme=theme) == []
    theme.write_text(OWN + 'hidden = "#00705A"\n', encoding="utf-8")
    assert drawn(three, trace, output, theme=theme) == ["one", "three", "two"]
    theme.write_text(OWN, encoding="utf-8")
    assert drawn(three, trace, output, theme=theme) == []


@pytest.mark.slow  # tests/rendering/test_cluster.py has such a process draw
def test_processes_that_share_nothing_draw_with_the_theme(theme, three, trace, monkeypatch):
    monkeypatch.setattr("rnnviz.rendering.execution.dask.can_fork", lambda: False)
    output = theme.with_name("out.mp4")
    rnnviz.render(three, trace, theme=theme, output=output, quality="l", jobs=1)
    corner = np.median(frames(output)[0][:8, :8].reshape(-1, 3), axis=0)
    np.testing.assert_allclose(corner, (0xFF, 0xF4, 0xE0), atol=4)


@pytest.mark.parametrize("background", ["red", "#12345", 3])
def test_a_background_that_is_no_colour_is_refused(background, three, trace, tmp_path):
    output = tmp_path / "out.mp4"
    rnnviz.render(three, trace, output=output, quality="l", beats=(1,))
    beside = output.with_suffix(".json")
    told = {**json.loads(beside.read_text()), "background": background}
    beside.write_text(json.dumps(told))
    with pytest.raises(rnnviz.RnnvizError, match="background: expected"):
        RenderedVideo.of(output)

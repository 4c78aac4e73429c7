"""Subtitles and descriptions, from cues."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.rendering.video.sidecars import beside, with_beats
from rnnviz.rendering.video.timeline import Cue, subtitles

NASTY = "a --> b </script><img onerror=x> & $1 \\input{x}"


def cues(*ends, text="Said."):
    starts = (0.0, *ends[:-1])
    return [
        Cue(number, f"beat_{number}", start, end, {"en": text, "zh": text})
        for number, (start, end) in enumerate(zip(starts, ends, strict=True), start=1)
    ]


def test_webvtt():
    assert subtitles(cues(1.5, 3661.25), "en", "vtt") == (
        "WEBVTT\n\n1\n00:00:00.000 --> 00:00:01.500\nSaid.\n\n"
        "2\n00:00:01.500 --> 01:01:01.250\nSaid.\n"
    )


def test_subrip():
    assert subtitles(cues(1.5), "zh", "srt") == "1\n00:00:00,000 --> 00:00:01,500\nSaid.\n"


def test_sidecars_are_a_description_and_subtitles_in_each_language():
    texts = beside(Path("a.mp4"), cues(1.5, 2.0), with_beats(cues(1.5, 2.0), {"scene": "a"}))
    assert {path.name for path in texts} == {
        "a.json", "a.en.vtt", "a.en.srt", "a.zh.vtt", "a.zh.srt",
    }  # fmt: skip
    told = json.loads(texts[Path("a.json")])["beats"]
    assert [(beat["name"], beat["start"], beat["end"]) for beat in told] == [
        ("beat_1", 0.0, 1.5),
        ("beat_2", 1.5, 2.0),
    ]
    assert texts[Path("a.zh.vtt")] == subtitles(cues(1.5, 2.0), "zh", "vtt")


@pytest.mark.parametrize("kind", ["vtt", "srt"])
def test_no_caption_breaks_the_file(kind):
    text = subtitles(cues(2.0, text=NASTY + "\n\n9\nmore"), "en", kind)
    assert len(re.findall("-->", text)) == 1
    assert len(text.strip().split("\n\n")) == (2 if kind == "vtt" else 1)
    if kind == "vtt":
        assert "<img" not in text
        assert "&amp;" in text


@given(st.lists(st.floats(0.001, 5000), min_size=1, max_size=8))
def test_each_cue_starts_where_the_one_before_ends(lengths):
    ends = [sum(lengths[: count + 1]) for count in range(len(lengths))]
    found = re.findall(r"(\S+) --> (\S+)", subtitles(cues(*ends), "en", "vtt"))
    assert [start for start, _ in found[1:]] == [end for _, end in found[:-1]]

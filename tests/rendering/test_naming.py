"""Videos of different scenes have different names, and their descriptions match them."""

import json
import os
import shutil

import pytest
from small_scenes import THREE

import rnnviz
from rnnviz.cli.network_options import Source
from rnnviz.cli.render import _render_all
from rnnviz.errors import ExportError, RenderError
from rnnviz.exports.rendered_video import RenderedVideo
from rnnviz.rendering.request import request_of
from rnnviz.rendering.video import assembling
from rnnviz.text.notation import UWV


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working folder, with two files that have classes of the same names."""
    for name in ("lecture1", "lecture2"):
        (tmp_path / f"{name}.py").write_text(
            THREE.replace("Three(", "Intro(") + THREE.replace("Three(", "B(").replace("One", name)
        )
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("scene", "settings", "name"),
    [
        ("my_scene.py", {"quality": "l"}, "my_scene_480p.mp4"),
        ("some/where/my_scene.py", {}, "my_scene.mp4"),
        ("lecture1.py:Intro", {"quality": "l"}, "lecture1_Intro_480p.mp4"),
        ("lecture2.py:Intro", {"quality": "l"}, "lecture2_Intro_480p.mp4"),
        ("mine.py:Unrolling", {}, "mine_Unrolling.mp4"),
        ("mine.py:UNROLLING", {}, "mine_UNROLLING.mp4"),
        ("unrolling.py", {}, "own_unrolling.mp4"),
        ("unrolling.py", {"format": "png"}, "own_unrolling"),
        ("unrolling", {"format": "webm"}, "unrolling.webm"),
        ("unrolling", {"format": "webm", "transparent": True}, "unrolling_transparent.webm"),
    ],
)
def test_the_name_of_a_video_names_its_scene(scene, settings, name, here, full_size):
    assert request_of(scene, **settings).named.name == name


def test_classes_of_the_same_name_have_separate_videos(here, trace):
    made = {}
    for name in ("lecture1", "lecture2"):
        for kind in ("Intro", "B"):
            done = rnnviz.render(f"{name}.py:{kind}", trace, quality="l", beats=(1,))
            made[name, kind] = done.paths[0]
    assert len({path.name for path in made.values()}) == 4
    for (name, kind), path in made.items():
        told = json.loads(path.with_suffix(".json").read_text())
        assert told["source"] == f"../{name}.py"
        assert told["scene"] == kind.lower()
        said = name if kind == "B" else "One"
        assert told["beats"][0]["captions"]["en"].startswith(said)


def test_files_of_the_same_name_do_not_replace_each_others_video(here, trace):
    for folder in ("a", "b"):
        (here / folder).mkdir()
        (here / folder / "talk.py").write_text(THREE)
    settings = {"quality": "l", "beats": (1,)}
    (video,) = rnnviz.render("a/talk.py", trace, **settings).paths
    before = {path: path.read_bytes() for path in video.parent.iterdir()}
    for kind in ("mp4", "webm"):
        told = r"talk_.*' is the video of another scene, '\.\./a/talk\.py'; move"
        with pytest.raises(RenderError, match=told):
            rnnviz.render("b/talk.py", trace, format=kind, **settings)
    assert {path: path.read_bytes() for path in video.parent.iterdir()} == before
    assert rnnviz.render(here / "a" / "talk.py", trace, **settings).paths == (video,)
    done = rnnviz.render("b/talk.py", trace, output=video, **settings)  # named, so replaced
    assert json.loads(video.with_suffix(".json").read_text())["source"] == "../b/talk.py"
    assert done.paths == (video,)


def test_render_all_replaces_no_video_of_an_own_scene(here, monkeypatch, trace):
    (here / "out").mkdir()
    rnnviz.render("lecture1.py:B", trace, quality="l", beats=(1,), output="out/unrolling.mp4")
    looks = {"language": "en", "theme": "dark", "quality": "h", "format": "mp4"}
    looks |= {"transparent": False, "beats": None, "notation": UWV, "aspect": "16:9"}
    looks |= {"pace": 1.0, "hold": {}, "captions": True}
    with pytest.raises(RenderError, match=r"unrolling\.mp4' is the video .*'\.\./lecture1\.py'"):
        _render_all(Source(), {"jobs": 1, "scheduler": None}, folder="out", **looks)


def test_videos_of_a_scene_in_two_formats_have_one_description(three, trace, tmp_path, drawn):
    outputs = [tmp_path / "out" / f"three.{ending}" for ending in ("mp4", "mov")]
    for output in outputs:
        drawn(three, trace, output, format=output.suffix[1:])
    told = (tmp_path / "out" / "three.json").read_bytes()
    changed = [output.stat().st_mtime_ns for output in outputs]
    for output in outputs:
        assert drawn(three, trace, output, format=output.suffix[1:]) == []
    assert [output.stat().st_mtime_ns for output in outputs] == changed
    assert (tmp_path / "out" / "three.json").read_bytes() == told
    assert RenderedVideo.of(outputs[0]).path == outputs[0]
    three.write_text(THREE.replace("One.", "Another one."))
    drawn(three, trace, outputs[1], format="mov")
    with pytest.raises(ExportError, match=r"three\.mp4' is not the video that 'three\.json'"):
        RenderedVideo.of(outputs[0])
    drawn(three, trace, outputs[0])
    assert RenderedVideo.of(outputs[0]).cues[0].captions["en"] == "Another one."


def test_a_copy_of_a_video_may_have_another_name(three, trace, tmp_path, drawn):
    drawn(three, trace, tmp_path / "three.mp4")
    for ending in ("mp4", "json"):
        shutil.copy(tmp_path / f"three.{ending}", tmp_path / f"talk.{ending}")
    assert RenderedVideo.of(tmp_path / "talk.mp4").scene == "three"
    with (tmp_path / "talk.mp4").open("ab") as file:
        file.write(b"more")
    with pytest.raises(ExportError, match=r"talk\.mp4' is not the video that 'talk\.json'"):
        RenderedVideo.of(tmp_path / "talk.mp4")


NOT_OF_IT = "not the video that is told of"


def read(video):
    """What a reader learns of a video: its beats, or that the description is not its own."""
    try:
        return RenderedVideo.of(video).cues
    except ExportError as error:
        return NOT_OF_IT if "a render was interrupted" in str(error) else error


class Stopped(BaseException):
    """Stands for the end of the process."""


def test_an_interrupted_render_leaves_matching_files_or_is_detected(
    three, trace, tmp_path, monkeypatch, drawn
):
    """Stopped after any file, a render leaves the old set, the new set, or a detectable mix."""
    new = THREE.replace('"One."', '"A much longer first caption, which takes its time to read."')
    sets = {}
    for name, text in (("old", THREE), ("new", new)):
        three.write_text(text)
        drawn(three, trace, tmp_path / name / "three.mp4")
        rendered_video = RenderedVideo.of(tmp_path / name / "three.mp4")
        sets[rendered_video.path.read_bytes()] = rendered_video.cues
    whole = {path.name for path in (tmp_path / "old").iterdir()}
    put, refused = os.replace, 0
    for count in range(len(whole) + 1):
        output = tmp_path / f"out{count}" / "three.mp4"
        shutil.copytree(tmp_path / "old", output.parent)
        left = count

        def replace(source, target, folder=output.parent):
            nonlocal left
            if target.parent == folder:
                if not left:
                    raise Stopped
                left -= 1
            put(source, target)

        with monkeypatch.context() as patch:
            patch.setattr(assembling.os, "replace", replace)
            if count < len(whole):
                with pytest.raises(Stopped):
                    drawn(three, trace, output)
            else:
                drawn(three, trace, output)
        told = read(output)
        refused += told == NOT_OF_IT
        assert told in (NOT_OF_IT, sets[output.read_bytes()])
        drawn(three, trace, output)
        assert RenderedVideo.of(output).cues == sets[output.read_bytes()]
        assert output.read_bytes() == (tmp_path / "new" / "three.mp4").read_bytes()
        assert {path.name for path in output.parent.iterdir()} == whole
    assert 0 < refused < len(whole)

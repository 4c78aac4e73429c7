"""Pace, pauses, captions and the frame's shape."""

from itertools import pairwise, product

import pytest
from click.testing import CliRunner
from layouts import check_layout
from often import often

from rnnviz.cli.render import command
from rnnviz.errors import SceneError
from rnnviz.mobjects import layout
from rnnviz.rendering.profile import ASPECTS, EncodingProfile
from rnnviz.rendering.request import request_of
from rnnviz.scene.catalogue import SCENES
from rnnviz.scene.playback import Playback, playback_of

SCENE = "unrolling"
LOOKED_AT = {("unrolling", "1:1"), ("unrolling", "9:16"), ("gates", "4:3")}


def look(scene):
    """The time and the captions on the screen."""
    return scene.time, [caption.text for caption in scene._captions if caption in scene.mobjects]


def lengths(seen):
    ends = [0.0, *(time for time, _ in seen.values())]
    return [after - before for before, after in pairwise(ends)]


def test_half_the_pace_takes_twice_as_long(perform):
    """Each animation takes twice as long, to a frame, and a caption is shown for as long."""
    usual = lengths(perform(SCENE, look))
    slow = lengths(perform(SCENE, look, playback=Playback(pace=0.5)))
    plays = 20
    for one, other in zip(usual, slow, strict=True):
        assert abs(other - 2 * one) <= plays, (one, other)
    assert sum(slow) > 1.8 * sum(usual)


def test_a_beat_that_is_held_is_longer_by_just_that(perform):
    numbers = range(1, len(perform(SCENE, look)) + 1)
    for pace in (1.0, 2.0):
        held = lengths(perform(SCENE, look, playback=Playback(pace=pace, holds=((3, 5.0),))))
        free = lengths(perform(SCENE, look, playback=Playback(pace=pace)))
        longer = [after - before for before, after in zip(free, held, strict=True)]
        assert longer == pytest.approx([5.0 if number == 3 else 0.0 for number in numbers])


def test_captions_are_drawn_or_not_and_take_the_same_time(perform):
    bare = Playback(captions=False)
    usual, same = perform(SCENE, look), perform(SCENE, look, playback=bare)
    assert all(len(shown) == 1 for _, shown in usual.values())
    assert not any(shown for _, shown in same.values())
    assert sum(lengths(same)) == pytest.approx(sum(lengths(usual)), abs=len(usual))


SHAPES = product(SCENES, [each for each in ASPECTS if each != "16:9"])


@pytest.mark.parametrize(("name", "aspect"), often(SHAPES, LOOKED_AT))
def test_the_layout_holds_in_every_shape(name, aspect, perform, layout_of):
    language = "zh" if aspect == "1:1" else "en"
    seen = perform(name, layout_of, language=language, aspect=aspect)
    check_layout(seen, aspect)


@pytest.mark.parametrize("aspect", ASPECTS)
@pytest.mark.parametrize("quality", ["l", "m", "h", "p", "k"])
def test_a_frame_has_its_shape_in_pixels(aspect, quality):
    """And an even size, which video needs; the shorter side is that of the quality."""
    width, height = EncodingProfile(quality, "mp4", aspect=aspect).size
    assert width % 2 == height % 2 == 0
    assert width / height == pytest.approx(layout.FRAMES[aspect].ratio, rel=3e-3)
    assert min(width, height) == EncodingProfile(quality, "mp4").size[1]


def test_what_differs_from_the_usual_is_in_the_name_and_the_key():
    usual = request_of(SCENE)
    keys = {usual.key("code", "trace")}
    for settings in (
        {"pace": 0.8},
        {"hold": {3: 5.0}},
        {"captions": False},
        {"aspect": "9:16"},
    ):
        request = request_of(SCENE, **settings)
        assert request.named != usual.named, settings
        keys.add(request.key("code", "trace"))
    assert len(keys) == 5
    assert request_of(SCENE, pace=1).key("code", "trace") in keys


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"pace": 0}, "pace must be between"),
        ({"pace": float("nan")}, "pace must be between"),
        ({"hold": {0: 5}}, "cannot hold beat 0"),
        ({"hold": {1: -1}}, "cannot hold beat 1 for -1 s"),
        ({"hold": {1: float("inf")}}, "cannot hold beat 1"),
    ],
)
def test_what_is_out_of_range_is_told(given, told):
    with pytest.raises(SceneError, match=told):
        playback_of(**given)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--hold", "3"], "such as 3:5"),
        (["--hold", "99:5"], "none to hold at 99"),
        (["--pace", "0"], "pace must be between"),
        (["--aspect", "2:1"], "'16:9', '4:3', '1:1', '9:16'"),
    ],
)
def test_the_command_line_tells_what_is_wrong(arguments, told, tmp_path):
    output = str(tmp_path / "video.mp4")
    result = CliRunner().invoke(command, [SCENE, "-o", output, *arguments])
    assert result.exit_code
    assert told in result.output or told in str(result.exception)


def title_of(scene):
    return scene.headline in scene.mobjects and scene.headline.text


def test_the_title_of_a_tall_frame_stays_in_every_beat(perform):
    """Also when a beat makes room for another drawing, which takes all else off the stage."""
    seen = perform("gates", title_of, aspect="9:16")
    assert set(seen.values()) == {SCENES["gates"].title}

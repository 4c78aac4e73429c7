"""Inherited beats: their order, and that they are drawn as if written in one class."""

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_scenes import THREE, same_frames

import rnnviz
from rnnviz.errors import SceneError
from rnnviz.rendering.cache.code import code_of
from rnnviz.scene.beats import beat, beats_of
from rnnviz.scene.catalogue import SCENES
from rnnviz.scene.loading import load_scene

NAMES = st.sampled_from(["one", "two", "three", "four"])
BODIES = st.dictionaries(NAMES, st.sampled_from(["beat", "method", "nothing"]), max_size=4)


def made(number: int, name: str, kind: str):
    def play(self):
        return number

    return {"beat": beat(f"{name} of {number}")(play), "method": play, "nothing": None}[kind]


@given(st.lists(st.tuples(BODIES, st.sets(st.integers(0, 4))), min_size=1, max_size=5))
def test_beats_are_those_that_python_finds_base_classes_first(classes):
    """The beats that are played are the methods that Python's lookup finds."""
    kept = []
    for number, (body, bases) in enumerate(classes):
        inherits = tuple(kept[base] for base in sorted(bases, reverse=True) if base < number)
        members = {name: made(number, name, kind) for name, kind in body.items()}
        try:
            kept.append(type(f"C{number}", inherits, members))
        except TypeError:  # no order of the bases is consistent
            return
    scene = kept[-1]
    names = [name for each in reversed(scene.__mro__) for name in vars(each)]
    found = beats_of(scene)
    order = list(dict.fromkeys(name for name in names if name in {one.name for one in found}))
    if len(classes) == 1:
        assert [one.name for one in found] == order
    for one in found:
        assert one.play is getattr(scene, one.name)
        assert one.caption.startswith(one.name)
    for name in set(names) & {"one", "two", "three", "four"}:
        if hasattr(getattr(scene, name), "caption"):
            assert name in {one.name for one in found}
    assert [one.number for one in found] == list(range(1, len(found) + 1))


def test_an_inherited_beat_keeps_its_place_and_may_keep_its_caption():
    class Base:
        @beat("First.")
        def first(self): ...

        @beat("Second.")
        def second(self): ...

        @beat("Third.")
        def third(self): ...

    class Mixin:
        @beat("Between.")
        def between(self): ...

    class Mine(Mixin, Base):
        @beat("Fourth.")
        def fourth(self): ...

        def second(self): ...

        @beat("Another first.")
        def first(self): ...

        third = None

    told = [(one.name, one.caption, one.play) for one in beats_of(Mine)]
    assert told == [
        ("first", "Another first.", Mine.first),
        ("second", "Second.", Mine.second),
        ("between", "Between.", Mixin.between),
        ("fourth", "Fourth.", Mine.fourth),
    ]
    Mine.second = 3
    with pytest.raises(SceneError, match="'second' of class 'Mine' is 3, but a beat in a base"):
        beats_of(Mine)


DERIVED = """
from three import Three
from manim import *
from rnnviz.scene.beats import beat


class More:
    @beat("Two again.")
    def again(self):
        self.play(self.square.animate.shift(UP), run_time=0.2)


class Derived(More, Three):
    @beat("Another two.")
    def two(self):
        super().two()
        self.play(FadeIn(Circle()), run_time=0.2)
"""
AS_ONE = THREE.replace(
    "shift(RIGHT), run_time=0.2)",
    "shift(RIGHT), run_time=0.2)\n        self.play(FadeIn(Circle()), run_time=0.2)",
).replace('"Two."', '"Another two."') + (
    '\n    @beat("Two again.")\n    def again(self):\n'
    "        self.play(self.square.animate.shift(UP), run_time=0.2)\n"
)


def test_a_derived_scene_is_drawn_as_one_that_is_written_out(
    three, trace, tmp_path, drawn, restarted
):
    restarted("three")
    derived, written = tmp_path / "derived.py", tmp_path / "written.py"
    derived.write_text(DERIVED)
    written.write_text(AS_ONE)
    assert drawn(derived, trace, tmp_path / "derived.mp4") == ["again", "one", "three", "two"]
    told = json.loads((tmp_path / "derived.json").read_text())["beats"]
    assert [one["name"] for one in told] == ["one", "two", "three", "again"]
    assert told[1]["captions"]["en"] == "Another two."
    drawn(written, trace, tmp_path / "written.mp4")
    assert same_frames(tmp_path / "derived.mp4", tmp_path / "written.mp4")


TOGETHER = THREE + (
    "\nclass Derived(Three):\n"
    "    def two(self):\n        super().two()\n"
    '\n    @beat("Four.")\n    def four(self):\n        self.wait(0.2)\n'
)


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("set_fill(opacity=0.5)", "set_fill(opacity=0.4)", {"three"}),
        ("shift(RIGHT)", "shift(LEFT)", {"two"}),
        ("self.wait(0.2)", "self.wait(0.3)", {"four"}),
        ("return 1.0", "return 2.0", {"one", "two", "three", "four"}),
    ],
)
def test_a_change_of_an_inherited_beat_affects_no_other(old, new, changed, tmp_path):
    file = tmp_path / "own.py"
    file.write_text(TOGETHER)
    scene = load_scene(f"{file}:Derived").scene
    before = code_of(scene, "en").beats
    file.write_text(TOGETHER.replace(old, new))
    os.utime(file, (1, 1))
    after = code_of(scene, "en").beats
    assert {name for name in after if after[name] != before[name]} == changed


OF_OURS = """
from rnnviz.scene.beats import beat
from {module} import {kind}


class Mine({kind}):
    @beat("One more.")
    def one_more(self):
        self.wait(0.1)
"""


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_of_ours_is_inherited_with_its_beats_and_needs(name, tmp_path):
    ours = load_scene(name)
    file = tmp_path / "mine.py"
    file.write_text(OF_OURS.format(module=ours.scene.__module__, kind=ours.scene.__name__))
    mine = load_scene(str(file))
    told = [(one.name, one.caption, one.play) for one in beats_of(ours.scene)]
    found = [(one.name, one.caption, one.play) for one in beats_of(mine.scene)]
    assert found[:-1] == told
    assert found[-1][:2] == ("one_more", "One more.")
    assert (mine.task, mine.needs) == (ours.task, ours.needs)


def test_a_trace_that_lacks_what_an_inherited_scene_needs_is_refused(make_trace, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        OF_OURS.format(
            module="rnnviz.scenes.vanishing_gradient.storyboard", kind="VanishingGradient"
        )
    )
    with pytest.raises(SceneError, match="no gradients, which 'mine' needs"):
        rnnviz.render(file, make_trace(gradients=False), quality="l", output=tmp_path / "a.mp4")

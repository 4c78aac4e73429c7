"""Skipped animations leave a scene as Manim's own playing does."""

import numpy as np
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st
from manim import (
    BLUE,
    LEFT,
    RED,
    RIGHT,
    UP,
    AnimationGroup,
    Circle,
    Create,
    Dot,
    FadeIn,
    FadeOut,
    FadeTransform,
    GrowFromEdge,
    Indicate,
    LaggedStart,
    MoveAlongPath,
    ReplacementTransform,
    Rotate,
    Scene,
    Square,
    Star,
    Succession,
    Transform,
    TransformFromCopy,
    UpdateFromAlphaFunc,
    VGroup,
    linear,
    there_and_back,
)

from rnnviz.rendering.manim_adapter.renderer import Renderer
from rnnviz.rendering.manim_adapter.settings import manim_settings

LOOKS = ("points", "fill_rgbas", "stroke_rgbas", "background_stroke_rgbas", "stroke_width")


@pytest.fixture(scope="session")
def media(tmp_path_factory):
    return tmp_path_factory.mktemp("media")


class AsManim(Renderer):
    """A renderer that skips nothing."""

    def play(self, scene, *animations, **settings):
        self.skip_animations = True
        scene.compile_animation_data(*animations, **settings)
        self.time += scene.duration
        scene.begin_animations()
        if not scene.is_current_animation_frozen_frame():
            scene.play_internal()


def shapes():
    """Mobjects of several kinds, the same each time."""
    return [
        Square(),
        Circle(color=RED, fill_opacity=0.5).shift(2 * LEFT),
        VGroup(Dot(), Square(0.5)).shift(UP),
        Star().shift(RIGHT),
        VGroup(Dot(color=BLUE), VGroup(Circle(), Square())),
    ]


def appear(mobject, other):
    return FadeIn(mobject, shift=UP, scale=0.5)


def fade_two(mobject, other):
    return FadeOut(mobject, other)


def moved(mobject, other):
    return mobject.animate.shift(RIGHT).set_fill(RED, opacity=0.3)


def scaled(mobject, other):
    return mobject.animate(rate_func=linear).scale(2).set_z_index(3)


def turned(mobject, other):
    return Transform(mobject, mobject.copy().shift(UP).set_stroke(BLUE, 7))


def on_an_arc(mobject, other):
    return Transform(mobject, mobject.copy().shift(2 * UP), path_arc=1.0)


def replaced(mobject, other):
    return ReplacementTransform(mobject, mobject.copy().set_color(RED).shift(LEFT))


def back_again(mobject, other):
    return Transform(mobject, mobject.copy().shift(UP), rate_func=there_and_back)


def run_by_a_function(mobject, other):
    return UpdateFromAlphaFunc(mobject, lambda each, alpha: each.set_x(3 * alpha))


KINDS = {
    "fade in": appear,
    "fade in two": lambda mobject, other: FadeIn(mobject, other),
    "fade out": lambda mobject, other: FadeOut(mobject, shift=LEFT),
    "fade out two": fade_two,
    "create": lambda mobject, other: Create(mobject),
    "grow": lambda mobject, other: GrowFromEdge(mobject, LEFT),
    "move": moved,
    "scale": scaled,
    "transform": turned,
    "on an arc": on_an_arc,
    "into another": lambda mobject, other: Transform(mobject, other.copy()),
    "replace": replaced,
    "replace by another": lambda mobject, other: ReplacementTransform(mobject, other),
    "from a copy": lambda mobject, other: TransformFromCopy(other, mobject.copy()),
    "there and back": back_again,
    "indicate": lambda mobject, other: Indicate(mobject),
    "rotate": lambda mobject, other: Rotate(mobject, 1.0),
    "fade into": lambda mobject, other: FadeTransform(mobject, other.copy()),
    "along a path": lambda mobject, other: MoveAlongPath(mobject, Circle()),
    "by a function": run_by_a_function,
}
GROUPS = {"": None, "group": AnimationGroup, "lagged": LaggedStart, "succession": Succession}

single = st.tuples(st.sampled_from(sorted(KINDS)), st.integers(0, 4), st.integers(0, 4))
plays = st.lists(
    st.tuples(st.sampled_from(sorted(GROUPS)), st.lists(single, min_size=1, max_size=3)),
    min_size=1,
    max_size=4,
)


def scene_of(script, renderer):
    """A scene that plays a script."""

    class Played(Scene):
        def construct(self):
            mobjects = shapes()
            for group, parts in script:
                made = [KINDS[kind](mobjects[one], mobjects[other]) for kind, one, other in parts]
                how = GROUPS[group]
                self.play(*([how(*made)] if how else made))
                self.wait(0.1)

    return Played(renderer=renderer)


def looks(scene):
    """All mobjects of the scene, in the order of drawing."""
    return [
        (type(part).__name__, part.z_index, {name: getattr(part, name, None) for name in LOOKS})
        for mobject in scene.mobjects
        for part in mobject.get_family()
    ]


def left_by(script, renderer, media):
    """What a script leaves on the screen, and the time."""
    with manim_settings(media, "l", frame_rate=4):
        scene = scene_of(script, renderer)
        scene.render()
    return [one for one in looks(scene) if np.size(one[2]["points"])], renderer.time


def check(script, media):
    try:
        expected, time = left_by(script, AsManim(), media)
    except ValueError:  # Manim cannot mix or replace what another animation has taken apart
        reject()
    found, at = left_by(script, Renderer(), media)
    assert at == pytest.approx(time)
    assert [one[:2] for one in found] == [one[:2] for one in expected]
    for (*_, one), (*_, other) in zip(found, expected, strict=True):
        for name in LOOKS:
            np.testing.assert_allclose(one[name], other[name], rtol=1e-9, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("group", ["", "succession"])
@pytest.mark.parametrize("kind", KINDS)
def test_each_animation_is_skipped_alone_and_beside_another(kind, group, media):
    check([("", [("fade in", 0, 0)]), (group, [(kind, 0, 1), ("fade in", 3, 3)])], media)


@given(plays)
def test_any_sequence_of_animations(media, script):
    check(script, media)


def test_a_scene_with_updaters_is_played_as_manim_plays_it(media):
    class Following(Scene):
        def construct(self):
            square, dot = Square(), Dot()
            dot.add_updater(lambda each: each.move_to(square.get_corner(UP + RIGHT)))
            self.add(dot)
            self.play(square.animate.shift(RIGHT))
            self.dot = dot

    with manim_settings(media, "l", frame_rate=4):
        scene = Following(renderer=Renderer())
        scene.render()
    np.testing.assert_allclose(scene.dot.get_center(), [2, 1, 0], atol=1e-9)


def test_an_updater_is_suspended_while_its_mobject_is_animated(media):
    class Rising(Scene):
        def construct(self):
            self.square = Square()
            self.square.add_updater(lambda each, dt: each.shift(dt * UP))
            self.add(self.square)
            self.play(Transform(self.square, Square().shift(RIGHT)))

    ends = []
    for renderer in (AsManim(), Renderer()):
        with manim_settings(media, "l", frame_rate=4):
            scene = Rising(renderer=renderer)
            scene.render()
        ends.append(scene.square.get_center())
    np.testing.assert_allclose(ends[1], ends[0], atol=1e-9)

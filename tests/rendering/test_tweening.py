"""Transforms that interpolate only what differs equal Manim's own."""

import manim
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from manim import (
    BLUE,
    GREEN,
    LEFT,
    PI,
    RED,
    RIGHT,
    UP,
    WHITE,
    YELLOW,
    AnimationGroup,
    Circle,
    ClockwiseTransform,
    Dot,
    FadeIn,
    FadeOut,
    FadeTransform,
    Indicate,
    LaggedStart,
    ReplacementTransform,
    Square,
    Star,
    Transform,
    TransformFromCopy,
    VGroup,
    VMobject,
)
from manim.utils.paths import path_along_circles

from rnnviz.rendering.manim_adapter.tweening import tweening

LOOKS = (
    "points",
    "fill_rgbas",
    "stroke_rgbas",
    "background_stroke_rgbas",
    "stroke_width",
    "background_stroke_width",
    "sheen_direction",
    "sheen_factor",
)
ALPHAS = (0.0, 0.2, 0.55, 1.0, 0.4)


def looks(animation):
    """The visible attributes of an animation's mobject and all its parts."""
    return [
        {name: np.array(getattr(part, name)) for name in LOOKS}
        for part in animation.mobject.family_members_with_points()
    ]


def course(animation, between=lambda: None):
    found = []
    for alpha in ALPHAS:
        animation.interpolate(alpha)
        between()
        found.append(looks(animation))
    return found


def check(animation, between=lambda: None):
    """Play an animation both ways, and compare every attribute of every part."""
    animation.begin()
    expected = course(animation, between)
    with tweening([animation]):
        found = course(animation, between)
    assert [len(moment) for moment in found] == [len(moment) for moment in expected]
    for moment, other in zip(found, expected, strict=True):
        for part, wanted in zip(moment, other, strict=True):
            for name in LOOKS:
                np.testing.assert_allclose(part[name], wanted[name], rtol=1e-12, atol=1e-12)
    animation.finish()
    return expected


def gradient():
    return Square(3, fill_opacity=1).set_color_by_gradient(RED, BLUE).set_sheen(-0.4, UP)


def outlined():
    return Circle(color=YELLOW, fill_opacity=0.4).set_stroke(BLUE, width=9, background=True)


ANIMATIONS = {
    "fade in": lambda: FadeIn(VGroup(gradient(), outlined())),
    "fade out and away": lambda: FadeOut(outlined(), shift=LEFT, scale=0.5),
    "transform": lambda: Transform(gradient(), Star(color=GREEN, fill_opacity=0.1)),
    "other count of parts": lambda: ReplacementTransform(Square(), VGroup(Dot(LEFT), outlined())),
    "along an arc": lambda: Transform(Square(), Square(color=RED).shift(UP), path_arc=PI / 2),
    "around, equal ends": lambda: Transform(
        Square(), Square(), path_func=path_along_circles(PI, np.zeros(3))
    ),
    "clockwise": lambda: ClockwiseTransform(Square(), Circle().shift(RIGHT)),
    "one after the other": lambda: FadeIn(VGroup(*map(Dot, (LEFT, UP, RIGHT))), lag_ratio=0.6),
    "there and back": lambda: Indicate(outlined()),
    "from a copy": lambda: TransformFromCopy(Square(), Circle()),
    "not as all transforms": lambda: FadeTransform(Square(), Circle(color=RED)),
    "in a group": lambda: AnimationGroup(
        LaggedStart(FadeIn(Square()), FadeOut(outlined()), lag_ratio=0.4),
        Transform(Dot(), Dot(UP)),
    ),
}


@pytest.mark.parametrize("made", ANIMATIONS.values(), ids=ANIMATIONS)
def test_every_part_is_interpolated_as_by_manim(made):
    moments = check(made())
    assert any(
        not np.array_equal(one[name], other[name])
        for one, other in zip(moments[0], moments[2], strict=True)
        for name in LOOKS
    )


@given(
    names=st.lists(st.sampled_from(["Square", "Circle", "Triangle", "Star"]), min_size=2),
    opacities=st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0.0, 0.5, 1.0])),
    widths=st.tuples(st.sampled_from([0, 3, 20.5]), st.sampled_from([0, 3, 20.5])),
    colours=st.tuples(*[st.sampled_from([RED, WHITE, BLUE])] * 2),
    move=st.tuples(st.integers(-2, 2), st.integers(-1, 1)),
    lag=st.sampled_from([0, 0.3, 1]),
)
def test_any_two_shapes(names, opacities, widths, colours, move, lag):
    start, target = (
        VGroup(
            *[
                getattr(manim, name)(color=colour, fill_opacity=opacity, stroke_width=width)
                for name in part
            ]
        )
        for part, opacity, width, colour in zip(
            (names[:-1], names[1:]), opacities, widths, colours, strict=True
        )
    )
    check(Transform(start, target.shift([*move, 0]), lag_ratio=lag))


def test_a_target_that_moves_on_is_followed():
    target = Square().add_updater(lambda one: one.shift(0.5 * RIGHT))
    animation = Transform(Square(), target)
    animation.begin()
    with tweening([animation]):
        animation.interpolate(0.5)
        before = animation.mobject.get_x()
        animation.update_mobjects(0.1)
        animation.interpolate(0.5)
    assert animation.mobject.get_x() > before


def test_a_part_that_is_added_later_is_moved():
    group, target = VGroup(Square(), Dot()), VGroup(Square().shift(UP), Dot(UP))
    animation = Transform(group, target)
    animation.begin()
    late = Square()
    with tweening([animation]):
        animation.interpolate(0.5)
        group.submobjects[0] = late
        animation.interpolate(1)
    assert late.get_y() == pytest.approx(1)


def test_a_change_from_outside_is_overwritten():
    animation = FadeIn(Square(fill_opacity=1))
    check(animation, between=lambda: None)
    animation.begin()
    with tweening([animation]):
        animation.interpolate(0.5)
        animation.mobject.points += 1.0
        animation.interpolate(0.5)
        animation.mobject.fill_rgbas *= 0.0
        animation.interpolate(1)
    np.testing.assert_array_equal(animation.mobject.get_center(), np.zeros(3))
    np.testing.assert_array_equal(animation.mobject.fill_rgbas, animation.target_copy.fill_rgbas)


class Own(VMobject):
    """A shape with its own interpolation."""

    def interpolate(self, mobject1, mobject2, alpha, path_func=None):
        self.points = mobject1.points + round(alpha)
        return self


def test_shapes_with_their_own_interpolation_are_left_to_manim():
    shape = Own().set_points_as_corners([LEFT, UP, RIGHT])
    check(Transform(shape, Square()))


def test_nothing_is_left_on_an_animation():
    animation = FadeIn(Square())
    animation.begin()
    before = dict(vars(animation))
    with pytest.raises(RuntimeError), tweening([AnimationGroup(animation)]):
        raise RuntimeError
    assert vars(animation) == before

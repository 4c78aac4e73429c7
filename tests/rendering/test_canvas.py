"""Every frame equals that of Manim's own renderer, but for rounding.

Manim mixes what does not change with itself, and its numbers differ in their last bits then. Where
such a number is rounded, a pixel may differ by a level or two of 255.
"""

from contextlib import contextmanager
from dataclasses import replace

import manim
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from manim import (
    BLUE,
    DOWN,
    GREEN,
    LEFT,
    ORIGIN,
    RED,
    RIGHT,
    UP,
    WHITE,
    YELLOW,
    AnimationGroup,
    Axes,
    CairoRenderer,
    Circle,
    Create,
    Dot,
    FadeIn,
    FadeOut,
    FadeTransform,
    GrowFromCenter,
    ImageMobject,
    Indicate,
    LaggedStart,
    Line,
    LineJointType,
    MoveAlongPath,
    Polygon,
    Rectangle,
    ReplacementTransform,
    Rotate,
    Scene,
    ShowIncreasingSubsets,
    Square,
    Star,
    Succession,
    Transform,
    UpdateFromAlphaFunc,
    ValueTracker,
    VGroup,
    Wiggle,
    Write,
    always_redraw,
)
from manim.utils.exceptions import EndSceneEarlyException

from rnnviz.mobjects.text import formula, label
from rnnviz.mobjects.theme import DARK
from rnnviz.rendering.manim_adapter.renderer import Renderer
from rnnviz.rendering.manim_adapter.settings import manim_settings
from rnnviz.rendering.plan import experiments_of
from rnnviz.scene.context import SceneContext
from rnnviz.scene.loading import load_scene

FULL_SIZE = True  # the lines that Manim draws in it are as wide as users see them
SHORT = 0.3


ROUNDING = 2


FEW = 5
"""Frames per second of a whole beat, all of which are kept to be compared."""


class Sink:
    """Compares frames, updated only where the canvas says that they changed, with expected ones.

    Each is compared as it comes, so that only one of the two lists is in memory.
    """

    def __init__(self, expected):
        self.expected = expected
        self.wrong = []
        self.length = 0
        self.seen = None

    def write(self, canvas, frames):
        if self.seen is None:
            self.seen = np.zeros_like(canvas.pixel_array)
        for top, bottom, left, right in canvas.changed:
            self.seen[top:bottom, left:right] = canvas.pixel_array[top:bottom, left:right]
        last = None
        for place in range(self.length, self.length + frames):
            if place < len(self.expected) and self.expected[place] is not last:
                last = self.expected[place]
                if np.abs(np.subtract(self.seen, last, dtype=np.int16)).max() > ROUNDING:
                    self.wrong.append(place)
        self.length += frames

    def check(self):
        assert self.length == len(self.expected)
        assert self.wrong == []
        first = self.expected[0]
        assert any((frame != first).any() for frame in self.expected)


@contextmanager
def plain_frames():
    """The frames that Manim's own renderer would write."""
    frames, write = [], CairoRenderer.add_frame

    def add(renderer, frame, num_frames=1):
        if renderer.skip_animations:
            return
        renderer.time += num_frames / renderer.camera.frame_rate
        frames.extend([np.array(frame)] * num_frames)

    CairoRenderer.add_frame = add
    try:
        yield frames
    finally:
        CairoRenderer.add_frame = write


def check(play, folder, quality="l"):
    """Play a scene with both renderers."""

    class Played(Scene):
        def construct(self):
            play(self)

    with manim_settings(folder, quality):
        with plain_frames() as expected:
            Played().render()
        renderer = Renderer()
        renderer.sink = sink = Sink(expected)
        Played(renderer=renderer).render()
    sink.check()


def fades(scene):
    square, circle = Square(fill_opacity=0.5), Circle(color=RED, fill_opacity=0.3).shift(RIGHT)
    scene.play(FadeIn(square, shift=UP), FadeIn(circle, scale=0.5), run_time=SHORT)
    scene.wait(SHORT)
    scene.play(FadeOut(square, target_position=LEFT), circle.animate.fade(0.7), run_time=SHORT)
    scene.play(FadeTransform(circle, Star(color=YELLOW)), run_time=SHORT)


def transforms(scene):
    shape = Square(color=BLUE, fill_opacity=1)
    scene.add(shape)
    scene.play(Transform(shape, Circle(color=GREEN, fill_opacity=0.2)), run_time=SHORT)
    scene.play(ReplacementTransform(shape, VGroup(Dot(LEFT), Dot(RIGHT))), run_time=SHORT)
    scene.play(Rotate(scene.mobjects[0], 1.0), run_time=SHORT)


def layers(scene):
    over = Square(color=RED, fill_opacity=0.8).set_z_index(3)
    under = Circle(color=BLUE, fill_opacity=0.8).set_z_index(-1)
    scene.add(over, Square(2.5, fill_opacity=0.5), under)
    scene.play(under.animate.shift(UP), over.animate.shift(DOWN), run_time=SHORT)
    scene.play(under.animate.set_z_index(5).shift(DOWN), run_time=SHORT)
    scene.bring_to_back(over)
    scene.play(over.animate.scale(0.5), run_time=SHORT)


def sharp_miters(scene):
    spike = Polygon([-1, 0, 0], [1.5, 0.06, 0], [1.5, -0.06, 0], stroke_width=30)
    blunt = spike.copy().shift(DOWN).set(joint_type=LineJointType.BEVEL)
    up = Polygon([3, -1, 0], [3.05, 1, 0], [3.1, -1, 0], stroke_width=20)
    round_ = up.copy().shift(RIGHT).set(joint_type=LineJointType.ROUND)
    scene.add(blunt, round_)
    scene.play(spike.animate.shift(0.3 * UP), up.animate.shift(0.2 * DOWN), run_time=SHORT)
    scene.play(spike.animate.rotate(1.5), round_.animate.rotate(-0.2), run_time=SHORT)


def members_come_and_go(scene):
    group = VGroup(Square(), Circle()).arrange()
    dots = [Dot(color=color).shift(2 * UP) for color in (RED, GREEN)]
    scene.add(group)

    def change(mobject, alpha):
        mobject.shift(0.05 * UP)
        mobject.remove(*dots)
        if 0.3 < alpha < 0.8:
            mobject.add(dots[int(alpha > 0.5)])

    scene.play(UpdateFromAlphaFunc(group, change), run_time=0.6)
    scene.play(ShowIncreasingSubsets(VGroup(*[Dot([x, 0, 0]) for x in range(4)])), run_time=0.6)


def gradients(scene):
    square = Square(3, fill_opacity=1).set_color_by_gradient(RED, BLUE)
    sheen = Circle(color=GREEN, fill_opacity=0.9).set_sheen(-0.6, UP)
    stroke = Line(LEFT, RIGHT, stroke_width=20).set_stroke([RED, BLUE, WHITE])
    scene.add(square, stroke.shift(2 * UP))
    scene.play(FadeIn(sheen), stroke.animate.shift(RIGHT), run_time=SHORT)
    scene.play(sheen.animate.set_sheen(0.6, LEFT), square.animate.rotate(0.4), run_time=SHORT)


def images(scene):
    pixels = np.linspace(0, 255, 48).astype(np.uint8).reshape(4, 4, 3)
    image = ImageMobject(pixels).scale(20)
    square = Square(color=RED, fill_opacity=0.5)
    scene.add(image)
    scene.play(FadeIn(square), image.animate.shift(RIGHT), run_time=SHORT)
    scene.play(square.animate.shift(UP), run_time=SHORT)
    scene.play(FadeOut(image), run_time=SHORT)
    scene.play(square.animate.shift(DOWN), run_time=SHORT)


def succession(scene):
    square, circle = Square(), Circle(color=RED)
    both = Succession(FadeIn(square, run_time=SHORT), Transform(square, circle, run_time=SHORT))
    scene.play(both)
    dots = VGroup(*[Dot([x, -1, 0]) for x in range(5)])
    scene.play(LaggedStart(*map(GrowFromCenter, dots), lag_ratio=0.4), run_time=0.6)
    scene.play(AnimationGroup(Indicate(dots[0]), Wiggle(dots[3]), lag_ratio=0.5), run_time=0.6)


def writing(scene):
    text = VGroup(
        label("循环 and Write", color=DARK.color("text")),
        formula("h_t = tanh(U x_t)", color=DARK.color("hidden")).shift(DOWN),
    )
    scene.play(Write(text), run_time=0.6)
    scene.play(Create(Axes(x_length=4, y_length=2).shift(2 * UP)), run_time=0.6)


def colours_and_backgrounds(scene):
    scene.camera.background_color = "#203040"
    square = Square(color=YELLOW, fill_opacity=1)
    square.set_stroke(BLUE, width=12, background=True)
    scene.play(square.animate.set_fill(RED).set_stroke(GREEN, 3), run_time=SHORT)
    scene.play(square.animate.set_stroke(width=0, background=True), run_time=SHORT)
    scene.play(square.animate.set_fill(opacity=0).set_stroke(width=0), run_time=SHORT)


def changing_style_alone(scene):
    rectangle = Rectangle(width=12, height=7.9, fill_opacity=0.2)
    scene.add(rectangle)
    scene.play(rectangle.animate.set_stroke(width=40), run_time=SHORT)
    scene.play(rectangle.animate.set_opacity(0.5), run_time=SHORT)


def beyond_the_edges(scene):
    circle = Circle(5, stroke_width=60)
    scene.add(circle)
    scene.play(circle.animate.shift(6 * UP), run_time=SHORT)
    scene.play(circle.animate.shift(20 * UP), run_time=SHORT)
    scene.play(circle.animate.move_to(4 * DOWN), run_time=SHORT)


def redrawn(scene):
    size = ValueTracker(0.5)
    scene.add(always_redraw(lambda: Square(size.get_value(), color=RED)))
    dot = Dot(color=YELLOW)
    path = Circle(2)
    scene.add(path)
    scene.play(size.animate.set_value(2.0), MoveAlongPath(dot, path), run_time=0.6)
    scene.wait(SHORT)


def one_in_two_groups(scene):
    dot, square = Dot(radius=0.5, color=RED), Square(fill_opacity=0.7)
    one, two = VGroup(dot, square), VGroup(square, Circle(color=BLUE, fill_opacity=0.7), dot)
    scene.add(one, two)
    scene.play(one.animate.shift(LEFT), run_time=SHORT)
    scene.play(two.animate.shift(UP), run_time=SHORT)


def without_a_fill(scene):
    """A shape without any fill."""
    circle, shape = Circle(), Square()
    del shape.fill_rgbas
    scene.add(circle, shape)
    scene.play(circle.animate.shift(RIGHT), run_time=SHORT)


def foreground(scene):
    scene.add_foreground_mobject(Square(color=RED, fill_opacity=0.6))
    circle = Circle(fill_opacity=1)
    scene.play(FadeIn(circle), run_time=SHORT)
    scene.play(circle.animate.shift(RIGHT), run_time=SHORT)


@pytest.mark.parametrize(
    "play",
    [
        fades,
        transforms,
        layers,
        sharp_miters,
        members_come_and_go,
        gradients,
        pytest.param(
            images,
            marks=pytest.mark.filterwarnings("ignore:'mode' parameter:DeprecationWarning"),
        ),
        succession,
        writing,
        colours_and_backgrounds,
        changing_style_alone,
        beyond_the_edges,
        redrawn,
        one_in_two_groups,
        without_a_fill,
        foreground,
    ],
)
def test_frames_are_those_of_manim(play, tmp_path):
    check(play, tmp_path)


COLOURS = st.sampled_from([RED, GREEN, BLUE, WHITE])
NUMBERS = st.floats(-3.5, 3.5).map(lambda number: round(number, 2))
SHAPES = st.sampled_from(["Square", "Circle", "Triangle", "Star", "Line", "Dot"])
STYLES = st.fixed_dictionaries(
    {
        "color": COLOURS,
        "fill_opacity": st.sampled_from([0, 0.4, 1]),
        "stroke_width": st.sampled_from([0, 0.5, 4, 25]),
        "z_index": st.sampled_from([0, 0, 0, 1, -1]),
    }
)
MOVES = st.tuples(
    st.integers(0, 3),
    st.sampled_from(["shift", "rotate", "scale", "fade", "out", "in", "colour", "front", "become"]),
    NUMBERS,
)


def played(shapes, steps):
    """A scene of shapes, with steps that animate some of them."""

    def move(scene, shape, kind, number):
        if kind == "out":
            return FadeOut(shape)
        if kind == "in":
            return FadeIn(shape)
        if kind == "front":
            scene.bring_to_front(shape)
            return shape.animate.shift(0.1 * RIGHT)
        if kind == "become":
            return Transform(shape, Star(5, color=YELLOW).move_to([number, 0, 0]))
        if kind == "colour":
            return shape.animate.set_color(YELLOW)
        if kind == "fade":
            return shape.animate.set_opacity(abs(number) / 4)
        if kind == "scale":
            return shape.animate.scale(0.3 + abs(number))
        if kind == "rotate":
            return shape.animate.rotate(number)
        return shape.animate.shift(number * UP + 0.3 * number * RIGHT)

    def play(scene):
        made = []
        for name, style, x, y in shapes:
            made.append(getattr(manim, name)(**style).shift([x, y, 0]))
        scene.add(*made)
        first = Dot(ORIGIN, radius=0.1)
        scene.play(FadeIn(first), run_time=0.14)
        for step in steps:
            chosen = {number % len(made): (kind, value) for number, kind, value in step}
            scene.play(
                *[move(scene, made[place], *what) for place, what in chosen.items()], run_time=0.2
            )

    return play


@given(
    st.lists(st.tuples(SHAPES, STYLES, NUMBERS, NUMBERS), min_size=1, max_size=4),
    st.lists(st.lists(MOVES, min_size=1, max_size=3), min_size=1, max_size=3),
)
@example([("Star", {"color": RED, "stroke_width": 25}, 0.0, 3.4)], [[(0, "rotate", 3.0)]])
def test_frames_of_any_scene_are_those_of_manim(tmp_path_factory, shapes, steps):
    check(played(shapes, steps), tmp_path_factory.getbasetemp())


@pytest.mark.parametrize(("name", "number"), [("unrolling", 2), ("tanh", 1)])
def test_frames_of_a_beat_are_those_of_manim(name, number, trace, tmp_path):
    scene = load_scene(name).scene

    def start(performance, beat):
        performance.renderer.sink = sink if beat.number == number else None

    def end(performance, beat):
        if beat.number == number:
            raise EndSceneEarlyException

    context = SceneContext(
        trace,
        experiments=experiments_of(scene, trace),
        beats=frozenset([number]),
        on_beat_end=end,
    )
    with manim_settings(tmp_path, "l", frame_rate=FEW):
        with plain_frames() as expected:
            scene(context).render()
        sink = Sink(expected)
        scene(replace(context, renderer=Renderer(), on_beat_start=start)).render()
    sink.check()

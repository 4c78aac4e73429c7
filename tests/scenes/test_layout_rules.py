"""The rules of layout find what breaks them, and nothing else."""

from types import SimpleNamespace

import numpy as np
import pytest
from layouts import screen_of, violations
from manim import LEFT, RIGHT, UP, Line, Rectangle, VGroup

from rnnviz.mobjects.stretch import fixed
from rnnviz.mobjects.text import formula, label
from rnnviz.mobjects.theme import DARK

INK = DARK.color("text")


def word():
    return label("gradient", color=INK)


def through(ink):
    return Line(ink.get_left() + LEFT, ink.get_right() + RIGHT, color=INK)


def filled(ink, room=0.3):
    box = Rectangle(width=ink.width + room, height=ink.height + room, fill_opacity=1.0)
    return box.set_fill(DARK.surface).move_to(ink)


def broken(*mobjects):
    """The rules that a screen with a large subject breaks."""
    subject = Rectangle(width=9.0, height=4.0, color=INK)
    scene = SimpleNamespace(
        mobjects=[subject, *mobjects],
        time=0.0,
        camera=SimpleNamespace(transform_points_pre_display=lambda mobject, points: points),
    )
    return [rule for rule, *_ in violations(screen_of(scene))]


def test_a_line_across_a_text_is_found():
    ink = word()
    assert broken(ink) == []
    assert broken(through(ink), ink) == ["crossed"]
    assert broken(ink, through(ink)) == ["crossed"]
    slanted = Line([-1, -1, 0], [1, 1, 0], color=INK)
    assert broken(ink, slanted) == ["crossed"]
    assert broken(ink, through(ink).shift(0.4 * UP)) == []


def test_a_bar_that_ends_within_a_text_is_found_and_one_behind_it_is_not():
    ink = word()
    bar = filled(ink)
    assert broken(bar, ink) == []
    assert broken(bar.copy().shift(0.5 * ink.width * LEFT), ink) == ["crossed"]


def test_a_text_with_a_background_of_its_own_may_stand_on_a_line():
    ink = word()
    assert broken(through(ink), filled(ink, 0.1), ink) == []
    assert broken(filled(ink, 0.1), through(ink), ink) == ["crossed"]
    rim = word().set_stroke(DARK.ground, width=5, background=True)
    assert broken(through(rim), rim) == []


def test_each_glyph_of_a_formula_counts_by_itself():
    ink = formula("(partial L)/(partial h_k) + x", color=INK)
    low = Line(ink.get_corner(RIGHT + UP), ink.get_right(), color=INK)
    over = Line(ink[-1].get_top() + 0.1 * UP, ink.get_corner(RIGHT + UP), color=INK)
    assert broken(ink, VGroup(over, low.shift(0.1 * RIGHT))) == []
    assert broken(ink, through(ink[-1])) == ["crossed"]


@pytest.mark.parametrize(("size", "rules"), [(0.25, []), (0.24, ["small"])])
def test_no_text_is_smaller_than_15_pixels(size, rules):
    assert broken(label("8", color=INK, size=size)) == rules


def test_the_subject_fills_its_share_and_captions_do_not_count():
    def rules(*mobjects):
        camera = SimpleNamespace(transform_points_pre_display=lambda mobject, points: points)
        scene = SimpleNamespace(mobjects=list(mobjects), time=0.0, camera=camera)
        return [rule for rule, *_ in violations(screen_of(scene))]

    caption = fixed(label("long " * 12, color=INK).shift(3.2 * np.array([0, -1, 0])))
    assert rules(caption, Rectangle(width=5.0, height=2.0)) == ["little"]
    assert rules(caption, Rectangle(width=8.1, height=2.0)) == []
    assert rules(caption, Rectangle(width=5.0, height=2.9)) == []

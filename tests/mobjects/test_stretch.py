"""A stage in a tall frame: rows lie further apart, and texts keep their shape."""

import numpy as np
import pytest
from manim import UP, Circle, Line, Square

from rnnviz.mobjects import layout
from rnnviz.mobjects.stretch import fixed, stretch_of
from rnnviz.mobjects.text import formula, label
from rnnviz.mobjects.theme import DARK

INK = DARK.color("text")
TALL = layout.FRAMES["9:16"]


@pytest.fixture
def stretch():
    return stretch_of(TALL, keeps_shape=False)


def shown(stretch, mobject):
    return np.concatenate(
        [stretch.place(part, part.points) for part in mobject.get_family() if len(part.points)]
    )


def box(points):
    return np.array([points.min(axis=0)[:2], points.max(axis=0)[:2]])


@pytest.mark.parametrize("scale", [1.0, 0.6])
@pytest.mark.parametrize("height", [-1.5, 0.4, 3.2])
def test_a_text_keeps_its_shape_and_moves_with_its_middle(stretch, scale, height):
    ink = formula("(partial L_t)/(partial h_k) = g", color=INK).scale(scale).shift(height * UP)
    before, after = box(np.concatenate([glyph.points for glyph in ink])), box(shown(stretch, ink))
    assert np.diff(after, axis=0) == pytest.approx(np.diff(before, axis=0), abs=0.02)
    middle = Line([0, ink.get_y(), 0], [1, ink.get_y(), 0])
    assert after.mean(axis=0)[1] == pytest.approx(shown(stretch, middle)[0, 1], abs=0.02)


def test_rows_lie_further_apart_and_bars_are_higher(stretch):
    bar = Square(2.0)
    assert np.ptp(shown(stretch, bar)[:, 1]) == pytest.approx(2 * TALL.stretch)
    assert np.ptp(shown(stretch, bar)[:, 0]) == pytest.approx(2)
    low, high = (shown(stretch, Circle(0.2).shift(y * UP)) for y in (-1.0, 1.0))
    assert np.ptp(low[:, 1]) == pytest.approx(0.4)
    assert high[:, 1].mean() - low[:, 1].mean() == pytest.approx(2 * TALL.stretch)


def test_a_stage_whose_axes_share_a_scale_keeps_its_shape():
    stretch = stretch_of(TALL, keeps_shape=True)
    square = shown(stretch, Square(2.0))
    assert np.ptp(square[:, 1]) == pytest.approx(np.ptp(square[:, 0]))
    stage = np.array([layout.STAGE_BOTTOM, layout.TOP_EDGE])
    ends = shown(stretch, Line([0, stage[0], 0], [0, stage[1], 0]))[[0, -1], 1]
    whole = shown(stretch_of(TALL, keeps_shape=False), Line([0, stage[0], 0], [0, stage[1], 0]))
    assert ends.mean() == pytest.approx(whole[[0, -1], 1].mean())


def test_captions_keep_their_place_and_legends_go_to_the_source_line(stretch):
    caption = fixed(label("a caption", color=INK).shift(2 * UP))
    drawn = np.concatenate([glyph.points for glyph in caption])
    assert np.array_equal(shown(stretch, caption), drawn)
    legend = Square(0.1).move_to([layout.LEFT_EDGE + 1, layout.SOURCE_Y, 0])
    there = box(shown(stretch, legend))
    assert np.diff(there, axis=0) == pytest.approx(np.full((1, 2), 0.1 * TALL.legend_scale))
    assert there.mean(axis=0) == pytest.approx(
        [layout.LEFT_EDGE + TALL.legend_scale, TALL.legend_y]
    )


def test_only_tall_frames_stretch_the_stage():
    assert stretch_of(layout.FRAMES["16:9"], keeps_shape=False) is None
    for aspect in ("4:3", "1:1", "9:16"):
        assert stretch_of(layout.FRAMES[aspect], keeps_shape=False).factor > 1

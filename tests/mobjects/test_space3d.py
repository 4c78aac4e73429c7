"""The camera with perspective, and what it sees."""

import itertools
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.mobjects.billboard import Billboard
from rnnviz.mobjects.camera3d import Camera3D
from rnnviz.mobjects.framing import STAGE, Region
from rnnviz.mobjects.glass_floor import FloorGrid, GlassPane
from rnnviz.mobjects.prisms import Prisms
from rnnviz.mobjects.stage3d import Stage3D, change, during
from rnnviz.mobjects.strands import Strands, arch
from rnnviz.mobjects.text import label
from rnnviz.mobjects.theme import DARK

ANGLES = st.floats(-60, 60)
HEIGHTS = st.floats(1, 90)
CUBE = np.array([(x, y, z) for x in (-1, 2) for y in (0, 3) for z in (0, 1)], dtype=float)


def prisms(values, **options):
    steps, units = np.shape(values)
    given = {"z": 0.0, "size": (0.8, 0.4), "height": 1.0, "limit": 1.0}
    return Prisms(
        np.array(values),
        DARK,
        xs=np.arange(steps, dtype=float),
        ys=-0.5 * np.arange(units, dtype=float),
        color=partial(DARK.shade, "signed"),
        role="hidden",
        **{**given, **options},
    )


def shown(sheet):
    sheet.grown[:] = sheet.there[:] = 1.0
    return sheet


def rim_middle(sheet, view, step, unit):
    """The mean of the projected corners of a prism's top."""
    signs = np.array([(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)])
    corners = sheet.top(step, unit) + signs * [*sheet.half, 0.0]
    return view.project(corners)[:, :2].mean(axis=0)


def test_from_above_the_units_run_up_and_from_the_front_the_height_does():
    above = Camera3D(0, 90, distance=10, focal=10)
    np.testing.assert_allclose(above.project(np.array([1.0, 2.0, 0.0])), [1, 2, 0], atol=1e-12)
    front = Camera3D(0, 1e-9, distance=10, focal=10, place=(1.0, 0.0))
    np.testing.assert_allclose(front.project(np.array([1.0, 0.0, 5.0])), [2, 5, 0], atol=1e-6)


def test_what_is_twice_as_far_is_half_as_large():
    camera = Camera3D(0, 1e-9, distance=10, focal=10)
    near, far = camera.project(np.array([(1.0, 0.0, 0.0), (1.0, 10.0, 0.0)]))[:, 0]
    assert near == pytest.approx(2 * far)
    assert camera.scale(np.array([1.0, 10.0, 0.0])) == pytest.approx(0.5)


def test_an_eye_to_the_left_sees_what_is_far_on_its_left():
    point = np.array([0.0, 5.0, 0.0])
    assert Camera3D(-20, 30).project(point)[0] < 0 < Camera3D(20, 30).project(point)[0]
    assert Camera3D(-20, 30).eye[0] < 0


@given(ANGLES, HEIGHTS, ANGLES, HEIGHTS, st.floats(0, 1))
def test_an_eye_on_its_way_never_goes_through_the_floor(turn, tilt, other_turn, other_tilt, share):
    start, end = Camera3D(turn, tilt, distance=5), Camera3D(other_turn, other_tilt, distance=20)
    assert start.towards(end, share).eye[2] > 0
    assert start.towards(end, 0.0) == start


def test_a_camera_below_the_floor_is_refused():
    with pytest.raises(ValueError, match="must be positive"):
        Camera3D(0, -10)


@given(ANGLES, st.floats(10, 90))
def test_a_framed_view_fills_its_frame(turn, tilt):
    frame = Region(-3, 2, -1, 2)
    seen = Camera3D(turn, tilt).framing(CUBE, frame).project(CUBE)[:, :2]
    size = np.ptp(seen, axis=0) / (frame.width, frame.height)
    assert size.max() == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose((seen.min(axis=0) + seen.max(axis=0)) / 2, frame.centre)


def test_a_frame_cuts_a_polygon_and_lets_things_fade_at_its_edge():
    frame = Region(0, 2, 0, 2, soft=0.5)
    square = np.array([(1.0, 1.0), (3.0, 1.0), (3.0, 3.0), (1.0, 3.0)])
    cut = frame.cut(square)
    assert cut.min() == 1
    assert cut.max() == 2
    assert len(frame.cut(square + 5)) == 0
    corners = np.array([(1.0, 1.0), (0.25, 1.0), (-1.0, 1.0)])
    np.testing.assert_allclose(frame.presence(corners, corners), [1, 0.5, 0])


def test_nearer_prisms_are_drawn_over_farther_ones():
    sheet = shown(prisms(np.ones((3, 4))))
    for azimuth in (-40, 5, 40):
        view = Camera3D(azimuth, 25, distance=15, target=(1.0, -0.75, 0.0))
        sheet.draw(view, STAGE)
        tops = [face.points[:16:4, :2].mean(axis=0) for face in sheet.faces[2::3]]
        places = {(s, u): rim_middle(sheet, view, s, u) for s in range(3) for u in range(4)}
        order = [min(places, key=lambda at: np.hypot(*(places[at] - top))) for top in tops]
        assert len(set(order)) == 12
        eye = view.eye
        for first, second in itertools.pairwise(order):
            if first[0] == second[0]:
                assert abs(eye[1] - sheet.ys[first[1]]) > abs(eye[1] - sheet.ys[second[1]])
            else:
                assert abs(eye[0] - sheet.xs[first[0]]) > abs(eye[0] - sheet.xs[second[0]])


def test_faces_differ_in_light_and_fade_with_their_prism():
    sheet = shown(prisms([[1.0]]))
    sheet.draw(Camera3D(-30, 30), STAGE)
    back, wall, top = (face.get_fill_color().to_rgb().sum() for face in sheet.faces)
    assert back < wall < top
    sheet.there[:] = 0.0
    sheet.draw(Camera3D(-30, 30), STAGE)
    assert not any(len(face.points) for face in sheet.faces)
    assert not any(len(shadow.points) for shadow in sheet.shadows)


def test_what_is_far_goes_towards_the_colour_of_the_ground():
    sheet = shown(prisms(np.ones((1, 8))))
    sheet.draw(Camera3D(0, 20, distance=6), STAGE)
    colors = [face.get_fill_color().to_rgb().sum() for face in sheet.faces[2::3]]
    assert colors == sorted(colors)
    assert colors[0] < colors[-1]


def test_places_that_are_empty_are_outlines():
    sheet = prisms(np.ones((2, 3)))
    sheet.outline[1] = 1.0
    sheet.draw(Camera3D(0, 40), STAGE)
    assert [len(outline.points) for outline in sheet.outlines] == [0, 3 * 4 * 4]


def test_a_strand_is_as_wide_as_it_says_and_ends_where_it_is_drawn_to():
    path = arch(np.zeros(3), np.array([4.0, 0.0, 0.0]), rise=0.0)
    color = DARK.color("gradient")
    strands = Strands(path[None], np.array([[0.2, 0.4]]), [color], color)
    strands.end[0] = 0.5
    strands.draw(Camera3D(0, 90, distance=10, focal=10), STAGE)
    core = strands.strands[0][-2].points
    assert core[:, 0].max() == pytest.approx(2.0)
    assert np.ptp(core[core[:, 0] < 0.01][:, 1]) == pytest.approx(0.2, rel=0.02)
    assert np.ptp(core[core[:, 0] > 1.99][:, 1]) == pytest.approx(0.3, rel=0.02)
    strands.strength[0] = 0.0
    strands.draw(Camera3D(0, 90), STAGE)
    assert not any(len(part.points) for part in strands.get_family())


def test_a_billboard_keeps_its_size_and_stands_beside_its_point():
    board = Billboard(label("word", color=DARK.color("text")), (0.0, 1.0, 0.0), (0.0, 1.0), DARK)
    board.shown[...] = 1.0
    for distance in (10, 20):
        view = Camera3D(0, 40, distance=distance)
        size = board.ink.width
        board.draw(view, STAGE)
        assert board.ink.width == pytest.approx(size)
        assert board.ink.get_bottom()[1] > view.project(board.world)[1]
        assert board.ink.get_x() == pytest.approx(view.project(board.world)[0])
        assert board.ink[0].get_fill_opacity() == 1


def test_floor_and_glass_stay_inside_the_frame():
    frame = Region(-2, 2, -1, 1)
    low, high = np.array([-3.0, 0.0]), np.array([3.0, 4.0])
    for part in (FloorGrid(low, high, 0.0, DARK), GlassPane(low, high, 0.0, DARK)):
        part.shown[...] = 1.0
        part.draw(Camera3D(-20, 30), frame)
        points = np.concatenate([each.points for each in part.get_family()])
        assert len(points)
        assert np.abs(points[:, 0]).max() <= 2 + 1e-9
        assert np.abs(points[:, 1]).max() <= 1 + 1e-9


def test_a_shot_is_a_function_of_its_time_alone():
    ends = []
    for shares in ((0.0, 1.0), (0.0, 0.3, 0.7, 1.0)):
        sheet = prisms(np.ones((2, 2)))
        stage = Stage3D(Camera3D(0, 80), [sheet])
        shot = stage.shot(
            during(0.2, 0.6, change(sheet.grown, np.s_[:], 1.0)),
            during(0.6, 0.9, change(sheet.grown, 0, 0.5, since=1.0)),
            to=Camera3D(-20, 30),
            run_time=3.0,
        )
        shot.begin()
        for share in shares:
            shot.interpolate(share)
        ends.append((sheet.grown.tolist(), stage.view))
    assert ends[0] == ends[1] == ([[0.5, 0.5], [1.0, 1.0]], Camera3D(-20, 30))


def test_a_stage_turns_while_nothing_else_moves_it():
    stage = Stage3D(Camera3D(0, 30), [prisms([[1.0]])])
    shot = stage.shot(run_time=2.0)
    shot.begin()
    shot.interpolate(1.0)
    assert 2 <= stage.view.azimuth / 2.0 <= 3

"""Mobjects, read back as data."""

import dataclasses
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from own_fonts import built, saved

from rnnviz.mobjects.arrows import FlowArrow, straight
from rnnviz.mobjects.bar_chart import BarChart
from rnnviz.mobjects.chain import StateChain
from rnnviz.mobjects.log_axis import LogAxis
from rnnviz.mobjects.matrix import MOST_ROWS, Matrix
from rnnviz.mobjects.named_bars import NamedBars
from rnnviz.mobjects.shown_states import chosen_note
from rnnviz.mobjects.strip import MOST_CELLS, Strip
from rnnviz.mobjects.theme import DARK
from rnnviz.mobjects.window import Window
from rnnviz.mobjects.wording import item_names
from rnnviz.text.fonts import load_fonts, using_fonts
from rnnviz.text.translation import translated


def test_an_arrow_reaches_from_its_tail_to_its_head():
    arrow = FlowArrow(straight(np.zeros(3), np.array([4.0, 0, 0])), color=DARK.color("input"))
    assert arrow.get_left()[0] == pytest.approx(0.0)
    assert arrow.get_right()[0] == pytest.approx(4.0)
    arrow.set_reach(0.5)
    assert arrow.points[:, 0].max() == pytest.approx(2.0)


@given(st.floats(0.02, 0.3))
def test_the_shaft_has_its_thickness(thickness):
    path = straight(np.zeros(3), np.array([4.0, 0, 0]))
    arrow = FlowArrow(path, color=DARK.color("input"), thickness=thickness)
    shaft = arrow.points[arrow.points[:, 0] < 1.0]
    assert np.ptp(shaft[:, 1]) == pytest.approx(thickness)


def test_an_arrow_that_was_moved_draws_itself_where_it_is():
    arrow = FlowArrow(straight(np.zeros(3), np.array([1.0, 0, 0])), color=DARK.color("input"))
    arrow.shift([0, 3, 0]).set_reach(0.7)
    assert arrow.points[:, 1].min() > 2.5
    np.testing.assert_allclose(arrow.point_at(0.5), [0.5, 3, 0], atol=1e-9)


def test_strips_and_matrices_show_the_first_of_too_many():
    strip = Strip(np.arange(100) / 100, DARK, limit=1.0, height=2.0)
    assert len(strip) == MOST_CELLS
    matrix = Matrix(np.ones((3, 40)), DARK, cell=0.1, limit=1.0)
    assert len(matrix.cells) == 3 * MOST_ROWS


def test_cells_of_a_matrix_stand_where_their_entries_do():
    values = np.arange(6.0).reshape(2, 3) / 5
    matrix = Matrix(values, DARK, cell=0.5, limit=1.0)
    for (row, column), value in np.ndenumerate(values):
        cell = matrix.cells.at(row, column)
        assert cell.get_fill_color().to_hex() == DARK.shade("signed", value).to_hex()
        np.testing.assert_allclose(
            cell.get_center()[:2], [(column - 1) * 0.5, (0.5 - row) * 0.5], atol=1e-9
        )


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=6))
def test_bars_are_as_high_as_their_values(values):
    chart = BarChart(
        values, range(len(values)), DARK, role="gradient", height=2.0, bar_width=0.4, base=-1.0
    )
    heights = np.array([bar.height for bar in chart.bars])
    expected = np.maximum(np.array(values) / max(values) * 2.0, 0.012)
    np.testing.assert_allclose(heights, expected, rtol=1e-6)
    for bar in chart.bars:
        assert bar.get_bottom()[1] == pytest.approx(-1.0)


def test_rows_grow_from_zero_to_either_side():
    rows = NamedBars(["up", "down"], [2.0, -1.0], DARK, role="output", width=3.0)
    up, down = rows.bars
    assert up.width == pytest.approx(2.0)
    assert down.width == pytest.approx(1.0)
    assert up.get_left()[0] == pytest.approx(down.get_right()[0])


def test_a_log_axis_spaces_decades_evenly():
    axis = LogAxis([0.002, 0.4], DARK, base=0.0, height=3.0, left=0.0, right=1.0)
    assert (axis.low, axis.high) == (-3, 0)
    assert [axis.height_at(10.0**n) for n in (-3, -2, -1, 0)] == pytest.approx([0, 1, 2, 3])
    assert axis.height_at(0.0) == 0.0


def test_on_a_log_axis_nothing_but_zero_stands_where_zero_does():
    axis = LogAxis([0.0, 1.0], DARK, base=0.0, height=2.0, left=0.0, right=1.0)
    assert axis.height_at(0.0) == 0.0
    assert axis.height_at(1.0) == pytest.approx(1.0)
    assert [tick.text for tick in axis.ticks] == ["0", "10^(0)", "10^(1)"]


def test_many_decades_get_few_ticks():
    axis = LogAxis([1e-40, 1.0], DARK, base=0.0, height=3.0, left=0.0, right=1.0)
    assert len(axis.ticks) <= 6


@pytest.mark.parametrize(("steps", "first", "cut"), [(500, 491, True), (4, 1, False)])
def test_a_window_names_the_last_steps(make_trace, steps, first, cut):
    window = Window.last(make_trace(steps=steps, batch=1), 10)
    assert window.steps[0] == first
    assert window.steps[-1] == steps
    assert window.cut is cut
    for language in ("en", "zh"):
        notes = window.note(partial(translated, language=language))
        assert bool(notes) is cut
        assert all(str(steps) in note for note in notes)


def test_hidden_units_that_are_not_drawn_are_counted(make_trace):
    assert chosen_note(16, 40, str) == ("16 units that move most",)
    assert chosen_note(5, 5, str) == ()


@pytest.mark.parametrize(
    ("task", "options", "loss", "expected"),
    [
        ("sentence", {}, "cross-entropy", "word"),
        ("text", {"unit": "word"}, "cross-entropy", "word"),
        ("text", {"unit": "char"}, "cross-entropy", "character"),
        ("prices", {}, "squared", "value"),
        ("", {}, "cross-entropy", "input"),
    ],
)
def test_captions_call_an_input_what_it_is(make_trace, task, options, loss, expected):
    trace = make_trace(loss)
    metadata = dataclasses.replace(trace.metadata, task=task, task_options=options)
    changed = dataclasses.replace(trace, metadata=metadata)
    assert item_names(changed, str) == {"item": expected, "items": expected + "s"}
    chinese = item_names(changed, partial(translated, language="zh"))
    assert not set(chinese.values()) & {expected, expected + "s"}


def test_tall_words_stay_clear_of_the_arrows_above_them(make_trace, tmp_path):
    trace = make_trace()
    labels = (("\u092e",) * trace.steps,) * trace.batch
    metadata = dataclasses.replace(trace.metadata, step_labels=labels)
    trace = dataclasses.replace(trace, metadata=metadata)
    with using_fonts(load_fonts(saved(tmp_path, "a.ttf", built("\u092e", side=1300)))):
        chain = StateChain.of(trace, Window.last(trace, 3), DARK)
    for word, arrow in zip(chain.words, chain.inputs, strict=True):
        assert word.get_top()[1] < arrow.get_bottom()[1]

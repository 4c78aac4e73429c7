"""Accuracy by gap: equal curves do not hide each other."""

from itertools import combinations

import numpy as np
import pytest
from figure_data import study_of_shares
from matplotlib.figure import Figure

from rnnviz.figures import figure
from rnnviz.figures.plots.accuracy import accuracy

SAME = study_of_shares(
    {cell: [[1.0, 1.0], [1.0, 0.9], [0.5, 0.5]] for cell in ("rnn", "lstm", "gru")}
)


def curves_of(axes):
    return [line for line in axes.lines if line.get_marker() not in ("", "None", None)]


@pytest.mark.parametrize("style", ["paper", "slides", "poster"])
def test_equal_curves_have_markers_side_by_side(style):
    drawn = figure("accuracy-by-gap", SAME, style=style)
    curves = curves_of(drawn.axes[0])
    assert len({line.get_marker() for line in curves}) == 3
    assert len({str(line._dash_pattern) for line in curves}) == 3
    for one, other in combinations(curves, 2):
        here, there = (line.get_transform().transform(line.get_xydata()) for line in (one, other))
        apart = np.linalg.norm(here - there, axis=1) * 72 / drawn.dpi
        assert (apart > one.get_markersize()).all()


def test_the_data_of_a_curve_are_the_means_at_the_gaps():
    for line in curves_of(accuracy(SAME)):
        np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3])
        np.testing.assert_allclose(line.get_ydata(), [1.0, 0.95, 0.5])


def test_the_limits_of_given_axes_hold_the_data():
    axes = Figure().subplots()
    accuracy(SAME, ax=axes, label="mine", color="#123456")
    low, high = axes.get_xlim()
    assert low < 1
    assert high > 3
    assert axes.get_legend().get_texts()[0].get_text() == "mine, RNN"

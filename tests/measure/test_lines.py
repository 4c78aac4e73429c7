"""Lines on a logarithmic axis, and lags that hold a part of the whole."""

import numpy as np
import pytest

from rnnviz import measure
from rnnviz.errors import TraceError


def test_an_exact_power_is_a_straight_line_on_a_logarithmic_axis():
    values = 3.0 * 0.7 ** np.arange(9)
    factor, offset = measure.log_line(values)
    assert factor == pytest.approx(0.7)
    assert offset == pytest.approx(np.log(3.0))
    assert measure.r_squared(values) == pytest.approx(1.0)


def test_zeros_are_left_out_of_a_line_with_their_places():
    values = np.array([1.0, 0.0, 0.25, 0.0, 0.0625])
    assert measure.log_line(values) == (pytest.approx(0.5), pytest.approx(0.0, abs=1e-12))
    with pytest.raises(TraceError, match="needs two gradients or more above zero"):
        measure.log_line(np.array([1.0, 0.0]))


def test_steadiness_falls_where_a_line_explains_little():
    assert measure.r_squared(np.array([1.0, 2.0, 1.0, 2.0, 1.0])) < 0.1


def test_lags_are_counted_until_they_hold_the_part():
    shares = np.array([0.5, 0.25, 0.125, 0.125])
    assert [measure.lags_holding(shares, part) for part in (0.4, 0.5, 0.6, 0.75, 0.8, 1.0)] == [
        1, 1, 2, 2, 3, 4,
    ]  # fmt: skip


def test_all_lags_hold_the_whole():
    assert measure.lags_holding(np.full(10, 0.1), 1.0) == 10

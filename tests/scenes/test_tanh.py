"""What 'tanh' draws is the trace's."""

import numpy as np
import pytest

from rnnviz.mobjects.numbers import number, percent


@pytest.fixture(params=["as recorded", "with another network"])
def trace(request, default_trace_of, changed_trace_of):
    return (default_trace_of if request.param == "as recorded" else changed_trace_of)("tanh")


def test_dots_lie_on_both_curves_at_the_recorded_sums(trace, perform):
    def look(scene):
        if not hasattr(scene, "curves"):
            return None
        curves = scene.curves
        return (
            [dot.get_center() for dot in curves.dots],
            [dot.get_center() for dot in curves.slope_dots],
            curves.high,
            curves.low,
        )

    on_curve, _, high, _ = perform("tanh", look, trace)["recorded"]
    sums = trace.preact[0, 0, -8:, 0, 0].ravel()
    expected = [high.at(a, np.tanh(a)) for a in sums]
    np.testing.assert_allclose(np.array(on_curve)[:, 0], np.array(expected)[:, 0], atol=1e-9)
    _, on_slope, _, low = perform("tanh", look, trace)["saturated"]
    expected = np.array([low.at(a, 1 / np.cosh(a) ** 2) for a in sums])
    np.testing.assert_allclose(np.array(on_slope), expected, atol=1e-9)


def test_slopes_their_product_and_the_whole_product(trace, perform):
    def look(scene):
        if not hasattr(scene, "product"):
            return None
        bars = scene.product.chart
        return scene.unit, bars.values, [text.text for text in scene.product.results], scene.facts()

    unit, values, results, facts = perform("tanh", look, trace)["with_weights"]
    slopes = 1 - np.tanh(trace.preact[0, 0, -8:, 0, 0]) ** 2
    np.testing.assert_allclose(values, slopes[1:, unit])
    left = [np.prod(slopes[k:, unit]) for k in range(1, 8)]
    assert results == [number(value) for value in left]
    assert facts["left"] == number(left[0])
    assert facts["share"] == percent(float((slopes < 0.1).mean()))
    product = np.eye(trace.hidden_size)
    for k in range(trace.steps - 1, trace.steps - 8, -1):
        product = product @ np.diag(1 - trace.h[0, 0, k, 0] ** 2) @ trace.W
    assert facts["whole"] == number(np.linalg.norm(product, 2))

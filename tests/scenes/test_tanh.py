"""What 'tanh' draws is the trace's."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from models import Around
from often import NETWORKS
from rnnviz.scenes.tanh.slope_product import unit_to_follow
from torch import nn

from rnnviz.mobjects.numbers import number, percent
from rnnviz.recording import record


@pytest.fixture(params=NETWORKS)
def trace(request, default_trace_of, changed_trace_of):
    return (default_trace_of if request.param == "as recorded" else changed_trace_of)("tanh")


def slopes_of(trace):
    return 1 - np.tanh(trace.preact[0, 0, -8:, 0, 0]) ** 2


def look(scene):
    """What all tests of this file read, so that a trace is played once for them."""
    curves, product = scene.curves, getattr(scene, "product", None)
    places = [[dot.get_center() for dot in dots] for dots in (curves.dots, curves.slope_dots)]
    return SimpleNamespace(
        both=getattr(scene, "both", None),
        curves=(*places, curves.plane),
        facts=scene.facts(),
        notes=scene.notes(),
        product=product
        and (
            scene.unit,
            product.chart.values,
            product.written.text,
            float(product.running.height),
            product.axis,
        ),
    )


def test_dots_lie_on_both_curves_at_the_recorded_sums(trace, perform):
    sums = trace.preact[0, 0, -8:, 0, 0].ravel()
    seen = perform("tanh", look, trace)
    on_curve, _, plane = seen["recorded"].curves
    expected = [plane.at(a, np.tanh(a)) for a in sums]
    np.testing.assert_allclose(np.array(on_curve), np.array(expected), atol=1e-9)
    _, on_slope, plane = seen["saturated"].curves
    expected = [plane.at(a, 1 / np.cosh(a) ** 2) for a in sums]
    np.testing.assert_allclose(np.array(on_slope), np.array(expected), atol=1e-9)


def test_slopes_and_their_product(trace, perform):
    seen = perform("tanh", look, trace)["product_of_slopes"]
    (unit, values, written, height, axis), facts = seen.product, seen.facts
    slopes = slopes_of(trace)
    np.testing.assert_allclose(values, slopes[1:, unit])
    left = float(np.prod(slopes[1:, unit]))
    assert written == facts["product"] == number(left)
    assert height == pytest.approx(max(axis.height_at(left), 0.012))
    assert facts["share"] == percent(float((slopes < 0.1).mean()))


def test_of_many_units_those_that_move_most_lie_on_the_curve(perform):
    torch.manual_seed(0)
    x, classes = torch.randn(8, 1, 3), torch.randint(4, (8, 1))
    trace = record(Around(nn.RNN(3, 20)), x, classes, dtype="float64")
    moved = np.abs(np.diff(trace.h[0, 0, :, 0], axis=0)).sum(axis=0)
    units = np.sort(np.argsort(-moved)[:16])

    def look(scene):
        return scene.sums, scene.facts(), scene.notes()

    sums, facts, notes = perform("tanh", look, trace)["one_unit"]
    np.testing.assert_array_equal(sums, trace.preact[0, 0, :, 0, 0][:, units])
    followed = int(facts["unit"])
    slopes = 1 - trace.h[0, 0, 1:, 0, followed - 1] ** 2
    assert followed - 1 in units
    assert facts["product"] == number(float(slopes.prod()))
    assert "16 units that move most" in notes


def test_what_slopes_and_w_do_to_the_recorded_gradient(trace, perform):
    seen = perform("tanh", look, trace)["product_decides"]
    both, facts = seen.both, seen.facts
    gradients = trace.grad_h_by_loss[-1, 0, 0, :, 0]
    slowed = (1 - trace.h[0, 0, :, 0] ** 2) * gradients
    norms = np.linalg.norm(gradients, axis=-1)
    shrinks = np.linalg.norm(slowed, axis=-1)[1:] / norms[1:]
    stretches = np.linalg.norm(slowed @ trace.W, axis=-1)[1:] / np.linalg.norm(slowed, axis=-1)[1:]
    for role, factors in (("text", shrinks), ("weight", stretches)):
        assert [text.text for text in both.numbers[role]] == [f"×{number(v)}" for v in factors]
        logs = np.log10(factors)
        heights = np.array([bar.height for bar in both.bars[role]])
        tall = heights > 0.02
        ratios = heights[tall] / np.abs(logs[tall])
        np.testing.assert_allclose(ratios, ratios[0], rtol=1e-6)
    np.testing.assert_allclose(shrinks * stretches, norms[:-1] / norms[1:])
    total = float(norms[0] / norms[-1])
    assert [part.text for part in both.line] == [
        number(float(shrinks.prod())), "×", number(float(stretches.prod())), "=", number(total),
    ]  # fmt: skip
    assert facts["total"] == number(total)


def test_the_verdict_is_that_of_the_numbers(perform):
    seen = perform("tanh", look)["product_decides"]
    facts, notes = seen.facts, seen.notes
    assert float(facts["total"]) > 1
    assert facts["verdict"] == "After training the gradient does not vanish."
    assert notes == ("after training",)


def test_the_unit_that_is_followed_fades_but_not_at_once():
    slopes = np.array([[0.9, 0.9, 0.9], [0.01, 0.9, 0.01], [0.1, 0.9, 0.5]])
    assert unit_to_follow(slopes) == 2
    assert unit_to_follow(np.sqrt(np.sqrt(slopes))) == 0

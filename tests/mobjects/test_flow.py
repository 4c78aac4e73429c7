"""Values that travel along wires, and gradients whose width is their norm."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from manim import LEFT, RIGHT, UP, Square

from rnnviz.mobjects.arrows import FlowArrow
from rnnviz.mobjects.flow import GradientFlow, Pulse, travel
from rnnviz.mobjects.theme import DARK

WIRE = np.array([2 * RIGHT, 2 * LEFT])


def paths(count):
    return [WIRE + index * UP for index in range(count)]


@given(st.lists(st.floats(1, 10), min_size=2, max_size=6))
def test_widths_are_proportional_to_the_norms(norms):
    wires = GradientFlow(paths(len(norms)), norms, DARK).wires
    ratios = [wire.thickness / norm for wire, norm in zip(wires, norms, strict=True)]
    assert np.allclose(ratios, ratios[0])


def test_a_gradient_that_is_gone_still_has_a_hairline():
    strong, gone = GradientFlow(paths(2), [1.0, 1e-9], DARK).wires
    assert 0 < gone.thickness < strong.thickness / 10


def test_a_value_travels_along_its_wire_and_ends_in_what_takes_it():
    value, target = Square(0.4).shift(3 * RIGHT), Square(0.2).shift(3 * LEFT)
    moving = travel(value, FlowArrow(WIRE, color=DARK.color("hidden")), into=target)
    moving.begin()
    copy = moving.animations[0].mobject
    seen = []
    for share in np.linspace(0, 1, 11):
        moving.interpolate(share)
        seen.append(copy.get_center())
    assert np.allclose(seen[0], value.get_center())
    assert np.allclose(seen[-1], target.get_center())
    assert np.isclose(copy.width, target.width)
    assert (np.diff([place[0] for place in seen]) < 0).all()


def test_a_pulse_is_seen_only_on_its_way():
    """All pulses of a flow are on the stage from its start, each at the start of its wire."""
    flow = GradientFlow(paths(1), [1.0], DARK)
    moving = Pulse(WIRE[0], 0.1, DARK).along(flow.wires[0])
    moving.begin()
    seen = []
    for share in (0.0, 0.5, 1.0):
        moving.interpolate(share)
        seen.append([circle.get_fill_opacity() > 0 for circle in moving.mobject])
    assert seen == [[False] * 3, [True] * 3, [False] * 3]

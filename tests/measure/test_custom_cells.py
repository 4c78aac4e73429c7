"""Measures, figures and the page of a cell that is code of the user's own."""

import inspect

import numpy as np
import pytest
import torch
from handwritten import gated, lstms, rnns  # noqa: F401
from handwritten.cases import CASES

import rnnviz
from rnnviz import measure
from rnnviz.errors import RnnvizError, TraceError
from rnnviz.figures import FIGURES, figure
from rnnviz.scene.needs import NEEDS

NAMES = ("gru_from_scratch", "peephole", "two_steps_back")
GIVEN = {
    "step": 3,
    "loss": 4,
    "before": 1,
    "share": 0.1,
    "lags": [0, 1],
    "steps": [1, 2],
    "output": 0,
}
NEED_EQUATIONS = ("weight-shares", "saturation", "tanh")


@pytest.fixture(scope="module", params=NAMES)
def trace(request):
    case = CASES[request.param]()
    torch.manual_seed(0)
    return rnnviz.record(case.model, case.inputs, case.targets, loss="squared", states=case.states)


def measures():
    for name in measure.__all__:
        function = getattr(measure, name)
        if inspect.isfunction(function):
            first, *others = inspect.signature(function).parameters.values()
            if first.name in ("trace", "traces"):
                required = [each.name for each in others if each.default is each.empty]
                yield name, first.name == "traces" and first.kind != first.VAR_POSITIONAL, required


@pytest.mark.parametrize(("name", "several", "needed"), list(measures()))
def test_every_measure_is_made_or_says_what_is_missing(trace, name, several, needed):
    given = {**GIVEN, "table": measure.gradient_norms(trace)}
    said = None
    given_first = [trace] if several else trace
    try:
        getattr(measure, name)(given_first, **{each: given[each] for each in needed})
    except TraceError as error:
        said = str(error)
    assert said is None or ";" in said


@pytest.mark.parametrize("name", [n for n, each in FIGURES.items() if each.drawn_from == "trace"])
def test_every_figure_is_drawn_or_says_what_is_missing(trace, name):
    lacks = {
        "gates": not trace.named_gates,
        "spectrum": trace.step_jacobian is None,
        "products": trace.step_jacobian is None,
    }
    if name in NEED_EQUATIONS or lacks.get(name):
        with pytest.raises(TraceError, match=";"):
            figure(name, trace)
    else:
        assert figure(name, trace)


def test_the_page_is_made(trace):
    assert rnnviz.explore(trace)


@pytest.mark.parametrize("need", NEEDS)
def test_what_scenes_need_is_answered(trace, need):
    found = NEEDS[need](trace)
    assert found is None or ";" in found


@pytest.mark.parametrize("name", ["U", "W", "b"])
def test_it_has_no_weights_that_rnnviz_knows(trace, name):
    with pytest.raises(TraceError, match="code of your own"):
        getattr(trace, name)
    with pytest.raises(RnnvizError, match="record the model again"):
        rnnviz.rerun(trace, {})


def test_products_of_its_jacobians_are_the_gradients_that_go_back():
    case = CASES["concatenated"]()
    torch.manual_seed(0)
    trace = rnnviz.record(case.model, case.inputs, case.targets, loss="squared", states="cell")
    last = trace.steps - 1
    products = measure.state_jacobians(trace, last)
    at_end = trace.grad_h_by_loss[last, 0, 0, last]
    back = np.einsum("bi,tbij->tbj", at_end, products)
    assert np.allclose(back, trace.grad_h_by_loss[last, 0, 0], atol=1e-14)
    assert (measure.jacobian_norms(trace)[1:] > 0).all()

"""Verification of recordings of custom cells: what it proves, and that it finds what is wrong."""

import dataclasses

import numpy as np
import pytest
import torch
from handwritten import gated, lstms, rnns  # noqa: F401
from handwritten.cases import CASES

import rnnviz
from rnnviz.errors import RecordingError


@pytest.fixture(scope="module", params=["minimal", "lstm_from_scratch"])
def recorded(request):
    case = CASES[request.param]()
    trace = rnnviz.record(case.model, case.inputs, case.targets, loss="squared", states=case.states)
    return trace, case.model


def against(report):
    return {check.field: check.against for check in report.checks}


def test_it_says_which_proof_each_check_is(recorded):
    trace, model = recorded
    alone, with_model = rnnviz.verify(trace), rnnviz.verify(trace, model=model)
    assert alone.ok
    assert with_model.ok, str(with_model)
    swept = "grad_direct, grad_h_by_loss, grad_h"
    assert against(alone)[swept] == "recorded Jacobians"
    notes = {check.field: check.note for check in alone.checks}
    for name in ("h", "output", "step_jacobian", "grad_x_by_loss", "gradients/out"):
        if name in notes:
            assert notes[name] == "the step is code of your own; give model=, or --model"
    assert against(with_model)["h"] == "the model's own code"
    for name in ("step_jacobian", "grad_direct", "grad_h_by_loss", "grad_x_by_loss"):
        assert against(with_model)[name] == "finite differences"


@pytest.mark.parametrize(
    "field",
    ["h", "x", "output", "y", "loss", "step_jacobian", "grad_direct", "grad_h_by_loss", "grad_h"],
)
def test_one_wrong_number_is_found(recorded, field):
    trace, model = recorded
    values = getattr(trace, field).copy()
    flat = values.reshape(-1)
    place = int(np.abs(flat).argmax())
    flat[place] *= 1.01
    report = rnnviz.verify(dataclasses.replace(trace, **{field: values}), model=model)
    assert not report.ok
    assert any(field in check.field for check in report.failures)


@pytest.mark.parametrize("field", ["grad_x_by_loss", "gradients"])
def test_a_wrong_field_is_found_in_samples(recorded, field):
    trace, model = recorded
    if field == "gradients":
        wrong = {name: 1.01 * value for name, value in trace.gradients.items()}
    else:
        wrong = 1.01 * trace.grad_x_by_loss
    report = rnnviz.verify(dataclasses.replace(trace, **{field: wrong}), model=model)
    assert any(field in check.field for check in report.failures)


def test_another_model_is_told_apart(recorded):
    trace, model = recorded
    with torch.no_grad():
        kept = [each.clone() for each in model.parameters()]
        next(model.parameters()).add_(0.5)
        report = rnnviz.verify(trace, model=model)
        for parameter, value in zip(model.parameters(), kept, strict=True):
            parameter.copy_(value)
    assert [check.against for check in report.failures] == ["those of the model"]
    with pytest.raises(RecordingError, match="give the model that was recorded"):
        rnnviz.verify(trace, model=CASES["leaky"]().model)


def test_a_recording_in_float32():
    case = CASES["peephole"]()
    model = case.model.float()
    given = case.inputs.float(), case.targets.float()
    trace = rnnviz.record(model, *given, loss="squared", states="cell")
    report = rnnviz.verify(trace, model=model)
    assert report.ok, str(report)


def test_what_the_trace_does_not_hold_is_asked_for():
    case = CASES["leaky"]()
    trace = rnnviz.record(case.model, case.inputs, case.targets, loss="squared")
    without = dataclasses.replace(trace, arguments=None)
    with pytest.raises(RecordingError, match="give it with inputs="):
        rnnviz.verify(without, model=case.model)
    assert rnnviz.verify(without, model=case.model, inputs=case.inputs).ok


def test_a_loss_of_ones_own_is_not_judged():
    case = CASES["leaky"]()
    trace = rnnviz.record(
        case.model, case.inputs, case.targets, loss=lambda o, y: (o - y).abs().sum(-1)
    )
    report = rnnviz.verify(trace, model=case.model)
    assert report.ok
    assert against(report)["loss"] == "not checked"
    assert against(report)["step_jacobian"] == "finite differences"

"""Recurrences that people write: each recorded, and compared with autograd one loss at a time."""

import handwritten.continuous
import handwritten.gated
import handwritten.loops
import handwritten.lstms
import handwritten.rnns
import handwritten.state_spaces  # noqa: F401
import numpy as np
import pytest
import torch
from handwritten.cases import CASES
from handwritten.reference import by_autograd

import rnnviz

NAMES = sorted(CASES)
QUICK = (
    "attends_to_its_past",
    "concatenated",
    "convolutional",
    "linear_recurrent_unit",
    "lstm_from_scratch",
    "reset_between_episodes",
    "scheduled_sampling",
    "spiking",
    "stacked_layer_by_layer",
    "truncated",
)
"""Those that are verified in every run."""
OWN_BACKWARD = ("scheduled_sampling", "spiking", "truncated")
"""What passes on another gradient than the derivative: it detaches, or has its own backward."""


@pytest.fixture(autouse=True)
def in_float64():
    """Make the tensors that a forward creates float64, as a recording does."""
    kept = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(kept)


def recorded(case, **settings):
    torch.manual_seed(0)
    return rnnviz.record(
        case.model,
        case.inputs,
        case.targets,
        loss="squared",
        states=case.states,
        **{**case.settings, **settings},
    )


@pytest.mark.parametrize("name", NAMES)
def test_its_table_is_that_of_autograd(name):
    case = CASES[name]()
    states, table = by_autograd(case)
    trace = recorded(case)
    assert np.abs(trace.h[0, 0] - states).max() < 1e-12
    assert table.any()
    assert np.abs(trace.grad_h_by_loss[:, 0, 0] - table).max() < 1e-9


def unjudged(report):
    return {check.field: check.note for check in report.checks if check.against == "not checked"}


@pytest.mark.parametrize(
    "name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in NAMES]
)
def test_it_is_verified_by_running_its_own_code(name):
    case = CASES[name]()
    trace = recorded(case)
    torch.manual_seed(0)
    report = rnnviz.verify(trace, model=case.model)
    assert report.ok, str(report)
    allowed = {"grad_direct, grad_h_by_loss, grad_h"} if trace.step_jacobian is None else set()
    if not trace.grad_x_by_loss.any():
        allowed.add("grad_x_by_loss")
    if name in OWN_BACKWARD:
        allowed.add("step_jacobian")
        assert "autograd, loss by loss" in str(report)
    assert set(unjudged(report)) <= allowed, str(report)

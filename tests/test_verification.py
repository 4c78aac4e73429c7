import copy
import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnviz.errors import TraceError
from rnnviz.network import seeded
from rnnviz.recording import record
from rnnviz.trace import Trace, load
from rnnviz.verification import DIFFERENCES, REFERENCE, verify

LOSSES = ["cross-entropy", "squared", "squared-on-softmax"]
TOLERANCE = {"float32": 1e-4, "float64": 1e-10}
FIELDS = [
    item.name
    for item in dataclasses.fields(Trace)
    if "dims" in item.metadata and item.name not in ("c0", "c")
]
PARAMETERS = [
    *(f"rnn.{kind}_l0" for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")),
    "fc.weight",
    "fc.bias",
]
GRADIENTS = ["grad_direct", "grad_h", "grad_h_by_loss", "grad_x_by_loss"]


def failed_fields(trace):
    report = verify(trace)
    assert report.ok is (not report.failures)
    return {name for check in report.failures for name in check.field.split(", ")}


def moved(array, at, dtype):
    """A copy in which one number is off by ten times what rounding is allowed."""
    changed = array.copy()
    if array.dtype.kind == "i":
        changed[at] = (changed[at] + 1) % 4
    else:
        changed[at] += 10 * TOLERANCE[dtype] * max(1.0, np.abs(array[at[:-1]]).max())
    return changed


def somewhere(array, seed):
    """A place that is not zero: in a gradient's table, not above the diagonal."""
    places = np.argwhere(array != 0)
    return tuple(int(i) for i in places[np.random.default_rng(seed).integers(len(places))])


# --- right recordings pass ----------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("loss", LOSSES)
def test_a_recording_passes(make_trace, loss, dtype):
    report = verify(make_trace(loss, dtype, given_h0=True))
    assert report.failures == ()
    assert report.ok
    for check in report.checks:
        floor = 1e-6 if check.against == DIFFERENCES else 0.0
        assert check.tolerance in (0.0, max(TOLERANCE[dtype], floor))


@settings(max_examples=12)
@given(
    loss=st.sampled_from(LOSSES),
    steps=st.integers(1, 6),
    batch=st.integers(1, 2),
    hidden=st.integers(1, 5),
    bias=st.booleans(),
    given_h0=st.booleans(),
    last_only=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_a_recording_of_any_size_passes(make_trace, loss, **options):
    assert verify(make_trace(loss, **options)).failures == ()


def test_every_field_is_checked_and_the_gradients_twice(trace):
    checks = verify(trace).checks
    checked = {name for check in checks for name in check.field.split(", ")}
    assert checked >= {*FIELDS, "parameters", *(f"gradients/{name}" for name in PARAMETERS)}
    twice = {check.field for check in checks if check.against == DIFFERENCES}
    assert twice >= {f"gradients/{name}" for name in PARAMETERS}
    assert twice >= {"grad_h_by_loss", "grad_x_by_loss"}


def test_without_gradients_the_rest_is_checked(make_trace):
    report = verify(make_trace(gradients=False))
    assert report.ok
    assert not any("grad" in check.field for check in report.checks)
    assert {check.against for check in report.checks} == {REFERENCE, "recorded hash"}


def test_a_trace_that_was_saved_passes(make_trace, tmp_path):
    assert verify(load(make_trace("squared", "float32").save(tmp_path / "a.safetensors"))).ok


def test_a_network_after_another_layer_says_that_it_cannot_be_checked(trace):
    metadata = dataclasses.replace(trace.metadata, output_layer=None)
    with pytest.raises(TraceError, match="no output layer"):
        verify(dataclasses.replace(trace, metadata=metadata))


def test_a_longer_recording_in_float32_passes(make_trace):
    assert verify(make_trace("cross-entropy", "float32", steps=60, batch=1)).failures == ()


# --- one changed number is caught, and its field is named ---------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FIELDS)
def test_one_changed_number_of_a_field_is_caught(make_trace, name, dtype):
    trace = make_trace("cross-entropy", dtype, given_h0=True)
    array = getattr(trace, name)
    for seed in range(2):
        changed = moved(array, somewhere(array, seed), dtype)
        assert name in failed_fields(dataclasses.replace(trace, **{name: changed}))


@pytest.mark.parametrize("loss", ["squared", "squared-on-softmax"])
@pytest.mark.parametrize("name", ["targets", "y", "loss", "grad_direct", "grad_h_by_loss"])
def test_one_changed_number_is_caught_with_every_loss(make_trace, name, loss):
    trace = make_trace(loss)
    array = getattr(trace, name)
    changed = moved(array, somewhere(array, 0), "float64")
    assert name in failed_fields(dataclasses.replace(trace, **{name: changed}))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", PARAMETERS)
def test_one_changed_parameter_or_its_gradient_is_caught(make_trace, name, dtype):
    trace = make_trace("cross-entropy", dtype)
    for group, field in (("parameters", "parameters"), ("gradients", f"gradients/{name}")):
        held = dict(getattr(trace, group))
        held[name] = moved(held[name], somewhere(held[name], 1), dtype)
        assert field in failed_fields(dataclasses.replace(trace, **{group: held}))


@pytest.mark.parametrize("name", ["x", "h0", "targets", "parameters"])
def test_the_last_bit_of_what_went_in_is_caught(make_trace, name):
    trace = make_trace("squared", given_h0=True)
    if name == "parameters":
        held = dict(trace.parameters)
        held["fc.bias"] = held["fc.bias"].copy()
        held["fc.bias"][2] = np.nextafter(held["fc.bias"][2], np.inf)
        changed = {"parameters": held}
    else:
        array = getattr(trace, name).copy()
        array.flat[-1] = np.nextafter(array.flat[-1], np.inf)
        changed = {name: array}
    assert failed_fields(dataclasses.replace(trace, **changed)) == (
        {"parameters"} if name == "parameters" else {"x", "targets", "h0"}
    )


@pytest.mark.parametrize("name", ["grad_h_by_loss", "grad_x_by_loss"])
def test_anything_above_the_diagonal_is_caught_however_small(trace, name):
    table = getattr(trace, name).copy()
    place = (1, 0, 0, 4, 0, 0) if name == "grad_h_by_loss" else (1, 4, 0, 0)
    table[place] = 1e-300
    assert failed_fields(dataclasses.replace(trace, **{name: table})) == {name}


def test_a_far_steps_gradient_is_caught_among_much_greater_ones(make_case):
    model, x, targets = make_case(steps=12, batch=1)
    model = copy.deepcopy(model)
    with torch.no_grad():
        model.rnn.weight_hh_l0.mul_(0.1)
    small = record(model, x, targets)
    table = small.grad_h_by_loss.copy()
    far = np.abs(table[-1, 0, 0, 0, 0])
    assert far.max() < 1e-8 * np.abs(table).max()
    table[-1, 0, 0, 0, 0, far.argmax()] *= 1.001
    assert failed_fields(dataclasses.replace(small, grad_h_by_loss=table)) == {"grad_h_by_loss"}


@pytest.mark.parametrize(
    ("key", "value", "field"),
    [
        ("parameters_hash", "0" * 64, "parameters"),
        ("inputs_hash", "0" * 64, "x"),
        ("loss", "squared-on-softmax", "loss"),
    ],
)
def test_a_wrong_word_in_the_metadata_is_caught(trace, key, value, field):
    metadata = dataclasses.replace(trace.metadata, **{key: value})
    assert field in failed_fields(dataclasses.replace(trace, metadata=metadata))


@pytest.mark.parametrize(
    "mistake",
    [
        "the direct part instead of all paths",
        "the sum over losses counted twice",
        "time the wrong way round",
        "W for its transpose",
        "y - target for the squared loss on a softmax",
    ],
)
def test_the_mistakes_of_textbooks_are_caught(make_trace, mistake):
    trace = make_trace("squared-on-softmax")
    direct, table = trace.grad_direct, trace.grad_h_by_loss
    y = trace.y
    wanted = np.eye(trace.output_size)[trace.targets]
    changed = {
        "the direct part instead of all paths": {"grad_h": direct},
        "the sum over losses counted twice": {"grad_h": trace.grad_h + direct},
        "time the wrong way round": {"grad_h_by_loss": table[::-1, :, :, ::-1]},
        "W for its transpose": {"jacobian": trace.jacobian.swapaxes(-1, -2)},
        "y - target for the squared loss on a softmax": {
            "grad_direct": ((y - wanted) @ trace.V)[None, None]
        },
    }[mistake]
    assert failed_fields(dataclasses.replace(trace, **changed)) >= set(changed)


# --- known faults, kept here until they are mended ----------------------------------------------


def certain_of(steps, make_case):
    """A network that is right beyond doubt at some steps and wrong at the others."""
    model, x, _ = make_case(batch=1)
    sure = copy.deepcopy(model)
    with torch.no_grad():
        sure.fc.weight.mul_(40)
        targets = sure(x).argmax(-1)
        wrong = [t for t in range(len(x)) if t not in steps]
        targets[wrong] = (targets[wrong] + 1) % 4
    return record(sure, x, targets)


def test_a_certain_step_does_not_hide_a_wrong_sum_at_others(make_case):
    trace = certain_of({0, 1, 2, 3}, make_case)
    assert verify(trace).ok
    grad_h = trace.grad_h.copy()
    grad_h[0, 0, 5, 0, 0] *= -5
    assert failed_fields(dataclasses.replace(trace, grad_h=grad_h)) == {"grad_h"}


def test_a_certain_step_does_not_hide_a_wrong_gradient(make_case):
    """Finite differences see a sample of the entries; the reference has to see the others."""
    trace = certain_of({0, 1, 2, 3}, make_case)
    name = "rnn.weight_hh_l0"
    for at in np.ndindex(trace.W.shape):
        held = {**trace.gradients, name: trace.gradients[name].copy()}
        held[name][at] *= -5
        assert f"gradients/{name}" in failed_fields(dataclasses.replace(trace, gradients=held))


@pytest.mark.parametrize("dtype", ["float32", "float16", "any"])
def test_another_dtype_in_the_metadata_does_not_loosen_the_proof(trace, dtype):
    h = trace.h.copy()
    h[0, 0, 3, 0, 0] += 1e-7
    metadata = dataclasses.replace(trace.metadata, dtype=dtype)
    assert "h" in failed_fields(dataclasses.replace(trace, h=h))
    with pytest.raises(TraceError, match=f"has dtype float64, but the trace is {dtype}"):
        dataclasses.replace(trace, h=h, metadata=metadata)


def test_an_unknown_loss_does_not_pass(trace):
    metadata = dataclasses.replace(trace.metadata, loss="hinge")
    try:
        passed = verify(dataclasses.replace(trace, metadata=metadata)).ok
    except TraceError:
        passed = False
    assert not passed


def test_a_parameter_without_its_gradient_does_not_pass(trace):
    held = {name: value for name, value in trace.gradients.items() if name != "fc.bias"}
    with pytest.raises(TraceError, match=r"gradients and parameters differ in fc\.bias"):
        dataclasses.replace(trace, gradients=held)


def test_a_right_recording_of_a_network_with_an_embedding_is_not_called_wrong():
    class Words(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.words, self.network = torch.nn.Embedding(7, 3), seeded(0, 3, 5, 4)

        def forward(self, tokens):
            return self.network(self.words(tokens))

    torch.manual_seed(0)
    tokens = torch.randint(4, (6, 2))
    assert verify(record(Words(), tokens, tokens)).ok


def test_a_right_recording_of_a_chaotic_network_is_not_called_wrong():
    """The reference runs freely; from each recorded state it would stay within rounding."""
    torch.manual_seed(0)
    model = seeded(1, 3, 16, 4)
    with torch.no_grad():
        model.rnn.weight_hh_l0.mul_(3)
    trace = record(model, torch.randn(60, 2, 3), torch.randint(4, (60, 2)))
    assert verify(trace).ok

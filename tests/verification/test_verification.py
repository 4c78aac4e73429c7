import dataclasses
import functools
import tracemalloc
from unittest import mock

import by_hand
import numpy as np
import pytest
import torch
from by_hand import trace_by_hand
from hypothesis import example, given, settings
from hypothesis import strategies as st
from models import Around, layer_of
from torch import nn
from torch.nn import functional

from rnnviz.errors import TraceError
from rnnviz.recording import record
from rnnviz.system.progress import reported
from rnnviz.trace import NO_TARGET, hash_arrays, load
from rnnviz.trace.precision import vanished
from rnnviz.training.network import seeded
from rnnviz.verification import (
    DIFFERENCES,
    REFERENCE,
    UNCHECKED,
    difference_checks,
    rounding,
    table_checks,
    verify,
)
from rnnviz.verification import finite_differences as differences

LOSSES = ["cross-entropy", "squared", "squared-on-softmax"]
CELLS = ["tanh", "relu", "gru", "lstm", "projected"]
TOLERANCE = {"float32": 1e-4, "float64": 1e-10}
OUTPUT, STEPS, BATCH = 4, 5, 2
SHAPES = {
    "tanh": {},
    "relu": {"bidirectional": True},
    "gru": {"num_layers": 2, "lengths": (3, 5)},
    "lstm": {"bidirectional": True, "lengths": (5, 2)},
    "projected": {"num_layers": 2, "bidirectional": True, "dropped": True, "bias": False},
}
"""A network of each cell; together they have everything that a trace may have."""


def beyond(targets, lengths):
    """Targets without those of steps that do not exist."""
    kept = targets.clone()
    for b, length in enumerate(lengths):
        kept[length:, b] = float("nan") if targets.is_floating_point() else NO_TARGET
    return kept


def network_trace(
    cell,
    dtype="float64",
    *,
    loss="cross-entropy",
    steps=STEPS,
    batch=BATCH,
    hidden=3,
    lengths=None,
    dropped=False,
    reads="top",
    head=None,
    seed=0,
    scale=1.0,
    losses=None,
    start=True,
    gradients=True,
    **options,
):
    """The trace of a network that the arguments alone determine."""
    torch.manual_seed(seed)
    kind = getattr(torch, dtype)
    layer = layer_of(cell, 2, hidden, dtype, **options)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.mul_(scale)
    layers, ways = layer.num_layers, 1 + layer.bidirectional
    linear = nn.Linear(ways * hidden, OUTPUT, bias=options.get("bias", True)).to(kind)
    shape = (steps if reads == "top" else 1, batch)
    if loss in LOSSES and loss != "squared":
        targets = torch.randint(OUTPUT, shape)
    else:
        targets = torch.randn(*shape, OUTPUT, dtype=kind)
    if lengths is not None and reads == "top" and loss in LOSSES:
        targets = beyond(targets, lengths)
    dropout = None
    if dropped and layers > 1:
        kept = torch.rand(layers - 1, steps, batch, ways * hidden) > 0.3
        dropout = kept.to(kind) / 0.7
    states = {}
    if start:
        states["h0"] = 0.5 * torch.randn(layers, ways, batch, hidden, dtype=kind)
        if cell in ("lstm", "projected"):
            states["c0"] = 0.5 * torch.randn(layers, ways, batch, layer.hidden_size, dtype=kind)
    return trace_by_hand(
        layer,
        linear if head is None else head,
        torch.randn(steps, batch, 2, dtype=kind),
        targets,
        loss=loss,
        reads=reads,
        lengths=lengths,
        dropout=dropout,
        losses=losses,
        gradients=gradients,
        **states,
    )


@functools.cache
def of_cell(cell, dtype="float64", **options):
    """The network of ``SHAPES`` for a cell."""
    return network_trace(cell, dtype, **{**SHAPES[cell], **options})


def squares(output, targets):
    """The user's own loss: one a step and sequence."""
    return (output - targets).square().sum(dim=-1)


def one_for_all(output, targets):
    """The user's own loss: one number for everything."""
    return (output - targets).square().mean().view(1, 1)


class Attention(nn.Module):
    """A head that mixes steps, and reads cell states too where there are any."""

    def __init__(self, features, dtype="float64"):
        super().__init__()
        self.score = nn.Linear(features, 1)
        self.out = nn.Linear(features, OUTPUT)
        self.to(getattr(torch, dtype))

    def forward(self, states):
        top = states.top
        mixed = (self.score(top).softmax(dim=0) * top).sum(dim=0, keepdim=True)
        if states.c:
            mixed = mixed + states.last(states.c)[-1, 0, :, : top.shape[-1]]
        return self.out(torch.tanh(top + mixed))


def failed_fields(trace):
    report = verify(trace)
    assert report.ok is (not report.failures)
    return {name for check in report.failures for name in check.field.split(", ")}


def checked_fields(report, against=None):
    return {
        name
        for check in report.checks
        for name in check.field.split(", ")
        if check.against == against or (against is None and check.against != UNCHECKED)
    }


def moved(array, at, dtype):
    """A copy in which one number is off by ten times what rounding is allowed."""
    changed = array.copy()
    if array.dtype.kind == "i":
        changed[at] = (changed[at] + 1) % OUTPUT
    else:
        changed[at] += 10 * TOLERANCE[dtype] * max(1.0, np.abs(array[at[:-1]]).max())
    return changed


def somewhere(array, seed):
    """A place that is not zero: in a gradient's table, one that is reached."""
    places = np.argwhere((array != 0) & (array != NO_TARGET))
    return tuple(int(i) for i in places[np.random.default_rng(seed).integers(len(places))])


def fields_of(trace):
    return [
        name
        for name in trace.arrays()
        if "/" not in name and name not in ("lengths", "loss_times", "targets")
    ]


@pytest.fixture
def quick(monkeypatch):
    """Few finite differences, where a test asks about what the reference sees."""
    monkeypatch.setattr(difference_checks, "_SAMPLES", 1)


def by_reference_alone():
    """No finite differences, where a test asks about long sequences and what the reference sees."""
    return mock.patch("rnnviz.verification.checks.check_differences", return_value=())


# --- right recordings pass ----------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cell", CELLS)
def test_a_recording_passes_and_everything_is_checked(cell, dtype):
    trace = of_cell(cell, dtype)
    report = verify(trace)
    assert report.failures == ()
    assert report.ok
    for check in report.checks:
        floor = 1e-6 if check.against == DIFFERENCES else 0.0
        assert check.tolerance in (0.0, max(TOLERANCE[dtype], floor))
    names = {f"gradients/{name}" for name in trace.parameters}
    assert checked_fields(report) >= {*trace.arrays()} - {
        f"parameters/{name}" for name in trace.parameters
    } | {"parameters"}
    assert checked_fields(report, REFERENCE) >= names | {"grad_h_by_loss", "grad_x_by_loss"}
    assert checked_fields(report, DIFFERENCES) == names | {"grad_h_by_loss", "grad_x_by_loss"}


@given(
    cell=st.sampled_from(CELLS),
    dtype=st.sampled_from(["float32", "float64"]),
    loss=st.sampled_from(LOSSES),
    num_layers=st.integers(1, 2),
    bidirectional=st.booleans(),
    hidden=st.integers(1, 4),
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=3),
    bias=st.booleans(),
    dropped=st.booleans(),
    start=st.booleans(),
    reads=st.sampled_from(["top", "ends"]),
    scale=st.sampled_from([0.3, 1.0, 3.0]),
    seed=st.integers(0, 10_000),
)
def test_a_recording_of_any_network_passes(lengths, **options):
    steps = max(lengths)
    trace = network_trace(
        **options,
        steps=steps,
        batch=len(lengths),
        lengths=lengths if min(lengths) < steps else None,
    )
    report = verify(trace)
    assert report.failures == ()
    assert not any(
        check.against == UNCHECKED and "sampled" not in check.note and "kink" not in check.note
        for check in report.checks
    )


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("reads", ["ends", "last"])
def test_a_whole_sequences_output_is_checked_where_it_was_read(cell, reads):
    trace = network_trace(cell, reads=reads, bidirectional=True, num_layers=2)
    report = verify(trace)
    assert report.failures == ()
    assert {"output", "y", "loss", "grad_direct"} <= checked_fields(report, REFERENCE)


def test_values_that_are_not_wanted_have_no_loss():
    torch.manual_seed(0)
    layer, fc = layer_of("gru", 2, 3), nn.Linear(3, OUTPUT).double()
    targets = torch.randn(STEPS, 1, OUTPUT).double()
    targets[1, 0, 2] = targets[3] = float("nan")
    trace = trace_by_hand(layer, fc, torch.randn(STEPS, 1, 2).double(), targets, loss="squared")
    assert verify(trace).failures == ()
    loss = trace.loss.copy()
    loss[3] = 1e-300
    assert failed_fields(dataclasses.replace(trace, loss=loss)) == {"loss"}


@pytest.mark.parametrize("cell", [nn.RNNCell, nn.GRUCell, nn.LSTMCell])
def test_a_loop_over_cells_passes(cell):
    torch.manual_seed(0)
    layer, fc = cell(2, 3).double(), nn.Linear(3, OUTPUT).double()
    x, targets = torch.randn(STEPS, 1, 2).double(), torch.randint(OUTPUT, (STEPS, 1))
    report = verify(trace_by_hand(layer, fc, x, targets))
    assert report.failures == ()
    assert "gradients/rnn.weight_hh" in checked_fields(report, DIFFERENCES)


@pytest.mark.parametrize("cell", CELLS)
def test_chosen_losses_have_their_rows_checked_and_the_sum_is_of_all(cell):
    trace = of_cell(cell, losses=(1, 3))
    assert verify(trace).failures == ()
    assert not np.allclose(trace.grad_h, trace.grad_h_by_loss.sum(axis=0))


def test_without_gradients_the_rest_is_checked():
    report = verify(of_cell("lstm", gradients=False))
    assert report.ok
    assert not any("grad" in check.field for check in report.checks)
    assert checked_fields(report, REFERENCE) == {
        *("preact", "gates", "h", "c", "output", "y", "loss")
    }


def test_a_trace_that_was_saved_passes(tmp_path):
    assert verify(load(of_cell("lstm", "float32").save(tmp_path / "a.safetensors"))).ok


@pytest.mark.parametrize("cell", ["tanh", "gru", "lstm"])
def test_a_longer_recording_in_float32_passes(cell):
    torch.manual_seed(0)
    model = Around(layer_of(cell, 3, 16, "float32"))
    trace = record(model, torch.randn(150, 1, 3), torch.randint(OUTPUT, (150, 1)))
    assert verify(trace).failures == ()


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("cell", CELLS)
def test_a_recording_in_half_precision_passes_and_is_held_to_it(cell, dtype):
    torch.manual_seed(0)
    kind = getattr(torch, dtype)
    model = Around(layer_of(cell, 3, 4, dtype, bidirectional=True)).to(kind)
    trace = record(model, torch.randn(STEPS, 2, 3).to(kind), torch.randint(OUTPUT, (STEPS, 2)))
    report = verify(trace)
    assert report.failures == ()
    by_reference = [check for check in report.checks if check.against == REFERENCE]
    tolerances = {check.field: check.tolerance for check in by_reference}
    assert tolerances["h"] == tolerances["gradients/fc.weight"] == 16 * torch.finfo(kind).eps
    assert tolerances["preact"] == tolerances["grad_h_by_loss"] == 1e-4
    h = trace.h.copy()
    h[0, 0, 2, 0, 0] += 64 * torch.finfo(kind).eps
    assert "h" in failed_fields(dataclasses.replace(trace, h=h))


# --- what cannot be known is said to be unchecked, the rest is proved ---------------------------


@pytest.mark.parametrize("loss", [squares, one_for_all])
@pytest.mark.parametrize("cell", CELLS)
def test_with_the_users_own_loss_all_that_is_recurrent_is_checked(cell, loss):
    trace = of_cell(cell, loss=loss)
    report = verify(trace)
    assert report.failures == ()
    unchecked = {check.field: check.note for check in report.checks if check.against == UNCHECKED}
    assert set(unchecked) == {
        "loss",
        "grad_direct",
        *(
            f"gradients/fc.{kind}"
            for kind in ("weight", "bias")
            if kind in "".join(trace.parameters)
        ),
    } - {f"gradients/fc.{kind}" for kind in ("bias",) if "fc.bias" not in trace.parameters}
    assert set(unchecked.values()) == {"the loss is not one that is known here"}
    recurrent = {f"gradients/{name}" for name in trace.parameters if name.startswith("rnn.")}
    for against in (REFERENCE, DIFFERENCES):
        assert checked_fields(report, against) >= recurrent | {"grad_h_by_loss", "grad_x_by_loss"}


@pytest.mark.parametrize("loss", ["cross-entropy", squares])
@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_with_a_head_of_many_steps_all_that_is_recurrent_is_checked(cell, loss):
    trace = network_trace(cell, head=Attention(3), loss=loss)
    assert trace.grad_direct_by_loss is not None
    assert (trace.grad_direct_c_by_loss is not None) == (cell == "lstm")
    report = verify(trace)
    assert report.failures == ()
    unchecked = {check.field for check in report.checks if check.against == UNCHECKED}
    assert unchecked >= {"output", "grad_direct", "gradients/fc.out.weight"}
    assert ("loss" in unchecked) == (loss is squares)
    assert {"gradients/rnn.weight_hh_l0", "grad_h_by_loss"} <= checked_fields(report, DIFFERENCES)


def test_a_network_after_another_layer_says_that_its_output_is_not_checked():
    trace = of_cell("tanh")
    metadata = dataclasses.replace(trace.metadata, output_layer=None)
    report = verify(dataclasses.replace(trace, metadata=metadata))
    assert report.ok
    unchecked = {check.field for check in report.checks if check.against == UNCHECKED}
    assert unchecked == {"output", "grad_direct", "gradients/fc.weight", "gradients/fc.bias"}
    assert {"y", "loss"} <= checked_fields(report, REFERENCE)


class Mean(nn.Linear):
    """A Linear of the mean over time."""

    def forward(self, states):
        return super().forward(states.top.mean(dim=0, keepdim=True))


@pytest.mark.parametrize("mean", [True, False])
def test_a_head_that_gives_the_same_by_chance_is_not_taken_for_a_linear(mean):
    """All states are 0, so that a mean over time, and a mixture, are what one state is."""
    torch.manual_seed(0)
    layer = layer_of("tanh", 2, 3, bias=False)
    head = Mean(3, OUTPUT).double() if mean else Attention(3)
    linear = head if mean else head.out
    x, targets = torch.zeros(STEPS, 1, 2).double(), torch.zeros(1 if mean else STEPS, 1).long()
    trace = trace_by_hand(layer, lambda states: head(states), x, targets)
    own = {f"fc.{name}": value.detach().numpy() for name, value in linear.named_parameters()}
    parameters = {**trace.parameters, **own}
    metadata = dataclasses.replace(
        trace.metadata, output_layer="fc", parameters_hash=hash_arrays(parameters)
    )
    named = dataclasses.replace(
        trace,
        parameters=parameters,
        gradients={**trace.gradients, **{name: 0 * value for name, value in own.items()}},
        metadata=metadata,
    )
    report = verify(named)
    assert report.failures == ()
    unchecked = {check.field for check in report.checks if check.against == UNCHECKED}
    assert unchecked == {"output", "grad_direct", "gradients/fc.weight", "gradients/fc.bias"}


def test_an_unknown_loss_is_not_passed_off_as_checked(quick):
    trace = of_cell("tanh")
    metadata = dataclasses.replace(trace.metadata, loss="hinge")
    report = verify(dataclasses.replace(trace, metadata=metadata))
    assert "loss" not in checked_fields(report)
    assert "grad_h" in checked_fields(report, REFERENCE)


@pytest.mark.parametrize("name", ["grad_direct", "grad_h", "grad_h_by_loss", "grad_x_by_loss"])
def test_with_the_users_own_loss_one_changed_number_is_still_caught(name, quick):
    trace = of_cell("lstm", loss=squares)
    array = getattr(trace, name)
    changed = moved(array, somewhere(array, 0), "float64")
    assert name in failed_fields(dataclasses.replace(trace, **{name: changed}))


@pytest.mark.parametrize(
    "name",
    ["grad_direct", "grad_direct_c", "grad_direct_by_loss", "grad_direct_c_by_loss", "grad_h"],
)
def test_with_a_head_of_many_steps_one_changed_number_is_still_caught(name, quick):
    trace = network_trace("lstm", head=Attention(3))
    array = getattr(trace, name)
    changed = moved(array, somewhere(array, 0), "float64")
    assert name in failed_fields(dataclasses.replace(trace, **{name: changed}))


def test_a_direct_part_that_no_loss_can_have_is_caught(quick):
    """The Linear reads h, so no loss has an immediate gradient at c."""
    trace = of_cell("lstm")
    direct = np.zeros_like(trace.c)
    assert "grad_direct_c" not in failed_fields(dataclasses.replace(trace, grad_direct_c=direct))
    direct[0, 0, 1, 0, 1] = 1e-300
    assert "grad_direct_c" in failed_fields(dataclasses.replace(trace, grad_direct_c=direct))


# --- one changed number is caught, and its field is named ---------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("cell", "name"), [(cell, name) for cell in CELLS for name in fields_of(of_cell(cell))]
)
def test_one_changed_number_of_a_field_is_caught(cell, name, dtype, quick):
    trace = of_cell(cell, dtype)
    array = getattr(trace, name)
    changed = moved(array, somewhere(array, 1), dtype)
    assert name in failed_fields(dataclasses.replace(trace, **{name: changed}))


@pytest.mark.parametrize("loss", ["squared", "squared-on-softmax"])
@pytest.mark.parametrize("name", ["targets", "y", "loss", "grad_direct", "grad_h_by_loss"])
def test_one_changed_number_is_caught_with_every_loss(name, loss, quick):
    trace = of_cell("tanh", loss=loss)
    array = getattr(trace, name)
    changed = moved(array, somewhere(array, 0), "float64")
    assert name in failed_fields(dataclasses.replace(trace, **{name: changed}))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("cell", "name"), [(cell, name) for cell in CELLS for name in of_cell(cell).parameters]
)
def test_one_changed_parameter_or_its_gradient_is_caught(cell, name, dtype, quick):
    trace = of_cell(cell, dtype)
    for group, field in (("parameters", "parameters"), ("gradients", f"gradients/{name}")):
        held = dict(getattr(trace, group))
        held[name] = moved(held[name], somewhere(held[name], 1), dtype)
        assert field in failed_fields(dataclasses.replace(trace, **{group: held}))


@pytest.mark.parametrize("name", ["x", "h0", "c0", "targets", "lengths", "parameters"])
def test_the_last_bit_of_what_went_in_is_caught(name, quick):
    trace = of_cell("lstm", loss="squared")
    if name == "parameters":
        held = dict(trace.parameters)
        held["fc.bias"] = held["fc.bias"].copy()
        held["fc.bias"][2] = np.nextafter(held["fc.bias"][2], np.inf)
        changed = {"parameters": held}
    elif name == "lengths":
        changed = {"lengths": np.array([4, 2])}
    else:
        array = getattr(trace, name).copy()
        array.flat[0] = np.nextafter(array.flat[0], np.inf)
        changed = {name: array}
    failed = failed_fields(dataclasses.replace(trace, **changed))
    inputs = {"x", "targets", "h0", "c0", "lengths"}
    assert failed >= ({"parameters"} if name == "parameters" else inputs)
    assert name == "lengths" or failed <= inputs | {"parameters"}


@pytest.mark.parametrize("times", [(0, 3), (2, 3), (1, 2), (1, 4), (3, 1), (1, 1)])
@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_loss_times_that_are_not_those_of_the_rows_are_caught(cell, times, quick):
    trace = of_cell(cell, losses=(1, 3))
    changed = dataclasses.replace(trace, loss_times=np.array(times))
    assert "loss_times" in failed_fields(changed)


def test_loss_times_that_do_not_ascend_are_caught_where_there_is_no_loss_to_tell(quick):
    torch.manual_seed(0)
    layer, fc = layer_of("gru", 2, 3), nn.Linear(3, OUTPUT).double()
    targets = torch.full((STEPS, 1), NO_TARGET)
    targets[4] = 1
    trace = trace_by_hand(layer, fc, torch.randn(STEPS, 1, 2).double(), targets, losses=(1, 3))
    assert verify(trace).failures == ()
    changed = dataclasses.replace(trace, loss_times=np.array([3, 1]))
    assert failed_fields(changed) == {"loss_times"}


@pytest.mark.parametrize(
    ("cell", "name", "place"),
    [
        ("tanh", "grad_h_by_loss", (1, 0, 0, 4, 0, 0)),
        ("tanh", "grad_x_by_loss", (1, 4, 0, 0)),
        # the reverse direction is reached from earlier losses only
        ("relu", "grad_h_by_loss", (3, 0, 1, 2, 0, 0)),
        # two layers in one direction; a sequence of three steps
        ("gru", "grad_h_by_loss", (2, 0, 0, 3, 1, 0)),
        ("gru", "grad_h_by_loss", (4, 1, 0, 4, 0, 0)),
        ("gru", "grad_direct", (1, 0, 3, 0, 0)),
        ("gru", "grad_direct", (0, 0, 1, 0, 0)),
        ("gru", "grad_h", (0, 0, 3, 0, 0)),
        ("lstm", "grad_x_by_loss", (0, 2, 1, 0)),
        ("lstm", "gates", (0, 1, 2, 1, 0, 0)),
        ("lstm", "preact", (0, 0, 3, 1, 3, 1)),
        ("lstm", "c", (0, 1, 4, 1, 0)),
        ("lstm", "h", (0, 0, 2, 1, 0)),
        ("lstm", "output", (3, 1, 0)),
        ("lstm", "y", (3, 1, 0)),
        ("lstm", "loss", (3, 1)),
    ],
)
def test_anything_where_there_is_nothing_is_caught_however_small(cell, name, place, quick):
    """What cannot be reached, and steps that a sequence does not have, are exactly zero."""
    trace = of_cell(cell)
    array = getattr(trace, name).copy()
    assert array[place] == 0
    array[place] = 1e-300
    assert name in failed_fields(dataclasses.replace(trace, **{name: array}))
    if "by_loss" in name:
        assert failed_fields(dataclasses.replace(trace, **{name: array})) == {name}


def test_an_input_at_a_step_that_does_not_exist_is_caught(quick):
    trace = of_cell("lstm")
    x = trace.x.copy()
    x[4, 1, 0] = 1.0
    hashed = {name: getattr(trace, name) for name in ("targets", "h0", "c0", "lengths")}
    metadata = dataclasses.replace(trace.metadata, inputs_hash=hash_arrays({**hashed, "x": x}))
    assert failed_fields(dataclasses.replace(trace, x=x, metadata=metadata)) == {"x"}


def test_a_far_steps_gradient_is_caught_among_much_greater_ones(quick):
    small = network_trace("tanh", steps=12, batch=1, scale=0.1)
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
        ("nonlinearity", "relu", "gates"),
    ],
)
def test_a_wrong_word_in_the_metadata_is_caught(key, value, field, quick):
    trace = of_cell("tanh")
    metadata = dataclasses.replace(trace.metadata, **{key: value})
    assert field in failed_fields(dataclasses.replace(trace, metadata=metadata))


# --- the mistakes of textbooks ------------------------------------------------------------------


@pytest.mark.parametrize(
    "mistake",
    [
        "the immediate gradient instead of all paths",
        "the immediate gradient counted twice",
        "time the wrong way round",
        "y - target for the squared loss on a softmax",
    ],
)
@pytest.mark.parametrize("cell", CELLS)
def test_mistakes_in_the_gradients_are_caught(cell, mistake, quick):
    trace = of_cell(cell, loss="squared-on-softmax")
    direct, table = trace.grad_direct, trace.grad_h_by_loss
    wanted = np.eye(OUTPUT)[np.clip(trace.targets, 0, None)]
    wrong = np.zeros_like(direct)
    errors = (trace.y - wanted) * (trace.targets != NO_TARGET)[..., None]
    wrong[-1] = np.moveaxis(
        (errors @ trace.V).reshape(*errors.shape[:2], len(direct[-1]), -1), 2, 0
    )
    own = np.zeros_like(table)
    for row, time in enumerate(trace.loss_times):
        own[row, :, :, time] = direct[:, :, time]
    changed = {
        "the immediate gradient instead of all paths": {"grad_h": direct},
        "the immediate gradient counted twice": {
            "grad_h": trace.grad_h + direct,
            "grad_h_by_loss": table + own,
        },
        "time the wrong way round": {"grad_h_by_loss": table[::-1, :, :, ::-1]},
        "y - target for the squared loss on a softmax": {"grad_direct": wrong},
    }[mistake]
    assert failed_fields(dataclasses.replace(trace, **changed)) >= set(changed)


def reset_before(network, layer, direction, x, h, c):
    """r scales the state before W_hn, not what W_hn makes of it."""
    weights = network.weights(layer, direction)
    r_x, z_x, n_x = functional.linear(x, weights["weight_ih"], weights["bias_ih"]).chunk(3)
    w_r, w_z, w_n = weights["weight_hh"].chunk(3)
    b_r, b_z, b_n = weights["bias_hh"].chunk(3)
    r, z = torch.sigmoid(r_x + w_r @ h + b_r), torch.sigmoid(z_x + w_z @ h + b_z)
    n = torch.tanh(n_x + w_n @ (r * h) + b_n)
    return (1 - z) * n + z * h, None


def update_swapped(network, layer, direction, x, h, c):
    """z takes the new state and leaves the old."""
    right, _ = RIGHT_STEP(network, layer, direction, x, h, c)
    _, z, n = network.gates(network.preact(layer, direction, x, h))
    assert torch.allclose(right, (1 - z) * n + z * h)
    return z * n + (1 - z) * h, None


def forget_and_input_swapped(network, layer, direction, x, h, c):
    i, f, g, o = network.gates(network.preact(layer, direction, x, h))
    c = i * c + f * g
    return o * torch.tanh(c), c


def no_squashing(network, layer, direction, x, h, c):
    """h = o c, without the tanh."""
    i, f, g, o = network.gates(network.preact(layer, direction, x, h))
    c = f * c + i * g
    return o * c, c


def bias_once(network, layer, direction, x, h, c):
    """One bias instead of PyTorch's two."""
    weights = network.weights(layer, direction)
    of_x = functional.linear(x, weights["weight_ih"], weights["bias_ih"])
    return torch.tanh(of_x + functional.linear(h, weights["weight_hh"])), None


def not_the_state(network, layer, direction, x, h, c):
    """A step that forgets where it started."""
    return RIGHT_STEP(network, layer, direction, x, torch.zeros_like(h), c)


RIGHT_STEP = by_hand._Network.step


@pytest.mark.parametrize(
    ("cell", "step", "fields"),
    [
        ("gru", reset_before, {"h", "grad_h", "grad_h_by_loss", "gradients/rnn.weight_hh_l0"}),
        ("gru", update_swapped, {"h", "grad_h_by_loss", "gradients/rnn.weight_ih_l0"}),
        ("lstm", forget_and_input_swapped, {"c", "grad_h_by_loss", "gradients/rnn.weight_hh_l0"}),
        ("lstm", no_squashing, {"h", "grad_h_by_loss", "gradients/rnn.weight_hh_l0"}),
        ("tanh", bias_once, {"h"}),
        ("relu", not_the_state, {"h", "grad_h_by_loss"}),
    ],
)
def test_a_network_with_another_equation_is_caught(cell, step, fields, monkeypatch, quick):
    monkeypatch.setattr(by_hand._Network, "step", step)
    assert failed_fields(network_trace(cell)) >= fields


def test_a_reverse_direction_that_starts_in_the_padding_is_caught(quick):
    """All sequences are run as if they had all steps, and what there is too much is cut off."""
    trace = network_trace("gru", bidirectional=True, loss="squared")
    lengths = np.array([3, STEPS])
    mask = np.arange(STEPS)[:, None] < lengths
    x = trace.x * mask[..., None]
    padded = trace_by_hand(
        *GRU_IN_TWO_DIRECTIONS(),
        torch.tensor(x),
        torch.tensor(np.where(mask[..., None], trace.targets, np.nan)),
        loss="squared",
    )
    hashed = {name: getattr(padded, name) for name in ("x", "targets", "h0")} | {"lengths": lengths}
    cut = {
        name: getattr(padded, name) * mask[(...,) + (None,) * extra]
        for name, extra in (("h", 1), ("preact", 2), ("gates", 2), ("output", 1), ("y", 1))
    }
    for name in ("grad_h", "grad_direct", "grad_h_by_loss", "grad_x_by_loss"):
        cut[name] = getattr(padded, name) * mask[..., None]
    metadata = dataclasses.replace(padded.metadata, inputs_hash=hash_arrays(hashed))
    wrong = dataclasses.replace(padded, lengths=lengths, metadata=metadata, **cut)
    failed = failed_fields(wrong)
    assert failed >= {"h", "gates", "preact", "gradients/rnn.weight_hh_l0_reverse"}
    assert "gradients/rnn.weight_hh_l0" not in failed


def GRU_IN_TWO_DIRECTIONS():
    torch.manual_seed(0)
    layer = layer_of("gru", 2, 3, bidirectional=True)
    return layer, nn.Linear(6, OUTPUT).double()


def test_the_path_through_the_state_alone_is_not_all_of_an_lstms(quick):
    """Products of ∂h_k/∂h_{k−1} with c held fixed leave out what the cell state carries."""
    trace = network_trace("lstm", batch=1)
    table = np.zeros_like(trace.grad_h_by_loss)
    for row in range(STEPS):
        delta = table[row, 0, 0, row, 0] = trace.grad_direct[0, 0, row, 0]
        for k in range(row - 1, -1, -1):
            delta = table[row, 0, 0, k, 0] = delta @ trace.jacobian[0, 0, k + 1, 0]
    assert failed_fields(dataclasses.replace(trace, grad_h_by_loss=table)) == {"grad_h_by_loss"}


def test_dropout_that_the_gradients_leave_out_is_caught(quick):
    trace = of_cell("projected")
    without = of_cell("projected", dropped=False)
    changed = {"grad_x_by_loss": without.grad_x_by_loss}
    assert failed_fields(dataclasses.replace(trace, **changed)) == {"grad_x_by_loss"}


# --- what rounding does is not held against a recording -----------------------------------------


def certain_of(steps, dtype="float64"):
    """A network that is right beyond doubt at some steps and wrong at the others."""
    torch.manual_seed(0)
    model = Around(layer_of("tanh", 2, 5)).double()
    x = torch.randn(6, 1, 2).double()
    with torch.no_grad():
        model.fc.weight.mul_(60)
        targets = model(x)[0].argmax(-1)
        wrong = [t for t in range(len(x)) if t not in steps]
        targets[wrong] = (targets[wrong] + 1) % OUTPUT
    return record(model, x, targets, dtype=dtype)


def test_a_certain_step_does_not_hide_a_wrong_sum_at_others():
    trace = certain_of({0, 1, 2, 3})
    assert verify(trace).ok
    grad_h = trace.grad_h.copy()
    grad_h[0, 0, 5, 0, 0] *= -5
    assert failed_fields(dataclasses.replace(trace, grad_h=grad_h)) == {"grad_h"}


def test_a_certain_step_does_not_hide_a_wrong_gradient(quick):
    """Finite differences see a sample of the entries; the reference has to see the others."""
    trace = certain_of({0, 1, 2, 3})
    name = "rnn.weight_hh_l0"
    for at in np.ndindex(trace.W.shape):
        held = {**trace.gradients, name: trace.gradients[name].copy()}
        held[name][at] *= -5
        assert f"gradients/{name}" in failed_fields(dataclasses.replace(trace, gradients=held))


def without_ripples(monkeypatch):
    monkeypatch.setattr(rounding, "_ROUNDINGS", 0)


def test_a_network_that_is_certain_at_every_step_is_not_called_wrong(monkeypatch):
    """y − 1 has few digits left in float32 where y is almost 1."""
    torch.manual_seed(0)
    model = Around(layer_of("tanh", 2, 5, "float32"))
    with torch.no_grad():
        model.fc.bias[0] += 11
    trace = record(model, torch.randn(6, 2, 2), torch.zeros(6, 2, dtype=torch.int64))
    assert 0 < np.abs(trace.grad_direct).max() < 1e-3
    assert verify(trace).failures == ()
    without_ripples(monkeypatch)
    assert "grad_direct" in failed_fields(trace)


def test_a_saturated_gate_is_not_called_wrong(monkeypatch):
    """1 − f has few digits in float32 where f is almost 1; autograd's differ in the last."""
    torch.manual_seed(1)
    model = Around(layer_of("lstm", 2, 5, "float32"))
    with torch.no_grad():
        model.rnn.bias_ih_l0[5:10] = 12.0
    trace = record(model, torch.randn(30, 1, 2), torch.randint(OUTPUT, (30, 1)))
    assert verify(trace).failures == ()
    without_ripples(monkeypatch)
    assert failed_fields(trace) <= {f"gradients/rnn.{kind}_l0" for kind in KINDS}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_saturated_cell_state_is_not_called_wrong(dtype, monkeypatch):
    """c grows by almost 1 a step, and 1 − tanh² c has few digits left where c is large."""
    torch.manual_seed(0)
    model = Around(layer_of("lstm", 2, 3, dtype)).to(getattr(torch, dtype))
    with torch.no_grad():
        model.rnn.bias_ih_l0[:9] += 6.0
    x = torch.randn(14, 1, 2, dtype=getattr(torch, dtype))
    trace = record(model, x, torch.randint(OUTPUT, (14, 1)))
    assert trace.c.max() > 9
    assert verify(trace).failures == ()
    without_ripples(monkeypatch)
    assert "grad_h_by_loss" in failed_fields(trace)


KINDS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def test_a_right_recording_of_a_chaotic_network_is_not_called_wrong():
    """The reference runs freely; from each recorded state it would stay within rounding."""
    torch.manual_seed(0)
    model = seeded(1, 3, 16, OUTPUT)
    with torch.no_grad():
        model.rnn.weight_hh_l0.mul_(3)
    trace = record(model, torch.randn(60, 2, 3), torch.randint(OUTPUT, (60, 2)))
    report = verify(trace)
    assert report.ok
    assert checked_fields(report, DIFFERENCES) == set()
    notes = {check.note for check in report.checks if check.against == UNCHECKED}
    assert notes == {"in a free run, the network diverges from the recorded states"}


def exploding(seed):
    """A relu network whose gradients grow by orders of magnitude every few steps."""
    torch.manual_seed(seed)
    layer = layer_of("relu", 4, 32)
    with torch.no_grad():
        layer.weight_hh_l0.normal_(0, 1)
    x, targets = torch.randn(80, 1, 4).double(), torch.randn(80, 1, 32).double()
    return record(layer, x, targets, loss="squared", losses="last")


@pytest.mark.parametrize("seed", [6, 19])
def test_differences_without_digits_are_not_held_against_an_exploding_gradient(seed):
    trace = exploding(seed)
    assert np.abs(trace.grad_h_by_loss).max() > 1e30
    report = verify(trace)
    assert report.failures == ()
    notes = {check.field: check.note for check in report.checks}
    assert "have too few digits in their differences" in notes["grad_x_by_loss"]


@pytest.mark.parametrize("name", fields_of(exploding(6)))
def test_one_changed_number_of_an_exploding_network_is_caught(name):
    trace = exploding(6)
    array = getattr(trace, name)
    array = moved(array, somewhere(array, 1) if array.any() else (0,) * array.ndim, "float64")
    with by_reference_alone():
        assert name in failed_fields(dataclasses.replace(trace, **{name: array}))


@pytest.mark.parametrize("kind", ["weight_hh", "grad_x_by_loss"])
def test_differences_that_have_digits_find_an_exploding_gradient_wrong(kind):
    trace = exploding(19)
    if kind == "weight_hh":
        name = "weight_hh_l0"
        held = {**trace.gradients, name: trace.gradients[name] * 1.0001}
        changed = {"gradients": held}
    else:
        changed = {kind: getattr(trace, kind) * 1.0001}
    wrong = verify(dataclasses.replace(trace, **changed)).failures
    assert {check.against for check in wrong} == {REFERENCE, DIFFERENCES}


@pytest.mark.parametrize(
    ("cell", "hidden", "layers", "scale", "steps", "seed"),
    [("gru", 16, 1, 2.0, 40, 3), ("tanh", 8, 2, 2.0, 60, 8), ("lstm", 8, 2, 3.0, 60, 5)],
)
def test_a_network_so_sensitive_that_no_nudge_is_small_is_not_called_wrong(
    cell, hidden, layers, scale, steps, seed
):
    """Its weights are so large that the losses are rugged: the quotients of nudges differ."""
    torch.manual_seed(seed)
    layer = layer_of(cell, 4, hidden, num_layers=layers)
    with torch.no_grad():
        for name, parameter in layer.named_parameters():
            if "hh" in name:
                parameter.normal_(0, scale)
    x, targets = torch.randn(steps, 1, 4).double(), torch.randn(steps, 1, hidden).double()
    trace = record(layer, x, targets, loss="squared")
    assert verify(trace).failures == ()
    with by_reference_alone():
        changed = moved(trace.grad_h_by_loss, somewhere(trace.grad_h_by_loss, 0), "float64")
        assert failed_fields(dataclasses.replace(trace, grad_h_by_loss=changed))


def test_a_gradient_too_small_for_differences_is_neither_right_nor_wrong():
    """The loss changes by less than its last digit."""
    torch.manual_seed(0)
    model = Around(layer_of("tanh", 2, 3)).double()
    with torch.no_grad():
        model.rnn.weight_hh_l0.mul_(0.1)
    x, targets = torch.randn(60, 1, 2).double(), torch.full((60, 1), NO_TARGET)
    targets[-1] = 1
    trace = record(model, x, targets, losses="last")
    for factor in (1.0, 3.0):
        table = trace.grad_x_by_loss * factor
        checks = verify(dataclasses.replace(trace, grad_x_by_loss=table)).checks
        by_kind = {check.against: check for check in checks if check.field == "grad_x_by_loss"}
        assert by_kind[REFERENCE].ok is (factor == 1.0)
        assert "too few digits" in (by_kind.get(DIFFERENCES) or by_kind[UNCHECKED]).note


@settings(max_examples=8)
@given(
    cell=st.sampled_from(CELLS),
    steps=st.sampled_from([5, 40, 80]),
    hidden=st.sampled_from([3, 12]),
    scale=st.sampled_from([0.3, 1.0, 1.5, 3.0]),
    certain=st.sampled_from([1.0, 5.0, 30.0]),
    seed=st.integers(0, 10_000),
)
def test_recordings_in_float32_keep_a_margin_to_the_tolerance(
    cell, steps, hidden, scale, certain, seed
):
    torch.manual_seed(seed)
    model = Around(layer_of(cell, 3, hidden, "float32"))
    with torch.no_grad():
        for parameter in model.rnn.parameters():
            parameter.mul_(scale)
        model.fc.weight.mul_(certain)
    trace = record(model, torch.randn(steps, 2, 3), torch.randint(OUTPUT, (steps, 2)))
    with by_reference_alone():
        for check in verify(trace).checks:
            assert check.error <= 0.1 * check.tolerance, check


def test_outputs_that_are_the_states_themselves_are_checked():
    """A layer on its own has no Linear, and its loss is of its states."""
    torch.manual_seed(0)
    layer = layer_of("gru", 2, 3, bidirectional=True)
    x, targets = torch.randn(STEPS, 2, 2).double(), torch.randn(STEPS, 2, 6).double()
    trace = record(layer, x, targets, loss="squared")
    report = verify(trace)
    assert report.failures == ()
    assert {"output", "grad_direct"} <= checked_fields(report, REFERENCE)
    for name in ("output", "grad_direct"):
        array = getattr(trace, name)
        changed = moved(array, somewhere(array, 0), "float64")
        assert name in failed_fields(dataclasses.replace(trace, **{name: changed}))


def relu_unit(bias, dtype="float64", weight=3.0, x=1.0):
    """Two relu units: one at a × x + bias, the other far from its kink."""
    kind = getattr(torch, dtype)
    layer, fc = layer_of("relu", 1, 2, dtype), nn.Linear(2, 2).to(kind)
    with torch.no_grad():
        layer.weight_ih_l0.copy_(torch.tensor([[weight], [1.0]]))
        layer.weight_hh_l0.zero_()
        layer.bias_ih_l0.copy_(torch.tensor([bias, 0.5]))
        layer.bias_hh_l0.zero_()
    inputs = torch.tensor([[[x]], [[x]]], dtype=kind)
    return trace_by_hand(layer, fc, inputs, torch.tensor([[0], [1]]))


def test_a_relu_at_its_kink_is_left_out_of_finite_differences_and_said_to_be():
    torch.manual_seed(0)
    trace = relu_unit(-3.0, x=1.0 + 3e-9)
    assert 0 < trace.preact[0, 0, 0, 0, 0, 0] < 2e-8
    report = verify(trace)
    assert report.failures == ()
    notes = {check.field: check.note for check in report.checks if check.against == DIFFERENCES}
    assert notes["gradients/rnn.weight_ih_l0"] == (
        "1 sampled entries; 1 more would move a relu across its kink"
    )
    gradient = trace.gradients["rnn.weight_ih_l0"].copy()
    gradient[1] *= 1.001
    held = {**trace.gradients, "rnn.weight_ih_l0": gradient}
    wrong = verify(dataclasses.replace(trace, gradients=held)).failures
    assert {check.against for check in wrong} == {REFERENCE, DIFFERENCES}


def test_a_relu_that_rounding_put_on_the_other_side_is_not_called_wrong():
    """3 × 0.33333334 − 1 is 0 in float32, and 3·10⁻⁸ in truth."""
    torch.manual_seed(0)
    trace = relu_unit(-1.0, "float32", x=1 / 3)
    assert trace.h[0, 0, 0, 0, 0] == 0
    report = verify(trace)
    assert report.failures == ()
    notes = {check.note for check in report.checks if check.against == UNCHECKED}
    assert notes == {"in a free run, a relu of the network is on the other side of its kink"}


def test_a_state_at_the_kink_is_moved_without_crossing_it():
    """All relus are far below their kinks, and what follows depends on their states smoothly."""
    torch.manual_seed(0)
    layer, fc = layer_of("relu", 2, 3), nn.Linear(3, OUTPUT).double()
    with torch.no_grad():
        layer.bias_ih_l0.fill_(-9.0)
    x, targets = torch.randn(STEPS, 1, 2).double(), torch.randint(OUTPUT, (STEPS, 1))
    trace = trace_by_hand(layer, fc, x, targets)
    assert not trace.h.any()
    report = verify(trace)
    assert report.failures == ()
    notes = {check.note for check in report.checks if check.against == DIFFERENCES}
    assert notes
    assert not any("kink" in note for note in notes)


def test_a_state_of_few_digits_is_not_called_wrong():
    """3 × 0.33333334 − 0.999999 is off by 3 % in float32, and so is what it is multiplied by."""
    torch.manual_seed(0)
    trace = relu_unit(-1.0 + 1e-6, "float32", x=1 / 3)
    assert 0 < trace.h[0, 0, 0, 0, 0] < 2e-6
    assert verify(trace).failures == ()
    gradient = trace.gradients["fc.weight"].copy()
    gradient[0, 0] *= 1.2
    held = {**trace.gradients, "fc.weight": gradient}
    wrong = verify(dataclasses.replace(trace, gradients=held)).failures
    assert DIFFERENCES in {check.against for check in wrong}


def test_gradients_below_the_normal_numbers_of_half_precision_are_not_called_wrong():
    torch.manual_seed(0)
    model = Around(layer_of("gru", 2, 4, "float16")).half()
    with torch.no_grad():
        model.fc.weight.mul_(1e-3)
    x = torch.randn(STEPS, 2, 2).half()
    trace = record(model, x, torch.randint(OUTPUT, (STEPS, 2)))
    small = np.abs(trace.gradients["rnn.weight_hh_l0"])
    assert 0 < small[small > 0].min() < 1e-6
    assert verify(trace).failures == ()


@settings(max_examples=6)
@given(
    cell=st.sampled_from(CELLS),
    dtype=st.sampled_from(["float32", "float64"]),
    steps=st.integers(500, 5000),
    fall=st.sampled_from([0.05, 0.3, 0.7]),
    growing=st.integers(0, 300),
    bidirectional=st.booleans(),
    whole=st.booleans(),
    seed=st.integers(0, 10_000),
)
# the gradient falls to a loss of digits in 600 steps, and grows again before
@example("tanh", "float64", 1000, 0.3, 100, False, False, 0)
@example("lstm", "float32", 5000, 0.7, 0, False, True, 1)
def test_a_gradient_that_vanishes_is_not_called_wrong(
    cell, dtype, steps, fall, growing, bidirectional, whole, seed
):
    """The input closes the units of the last steps, and leaves those of the first ones open."""
    torch.manual_seed(seed)
    kind = getattr(torch, dtype)
    model = Around(layer_of(cell, 2, 3, dtype, bidirectional=bidirectional)).to(kind)
    scale = {"tanh": 3.0, "relu": 1.2}.get(cell, 1.0)
    with torch.no_grad():
        model.rnn.weight_hh_l0.mul_(fall if not growing else scale)
    x = torch.randn(steps, 1, 2, dtype=kind)
    x[growing:] *= 1.0 if not growing else 4.0 / fall
    targets = torch.full((steps, 1), NO_TARGET)
    targets[-1] = 1
    if not whole:
        targets[-2] = 2
    trace = record(model, x, targets, losses="last" if whole else [steps - 2, steps - 1])
    with by_reference_alone():
        assert verify(trace).failures == ()


def test_what_is_forgiven_of_a_gradient_is_what_the_recording_leaves_out():
    """A state far back has no gradient in the recording, and would have had one of this size."""
    torch.manual_seed(0)
    model = Around(layer_of("tanh", 2, 3)).double()
    with torch.no_grad():
        model.rnn.weight_hh_l0.mul_(0.3)
    trace = record(model, torch.randn(900, 1, 2).double(), torch.ones(900, 1).long(), losses="last")
    gone = np.flatnonzero(trace.grad_h_by_loss[0, 0, 0].any(axis=(1, 2)))[0]
    assert gone > 100
    for step, value, caught in (
        (gone, trace.grad_h_by_loss[0, 0, 0, gone, 0, 1], False),
        (gone - 5, vanished("float64"), False),
        (gone - 5, 1e3 * vanished("float64"), True),
        (gone + 60, 1e3 * vanished("float64"), True),
        (890, 0.0, True),
    ):
        table = trace.grad_h_by_loss.copy()
        table[0, 0, 0, step, 0, 1] = value
        with by_reference_alone():
            wrong = failed_fields(dataclasses.replace(trace, grad_h_by_loss=table))
        assert wrong == ({"grad_h_by_loss"} if caught else set())


@pytest.mark.parametrize("dtype", ["float32", "float16", "any"])
def test_another_dtype_in_the_metadata_does_not_loosen_the_proof(dtype, quick):
    trace = of_cell("tanh")
    h = trace.h.copy()
    h[0, 0, 3, 0, 0] += 1e-7
    metadata = dataclasses.replace(trace.metadata, dtype=dtype)
    assert "h" in failed_fields(dataclasses.replace(trace, h=h))
    with pytest.raises(TraceError, match=f"has dtype float64, but the trace is {dtype}"):
        dataclasses.replace(trace, h=h, metadata=metadata)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_what_did_not_run_in_half_precision_is_not_held_to_it(dtype, quick):
    trace = of_cell("tanh", "float32")
    metadata = dataclasses.replace(trace.metadata, dtype=dtype)
    assert failed_fields(dataclasses.replace(trace, metadata=metadata)) == {"parameters"}


def test_a_parameter_without_its_gradient_does_not_pass():
    trace = of_cell("tanh")
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
    report = verify(record(Words(), tokens, tokens))
    assert report.ok
    unchecked = {check.field: check.note for check in report.checks if check.against == UNCHECKED}
    assert unchecked == {"gradients/words.weight": "not a part of the network"}


# --- large recordings ---------------------------------------------------------------------------


@pytest.mark.parametrize("cell", CELLS)
def test_rows_checked_one_by_one_are_judged_as_all_at_once(cell, monkeypatch):
    trace = of_cell(cell)
    expected = verify(trace).checks
    monkeypatch.setattr(table_checks, "_BLOCK", 1)
    for got, other in zip(verify(trace).checks, expected, strict=True):
        assert (got.field, got.against, got.note) == (other.field, other.against, other.note)
        assert got.error == pytest.approx(other.error, abs=0.1 * other.tolerance)


@pytest.mark.parametrize("cell", CELLS)
def test_differences_of_very_many_outputs_are_those_of_the_immediate_gradients(cell, monkeypatch):
    trace = of_cell(cell)
    monkeypatch.setattr(differences, "_MOST_OUTPUTS", 0)
    report = verify(trace)
    assert report.failures == ()
    notes = {check.field: check.note for check in report.checks if check.against == DIFFERENCES}
    assert checked_fields(report, DIFFERENCES) >= {f"gradients/{name}" for name in trace.parameters}
    assert "of the recorded immediate gradients" in notes["gradients/rnn.weight_hh_l0"]
    assert "of the recorded immediate gradients" not in notes["gradients/fc.weight"]
    name = "rnn.weight_hh_l0"
    held = {**trace.gradients, name: trace.gradients[name] * 1.001}
    wrong = verify(dataclasses.replace(trace, gradients=held)).failures
    assert {check.against for check in wrong} == {REFERENCE, DIFFERENCES}


def test_a_wrong_number_in_the_last_block_is_caught(monkeypatch, quick):
    trace = of_cell("gru")
    monkeypatch.setattr(table_checks, "_BLOCK", trace.grad_h_by_loss[0].size * 2)
    table = trace.grad_h_by_loss.copy()
    table[4, 0, 0, 0, 1, 0] += 1e-8
    assert failed_fields(dataclasses.replace(trace, grad_h_by_loss=table)) == {"grad_h_by_loss"}


def test_a_large_vocabulary_is_proved_without_a_square_of_it(quick):
    torch.manual_seed(0)
    words = 2000
    model = Around(layer_of("gru", 2, 3, "float32"), words)
    trace = record(model, torch.randn(4, 1, 2), torch.randint(words, (4, 1)))
    tracemalloc.start()
    try:
        assert verify(trace).ok
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < words**2 * 8 / 8


def test_progress_is_reported():
    reports = []
    with reported(lambda done, total, field: reports.append((done, total, field))):
        report = verify(of_cell("lstm"))
    assert [done for done, _, _ in reports] == list(range(1, len(reports) + 1))
    assert all(done <= total for done, total, _ in reports)
    assert {check.field for check in report.checks} <= {field for _, _, field in reports}


def test_a_large_table_is_proved_in_a_fraction_of_its_memory(monkeypatch, quick):
    torch.manual_seed(0)
    model = Around(layer_of("tanh", 2, 8, "float32"))
    trace = record(model, torch.randn(200, 1, 2), torch.randint(OUTPUT, (200, 1)))
    monkeypatch.setattr(table_checks, "_BLOCK", 1 << 13)
    tracemalloc.start()
    try:
        assert verify(trace).ok
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < trace.grad_h_by_loss.nbytes

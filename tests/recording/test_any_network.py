"""Any network that PyTorch can build, recorded, against explicit loops and one backward a loss."""

import pytest
import torch
from by_hand import trace_by_hand
from hypothesis import given
from hypothesis import strategies as st
from models import TOLERANCE, Around, Loop, layer_of, same_traces
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from rnnviz.recording import record
from rnnviz.trace import NO_TARGET

LOSSES = ["cross-entropy", "squared", "squared-on-softmax"]
CELLS = ["tanh", "relu", "gru", "lstm", "projected"]


def wanted(loss, steps, batch, outputs, dtype):
    if loss == "squared":
        return torch.randn(steps, batch, outputs, dtype=dtype)
    return torch.randint(outputs, (steps, batch))


def beyond(targets, lengths):
    """Targets without those of steps that do not exist."""
    none = float("nan") if targets.is_floating_point() else NO_TARGET
    kept = targets.clone()
    for b, length in enumerate(lengths):
        kept[length:, b] = none
    return kept


def starting(layer, batch, dtype):
    """A random first state as PyTorch takes it, and as traces have it."""
    count = layer.num_layers * (1 + layer.bidirectional)
    size = layer.proj_size or layer.hidden_size
    shape = (layer.num_layers, 1 + layer.bidirectional, batch)
    h0 = 0.5 * torch.randn(count, batch, size, dtype=dtype)
    if not isinstance(layer, nn.LSTM):
        return h0, {"h0": h0.view(*shape, -1)}
    c0 = 0.5 * torch.randn(count, batch, layer.hidden_size, dtype=dtype)
    return (h0, c0), {"h0": h0.view(*shape, -1), "c0": c0.view(*shape, -1)}


@given(
    cell=st.sampled_from(CELLS),
    layers=st.integers(1, 3),
    bidirectional=st.booleans(),
    batch_first=st.booleans(),
    bias=st.booleans(),
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=3),
    packed=st.booleans(),
    start=st.booleans(),
    whole=st.booleans(),
    loss=st.sampled_from(LOSSES),
    dtype=st.sampled_from(["float64", "float64", "float32"]),
    seed=st.integers(0, 10_000),
)
def test_every_field_is_that_of_an_explicit_loop(
    cell, layers, bidirectional, batch_first, bias, lengths, packed, start, whole, loss, dtype, seed
):
    torch.manual_seed(seed)
    kind = getattr(torch, dtype)
    steps, batch = max(lengths), len(lengths)
    layer = layer_of(
        cell,
        3,
        4,
        num_layers=layers,
        bidirectional=bidirectional,
        batch_first=batch_first,
        bias=bias,
    )
    model = Around(layer, whole=whole).to(kind)
    x = torch.randn(steps, batch, 3, dtype=kind)
    whole = whole or steps == 1
    targets = wanted(loss, 1 if model.whole else steps, batch, 4, kind)
    state, first = starting(layer, batch, kind) if start else (None, {})
    real = lengths if packed and set(lengths) != {steps} else None

    given_x = x.transpose(0, 1) if batch_first else x
    given_targets = targets[0] if model.whole else targets
    if batch_first and not model.whole:
        given_targets = targets.transpose(0, 1)
    inputs = given_x
    if packed:
        inputs = pack_padded_sequence(
            given_x, torch.tensor(lengths), batch_first=batch_first, enforce_sorted=False
        )
    trace = record(model, inputs, given_targets, loss=loss, state=state)
    if real is not None and not model.whole:
        targets = beyond(targets, real)
    expected = trace_by_hand(
        layer,
        model.fc,
        x,
        targets,
        loss=loss,
        reads="ends" if model.whole else "top",
        lengths=real,
        **first,
    )
    same_traces(trace, expected, TOLERANCE[dtype])
    unreachable(trace)
    assert trace.metadata.output_layer == "fc"


def unreachable(trace):
    """∂L_t/∂h_k is exactly 0 where k cannot reach t, and at steps that do not exist."""
    table = trace.grad_h_by_loss
    top = trace.layers - 1
    for row, time in enumerate(trace.loss_times):
        if len(trace.output) == trace.steps and trace.grad_direct_by_loss is None:
            assert not table[row, top, 0, time + 1 :].any()
            if trace.directions == 1:
                assert not table[row, :, 0, time + 1 :].any()
                assert not trace.grad_x_by_loss[row, time + 1 :].any()
            else:
                assert not table[row, top, 1, :time].any()
    assert not table[..., ~trace.mask, :].any()
    assert not trace.grad_x_by_loss[:, ~trace.mask].any()


@given(
    cell=st.sampled_from(["rnn", "relu", "gru", "lstm"]),
    steps=st.integers(1, 6),
    batch=st.integers(1, 3),
    bias=st.booleans(),
    loss=st.sampled_from(LOSSES),
    seed=st.integers(0, 10_000),
)
def test_a_loop_over_cells_is_recorded_as_the_same_network(cell, steps, batch, bias, loss, seed):
    torch.manual_seed(seed)
    made = {
        "rnn": lambda: nn.RNNCell(3, 5, bias),
        "relu": lambda: nn.RNNCell(3, 5, bias, nonlinearity="relu"),
        "gru": lambda: nn.GRUCell(3, 5, bias),
        "lstm": lambda: nn.LSTMCell(3, 5, bias),
    }[cell]().double()
    model = Loop(made).double()
    x = torch.randn(steps, batch, 3, dtype=torch.float64)
    targets = wanted(loss, steps, batch, 4, torch.float64)
    trace = record(model, x, targets, loss=loss)
    same_traces(trace, trace_by_hand(made, model.fc, x, targets, loss=loss), TOLERANCE["float64"])
    assert trace.metadata.module == f"nn.{type(made).__name__}"


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_dropout_between_layers_is_drawn_once_and_used_throughout(cell, bidirectional):
    torch.manual_seed(3)
    layer = layer_of(cell, 3, 4, num_layers=3, dropout=0.4, bidirectional=bidirectional)
    model = Around(layer).double()
    x = torch.randn(5, 2, 3, dtype=torch.float64)
    targets = torch.randint(4, (5, 2))
    trace = record(model, x, targets, training=True)
    assert set(trace.dropout.ravel()) == {0.0, 1 / 0.6}
    assert trace.dropout.shape[0] == 2
    by_hand = trace_by_hand(layer, model.fc, x, targets, dropout=torch.tensor(trace.dropout))
    same_traces(trace, by_hand, 1e-10)
    assert trace.metadata.training
    assert record(model, x, targets).dropout is None


@pytest.mark.parametrize("cell", CELLS)
def test_chosen_losses_have_the_rows_that_all_have(cell):
    torch.manual_seed(5)
    model = Around(layer_of(cell, 3, 4, num_layers=2)).double()
    x, targets = torch.randn(40, 2, 3, dtype=torch.float64), torch.randint(4, (40, 2))
    every = record(model, x, targets)
    for chosen, times in (
        ("last", [39]),
        (7, [4, 11, 18, 25, 32, 39]),
        ([0, 3, 38, -1, 3], [0, 3, 38, 39]),
    ):
        some = record(model, x, targets, losses=chosen)
        assert some.loss_times.tolist() == times
        for name in ("grad_h_by_loss", "grad_x_by_loss"):
            close = getattr(some, name), getattr(every, name)[times]
            torch.testing.assert_close(*map(torch.tensor, close), rtol=0, atol=1e-14)
        torch.testing.assert_close(torch.tensor(some.grad_h), torch.tensor(every.grad_h))
        assert some.grad_h_by_loss.shape[0] == len(times)

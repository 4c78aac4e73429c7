"""Layers of PyTorch whose calls are no single chain: they are recorded step by step."""

import threading

import numpy as np
import pytest
import torch
from handwritten.cases import BATCH, STEPS, Case
from handwritten.reference import by_autograd
from torch import nn
from torch.nn import functional

import rnnviz
from rnnviz.errors import RecordingError

INPUT, HIDDEN = 4, 5
MASK = torch.tensor([[1.0], [0.0]])
BETWEEN = {
    "detached": lambda h, t: h.detach(),
    "reset": lambda h, t: torch.zeros_like(h) if t == 2 else h,
    "masked": lambda h, t: h * MASK.to(h.dtype),
    "leaked": lambda h, t: 0.9 * h,
    "normalised": lambda h, t: functional.layer_norm(h, (HIDDEN,)),
}


@pytest.fixture(autouse=True)
def in_float64():
    kept = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    yield
    torch.set_default_dtype(kept)


class Cells(nn.Module):
    """A loop over a cell, with something done to its state between two steps."""

    def __init__(self, between):
        super().__init__()
        self.cell, self.between = nn.GRUCell(INPUT, HIDDEN), between

    def forward(self, xs):
        h, states = torch.zeros(BATCH, HIDDEN), []
        for t, x in enumerate(xs):
            h = self.cell(x, h)
            states.append(h)
            h = self.between(h, t)
        return torch.stack(states)


class Chunks(nn.Module):
    """A layer that is called on one piece of the sequence after another."""

    def __init__(self, between, layer=nn.GRU, batch_first=False):
        super().__init__()
        self.rnn, self.between = layer(INPUT, HIDDEN, batch_first=batch_first), between
        self.axis = 1 if batch_first else 0

    def forward(self, xs):
        state, outputs = None, []
        for at, piece in enumerate(xs.split(2, dim=self.axis)):
            output, state = self.rnn(piece, state)
            outputs.append(output)
            held = state if isinstance(state, tuple) else (state,)
            held = tuple(self.between(each, 2 * at) for each in held)
            state = held if isinstance(state, tuple) else held[0]
        return torch.cat(outputs, self.axis)


def data(batch_first=False):
    x, y = torch.randn(STEPS, BATCH, INPUT), torch.randn(STEPS, BATCH, HIDDEN)
    return (x.transpose(0, 1), y.transpose(0, 1)) if batch_first else (x, y)


@pytest.mark.parametrize("name", BETWEEN)
def test_a_state_that_is_changed_between_steps(name):
    case = Case(Cells(BETWEEN[name]), *data(), states="cell")
    states, table = by_autograd(case)
    trace = rnnviz.record(case.model, case.inputs, case.targets, loss="squared")
    assert trace.metadata.cell == "custom"
    assert np.abs(trace.h[0, 0] - states).max() < 1e-12
    assert np.abs(trace.grad_h_by_loss[:, 0, 0] - table).max() < 1e-9
    assert trace.metadata.cuts == {"detached": tuple(range(1, STEPS)), "reset": (3,)}.get(name, ())


@pytest.mark.parametrize("layer", [nn.RNN, nn.GRU, nn.LSTM])
@pytest.mark.parametrize("batch_first", [False, True])
def test_a_layer_that_is_called_on_pieces(layer, batch_first):
    model = Chunks(BETWEEN["leaked"], layer, batch_first)
    x, y = data(batch_first)
    trace = rnnviz.record(model, x, y, loss="squared")
    assert rnnviz.verify(trace, model=model).ok
    assert trace.steps == STEPS
    assert np.array_equal(trace.x, x.transpose(0, 1) if batch_first else x)
    whole = rnnviz.record(Chunks(lambda h, t: h, layer, batch_first), x, y, loss="squared")
    assert whole.metadata.cell != "custom"


def test_pieces_that_are_detached_pass_no_gradient():
    trace = rnnviz.record(Chunks(BETWEEN["detached"], nn.LSTM), *data(), loss="squared")
    assert trace.metadata.cuts == (2, 4)
    assert not trace.grad_h_by_loss[4:, 0, 0, :4].any()


class Siamese(nn.Module):
    """One layer on two sequences."""

    def __init__(self):
        super().__init__()
        self.rnn, self.out = nn.LSTM(INPUT, HIDDEN), nn.Linear(2 * HIDDEN, 3)

    def forward(self, a, b):
        return self.out(torch.cat([self.rnn(each)[1][0][-1] for each in (a, b)], -1))


def test_a_layer_on_two_sequences():
    a, b = torch.randn(STEPS, BATCH, INPUT), torch.randn(STEPS + 1, BATCH, INPUT)
    model, y = Siamese(), torch.tensor([0, 1])
    both = rnnviz.record(model, (a, b), y)
    assert both.steps == 2 * STEPS + 1
    assert both.metadata.cuts == (STEPS,)
    first, second = (rnnviz.record(model, (a, b), y, call=call) for call in (0, 1))
    assert np.array_equal(both.h[0, 0], np.concatenate([first.h[0, 0], second.h[0, 0]]))
    halves = np.concatenate([each.grad_h_by_loss[0, 0, 0] for each in (first, second)])
    assert np.allclose(both.grad_h_by_loss[0, 0, 0], halves)
    with pytest.raises(RecordingError, match="no call 2 of the layer; the forward makes 2"):
        rnnviz.record(model, (a, b), y, call=2)


def test_a_shared_weight_is_recorded_step_by_step():
    class Shared(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.RNN(HIDDEN, HIDDEN), nn.RNN(HIDDEN, HIDDEN)
            self.b.weight_hh_l0 = self.a.weight_hh_l0

        def forward(self, xs):
            return self.b(self.a(xs)[0])[0]

    x, y = torch.randn(STEPS, BATCH, HIDDEN), torch.randn(STEPS, BATCH, HIDDEN)
    traces = rnnviz.record_layers(Shared(), x, y, loss="squared")
    assert list(traces) == ["a", "b"]
    again = rnnviz.record(Shared(), x, y, loss="squared", layer="all")
    assert list(again) == ["a", "b"]
    for trace in traces.values():
        assert trace.metadata.shared == {"b.weight_hh_l0": "a.weight_hh_l0"}


class Fed(nn.Module):
    """A decoder that feeds back its own prediction, from a layer called a step at a time."""

    def __init__(self, layers=1):
        super().__init__()
        self.rnn, self.out = nn.GRU(3, HIDDEN, layers), nn.Linear(HIDDEN, 3)

    def forward(self, x):
        h, outputs = None, []
        for _ in range(STEPS):
            output, h = self.rnn(x[None], h)
            x = self.out(output[0])
            outputs.append(x)
        return torch.stack(outputs)


@pytest.mark.parametrize("layers", [1, 2])
def test_an_output_that_is_fed_back(layers):
    model = Fed(layers)
    trace = rnnviz.record(
        model, torch.randn(BATCH, 3), torch.randn(STEPS, BATCH, 3), loss="squared"
    )
    assert trace.grad_h_by_loss[0, 0, 0, 0].any()
    assert rnnviz.verify(trace, model=model).ok


def test_two_directions_have_no_single_order():
    class Both(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.GRU(INPUT, HIDDEN, bidirectional=True)

        def forward(self, a, b):
            return self.rnn(a)[0].sum(0) + self.rnn(b)[0].sum(0)

    x, _ = data()
    with pytest.raises(RecordingError, match=r"more than once.*nor .* step by step: .* directions"):
        rnnviz.record(Both(), (x, x), torch.randn(BATCH, 2 * HIDDEN), loss="squared")


@pytest.mark.parametrize("cell", [True, False])
def test_autocast_is_recorded_in_its_precision(cell):
    torch.set_default_dtype(torch.float32)

    class Cast(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = Cells(lambda h, t: h) if cell else nn.Sequential(nn.Linear(INPUT, HIDDEN))
            self.U, self.W = nn.Linear(INPUT, HIDDEN), nn.Linear(HIDDEN, HIDDEN)

        def forward(self, xs):
            with torch.autocast("cpu"):
                if cell:
                    return self.inner(xs)
                h, states = torch.zeros(BATCH, HIDDEN), []
                for x in xs:
                    h = rnnviz.state(torch.tanh(self.U(x) + self.W(h)))
                    states.append(h)
                return torch.stack(states)

    trace = rnnviz.record(Cast(), *data(), loss="squared")
    assert trace.metadata.dtype == ("float32" if cell else "bfloat16")
    assert trace.h.dtype == np.float32


def test_a_converted_copy_converts_what_its_forward_makes():
    torch.set_default_dtype(torch.float32)

    class Makes(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.GRU(INPUT, HIDDEN)

        def forward(self, xs):
            h = torch.zeros(1, BATCH, HIDDEN, dtype=torch.float32)
            scale = torch.from_numpy(np.ones((1, 1, INPUT), "float32"))
            return self.rnn((xs.float() * scale).to(torch.float32), h)[0]

    trace = rnnviz.record(Makes(), *data(), loss="squared", dtype="float64")
    assert trace.metadata.dtype == "float64"


def test_classes_in_the_second_axis_are_told_by_the_targets():
    torch.set_default_dtype(torch.float32)

    class Second(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn, self.out = nn.LSTM(INPUT, HIDDEN, batch_first=True), nn.Linear(HIDDEN, 3)

        def forward(self, xs):
            return self.out(self.rnn(xs)[0]).transpose(1, 2)

    model, x, y = Second(), torch.randn(BATCH, STEPS, INPUT), torch.randint(3, (BATCH, STEPS))
    trace = rnnviz.record(model, x, y)
    expected = functional.cross_entropy(model(x), y, reduction="none").T
    assert np.allclose(trace.loss, expected.detach(), atol=1e-6)


def test_what_cannot_be_copied_is_shared():
    class Locked(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn, self.lock = nn.GRU(INPUT, HIDDEN), threading.Lock()

        def forward(self, xs):
            with self.lock:
                return self.rnn(xs)[0]

    assert rnnviz.record(Locked(), *data(), loss="squared").has_gradients

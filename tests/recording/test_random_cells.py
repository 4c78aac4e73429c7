"""Random cells: expressions over states and input, whose recordings keep all identities."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import rnnviz
from rnnviz.recording.custom.naming import named_by

STEPS, BATCH, SIZE, OUTPUT = 5, 2, 3, 2
ONE = ("tanh", "sigmoid", "sin", "softsign", "square", "roll", "linear", "detached", "mean")
TWO = ("add", "mul", "mix", "concatenate", "maximum")


@st.composite
def graphs(draw):
    """Operations in order, each on earlier values: the input and the states are the first ones."""
    states = draw(st.integers(1, 3))
    count = states + 1
    operations = []
    for _ in range(draw(st.integers(states, 8))):
        kind = draw(st.sampled_from(ONE + TWO))
        operands = [draw(st.integers(0, count - 1)) for _ in range(1 + (kind in TWO))]
        operations.append((kind, operands))
        count += 1
    made = [draw(st.integers(states + 1, count - 1)) for _ in range(states)]
    return states, operations, made, draw(st.booleans()), draw(st.booleans())


class Drawn(nn.Module):
    """Computes a graph once a step. The states are named at once, or each when it is made."""

    def __init__(self, graph, seed):
        super().__init__()
        torch.manual_seed(seed)
        self.states, self.operations, self.made, self.at_once, self.reads_all = graph
        self.weights = nn.ParameterList(
            [
                torch.randn((1 + (kind == "concatenate")) * SIZE, SIZE).double() / SIZE
                for kind, _ in self.operations
            ]
        )
        self.out = nn.Linear(SIZE, OUTPUT).double()
        self.named = []

    def apply_one(self, kind, weight, a, b):
        match kind:
            case "tanh" | "sigmoid" | "sin":
                return getattr(torch, kind)(a)
            case "softsign":
                return nn.functional.softsign(a)
            case "square":
                return torch.tanh(a * a)
            case "roll":
                return a.roll(1, -1)
            case "linear":
                return a @ weight
            case "detached":
                return a + torch.cos(a).detach()
            case "mean":
                return a - a.mean(-1, keepdim=True)
            case "add":
                return 0.5 * (a + b)
            case "mul":
                return torch.tanh(a) * b
            case "mix":
                return torch.sigmoid(a @ weight) * b
            case "concatenate":
                return torch.cat([a, b], -1) @ weight
            case "maximum":
                return torch.maximum(a, b)

    def name(self, value, state):
        named = rnnviz.state(value * 1.0, f"s{state}")
        self.named.append(named)
        return named

    def forward(self, xs):
        start = torch.full((BATCH, SIZE), 0.1, dtype=torch.float64)
        states = [start * each for each in range(self.states)]
        outputs, self.named = [], []
        for x in xs:
            values = [x, *states]
            after = {}
            for at, (kind, operands) in enumerate(self.operations, start=len(values)):
                a, b = values[operands[0]], values[operands[-1]]
                values.append(self.apply_one(kind, self.weights[at - 1 - self.states], a, b))
                for state, made in enumerate(self.made):
                    if made == at and not self.at_once:
                        values[at] = after[state] = self.name(values[at], state)
            for state, made in enumerate(self.made):
                if state not in after:
                    after[state] = self.name(values[made], state)
            states = [after[state] for state in range(self.states)]
            outputs.append(self.out(sum(states) if self.reads_all else states[0]))
        return torch.stack(outputs)


@given(graphs(), st.integers(0, 1000))
def test_a_random_cell(graph, seed):
    check(graph, seed)


@pytest.mark.deep
@settings(settings.get_profile("deep"))
@given(graphs(), st.integers(0, 1000))
def test_many_random_cells(graph, seed):
    check(graph, seed)


def check(graph, seed):
    model = Drawn(graph, seed)
    rng = np.random.default_rng(seed)
    x = torch.tensor(rng.normal(size=(STEPS, BATCH, SIZE)))
    targets = torch.tensor(rng.normal(size=(STEPS, BATCH, OUTPUT)))
    output = model(x)
    order = list(dict.fromkeys(_order(model)))
    if not output.requires_grad:
        return
    trace = rnnviz.record(model, x, targets, loss="squared")
    assert [each.name for each in trace.metadata.states] == order
    table = _table(model, x, targets, order)
    assert np.abs(trace.grad_h_by_loss[:, 0, 0] - table).max() < 1e-9
    slow = rnnviz.record(model, x, targets, loss="squared", jacobians=False)
    assert np.abs(slow.grad_h_by_loss - trace.grad_h_by_loss).max() < 1e-12
    assert np.abs(slow.grad_x_by_loss - trace.grad_x_by_loss).max() < 1e-12
    assert rnnviz.verify(trace).ok


class _Names:
    def __init__(self):
        self.found = []

    def state(self, value, name, batch):
        self.found.append(name)
        return value if value.requires_grad else value.requires_grad_()

    def gate(self, value, name):
        pass


def _order(model):
    """The names of the states of a step, in the order in which the code names them."""
    names = _Names()
    with named_by(names):
        model(torch.zeros(1, BATCH, SIZE).double())
    return names.found


def _table(model, x, targets, order):
    """∂L_t/∂s_k by one autograd.grad for each loss: (loss, time, batch, entry)."""
    with named_by(_Names()):
        losses = 0.5 * (model(x) - targets).square().sum((1, 2))
    named = model.named
    rows = []
    for loss in losses:
        found = torch.autograd.grad(loss, named, retain_graph=True, allow_unused=True)
        flat = [
            torch.zeros_like(each) if gradient is None else gradient
            for each, gradient in zip(named, found, strict=True)
        ]
        steps = [flat[at : at + len(order)] for at in range(0, len(flat), len(order))]
        rows.append(torch.stack([torch.cat(step, -1) for step in steps]))
    return torch.stack(rows).numpy()

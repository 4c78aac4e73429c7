"""A model runs twice from the same start: what it keeps, and what it draws, is the same again."""

import random
from collections import namedtuple
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from models import Around, Loop, same_traces
from torch import nn

from rnnviz.recording import record


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(5)
    random.seed(5)


Pair = namedtuple("Pair", "h c")


@dataclass
class Kept:
    state: Any


class Box:
    __slots__ = ("state",)


def boxed(state):
    box = Box()
    box.state = state
    return box


def in_itself(state):
    held = [state]
    held.append(held)
    return held


KEEPERS = {
    "tensor": lambda state: state[0],
    "tuple": tuple,
    "list": list,
    "dict": lambda state: {"h": state[0], "c": {"deep": [state[1]]}},
    "named tuple": lambda state: Pair(*state),
    "dataclass": lambda state: Kept(Kept(state)),
    "slots": boxed,
    "in itself": in_itself,
    "view": lambda state: state[0][0].unbind(),
}


class Keeping(nn.Module):
    """A tagger as in PyTorch's tutorial, which keeps the state it ended in."""

    def __init__(self, keep):
        super().__init__()
        self.lstm, self.out, self.keep = nn.LSTM(3, 5), nn.Linear(5, 4), keep
        self.hidden = None

    def forward(self, x):
        states, ended = self.lstm(x)
        self.hidden = self.keep(ended)
        return self.out(states)


@pytest.mark.parametrize("name", KEEPERS)
def test_a_state_with_a_graph_in_any_attribute(name):
    model, x, y = Keeping(KEEPERS[name]), torch.randn(6, 2, 3), torch.randint(4, (6, 2))
    fresh = record(model, x, y)
    model(x).sum().backward()
    kept = model.hidden
    same_traces(record(model, x, y), fresh, 1e-6)
    assert model.hidden is kept


def test_a_state_that_the_next_forward_starts_from():
    class Continuing(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm, self.out, self.hidden = nn.LSTM(3, 5), nn.Linear(5, 4), None

        def forward(self, x):
            if self.hidden is not None:
                self.hidden = tuple(part.detach() for part in self.hidden)
            states, self.hidden = self.lstm(x, self.hidden)
            return self.out(states)

    model, x, y = Continuing(), torch.randn(6, 2, 3), torch.randint(4, (6, 2))
    assert not record(model, x, y).h0.any()
    model(x)
    trace = record(model, x, y)
    np.testing.assert_array_equal(trace.h0[0, 0], model.hidden[0][0].detach())
    np.testing.assert_array_equal(trace.c0[0, 0], model.hidden[1][0].detach())


class Sampling(Loop):
    """Scheduled sampling, with draws from anywhere."""

    def __init__(self, draw):
        super().__init__(nn.GRUCell(3, 5), 3)
        self.draw = draw
        self.own = np.random.default_rng(1)
        self.calls = 0

    def forward(self, xs):
        h, outs, x = torch.zeros(2, 5), [], xs[0]
        for truth in xs:
            self.calls += 1
            h = self.rnn(x, h)
            outs.append(self.fc(h))
            x = truth if self.draw(self) < 0.5 else outs[-1].detach()
        return torch.stack(outs)


DRAWS = {
    "random": lambda model: random.random(),
    "numpy": lambda model: np.random.rand(),
    "torch": lambda model: torch.rand(()).item(),
    "its own generator": lambda model: model.own.random(),
    "its own count": lambda model: model.calls % 7 / 7,
}


@pytest.mark.parametrize("name", DRAWS)
def test_draws_come_again_and_the_callers_states_are_left(name):
    model, x, y = Sampling(DRAWS[name]), torch.randn(9, 2, 3), torch.randint(3, (9, 2))
    before = random.getstate(), np.random.get_state(legacy=False)["state"]["key"].copy()
    trace = record(model, x, y)
    assert random.getstate() == before[0]
    np.testing.assert_array_equal(np.random.get_state(legacy=False)["state"]["key"], before[1])
    np.testing.assert_allclose(trace.output, model(x).detach(), atol=1e-6)
    assert (trace.x != x.numpy()).any()


def test_a_loss_that_draws():
    def noisy(output, targets):
        return ((output * torch.rand_like(output) - random.random()) ** 2).sum(-1)

    x = torch.randn(6, 2, 3)
    trace = record(Around(nn.RNN(3, 5)), x, torch.zeros(6, 2), loss=noisy)
    assert trace.grad_h.any()

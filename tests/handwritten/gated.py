"""Gated units without a cell state."""

import torch
from handwritten.cases import BATCH, HIDDEN, INPUT, OUTPUT, STEPS, Case, case, looped, weight, zeros
from torch import nn

from rnnviz import gate, state


@case
def gru_from_scratch():
    """Reset and update gates by bare weights, which are named."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.Wx, self.Wh = weight(INPUT, 3 * HIDDEN), weight(HIDDEN, 3 * HIDDEN)
            self.out = nn.Linear(HIDDEN, OUTPUT)

        def forward(self, xs):
            h, outputs = zeros(), []
            ux, uh = self.Wx.chunk(3, 1), self.Wh.chunk(3, 1)
            for x in xs:
                z = gate(torch.sigmoid(x @ ux[0] + h @ uh[0]), "z")
                r = gate(torch.sigmoid(x @ ux[1] + h @ uh[1]), "r")
                h = state(z * h + (1 - z) * torch.tanh(x @ ux[2] + (r * h) @ uh[2]))
                outputs.append(self.out(h))
            return torch.stack(outputs)

    return Model()


@case
def minimal():
    """One gate does the work of two."""

    class Cell(nn.Module):
        def __init__(self):
            super().__init__()
            self.f, self.n = nn.Linear(INPUT + HIDDEN, HIDDEN), nn.Linear(INPUT + HIDDEN, HIDDEN)

        def forward(self, x, h):
            f = torch.sigmoid(self.f(torch.cat([x, h], -1)))
            return (1 - f) * h + f * torch.tanh(self.n(torch.cat([x, f * h], -1)))

    return looped(Cell())


@case
def gates_of_input_only():
    """Gates that do not see the state, so that training could scan (minGRU)."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.z, self.n, self.out = (nn.Linear(INPUT, HIDDEN), nn.Linear(INPUT, HIDDEN), None)
            self.read = nn.Linear(HIDDEN, OUTPUT)

        def forward(self, xs):
            z, new = torch.sigmoid(self.z(xs)), self.n(xs)
            h, states = zeros(), []
            for t in range(len(xs)):
                h = state((1 - z[t]) * h + z[t] * new[t])
                states.append(h)
            return self.read(torch.stack(states))

    return Model()


@case
def normalised_forget_and_input():
    """minLSTM: two gates of the input that share one unit of weight."""

    class Cell(nn.Module):
        def __init__(self):
            super().__init__()
            self.gates = nn.Linear(INPUT, 3 * HIDDEN)

        def forward(self, x, h):
            f, i, new = self.gates(x).chunk(3, -1)
            f, i = torch.sigmoid(f), torch.sigmoid(i)
            return f / (f + i) * h + i / (f + i) * new

    return looped(Cell())


@case
def simple_recurrent_unit():
    """A light recurrence with a highway around it."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.W, self.v = nn.Linear(INPUT, 4 * HIDDEN), weight(2, HIDDEN)
            self.out = nn.Linear(HIDDEN, OUTPUT)

        def forward(self, xs):
            c, outputs = zeros(), []
            for u in self.W(xs).unbind(0):
                new, f, r, skip = u.chunk(4, -1)
                before = c
                f = torch.sigmoid(f + self.v[0] * before)
                c = state(f * before + (1 - f) * new, "c")
                r = torch.sigmoid(r + self.v[1] * before)
                outputs.append(self.out(r * torch.tanh(c) + (1 - r) * skip))
            return torch.stack(outputs)

    return Model()


@case
def quasi_recurrent():
    """Gates by a causal convolution over time, then pooling along it."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.out = nn.Conv1d(INPUT, 3 * HIDDEN, 2), nn.Linear(HIDDEN, OUTPUT)

        def forward(self, xs):
            padded = nn.functional.pad(xs.permute(1, 2, 0), (1, 0))
            c, outputs = zeros(), []
            for sums in self.conv(padded).permute(2, 0, 1):
                z, f, o = sums.chunk(3, -1)
                f = torch.sigmoid(f)
                c = state(f * c + (1 - f) * torch.tanh(z), "c")
                outputs.append(self.out(torch.sigmoid(o) * c))
            return torch.stack(outputs)

    return Model()


@case
def with_decay_of_missing_values():
    """What is not observed decays to its mean, and the state with it."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.decay, self.cell = nn.Linear(INPUT, HIDDEN), nn.GRUCell(2 * INPUT, HIDDEN)
            self.rate, self.out = weight(INPUT), nn.Linear(HIDDEN, OUTPUT)

        def forward(self, xs, seen, since):
            h, last, outputs = zeros(), torch.zeros(BATCH, INPUT), []
            for x, there, wait in zip(xs, seen, since, strict=True):
                last = state(torch.where(there > 0, x, last), "last")
                filled = there * x + (1 - there) * torch.exp(-torch.relu(self.rate * wait)) * last
                h = h * torch.exp(-torch.relu(self.decay(wait)))
                h = state(self.cell(torch.cat([filled, there], -1), h), "h")
                outputs.append(self.out(h))
            return torch.stack(outputs)

    there = (torch.rand(STEPS, BATCH, INPUT) > 0.3).to(torch.float64)
    given = torch.randn(STEPS, BATCH, INPUT), there, torch.rand(STEPS, BATCH, INPUT)
    return Case(Model(), given)


@case
def convolutional_gru():
    """A gated unit on a line of places."""

    class Cell(nn.Module):
        def __init__(self):
            super().__init__()
            self.gates = nn.Conv1d(1 + 2, 2 * 2, 3, padding=1)
            self.new = nn.Conv1d(1 + 2, 2, 3, padding=1)

        def forward(self, x, h):
            r, z = torch.sigmoid(self.gates(torch.cat([x, h], 1))).chunk(2, 1)
            return z * h + (1 - z) * torch.tanh(self.new(torch.cat([x, r * h], 1)))

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell, self.out = Cell(), nn.Linear(8, OUTPUT)

        def forward(self, xs):
            h, outputs = zeros(2, 4), []
            for x in xs:
                h = self.cell(x[:, None], h)
                outputs.append(self.out(h.flatten(1)))
            return torch.stack(outputs)

    return Case(Model(), states="cell")


@case
def learns_to_halt():
    """A step repeats itself a few times, weighted by how likely it halts."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell, self.halt = nn.GRUCell(INPUT, HIDDEN), nn.Linear(HIDDEN, 1)
            self.out = nn.Linear(HIDDEN, OUTPUT)

        def forward(self, xs):
            h, outputs = zeros(), []
            for x in xs:
                inner, left, total = h, 1.0, 0.0
                for _ in range(3):
                    inner = self.cell(x, inner)
                    share = torch.sigmoid(self.halt(inner))
                    total, left = total + left * share * inner, left * (1 - share)
                h = state(total + left * inner)
                outputs.append(self.out(h))
            return torch.stack(outputs)

    return Model()

"""Long short-term memories: a cell state beside the state."""

import warnings

import torch
from handwritten.cases import (
    BATCH,
    HIDDEN,
    INPUT,
    OUTPUT,
    STEPS,
    Case,
    Loop,
    case,
    looped,
    pair,
    weight,
    zeros,
)
from torch import nn
from torch.nn import functional

from rnnviz import gate, state


class Gates(nn.Module):
    """Sums of the four gates of an LSTM."""

    def __init__(self, count=4, size=HIDDEN):
        super().__init__()
        self.into, self.between = nn.Linear(INPUT, count * size), nn.Linear(size, count * size)
        self.count = count

    def forward(self, x, h):
        return (self.into(x) + self.between(h)).chunk(self.count, dim=-1)


@case
def lstm_from_scratch():
    """Gates by bare weights in a loop, h and c named there."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.W = nn.ParameterDict(
                {
                    f"{of}{gate}": weight(INPUT if of == "x" else HIDDEN, HIDDEN)
                    for gate in "ifoc"
                    for of in "xh"
                }
            )
            self.out = weight(HIDDEN, OUTPUT)

        def forward(self, xs):
            h, c, outputs = zeros(), zeros(), []
            for x in xs:
                i, f, o, new = (x @ self.W[f"x{g}"] + h @ self.W[f"h{g}"] for g in "ifoc")
                f = gate(torch.sigmoid(f), "f")
                c = f * c + torch.sigmoid(i) * torch.tanh(new)
                h = torch.sigmoid(o) * torch.tanh(c)
                h, c = state(h, "h"), state(c, "c")
                outputs.append(h @ self.out)
            return torch.stack(outputs)

    return Model()


@case
def peephole():
    """The gates see the cell state as well."""

    class Cell(nn.Module):
        def __init__(self):
            super().__init__()
            self.gates, self.peep = Gates(), weight(3, HIDDEN)

        def forward(self, x, state):
            h, c = state
            i, f, g, o = self.gates(x, h)
            i, f = torch.sigmoid(i + self.peep[0] * c), torch.sigmoid(f + self.peep[1] * c)
            c = f * c + i * torch.tanh(g)
            return torch.sigmoid(o + self.peep[2] * c) * torch.tanh(c), c

    return looped(Cell(), pair)


@case
def layer_normed_in_torchscript():
    """A scripted cell whose sums are normalised."""

    class Cell(nn.Module):
        def __init__(self):
            super().__init__()
            self.into = nn.Linear(INPUT, 4 * HIDDEN, bias=False)
            self.between = nn.Linear(HIDDEN, 4 * HIDDEN, bias=False)
            self.norm_x, self.norm_h = nn.LayerNorm(4 * HIDDEN), nn.LayerNorm(4 * HIDDEN)
            self.norm_c = nn.LayerNorm(HIDDEN)

        def forward(self, x: torch.Tensor, h: torch.Tensor, c: torch.Tensor):
            sums = self.norm_x(self.into(x)) + self.norm_h(self.between(h))
            i, f, g, o = sums.chunk(4, 1)
            c = self.norm_c(torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g))
            return torch.sigmoid(o) * torch.tanh(c), c

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that TorchScript is deprecated
                self.cell = torch.jit.script(Cell())
            self.out = nn.Linear(HIDDEN, OUTPUT)

        def forward(self, xs):
            (h, c), outputs = pair(), []
            for x in xs:
                h, c = self.cell(x, h, c)
                outputs.append(self.out(h))
            return torch.stack(outputs)

    return Case(Model(), states="cell")


@case
def coupled_gates():
    """What is forgotten makes room for what is written: i = 1 − f."""

    class Cell(nn.Module):
        def __init__(self):
            super().__init__()
            self.gates = Gates(3)

        def forward(self, x, state):
            h, c = state
            f, g, o = self.gates(x, h)
            c = torch.sigmoid(f) * c + (1 - torch.sigmoid(f)) * torch.tanh(g)
            return torch.sigmoid(o) * torch.tanh(c), c

    return looped(Cell(), pair)


@case
def mogrifier():
    """Input and state modulate each other before the step."""

    class Cell(nn.Module):
        def __init__(self):
            super().__init__()
            self.gates, self.q, self.r = Gates(), nn.Linear(HIDDEN, INPUT), nn.Linear(INPUT, HIDDEN)

        def forward(self, x, state):
            h, c = state
            for _ in range(2):
                x = 2 * torch.sigmoid(self.q(h)) * x
                h = 2 * torch.sigmoid(self.r(x)) * h
            i, f, g, o = self.gates(x, h)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            return torch.sigmoid(o) * torch.tanh(c), c

    return looped(Cell(), pair)


@case
def projected():
    """h is a projection of the units, so that h and c have different sizes."""

    class Cell(nn.Module):
        def __init__(self):
            super().__init__()
            self.into, self.between = nn.Linear(INPUT, 20), nn.Linear(2, 20)
            self.project = weight(5, 2)

        def forward(self, x, state):
            h, c = state
            i, f, g, o = (self.into(x) + self.between(h)).chunk(4, -1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            return (torch.sigmoid(o) * torch.tanh(c)) @ self.project, c

    return looped(Cell(), lambda: (zeros(2), zeros(5)), size=2)


@case
def augmented():
    """A subclass of PyTorch's cell, with a skip around it and zoneout's mean."""

    class Cell(nn.LSTMCell):
        def forward(self, x, state):
            h, c = super().forward(x, state)
            return 0.9 * h + 0.1 * state[0], 0.9 * c + 0.1 * state[1]

    return Case(Loop(Cell(INPUT, HIDDEN), pair), states=Cell)


@case
def nested():
    """The memory of an LSTM is an LSTM itself."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.outer, self.inner = Gates(), nn.LSTMCell(HIDDEN, HIDDEN)
            self.out = nn.Linear(HIDDEN, OUTPUT)

        def forward(self, xs):
            h, c, inner, outputs = zeros(), zeros(), zeros(), []
            for x in xs:
                i, f, g, o = self.outer(x, h)
                write, kept = torch.sigmoid(i) * torch.tanh(g), torch.sigmoid(f) * c
                c, inner = self.inner(write, (kept, inner))
                h = torch.sigmoid(o) * torch.tanh(c)
                h, c, inner = state(h, "h"), state(c, "c"), state(inner, "inner")
                outputs.append(self.out(h))
            return torch.stack(outputs)

    return Model()


@case
def convolutional():
    """States are images: the gates are convolutions."""

    class Cell(nn.Module):
        def __init__(self):
            super().__init__()
            self.gates = nn.Conv2d(1 + 2, 4 * 2, 3, padding=1)

        def forward(self, x, state):
            h, c = state
            i, f, o, g = self.gates(torch.cat([x, h], 1)).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            return torch.sigmoid(o) * torch.tanh(c), c

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell, self.out = Cell(), nn.Linear(2 * 3 * 3, OUTPUT)

        def forward(self, frames):
            state, outputs = (zeros(2, 3, 3), zeros(2, 3, 3)), []
            for frame in frames:
                state = self.cell(frame, state)
                outputs.append(self.out(state[0].flatten(1)))
            return torch.stack(outputs)

    return Case(Model(), torch.randn(STEPS, BATCH, 1, 3, 3), states="cell")


@case
def exponential_gates():
    """Exponential gates with a normaliser and a stabiliser: four states."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.gates, self.out = Gates(), nn.Linear(HIDDEN, OUTPUT)

        def forward(self, xs):
            h, c, n, m, outputs = zeros(), zeros(), zeros(), zeros(), []
            for x in xs:
                i, f, z, o = self.gates(x, h)
                f = functional.logsigmoid(f)
                most = torch.maximum(f + m, i)
                keep, write = torch.exp(f + m - most), torch.exp(i - most)
                m = state(most, "m")
                c = state(keep * c + write * torch.tanh(z), "c")
                n = state(keep * n + write, "n")
                h = state(torch.sigmoid(o) * c / n, "h")
                outputs.append(self.out(h))
            return torch.stack(outputs)

    return Model()


@case
def ordered():
    """Master gates by cumulative softmax order the units."""

    class Cell(nn.Module):
        def __init__(self):
            super().__init__()
            self.gates = Gates(6)

        def forward(self, x, state):
            h, c = state
            i, f, g, o, mf, mi = self.gates(x, h)
            keep = torch.softmax(mf, -1).cumsum(-1)
            write = 1 - torch.softmax(mi, -1).cumsum(-1)
            both = keep * write
            f = torch.sigmoid(f) * both + keep - both
            c = f * c + (torch.sigmoid(i) * both + write - both) * torch.tanh(g)
            return torch.sigmoid(o) * torch.tanh(c), c

    return looped(Cell(), pair)

"""Plain recurrent networks: one state, no gates."""

import torch
from handwritten.cases import (
    BATCH,
    HIDDEN,
    INPUT,
    OUTPUT,
    STEPS,
    Case,
    case,
    looped,
    sequence,
    weight,
    zeros,
)
from torch import nn
from torch.nn import functional

from rnnviz import state


@case
def concatenated():
    """The first cell of many courses: one Linear on (x, h)."""

    class Cell(nn.Module):
        def __init__(self):
            super().__init__()
            self.i2h = nn.Linear(INPUT + HIDDEN, HIDDEN)

        def forward(self, x, h):
            return torch.tanh(self.i2h(torch.cat((x, h), 1)))

    return looped(Cell())


@case
def with_output_inside():
    """A cell that returns its output beside its state, as in a tutorial on names."""

    class Cell(nn.Module):
        def __init__(self):
            super().__init__()
            self.i2h, self.h2h = nn.Linear(INPUT, HIDDEN), nn.Linear(HIDDEN, HIDDEN)
            self.h2o = nn.Linear(HIDDEN, OUTPUT)

        def forward(self, x, hidden):
            hidden = torch.tanh(self.i2h(x) + self.h2h(hidden))
            return self.h2o(hidden), hidden

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = Cell()

        def forward(self, xs):
            hidden, outputs = zeros(), []
            for x in xs:
                output, hidden = self.rnn(x, hidden)
                outputs.append(output)
            return torch.stack(outputs)

    return Case(Model(), states="rnn", returned=lambda result: result[1])


@case
def from_scratch():
    """A loop over one-hot symbols with bare weights, as a textbook writes it."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.w_xh, self.w_hh, self.b_h = weight(INPUT, 5), weight(5, 5), weight(5)
            self.w_hq, self.b_q = weight(5, OUTPUT), weight(OUTPUT)

        def forward(self, tokens):
            inputs = functional.one_hot(tokens.T, INPUT).to(self.w_xh.dtype)
            h, outputs = torch.zeros(BATCH, 5), []
            for x in inputs:
                h = state(torch.tanh(x @ self.w_xh + h @ self.w_hh + self.b_h))
                outputs.append(h @ self.w_hq + self.b_q)
            return torch.stack(outputs)

    return Case(Model(), inputs=torch.randint(INPUT, (BATCH, STEPS)))


@case
def leaky():
    """A rate network of neuroscience: h moves a part of the way to its new value."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.into, self.between = nn.Linear(INPUT, HIDDEN), nn.Linear(HIDDEN, HIDDEN)
            self.out, self.alpha = nn.Linear(HIDDEN, OUTPUT), 0.2

        def forward(self, xs):
            h, outputs = zeros(), []
            for t in range(xs.size(0)):
                drive = torch.relu(self.into(xs[t]) + self.between(h))
                h = state((1 - self.alpha) * h + self.alpha * drive, "rate")
                outputs.append(self.out(h))
            return torch.stack(outputs)

    return Model()


@case
def identity_relu():
    """An RNN of rectified units that starts from the identity."""

    class Cell(nn.Module):
        def __init__(self):
            super().__init__()
            self.U, self.W = nn.Linear(INPUT, HIDDEN), nn.Parameter(torch.eye(HIDDEN))

        def forward(self, x, h):
            return torch.relu(self.U(x) + h @ self.W)

    return looped(Cell())


@case
def independent():
    """Each unit sees its own past only: the recurrent weight is a vector."""

    class Cell(nn.Module):
        def __init__(self):
            super().__init__()
            self.U, self.u = nn.Linear(INPUT, HIDDEN), weight(HIDDEN)

        def forward(self, x, h):
            return torch.relu(self.U(x) + self.u * h)

    return looped(Cell())


@case
def jordan():
    """The output, not the state, is fed back."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.into, self.back = nn.Linear(INPUT, HIDDEN), nn.Linear(OUTPUT, HIDDEN)
            self.out = nn.Linear(HIDDEN, OUTPUT)

        def forward(self, xs):
            y, outputs = torch.zeros(BATCH, OUTPUT), []
            for x in xs:
                y = state(torch.tanh(self.out(torch.tanh(self.into(x) + self.back(y)))), "y")
                outputs.append(y)
            return torch.stack(outputs)

    return Model()


@case
def clockwork():
    """Groups of units that move every step, every second and every fourth."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.U, self.W, self.out = nn.Linear(INPUT, 6), weight(6, 6), nn.Linear(6, OUTPUT)

        def forward(self, xs):
            h, outputs = zeros(6), []
            for t, x in enumerate(xs):
                due = torch.tensor([t % period == 0 for period in (1, 1, 2, 2, 4, 4)])
                h = state(torch.where(due, torch.tanh(self.U(x) + h @ self.W.triu()), h))
                outputs.append(self.out(h))
            return torch.stack(outputs)

    return Model()


@case
def multiplicative():
    """The input chooses the recurrent matrix, by its factors."""

    class Cell(nn.Module):
        def __init__(self):
            super().__init__()
            self.U = nn.Linear(INPUT, HIDDEN)
            self.of_x, self.of_h, self.back = (
                weight(INPUT, 5),
                weight(HIDDEN, 5),
                weight(5, HIDDEN),
            )

        def forward(self, x, h):
            return torch.tanh(self.U(x) + ((x @ self.of_x) * (h @ self.of_h)) @ self.back)

    return looped(Cell())


@case
def orthogonal():
    """The recurrent matrix is the exponential of a skew-symmetric one."""

    class Cell(nn.Module):
        def __init__(self):
            super().__init__()
            self.U, self.A, self.b = (
                nn.Linear(INPUT, HIDDEN),
                weight(HIDDEN, HIDDEN),
                weight(HIDDEN),
            )

        def forward(self, x, h):
            z = self.U(x) + h @ torch.matrix_exp(self.A - self.A.T)
            return torch.sign(z) * torch.relu(z.abs() + self.b)

    return looped(Cell())


@case
def two_steps_back():
    """A step reads the two states before it, which are both named."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.U, self.W, self.V = nn.Linear(INPUT, HIDDEN), weight(HIDDEN, HIDDEN), None
            self.further, self.out = weight(HIDDEN, HIDDEN), nn.Linear(HIDDEN, OUTPUT)

        def forward(self, xs):
            states, outputs = [zeros(), zeros()], []
            for x in xs:
                new = torch.tanh(self.U(x) + states[-1] @ self.W + states[-2] @ self.further)
                states.append(state(new))
                outputs.append(self.out(states[-1]))
            return torch.stack(outputs)

    return Model()


@case
def attends_to_its_past():
    """A step reads all states before it, with weights by a softmax."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.U, self.W = nn.Linear(INPUT, HIDDEN), weight(HIDDEN, HIDDEN)
            self.out = nn.Linear(HIDDEN, OUTPUT)

        def forward(self, xs):
            states, outputs = [zeros()], []
            for x in xs:
                past = torch.stack(states)
                share = torch.softmax((past * states[-1]).sum(-1, keepdim=True), dim=0)
                states.append(state(torch.tanh(self.U(x) + (share * past).sum(0) @ self.W)))
                outputs.append(self.out(states[-1]))
            return torch.stack(outputs)

    return Model()


@case
def fast_weights():
    """A matrix that stores recent states is a second state."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.U, self.W = nn.Linear(INPUT, HIDDEN), weight(HIDDEN, HIDDEN)
            self.out = nn.Linear(HIDDEN, OUTPUT)

        def forward(self, xs):
            h, fast, outputs = zeros(), zeros(HIDDEN, HIDDEN), []
            for x in xs:
                fast = state(0.9 * fast + 0.5 * h[:, :, None] * h[:, None, :], "fast")
                h = self.U(x) + h @ self.W
                h = state(torch.tanh(h + (fast @ torch.tanh(h)[..., None])[..., 0]), "h")
                outputs.append(self.out(h))
            return torch.stack(outputs)

    return Model()


@case
def hypernetwork():
    """A small network scales the weights of the main one, step by step."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.small = nn.RNNCell(INPUT + HIDDEN, 2)
            self.scale, self.U = nn.Linear(2, HIDDEN), nn.Linear(INPUT, HIDDEN)
            self.W, self.out = weight(HIDDEN, HIDDEN), nn.Linear(HIDDEN, OUTPUT)

        def forward(self, xs):
            small, h, outputs = zeros(2), zeros(), []
            for x in xs:
                small = state(self.small(torch.cat([x, h], -1), small), "small")
                h = state(torch.tanh(self.U(x) + self.scale(small) * (h @ self.W)), "main")
                outputs.append(self.out(h))
            return torch.stack(outputs)

    return Model()


@case
def stacked_in_one_loop():
    """Two layers, both advanced at each step: a state for each."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.low, self.high = nn.Linear(INPUT + 3, 3), nn.Linear(3 + 2, 2)
            self.out = nn.Linear(2, OUTPUT)

        def forward(self, xs):
            h1, h2, outputs = zeros(3), zeros(2), []
            for x in xs:
                h1 = state(torch.tanh(self.low(torch.cat([x, h1], -1))), "h1")
                h2 = state(torch.tanh(self.high(torch.cat([h1, h2], -1))), "h2")
                outputs.append(self.out(h2))
            return torch.stack(outputs)

    return Model()


@case
def stacked_layer_by_layer():
    """Two layers, the second of which begins when the first has ended."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.U = nn.ModuleList([nn.Linear(INPUT, HIDDEN), nn.Linear(HIDDEN, HIDDEN)])
            self.W = nn.ParameterList([weight(HIDDEN, HIDDEN), weight(HIDDEN, HIDDEN)])
            self.out = nn.Linear(HIDDEN, OUTPUT)

        def forward(self, xs):
            sequence = xs
            for layer, (into, between) in enumerate(zip(self.U, self.W, strict=True)):
                h, states = zeros(), []
                for x in sequence:
                    h = state(torch.tanh(into(x) + h @ between), f"h{layer + 1}")
                    states.append(h)
                sequence = torch.stack(states)
            return self.out(sequence)

    return Model()


@case
def batch_first():
    """The batch comes before the time, in inputs, outputs and targets."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell, self.out = nn.RNNCell(INPUT, HIDDEN), nn.Linear(HIDDEN, OUTPUT)

        def forward(self, xs):
            h, outputs = xs.new_zeros(len(xs), HIDDEN), []
            for t in range(xs.shape[1]):
                h = state(self.cell(xs[:, t], h))
                outputs.append(self.out(h))
            return torch.stack(outputs, dim=1)

    return Case(Model(), sequence().transpose(0, 1), torch.randn(BATCH, STEPS, OUTPUT), settings={})


@case
def without_a_batch():
    """One sequence, and no axis for it."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.U, self.W = nn.Linear(INPUT, HIDDEN), weight(HIDDEN, HIDDEN)
            self.h0, self.out = weight(HIDDEN), nn.Linear(HIDDEN, OUTPUT)

        def forward(self, xs):
            h, outputs = self.h0, []
            for x in xs:
                h = state(torch.sin(self.U(x) + self.W @ h))
                outputs.append(self.out(h))
            return torch.stack(outputs)[:, None]

    return Case(Model(), torch.randn(STEPS, INPUT), torch.randn(STEPS, 1, OUTPUT))


@case
def classifier():
    """Only the last state is read: one output and one loss for each sequence."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding, self.cell = nn.Embedding(7, INPUT), nn.RNNCell(INPUT, HIDDEN)
            self.out = nn.Linear(HIDDEN, OUTPUT)

        def forward(self, tokens):
            h = zeros()
            for token in tokens:
                h = state(self.cell(self.embedding(token), h))
            return self.out(h)

    return Case(Model(), torch.randint(7, (STEPS, BATCH)), torch.randn(BATCH, OUTPUT))

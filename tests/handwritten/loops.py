"""Loops around cells: feedback, attention, memories, cuts and masks."""

import torch
from handwritten.cases import (
    BATCH,
    HIDDEN,
    INPUT,
    OUTPUT,
    STEPS,
    Case,
    case,
    sequence,
    weight,
    zeros,
)
from torch import nn
from torch.distributions import Normal

from rnnviz import state


@case
def feeds_back_its_prediction():
    """A forecaster whose input is its last output."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell, self.out = nn.GRUCell(OUTPUT, HIDDEN), nn.Linear(HIDDEN, OUTPUT)

        def forward(self, first):
            h, y, outputs = zeros(), first, []
            for _ in range(STEPS):
                h = self.cell(y, h)
                y = self.out(h)
                outputs.append(y)
            return torch.stack(outputs)

    return Case(Model(), torch.randn(BATCH, OUTPUT), states="cell")


@case
def scheduled_sampling():
    """At some steps the truth is fed, at others the prediction, without its gradient."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell, self.out = nn.LSTMCell(OUTPUT, HIDDEN), nn.Linear(HIDDEN, OUTPUT)

        def forward(self, xs):
            (h, c), x, outputs = (zeros(), zeros()), xs[0], []
            for truth in xs:
                h, c = self.cell(x, (h, c))
                outputs.append(self.out(h))
                x = truth if torch.rand(()) < 0.5 else outputs[-1].detach()
            return torch.stack(outputs)

    return Case(Model(), sequence(size=OUTPUT), states="cell")


@case
def attention_with_input_feeding():
    """An attention decoder: its context and its last attentional state enter the next step."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.GRU(INPUT, HIDDEN)
            self.cell = nn.LSTMCell(INPUT + HIDDEN, HIDDEN)
            self.mix, self.out = nn.Linear(2 * HIDDEN, HIDDEN), nn.Linear(HIDDEN, OUTPUT)

        def forward(self, source, xs):
            memory, last = self.encoder(source)
            h, c, fed, outputs = last[0], torch.zeros_like(last[0]), zeros(), []
            for x in xs:
                h, c = self.cell(torch.cat([x, fed], -1), (h, c))
                share = torch.softmax((memory * h).sum(-1, keepdim=True), 0)
                fed = torch.tanh(self.mix(torch.cat([h, (share * memory).sum(0)], -1)))
                outputs.append(self.out(fed))
                h, c, fed = state(h, "h"), state(c, "c"), state(fed, "fed")
            return torch.stack(outputs)

    return Case(Model(), (sequence(5), sequence()))


@case
def additive_attention():
    """A teacher-forced decoder whose state asks for the context."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.query, self.key, self.score = (
                nn.Linear(HIDDEN, 4),
                nn.Linear(HIDDEN, 4),
                nn.Linear(4, 1),
            )
            self.rnn = nn.GRU(INPUT + HIDDEN, HIDDEN)
            self.out = nn.Linear(HIDDEN, OUTPUT)

        def forward(self, xs, memory):
            h, outputs = zeros()[None], []
            for x in xs:
                scores = self.score(torch.tanh(self.query(h) + self.key(memory)))
                context = (torch.softmax(scores, 0) * memory).sum(0)
                _, h = self.rnn(torch.cat([x, context], -1)[None], h)
                outputs.append(self.out(h[0]))
            return torch.stack(outputs)

    return Case(
        Model(),
        (sequence(), sequence(5, size=HIDDEN)),
        states="rnn",
        returned=lambda result: result[1],
    )


@case
def turing_machine():
    """A controller with a memory it reads and writes by content: three states."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.controller = nn.LSTMCell(INPUT + 2, HIDDEN)
            self.heads, self.out = nn.Linear(HIDDEN, 2 + 2 + 2 + 1), nn.Linear(HIDDEN + 2, OUTPUT)

        def forward(self, xs):
            h, c, memory, read, outputs = (
                zeros(),
                zeros(),
                torch.ones(BATCH, 4, 2) / 4,
                zeros(2),
                [],
            )
            memory = memory * torch.arange(1.0, 5)[:, None]
            for x in xs:
                h, c = self.controller(torch.cat([x, read], -1), (h, c))
                key, erase, add, sharp = self.heads(h).split([2, 2, 2, 1], -1)
                share = torch.softmax(torch.exp(sharp) * (memory @ key[..., None])[..., 0], -1)
                memory = memory * (1 - share[..., None] * torch.sigmoid(erase)[:, None])
                memory = memory + share[..., None] * add[:, None]
                read = (share[:, None] @ memory)[:, 0]
                outputs.append(self.out(torch.cat([h, read], -1)))
                h, c = state(h, "h"), state(c, "c")
                memory, read = state(memory, "memory"), state(read, "read")
            return torch.stack(outputs)

    return Model()


@case
def neural_stack():
    """A stack that is pushed and popped by degrees."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell, self.act = nn.RNNCell(INPUT + 2, HIDDEN), nn.Linear(HIDDEN, 3 + 2)
            self.out = nn.Linear(HIDDEN, OUTPUT)

        def forward(self, xs):
            h, stack, outputs = zeros(), torch.zeros(BATCH, 4, 2), []
            for x in xs:
                h = state(self.cell(torch.cat([x, stack[:, 0]], -1), h), "h")
                actions, value = self.act(h).split([3, 2], -1)
                push, pop, keep = torch.softmax(actions, -1)[:, None].unbind(-1)
                down = torch.cat([torch.tanh(value)[:, None], stack[:, :-1]], 1)
                up = torch.cat([stack[:, 1:], torch.zeros(BATCH, 1, 2)], 1)
                mixed = push[..., None] * down + pop[..., None] * up + keep[..., None] * stack
                stack = state(mixed, "stack")
                outputs.append(self.out(h))
            return torch.stack(outputs)

    return Model()


@case
def recurrent_state_space_model():
    """RSSM: a deterministic path, and a sampled state that enters it."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell, self.post = nn.GRUCell(2 + 1, HIDDEN), nn.Linear(HIDDEN + INPUT, 4)
            self.out = nn.Linear(HIDDEN + 2, OUTPUT)

        def forward(self, seen, actions):
            h, s, outputs = zeros(), zeros(2), []
            for x, action in zip(seen, actions, strict=True):
                h = state(self.cell(torch.cat([s, action], -1), h), "h")
                mean, spread = self.post(torch.cat([h, x], -1)).chunk(2, -1)
                s = state(Normal(mean, torch.exp(spread)).rsample(), "s")
                outputs.append(self.out(torch.cat([h, s], -1)))
            return torch.stack(outputs)

    return Case(Model(), (sequence(), sequence(size=1)))


@case
def truncated():
    """Truncated backpropagation: the state is detached every second step."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell, self.out = nn.GRUCell(INPUT, HIDDEN), nn.Linear(HIDDEN, OUTPUT)

        def forward(self, xs):
            h, outputs = zeros(), []
            for t, x in enumerate(xs):
                if t % 2 == 0:
                    h = h.detach()
                h = state(self.cell(x, h))
                outputs.append(self.out(h))
            return torch.stack(outputs)

    return Model()


@case
def reset_between_episodes():
    """A mask ends an episode within the sequence, at other steps of each."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell, self.out = nn.LSTMCell(INPUT, HIDDEN), nn.Linear(HIDDEN, OUTPUT)

        def forward(self, xs, running):
            h, c, outputs = zeros(), zeros(), []
            for x, there in zip(xs, running, strict=True):
                h, c = self.cell(x, (h * there[:, None], c * there[:, None]))
                h, c = state(h, "h"), state(c, "c")
                outputs.append(self.out(h))
            return torch.stack(outputs)

    running = torch.ones(STEPS, BATCH)
    running[2, 0] = running[4, 1] = 0
    return Case(Model(), (sequence(), running))


@case
def masked_padding():
    """Beyond its length a sequence keeps its state."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.U, self.W = nn.Linear(INPUT, HIDDEN), weight(HIDDEN, HIDDEN)
            self.out = nn.Linear(HIDDEN, OUTPUT)

        def forward(self, xs, lengths):
            h = zeros()
            for t, x in enumerate(xs):
                new = torch.tanh(self.U(x) + h @ self.W)
                h = state(torch.where((t < lengths)[:, None], new, h))
            return self.out(h)

    given = sequence(), torch.tensor([STEPS, STEPS - 2])
    return Case(Model(), given, torch.randn(BATCH, OUTPUT))


@case
def normalised_between_steps():
    """The state is changed in place between two calls of its cell."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell, self.norm = nn.RNNCell(INPUT, HIDDEN), nn.LayerNorm(HIDDEN)
            self.out = nn.Linear(HIDDEN, OUTPUT)

        def forward(self, xs):
            h, outputs = zeros(), []
            for x in xs:
                h = state(self.norm(self.cell(x, h)))
                outputs.append(self.out(h))
                h = h.clone().mul_(0.9)
            return torch.stack(outputs)

    return Model()


@case
def keeps_its_state():
    """The model holds its state itself, between steps and after the run."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.i2h, self.out = nn.Linear(INPUT + HIDDEN, HIDDEN), nn.Linear(HIDDEN, OUTPUT)
            self.hidden = zeros()

        def step(self, x):
            self.hidden = state(torch.tanh(self.i2h(torch.cat([x, self.hidden], -1))))
            return self.out(self.hidden)

        def forward(self, xs):
            self.hidden = self.hidden.detach()
            return torch.stack([self.step(x) for x in xs])

    return Model()

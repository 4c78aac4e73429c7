"""Linear recurrences, selective state spaces, and matrices as memories."""

import torch
from handwritten.cases import HIDDEN, INPUT, OUTPUT, Case, case, weight, zeros
from torch import nn
from torch.nn import functional

from rnnviz import state


@case
def linear_recurrent_unit():
    """LRU: a diagonal of complex numbers within the unit circle."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.size, self.angle = (
                nn.Parameter(torch.rand(HIDDEN)),
                nn.Parameter(torch.rand(HIDDEN)),
            )
            self.B, self.C = weight(2, INPUT, HIDDEN), weight(2, HIDDEN, OUTPUT)
            self.D = weight(INPUT, OUTPUT)

        def forward(self, xs):
            turn = torch.polar(torch.exp(-torch.exp(self.size)), torch.exp(self.angle))
            into = torch.complex(*(xs @ each for each in self.B))
            h, outputs = torch.zeros(2, HIDDEN, dtype=torch.complex128), []
            for x, u in zip(xs, into, strict=True):
                h = state(turn * h + u)
                outputs.append((h @ torch.complex(self.C[0], self.C[1])).real + x @ self.D)
            return torch.stack(outputs)

    return Model()


@case
def diagonal_state_space():
    """S4D as a recurrence: a small state for each channel, discretised."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.A, self.B, self.C = weight(INPUT, 2), weight(INPUT, 2), weight(INPUT, 2)
            self.step, self.out = weight(INPUT, 1), nn.Linear(INPUT, OUTPUT)

        def forward(self, xs):
            rate, size = -torch.exp(self.A), torch.exp(self.step)
            keep = torch.exp(size * rate)
            h, outputs = zeros(INPUT, 2), []
            for x in xs:
                h = state(keep * h + (keep - 1) / rate * self.B * x[..., None], "ssm")
                outputs.append(self.out(torch.tanh((h * self.C).sum(-1))))
            return torch.stack(outputs)

    return Model()


@case
def selective_state_space():
    """Step, input and output matrices of a state space that the input chooses."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.A = nn.Parameter(torch.log(torch.arange(1.0, 3)).repeat(INPUT, 1))
            self.project, self.step = nn.Linear(INPUT, 1 + 4), nn.Linear(1, INPUT)
            self.D, self.out = weight(INPUT), nn.Linear(INPUT, OUTPUT)

        def forward(self, xs):
            first, B, C = self.project(xs).split([1, 2, 2], dim=-1)
            delta = functional.softplus(self.step(first))
            keep = torch.exp(torch.einsum("tbd,dn->tbdn", delta, -torch.exp(self.A)))
            into = torch.einsum("tbd,tbn,tbd->tbdn", delta, B, xs)
            h, outputs = zeros(INPUT, 2), []
            for t in range(len(xs)):
                h = state(keep[t] * h + into[t])
                outputs.append(torch.einsum("bdn,bn->bd", h, C[t]) + self.D * xs[t])
            return self.out(torch.stack(outputs))

    return Model()


class Attention(nn.Module):
    """Queries, keys and values."""

    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(INPUT, 3 * HIDDEN)

    def forward(self, xs):
        return self.qkv(xs).chunk(3, -1)


@case
def linear_attention():
    """Attention as a recurrence: a sum of outer products and one of keys."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.heads, self.out = Attention(), nn.Linear(HIDDEN, OUTPUT)

        def forward(self, xs):
            S, z, outputs = zeros(HIDDEN, HIDDEN), zeros(), []
            for q, k, v in zip(*self.heads(xs), strict=True):
                q, k = functional.elu(q) + 1, functional.elu(k) + 1
                S = state(S + k[:, :, None] * v[:, None, :], "S")
                z = state(z + k, "z")
                read = (q[:, None] @ S)[:, 0] / (q * z).sum(-1, keepdim=True)
                outputs.append(self.out(read))
            return torch.stack(outputs)

    return Model()


@case
def retention():
    """A matrix that decays at a fixed rate."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.heads, self.out = Attention(), nn.Linear(HIDDEN, OUTPUT)

        def forward(self, xs):
            S, outputs = zeros(HIDDEN, HIDDEN), []
            for q, k, v in zip(*self.heads(xs), strict=True):
                S = state(0.9 * S + torch.einsum("bi,bj->bij", k, v), "S")
                outputs.append(self.out(torch.einsum("bi,bij->bj", q, S)))
            return torch.stack(outputs)

    return Model()


@case
def delta_rule():
    """What a key has stored is replaced, not added to."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.heads, self.rate = Attention(), nn.Linear(INPUT, 1)
            self.out = nn.Linear(HIDDEN, OUTPUT)

        def forward(self, xs):
            S, outputs = zeros(HIDDEN, HIDDEN), []
            for x, q, k, v in zip(xs, *self.heads(xs), strict=True):
                k = functional.normalize(k, dim=-1)
                wrong = v - (k[:, None] @ S)[:, 0]
                S = state(
                    S + torch.sigmoid(self.rate(x))[..., None] * k[..., None] * wrong[:, None]
                )
                outputs.append(self.out((q[:, None] @ S)[:, 0]))
            return torch.stack(outputs)

    return Model()


@case
def weighted_key_values():
    """RWKV's mixing of time: a numerator and a denominator."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.k, self.v, self.r = (nn.Linear(INPUT, HIDDEN) for _ in range(3))
            self.decay, self.bonus = weight(HIDDEN), weight(HIDDEN)
            self.out = nn.Linear(HIDDEN, OUTPUT)

        def forward(self, xs):
            a, b, outputs = zeros(), zeros(), []
            keep = torch.exp(-torch.exp(self.decay))
            for x in xs:
                k, v = torch.exp(self.k(x)), self.v(x)
                new = torch.exp(self.bonus) * k
                read = (a + new * v) / (b + new)
                outputs.append(self.out(torch.sigmoid(self.r(x)) * read))
                a, b = state(keep * a + k * v, "a"), state(keep * b + k, "b")
            return torch.stack(outputs)

    return Model()


@case
def matrix_memory():
    """mLSTM: an exponentially gated matrix with a normaliser and a stabiliser."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.heads, self.gates = Attention(), nn.Linear(INPUT, 2)
            self.out = nn.Linear(HIDDEN, OUTPUT)

        def forward(self, xs):
            C, n, m, outputs = zeros(HIDDEN, HIDDEN), zeros(), zeros(1), []
            for x, q, k, v in zip(xs, *self.heads(xs), strict=True):
                i, f = self.gates(x).chunk(2, -1)
                f = functional.logsigmoid(f)
                most = torch.maximum(f + m, i)
                keep, write = torch.exp(f + m - most), torch.exp(i - most)
                C = keep[..., None] * C + write[..., None] * v[:, :, None] * k[:, None, :]
                n = keep * n + write * k
                C, n, m = state(C, "C"), state(n, "n"), state(most, "m")
                size = (n * q).sum(-1, keepdim=True).abs().clamp(min=1.0)
                outputs.append(self.out((C @ q[..., None])[..., 0] / size))
            return torch.stack(outputs)

    return Model()


@case
def learns_while_it_reads():
    """The state is the weight of a small model that takes a step of descent on each input."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.heads, self.first = Attention(), weight(HIDDEN, HIDDEN)
            self.out = nn.Linear(HIDDEN, OUTPUT)

        def forward(self, xs):
            W, outputs = self.first.expand(2, -1, -1), []
            for q, k, v in zip(*self.heads(xs), strict=True):
                wrong = torch.einsum("bi,bij->bj", k, W) - v
                W = state(W - 0.1 * torch.einsum("bi,bj->bij", k, wrong), "W")
                outputs.append(self.out(torch.einsum("bi,bij->bj", q, W)))
            return torch.stack(outputs)

    return Case(Model())

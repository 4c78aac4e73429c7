"""Networks that follow a differential equation, or a fixed dynamical system."""

import torch
from handwritten.cases import BATCH, HIDDEN, INPUT, OUTPUT, Case, case, looped, pair, weight, zeros
from torch import nn

from rnnviz import state


class Between(nn.Module):
    """U x + W h + b."""

    def __init__(self, size=HIDDEN):
        super().__init__()
        self.U, self.W = nn.Linear(INPUT, size), nn.Linear(size, size, bias=False)

    def forward(self, x, h):
        return self.U(x) + self.W(h)


@case
def coupled_oscillators():
    """coRNN: a position and a velocity for each unit."""

    class Cell(nn.Module):
        def __init__(self):
            super().__init__()
            self.sum, self.V = Between(), weight(HIDDEN, HIDDEN)

        def forward(self, x, state):
            y, z = state
            force = torch.tanh(self.sum(x, y) + z @ self.V)
            z = z + 0.3 * (force - 1.2 * y - 0.8 * z)
            return y + 0.3 * z, z

    return looped(Cell(), pair)


@case
def long_expressive_memory():
    """LEM: two states with time steps of their own that the input chooses."""

    class Cell(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two, self.to_z, self.to_y = Between(), Between(), Between(), Between()

        def forward(self, x, state):
            y, z = state
            fast, slow = torch.sigmoid(self.one(x, y)), torch.sigmoid(self.two(x, y))
            z = (1 - fast) * z + fast * torch.tanh(self.to_z(x, y))
            return (1 - slow) * y + slow * torch.tanh(self.to_y(x, z)), z

    return looped(Cell(), pair)


@case
def undamped_oscillators():
    """UnICORNN: independent oscillators without damping."""

    class Cell(nn.Module):
        def __init__(self):
            super().__init__()
            self.w, self.V, self.step = weight(HIDDEN), nn.Linear(INPUT, HIDDEN), weight(HIDDEN)

        def forward(self, x, state):
            y, z = state
            size = 0.3 * torch.sigmoid(self.step)
            z = z - size * (torch.tanh(self.w * y + self.V(x)) + 0.9 * y)
            return y + size * z, z

    return looped(Cell(), pair)


@case
def closed_form():
    """CfC: two heads, between which a gate of time interpolates."""

    class Cell(nn.Module):
        def __init__(self):
            super().__init__()
            self.trunk = nn.Linear(INPUT + HIDDEN, 5)
            self.one, self.two = nn.Linear(5, HIDDEN), nn.Linear(5, HIDDEN)
            self.a, self.b = nn.Linear(5, HIDDEN), nn.Linear(5, HIDDEN)

        def forward(self, x, h, elapsed=0.7):
            seen = 1.7 * torch.tanh(0.66 * self.trunk(torch.cat([x, h], 1)))
            gate = torch.sigmoid(self.a(seen) * elapsed + self.b(seen))
            return torch.tanh(self.one(seen)) * (1 - gate) + torch.tanh(self.two(seen)) * gate

    return looped(Cell())


@case
def liquid_time_constant():
    """LTC: a fused solver of an equation whose time constants depend on the input."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.sum, self.A, self.tau = Between(), weight(HIDDEN), nn.Parameter(torch.ones(HIDDEN))
            self.out = nn.Linear(HIDDEN, OUTPUT)

        def forward(self, xs):
            h, outputs = zeros(), []
            for x in xs:
                inner = h
                for _ in range(4):
                    rate = torch.sigmoid(self.sum(x, inner))
                    inner = (inner + 0.25 * rate * self.A) / (1 + 0.25 * (1 / self.tau + rate))
                h = state(inner)
                outputs.append(self.out(h))
            return torch.stack(outputs)

    return Model()


@case
def antisymmetric():
    """A step of Euler's method with a skew-symmetric matrix."""

    class Cell(nn.Module):
        def __init__(self):
            super().__init__()
            self.V, self.W = nn.Linear(INPUT, HIDDEN), weight(HIDDEN, HIDDEN)

        def forward(self, x, h):
            skew = self.W - self.W.T - 0.01 * torch.eye(HIDDEN)
            return h + 0.3 * torch.tanh(self.V(x) + h @ skew.T)

    return looped(Cell())


@case
def runge_kutta_between_jumps():
    """ODE-RNN: a flow by four stages, then a jump by a gated unit."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.flow = nn.Sequential(nn.Linear(HIDDEN, 5), nn.Tanh(), nn.Linear(5, HIDDEN))
            self.jump, self.out = nn.GRUCell(INPUT, HIDDEN), nn.Linear(HIDDEN, OUTPUT)

        def forward(self, xs):
            h, outputs, size = zeros(), [], 0.4
            for x in xs:
                one = self.flow(h)
                two = self.flow(h + size / 2 * one)
                three = self.flow(h + size / 2 * two)
                four = self.flow(h + size * three)
                h = h + size / 6 * (one + 2 * two + 2 * three + four)
                h = state(self.jump(x, h))
                outputs.append(self.out(h))
            return torch.stack(outputs)

    return Model()


@case
def echo_state():
    """A fixed random reservoir: only the output is trained."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("into", torch.randn(INPUT, 6))
            drawn = torch.randn(6, 6)
            self.register_buffer("between", 0.9 * drawn / torch.linalg.eigvals(drawn).abs().max())
            self.out = nn.Linear(6, OUTPUT)

        def forward(self, xs):
            h, outputs = zeros(6), []
            for x in xs:
                h = state(0.7 * h + 0.3 * torch.tanh(x @ self.into + h @ self.between))
                outputs.append(self.out(h))
            return torch.stack(outputs)

    return Model()


@case
def spiking():
    """Leaky integrators that fire, with a surrogate gradient of the threshold."""

    class Fire(torch.autograd.Function):
        @staticmethod
        def forward(ctx, over):
            ctx.save_for_backward(over)
            return (over > 0).to(over.dtype)

        @staticmethod
        def backward(ctx, gradient):
            (over,) = ctx.saved_tensors
            return gradient / (1 + 10 * over.abs()) ** 2

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.into, self.between = nn.Linear(INPUT, HIDDEN), weight(HIDDEN, HIDDEN)
            self.out = nn.Linear(HIDDEN, OUTPUT)

        def forward(self, xs):
            v, s, outputs = zeros(), zeros(), []
            for x in xs:
                v = state(0.8 * v + self.into(x) + s @ self.between - s, "v")
                s = state(Fire.apply(v - 0.5), "s")
                outputs.append(self.out(s + v))
            return torch.stack(outputs)

    return Model()


@case
def legendre_memory():
    """LMU: a fixed linear memory of the past, beside a plain state."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            q = torch.arange(4.0)
            i, j = torch.meshgrid(q, q, indexing="ij")
            sign = torch.where(i < j, -torch.ones(4, 4), (-1.0) ** (i - j + 1))
            self.register_buffer("A", torch.matrix_exp((2 * i + 1) / 5 * sign))
            self.register_buffer("B", (2 * q + 1) * (-1.0) ** q / 5)
            self.encode, self.of_h, self.of_m = weight(INPUT), weight(HIDDEN), weight(4)
            self.sum, self.from_m = Between(), weight(4, HIDDEN)
            self.out = nn.Linear(HIDDEN, OUTPUT)

        def forward(self, xs):
            h, m, outputs = zeros(), zeros(4), []
            for x in xs:
                written = x @ self.encode + h @ self.of_h + m @ self.of_m
                m = state(m @ self.A.T + written[:, None] * self.B, "m")
                h = state(torch.tanh(self.sum(x, h) + m @ self.from_m), "h")
                outputs.append(self.out(h))
            return torch.stack(outputs)

    return Model()


@case
def lipschitz():
    """A flow whose matrix has a spectrum between symmetric and skew-symmetric."""

    class Cell(nn.Module):
        def __init__(self):
            super().__init__()
            self.A, self.W, self.U = (
                weight(HIDDEN, HIDDEN),
                weight(HIDDEN, HIDDEN),
                nn.Linear(INPUT, HIDDEN),
            )

        def made(self, M):
            return 0.6 * (M + M.T) / 2 + 0.4 * (M - M.T) - 0.1 * torch.eye(HIDDEN)

        def forward(self, x, h):
            slope = h @ self.made(self.A).T + torch.tanh(h @ self.made(self.W).T + self.U(x))
            return h + 0.2 * slope

    return looped(Cell())


@case
def adaptive_threshold():
    """A second, slower state that fatigues the first."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.sum, self.out = Between(), nn.Linear(HIDDEN, OUTPUT)

        def forward(self, xs):
            h, a, outputs = zeros(), zeros(), []
            for x in xs:
                new_h = 0.8 * h + 0.2 * torch.tanh(self.sum(x, h) - a)
                new_a = 0.95 * a + 0.05 * h**2
                h, a = state(new_h, "h"), state(new_a, "a")
                outputs.append(self.out(h))
            return torch.stack(outputs)

    return Case(Model(), torch.randn(6, BATCH, INPUT))

"""∂L_t/∂c_k by all paths, against autograd on an LSTM that is stepped by hand."""

import numpy as np
import pytest
import torch
from torch import nn

from rnnviz import measure
from rnnviz.recording import record

STEPS, BATCH = 6, 2


class Model(nn.Module):
    """An LSTM, a Linear, and if asked for what takes the last c itself."""

    def __init__(self, direct, **options):
        super().__init__()
        self.lstm = nn.LSTM(3, 4, **options)
        self.out = nn.LazyLinear(5)
        self.direct = direct

    def forward(self, x):
        states, (_, cell) = self.lstm(x)
        made = self.out(states)
        return made + cell.sum(dim=(0, 2))[:, None] if self.direct else made


def by_hand(model, x, targets, direction):
    """‖∂L_t/∂c_k‖ (loss, step, batch), each c_k a tensor of its own in the graph."""
    weights = dict(model.lstm.named_parameters())
    ending = "_reverse" if direction else ""
    named = [f"{kind}_l0{ending}" for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    w_ih, w_hh, b_ih, b_hh = (weights[name] for name in named)
    project = weights.get(f"weight_hr_l0{ending}")
    size = model.lstm.proj_size or 4
    h, c = torch.zeros(BATCH, size).double(), torch.zeros(BATCH, 4).double()
    states, cells = {}, {}
    for step in range(STEPS) if direction == 0 else range(STEPS - 1, -1, -1):
        gates = x[step] @ w_ih.T + b_ih + h @ w_hh.T + b_hh
        i, f, g, o = gates.chunk(4, dim=-1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        h = h if project is None else h @ project.T
        states[step], cells[step] = h, c
    mine = torch.stack([states[step] for step in range(STEPS)])
    other = model.lstm(x)[0].detach()
    whole = mine if not model.lstm.bidirectional else other.clone()
    if model.lstm.bidirectional:
        halves = [other[..., :size], other[..., size:]]
        halves[direction] = mine
        whole = torch.cat(halves, dim=-1)
    output = model.out(whole)
    if model.direct:
        output = output + c.sum(dim=-1)[:, None]
    losses = nn.functional.cross_entropy(output.transpose(1, 2), targets, reduction="none")
    norms = np.zeros((STEPS, STEPS, BATCH))
    for t in range(STEPS):
        for k in range(STEPS):
            (found,) = torch.autograd.grad(
                losses[t].sum(), cells[k], retain_graph=True, allow_unused=True
            )
            if found is not None:
                norms[t, k] = found.norm(dim=-1).numpy()
    return norms


@pytest.mark.parametrize(
    ("options", "direction", "direct"),
    [
        ({}, 0, False),
        ({}, 0, True),
        ({"proj_size": 2}, 0, False),
        ({"proj_size": 2}, 0, True),
        ({"bidirectional": True}, 0, False),
        ({"bidirectional": True}, 1, False),
    ],
)
def test_gradients_at_c_are_those_of_autograd(options, direction, direct):
    torch.manual_seed(3)
    model = Model(direct, **options)
    x, targets = torch.randn(STEPS, BATCH, 3), torch.randint(5, (STEPS, BATCH))
    model(x)
    model, x = model.double(), x.double()
    trace = record(model, x, targets, loss="cross-entropy")
    got = measure.gradient_norms(trace, state="c", direction=direction)
    np.testing.assert_allclose(got, by_hand(model, x, targets, direction), rtol=1e-9, atol=1e-14)

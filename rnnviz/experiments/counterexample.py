"""A recorded network whose spectral radius is zero and whose gradient explodes."""

import numpy as np

from rnnviz.trace import Trace

STEPS = 9
W = ((8.0, 8.0), (-8.0, -8.0))
RESTING = (0.0, 0.5)


def nilpotent_network(_: Trace) -> Trace:
    """W = [[8, 8], [−8, −8]] at rest in h* = (0, ½), where b = artanh h* − W h*.

    W² = 0, so ρ(W) = 0; but diag(1 − h*²) W has the eigenvalue 2, and the norm of its l-th power is
    √200 · 2^(l−1).

    Source: Pascanu et al. 2013, sec. 2.1: σ₁ > 1 is necessary to explode; that ρ decides
            nothing follows from W² = 0
    """
    import torch

    from rnnviz.recording import record

    weights, resting = (torch.tensor(each, dtype=torch.float64) for each in (W, RESTING))
    with torch.random.fork_rng(devices=[]):
        layer = torch.nn.RNN(1, 2, dtype=torch.float64)
    with torch.no_grad():
        named = dict(layer.named_parameters())
        for parameter in named.values():
            parameter.zero_()
        named["weight_hh_l0"].copy_(weights)
        named["bias_ih_l0"].copy_(torch.atanh(resting) - weights @ resting)
    targets = torch.full((STEPS, 1, 2), np.nan, dtype=torch.float64)
    targets[-1] = 0.0
    return record(
        layer,
        torch.zeros(STEPS, 1, 1, dtype=torch.float64),
        targets,
        loss="squared",
        state=resting.reshape(1, 1, 2),
    )

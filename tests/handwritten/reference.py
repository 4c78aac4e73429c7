"""What recordings are compared with: autograd, one loss at a time, in an ordinary run."""

from contextlib import contextmanager
from copy import deepcopy

import torch
from torch import nn
from torch.utils._pytree import tree_leaves

from rnnviz.recording.custom.naming import named_by


class Collected:
    """Keeps the very tensors that are named, in an ordinary run."""

    def __init__(self):
        self.found = {}

    def state(self, value, name, batch):
        if not value.requires_grad:  # as of a reservoir, which is not trained
            value.requires_grad_()
        self.found.setdefault(name, []).append(value)
        return value

    def gate(self, value, name):
        pass


@contextmanager
def collecting(case, model):
    """Keep the states of a run: those that the code names, or that its module returns."""
    collected = Collected()
    states = case.states
    with named_by(collected):
        if states is None:
            yield collected.found
            return
        paths = [
            path
            for path, part in model.named_modules()
            if path == states or (isinstance(states, type) and isinstance(part, states))
        ]
        setattr(model, paths[0], Around(getattr(model, paths[0]), collected, case.returned))
        yield collected.found


class Around(nn.Module):
    """A module, whose states are kept."""

    def __init__(self, part, collected, returned):
        super().__init__()
        self.part, self.collected, self.returned = part, collected, returned

    def forward(self, *args):
        result = self.part(*args)
        for at, value in enumerate(tree_leaves(self.returned(result))):
            self.collected.state(value, str(at), 0)
        return result


def rows(value):
    """A state, or its gradient, as rows of real numbers."""
    value = value[0] if value.dim() == 3 and len(value) == 1 else value  # a layer called stepwise
    value = value if value.dim() > 1 else value[None]
    return (torch.view_as_real(value.resolve_conj()) if value.is_complex() else value).reshape(
        len(value), -1
    )


def by_autograd(case):
    """All states, and ∂L_t/∂h_k by one autograd.grad for each loss: (loss, time, batch, entry)."""
    # TorchScript's optimised graphs join what is made in one step
    with torch.random.fork_rng(), torch.jit.optimized_execution(False):
        torch.manual_seed(0)
        model = deepcopy(case.model)
        with collecting(case, model) as found:
            inputs = case.inputs if isinstance(case.inputs, tuple) else (case.inputs,)
            output = model(*inputs)
    states = [list(step) for step in zip(*found.values(), strict=True)]
    losses = 0.5 * (output - case.targets).square().sum(-1)
    if output.dim() == 2:
        losses = losses[None]
    elif len(losses) != len(states):
        losses = losses.T
    table = []
    for loss in losses:
        flat = [each for step in states for each in step]
        live = [each for each in flat if each.requires_grad]
        found_at = iter(torch.autograd.grad(loss.sum(), live, retain_graph=True, allow_unused=True))
        row = []
        for step in states:
            parts = []
            for each in step:
                gradient = next(found_at) if each.requires_grad else None
                parts.append(rows(torch.zeros_like(each) if gradient is None else gradient))
            row.append(torch.cat(parts, -1))
        table.append(torch.stack(row))
    values = torch.stack([torch.cat([rows(each) for each in step], -1) for step in states])
    return values.detach().numpy(), torch.stack(table).numpy()

"""The Jacobians of a module that makes all steps in one call.

The states before all steps are known from the first run. So the module can take every step of every
sequence as one large batch, in whose graph all Jacobians are a few products.
"""

import torch
from torch import Tensor, nn

from rnnviz.recording.custom.cutting import Cut
from rnnviz.recording.custom.modules import flat
from rnnviz.recording.custom.products import products
from rnnviz.recording.custom.step_jacobians import StepJacobians, identity, inverse


def at_once(cut: Cut, module: nn.Module | None) -> StepJacobians | None:
    """Return the Jacobians of a module that makes all steps in one call, as one large batch.

    None if it is no function of states and inputs that have a row for each sequence.
    """
    seen = cut.seen
    entering, inputs = seen.arguments, seen.inputs
    if module is None or entering is None or seen.before is None or inputs.rows is None:
        return None
    if any(form.axis != 0 or len(form.shape) != 2 for form in seen.forms.values()):
        return None
    time, batch, size = seen.rows.shape
    before = torch.cat([seen.before[None], seen.rows[:-1]]).flatten(0, 1).requires_grad_()
    x = inputs.rows.flatten(0, 1).detach().clone().requires_grad_()
    given = list(entering.others)
    for at, part in zip(inputs.arguments, x.split(entering.widths, dim=-1), strict=True):
        given[at] = part
    for at, place in zip(entering.states, cut.places.values(), strict=True):
        given[at] = before[:, place]
    try:
        args, kwargs = entering.joined(given)
        leaves, _ = flat(module(*args, **kwargs))
    except Exception:  # a module that knows its batch, or keeps something from step to step
        return None
    made = [leaves[place] for place in seen.results[inputs.path].values()]
    expected = seen.rows.flatten(0, 1)
    alike = [
        isinstance(each, Tensor)
        and each.requires_grad
        and each.shape == expected[:, place].shape
        and torch.allclose(each, expected[:, place], rtol=1e-4, atol=1e-6)
        for each, place in zip(made, cut.places.values(), strict=True)
    ]
    if not all(alike):
        return None
    kept = torch.promote_types(expected.dtype, torch.float32)
    whole = torch.zeros(len(expected), size, size + x.shape[1], dtype=kept, device=expected.device)
    inside = torch.zeros(len(expected), size, size, dtype=kept, device=expected.device)
    columns = (slice(0, size), slice(size, None))
    for each, place in zip(made, cut.places.values(), strict=True):
        eye = torch.eye(each.shape[1], dtype=each.dtype, device=each.device)
        rows = eye[:, None].expand(-1, len(each), -1)
        others = zip(made, cut.places.values(), strict=True)
        earlier = [(other, its) for other, its in others if other is not each]
        found = products([each], [before, x, *(other for other, _ in earlier)], [rows])
        for part, some in zip(found, columns, strict=False):
            if part is not None:
                whole[:, place, some] = part.transpose(0, 1).to(kept)
        for part, (_, there) in zip(found[2:], earlier, strict=True):
            if part is not None:
                inside[:, place, there] = part.transpose(0, 1).to(kept)
    states, within = len(made), None
    if bool(inside.any()):
        apart = inverse(-inside, states)
        whole, within = apart @ whole, identity(inside) - apart
    shaped = whole.reshape(time, batch, size, -1)
    direct = shaped[..., :size].clone()
    direct[0] = 0  # the state before the first step is none of the recorded ones
    within = within if within is None else within.reshape(time, batch, size, size)
    return StepJacobians(states, direct, within, shaped[..., size:].contiguous())

"""Autograd's gradients of the parameters, and the check that the backward pass missed no path."""

from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor, nn

from rnnviz.errors import RecordingError
from rnnviz.recording.bptt import Tables
from rnnviz.recording.effective_weights import EffectiveWeights
from rnnviz.recording.failures import SteppedError
from rnnviz.recording.layer_run import LayerRun

GRADIENT_TOLERANCE: Final = {
    torch.float64: 1e-8,
    torch.float32: 1e-3,
    torch.float16: 1e-1,
    torch.bfloat16: 3e-1,
}
"""By how much two sums of the same gradients may differ, relative to their terms."""


def parameter_gradients(used: EffectiveWeights, total: Tensor) -> dict[str, Tensor]:
    """Return ∂L of every parameter, and of every effective weight made from parameters.

    Raises: RecordingError if the loss depends on no parameter, or a gradient is not finite
    """
    if not total.requires_grad:
        raise RecordingError("the loss does not depend on the model's parameters")
    named: dict[str, list[Tensor]] = {name: [each] for name, each in used.parameters.items()}
    named |= used.effective
    wanted = [each for tensors in named.values() for each in tensors if each.requires_grad]
    found = iter(torch.autograd.grad(total, wanted, allow_unused=True))
    gradients = {}
    for name, tensors in named.items():
        parts = [next(found) for each in tensors if each.requires_grad]
        dense = [part.to_dense() for part in parts if part is not None]
        gradient = (
            sum(dense[1:], dense[0]) if dense else torch.zeros_like(tensors[0], dtype=total.dtype)
        )
        if not gradient.isfinite().all():
            raise RecordingError(
                f"the gradient of {name!r} is not finite: it explodes over time; record fewer "
                "steps, or a network with smaller weights"
            )
        gradients[name] = gradient
    return gradients


def check_sums(run: LayerRun, tables: Tables, gradients: Mapping[str, Tensor]) -> None:
    """Check that the terms of all steps add up to autograd's gradients of the layer's weights.

    A gradient that is zero except for rounding has no scale of its own. The scale is then that of
    the largest gradient in the model, since its parts cancel.

    Raises: RecordingError if they do not
    """
    layer = run.layer
    greatest = max(float(gradient.abs().max()) for gradient in gradients.values())
    prefix = f"{layer.name}." if layer.name else ""
    for (index, way), at_gates in tables.last_at_gates.items():
        steps = run.steps[index][way]
        weights = run.weights[index][way]
        for kind, weight, back, entered in (
            ("weight_ih", weights.weight_ih, at_gates[0], steps.x),
            ("weight_hh", weights.weight_hh, at_gates[1], steps.before),
        ):
            name = prefix + layer.name_of(kind, index, way)
            left, right = back.flatten(0, 1), entered.flatten(0, 1)
            apart = (left.T @ right - gradients[name]).abs().max()
            rounding = 64 * torch.finfo(weight.dtype).eps * greatest
            tolerance = GRADIENT_TOLERANCE[weight.dtype]
            size = float((left.abs().T @ right.abs()).max()) + rounding / tolerance
            error = float(apart) / size if size > 0 else float(apart)
            if not error <= tolerance:
                raise SteppedError(
                    f"the gradients of all steps do not add up to autograd's gradient of {name!r}: "
                    f"they differ by {error:.1e} of its size; the layer reaches the loss along a "
                    "path that is not recorded"
                )


def difference(
    sums: Mapping[str, Tensor], gradients: Mapping[str, Tensor], dtype: torch.dtype
) -> dict[str, float]:
    """Return by how much of its size each sum differs from a gradient, where that is too much.

    ``dtype`` is that of the states, which may be narrower than the parameters.
    The size of a gradient whose parts cancel is that of the largest gradient's rounding.
    """
    greatest = max((float(each.abs().max()) for each in gradients.values()), default=0.0)
    found = {}
    for name, summed in sums.items():
        gradient = gradients[name]
        tolerance = max(GRADIENT_TOLERANCE[gradient.dtype], GRADIENT_TOLERANCE[dtype])
        rounding = 64 * torch.finfo(gradient.dtype).eps * greatest
        size = float(gradient.abs().max()) + rounding / tolerance
        apart = float((summed - gradient).abs().max())
        error = apart / size if size > 0 else apart
        if not error <= tolerance:
            found[name] = error
    return found


def check_uses_copy(model: nn.Module, copy: nn.Module, total: Tensor) -> None:
    """Refuse a forward that uses parameters of the original model instead of its copy's.

    Raises: RecordingError if the total depends on one
    """
    copied = {id(each) for each in copy.parameters()}
    named = {
        name: each
        for name, each in model.named_parameters()
        if each.requires_grad and id(each) not in copied
    }
    if not named or not total.requires_grad:
        return
    reached = torch.autograd.grad(total, [*named.values()], retain_graph=True, allow_unused=True)
    for name, gradient in zip(named, reached, strict=True):
        if gradient is not None:
            raise RecordingError(
                f"the forward uses {name!r} through something that is not copied with the model, "
                "such as a closure, a weak reference or a global; use it through self, as a "
                "recording works on a copy"
            )

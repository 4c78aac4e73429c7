"""Which Linear of a model alone turns the states of the top layer into the output."""

from collections.abc import Mapping, Sequence
from typing import Final

import torch
from torch import Tensor, nn

from rnnviz.recording.call_format import last_of
from rnnviz.recording.effective_weights import EffectiveWeights
from rnnviz.recording.gradient_checks import GRADIENT_TOLERANCE
from rnnviz.recording.layouts import Layout
from rnnviz.recording.runs import Run

_ROUNDING: Final = {
    torch.float64: 1e-12,
    torch.float32: 1e-5,
    torch.float16: 4 * 2.0**-10,
    torch.bfloat16: 4 * 2.0**-7,
}
"""By how much a Linear's output may differ when it is computed again, relative to its largest."""


def find_output_layer(
    used: EffectiveWeights,
    shared: Mapping[str, str],
    run: Run,
    top: Sequence[Tensor],
    given: Tensor,
    output: Tensor,
    layout: Layout | None,
    entries: slice = slice(None),
) -> str | None:
    """Return the module path of the Linear that alone makes the output, or None.

    With the recorded weights it must give the same numbers and the same gradients, so a Linear
    whose result is changed by a hook or by its own forward does not count. ``given`` is the output
    of the model, ``output`` that of the replay with the states ``top`` as leaves, of which it reads
    some ``entries``.
    """
    if layout is None or not output.requires_grad:
        return None
    made, of_model = layout.output(output), layout.output(given)
    drawn = torch.rand(made.shape, generator=torch.Generator().manual_seed(0)) + 0.5
    weighting = drawn.to(made.device, made.dtype)
    if run.mask is not None and not layout.whole:
        weighting = weighting * run.mask
    every = torch.cat([state[..., entries] for state in top], dim=-1)
    read = [every]
    if layout.whole:
        ends = [
            last_of(state[..., entries], run.lengths, way)[None] for way, state in enumerate(top)
        ]
        read = [torch.cat(ends, dim=-1), every[-1:]]
    twice = {*shared, *shared.values()}
    for name, part in used.linears.items():
        names = [f"{name}.{kind}" if name else kind for kind in ("weight", "bias")]
        held = [used.first(shared.get(each, each)) for each in names]
        weight, bias = (None if each is None else each.detach() for each in held)
        if (
            weight is None
            or weight.shape[1] != every.shape[-1]
            or (bias is None) != (part.bias is None)
        ):
            continue
        own = [
            tensor
            for each, tensor in zip(names, held, strict=True)
            if tensor is not None and each not in twice
        ]
        for states in read:
            entered = states.to(weight.dtype)
            again = nn.functional.linear(entered, weight, bias)
            if again.shape != made.shape or not _same(again.detach(), made.detach()):
                continue
            back = weighting.to(weight.dtype).flatten(0, -2)
            expected = [
                *_gradients((weighting * again).sum(), top),
                *(
                    back.sum(0) if tensor is held[1] else back.T @ entered.detach().flatten(0, -2)
                    for tensor in own
                ),
            ]
            found = [
                *_gradients((weighting * made).sum(), top),
                *_gradients((weighting * of_model).sum(), own),
            ]
            if all(map(_same_gradient, found, expected)):
                return name
    return None


def _gradients(total: Tensor, of: Sequence[Tensor]) -> list[Tensor]:
    """Return the gradients of a total, zero for what it does not depend on, and keep its graph."""
    if not of or not total.requires_grad:
        return [torch.zeros_like(each) for each in of]
    found = torch.autograd.grad(total, of, retain_graph=True, allow_unused=True)
    return [
        torch.zeros_like(each) if gradient is None else gradient.to_dense()
        for each, gradient in zip(of, found, strict=True)
    ]


def _same_gradient(got: Tensor, expected: Tensor) -> bool:
    return _within(got, expected, GRADIENT_TOLERANCE.get(got.dtype, 0.0))


def _same(got: Tensor, expected: Tensor) -> bool:
    return _within(got, expected, _ROUNDING.get(got.dtype, 0.0))


def _within(got: Tensor, expected: Tensor, tolerance: float) -> bool:
    bound = tolerance * float(expected.abs().max())
    return float((got - expected.to(got.dtype)).abs().max()) <= bound

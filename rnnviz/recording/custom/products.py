"""Vector-Jacobian products, one at a time or many together."""

import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import GradientEdge

Inputs = Sequence[Tensor | GradientEdge]


def product(
    outputs: Sequence[Tensor], inputs: Inputs, vectors: Sequence[Tensor]
) -> list[Tensor | None]:
    """Return Σ vectorᵀ ∂output/∂input for each input, None where there is no path.

    The graph is kept. Outputs without a gradient count for nothing.
    """
    live = [at for at, output in enumerate(outputs) if output.requires_grad]
    if not live or not inputs:
        return [None] * len(inputs)
    return list(
        torch.autograd.grad(
            [outputs[at] for at in live],
            inputs,  # type: ignore[arg-type]
            [vectors[at] for at in live],
            retain_graph=True,
            allow_unused=True,
        )
    )


def products(
    outputs: Sequence[Tensor], inputs: Inputs, vectors: Sequence[Tensor]
) -> list[Tensor | None]:
    """Return the same for many vectors, which have an axis in front: (vector, …) for each input.

    They go back together, or one after another where an operation cannot do that.
    """
    live = [at for at, output in enumerate(outputs) if output.requires_grad]
    if not live or not inputs:
        return [None] * len(inputs)
    ends, along = [outputs[at] for at in live], [vectors[at] for at in live]
    settings: dict[str, Any] = {"retain_graph": True, "allow_unused": True}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an operation that vmap does one by one
            return list(
                torch.autograd.grad(ends, inputs, along, is_grads_batched=True, **settings)  # type: ignore[arg-type]
            )
    except RuntimeError:  # an operation that vmap does not know
        rows = [
            torch.autograd.grad(ends, inputs, [each[row] for each in along], **settings)  # type: ignore[arg-type]
            for row in range(len(along[0]))
        ]
        return [
            None if any(each is None for each in column) else torch.stack(column)
            for column in map(list, zip(*rows, strict=True))
        ]

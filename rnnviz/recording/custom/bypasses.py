"""Tensors that carry something from step to step beside the named states.

In the graph of a run whose states are cut, a step may reach what was made before the first step,
what it has made itself, and states. What it reaches besides, of an earlier step, was carried past
the states.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import GradientEdge

from rnnviz.errors import RecordingError
from rnnviz.recording.custom.cutting import Cut, Made
from rnnviz.recording.custom.products import product
from rnnviz.recording.failures import place_in_stack


@dataclass(frozen=True)
class Bypass:
    """An edge by which a state was made from a tensor of an earlier step that is no state."""

    edge: GradientEdge
    made: Made
    step: int

    @property
    def tensor(self) -> str:
        """What the tensor is, and where it was made if that is known."""
        node: Any = self.edge.node
        kind = node.name().rstrip("0123456789").removesuffix("Backward")
        shape = tuple(node._input_metadata[self.edge.output_nr].shape)
        line = place_in_stack(node.metadata.get("traceback_", []))
        where = f"in step {self.step + 1}" + (f" ({line})" if line else "")
        return f"a tensor of shape {shape} that {kind} made {where}"


def check_no_bypass(
    cut: Cut,
    run_again: Callable[[], Cut],
    sums: Callable[[], Mapping[str, Tensor]],
    gradients: Mapping[str, Tensor],
) -> None:
    """Refuse a run in which gradients pass from step to step beside the named states.

    ``sums`` adds up the parameters' gradients over all steps; ``gradients`` are autograd's.

    Raises: RecordingError with the tensor, and with the parameter whose sum lacks most without it
    """
    first = next((each for each in _bypasses(cut) if _passes(each)), None)
    if first is None:
        return
    lacking = _lacking(cut, sums, gradients)
    with torch.autograd.set_detect_anomaly(True, check_nan=False):  # to know the line of code
        told = next((each for each in _bypasses(run_again()) if _passes(each)), first)
    raise RecordingError(
        f"{lacking}{told.tensor} enters step {told.made.step + 1} beside the named states; name it "
        "as well, as in c = rnnviz.state(c, 'c'), or detach it"
    )


def _lacking(
    cut: Cut, sums: Callable[[], Mapping[str, Tensor]], gradients: Mapping[str, Tensor]
) -> str:
    """Return which parameter's sum over the steps lacks most without what passes the states."""
    hooks = [
        bypass.edge.node.register_prehook(lambda given: tuple(each * 0 for each in given))
        for bypass in _bypasses(cut)
    ]
    try:
        found = sums()
    finally:
        for hook in hooks:
            hook.remove()
    apart = {
        name: float((found[name] - gradient).abs().max() / gradient.abs().max())
        for name, gradient in gradients.items()
        if name in found and bool(gradient.any())
    }
    if not apart or max(apart.values()) == 0:
        return ""
    name = max(apart, key=lambda each: apart[each])
    return (
        f"the gradients of all steps do not add up to autograd's gradient of {name!r}: they differ "
        f"by {apart[name]:.1e} of its size, since "
    )


def _passes(bypass: Bypass) -> bool:
    """Whether a gradient that is not zero passes."""
    (found,) = product([bypass.made.rows], [bypass.edge], [torch.ones_like(bypass.made.rows)])
    return found is not None and bool(found.any())


def _bypasses(cut: Cut) -> Iterator[Bypass]:
    ends = [each.ended for each in cut.made]
    steps = [each.step for each in cut.made]
    for made in cut.made:
        if made.rows.grad_fn is None or made.step == 0:
            continue
        waiting: list[Any] = [made.rows.grad_fn]
        seen: set[Any] = set(waiting)
        while waiting:
            node = waiting.pop()
            for below, number in node.next_functions:
                if below is None or below in seen or below in cut.leaves:
                    continue
                seen.add(below)
                at = bisect_left(ends, below._sequence_nr())
                step = steps[at] if at < len(steps) else made.step
                if step >= made.step:
                    waiting.append(below)
                elif step > 0:
                    yield Bypass(GradientEdge(below, number), made, step)

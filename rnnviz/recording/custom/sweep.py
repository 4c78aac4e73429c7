"""The gradients of many losses, back through steps whose states are cut.

Where the Jacobians of the steps are known, a step back is a product with one of them. Otherwise it
is a vector-Jacobian product in the step's own graph, which holds for any step: one that reads
several states before it, or sequences that read each other.
"""

from collections.abc import Mapping
from typing import Any, Final

import torch
from torch import Tensor

from rnnviz.recording.bptt import ImmediateSource, Rows, Tables, without_vanished
from rnnviz.recording.custom.cutting import Cut, Made
from rnnviz.recording.custom.jacobians import parts_of
from rnnviz.recording.custom.products import products
from rnnviz.recording.custom.step_jacobians import StepJacobians

_AT_ONCE: Final = 1 << 24
"""The most numbers that products give at once."""
_LONGEST: Final = 16
_CHECK_EVERY: Final = 4
"""Check for vanished gradients every this many steps, before products of them are denormal."""
_IN_BLOCK: Final = 1 << 21
"""The most numbers in a block of steps, which is contiguous in memory."""


def by_jacobians(
    jacobians: StepJacobians, tables: Tables, source: ImmediateSource, reach: Rows
) -> None:
    """Fill the tables by products with the Jacobians of the steps."""
    table = tables.h[:, 0, 0]
    losses, time, batch, size = table.shape
    spread = jacobians.spread()
    length = max(1, min(time, _LONGEST, _IN_BLOCK // (batch * losses * size)))
    arriving = table.new_zeros(batch, losses, size)
    for first in reversed(range(0, time, length)):
        stop = min(first + length, time)
        among = slice(*reach(first).indices(losses))
        found = table.new_zeros(stop - first, batch, among.stop - among.start, size)
        source.add(found, among, 0, 0, first)
        found[-1] += arriving[:, among]
        for step in range(stop - 1, first - 1, -1):
            begin = reach(step).indices(losses)[0] - among.start
            delta = found[step - first][:, begin:]
            if spread is not None:
                delta.copy_(delta @ spread[step])
            if step % _CHECK_EVERY == 0:
                delta.copy_(without_vanished(delta))
            if step > first:
                found[step - 1 - first][:, begin:].baddbmm_(delta, jacobians.direct[step])
            else:
                torch.bmm(delta, jacobians.direct[step], out=arriving[:, among])
        table[among, first:stop] = found.permute(2, 0, 1, 3)
        if jacobians.of_input is not None:
            entered = found @ jacobians.of_input[first:stop]
            tables.x[among, first:stop] = entered.permute(2, 0, 1, 3)


def by_graphs(cut: Cut, tables: Tables, source: ImmediateSource, reach: Rows) -> Tensor:
    """Fill the tables by vector-Jacobian products, from the state that was made last.

    What reaches a state within the operation that also makes another one is in the table, but goes
    back from that other one. The table without it is returned.
    """
    table = tables.h[:, 0, 0]
    losses, time, batch, size = table.shape
    for step in range(time):
        found = table.new_zeros(1, batch, losses, size)
        source.add(found, slice(0, losses), 0, 0, step)
        table[:, step] = found[0].transpose(0, 1)
    inside: dict[tuple[str, int], Tensor] = {}
    reads = read_steps(cut)
    edges = {(each.name, each.step): each.edge for each in cut.made}
    for made in reversed(cut.made):
        steps = reads[made.name, made.step]
        others = [
            name for name in cut.places if name != made.name and edges[name, made.step] is not None
        ]
        rows = slice(*reach(made.step).indices(losses))
        given = table[rows, made.step][..., cut.places[made.name]].to(made.rows.dtype)
        at = [*(cut.parts[step] for step in steps), *(edges[name, made.step] for name in others)]
        parts = iter(products([made.rows], at, [given.contiguous()]))  # type: ignore[arg-type]
        for step in steps:
            part = next(parts)
            if part is not None:
                table[rows, step] += part
        for name in others:
            part = next(parts)
            if part is None or not bool(part.any()):
                continue
            form, there = cut.seen.forms[name], (name, made.step)
            kept = inside.setdefault(there, table.new_zeros(losses, batch, form.size))
            kept[rows] += torch.stack([form.rows(each) for each in part])
    passed = table
    if inside:
        passed = table.clone()
        for (name, step), part in inside.items():
            table[:, step, :, cut.places[name]] += part
    return passed


def inputs_by_graphs(cut: Cut, tables: Tables, passed: Tensor) -> None:
    """Fill the table of inputs by products through all steps, for some losses at a time.

    ``passed`` is what each state passes on, (loss, time, batch, entry).
    """
    if not cut.edges:
        return
    losses = len(passed)
    at_once = max(1, _AT_ONCE // (passed[0].numel() + tables.x[0].numel()))
    outputs = [each.rows for each in cut.made]
    for first in range(0, losses, at_once):
        some = slice(first, first + at_once)
        given = parts_of(passed[some].to(cut.leaf.dtype), cut, cut.made)
        found = products(outputs, cut.edges, [each.contiguous() for each in given])
        at_inputs = cut.at_inputs(found, len(passed[some]))
        if at_inputs is not None:
            tables.x[some] = at_inputs


def read_steps(cut: Cut) -> Mapping[tuple[str, int], list[int]]:
    """Return the steps whose states each state was made from, by its name and step.

    It is what the graph says, where a gradient may be zero.
    """
    unbound: Any = cut.parts[0].grad_fn
    apart: set[Any] = set()
    """Nodes from which no state is reached."""
    return {(made.name, made.step): sorted(_reached(made, unbound, apart)) for made in cut.made}


def _reached(made: Made, unbound: Any, apart: set[Any]) -> set[int]:
    found: set[int] = set()
    if made.rows.grad_fn is None:
        return found
    waiting, seen = [made.rows.grad_fn], {made.rows.grad_fn}
    while waiting:
        node = waiting.pop()
        for below, number in node.next_functions:
            if below is unbound:
                found.add(number)
            elif below is not None and below not in seen and below not in apart:
                seen.add(below)
                waiting.append(below)
    if not found:
        apart |= seen
    return found

"""What enters each step of a recurrence: x_t, where the user has named nothing but states."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from rnnviz.recording.custom.modules import Called, Joined
from rnnviz.recording.custom.operations import Place, Taken

NONE = "none that is taken step by step"


@dataclass(frozen=True)
class StepInputs:
    """x_t of each step, and where it comes from.

    ``places`` are the operations that take it, one for each step; ``arguments`` the places of
    several parts of it among the arguments of a module of a path.

    Shapes: rows (time, batch, entry), None if there is no input
    """

    what: str
    rows: Tensor | None
    places: tuple[Place, ...] = ()
    path: str = ""
    arguments: tuple[int, ...] = ()


@dataclass(frozen=True)
class Entering:
    """How a module is called at every step, by the places of its flattened arguments.

    ``states`` are where its states enter, in order, ``widths`` the entries of each input, and
    ``others`` the arguments of a call, of which those of states and inputs are replaced.
    """

    states: tuple[int, ...]
    widths: tuple[int, ...]
    others: tuple[Any, ...]
    joined: Joined


def entering_of(
    calls: Sequence[Called], results: Sequence[int], inputs: StepInputs
) -> Entering | None:
    """Return how the calls of a module go, or None if tensors enter that are no input or state."""
    if len(calls) < 2:
        return None
    arguments, found = calls[1].arguments, []
    for result in results:
        places = [at for at, each in enumerate(arguments) if each is calls[0].results[result]]
        if len(places) != 1:
            return None
        found += places
    known = {*found, *inputs.arguments}
    if any(isinstance(each, Tensor) for at, each in enumerate(arguments) if at not in known):
        return None
    if any(arguments[at].dim() != 2 for at in inputs.arguments):
        return None
    widths = tuple(arguments[at].shape[1] for at in inputs.arguments)
    return Entering(tuple(found), widths, tuple(arguments), calls[1].joined)


def inputs_of_modules(
    calls: Mapping[str, Sequence[Called]], results: Mapping[str, Mapping[str, int]], batch: int
) -> StepInputs | None:
    """Return the arguments of a module's steps that are not its states, or None without any.

    What is the same tensor in each call, such as an encoder's memory, enters no single step.
    """
    path, made = next(iter(calls.items()))
    states = set(results[path].values())
    chosen = []
    for at, first in enumerate(made[0].arguments):
        if not _is_input(first, batch):
            continue
        every = [call.arguments[at] if at < len(call.arguments) else None for call in made]
        if any(not isinstance(each, Tensor) or each.shape != first.shape for each in every):
            continue
        same = len(made) > 1 and all(each is first for each in every)
        fed_back = any(
            every[k + 1] is made[k].results[place] for k in range(len(made) - 1) for place in states
        )
        if not same and not fed_back and not (len(made) == 1 and at > 0):
            chosen.append(at)
    if not chosen:
        return None
    rows = torch.stack(
        [
            torch.cat([_rows(call.arguments[at], batch) for at in chosen], dim=-1).detach()
            for call in made
        ]
    )
    named = f"the arguments of {path!r}" if path else "the arguments of the model"
    return StepInputs(named, rows, path=path, arguments=tuple(chosen))


def inputs_taken(
    taken: Sequence[Taken], steps: int, batch: int, states: Sequence[Tensor]
) -> StepInputs:
    """Return what is taken, one part for each step, from a tensor that no state reaches."""
    nodes = {each.grad_fn for each in states if each.grad_fn is not None}
    fits = [each for each in taken if _is_input(each.value, batch)]
    for found in (_at_once(fits, steps), *_of_one_source(fits, steps), *_in_turn(fits, steps)):
        if found and not any(_reaches(each.value, nodes) for each in found[:2]):
            rows = torch.stack([_rows(each.value, batch).detach() for each in found])
            return StepInputs(
                "what each step takes of the sequence", rows, tuple(each.place for each in found)
            )
    return StepInputs(NONE, None)


def _at_once(taken: Sequence[Taken], steps: int) -> list[Taken]:
    """The parts of the first tensor that is divided into as many as there are steps."""
    operations: dict[int, list[Taken]] = {}
    for each in taken:
        if each.step == 0:
            operations.setdefault(each.place.operation, []).append(each)
    fits = [parts for parts in operations.values() if len(parts) == steps > 1]
    return fits[0] if fits else []


def _of_one_source(taken: Sequence[Taken], steps: int) -> list[list[Taken]]:
    """The parts that are taken of one tensor, one in each step."""
    sources: dict[int, list[Taken]] = {}
    for each in taken:
        if each.step < steps:
            sources.setdefault(each.source, []).append(each)
    return [parts for parts in sources.values() if _one_a_step(parts, steps)]


def _in_turn(taken: Sequence[Taken], steps: int) -> list[list[Taken]]:
    """The first part that is taken in each step, the second one, and so on."""
    by_step: list[list[Taken]] = [[] for _ in range(steps)]
    for each in taken:
        if each.step < steps:
            by_step[each.step].append(each)
    count = min(map(len, by_step), default=0)
    turns = [[parts[at] for parts in by_step] for at in range(count)]
    return [parts for parts in turns if _one_a_step(parts, steps)]


def _one_a_step(parts: Sequence[Taken], steps: int) -> bool:
    shapes = {each.value.shape for each in parts}
    return [each.step for each in parts] == list(range(steps)) and len(shapes) == 1


def _is_input(value: Any, batch: int) -> bool:
    """Whether a value is a tensor of floats with a row for each sequence."""
    if not isinstance(value, Tensor) or not value.is_floating_point() or not value.dim():
        return False
    return value.shape[0] == batch if value.dim() > 1 or batch > 1 else batch == 1


def _rows(value: Tensor, batch: int) -> Tensor:
    return value.reshape(batch, -1)


def _reaches(value: Tensor, nodes: set[Any]) -> bool:
    """Whether a tensor depends on one of these nodes of the graph."""
    waiting = [value.grad_fn] if value.grad_fn is not None else []
    seen = set(waiting)
    while waiting:
        node = waiting.pop()
        if node in nodes:
            return True
        for below, _ in node.next_functions:
            if below is not None and below not in seen:
                seen.add(below)
                waiting.append(below)
    return False

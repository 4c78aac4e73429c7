"""The Jacobians of all steps at once.

The graphs of the steps are apart, since the states are cut. So one product with a row of the
identity at every state gives that row of every step's Jacobian, and all rows go back together. What
was found is checked by one more product, with random vectors, which also shows whether a step reads
other states than those before it, or one sequence another.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from rnnviz.recording.custom.cutting import Cut, Made
from rnnviz.recording.custom.one_call import at_once
from rnnviz.recording.custom.products import product, products
from rnnviz.recording.custom.step_jacobians import StepJacobians, identity, inverse
from rnnviz.recording.gradient_checks import GRADIENT_TOLERANCE

_AT_ONCE: Final = 1 << 24
"""The most numbers that products give at once."""


def jacobians_of(cut: Cut, module: nn.Module | None) -> StepJacobians | None:
    """Return the Jacobians of all steps, or None where they do not say how gradients pass.

    That is where a step reads other states than those before it, or one sequence another's.
    ``module`` makes a step, if there is one module that does.
    """
    vectors = _drawn(cut.seen.rows)
    expected = _at_states_and_inputs(cut, vectors)
    found = at_once(cut, module)
    if found is not None and _agree(found, vectors, expected):
        return found
    found = _found(cut, [cut.made], within=False)
    if not _agree(found, vectors, expected):
        if len(cut.places) == 1:
            return None
        by_parity = [[each for each in cut.made if each.step % 2 == parity] for parity in (0, 1)]
        found = _found(cut, by_parity, within=True)
        if not _agree(found, vectors, expected):
            return None
    return _separated(found, _inside(cut))


def _separated(found: StepJacobians, inside: Tensor | None) -> StepJacobians:
    """Return Jacobians with the other states of a step held fixed, from those of the graph.

    In the graph a state is not fixed where another is made from it by the same operation;
    ``inside`` are the derivatives by such states.
    """
    if inside is None:
        return found
    eye = identity(inside)
    apart = inverse(-inside, found.states)
    within = eye - apart if found.within is None else eye - apart + apart @ found.within
    of_input = None if found.of_input is None else apart @ found.of_input
    return StepJacobians(found.states, apart @ found.direct, within, of_input, apart)


def _inside(cut: Cut) -> Tensor | None:
    """Return ∂state/∂other where the graph of a state goes through another of its step.

    Shapes: → (time, batch, entry, entry), None if there is none
    """
    time, batch, size = cut.seen.rows.shape
    inside = None
    for name, place in cut.places.items():
        chosen = [each for each in cut.made if each.name == name]
        for other, at in cut.places.items():
            reached = [
                (each, earlier.edge)
                for each, earlier in _pairs(cut, chosen, other)
                if earlier.edge is not None
            ]
            if other == name or not reached:
                continue
            rows = slice(0, place.stop - place.start)
            states = [each for each, _ in reached]
            found = products(
                [each.rows for each in states],
                [edge for _, edge in reached],
                _unit_rows(states, rows),
            )
            form = cut.seen.forms[other]
            for state, part in zip(states, found, strict=True):
                if part is None or not bool(part.any()):
                    continue
                if inside is None:
                    kept = torch.promote_types(cut.seen.rows.dtype, torch.float32)
                    inside = torch.zeros(time, batch, size, size, dtype=kept, device=part.device)
                made = torch.stack([form.rows(each) for each in part])
                inside[state.step, :, place, at] = made.transpose(0, 1).to(inside.dtype)
    return inside


def _pairs(cut: Cut, made: Sequence[Made], other: str) -> Iterator[tuple[Made, Made]]:
    """Yield each state with the other one of its step."""
    others = {each.step: each for each in cut.made if each.name == other}
    for each in made:
        yield each, others[each.step]


def parts_of(rows: Tensor, cut: Cut, made: Sequence[Made]) -> list[Tensor]:
    """Return the part of each state in rows (…, time, batch, entry)."""
    return [rows[..., each.step, :, cut.places[each.name]] for each in made]


def _found(cut: Cut, groups: Sequence[Sequence[Made]], *, within: bool) -> StepJacobians:
    """Return the Jacobians from products with the rows of the identity.

    With ``within`` the states of even and of odd steps are in two groups, so that what arrives at a
    state comes either from the step after it or from its own.
    """
    rows = cut.seen.rows
    time, batch, size = rows.shape
    inputs = cut.seen.inputs.rows
    kept = torch.promote_types(rows.dtype, torch.float32)
    direct = torch.zeros(time, batch, size, size, dtype=kept, device=rows.device)
    inner = torch.zeros_like(direct) if within else None
    of_input = None
    if inputs is not None and all(cut.entered):
        of_input = direct.new_zeros(time, batch, size, inputs.shape[-1])
    for parity, made in enumerate(groups):
        for name, place in cut.places.items():
            chosen = [each for each in made if each.name == name]
            width = place.stop - place.start
            at_once = max(1, _AT_ONCE // rows.numel())
            for first in range(0, width, at_once):
                some = slice(first, min(first + at_once, width))
                here = slice(place.start + some.start, place.start + some.stop)
                found = products(
                    [each.rows for each in chosen],
                    [*cut.parts, *cut.edges],
                    _unit_rows(chosen, some),
                )
                for step, part in enumerate(found[:time]):
                    if part is None:
                        continue
                    own = within and step % 2 == parity
                    if own:
                        assert inner is not None
                        inner[step, :, here] = part.transpose(0, 1).to(kept)
                    elif step + 1 < time:
                        direct[step + 1, :, here] = part.transpose(0, 1).to(kept)
                at_inputs = cut.at_inputs(found[time:], some.stop - some.start)
                if of_input is not None and at_inputs is not None:
                    steps = [each.step for each in chosen]
                    of_input[steps, :, here] = at_inputs[:, steps].permute(1, 2, 0, 3).to(kept)
    return StepJacobians(len(cut.places), direct, inner, of_input)


def _unit_rows(made: Sequence[Made], some: slice) -> list[Tensor]:
    """Return rows of the identity for each state: (row, batch, entry)."""
    if not made:
        return []
    batch, width = made[0].rows.shape
    eye = torch.eye(width, dtype=made[0].rows.dtype, device=made[0].rows.device)[some]
    return [eye[:, None].expand(-1, batch, -1)] * len(made)


@dataclass(frozen=True)
class _Arriving:
    """What arrives at the states and at the inputs of all steps."""

    states: Tensor
    inputs: Tensor | None


def _at_states_and_inputs(cut: Cut, vectors: Tensor) -> _Arriving:
    """Send a vector at each state back by one product."""
    found = product(
        [each.rows for each in cut.made],
        [*cut.parts, *cut.edges],
        parts_of(vectors, cut, cut.made),
    )
    time = cut.seen.time
    states = torch.stack(
        [torch.zeros_like(vectors[0]) if each is None else each for each in found[:time]]
    )
    return _Arriving(states, cut.at_inputs(found[time:]))


def _agree(found: StepJacobians, vectors: Tensor, expected: _Arriving) -> bool:
    """Whether Jacobians send vectors back as the graph does."""
    tolerance = GRADIENT_TOLERANCE[vectors.dtype]
    vectors = vectors.to(found.direct.dtype)
    states = torch.zeros_like(vectors)
    states[:-1] = _times(vectors[1:], found.direct[1:])
    sizes = torch.zeros_like(vectors)
    sizes[:-1] = _times(vectors[1:], found.direct[1:].abs())
    if found.within is not None:
        states += _times(vectors, found.within)
        sizes += _times(vectors, found.within.abs())
    pairs = [(states, expected.states, sizes)]
    if found.of_input is not None and expected.inputs is not None:
        pairs.append(
            (
                _times(vectors, found.of_input),
                expected.inputs,
                _times(vectors, found.of_input.abs()),
            )
        )
    return all(
        bool(((got - wanted).abs() <= tolerance * size.amax(-1, keepdim=True)).all())
        for got, wanted, size in pairs
    )


def _times(vectors: Tensor, matrices: Tensor) -> Tensor:
    """(time, batch, row) and (time, batch, row, column) → (time, batch, column)."""
    return (vectors.unsqueeze(-2) @ matrices).squeeze(-2)


def _drawn(rows: Tensor) -> Tensor:
    drawn = torch.rand(rows.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return (drawn + 0.5).to(rows.device, rows.dtype)

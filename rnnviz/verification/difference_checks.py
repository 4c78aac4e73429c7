"""Checks of sampled entries of the gradients against finite differences."""

from collections.abc import Iterator
from functools import partial
from typing import Final

import numpy as np

from rnnviz.verification.finite_differences import POINTS, Differences, Entry
from rnnviz.verification.recomputed import HEAD, PARAMETERS, Recomputed
from rnnviz.verification.reference import Kind
from rnnviz.verification.report import DIFFERENCES, Check, unchecked
from rnnviz.verification.rounding import Rounding
from rnnviz.verification.tolerance import LEAST, TOLERANCE

_TOLERANCE: Final = 1e-6
_SAMPLES: Final = 12
_KINK: Final = "in a free run, a relu of the network is on the other side of its kink"
_CHAOS: Final = "in a free run, the network diverges from the recorded states"
_BY_IMMEDIATE: Final = "of the recorded immediate gradients"


def check_differences(known: Recomputed, rounding: Rounding) -> Iterator[Check]:
    """Yield the checks against central differences of the losses of the network in a free run.

    In a free run each step starts from the network's own state, not from the recorded one. If chaos
    amplifies the rounding of the recording until the two diverge, the gradients differ as well, and
    are not checked.
    """
    tolerance = max(TOLERANCE[known.ran], _TOLERANCE)
    kinked = known.trace.cell.has_kink
    tried = Differences(known.network, known.immediate, known.complete, kinked, LEAST[known.ran])
    free, states = tried.free, known.states
    with np.errstate(over="ignore", invalid="ignore"):
        apart = np.abs(free.h - states.h) / np.maximum(np.abs(states.h), 1.0)
    crossed = kinked and ((free.h > 0) != (states.h > 0)).any()
    strayed = crossed or not float(apart.max()) < 0.1 * tolerance
    for name, entries in _sampled(known):
        if strayed:
            yield unchecked(name, _KINK if crossed else _CHAOS)
            continue
        allowed = partial(rounding.allowed_entries, name, entries, free)
        found = tried.judge(entries, tolerance, allowed)
        note = found.note
        if entries and known.complete and not tried.by_losses(entries[0]):
            note += f"; {_BY_IMMEDIATE}"
        if found.errors:
            yield Check(name, DIFFERENCES, max(found.errors), tolerance, note)
        else:
            yield unchecked(name, note)


def _sampled(known: Recomputed) -> Iterator[tuple[str, list[Entry]]]:
    """The gradients' fields, each with the entries that are checked."""
    trace, rng = known.trace, np.random.default_rng(0)
    assert trace.gradients is not None
    places: dict[str, Kind] = {
        trace.parameter_name(kind, layer, direction): (kind, layer, direction)
        for kind in PARAMETERS
        for layer in range(trace.layers)
        for direction in range(trace.directions)
    }
    if known.complete:
        for kind in HEAD:
            name = trace.metadata.output_parameter(kind)
            if not trace.metadata.shares(name):
                places[name] = (kind, -1, -1)
    # fewer if one difference takes long
    count = int(np.clip((1 << 20) // (known.states.gates.size * len(POINTS)), 2, _SAMPLES))
    for name, got in trace.gradients.items():
        if name in places:
            expected = known.fields[f"gradients/{name}"]
            chosen = _largest(rng, np.abs(expected), count)
            yield (
                f"gradients/{name}",
                [Entry(places[name], at, float(got[at]), expected[at] == 0) for at in chosen],
            )
    yield from _sampled_of_tables(known, rng, count)


def _sampled_of_tables(
    known: Recomputed, rng: np.random.Generator, count: int
) -> Iterator[tuple[str, list[Entry]]]:
    rows = np.sort(rng.permutation(len(known.immediate.times))[:count])
    for name, got, expected, possible in known.tables(rows):
        kind, entries = "h" if name == "grad_h_by_loss" else "x", []
        for each in range(count):
            row = each % len(rows)
            sizes = np.where(possible[row][..., None], np.abs(expected[row]), -1.0)
            at = _largest(rng, sizes, 1, of=16)[0]
            if sizes[at] >= 0:
                value = float(got[(row, *at)])
                entries.append(Entry((kind, -1, -1), at, value, sizes[at] == 0, int(rows[row])))
        yield name, entries


def _largest(
    rng: np.random.Generator, sizes: np.ndarray, count: int, of: int = 4
) -> list[tuple[int, ...]]:
    """The places of the largest entries among some that are drawn, ``of`` for each wanted."""
    drawn = rng.permutation(sizes.size)[: count * of]
    chosen = drawn[np.argsort(-sizes.ravel()[drawn], kind="stable")[:count]]
    return [tuple(int(i) for i in np.unravel_index(at, sizes.shape)) for at in chosen]

"""How far roundings may move a field, found by rounding all numbers at random.

A number that is a small difference of large ones, as for a class that is almost certain or a
saturated gate, is off by much more than one rounding of itself.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np

from rnnviz.system.short_repr import ShortRepr
from rnnviz.trace.precision import vanished
from rnnviz.verification.finite_differences import Entry
from rnnviz.verification.immediate_gradients import ImmediateGradients, StateGradients
from rnnviz.verification.recomputed import Recomputed, Round, table_of, unrounded
from rnnviz.verification.reference import Reference, States
from rnnviz.verification.tolerance import EPS, VANISHED

_DRAWS: Final = 8
"""Enough that the largest of them is not small by chance in one of many vectors."""
_DRAWS_OF_DIFFERENCES: Final = 2
_ROUNDINGS: Final = 16
"""How many times the effect of one rounding of every number a field may be off."""


@dataclass(frozen=True, repr=False)
class Perturbed(ShortRepr):
    """A network and its states with other numbers, such as with every number rounded at random.

    ``shift`` is how far that moves the immediate gradients, None if it does not.
    """

    network: Reference
    states: States
    rounded: Round
    shift: ImmediateGradients | None

    def passed_on(self, gradients: np.ndarray) -> np.ndarray:
        """Return gradients as a step passes them on: products are rounded, then their sums."""
        return self.rounded(self.rounded(gradients))

    def moved(self, immediate: StateGradients, rows: np.ndarray | None) -> StateGradients:
        """Return immediate gradients, rounded and shifted; without rows, of the summed loss."""
        h, c = self.rounded(immediate[0]), None
        if immediate[1] is not None:
            c = self.rounded(immediate[1])
        if self.shift is None:
            return h, c
        return h + (self.shift.h[None] if rows is None else self.shift.rows(rows)[0]), c


class Rounding:
    """How far the fields of a trace may be off because of rounding, measured on demand."""

    def __init__(self, known: Recomputed):
        self._known = known
        self._draws: dict[str, list[Perturbed]] = {}
        self._movements: dict[tuple[str, bool], dict[str, np.ndarray]] = {}

    def allowed(self, name: str) -> np.ndarray:
        """Return how far a field without an axis of losses may be off.

        That is because of rounding, and of what a recording leaves out once it has vanished.
        """
        return _ROUNDINGS * self._movement(name) + self._left_out.get(name, 0.0) / VANISHED

    def allowed_rows(
        self, name: str, rows: np.ndarray, expected: np.ndarray
    ) -> Iterator[np.ndarray]:
        """Yield the same for rows of a table, with one more random draw each time."""
        known = self._known
        found = known.network.back_through_time(
            known.states, *known.immediate.rows(rows), changed=self._without_vanished
        )
        left_out = np.abs(table_of(name, found) - expected) / VANISHED
        moved = np.zeros_like(left_out)
        for each in self._drawn(known.kept):
            apart = self._rows_apart(replace(each, shift=None), name, rows, expected)
            moved = np.maximum(moved, apart)
            yield _ROUNDINGS * moved + left_out

    def allowed_entries(self, name: str, entries: Sequence[Entry], free: States) -> list[float]:
        """Return how far entries of a field may be off from those of the network in a free run.

        It has the gradients of its own states ``free``, a little apart from the recorded ones.
        """
        known = self._known
        stray = self._perturbed(known.network, free, unrounded)
        draws = self._drawn(known.ran)[:_DRAWS_OF_DIFFERENCES]
        if name.startswith("gradients/"):
            moved = self._apart(stray)[name] + _ROUNDINGS * self._movement(name)
            return [float(moved[entry.at]) for entry in entries]
        rows, at = np.unique([entry.row or 0 for entry in entries], return_inverse=True)
        found = known.network.back_through_time(known.states, *known.immediate.rows(rows))
        expected = table_of(name, found)
        rounded = [self._rows_apart(each, name, rows, expected) for each in draws]
        moved = self._rows_apart(stray, name, rows, expected)
        moved += _ROUNDINGS * np.maximum.reduce(rounded)
        return [
            float(moved[(row, *entry.at)]) for row, entry in zip(at.tolist(), entries, strict=True)
        ]

    @cached_property
    def _left_out(self) -> dict[str, np.ndarray]:
        """What the fields of gradients lack where a gradient stops once it has vanished."""
        known = self._known
        if known.summed is None:
            return {}
        back = known.network.back_through_time(
            known.states, *known.summed, keep=True, changed=self._without_vanished
        )
        found = known.fields_through_time(known.network, known.states, back)
        return {name: np.abs(values - known.fields[name]) for name, values in found.items()}

    def _without_vanished(self, gradients: np.ndarray) -> np.ndarray:
        """Return gradients (row, batch, unit), zero in rows where all have vanished."""
        # twice the recording's limit, since its numbers were rounded before it compared them
        least = 2 * vanished(self._known.kept)
        return gradients * (np.abs(gradients).max(axis=(1, 2), keepdims=True) >= least)

    def _drawn(self, dtype: str) -> list[Perturbed]:
        """A few copies of the network, with random roundings of a dtype."""
        if dtype not in self._draws:
            rng = np.random.default_rng(0)
            self._draws[dtype] = [self._draw(rng, EPS[dtype]) for _ in range(_DRAWS)]
        return self._draws[dtype]

    def _draw(self, rng: np.random.Generator, eps: float) -> Perturbed:
        def rounded(array: np.ndarray) -> np.ndarray:
            return array * (1 + eps * rng.uniform(-1, 1, size=array.shape))

        network = self._known.network.each(rounded)
        return self._perturbed(network, self._known.states.each(rounded), rounded)

    def _perturbed(self, network: Reference, states: States, rounded: Round) -> Perturbed:
        known = self._known
        if not known.complete or not known.trace.has_gradients:
            return Perturbed(network, states, rounded, None)
        y = rounded(network.predictions(network.outputs(states.h)))
        shift = network.immediate_gradients(network.loss_by_output(y))
        shift = shift - known.fields["grad_direct"]
        return Perturbed(
            network, states, rounded, replace(known.immediate, h=shift, c=None, h_by_loss=None)
        )

    def _apart(self, perturbed: Perturbed) -> dict[str, np.ndarray]:
        """How far a perturbation moves the fields without an axis of losses."""
        known = self._known
        summed = None if known.summed is None else perturbed.moved(known.summed, None)
        found = known.fields_of(perturbed.network, perturbed.states, summed, perturbed.rounded)
        return {name: np.abs(values - known.fields[name]) for name, values in found.items()}

    def _movement(self, name: str) -> np.ndarray:
        """How far one rounding of every number moves a field without an axis of losses."""
        key = (self._known.dtype_of(name), name != "grad_h")
        if key not in self._movements:
            dtype, shifted = key
            each = [
                self._apart(draw if shifted else replace(draw, shift=None))
                for draw in self._drawn(dtype)
            ]
            self._movements[key] = {
                field: np.maximum.reduce([one[field] for one in each]) for field in each[0]
            }
        return self._movements[key][name]

    def _rows_apart(
        self, perturbed: Perturbed, name: str, rows: np.ndarray, expected: np.ndarray
    ) -> np.ndarray:
        immediate = perturbed.moved(self._known.immediate.rows(rows), rows)
        found = perturbed.network.back_through_time(
            perturbed.states, *immediate, changed=perturbed.passed_on
        )
        return np.abs(table_of(name, found) - expected)

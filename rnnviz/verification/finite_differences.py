"""Finite differences of the losses of a network, to judge single entries of its gradients.

A difference quotient has errors of its own: the rest of the Taylor series, and the rounding of the
losses divided by the nudge. The second is measured by rounding the network's numbers at random. An
entry is therefore right, wrong, or not judged: where gradients explode or vanish, a difference may
have no digits left.

Source: the central difference of five points, Abramowitz & Stegun 1964, 25.3.6
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

import numpy as np

from rnnviz.verification.immediate_gradients import ImmediateGradients
from rnnviz.verification.reference import Affine, Kind, Reference, States

NUDGES: Final = (1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 3e-6, 1e-6, 3e-7, 1e-7)
POINTS: Final = (-2, -1, 1, 2)
_WEIGHTS: Final = (1 / 12, -8 / 12, 8 / 12, -1 / 12)
_EPS: Final = 2.0**-52
_DRAWS: Final = 2
_ROUNDINGS: Final = 6
"""How many times the measured rounding a loss may be off."""
_SPREADS: Final = 3
"""How many times the spread between the quotients of several nudges these may be off."""
_AGREEING: Final = 3
_AGREEMENT: Final = 1e-3
"""This many successive quotients must agree to within this share to judge an entry as wrong."""
_ROOM: Final = 1 << 23
_NEAR: Final = 0.1
"""The share of the tolerance within which an entry is right without further nudges."""
_MOST_OUTPUTS: Final = 1 << 20
"""With more outputs the losses are taken to first order in the states, by immediate gradients."""
_HEAD: Final = ("weight", "bias")

KINK: Final = "would move a relu across its kink"
DIGITS: Final = "have too few digits in their differences"


@dataclass(frozen=True)
class Entry:
    """One number of a field of gradients, and the number it is the gradient with respect to.

    ``kind`` is a recurrent parameter, or, without a layer, the head's weight or bias, an h or an
    x. ``row`` is the loss's row in the tables, or None for the sum of all losses. ``zero`` is
    whether another computation found the gradient to be exactly zero.
    """

    kind: Kind
    at: tuple[int, ...]
    got: float
    zero: bool = False
    row: int | None = None


@dataclass(frozen=True)
class Judged:
    """The relative errors of the entries that could be judged, and why others could not."""

    errors: tuple[float, ...]
    unjudged: Mapping[str, int]

    @property
    def note(self) -> str:
        """How many entries were sampled, and why some of them could not be judged."""
        there = [f"{len(self.errors)} sampled entries"] if self.errors else []
        for why, count in self.unjudged.items():
            there.append(f"{count} {'more' if there else 'sampled entries'} {why}")
        return "; ".join(there)


@dataclass(frozen=True)
class Differences:
    """The losses of a network in a free run, with single entries of it nudged.

    Where ``whole``, they are its own losses; otherwise Σ ∂⁺L/∂h_k h_k with the recorded immediate
    gradients, whose gradients with respect to all that is recurrent are the same. ``kinked`` is
    whether its nonlinearity is relu. Errors are relative to ``least`` at least.
    """

    network: Reference
    immediate: ImmediateGradients
    whole: bool
    kinked: bool
    least: float
    noises: dict[bool, float] = field(default_factory=dict)

    @cached_property
    def free(self) -> States:
        """The states of the network in a free run."""
        with np.errstate(over="ignore", invalid="ignore"):
            return self.network.run()

    def judge(
        self, entries: Sequence[Entry], tolerance: float, slack: Callable[[], Sequence[float]]
    ) -> Judged:
        """Compare entries of one kind with difference quotients.

        Smaller nudges are tried until an entry is found right. It is right if it is within the
        tolerance of a quotient whose own rounding is no larger; wrong if it is farther from three
        successive quotients, which must agree, than their roundings and spread explain. ``slack``
        computes how much further off each entry may be, and is called only if some entry is not
        well within the tolerance without it.
        """
        trials = [_Trial(entry, tolerance, self.least) for entry in entries]
        noise = self._noise(entries) if entries else np.zeros(0)
        more: Sequence[float] = ()
        for nudge in NUDGES:
            left = [index for index, trial in enumerate(trials) if trial.open]
            if not left:
                break
            slopes = self._slopes([entries[index] for index in left], nudge)
            for index, slope in zip(left, slopes, strict=True):
                trials[index].add(slope, 1.5 * noise[index] / nudge)
            if any(trial.open for trial in trials):
                more = more or slack()
                for trial, own in zip(trials, more, strict=True):
                    trial.allow(own)
        found = [trial.verdict() for trial in trials]
        reasons = [each for each in found if isinstance(each, str)]
        return Judged(
            tuple(each for each in found if not isinstance(each, str)),
            {why: reasons.count(why) for why in dict.fromkeys(reasons)},
        )

    def by_losses(self, entry: Entry) -> bool:
        """Whether an entry is compared with the losses themselves.

        With very many outputs the immediate gradients are used, which give the same.
        """
        return self.whole and (entry.kind[0] in _HEAD or self._outputs <= _MOST_OUTPUTS)

    @property
    def _outputs(self) -> int:
        """The number of all outputs."""
        network = self.network
        return network.steps * network.batch * network.output_size

    def _at_once(self, entry: Entry) -> int:
        """How many networks fit into memory at a time."""
        size = 2 * self.free.h.size + self.network.x.size
        return max(1, _ROOM // (size + 4 * self._outputs * self.by_losses(entry)))

    def _noise(self, entries: Sequence[Entry]) -> np.ndarray:
        """How far rounding may move the losses of entries."""
        if entries[0].row is None:
            return np.full(len(entries), self._noise_of_all(entries[0]))
        return self._noise_by_row(entries)

    def _noise_of_all(self, entry: Entry) -> float:
        """The same for the sum of all losses: one for the head's parameters, one for all others."""
        kind = entry.kind[0] in _HEAD
        if kind not in self.noises:
            self.noises[kind] = float(self._noise_by_row([entry])[0])
        return self.noises[kind]

    def _noise_by_row(self, entries: Sequence[Entry]) -> np.ndarray:
        least = np.zeros(len(entries))
        own, scales = self._losses(self.network, _one(self.free), entries)
        for network, states in self._rounded:
            there = self.free if entries[0].kind[0] in _HEAD else states
            with np.errstate(over="ignore", invalid="ignore"):
                values, _ = self._losses(network, _one(there), entries)
            least = np.fmax(least, np.abs(values - own))
        return _ROUNDINGS * np.maximum(least, _EPS * np.maximum(scales, 1.0))

    @cached_property
    def _rounded(self) -> list[tuple[Reference, States]]:
        """The network with its numbers rounded at random, a few times, and its states."""
        rng = np.random.default_rng(0)

        def rounded(array: np.ndarray) -> np.ndarray:
            return array * (1 + _EPS * rng.uniform(-1, 1, size=array.shape))

        draws = []
        for _ in range(_DRAWS):
            network = self.network.each(rounded)
            with np.errstate(over="ignore", invalid="ignore"):
                draws.append((network, network.run(gates=False)))
        return draws

    def _slopes(self, entries: Sequence[Entry], nudge: float) -> np.ndarray:
        """The difference quotient of each entry, from four networks nudged by different amounts.

        NaN where a relu crosses its kink, or the losses are not finite.
        """
        amounts = np.tile(nudge * np.array(POINTS), len(entries))
        repeated = [entry for entry in entries for _ in POINTS]
        many = self._at_once(entries[0])
        values = np.concatenate(
            [
                self._values(repeated[first : first + many], amounts[first : first + many])
                for first in range(0, len(repeated), many)
            ]
        )
        values = np.where(np.isfinite(values), values, np.nan).reshape(-1, len(POINTS))
        return np.asarray(values @ np.array(_WEIGHTS) / nudge)

    def _values(self, entries: Sequence[Entry], amounts: np.ndarray) -> np.ndarray:
        """The losses of networks with one entry each nudged by an amount: (network)."""
        if entries[0].kind[0] in _HEAD:
            moved_outputs = self._outputs_of(entries, amounts)
            return self._losses(self.network, _one(self.free), entries, moved_outputs)[0]
        network = self.network
        x = np.broadcast_to(network.x, (len(amounts), *network.x.shape))
        moved: dict[tuple[int, int, int], np.ndarray] = {}
        kind, layer, direction = entries[0].kind
        if kind == "x":
            x = x.copy()
            for index, entry in enumerate(entries):
                x[(index, *entry.at)] += amounts[index]
        elif kind == "h":
            for index, entry in enumerate(entries):
                *place, sequence, unit = entry.at
                shape = (len(amounts), *network.h0.shape[2:])
                there = moved.setdefault((place[0], place[1], place[2]), np.zeros(shape))
                there[index, sequence, unit] += amounts[index]
        else:
            places = np.array([entry.at for entry in entries])
            network = _nudged(network, kind, layer, direction, places, amounts)
        network = replace(network, x=x)
        with np.errstate(over="ignore", invalid="ignore"):
            states = network.run(moved, gates=False)
            values, _ = self._losses(network, states, entries)
        if self.kinked:
            values[self._crossed(states, moved)] = np.nan
        return values

    @cached_property
    def _free_outputs(self) -> np.ndarray:
        return self.network.outputs(self.free.h)

    @cached_property
    def _read(self) -> np.ndarray:
        return self.network.read(self.free.h)

    def _outputs_of(self, entries: Sequence[Entry], amounts: np.ndarray) -> np.ndarray:
        """The outputs of networks with an entry of the head nudged, which changes one column."""
        nudged = np.repeat(self._free_outputs[None], len(entries), axis=0)
        there = self.network.output_exists
        for outputs, entry, amount in zip(nudged, entries, amounts, strict=True):
            weight = entry.kind[0] == "weight"
            of_weight = self._read[..., entry.at[1]] if weight else 1.0
            outputs[..., entry.at[0]] += amount * of_weight * there
        return nudged

    def _crossed(
        self, states: States, moved: Mapping[tuple[int, int, int], np.ndarray]
    ) -> np.ndarray:
        """In which networks a relu is on the other side of its kink: (network)."""
        for (layer, direction, step), amounts in moved.items():
            states.h[layer, direction, :, step] -= amounts
        sides = (states.h > 0) != (self.free.h > 0)[:, :, None]
        return np.asarray(sides.any(axis=(0, 1, 3, 4, 5)))

    def _losses(
        self,
        network: Reference,
        states: States,
        entries: Sequence[Entry],
        moved: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """The losses of entries, and the sizes of the terms that they are sums of.

        ``states`` have an axis of networks, one for each entry or a single one for all; ``moved``
        are outputs that replace those of the states.
        """
        single = states.h.shape[2] == 1
        by_row = [entry.row for entry in entries]
        values, scales = np.zeros(len(entries)), np.zeros(len(entries))
        if self.by_losses(entries[0]):
            outputs = network.outputs(states.h) if moved is None else moved
            losses = network.losses(outputs)
            for index, entry in enumerate(entries):
                own = losses[index if len(losses) == len(entries) else 0]
                values[index] = (
                    own.sum()
                    if entry.row is None
                    else own[self.immediate.times[entry.row], entry.at[-2]]
                )
            return values, np.abs(values)
        for row in dict.fromkeys(by_row):
            h, c = self.immediate.summed() if row is None else self.immediate.rows(np.array([row]))
            for index in (each for each, own in enumerate(by_row) if own == row):
                place = 0 if single else index
                terms = [h[0] * states.h[:, :, place]]
                if c is not None and states.c is not None:
                    terms.append(c[0] * states.c[:, :, place])
                values[index] = sum(float(term.sum()) for term in terms)
                scales[index] = sum(float(np.abs(term).sum()) for term in terms)
        return values, scales


class _Trial:
    """The judgement of one entry: the quotients of the nudges so far, and their roundings."""

    def __init__(self, entry: Entry, tolerance: float, least: float):
        self.entry, self.tolerance, self.least = entry, tolerance, least
        self.slack = 0.0
        self.slopes: list[float] = []
        self.roundings: list[float] = []
        self.open = True
        self.error: float | None = None

    def add(self, slope: float, rounding: float) -> None:
        """Add a quotient, unless it is NaN since a relu crossed its kink."""
        if np.isnan(slope):
            return
        self.slopes.append(slope)
        self.roundings.append(rounding)
        self._update()

    def allow(self, slack: float) -> None:
        """Set how far the entry may be off besides."""
        self.slack = slack
        if self.open and self.slopes:
            self._update()

    def verdict(self) -> float | str:
        """Return the relative error, or the reason why there is none."""
        if self.error is not None:
            return self.error
        if not self.slopes:
            return KINK
        stops = range(_AGREEING, len(self.slopes) + 1)
        return max(map(self._wrong_by, stops), default=0.0) or DIGITS

    def _update(self) -> None:
        """Judge by the last quotient, and decide whether to try a smaller nudge."""
        apart, size = self._apart(self.slopes[-1])
        allowed = self.roundings[-1] + self.slack
        error = float(max(apart - allowed, 0.0) / size)
        if not self._has_digits(size):
            # a smaller nudge has even fewer digits, and can only find a larger error
            self.open = error > self.tolerance
        elif error <= self.tolerance:
            self.error = error if self.error is None else min(self.error, error)
            self.open = error > _NEAR * self.tolerance

    def _wrong_by(self, stop: int) -> float:
        """How far the entry is off the value that the quotients up to a nudge agree on.

        0 if they do not agree, as where a network is so sensitive that no nudge is small enough.
        """
        slopes = self.slopes[stop - _AGREEING : stop]
        rounding = max(self.roundings[stop - _AGREEING : stop])
        spread = max(slopes) - min(slopes) + rounding
        if max(slopes) - min(slopes) > _AGREEMENT * max(map(abs, slopes)) + rounding:
            return 0.0
        apart, size = self._apart(slopes[-1])
        excess = apart - self.slack - _SPREADS * spread
        return float(excess / size) if excess > self.tolerance * size else 0.0

    def _apart(self, slope: float) -> tuple[float, float]:
        """The distance of the entry from a quotient, and the size of both."""
        got = self.entry.got
        return abs(got - slope), max(abs(got), abs(slope), self.least)

    def _has_digits(self, size: float) -> bool:
        """Whether the last quotient is precise enough to tell a right entry from a wrong one."""
        if self.entry.zero and self.entry.got == self.slopes[-1] == 0:
            return True
        return self.roundings[-1] <= self.tolerance * size and 2 * self.slack <= size


def _one(states: States) -> States:
    """States with an axis of networks of length one."""
    return states.each(lambda array: array[:, :, None])


@dataclass(frozen=True)
class _Nudged(Affine):
    """Many maps at once, each with one entry of the weight or bias changed by an amount.

    Shapes: places (network, 2) of the weight, (network, 1) of the bias; amounts (network)
    """

    places: np.ndarray
    amounts: np.ndarray

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Map x: (network, …, columns) → (network, …, rows)."""
        result = super().__call__(x)
        each, rows = np.arange(len(result)), self.places[:, 0]
        amounts = self.amounts.reshape(-1, *[1] * (result.ndim - 2))
        of_weight = self.places.shape[1] == 2
        moved = amounts * x[each, ..., self.places[:, 1]] if of_weight else amounts
        result[each, ..., rows] += moved
        return result


def _nudged(
    network: Reference,
    kind: str,
    layer: int,
    direction: int,
    places: np.ndarray,
    amounts: np.ndarray,
) -> Reference:
    def changed(affine: Affine | None) -> _Nudged:
        assert affine is not None
        return _Nudged(affine.weight, affine.bias, places, amounts)

    part = {"ih": "input", "hh": "state", "hr": "projection"}[kind[-2:]]
    layers = [list(ways) for ways in network.layers]
    own = layers[layer][direction]
    layers[layer][direction] = replace(own, **{part: changed(getattr(own, part))})
    return replace(network, layers=tuple(tuple(ways) for ways in layers))

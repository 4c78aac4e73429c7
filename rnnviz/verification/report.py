"""The proof of a recording: every field against an independent computation."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Final

import numpy as np

from rnnviz.system.progress import current_report
from rnnviz.trace import Trace, hash_arrays
from rnnviz.trace.precision import vanished
from rnnviz.verification.finite_differences import POINTS, Differences, Entry
from rnnviz.verification.immediate_gradients import Direct
from rnnviz.verification.reference import Gradients, Kind, Reference, States

REFERENCE: Final = "NumPy reference"
DIFFERENCES: Final = "finite differences"
HASH: Final = "recorded hash"
UNCHECKED: Final = "not checked"

_EPS: Final = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
_TOLERANCE: Final = {
    "float64": 1e-10,
    "float32": 1e-4,
    # sixteen roundings: a gate, a sum over units or a head is no more than that
    "float16": 16 * _EPS["float16"],
    "bfloat16": 16 * _EPS["bfloat16"],
}
# above this share of its tolerance, an error is looked at together with what roundings do
_NEAR: Final = 0.1
# the share of its tolerance that a gradient which has vanished takes up
_VANISHED: Final = 0.05
# the least size that a tolerance is relative to: what has vanished is forgiven, and in half
# precision, whose own gradients are autograd's, what lies below the smallest normal number
_LEAST: Final = {
    "float64": vanished("float64") / (_VANISHED * _TOLERANCE["float64"]),
    "float32": vanished("float32") / (_VANISHED * _TOLERANCE["float32"]),
    "float16": 2.0**-14,
    "bfloat16": vanished("float32") / (_VANISHED * _TOLERANCE["bfloat16"]),
}
_DIFFERENCE_TOLERANCE: Final = 1e-6
_SAMPLES: Final = 12
_BLOCK: Final = 1 << 22
_ROWS: Final = 16
_BLOCKS: Final = 8
# so many, since the least of few draws may be small by chance in one of many vectors
_RIPPLES: Final = 8
_ROUNDINGS: Final = 16
_RAN: Final = ("h", "output", "y", "loss", "grad_direct", "grad_direct_c")
_HEAD: Final = ("weight", "bias")
_BY_GATE: Final = ("preact", "gates")
_PARAMETERS: Final = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")

_SHARED: Final = "other parts of the model share it"
_NO_HEAD: Final = "what follows the recurrent layer is not one Linear of its states"
_NO_LOSS: Final = "the loss is not one that is known here"
_KINK: Final = "run freely, a relu of the network is on the other side of its kink"
_BY_DIRECT: Final = "of the recorded direct parts"
_CHAOS: Final = "run freely, the network leaves the recorded states"


@dataclass(frozen=True)
class Check:
    """One field compared with one independent computation: the largest relative error.

    Where a field and another can only be held against each other, both are named. What no
    computation here can judge is said so: ``against`` is then ``UNCHECKED``, and ``note`` says
    why.
    """

    field: str
    against: str
    error: float
    tolerance: float
    note: str = ""

    @property
    def ok(self) -> bool:
        """Whether the error is within its tolerance."""
        return self.error <= self.tolerance

    @property
    def told(self) -> tuple[str, str, str, str, str]:
        """The field, against what, the relative error, the tolerance, and a word with the note."""
        if self.against == UNCHECKED:
            return self.field, self.against, "–", "–", self.note
        word = ": ".join(filter(None, ["ok" if self.ok else "WRONG", self.note]))
        return self.field, self.against, f"{self.error:.1e}", f"{self.tolerance:.0e}", word


@dataclass(frozen=True, repr=False)
class Report:
    """All checks of a trace."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether every check passed."""
        return all(check.ok for check in self.checks)

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks that did not pass."""
        return tuple(check for check in self.checks if not check.ok)

    def __repr__(self) -> str:
        """One line: whether it passed, how many checks there are, and what is wrong."""
        unchecked = sum(check.against == UNCHECKED for check in self.checks)
        told = [f"{len(self.checks) - unchecked} checks"]
        if unchecked:
            told.append(f"{unchecked} not checked")
        if self.failures:
            told.append(f"wrong: {', '.join(dict.fromkeys(c.field for c in self.failures))}")
        return f"<Report: {'ok' if self.ok else 'WRONG'}, {', '.join(told)}>"

    def __str__(self) -> str:
        """A line for each check."""
        rows = [check.told for check in self.checks]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
        return "\n".join(lines)


def verify(trace: Trace) -> Report:
    """Compute every field of a trace again in float64, and compare.

    Each step is computed from the recorded state before it, and the gradients from the recorded
    direct parts, which are themselves compared where the loss and what follows the layer are
    known: a loss by name, and one Linear. Otherwise those fields are reported as not checked, and
    all that is recurrent is checked as ever. Every entry is compared, tables too, a block of rows
    at a time; finite differences are those of sampled entries.

    A relative error is taken vector by vector (over the last axis), so that a wrong number is
    seen among much larger ones too; what cannot be reached is exactly zero. Where a number is a
    small difference of large ones, as for a class that is almost certain or a saturated gate, it
    may be off by what sixteen roundings of its terms do to it, found by rounding them at random.
    Of a gradient that vanishes on its way back, by ``precision.vanished``, nothing is asked from
    there on.

    What ran in half precision may be off by sixteen roundings of that; what was worked out of it
    in float32 is held to float32's tolerance. Long work tells how far it is, by
    ``rnnviz.system.progress.reported``.
    """
    return Report(tuple(_Proof(trace).checks()))


@dataclass(frozen=True)
class _Ripple:
    """The same network and states, every number off by a random rounding.

    ``shift`` is by how much the roundings move the direct parts.
    """

    network: Reference
    states: States
    rounded: Callable[[np.ndarray], np.ndarray]
    shift: Direct | None

    def passed_on(self, gradients: np.ndarray) -> np.ndarray:
        """Gradients as they are passed on from a step: products are rounded, and their sums."""
        return self.rounded(self.rounded(gradients))

    def rows(
        self, direct: tuple[np.ndarray, np.ndarray | None], rows: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Direct parts with their roundings, and moved by those of what they come from."""
        h, c = self.rounded(direct[0]), None if direct[1] is None else self.rounded(direct[1])
        if self.shift is None:
            return h, c
        return h + (self.shift.h[None] if rows is None else self.shift.rows(rows)[0]), c


class _Proof:
    """All that is computed again of one trace."""

    def __init__(self, trace: Trace):
        self.trace = trace
        self.network, self.states = Reference.of(trace), States.of(trace)
        self.ran = trace.metadata.dtype
        self.kept = str(trace.h.dtype)
        self.direct = Direct.of(trace) if trace.has_gradients else None
        self.known = self.network.head is not None and self.network.knows_loss
        self.told, self.parts = 0, self._count_of_parts()
        self.ripples: dict[str, list[_Ripple]] = {}
        self.apart: dict[tuple[str, bool], dict[str, np.ndarray]] = {}

    def checks(self) -> Iterator[Check]:
        """All checks, what went in first."""
        parts = [self._inputs, self._single_fields]
        if self.direct is not None:
            parts += [self._tables, self._differences]
        for part in parts:
            for check in part():
                self._tell(check.field)
                yield check

    def _count_of_parts(self) -> int:
        """About how many checks and blocks of rows there are."""
        fields = len(self.trace.arrays())
        if self.direct is None:
            return fields
        blocks = -(-len(self.direct.times) // self._rows_at_once)
        return fields + len(self.trace.parameters) + blocks + 4

    @property
    def _rows_at_once(self) -> int:
        """How many rows of the tables are compared together: not all, since the earlier ones reach
        fewer steps.
        """
        trace = self.trace
        assert trace.loss_times is not None
        assert trace.grad_h_by_loss is not None
        assert trace.grad_x_by_loss is not None
        most = _BLOCK // max(trace.grad_h_by_loss[0].size, trace.grad_x_by_loss[0].size)
        return max(1, min(most, max(_ROWS, len(trace.loss_times) // _BLOCKS)))

    def _tell(self, field: str) -> None:
        """Tell whoever wants to hear it what has been checked."""
        self.told += 1
        if report := current_report():
            report(self.told, max(self.told, self.parts), field)

    def _dtype(self, field: str) -> str:
        """The dtype whose roundings a field may show: the network's own, or the recording's."""
        ran = field in _RAN or field.startswith("gradients/")
        own_gate = field == "gates" and not self.trace.cell.gated
        return self.ran if ran or own_gate else self.kept

    # --- what went in ---------------------------------------------------------------------------

    def _inputs(self) -> Iterator[Check]:
        trace = self.trace
        yield _exactly(
            "parameters",
            HASH,
            hash_arrays(trace.parameters) == trace.metadata.parameters_hash,
        )
        named = {
            name: getattr(trace, name)
            for name in ("x", "targets", "h0", "c0", "lengths")
            if getattr(trace, name) is not None
        }
        yield _exactly(", ".join(named), HASH, hash_arrays(named) == trace.metadata.inputs_hash)
        if self.ran != self.kept:
            yield _exactly(
                "parameters", self.ran, all(_fits(v, self.ran) for v in _of_layer(trace))
            )
        if trace.lengths is not None:
            yield _exactly("x", "its lengths", not trace.x[~self.network.exists].any())
        if trace.dropout is not None:
            factors = np.unique(trace.dropout[trace.dropout != 0])
            right = len(factors) == 0 or (len(factors) == 1 and factors[0] >= 1)
            yield _exactly("dropout", "0 or 1/(1 − p)", right)

    # --- fields without an axis of losses -------------------------------------------------------

    def _single_fields(self) -> Iterator[Check]:
        trace, computed = self.trace, self.computed
        wanted = ["preact", "gates", "h", "c", "output", "y", "loss"]
        if self.direct is not None:
            wanted += ["grad_direct", "grad_direct_c", "grad_h"]
            wanted += [f"gradients/{name}" for name in trace.gradients or {}]
        arrays = trace.arrays()
        for name in wanted:
            if name not in arrays:
                continue
            expected = computed.get(name)
            if expected is None:
                yield Check(name, UNCHECKED, 0.0, np.inf, self._reason(name))
                continue
            got, tolerance = arrays[name], _TOLERANCE[self._dtype(name)]
            if got.shape != expected.shape:
                yield Check(name, REFERENCE, np.inf, tolerance)
                continue
            error = self._single_error(name, got, expected, None)
            if _NEAR * tolerance < error < np.inf:
                error = self._single_error(name, got, expected, self._allowed_of(name))
            yield Check(self._named(name), REFERENCE, error, tolerance)

    def _reason(self, name: str) -> str:
        if name == "loss" or (name == "grad_direct" and self.network.head is not None):
            return _NO_LOSS
        if not name.startswith("gradients/"):
            return _NO_HEAD
        if self.trace.metadata.shares(name.removeprefix("gradients/")):
            return _SHARED
        linear = name.startswith(f"gradients/{self.trace.metadata.output_layer}.")
        return _NO_LOSS if linear and not self.network.knows_loss else "not a part of the network"

    def _named(self, name: str) -> str:
        """A field, with those that it stands and falls with where they are taken as given."""
        if name != "grad_h" or self.known:
            return name
        with_c = self.trace.grad_direct_c is not None
        return ", ".join(["grad_direct", *(["grad_direct_c"] if with_c else []), "grad_h"])

    def _single_error(
        self, name: str, got: np.ndarray, expected: np.ndarray, allowed: np.ndarray | None
    ) -> float:
        least = {"loss": 1e-2}.get(name, _LEAST[self._dtype(name)] if "grad" in name else 1e-3)
        possible = self._possible(name)
        if possible is not None:
            possible = possible[..., None, None] if name in _BY_GATE else possible[..., None]
        if name == "loss":
            got, expected = got[..., None], expected[..., None]
            allowed = None if allowed is None else allowed[..., None]
        if allowed is not None:
            allowed = allowed.max(axis=-1, keepdims=True) / _TOLERANCE[self._dtype(name)]
        return _error(got, expected, possible, least, allowed)

    def _possible(self, name: str) -> np.ndarray | None:
        """Where a field may be other than zero, over its axes up to that of sequences."""
        network, exists = self.network, self.network.exists
        if name.startswith("gradients/"):
            return None
        if name in ("output", "y") and self.trace.output is not None:
            return None if len(self.trace.output) != len(exists) else exists
        if name == "loss":
            if len(network.has_loss) == len(exists):
                return network.has_loss
            last = np.zeros_like(exists)
            last[-1] = network.has_loss[0]
            return last
        if name == "grad_direct" and self.known:
            where = np.zeros(self.trace.h.shape[:4], bool)
            where[-1] = network.read_by_head()
            return where & network.has_loss
        if name == "grad_direct_c" and self.known:
            return np.zeros_like(exists)
        if name == "grad_h":
            assert self.direct is not None
            return _reached(network, *self.direct.summed())[0][0]
        return exists

    @cached_property
    def computed(self) -> dict[str, np.ndarray]:
        """The fields by the reference."""
        return _computed(self.trace, self.network, self.states, self._summed())

    def _without_vanished(self, gradients: np.ndarray) -> np.ndarray:
        """Gradients (row, batch, unit), zero in rows where all have vanished."""
        # twice that, since the recording's numbers are rounded where they are held against it
        least = 2 * vanished(self.kept)
        return gradients * (np.abs(gradients).max(axis=(1, 2), keepdims=True) >= least)

    def _summed(self, ripple: _Ripple | None = None) -> tuple[np.ndarray, np.ndarray | None] | None:
        if self.direct is None:
            return None
        summed = self.direct.summed()
        return summed if ripple is None else ripple.rows(summed, None)

    # --- what rounding does ---------------------------------------------------------------------

    def _rippled(self, dtype: str) -> list[_Ripple]:
        """A few copies of the network, with random roundings of a dtype."""
        if dtype not in self.ripples:
            rng = np.random.default_rng(0)
            self.ripples[dtype] = [self._ripple(rng, _EPS[dtype]) for _ in range(_RIPPLES)]
        return self.ripples[dtype]

    def _ripple(self, rng: np.random.Generator, eps: float) -> _Ripple:
        def rounded(array: np.ndarray) -> np.ndarray:
            return array * (1 + eps * rng.uniform(-1, 1, size=array.shape))

        network = self.network.each(rounded)
        return self._moved(network, self.states.each(rounded), rounded)

    def _moved(
        self, network: Reference, states: States, rounded: Callable[[np.ndarray], np.ndarray]
    ) -> _Ripple:
        """The same with other numbers, and by how much the direct parts are others for it."""
        if not self.known or self.direct is None:
            return _Ripple(network, states, rounded, None)
        y = rounded(network.predictions(network.outputs(states.h)))
        shift = network.direct(network.loss_by_output(y)) - self.computed["grad_direct"]
        made = replace(self.direct, h=shift, c=None, h_by_loss=None)
        return _Ripple(network, states, rounded, made)

    def _apart(self, ripple: _Ripple) -> dict[str, np.ndarray]:
        """By how much the fields without an axis of losses are others for a ripple."""
        summed = self._summed(ripple)
        found = _computed(self.trace, ripple.network, ripple.states, summed, ripple.rounded)
        return {name: np.abs(values - self.computed[name]) for name, values in found.items()}

    def _ripple_of(self, name: str) -> np.ndarray:
        """How far roundings move a field without an axis of losses."""
        key = (self._dtype(name), name != "grad_h")
        if key not in self.apart:
            dtype, shifted = key
            ripples = self._rippled(dtype)
            each = [self._apart(r if shifted else replace(r, shift=None)) for r in ripples]
            self.apart[key] = {
                field: np.maximum.reduce([one[field] for one in each]) for field in each[0]
            }
        return self.apart[key][name]

    def _allowed_of(self, name: str) -> np.ndarray:
        """How far a field without an axis of losses may be off for roundings, and for what a
        recording leaves out once it has vanished.
        """
        return _ROUNDINGS * self._ripple_of(name) + self.vanished.get(name, 0.0) / _VANISHED

    @cached_property
    def vanished(self) -> dict[str, np.ndarray]:
        """What the fields of gradients lack where one goes no further once it has vanished."""
        if self.direct is None:
            return {}
        back = self.network.back_through_time(
            self.states, *self.direct.summed(), keep=True, changed=self._without_vanished
        )
        found = _through_time(self.trace, self.network, self.states, back)
        return {name: np.abs(values - self.computed[name]) for name, values in found.items()}

    # --- fields by loss -------------------------------------------------------------------------

    def _tables(self) -> Iterator[Check]:
        trace, direct = self.trace, self.direct
        assert direct is not None
        count, block = len(direct.times), self._rows_at_once
        h_error = x_error = 0.0
        for first in range(0, count, block):
            rows = np.arange(first, min(first + block, count))
            on_h, on_x = self._row_errors(rows)
            h_error, x_error = max(h_error, on_h), max(x_error, on_x)
            self._tell(f"loss {direct.times[rows[-1]] + 1}")
        tolerance = _TOLERANCE[self.kept]
        by_loss = ("grad_direct_by_loss", "grad_direct_c_by_loss")
        given = [name for name in by_loss if getattr(trace, name) is not None]
        yield Check(", ".join([*given, "grad_h_by_loss"]), REFERENCE, h_error, tolerance)
        yield Check("grad_x_by_loss", REFERENCE, x_error, tolerance)
        if direct.h_by_loss is not None and count == trace.steps:
            total = direct.h_by_loss.sum(axis=0, dtype=np.float64)
            size = np.abs(direct.h_by_loss).max(axis=(0, -1))[..., None]
            error = _error(direct.h, total, None, 0.0, size)
            own = _TOLERANCE[self._dtype("grad_direct")]
            yield Check("grad_direct, grad_direct_by_loss", "each other", error, own)
        yield _exactly("loss_times", "rows of the tables", _times_fit(trace, direct, tolerance))

    def _row_errors(self, rows: np.ndarray) -> tuple[float, float]:
        trace, network = self.trace, self.network
        assert self.direct is not None
        assert trace.grad_h_by_loss is not None
        assert trace.grad_x_by_loss is not None
        direct = self.direct.rows(rows)
        reached, reached_x = _reached(network, *direct)
        found = network.back_through_time(self.states, *direct)
        pairs = (
            ("grad_h_by_loss", trace.grad_h_by_loss, found.h, reached),
            ("grad_x_by_loss", trace.grad_x_by_loss, found.x, reached_x),
        )
        worst = []
        for name, got, expected, possible in pairs:
            tolerance = _TOLERANCE[self.kept]
            errors = _errors(got[rows], expected, possible[..., None])
            off = np.flatnonzero((errors > _NEAR * tolerance) & (errors < np.inf))
            if len(off):
                few = got[rows[off]], expected[off], possible[off][..., None]
                for allowed in self._allowed_of_rows(name, rows[off], expected[off]):
                    most = allowed.max(axis=-1, keepdims=True) / tolerance
                    errors[off] = _errors(*few, 0.0, most)
                    if (errors[off] <= _NEAR * tolerance).all():
                        break
            worst.append(float(errors.max()))
        return worst[0], worst[1]

    def _allowed_of_rows(
        self, name: str, rows: np.ndarray, expected: np.ndarray
    ) -> Iterator[np.ndarray]:
        """As ``_allowed_of``, of rows of a table, by the direct parts that were recorded: with one
        draw of roundings more each time.
        """
        assert self.direct is not None
        given = self.direct.rows(rows)
        found = self.network.back_through_time(self.states, *given, changed=self._without_vanished)
        left_out = np.abs(_table(name, found) - expected) / _VANISHED
        moved = np.zeros_like(left_out)
        for ripple in self._rippled(self.kept):
            apart = self._rows_apart(replace(ripple, shift=None), name, rows, expected)
            moved = np.maximum(moved, apart)
            yield _ROUNDINGS * moved + left_out

    def _rows_apart(
        self, ripple: _Ripple, name: str, rows: np.ndarray, expected: np.ndarray
    ) -> np.ndarray:
        assert self.direct is not None
        given = ripple.rows(self.direct.rows(rows), rows)
        found = ripple.network.back_through_time(ripple.states, *given, changed=ripple.passed_on)
        return np.abs(_table(name, found) - expected)

    # --- finite differences ---------------------------------------------------------------------

    def _differences(self) -> Iterator[Check]:
        """Central differences of the losses of the network run freely, in float64.

        A network that leaves the recorded states when
        it runs freely (chaos amplifies the rounding of the recording) has other gradients there,
        and is not checked so.
        """
        tolerance = max(_TOLERANCE[self.ran], _DIFFERENCE_TOLERANCE)
        kinked = self.trace.cell.has_kink
        assert self.direct is not None
        tried = Differences(self.network, self.direct, self.known, kinked, _LEAST[self.ran])
        free = tried.free
        with np.errstate(over="ignore", invalid="ignore"):
            apart = np.abs(free.h - self.states.h) / np.maximum(np.abs(self.states.h), 1.0)
        crossed = kinked and ((free.h > 0) != (self.states.h > 0)).any()
        strayed = crossed or not float(apart.max()) < 0.1 * tolerance
        for name, entries in self._sampled():
            if strayed:
                yield Check(name, UNCHECKED, 0.0, np.inf, _KINK if crossed else _CHAOS)
                continue
            found = tried.judge(entries, tolerance, partial(self._slack, name, entries, free))
            note = found.note
            if entries and self.known and not tried.by_losses(entries[0]):
                note += f"; {_BY_DIRECT}"
            if found.errors:
                yield Check(name, DIFFERENCES, max(found.errors), tolerance, note)
            else:
                yield Check(name, UNCHECKED, 0.0, np.inf, note)

    def _sampled(self) -> Iterator[tuple[str, list[Entry]]]:
        """The fields of which entries are tried, and these."""
        trace, rng = self.trace, np.random.default_rng(0)
        assert trace.gradients is not None
        places: dict[str, Kind] = {
            trace.parameter_name(kind, layer, direction): (kind, layer, direction)
            for kind in _PARAMETERS
            for layer in range(trace.layers)
            for direction in range(trace.directions)
        }
        if self.known:
            for kind in _HEAD:
                name = trace.metadata.output_parameter(kind)
                if not trace.metadata.shares(name):
                    places[name] = (kind, -1, -1)
        count = self._samples()
        for name, got in trace.gradients.items():
            if name in places:
                expected = self.computed[f"gradients/{name}"]
                chosen = _largest(rng, np.abs(expected), count)
                yield (
                    f"gradients/{name}",
                    [Entry(places[name], at, float(got[at]), expected[at] == 0) for at in chosen],
                )
        yield from self._sampled_of_tables(rng, count)

    def _sampled_of_tables(
        self, rng: np.random.Generator, count: int
    ) -> Iterator[tuple[str, list[Entry]]]:
        trace = self.trace
        assert self.direct is not None
        rows = np.sort(rng.permutation(len(self.direct.times))[:count])
        direct = self.direct.rows(rows)
        reached, reached_x = _reached(self.network, *direct)
        found = self.network.back_through_time(self.states, *direct)
        tables = (
            ("grad_h_by_loss", trace.grad_h_by_loss, found.h, reached),
            ("grad_x_by_loss", trace.grad_x_by_loss, found.x, reached_x),
        )
        for name, got, expected, possible in tables:
            assert got is not None
            kind = "h" if name == "grad_h_by_loss" else "x"
            entries = []
            for each in range(count):
                row = each % len(rows)
                sizes = np.where(possible[row][..., None], np.abs(expected[row]), -1.0)
                at = _largest(rng, sizes, 1, of=16)[0]
                if sizes[at] >= 0:
                    value = float(got[(rows[row], *at)])
                    zero = sizes[at] == 0
                    entries.append(Entry((kind, -1, -1), at, value, zero, int(rows[row])))
            yield name, entries

    def _samples(self) -> int:
        """How many entries of a field are tried: fewer where one trial takes long."""
        size = self.states.gates.size * len(POINTS)
        return int(np.clip((1 << 20) // size, 2, _SAMPLES))

    def _slack(self, name: str, entries: Sequence[Entry], free: States) -> list[float]:
        """How far the roundings of a recording may move entries of a field.

        The network run freely has the gradients of its own states, a little apart from those that
        were recorded.
        """
        stray = self._moved(self.network, free, _exactly_so)
        ripples = self._rippled(self.ran)[: _RIPPLES // 4]
        if name.startswith("gradients/"):
            moved = self._apart(stray)[name] + _ROUNDINGS * self._ripple_of(name)
            return [float(moved[entry.at]) for entry in entries]
        assert self.direct is not None
        rows, at = np.unique([entry.row or 0 for entry in entries], return_inverse=True)
        found = self.network.back_through_time(self.states, *self.direct.rows(rows))
        expected = _table(name, found)
        rounded = [self._rows_apart(ripple, name, rows, expected) for ripple in ripples]
        moved = self._rows_apart(stray, name, rows, expected)
        moved += _ROUNDINGS * np.maximum.reduce(rounded)
        return [
            float(moved[(row, *entry.at)]) for row, entry in zip(at.tolist(), entries, strict=True)
        ]


def _exactly_so(array: np.ndarray) -> np.ndarray:
    return array


def _computed(
    trace: Trace,
    network: Reference,
    states: States,
    direct: tuple[np.ndarray, np.ndarray | None] | None,
    rounded: Callable[[np.ndarray], np.ndarray] = _exactly_so,
) -> dict[str, np.ndarray]:
    """The fields without an axis of losses, by their names, but for those that cannot be known."""
    again = network.from_each(states)
    found = {"preact": again.preact, "gates": again.gates, "h": again.h}
    if again.c is not None:
        found["c"] = again.c
    outputs = y = None
    if network.head is not None:
        outputs = found["output"] = network.outputs(states.h)
    elif trace.output is not None:
        outputs = rounded(trace.output.astype(np.float64))
    if outputs is not None:
        y = found["y"] = network.predictions(outputs)
        if network.knows_loss:
            found["loss"] = network.losses(outputs)
    if direct is None:
        return found
    if network.head is not None and network.knows_loss and y is not None:
        at_output = network.loss_by_output(rounded(y))
        found["grad_direct"] = network.direct(at_output)
        if trace.grad_direct_c is not None:
            found["grad_direct_c"] = np.zeros(trace.grad_direct_c.shape)
        if trace.metadata.output_layer is not None:
            made = network.head_gradients(states, at_output)
            for kind, gradient in zip(_HEAD, made, strict=True):
                name = trace.metadata.output_parameter(kind)
                if not trace.metadata.shares(name):
                    found[f"gradients/{name}"] = gradient
    back = network.back_through_time(states, *direct, keep=True, changed=rounded)
    return found | _through_time(trace, network, states, back)


def _table(name: str, found: Gradients) -> np.ndarray:
    """The table of a name, of gradients by loss."""
    return found.h if name == "grad_h_by_loss" else found.x


def _through_time(
    trace: Trace, network: Reference, states: States, back: Gradients
) -> dict[str, np.ndarray]:
    """The fields of gradients that go back through time, by their names."""
    found = {"grad_h": back.h[0]}
    for place, gradient in network.parameter_gradients(states, back).items():
        found[f"gradients/{trace.parameter_name(*place)}"] = gradient
    return found


def _reached(
    network: Reference, direct: np.ndarray, direct_c: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Which states and inputs the losses with these direct parts reach, over all paths.

    Shapes: → (row, layer, direction, time, batch), (row, time, batch), of bool
    """
    reached = (direct != 0).any(axis=-1)
    if direct_c is not None:
        reached |= (direct_c != 0).any(axis=-1)
    below = np.zeros_like(reached[:, 0, 0])
    for layer in reversed(range(reached.shape[1])):
        reached[:, layer] |= below[:, None]
        for direction in range(reached.shape[2]):
            own = reached[:, layer, direction] & network.exists
            if direction == 0:
                own = np.logical_or.accumulate(own[:, ::-1], axis=1)[:, ::-1]
            else:
                own = np.logical_or.accumulate(own, axis=1)
            reached[:, layer, direction] = own & network.exists
        below = reached[:, layer].any(axis=1)
    return reached, below


def _times_fit(trace: Trace, direct: Direct, tolerance: float) -> bool:
    """Whether ``loss_times`` ascend, and each row of the tables ends where its loss stands.

    In the top layer's forward direction a loss reaches nothing after its own step, where its
    gradient is its direct part.
    """
    times = direct.times
    if (np.diff(times) <= 0).any():
        return False
    if direct.whole or direct.h_by_loss is not None:
        return True
    assert trace.grad_h_by_loss is not None
    own = direct.h[-1, 0]
    for time, row in zip(times, trace.grad_h_by_loss[:, -1, 0], strict=True):
        if own[time].any() and not row[time].any():
            return False
        after = np.flatnonzero(row.any(axis=(-1, -2)))
        last = int(after[-1]) if len(after) else time
        if last > time and _error(row[last], own[last].astype(np.float64), None) <= tolerance:
            return False
    return True


def _error(
    got: np.ndarray,
    expected: np.ndarray,
    possible: np.ndarray | None,
    least: float = 0.0,
    allowed: np.ndarray | None = None,
) -> float:
    """The largest of ``_errors``."""
    return float(_errors(got[None], expected[None], possible, least, allowed).max())


def _errors(
    got: np.ndarray,
    expected: np.ndarray,
    possible: np.ndarray | None,
    least: float = 0.0,
    allowed: np.ndarray | None = None,
) -> np.ndarray:
    """The largest error of each row, relative to the size of the vector (the last axis) it is in.

    The size is that of the vector's largest entry, but at least ``least``, and ``allowed`` more.
    Anything but zero where nothing is ``possible`` is an infinite error.
    """
    size = np.maximum(np.abs(expected).max(axis=-1, keepdims=True), least)
    size = size if allowed is None else size + allowed
    relative = np.abs(np.subtract(got, expected, dtype=np.float64))
    relative /= np.maximum(size, _LEAST[str(got.dtype)])
    if possible is not None:
        relative[~possible & (got != 0)] = np.inf
    return np.asarray(relative.reshape(len(got), -1).max(axis=1))


def _exactly(field: str, against: str, right: bool) -> Check:
    return Check(field, against, 0.0 if right else float("inf"), 0.0)


def _of_layer(trace: Trace) -> Iterator[np.ndarray]:
    """The recurrent layer's weights; other parts of a model may be of another precision."""
    for layer in range(trace.layers):
        for direction in range(trace.directions):
            for kind in _PARAMETERS:
                weight = trace.weight(kind, layer, direction)
                if weight is not None:
                    yield weight


def _fits(values: np.ndarray, dtype: str) -> bool:
    """Whether numbers in float32 are those of a narrower dtype."""
    if dtype == "float16":
        with np.errstate(over="ignore"):
            return bool((values.astype(np.float16) == values).all())
    return not (values.view(np.uint32) & 0xFFFF).any()


def _largest(
    rng: np.random.Generator, sizes: np.ndarray, count: int, of: int = 4
) -> list[tuple[int, ...]]:
    """The places of the largest entries among some that are drawn, ``of`` for each wanted."""
    drawn = rng.permutation(sizes.size)[: count * of]
    chosen = drawn[np.argsort(-sizes.ravel()[drawn], kind="stable")[:count]]
    return [tuple(int(i) for i in np.unravel_index(at, sizes.shape)) for at in chosen]

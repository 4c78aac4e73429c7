"""Checks of a recording of a custom cell, whose equations are code of the user's own.

Without the model, the gradients by loss are compared with a product of the recorded Jacobians. With
it, its code is run again: every step from the recorded state before it, with states and weights
nudged for finite differences.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

import numpy as np

from rnnviz.system.short_repr import ShortRepr
from rnnviz.trace import CLASSES, VALUES, Trace, hash_arrays
from rnnviz.verification.immediate_gradients import ImmediateGradients
from rnnviz.verification.reference import Reference
from rnnviz.verification.report import (
    AUTOGRAD,
    DIFFERENCES,
    HASH,
    JACOBIANS,
    OWN_CODE,
    REFERENCE,
    Check,
    exact,
    unchecked,
)
from rnnviz.verification.tolerance import TOLERANCE, error_of

_NUDGE: Final = 1e-4
_POINTS: Final = (-2, -1, 1, 2)
_WEIGHTS: Final = (1 / 12, -8 / 12, 8 / 12, -1 / 12)
_DRAWS: Final = 2
_SAMPLES: Final = 6
_OF_DIFFERENCES: Final = {"float64": 1e-6, "float32": 1e-3}
_NO_MODEL: Final = "the step is code of your own; give model=, or --model"
_NO_LOSS: Final = "the loss is not one that is known here"
_NO_JACOBIANS: Final = "the trace holds no Jacobians of its steps"
_OWN_BACKWARD: Final = "the code passes on another gradient than the derivative, as detach does"
_RANDOM: Final = "the model draws random numbers; seed them as for the recording"


class Run(NamedTuple):
    """A run of the user's code: (time, batch, entry), and (time or 1, batch, output)."""

    states: np.ndarray
    outputs: np.ndarray | None


class OwnCode(Protocol):
    """The user's model, to be run again; ``rnnviz.recording.custom.rerunning.OwnModel``."""

    @property
    def same_parameters(self) -> bool: ...

    def run(
        self,
        imposed: np.ndarray | None = None,
        added: np.ndarray | None = None,
        entering: np.ndarray | None = None,
        parameters: Mapping[str, np.ndarray] | None = None,
    ) -> Any: ...

    def by_autograd(
        self, times: Sequence[int]
    ) -> tuple[np.ndarray, np.ndarray, Mapping[str, np.ndarray]]: ...
    def draws(self) -> bool: ...


@dataclass(frozen=True, repr=False)
class OwnChecks(ShortRepr):
    """All checks of a trace of a custom cell, with its model or without."""

    trace: Trace
    code: OwnCode | None

    def all(self) -> Iterator[Check]:
        """Yield every check."""
        trace = self.trace
        yield exact(
            "parameters", HASH, hash_arrays(trace.parameters) == trace.metadata.parameters_hash
        )
        given = hash_arrays(trace.given)
        yield exact(", ".join(trace.given), HASH, given == trace.metadata.inputs_hash)
        yield from self._outputs()
        if trace.has_gradients:
            yield from self._sweep()
        code = self.code
        if code is None:
            yield from (unchecked(name, _NO_MODEL) for name in self._of_model())
            return
        yield exact("parameters", "those of the model", code.same_parameters)
        yield from self._steps(code)

    @property
    def _tolerance(self) -> float:
        return TOLERANCE[self.trace.metadata.dtype]

    @property
    def _loose(self) -> float:
        return max(_OF_DIFFERENCES.get(self.trace.metadata.dtype, 1.0), self._tolerance)

    @property
    def _knows_loss(self) -> bool:
        return self.trace.metadata.loss in (*CLASSES, *VALUES) and self.trace.output is not None

    def _head(self) -> Reference:
        """The loss by name, without a network."""
        trace = self.trace
        start = np.zeros((1, 1, trace.batch, trace.hidden_size))
        return Reference(
            (),
            np.asarray(trace.x, dtype=np.float64),
            trace.targets,
            start,
            None,
            trace.lengths,
            None,
            None,
            trace.metadata.loss,
        )

    def _outputs(self) -> Iterator[Check]:
        trace = self.trace
        if trace.output is None or trace.y is None:
            return
        if not self._knows_loss:
            yield unchecked("loss", _NO_LOSS)
            return
        head, outputs = self._head(), np.asarray(trace.output, dtype=np.float64)
        y, loss = head.predictions(outputs), head.losses(outputs)
        yield Check("y", REFERENCE, error_of(trace.y, y, None, 1e-3), self._tolerance)
        error = error_of(trace.loss[..., None], loss[..., None], None, 1e-2)
        yield Check("loss", REFERENCE, error, self._tolerance)

    def _of_model(self) -> Iterator[str]:
        """The fields that only the model's own code can prove."""
        trace = self.trace
        yield "h"
        for name in ("output", "step_jacobian", "grad_direct", "grad_x_by_loss"):
            if getattr(trace, name) is not None:
                yield name
        yield from (f"gradients/{name}" for name in trace.gradients or {})

    # --- the sweep ------------------------------------------------------------------------------

    def _sweep(self) -> Iterator[Check]:
        """The gradients by loss against a product of the recorded Jacobians."""
        trace = self.trace
        names = "grad_direct, grad_h_by_loss, grad_h"
        if trace.step_jacobian is None:
            yield unchecked(names, _NO_JACOBIANS)
            return
        assert trace.grad_h_by_loss is not None
        assert trace.grad_h is not None
        immediate = ImmediateGradients.of(trace)
        rows, _ = immediate.rows(np.arange(len(immediate.times)))
        found = self._back(np.asarray(rows[:, 0, 0]))
        error = float(
            max(
                error_of(trace.grad_h_by_loss[row, 0, 0], found[row], None, self._scale(found[row]))
                for row in range(len(found))
            )
        )
        total = self._back(np.asarray(trace.grad_direct, dtype=np.float64)[0])[0]
        error = max(error, error_of(trace.grad_h[0, 0], total, None, self._scale(total)))
        yield Check(names, JACOBIANS, error, self._tolerance)

    def _scale(self, expected: np.ndarray) -> float:
        """The least size to which errors of a row are relative: what its sums may have rounded."""
        return 1e-6 * float(np.abs(expected).max())

    def _back(self, immediate: np.ndarray) -> np.ndarray:
        """Send immediate gradients (loss, time, batch, entry) back through the recorded steps."""
        trace = self.trace
        assert trace.step_jacobian is not None
        jacobians = np.asarray(trace.step_jacobian[0, 0], dtype=np.float64)
        spread, eye = None, np.eye(trace.hidden_size)
        if trace.within_step is not None:
            within = np.asarray(trace.within_step[0, 0], dtype=np.float64)
            jacobians = (eye - within) @ jacobians
            spread = np.linalg.inv(eye - within)
        found = np.zeros_like(immediate, dtype=np.float64)
        arriving = np.zeros_like(found[:, 0])
        for step in range(trace.steps - 1, -1, -1):
            here = arriving + immediate[:, step]
            if spread is not None:
                here = np.einsum("lbi,bij->lbj", here, spread[step])
            found[:, step] = here
            arriving = np.einsum("lbi,bij->lbj", here, jacobians[step])
        return found

    # --- the user's code ------------------------------------------------------------------------

    def _steps(self, code: OwnCode) -> Iterator[Check]:
        trace = self.trace
        h = np.asarray(trace.h[0, 0], dtype=np.float64)
        exists = trace.mask[..., None]
        again = code.run(imposed=np.where(exists, h, np.nan))
        error = error_of(trace.h[0, 0], again.states * exists, None, 1e-3)
        if error > self._tolerance and code.draws():
            yield from (unchecked(name, _RANDOM) for name in self._of_model())
            return
        yield Check("h", OWN_CODE, error, self._tolerance, "each step from the state before it")
        if trace.output is not None:
            if again.outputs is None:
                yield unchecked("output", "the model's output has another form")
            else:
                outputs = again.outputs * (exists if len(again.outputs) == trace.steps else 1)
                error = error_of(trace.output, outputs, None, 1e-3)
                yield Check("output", OWN_CODE, error, self._tolerance)
        rng = np.random.default_rng(0)
        found = []
        if trace.step_jacobian is not None:
            found.append(self._jacobians(code, h, rng))
        if trace.has_gradients:
            found += self._gradients(code, h, rng)
        if all(check.ok for check in found) or not self._knows_loss or not trace.has_gradients:
            yield from found
        else:
            yield from self._by_autograd(code, found)

    def _by_autograd(self, code: OwnCode, found: Sequence[Check]) -> Iterator[Check]:
        """Judge by autograd what differs from the derivative.

        Code that detaches a tensor, or has a backward of its own, passes on another gradient.
        """
        trace = self.trace
        assert trace.loss_times is not None
        assert trace.grad_h_by_loss is not None
        assert trace.grad_x_by_loss is not None
        rows = np.unique(np.linspace(0, len(trace.loss_times) - 1, _SAMPLES).astype(int))
        times = trace.loss_times[rows]
        on_h, on_x, gradients = code.by_autograd(times.tolist())
        errors = {}
        for name, table, got in (
            ("grad_h_by_loss", on_h, trace.grad_h_by_loss[rows, 0, 0]),
            ("grad_x_by_loss", on_x, trace.grad_x_by_loss[rows]),
        ):
            there = trace.mask[..., None]
            if name == "grad_x_by_loss":  # a head may read the input of its own step
                there = there & (np.arange(trace.steps) < times[:, None])[..., None, None]
            expected = table * there
            errors[name] = error_of(got * there, expected, None, self._scale(expected))
        for name, gradient in gradients.items():
            recorded = (trace.gradients or {})[name]
            scale = self._least_gradient()
            errors[f"gradients/{name}"] = error_of(
                recorded.reshape(1, -1), gradient.reshape(1, -1), None, scale
            )
        right = all(check.ok for check in self._sweep())
        for check in found:
            if check.ok:
                yield check
            elif check.field in errors:
                yield Check(check.field, AUTOGRAD, errors[check.field], self._loose, _OWN_BACKWARD)
            elif right:
                yield unchecked(check.field, _OWN_BACKWARD)
            else:
                yield check

    def _least_gradient(self) -> float:
        """The size below which a gradient is the rounding of larger ones."""
        every = (self.trace.gradients or {}).values()
        return 1e-3 * max((float(np.abs(each).max()) for each in every), default=0.0)

    def _jacobians(self, code: OwnCode, h: np.ndarray, rng: np.random.Generator) -> Check:
        """Every Jacobian, times random directions, against differences of its own step.

        The states of even steps are nudged, and those of odd steps that they make are measured,
        then the other way round.
        """
        trace = self.trace
        recorded = np.asarray(trace.recorded_jacobian[0, 0], dtype=np.float64)
        worst = 0.0
        for _ in range(_DRAWS):
            along = rng.uniform(0.5, 1.5, size=h.shape) * rng.choice([-1, 1], size=h.shape)
            for parity in (0, 1):
                nudged = np.arange(trace.steps) % 2 == parity
                if not nudged[:-1].any():
                    continue

                def states(by: float, nudged: Any = nudged, along: Any = along) -> np.ndarray:
                    imposed = np.where(nudged[:, None, None], h + by * along, np.nan)
                    return np.asarray(code.run(imposed=imposed).states)

                found = _quotient(states)
                steps = np.flatnonzero(nudged[:-1]) + 1
                before = along[steps - 1][..., None]
                expected = (recorded[steps] @ before)[..., 0]
                size = (np.abs(recorded[steps]) @ np.abs(before))[..., 0].max(-1, keepdims=True)
                there = trace.mask[steps][..., None]
                apart = np.abs(found[steps] - expected) * there / np.maximum(size, 1e-3)
                worst = max(worst, float(apart.max()))
        note = "all entries, along random directions"
        return Check("step_jacobian", DIFFERENCES, worst, self._loose, note)

    def _gradients(self, code: OwnCode, h: np.ndarray, rng: np.random.Generator) -> Iterator[Check]:
        """Gradients against differences of the losses of the model in a free run."""
        trace = self.trace
        if not self._knows_loss or code.run().outputs is None:
            names = ("grad_direct", "grad_h_by_loss", "grad_x_by_loss")
            every = (*names, *(f"gradients/{name}" for name in trace.gradients or {}))
            yield from (unchecked(name, _NO_LOSS) for name in every)
            return
        head = self._head()
        yield self._immediate(code, head, h, rng)
        yield from self._tables(code, head, rng)
        yield from self._parameters(code, head, rng)

    def _immediate(
        self, code: OwnCode, head: Reference, h: np.ndarray, rng: np.random.Generator
    ) -> Check:
        """∂⁺L_t/∂h of all losses, along random directions of all states."""
        immediate = ImmediateGradients.of(self.trace)
        rows, _ = immediate.rows(np.arange(len(immediate.times)))
        worst = 0.0
        for _ in range(_DRAWS):
            along = rng.uniform(0.5, 1.5, size=h.shape) * self.trace.mask[..., None]

            def losses(by: float, along: Any = along) -> np.ndarray:
                return head.losses(code.run(imposed=h + by * along).outputs)

            found = _quotient(losses)[immediate.times]
            terms = np.asarray(rows[:, 0, 0]) * along
            expected, size = terms.sum(axis=(1, 3)), np.abs(terms).sum(axis=(1, 3))
            apart = np.abs(found - expected) / np.maximum(size, 1e-3 * float(size.max(initial=0)))
            worst = max(worst, float(np.nan_to_num(apart).max()))
        note = "all losses, along random directions"
        return Check("grad_direct", DIFFERENCES, worst, self._loose, note)

    def _tables(self, code: OwnCode, head: Reference, rng: np.random.Generator) -> Iterator[Check]:
        trace = self.trace
        assert trace.loss_times is not None
        assert trace.grad_h_by_loss is not None
        assert trace.grad_x_by_loss is not None
        inner = np.zeros(trace.hidden_size, bool)
        if trace.within_step is not None:
            inner = trace.within_step[0, 0].any(axis=(0, 1, 2))
        on_h = trace.grad_h_by_loss[:, 0, 0]
        places = [each for each in _places(trace, on_h, rng) if not inner[each[-1]]]
        worst = 0.0
        for at in places:

            def losses(by: float, at: Any = at) -> np.ndarray:
                added = np.zeros(trace.h.shape[2:])
                added[at] = by
                return head.losses(code.run(added=added).outputs)

            worst = max(worst, self._apart(_quotient(losses), on_h, at))
        note = f"{len(places)} states sampled, by all losses"
        yield Check("grad_h_by_loss", DIFFERENCES, worst, self._loose, note)
        if not trace.grad_x_by_loss.any():
            yield unchecked("grad_x_by_loss", "no input is taken step by step")
            return
        worst, on_x = 0.0, trace.grad_x_by_loss
        places = _places(trace, on_x, rng)
        for at in places:

            def by_input(by: float, at: Any = at) -> np.ndarray:
                entering = np.zeros(trace.x.shape)
                entering[at] = by
                return head.losses(code.run(entering=entering).outputs)

            # what a head reads of an input beside the states is no part of the table
            worst = max(worst, self._apart(_quotient(by_input), on_x, at, later=True))
        note = f"{len(places)} inputs sampled, by all later losses"
        yield Check("grad_x_by_loss", DIFFERENCES, worst, self._loose, note)

    def _apart(
        self, found: np.ndarray, table: np.ndarray, at: tuple[int, ...], later: bool = False
    ) -> float:
        """How far quotients of all losses of a sequence are from a column of a table."""
        trace = self.trace
        assert trace.loss_times is not None
        step, sequence, *_ = at
        places: Any = (slice(None), *at)
        got, quotients = table[places], found[trace.loss_times, sequence]
        size = np.abs(table[:, step, sequence]).max(axis=-1)
        rows = trace.loss_times > step if later else np.ones(len(got), bool)
        apart = np.abs(got - quotients) / np.maximum(size, 1e-3 * max(float(size.max()), 1e-9))
        return float(apart[rows].max(initial=0.0))

    def _parameters(
        self, code: OwnCode, head: Reference, rng: np.random.Generator
    ) -> Iterator[Check]:
        trace = self.trace
        for name, gradient in (trace.gradients or {}).items():
            if name in trace.metadata.effective:
                yield unchecked(f"gradients/{name}", "it is made of other parameters")
                continue
            chosen = rng.permutation(gradient.size)[:_SAMPLES]
            largest = int(np.abs(gradient).argmax())
            worst, size = 0.0, float(np.abs(gradient).max())
            for flat in dict.fromkeys((largest, *chosen[:2].tolist())):
                place = np.unravel_index(flat, gradient.shape)

                def total(by: float, place: Any = place, name: str = name) -> np.ndarray:
                    change = np.zeros(trace.parameters[name].shape)
                    change[place] = by
                    outputs = code.run(parameters={name: change}).outputs
                    return np.asarray(head.losses(outputs).sum())

                apart = abs(float(_quotient(total)) - float(gradient[place]))
                worst = max(worst, apart / max(size, self._least_gradient()))
            yield Check(f"gradients/{name}", DIFFERENCES, worst, self._loose, "sampled entries")


def _quotient(values: Any) -> np.ndarray:
    """The central difference of five points of a function of one number."""
    found = [np.asarray(values(_NUDGE * point)) for point in _POINTS]
    return np.asarray(sum(w * each for w, each in zip(_WEIGHTS, found, strict=True)) / _NUDGE)


def _places(trace: Trace, table: np.ndarray, rng: np.random.Generator) -> list[tuple[int, ...]]:
    """Places of a state or input whose gradient is among the larger ones, by some loss."""
    sizes = np.abs(table).max(axis=0)
    drawn = rng.permutation(sizes.size)[: 4 * _SAMPLES]
    chosen = drawn[np.argsort(-sizes.ravel()[drawn], kind="stable")[:_SAMPLES]]
    places = [tuple(int(i) for i in np.unravel_index(at, sizes.shape)) for at in chosen]
    return [at for at in places if trace.mask[at[0], at[1]]]

"""The proof of a recording: every field against an independent computation."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from rnnviz.reference import Reference
from rnnviz.trace import Trace, hash_arrays

REFERENCE: Final = "NumPy reference"
DIFFERENCES: Final = "finite differences"
_TOLERANCE: Final = {"float64": 1e-10, "float32": 1e-4}
_DIFFERENCE_TOLERANCE: Final = 1e-6
_SAMPLES: Final = 12
_NUDGES: Final = (1e-3, 3e-4, 1e-4, 3e-5, 1e-5)


@dataclass(frozen=True)
class Check:
    """One field compared with one independent computation: the largest relative error."""

    field: str
    against: str
    error: float
    tolerance: float

    @property
    def ok(self) -> bool:
        """Whether the error is within its tolerance."""
        return self.error <= self.tolerance


@dataclass(frozen=True)
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


def verify(trace: Trace) -> Report:
    """Compute every field of a trace again in float64, and compare.

    A relative error is taken vector by vector (over the last axis), so that a wrong number is
    seen among much larger ones too. Where the loss itself is a difference of nearly equal
    numbers, as for a class that is almost certain, the tolerance grows with the rounding that
    the recording's dtype makes inevitable there.

    Raises: TraceError if what follows the recurrent layer is not one Linear
    """
    return Report(tuple(_checks(trace)))


def _checks(trace: Trace) -> Iterator[Check]:
    tolerance = _TOLERANCE.get(trace.metadata.dtype, 1e-2)
    yield _same("parameters", hash_arrays(trace.parameters), trace.metadata.parameters_hash)
    inputs = {"x": trace.x, "targets": trace.targets, "h0": trace.h0}
    yield _same("x, targets, h0", hash_arrays(inputs), trace.metadata.inputs_hash)

    network = Reference.of(trace)
    preact = network.preactivations()
    states = np.tanh(preact)
    outputs = network.outputs(states)
    forward = {
        "preact": (trace.preact[0, 0, :, :, 0], preact),
        "gates": (trace.gates[0, 0, :, :, 0], states),
        "h": (trace.h[0, 0], states),
        "output": (trace.output, outputs),
        "y": (trace.y, network.predictions(outputs)),
        "jacobian": (trace.jacobian[0, 0], (1 - states**2)[..., None] * network.W),
    }
    for name, (got, expected) in forward.items():
        yield Check(name, REFERENCE, _error(got, expected, floor=1e-3), tolerance)
    losses = network.losses(outputs)
    yield Check("loss", REFERENCE, _error(trace.loss, losses, floor=1.0), tolerance)
    if trace.has_gradients:
        yield from _gradient_checks(trace, network, states, outputs, tolerance)


def _gradient_checks(
    trace: Trace,
    network: Reference,
    states: np.ndarray,
    outputs: np.ndarray,
    tolerance: float,
) -> Iterator[Check]:
    at_output = network.loss_by_output(outputs)
    direct = at_output @ network.V
    table = network.back_through_time(states, direct)
    at_preact = table * (1 - states**2)
    to_inputs = at_preact @ network.U
    slack = _cancellation(trace, network, direct, tolerance)
    by_loss = slack[:, None, :, None]
    assert trace.grad_direct is not None
    assert trace.grad_h is not None
    assert trace.grad_h_by_loss is not None
    assert trace.grad_x_by_loss is not None
    assert trace.gradients is not None
    tables = {
        "grad_direct": (trace.grad_direct[0, 0], direct, slack[..., None]),
        "grad_h": (trace.grad_h[0, 0], table.sum(axis=0), slack.max(axis=0)[None, :, None]),
        "grad_h_by_loss": (trace.grad_h_by_loss[:, 0, 0], table, by_loss),
        "grad_x_by_loss": (trace.grad_x_by_loss, to_inputs, by_loss),
    }
    for name, (got, expected, allowed) in tables.items():
        yield Check(name, REFERENCE, _error(got, expected, slack=allowed), tolerance)

    before = np.concatenate([network.h0[None], states[:-1]])
    summed = at_preact.sum(axis=0)
    worst = float(slack.max())
    expected_gradients = {
        trace.parameter_name("weight_ih"): np.einsum("tbi,tbj->ij", summed, network.x),
        trace.parameter_name("weight_hh"): np.einsum("tbi,tbj->ij", summed, before),
        trace.parameter_name("bias_ih"): summed.sum(axis=(0, 1)),
        trace.parameter_name("bias_hh"): summed.sum(axis=(0, 1)),
        f"{trace.metadata.output_layer}.weight": np.einsum("tbi,tbj->ij", at_output, states),
        f"{trace.metadata.output_layer}.bias": at_output.sum(axis=(0, 1)),
    }
    for name, got in trace.gradients.items():
        expected = expected_gradients.get(name)
        error = np.inf if expected is None else _error(got, expected, slack=np.array(worst))
        yield Check(f"gradients/{name}", REFERENCE, error, tolerance)
    yield from _difference_checks(trace, network, states, max(tolerance, _DIFFERENCE_TOLERANCE))


def _difference_checks(
    trace: Trace, network: Reference, states: np.ndarray, tolerance: float
) -> Iterator[Check]:
    rng = np.random.default_rng(0)
    assert trace.gradients is not None
    assert trace.grad_h_by_loss is not None
    assert trace.grad_x_by_loss is not None
    places = {
        trace.parameter_name("weight_ih"): "U",
        trace.parameter_name("weight_hh"): "W",
        trace.parameter_name("bias_ih"): "b",
        trace.parameter_name("bias_hh"): "b",
        f"{trace.metadata.output_layer}.weight": "V",
        f"{trace.metadata.output_layer}.bias": "c",
    }
    for name, got in trace.gradients.items():
        if name in places:
            field = places[name]
            values = getattr(network, field)
            error = max(
                _difference(
                    partial(_loss_with, network, field, at), float(values[at]), float(got[at])
                )
                for at in _sample(rng, got.shape)
            )
            yield Check(f"gradients/{name}", DIFFERENCES, error, tolerance)

    def loss_of_state(t: int, k: int, at: tuple[int, ...], value: float) -> float:
        return float(network.losses_from(k, _put(states[k], at, value))[t - k, at[0]])

    def loss_of_input(t: int, k: int, at: tuple[int, ...], value: float) -> float:
        moved = network.changed(x=_put(network.x, (k, *at), value))
        return float(moved.losses(moved.outputs(np.tanh(moved.preactivations())))[t, at[0]])

    tables = {
        "grad_h_by_loss": (trace.grad_h_by_loss[:, 0, 0], loss_of_state, states),
        "grad_x_by_loss": (trace.grad_x_by_loss, loss_of_input, network.x),
    }
    for name, (got, loss, values) in tables.items():
        error = 0.0
        for t, k, *at in _sample(rng, got.shape):
            k = min(k, t)
            place = tuple(at)
            found = _difference(
                partial(loss, t, k, place),
                float(values[(k, *place)]),
                float(got[(t, k, *place)]),
            )
            error = max(error, found)
        yield Check(name, DIFFERENCES, error, tolerance)


def _loss_with(network: Reference, field: str, at: tuple[int, ...], value: float) -> float:
    return network.changed(**{field: _put(getattr(network, field), at, value)}).total_loss()


def _difference(loss: Callable[[float], float], value: float, got: float) -> float:
    """The relative error of a gradient against central differences (four points) of a loss.

    A difference errs by its step's fourth power, and by about 10⁻¹⁶ L / step; which step is best
    depends on the loss, so several are taken and the closest counts. What rounding does even to
    the best one is not held against it.
    """
    points = {n * step: loss(value + n * step) for step in _NUDGES for n in (-2, -1, 1, 2)}
    expected = [
        (points[-2 * s] - 8 * points[-s] + 8 * points[s] - points[2 * s]) / (12 * s)
        for s in _NUDGES
    ]
    closest = min(expected, key=lambda each: abs(got - each))
    rounding = 1e-11 * max(1.0, *map(abs, points.values()))
    excess = max(abs(got - closest) - rounding, 0.0)
    return excess / max(abs(closest), abs(got), 1e-300)


def _cancellation(
    trace: Trace, network: Reference, direct: np.ndarray, tolerance: float
) -> np.ndarray:
    """By how much the tolerance grows where ∂L_t/∂o_t is a small difference: (time, batch)."""
    rounding = 32 * np.finfo(trace.h.dtype).eps * np.abs(network.V).max()
    if network.loss == "squared":
        rounding = rounding * max(1.0, float(np.abs(trace.targets).max()))
    size = np.abs(direct).max(axis=-1)
    with np.errstate(divide="ignore"):
        needed = rounding / (tolerance * size)
    return np.where(size > 0, np.maximum(needed, 1.0), 1.0)


def _error(
    got: np.ndarray,
    expected: np.ndarray,
    *,
    slack: np.ndarray | float = 1.0,
    floor: float = 0.0,
) -> float:
    """The largest error relative to the largest entry of its vector (the last axis).

    Where the expected vector is exactly zero, anything else is an infinite error.
    """
    difference = np.abs(np.asarray(got, dtype=np.float64) - expected)
    least = max(floor, float(np.finfo(got.dtype).tiny) / 1e-12)
    scale = np.maximum(np.abs(expected).max(axis=-1, keepdims=True), least)
    relative = difference / scale / slack
    zero = (expected == 0) & (np.asarray(got) != 0) & (np.abs(expected).max(-1, keepdims=True) == 0)
    if floor == 0.0 and zero.any():
        return float("inf")
    return float(relative.max())


def _same(field: str, got: str, expected: str) -> Check:
    return Check(field, "recorded hash", 0.0 if got == expected else float("inf"), 0.0)


def _sample(rng: np.random.Generator, shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    size = int(np.prod(shape))
    chosen = rng.choice(size, size=min(_SAMPLES, size), replace=False)
    return [tuple(int(i) for i in np.unravel_index(at, shape)) for at in chosen]


def _put(array: np.ndarray, at: tuple[int, ...], value: float) -> np.ndarray:
    changed = array.copy()
    changed[at] = value
    return changed

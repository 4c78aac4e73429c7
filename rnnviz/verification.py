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
UNCHECKED: Final = "not checked"
_TOLERANCE: Final = {"float64": 1e-10, "float32": 1e-4}
_DIFFERENCE_TOLERANCE: Final = 1e-6
_SAMPLES: Final = 12
_NUDGES: Final = (1e-3, 3e-4, 1e-4, 3e-5, 1e-5)


@dataclass(frozen=True)
class Check:
    """One field compared with one independent computation: the largest relative error.

    What no computation here can judge is said so: ``against`` is then ``UNCHECKED``.
    """

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
    tolerance = _TOLERANCE[str(trace.h.dtype)]
    yield _same("parameters", hash_arrays(trace.parameters), trace.metadata.parameters_hash)
    inputs = {"x": trace.x, "targets": trace.targets, "h0": trace.h0}
    yield _same("x, targets, h0", hash_arrays(inputs), trace.metadata.inputs_hash)

    network = Reference.of(trace)
    states = trace.h[0, 0].astype(np.float64)
    preact = network.preactivations_after(states)
    outputs = network.outputs(states)
    forward = {
        "preact": (trace.preact[0, 0, :, :, 0], preact),
        "gates": (trace.gates[0, 0, :, :, 0], np.tanh(preact)),
        "h": (trace.h[0, 0], np.tanh(preact)),
        "output": (trace.output, outputs),
        "y": (trace.y, network.predictions(outputs)),
        "jacobian": (trace.jacobian[0, 0], _slope(states)[..., None] * network.W),
    }
    for name, (got, expected) in forward.items():
        yield Check(name, REFERENCE, _error(got, expected, _size(expected, 1e-3)), tolerance)
    losses = network.losses(outputs)
    yield Check("loss", REFERENCE, _error(trace.loss, losses, _size(losses, 1.0)), tolerance)
    if trace.has_gradients:
        yield from _gradient_checks(trace, network, states, tolerance)
        yield from _difference_checks(trace, network, max(tolerance, _DIFFERENCE_TOLERANCE))


def _gradient_checks(
    trace: Trace, network: Reference, states: np.ndarray, tolerance: float
) -> Iterator[Check]:
    at_output = network.loss_by_output(network.outputs(states))
    direct = at_output @ network.V
    table = network.back_through_time(states, direct)
    at_preact = table * _slope(states)
    to_inputs = at_preact @ network.U
    slack = _cancellation(trace, network, direct, tolerance)[..., None]
    assert trace.grad_direct is not None
    assert trace.grad_h is not None
    assert trace.grad_h_by_loss is not None
    assert trace.grad_x_by_loss is not None
    assert trace.gradients is not None
    sizes = slack[:, None] * _size(table)
    tables = {
        "grad_direct": (trace.grad_direct[0, 0], direct, slack * _size(direct)),
        "grad_h": (trace.grad_h[0, 0], table.sum(axis=0), sizes.sum(axis=0)),
        "grad_h_by_loss": (trace.grad_h_by_loss[:, 0, 0], table, sizes),
        "grad_x_by_loss": (trace.grad_x_by_loss, to_inputs, slack[:, None] * _size(to_inputs)),
    }
    for name, (got, expected, size) in tables.items():
        yield Check(name, REFERENCE, _error(got, expected, size), tolerance)

    before = np.concatenate([network.h0[None], states[:-1]])
    summed = at_preact.sum(axis=0)
    summed_size = (slack[:, None] * np.abs(at_preact)).sum(axis=0)
    output_size = slack * np.abs(at_output)
    through = {
        trace.parameter_name("weight_ih"): (summed, summed_size, network.x),
        trace.parameter_name("weight_hh"): (summed, summed_size, before),
        trace.parameter_name("bias_ih"): (summed, summed_size, None),
        trace.parameter_name("bias_hh"): (summed, summed_size, None),
        f"{trace.metadata.output_layer}.weight": (at_output, output_size, states),
        f"{trace.metadata.output_layer}.bias": (at_output, output_size, None),
    }
    for name, got in trace.gradients.items():
        if name not in through:
            yield Check(f"gradients/{name}", UNCHECKED, 0.0, np.inf)
            continue
        back, size, forward = through[name]
        expected = _outer(back, forward)
        allowed = _size(_outer(size, None if forward is None else np.abs(forward)))
        yield Check(f"gradients/{name}", REFERENCE, _error(got, expected, allowed), tolerance)


def _outer(back: np.ndarray, forward: np.ndarray | None) -> np.ndarray:
    """Σ over time and batch of what comes back at a layer times what went into it."""
    if forward is None:
        return back.sum(axis=(0, 1))
    return np.einsum("tbi,tbj->ij", back, forward)


def _difference_checks(trace: Trace, network: Reference, tolerance: float) -> Iterator[Check]:
    """Central differences of losses of the network run freely, in float64.

    A network that leaves the recorded states when it runs freely (chaos amplifies the rounding of
    the recording) has other gradients there, and is not checked so.
    """
    rng = np.random.default_rng(0)
    assert trace.gradients is not None
    assert trace.grad_h_by_loss is not None
    assert trace.grad_x_by_loss is not None
    states = np.tanh(network.preactivations())
    follows = bool(np.abs(states - trace.h[0, 0]).max() < 0.1 * tolerance)
    against, allowed = (DIFFERENCES, tolerance) if follows else (UNCHECKED, np.inf)
    places = {
        trace.parameter_name("weight_ih"): "U",
        trace.parameter_name("weight_hh"): "W",
        trace.parameter_name("bias_ih"): "b",
        trace.parameter_name("bias_hh"): "b",
        f"{trace.metadata.output_layer}.weight": "V",
        f"{trace.metadata.output_layer}.bias": "c",
    }
    for name, got in trace.gradients.items():
        field = places.get(name)
        if field is not None:
            values = getattr(network, field)
            chosen = _sample(rng, got.shape) if follows else []
            errors = [
                _difference(
                    partial(_loss_with, network, field, at), float(values[at]), float(got[at])
                )
                for at in chosen
            ]
            yield Check(f"gradients/{name}", against, max(errors, default=0.0), allowed)

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
        for t, k, *at in _sample(rng, got.shape) if follows else []:
            k = min(k, t)
            place = tuple(at)
            found = _difference(
                partial(loss, t, k, place),
                float(values[(k, *place)]),
                float(got[(t, k, *place)]),
            )
            error = max(error, found)
        yield Check(name, against, error, allowed)


def _slope(states: np.ndarray) -> np.ndarray:
    return (1.0 - states) * (1.0 + states)


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


def _size(values: np.ndarray, least: float = 0.0) -> np.ndarray:
    """The largest entry of each vector (the last axis, kept), or ``least`` if that is more."""
    return np.maximum(np.abs(values).max(axis=-1, keepdims=True), least)


def _error(got: np.ndarray, expected: np.ndarray, size: np.ndarray) -> float:
    """The largest error relative to ``size``; where that is zero, anything but zero is infinite."""
    difference = np.abs(np.asarray(got, dtype=np.float64) - expected)
    least = float(np.finfo(got.dtype).tiny) / 1e-12
    relative = difference / np.maximum(size, least)
    wrong_zero = (size == 0) & (np.asarray(got) != 0)
    return float("inf") if wrong_zero.any() else float(relative.max())


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

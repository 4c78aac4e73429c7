"""Fixed points of a layer: h = F(h, x)."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from rnnviz.cells.custom import refuse_equations
from rnnviz.cells.steps import NUMPY, Steps
from rnnviz.errors import TraceError
from rnnviz.measure.jacobians import eigenvalues, state_size
from rnnviz.measure.recorded import check_place
from rnnviz.system.short_repr import ShortRepr
from rnnviz.trace import Trace

_BLOCK: Final = 1 << 21
_HALVINGS: Final = 30
_ROUNDING: Final = 1e-15


@dataclass(frozen=True, eq=False, repr=False)
class FixedPoints(ShortRepr):
    """The fixed points found, the one that most starts led to first.

    Shapes: states (point, state), of an LSTM h, then c; residuals ‖F(s) − s‖ and stable (point,);
            jacobians ∂F/∂s (point, state, state); eigenvalues (point, state) complex, the largest
            first; starts (point,), how many starts led there, and ``lost``, how many led nowhere
    Units:  residuals in units of state; a point is stable if all its eigenvalues lie within the
            unit circle
    """

    states: np.ndarray
    residuals: np.ndarray
    jacobians: np.ndarray
    eigenvalues: np.ndarray
    stable: np.ndarray
    starts: np.ndarray
    lost: int


def fixed_points(
    trace: Trace,
    x: np.ndarray | None = None,
    *,
    starts: np.ndarray | None = None,
    most_starts: int = 256,
    tolerance: float = 1e-10,
    apart: float = 1e-6,
    iterations: int = 100,
    layer: int = 0,
    direction: int = 0,
) -> FixedPoints:
    """Find fixed points h = F(h, x) of a layer for a constant input, by Newton from many starts.

    Newton's step is halved until ‖F(s) − s‖ decreases. The starts are at most ``most_starts``
    recorded states at even intervals; x is zero by default. A point is accepted if its residual is
    at most ``tolerance`` · (1 + ‖s‖); two are the same if closer than ``apart`` · (1 + ‖s‖). All
    computations are in float64. There may be fixed points that are not found.

    Shapes: x (features,) as it enters the layer, starts (start, state) → FixedPoints
    Units:  as FixedPoints
    Raises: TraceError if x or the starts have another shape, or there is no such layer or direction
    Source: Sussillo & Barak 2013, "Opening the black box: low-dimensional dynamics in
            high-dimensional recurrent neural networks"
    Example: >>> found = fixed_points(trace)
             >>> found.states[found.stable]
    """
    check_place(trace, layer, direction)
    if trace.is_custom:
        refuse_equations()
    network = _Layer(trace, _input(trace, x, layer), layer, direction)
    begun = _recorded(trace, most_starts, layer, direction) if starts is None else starts
    size = state_size(trace)
    if begun.ndim != 2 or begun.shape[1] != size or not len(begun):
        raise TraceError(f"starts must be (start, {size}), got {begun.shape}")
    count = min(len(begun), -(-len(begun) * size**2 // _BLOCK))
    blocks = np.array_split(begun.astype(np.float64), count)
    settled = [_newton(network, block, iterations) for block in blocks]
    states, residuals = (np.concatenate(each) for each in zip(*settled, strict=True))
    reached = residuals <= tolerance * (1 + np.linalg.norm(states, axis=1))
    kept, counts = _distinct(states[reached], residuals[reached], apart)
    states, residuals = states[reached][kept], residuals[reached][kept]
    jacobians = network.jacobians(states)
    values = eigenvalues(jacobians) if len(states) else np.zeros((0, size), np.complex128)
    return FixedPoints(
        states=states,
        residuals=residuals,
        jacobians=jacobians,
        eigenvalues=values,
        stable=np.abs(values).max(axis=1) < 1,
        starts=counts,
        lost=int((~reached).sum()),
    )


@dataclass(frozen=True)
class _Layer:
    """F and its Jacobian at any states, for a constant input."""

    trace: Trace
    x: np.ndarray
    layer: int
    direction: int

    def weight(self, kind: str) -> np.ndarray | None:
        found = self.trace.weight(kind, self.layer, self.direction)
        return None if found is None else found.astype(np.float64)

    def advance(self, states: np.ndarray) -> np.ndarray:
        """F(s): (start, state)."""
        steps = self._steps(states)
        squashed = None if steps.c is None else steps.squashed
        after = steps.cell.output(steps.gates, steps.before, squashed)[0]
        projection = self.weight("weight_hr")
        after = after if projection is None else after @ projection.T
        return np.asarray(after if steps.c is None else np.concatenate([after, steps.c[0]], axis=1))

    def jacobians(self, states: np.ndarray) -> np.ndarray:
        """∂F/∂s: (start, state, state)."""
        return self._steps(states).jacobian()[0]

    def _steps(self, states: np.ndarray) -> Steps:
        """One step from each state, as a batch: (1, start, …)."""
        cell, hidden = self.trace.cell, self.trace.hidden_size
        h, before = states[:, :hidden], states[:, hidden:]
        of_input, of_state = self._share("ih", self.x[None]), self._share("hh", h)
        gates = cell.activate_all(cell.preactivations(of_input, of_state, NUMPY), NUMPY)
        c = None
        if cell.has_cell_state:
            kept, added = cell.kept_and_added(gates)
            c = (kept * before + added)[None]
        c_before = before[None] if cell.has_cell_state else None
        exist = np.ones((1, len(states)), dtype=bool)
        return Steps(cell, self.weight, gates[None], h[None], c_before, c, exist)

    def _share(self, end: str, values: np.ndarray) -> np.ndarray:
        """The input's or the state's part of the pre-activations: (start, gate, cell)."""
        weight, bias = self.weight(f"weight_{end}"), self.weight(f"bias_{end}")
        assert weight is not None
        part = values @ weight.T
        part = part if bias is None else part + bias
        return part.reshape(len(part), len(self.trace.cell.gates), self.trace.cell_size)


def _newton(network: _Layer, states: np.ndarray, iterations: int) -> tuple[np.ndarray, np.ndarray]:
    """States with the least ‖F(s) − s‖ that Newton's method reaches, and that norm."""
    states = states.copy()
    rest = network.advance(states) - states
    sizes = np.linalg.norm(rest, axis=1)
    moving = np.arange(len(states))
    for _ in range(iterations):
        moving = moving[sizes[moving] > _ROUNDING * (1 + np.linalg.norm(states[moving], axis=1))]
        if not len(moving):
            break
        slopes = network.jacobians(states[moving]) - np.eye(states.shape[1])
        steps = -_solved(slopes, rest[moving])
        waiting = np.arange(len(moving))
        for halved in range(_HALVINGS):
            tried = states[moving[waiting]] + 0.5**halved * steps[waiting]
            after = network.advance(tried) - tried
            size = np.linalg.norm(after, axis=1)
            better = size < sizes[moving[waiting]]
            chosen = moving[waiting[better]]
            states[chosen], rest[chosen], sizes[chosen] = tried[better], after[better], size[better]
            waiting = waiting[~better]
            if not len(waiting):
                break
        moving = np.delete(moving, waiting)
    return states, sizes


def _solved(slopes: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Newton's steps, the shortest ones where the Jacobian is singular."""
    try:
        return np.linalg.solve(slopes, rest[..., None])[..., 0]
    except np.linalg.LinAlgError:
        return (np.linalg.pinv(slopes) @ rest[..., None])[..., 0]


def _distinct(
    states: np.ndarray, residuals: np.ndarray, apart: float
) -> tuple[np.ndarray, np.ndarray]:
    """The indices of distinct states, the most frequent first, and their frequencies."""
    kept: list[int] = []
    members: list[list[int]] = []
    for at in np.argsort(residuals, kind="stable"):
        limits = apart * (1 + np.linalg.norm(states[kept], axis=1))
        near = np.flatnonzero(np.linalg.norm(states[kept] - states[at], axis=1) <= limits)
        if len(near):
            members[near[0]].append(int(at))
        else:
            kept.append(int(at))
            members.append([int(at)])
    order = sorted(range(len(kept)), key=lambda one: (-len(members[one]), min(members[one])))
    counts = np.array([len(members[one]) for one in order], dtype=np.int64)
    return np.array([kept[one] for one in order], dtype=np.int64), counts


def _input(trace: Trace, x: np.ndarray | None, layer: int) -> np.ndarray:
    features = trace.layer_input(layer).shape[-1]
    if x is None:
        return np.zeros(features)
    given = np.asarray(x, dtype=np.float64)
    if given.shape != (features,) or not np.isfinite(given).all():
        raise TraceError(
            f"x must be one input of the layer, {features} finite numbers, got {given.shape}"
        )
    return given


def _recorded(trace: Trace, most: int, layer: int, direction: int) -> np.ndarray:
    """Recorded states at even intervals: (start, state)."""
    if most < 1:
        raise TraceError(f"most_starts must be 1 or more, got {most}")
    states = trace.h[layer, direction][trace.mask]
    if trace.c is not None:
        states = np.concatenate([states, trace.c[layer, direction][trace.mask]], axis=-1)
    chosen = np.linspace(0, len(states) - 1, min(most, len(states))).round().astype(int)
    return states[chosen]

"""Jacobians of a layer's states: of one step, their products, and the recurrent weights."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, Protocol

import numpy as np

from rnnviz.cells.custom import refuse_equations
from rnnviz.cells.steps import Steps
from rnnviz.errors import TraceError
from rnnviz.measure.recorded import check_place, check_step, left_out
from rnnviz.system.progress import current_report
from rnnviz.trace import Trace
from rnnviz.trace.precision import vanished

_BLOCK: Final = 1 << 22
_ALL: Final = slice(None)


def spectral_norm(matrix: np.ndarray) -> float:
    """Return σ₁, the largest singular value of a matrix (rows, columns).

    Source: γ σ₁(W) < 1 is sufficient for gradients to vanish, γ σ₁(W) > 1 necessary for them to
            explode: Pascanu, Mikolov & Bengio 2013, section 2.1
    """
    return float(np.linalg.norm(matrix, ord=2))


def spectral_radius(matrix: np.ndarray) -> float:
    """Return ρ, the largest absolute eigenvalue of a square matrix (rows, rows).

    It does not decide whether gradients vanish or explode: a matrix with ρ = 0 can do both.

    Raises: TraceError if the matrix is not square
    """
    return float(np.abs(eigenvalues(matrix)[0]))


def eigenvalues(matrix: np.ndarray) -> np.ndarray:
    """Return the eigenvalues of square matrices, the largest absolute value first.

    Of a pair of conjugates the one above the real axis comes first.

    Shapes: matrix (…, rows, rows) → (…, rows) complex
    Raises: TraceError if the matrix is not square
    """
    if matrix.ndim < 2 or matrix.shape[-1] != matrix.shape[-2]:
        raise TraceError(
            f"eigenvalues need a square matrix, got {matrix.shape}; use the block of one gate, "
            "recurrent_weights(trace)[gate]"
        )
    found = np.linalg.eigvals(matrix).astype(np.complex128)
    order = np.lexsort((-found.imag, -np.abs(found)), axis=-1)
    return np.take_along_axis(found, order, axis=-1)


def recurrent_weights(
    trace: Trace, *, layer: int = 0, direction: int = 0
) -> Mapping[str, np.ndarray]:
    """Return W_g of each gate by its name: h of an RNN; r, z, n of a GRU; i, f, g, o of an LSTM.

    Shapes: → (cell, hidden) each
    Raises: TraceError if there is no such layer or direction
    Example: >>> spectral_radius(recurrent_weights(trace)["h"])
    """
    check_place(trace, layer, direction)
    if trace.is_custom:
        refuse_equations()
    names = trace.cell.gates
    weight = trace.parameters[trace.parameter_name("weight_hh", layer, direction)]
    return dict(zip(names, np.split(weight, len(names)), strict=True))


def jacobian_norms(trace: Trace, *, layer: int = 0, direction: int = 0) -> np.ndarray:
    """Return σ₁(∂h_k/∂h_{k−1}), the largest factor of one step back on a gradient's norm.

    The step before is k + 1 in the reverse direction, and h_0 at the first. Of an LSTM, c_{k−1}
    is held fixed. NaN at steps that do not exist.

    Shapes: → (time, batch)
    Units:  none
    Raises: TraceError if there is no such layer or direction
    Source: Pascanu et al. 2013, eq. 6
    """
    check_place(trace, layer, direction)
    recorded = _jacobians(trace, layer, direction)
    block = max(1, _BLOCK // (trace.batch * trace.hidden_size**2))
    each = [
        np.linalg.norm(recorded.hidden_jacobian(slice(first, first + block)), ord=2, axis=(-2, -1))
        for first in range(0, trace.steps, block)
    ]
    return left_out(trace, np.concatenate(each))


def step_eigenvalues(
    trace: Trace,
    steps: Sequence[int],
    *,
    sequence: int = 0,
    layer: int = 0,
    direction: int = 0,
) -> np.ndarray:
    """Return the ``eigenvalues`` of ∂h_k/∂h_{k−1} of one sequence at some steps.

    Shapes: → (step, hidden) complex
    Raises: TraceError if there is no such step, layer or direction
    """
    check_place(trace, layer, direction)
    report, only = current_report(), slice(sequence, sequence + 1)
    recorded = _jacobians(trace, layer, direction)
    values = np.empty((len(steps), trace.hidden_size), np.complex128)
    for row, step in enumerate(steps):
        check_step(trace, step)
        at = slice(step, step + 1)
        found = recorded.hidden_jacobian(at, only)[0, 0]
        values[row] = eigenvalues(found.astype(np.float64))
        if report:
            report(row + 1, len(steps), f"step {step + 1}")
    return values


def state_jacobians(trace: Trace, step: int, *, layer: int = 0, direction: int = 0) -> np.ndarray:
    """Return ∂h_t/∂h_k of one step t for every step k, by all paths within the layer.

    It is the identity at k = t, and a product with one more Jacobian for each step back. Of an LSTM
    it is the block from h to h of the product of the Jacobians of (h, c): c_k is held fixed, and
    paths through later c count. 0 where h_k cannot reach h_t, NaN where a sequence does not have
    both steps.

    Shapes: → (time, batch, hidden, hidden) in float64, rows for h_t, columns for h_k
    Units:  none
    Raises: TraceError if there is no such step, layer or direction
    Source: Pascanu et al. 2013, eq. 5
    """
    check_step(trace, step)
    check_place(trace, layer, direction)
    jacobians = step_jacobians(trace, layer, direction)
    hidden = trace.hidden_size
    products = np.zeros((trace.steps, trace.batch, hidden, hidden))
    product = np.tile(np.eye(jacobians.shape[-1])[:hidden], (trace.batch, 1, 1))
    products[step] = product[..., :hidden]
    back = range(step - 1, -1, -1) if direction == 0 else range(step + 1, trace.steps)
    with np.errstate(over="ignore", invalid="ignore"):
        for before in back:
            product = product @ jacobians[before + 1 if direction == 0 else before - 1]
            products[before] = product[..., :hidden]
    products[:, ~trace.mask[step]] = np.nan
    return left_out(trace, products)


def state_jacobian(
    trace: Trace, step: int, before: int | None, *, layer: int = 0, direction: int = 0
) -> np.ndarray:
    """Return ∂h_t/∂h_k of one pair of steps t and k, or ∂h_t/∂h_0 with None for k.

    It is that of ``state_jacobians``. Of an LSTM, ∂h_t/∂h_0 holds c_0 fixed.

    Shapes: → (batch, hidden, hidden) in float64
    Units:  none
    Raises: TraceError if there is no such step, layer or direction
    Source: Pascanu et al. 2013, eq. 5
    """
    if before is not None:
        check_step(trace, before)
        return state_jacobians(trace, step, layer=layer, direction=direction)[before]
    check_step(trace, step)
    check_place(trace, layer, direction)
    jacobians = step_jacobians(trace, layer, direction)
    hidden = trace.hidden_size
    product = np.tile(np.eye(jacobians.shape[-1])[:hidden], (trace.batch, 1, 1))
    back = range(step, -1, -1) if direction == 0 else range(step, trace.steps)
    for k in back:
        product = np.where(trace.mask[k][:, None, None], product @ jacobians[k], product)
    product[~trace.mask[step]] = np.nan
    return product[..., :hidden]


def state_jacobian_singular_values(
    trace: Trace, step: int, *, layer: int = 0, direction: int = 0
) -> np.ndarray:
    """Return the singular values of ∂h_t/∂h_k of one step t for every k, the largest first.

    0 where h_k cannot reach h_t, NaN where a sequence does not have both steps.

    Shapes: → (time, batch, hidden) in float64
    Units:  none
    Raises: TraceError if there is no such step, layer or direction, or a product is not finite
    """
    products = state_jacobians(trace, step, layer=layer, direction=direction)
    there = trace.mask & trace.mask[step]
    if not np.isfinite(products[there]).all():
        raise TraceError(
            f"∂h_t/∂h_k is too large for float64 at step {step}; choose an earlier step, or use "
            "state_jacobian_norms"
        )
    values = np.full(products.shape[:-1], np.nan)
    values[there] = np.linalg.svd(products[there], compute_uv=False)
    return values


def singular_values_back(
    trace: Trace,
    step: int,
    lags: Collection[int],
    *,
    sequence: int = 0,
    layer: int = 0,
    direction: int = 0,
) -> np.ndarray:
    """Return the singular values of ∂h_t/∂h_k of one step t at some lags, the largest first.

    The lag is t − k, or k − t in the reverse direction. Only one product and a block of Jacobians
    are in memory. Entries that have vanished, by ``precision.vanished``, are set to zero.

    Shapes: → (lag, hidden) in float64, in ascending order of the lags
    Units:  none
    Raises: TraceError if there is no such step, lag, layer or direction, or a product is not finite
    Source: Pascanu et al. 2013, eq. 5
    """
    check_step(trace, step)
    check_place(trace, layer, direction)
    farthest = step if direction == 0 else int(trace.mask[:, sequence].sum()) - 1 - step
    wanted = sorted(set(lags))
    if not wanted or wanted[0] < 0 or wanted[-1] > farthest:
        raise TraceError(f"lags must be within 0 to {farthest} for step {step}, got {wanted}")
    hidden, least = trace.hidden_size, vanished("float64")
    size = state_size(trace)
    product, values = np.eye(size)[:hidden], np.empty((len(wanted), hidden))
    diagonal = size > hidden and trace.weight("weight_hr", layer, direction) is None
    report, done = current_report(), 0
    back = _one_by_one(trace, step, wanted[-1], sequence, layer, direction)
    for lag, jacobian in enumerate(back):
        if lag in wanted:
            if not np.isfinite(product).all():
                raise TraceError(
                    f"∂h_t/∂h_k is too large for float64 {lag} steps before step {step}; use fewer "
                    "lags, or state_jacobian_norms"
                )
            values[done] = np.linalg.svd(product[:, :hidden], compute_uv=False)
            done += 1
            if report:
                report(done, len(wanted), f"lag {lag}")
        if jacobian is not None:
            with np.errstate(over="ignore", invalid="ignore"):
                product = _multiplied(product, jacobian, hidden, diagonal=diagonal)
            product[np.abs(product) < least] = 0.0
    return values


def state_jacobian_norms(trace: Trace, *, layer: int = 0, direction: int = 0) -> np.ndarray:
    """Return ‖∂h_t/∂h_k‖₂ = σ₁ of ``state_jacobians`` for all pairs of steps t and k of a layer.

    1 at t = k, 0 where h_k cannot reach h_t, NaN where a sequence does not have both steps. The
    products of all t are extended together by one step back at a time, and scaled to the range of
    float64, so that one Jacobian for each step is in memory. A norm above that range is ∞.

    Shapes: → (time, time, batch) in float64, t before k
    Units:  none
    Raises: TraceError if there is no such layer or direction
    Source: Pascanu et al. 2013, eq. 5–7
    """
    check_place(trace, layer, direction)
    jacobians = step_jacobians(trace, layer, direction)
    steps, hidden = trace.steps, trace.hidden_size
    order = np.arange(steps) if direction == 0 else np.arange(steps)[::-1]
    jacobians = jacobians[order]
    table = np.zeros((steps, steps, trace.batch))
    table[order, order] = 1.0
    products = np.tile(np.eye(jacobians.shape[-1])[:hidden], (steps, trace.batch, 1, 1))
    exponents = np.zeros((steps, trace.batch), dtype=np.int32)
    for lag in range(1, steps):
        products = products[-(steps - lag) :] @ jacobians[1 : steps - lag + 1]
        _, shifts = np.frexp(np.abs(products).max(axis=(-2, -1)))
        products = np.ldexp(products, -shifts[..., None, None])
        exponents = exponents[-(steps - lag) :] + shifts
        sizes = _largest_singular_values(products[..., :hidden])
        with np.errstate(over="ignore", under="ignore"):
            table[order[lag:], order[: steps - lag]] = np.ldexp(sizes, exponents)
    if trace.lengths is not None:
        table[~(trace.mask[:, None] & trace.mask)] = np.nan
    return table


def state_jacobian_bounds(trace: Trace, *, layer: int = 0, direction: int = 0) -> np.ndarray:
    """Return (γ σ₁(W))^(t−k) ≥ ‖∂h_t/∂h_k‖₂ for all pairs of steps of a plain RNN; γ = 1.

    γ bounds the slope of the nonlinearity, which is 1 for tanh and for relu. The exponent is k − t
    in the reverse direction. 0 where h_k cannot reach h_t. Above the range of float64 it is ∞.

    Shapes: → (time, time) in float64, t before k
    Units:  none
    Raises: TraceError for a gated cell, whose Jacobian has no such bound
    Source: Pascanu et al. 2013, eq. 6–7
    """
    check_place(trace, layer, direction)
    if trace.cell.gated:
        raise TraceError(
            f"the bound (γ σ₁)^(t−k) is that of a plain RNN, got {trace.cell.with_article}; use "
            "state_jacobian_norms"
        )
    weight = recurrent_weights(trace, layer=layer, direction=direction)["h"]
    lags = np.arange(trace.steps)[:, None] - np.arange(trace.steps)
    lags = lags if direction == 0 else -lags
    with np.errstate(over="ignore", under="ignore"):
        powers = spectral_norm(weight.astype(np.float64)) ** np.maximum(lags, 0)
    return np.where(lags >= 0, powers, 0.0)


class _Jacobians(Protocol):
    """The Jacobians of some steps of some sequences: of the whole state, and from h to h."""

    def jacobian(self, steps: slice = ..., sequences: slice = ...) -> np.ndarray: ...
    def hidden_jacobian(self, steps: slice = ..., sequences: slice = ...) -> np.ndarray: ...


class _Recorded:
    """Those that a custom cell's trace holds."""

    def __init__(self, trace: Trace):
        self._all = trace.recorded_jacobian[0, 0]

    def jacobian(self, steps: slice = _ALL, sequences: slice = _ALL) -> np.ndarray:
        """∂h_k/∂h_{k−1}, of all named states together."""
        return self._all[steps, sequences]

    hidden_jacobian = jacobian


def _jacobians(trace: Trace, layer: int, direction: int) -> _Jacobians:
    return _Recorded(trace) if trace.is_custom else Steps.of(trace, layer, direction)


def state_size(trace: Trace) -> int:
    """The size of the state s that a step passes on: h, or h before c where there is one."""
    return trace.hidden_size + (trace.cell_size if trace.cell.has_cell_state else 0)


def step_jacobians(
    trace: Trace,
    layer: int = 0,
    direction: int = 0,
    *,
    steps: slice = _ALL,
    sequences: slice = _ALL,
) -> np.ndarray:
    """Return ∂s_k/∂s_prev of the whole state s that a step passes on: h, or h and c of an LSTM.

    Shapes: → (time, batch, state, state) in float64 of the chosen steps and sequences, h before c
    Raises: TraceError if there is no such layer or direction, or it was left out of a recording of
            a custom cell
    """
    check_place(trace, layer, direction)
    return _jacobians(trace, layer, direction).jacobian(steps, sequences).astype(np.float64)


def _multiplied(
    product: np.ndarray, jacobian: np.ndarray, hidden: int, *, diagonal: bool
) -> np.ndarray:
    """A product times one Jacobian, whose columns of c are two diagonals if ``diagonal``."""
    if not diagonal:
        return product @ jacobian
    by_h, by_c = (np.diagonal(part[:, hidden:]) for part in np.split(jacobian, [hidden]))
    of_c = product[:, :hidden] * by_h + product[:, hidden:] * by_c
    return np.concatenate([product @ jacobian[:, :hidden], of_c], axis=1)


def _one_by_one(
    trace: Trace, step: int, count: int, sequence: int, layer: int, direction: int
) -> Iterator[np.ndarray | None]:
    """Yield ``_one_step`` of one sequence, ``count`` steps back from a step, and None at the end.

    Shapes: each (state, state)
    """
    recorded = _jacobians(trace, layer, direction)
    block = max(1, _BLOCK // state_size(trace) ** 2)
    only = slice(sequence, sequence + 1)
    for first in range(0, count, block):
        length = min(block, count - first)
        low = step - first - length + 1 if direction == 0 else step + first
        steps = slice(low, low + length)
        found = recorded.jacobian(steps, only)[:, 0]
        yield from found[:: -1 if direction == 0 else 1].astype(np.float64)
    yield None


def _largest_singular_values(matrices: np.ndarray) -> np.ndarray:
    """σ₁ from the largest eigenvalue of AᵀA, to full precision: (…, rows, columns) → (…)."""
    top = np.abs(matrices).max(axis=(-2, -1), keepdims=True)
    scaled = matrices / np.where(top > 0, top, 1.0)
    squares = np.linalg.eigvalsh(scaled.swapaxes(-1, -2) @ scaled)[..., -1]
    return np.sqrt(np.maximum(squares, 0.0)) * top[..., 0, 0]

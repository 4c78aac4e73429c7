"""The gates: their values and slopes, and the path through the cell state alone."""

from collections.abc import Callable, Mapping

import numpy as np

from rnnviz.cells.custom import refuse_equations
from rnnviz.cells.steps import Steps
from rnnviz.errors import TraceError
from rnnviz.measure.recorded import check_place, check_step, left_out, named_gates
from rnnviz.trace import Trace


def gates(trace: Trace, *, layer: int = 0, direction: int = 0) -> Mapping[str, np.ndarray]:
    """Return the gates by name, after their nonlinearity: GRU r, z, n; LSTM i, f, g, o.

    The one gate of an RNN is its state, h. Of a custom cell they are those that its code names. NaN
    at steps that do not exist.

    Shapes: → (time, batch, cell) each; of a custom cell (time, batch, …)
    Units:  none; r, z, i, f, o lie between 0 and 1, n, g and tanh's h between −1 and 1
    Raises: TraceError if there is no such layer or direction, or a custom cell names no gates
    Source: Hochreiter & Schmidhuber 1997 with the forget gate of Gers, Schmidhuber & Cummins 2000;
            Cho et al. 2014; both in the form of PyTorch's documentation
    Example: >>> gates(trace)["f"].mean(axis=(0, 1))
    """
    check_place(trace, layer, direction)
    if trace.gates is None:
        return {name: left_out(trace, values) for name, values in named_gates(trace).items()}
    return _by_name(trace, trace.gates[layer, direction])


def gate_slopes(trace: Trace, *, layer: int = 0, direction: int = 0) -> Mapping[str, np.ndarray]:
    """Return the slope of each gate's nonlinearity: near 0 where it is saturated.

    1 − h² for tanh, at most 1; σ (1 − σ) for a sigmoid, at most 1/4; 1 or 0 for relu. NaN at steps
    that do not exist.

    Shapes: → (time, batch, cell) each
    Units:  none
    Raises: TraceError if there is no such layer or direction
    """
    check_place(trace, layer, direction)
    return _by_name(trace, Steps.of(trace, layer, direction).slopes)


def activation_slope(
    trace: Trace, gate: str | None = None, *, layer: int = 0, direction: int = 0
) -> np.ndarray:
    """Return the slope of the nonlinearity of each unit: 1 − h² for tanh, near 0 if saturated.

    For relu it is 1 or 0. A GRU or LSTM has a slope for each gate, as in ``gate_slopes``, and
    ``gate`` names one. NaN at steps that do not exist.

    Shapes: → (time, batch, cell)
    Units:  none
    Raises: TraceError if a gate must be named, or there is none of the name
    """
    slopes = gate_slopes(trace, layer=layer, direction=direction)
    if gate is None and len(slopes) == 1:
        return slopes["h"]
    if gate is None or gate not in slopes:
        raise TraceError(
            f"{'no gate given' if gate is None else f'unknown gate {gate!r}'}; "
            f"{trace.cell.with_article} has {', '.join(slopes)}"
        )
    return slopes[gate]


def cell_path(trace: Trace, step: int, *, layer: int = 0, direction: int = 0) -> np.ndarray:
    """Return ∏ f_j, j = k+1 … t, for one step t and every step k: ∂c_t/∂c_k through the cell alone.

    It is the part of an LSTM's c_k that is left at step t, or of a GRU's h_k, with the factors
    z_j. 1 at k = t, 0 where step k comes after t in the layer's direction, NaN where a sequence
    does not have both.

    Shapes: → (time, batch, cell) in float64
    Units:  none
    Raises: TraceError if the cell is an RNN, which has no such path, or there is no such step
    Source: Hochreiter & Schmidhuber 1997, the constant error carousel; with forget gates, Gers,
            Schmidhuber & Cummins 2000
    """
    check_step(trace, step)
    kept = _kept(trace, layer, direction)
    product = np.zeros_like(kept)
    product[step] = 1.0
    back = range(step - 1, -1, -1) if direction == 0 else range(step + 1, trace.steps)
    for before in back:
        after = before + 1 if direction == 0 else before - 1
        product[before] = product[after] * kept[after]
    product[:, ~trace.mask[step]] = np.nan
    return left_out(trace, product)


def cell_path_norms(trace: Trace, *, layer: int = 0, direction: int = 0) -> np.ndarray:
    """Return ‖∏ f_j‖₂, the largest entry of ``cell_path``, for all pairs of steps t and k.

    Shapes: → (time, time, batch) in float64, t before k
    Units:  none
    Raises: TraceError if the cell is an RNN
    Source: as cell_path
    """
    return _of_all_pairs(trace, layer, direction, np.max)


def cell_path_means(trace: Trace, *, layer: int = 0, direction: int = 0) -> np.ndarray:
    """Return the mean over the units of ``cell_path`` for all pairs of steps t and k.

    Shapes: → (time, time, batch) in float64, t before k
    Units:  none
    Raises: TraceError if the cell is an RNN
    Source: as cell_path
    """
    return _of_all_pairs(trace, layer, direction, np.mean)


def _by_name(trace: Trace, values: np.ndarray) -> Mapping[str, np.ndarray]:
    return {name: left_out(trace, values[..., at, :]) for at, name in enumerate(trace.cell.gates)}


def _kept(trace: Trace, layer: int, direction: int) -> np.ndarray:
    """The gate by which the cell keeps its state, in float64: (time, batch, cell)."""
    check_place(trace, layer, direction)
    if trace.gates is None:
        refuse_equations()
    kept = trace.cell.kept(trace.gates[layer, direction])
    if kept is None:
        raise TraceError(
            f"{trace.cell.with_article} has no path through a cell state; use "
            "state_jacobian_norms, or record a GRU or an LSTM"
        )
    return np.asarray(kept, dtype=np.float64)


def _of_all_pairs(
    trace: Trace, layer: int, direction: int, reduce: Callable[..., np.ndarray]
) -> np.ndarray:
    kept = _kept(trace, layer, direction)
    order = np.arange(trace.steps) if direction == 0 else np.arange(trace.steps)[::-1]
    products = np.ones_like(kept)
    table = np.zeros((trace.steps, *trace.mask.shape))
    for taken, step in enumerate(order):
        earlier = order[:taken]
        products[earlier] *= kept[step]
        table[step, order[: taken + 1]] = reduce(products[order[: taken + 1]], axis=-1)
    if trace.lengths is not None:
        table[~(trace.mask[:, None] & trace.mask)] = np.nan
    return table

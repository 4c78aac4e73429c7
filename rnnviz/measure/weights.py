"""The part of a weight's gradient by each of its uses.

∂L_t/∂θ_s is the gradient of the loss at step t through the use of θ at step s. It is the sum over
the batch of a_{t,s} vᵀ, with the gradient a at the pre-activations of the gates and the vector v
that θ is multiplied by, h_{s−1} for W. Its norm is therefore a product of two norms, and its sums
are matrix products.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from rnnviz.cells.custom import refuse_equations
from rnnviz.cells.steps import Steps
from rnnviz.errors import TraceError
from rnnviz.measure import cell_states
from rnnviz.measure.cell_states import immediate_at_cells
from rnnviz.measure.gradients import by_lag
from rnnviz.measure.recorded import (
    check_place,
    check_step,
    needed,
    norms,
    pairs_left_out,
    row_of,
)
from rnnviz.system.short_repr import ShortRepr
from rnnviz.trace import Trace

KINDS: Final = ("weight_hh", "weight_ih", "bias_hh", "bias_ih", "weight_hr")
_BLOCK: Final = 1 << 22


def states_before(trace: Trace, *, layer: int = 0, direction: int = 0) -> np.ndarray:
    """Return h_{s−1} for every step s, or h_{s+1} for the reverse direction; h_0 at the first.

    Shapes: → (time, batch, hidden)
    """
    check_place(trace, layer, direction)
    return trace.states_before(layer, direction)


def weight_gradients(
    trace: Trace, kind: str = "weight_hh", *, layer: int = 0, direction: int = 0
) -> np.ndarray:
    """Return Σ_t ∂L_t/∂θ_s for each step s: the part of the gradient by the use at step s.

    The sum is over all losses, recorded by loss or not, and over the batch. A step that no
    sequence has adds 0.

    Shapes: kind weight_hh, weight_ih, bias_hh, bias_ih or weight_hr → (time, *parameter); its sum
            over time is the gradient of the parameter
    Units:  loss per unit of weight
    Raises: TraceError if the trace has no gradients, or the layer no such parameter
    Source: Werbos 1990, "Backpropagation through time"; Pascanu et al. 2013, eq. 4
    """
    left, right = _of_all_losses(trace, kind, layer, direction)
    if right is None:
        return left.sum(axis=1)
    return left.swapaxes(1, 2) @ right


def weight_gradients_by_loss(
    trace: Trace, kind: str = "weight_hh", *, layer: int = 0, direction: int = 0
) -> np.ndarray:
    """Return Σ_s ∂L_t/∂θ_s for each loss time t: the gradient of one loss.

    Shapes: → (loss_time, *parameter), summed over steps and batch
    Units:  loss per unit of weight
    Raises: TraceError if the trace has no gradients, or the layer no such parameter
    Source: Pascanu et al. 2013, eq. 4
    """
    blocks = []
    for left in _by_loss(trace, kind, layer, direction):
        right = _multiplied(trace, kind, layer, direction)
        if right is None:
            blocks.append(left.sum(axis=(1, 2)))
        else:
            flat = left.reshape(len(left), -1, left.shape[-1])
            blocks.append(flat.swapaxes(1, 2) @ right.reshape(-1, right.shape[-1]))
    return np.concatenate(blocks)


def weight_gradient(
    trace: Trace,
    loss: int,
    step: int,
    kind: str = "weight_hh",
    *,
    sequence: int | None = None,
    layer: int = 0,
    direction: int = 0,
) -> np.ndarray:
    """Return ∂L_t/∂θ_s of one loss and one use, in full.

    Shapes: → that of the parameter; of one sequence, or summed over the batch
    Units:  loss per unit of weight
    Raises: TraceError if the trace has no gradients of that loss, no such step or sequence, or
            the layer no such parameter
    Source: Pascanu et al. 2013, eq. 4
    Example: >>> weight_gradient(trace, loss=9, step=3, kind="weight_ih")
    """
    check_step(trace, step)
    if sequence is not None and not 0 <= sequence < trace.batch:
        raise TraceError(f"there is no sequence {sequence}; the trace has {trace.batch}, from 0")
    row = row_of(trace, loss)
    _check_kind(trace, kind, layer, direction)
    rows, chosen = slice(row, row + 1), slice(sequence, None if sequence is None else sequence + 1)
    left = _at_states(trace, layer, direction, rows)
    if kind != "weight_hr":
        gates = Gates.of(trace, layer, direction, before=_before(kind))
        left = gates.gradients(left, immediate_at_cells(trace, layer, direction, rows))
    right = _multiplied(trace, kind, layer, direction)
    if right is None:
        return left[0, step, chosen].sum(axis=0)
    return left[0, step, chosen].T @ right[step, chosen]


def weight_gradient_norms(
    trace: Trace, kind: str = "weight_hh", *, layer: int = 0, direction: int = 0
) -> np.ndarray:
    """Return ‖∂L_t/∂θ_s‖ (Frobenius) for all pairs, of each sequence, without the matrices.

    It is 0 where the use at step s cannot reach L_t, and NaN where a sequence does not have step
    s or loss t.

    Shapes: → (loss_time, time, batch)
    Units:  loss per unit of weight
    Raises: TraceError if the trace has no gradients, or the layer no such parameter
    Source: Pascanu et al. 2013, eq. 4
    """
    sizes = np.concatenate(
        [norms(left) for left in _by_loss(trace, kind, layer, direction, sizes=True)]
    )
    right = _multiplied(trace, kind, layer, direction)
    return pairs_left_out(trace, sizes if right is None else sizes * norms(right))


def input_gradients(trace: Trace, *, layer: int = 0, direction: int = 0) -> np.ndarray:
    """Return ∂L_t/∂x_k by the paths through one layer and direction alone, x being what it reads.

    Of a network with one layer and direction it is ``trace.grad_x_by_loss``.

    Shapes: → (loss_time, time, batch, features of the layer's input)
    Units:  loss per unit of input
    Raises: TraceError if the trace has no gradients, or no such layer or direction
    Source: the chain rule, with ∂L_t/∂a at the pre-activations a = U x + …: Uᵀ ∂L_t/∂a
    """
    weight = trace.weight("weight_ih", layer, direction)
    blocks = _by_loss(trace, "weight_ih", layer, direction)
    return np.concatenate([block @ weight for block in blocks])


def weight_gradient_share_by_lag(
    trace: Trace, kind: str = "weight_hh", *, layer: int = 0, direction: int = 0
) -> np.ndarray:
    """Return the share of each lag t − s: Σ ‖∂L_t/∂θ_s‖ at that lag over the Σ of all.

    The lags are ``lags(trace, weight_gradient_norms(trace))``: t − s from 0, and before these the
    negative ones of uses after the loss, if some reach it. 0 at a lag that no pair has.

    Shapes: → (lag,), it sums to 1
    Units:  none
    Raises: TraceError if the trace has no gradients, or if all of them are zero
    """
    table = weight_gradient_norms(trace, kind, layer=layer, direction=direction)
    lagged = np.nan_to_num(by_lag(trace, table, direction=direction))
    return _shares(lagged.sum(axis=(0, 2), dtype=np.float64), kind)


def weight_gradient_projections(
    trace: Trace, kind: str = "weight_hh", *, layer: int = 0, direction: int = 0
) -> np.ndarray:
    """Return the projection of each step's part on the gradient: (∂L/∂θ_s · ∂L/∂θ) / ‖∂L/∂θ‖².

    · is the sum of the products of all entries. A step whose part points against the gradient has a
    negative value. ∂L/∂θ_s is summed over all losses and the batch; 0 at a step that no sequence
    has.

    Shapes: → (time,), it sums to 1
    Units:  none
    Raises: TraceError if the trace has no gradients, if ∂L/∂θ is zero, or if the layer has no
            such parameter
    """
    left, right = _of_all_losses(trace, kind, layer, direction)
    left = left.astype(np.float64)
    if right is None:
        whole = left.sum(axis=(0, 1))
        along = left.sum(axis=1) @ whole
    else:
        whole = np.tensordot(left, right, axes=([0, 1], [0, 1]))
        along = ((left @ whole) * right).sum(axis=(1, 2))
    total = float((whole**2).sum())
    if total == 0:
        raise TraceError(_nothing(kind))
    return along / total


def weight_gradient_norm_shares(
    trace: Trace, kind: str = "weight_hh", *, layer: int = 0, direction: int = 0
) -> np.ndarray:
    """Return each step's share of the norms: ‖∂L/∂θ_s‖ / Σ_s ‖∂L/∂θ_s‖, Frobenius.

    ∂L/∂θ_s is summed over all losses and the batch; 0 at a step that no sequence has.

    Shapes: → (time,), it sums to 1
    Units:  none
    Raises: TraceError if the trace has no gradients, if all terms are zero, or if the layer has
            no such parameter
    """
    left, right = _of_all_losses(trace, kind, layer, direction)
    sizes = np.empty(trace.steps)
    for step in range(trace.steps):
        term = left[step].sum(axis=0) if right is None else left[step].T @ right[step]
        sizes[step] = norms(term.ravel())
    return _shares(sizes, kind)


@dataclass(frozen=True, repr=False)
class Gates(ShortRepr):
    """The derivatives of a layer's states by the pre-activations of its gates.

    ``passed`` is ∂h/∂a_g unit by unit, or with a cell state ∂c/∂a_g, which is 0 for the output
    gates. ``to_cell`` (∂h/∂c), ``forget`` (∂c/∂c_prev) and ``passed_to_output`` (∂h/∂a of the
    ``output_gates``) exist only with a cell state: o (1 − tanh² c), f and those of o for an LSTM.

    Shapes: passed (time, batch, gate, cell), passed_to_output alike of the gates of the output,
            to_cell and forget (time, batch, cell), projection (hidden, cell) if there is one
    """

    direction: int
    passed: np.ndarray
    to_cell: np.ndarray | None = None
    forget: np.ndarray | None = None
    passed_to_output: np.ndarray | None = None
    output_gates: slice | None = None
    projection: np.ndarray | None = None

    @classmethod
    def of(cls, trace: Trace, layer: int, direction: int, *, before: str) -> "Gates":
        """Return those of one layer and direction.

        ``before`` is whether the derivative is by the ``state``'s or the ``input``'s part of a
        pre-activation: the two differ in a GRU's gate n.
        """
        steps = Steps.of(trace, layer, direction)
        passed = steps.by_state if before == "state" else steps.by_input
        if not trace.cell.has_cell_state:
            return cls(direction, passed)
        _, to_output = trace.cell.sources
        to_cell_state = passed.copy()
        to_cell_state[..., to_output, :] = 0
        return cls(
            direction,
            to_cell_state,
            steps.output_by_cell_state,
            trace.cell.kept(steps.gates),
            passed[..., to_output, :],
            to_output,
            trace.weight("weight_hr", layer, direction),
        )

    @property
    def has_cell_state(self) -> bool:
        """Whether gradients go back through a cell state as well."""
        return self.to_cell is not None

    def gradients(self, at_states: np.ndarray, at_cells: np.ndarray | None) -> np.ndarray:
        """Return gradients at the pre-activations, from those at the states.

        ``at_states`` is ∂L_t/∂h_s by all paths; ``at_cells`` is ∂⁺L_t/∂c_s of an LSTM, None for 0.

        Shapes: at_states (loss, time, batch, hidden), at_cells (loss, time, batch, cell)
                → (loss, time, batch, gate · cell)
        Units:  loss per unit of pre-activation
        """
        if self.passed_to_output is None:
            made = at_states[..., None, :] * self.passed
        else:
            squashed, whole = self._at_cells(at_states, at_cells)
            made = whole[..., None, :] * self.passed
            made[..., self.output_gates, :] = squashed[..., None, :] * self.passed_to_output
        return made.reshape(*made.shape[:-2], -1)

    def step_back(
        self, step: int, at_state: np.ndarray, at_cell: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return gradients at the pre-activations of one step, and at an LSTM's c before it.

        ``at_cell`` is the gradient at c through the later c.

        Shapes: at_state (loss, batch, hidden), at_cell (loss, batch, cell)
                → (loss, batch, gate · cell), (loss, batch, cell)
        """
        if self.passed_to_output is None:
            made = at_state[..., None, :] * self.passed[step]
        else:
            assert self.to_cell is not None
            assert self.forget is not None
            squashed = at_state if self.projection is None else at_state @ self.projection
            whole = at_cell + squashed * self.to_cell[step]
            made = whole[..., None, :] * self.passed[step]
            to_output = squashed[..., None, :] * self.passed_to_output[step]
            made[..., self.output_gates, :] = to_output
            at_cell = whole * self.forget[step]
        return made.reshape(*made.shape[:-2], -1), at_cell

    def sizes(self, at_states: np.ndarray, at_cells: np.ndarray | None) -> np.ndarray:
        """Return fewer numbers with the norms of ``gradients``: one for the gates of a unit.

        Shapes: as gradients → (loss, time, batch, entry)
        """
        if self.passed_to_output is None:
            return at_states * self._together
        squashed, whole = self._at_cells(at_states, at_cells)
        to_output = squashed[..., None, :] * self.passed_to_output
        flat = to_output.reshape(*to_output.shape[:-2], -1)
        return np.concatenate([whole * self._together, flat], axis=-1)

    @cached_property
    def _together(self) -> np.ndarray:
        """The norm over the gates of what is passed: (time, batch, cell)."""
        return norms(self.passed.swapaxes(-1, -2))

    def _at_cells(
        self, at_states: np.ndarray, at_cells: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """∂L_t/∂(o tanh c_s), and ∂L_t/∂c_s by all paths."""
        assert self.to_cell is not None
        assert self.forget is not None
        return cell_states.at_cells(
            at_states,
            at_cells,
            to_cell=self.to_cell,
            forget=self.forget,
            projection=self.projection,
            direction=self.direction,
        )


def _check_kind(trace: Trace, kind: str, layer: int, direction: int) -> None:
    check_place(trace, layer, direction)
    if trace.is_custom:
        refuse_equations()
    if kind not in KINDS:
        raise TraceError(f"unknown parameter {kind!r}; choose {', '.join(KINDS)}")
    if trace.weight(kind, layer, direction) is None:
        there = [one for one in KINDS if trace.weight(one, layer, direction) is not None]
        raise TraceError(f"the layer has no {kind!r}; it has {', '.join(there)}")


def _of_all_losses(
    trace: Trace, kind: str, layer: int, direction: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """Both factors of Σ_t ∂L_t/∂θ_s: (time, batch, rows), and ``_multiplied``."""
    _check_kind(trace, kind, layer, direction)
    at_states = _at_states(trace, layer, direction, None)
    if kind == "weight_hr":
        left = at_states
    else:
        gates = Gates.of(trace, layer, direction, before=_before(kind))
        left = gates.gradients(at_states, immediate_at_cells(trace, layer, direction, None))
    return left[0], _multiplied(trace, kind, layer, direction)


def _by_loss(
    trace: Trace, kind: str, layer: int, direction: int, *, sizes: bool = False
) -> Iterator[np.ndarray]:
    """Yield the gradients at the results of θ's uses, (loss, time, batch, rows), in small blocks.

    With ``sizes``, yield fewer numbers with the same norms.
    """
    _check_kind(trace, kind, layer, direction)
    losses = len(needed(trace.loss_times, "a measure of a weight's gradient"))
    gates = Gates.of(trace, layer, direction, before=_before(kind))
    size = trace.steps * trace.batch * len(trace.cell.gates) * trace.cell_size
    at_once = max(1, _BLOCK // size)
    for begin in range(0, losses, at_once):
        rows = slice(begin, begin + at_once)
        at_states = _at_states(trace, layer, direction, rows)
        if kind == "weight_hr":
            yield at_states
            continue
        at_cells = immediate_at_cells(trace, layer, direction, rows)
        yield (gates.sizes if sizes else gates.gradients)(at_states, at_cells)


def _before(kind: str) -> str:
    return "state" if kind.endswith("hh") else "input"


def _multiplied(trace: Trace, kind: str, layer: int, direction: int) -> np.ndarray | None:
    """The vector that θ is multiplied by at each step, (time, batch, columns); None for a bias."""
    if kind == "weight_hh":
        return trace.states_before(layer, direction)
    if kind == "weight_ih":
        return trace.layer_input(layer)
    if kind == "weight_hr":
        steps = Steps.of(trace, layer, direction)
        return np.asarray(trace.cell.output(steps.gates, steps.before, steps.squashed))
    return None


def _at_states(trace: Trace, layer: int, direction: int, rows: slice | None) -> np.ndarray:
    what = "a measure of a weight's gradient"
    if rows is None:
        return needed(trace.grad_h, what)[layer, direction][None]
    return needed(trace.grad_h_by_loss, what)[rows, layer, direction]


def _shares(sizes: np.ndarray, kind: str) -> np.ndarray:
    total = sizes.sum()
    if total == 0:
        raise TraceError(_nothing(kind))
    return sizes / total


def _nothing(kind: str) -> str:
    symbol = {"weight_hh": "W", "weight_ih": "U"}.get(kind, kind)
    return (
        f"all terms of ∂L/∂{symbol} are zero, so none has a share: no recorded loss changes with "
        f"{symbol} of this layer and direction; choose others, or record a loss that does"
    )

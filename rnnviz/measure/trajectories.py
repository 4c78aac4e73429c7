"""Principal components of the states."""

from dataclasses import dataclass, replace

import numpy as np

from rnnviz.errors import TraceError
from rnnviz.measure.recorded import check_place, left_out
from rnnviz.system.short_repr import ShortRepr
from rnnviz.trace import Trace


@dataclass(frozen=True, eq=False, repr=False)
class PrincipalComponents(ShortRepr):
    """A basis of the directions in which states vary most, and the states in it.

    Shapes: mean (unit,), axes (component, unit), orthonormal; variances and shares (component,);
            trajectories (time, batch, component) for each trace, NaN at steps that do not exist
    Units:  variances in units of state squared; shares are parts of the variance of all units
    """

    mean: np.ndarray
    axes: np.ndarray
    variances: np.ndarray
    shares: np.ndarray
    trajectories: tuple[np.ndarray, ...]

    def project(self, states: np.ndarray) -> np.ndarray:
        """Return states (…, unit) in this basis: (…, component)."""
        return (states - self.mean) @ self.axes.T


def principal_components(
    *traces: Trace,
    count: int = 2,
    of: str = "h",
    sequence: int | None = None,
    layer: int = 0,
    direction: int = 0,
) -> PrincipalComponents:
    """Return the principal components of the states of some traces, in one basis.

    The basis is that of all existing steps of all sequences, or of one ``sequence`` of each trace.
    ``of`` is h, or c of an LSTM. The entry of an axis with the largest absolute value is positive,
    so that the same states always give the same axes.

    Shapes: → axes (count, hidden), trajectories (time, batch, count) for each trace; float64
    Units:  as PrincipalComponents
    Raises: TraceError if the states do not vary, are fewer than the components asked for, or
            traces have layers of different sizes
    Source: Pearson 1901, "On lines and planes of closest fit to systems of points in space"
    Example: >>> principal_components(before, after, count=3).trajectories[1]
    """
    if not traces:
        raise TraceError("no trace given; give one or more")
    states = [_states(trace, of, layer, direction) for trace in traces]
    sizes = {one.shape[-1] for one in states}
    if len(sizes) > 1:
        listed = ", ".join(map(str, sorted(sizes)))
        raise TraceError(f"the traces must have layers of one size, got {listed} units")
    points = np.concatenate(
        [_chosen(trace, one, sequence) for trace, one in zip(traces, states, strict=True)]
    )
    basis = components_of(points, count)
    return replace(
        basis,
        trajectories=tuple(
            left_out(trace, basis.project(one)) for trace, one in zip(traces, states, strict=True)
        ),
    )


def components_of(states: np.ndarray, count: int = 2) -> PrincipalComponents:
    """Return the principal components of some states, without trajectories.

    Shapes: states (state, unit) → axes (count, unit)
    Units:  as PrincipalComponents
    Raises: TraceError if the states do not vary or are fewer than the components asked for
    Source: as principal_components
    Example: >>> components_of(trace.h[0, 0].reshape(-1, trace.hidden_size)).shares
    """
    points = np.asarray(states, dtype=np.float64)
    most = min(len(points) - 1, points.shape[-1])
    if not 1 <= count <= most:
        raise TraceError(
            f"{len(points)} states of {points.shape[-1]} units have "
            f"{'no components' if most < 1 else f'1 to {most} components'}, not {count}; choose "
            "fewer, or record more"
        )
    mean = points.mean(axis=0)
    _, sizes_along, axes = np.linalg.svd(points - mean, full_matrices=False)
    total = float((sizes_along**2).sum())
    if total <= np.finfo(np.float64).eps ** 2 * float((points**2).sum()):
        raise TraceError("the states do not vary, so they have no principal components")
    axes = axes[:count]
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, None], axis=1)
    axes = axes * np.where(largest < 0, -1.0, 1.0)
    squares = sizes_along[:count] ** 2
    return PrincipalComponents(
        mean=mean,
        axes=axes,
        variances=squares / (len(points) - 1),
        shares=squares / total,
        trajectories=(),
    )


def _states(trace: Trace, of: str, layer: int, direction: int) -> np.ndarray:
    check_place(trace, layer, direction)
    states = {"h": trace.h, "c": trace.c}.get(of)
    if states is None:
        raise TraceError(
            f"{trace.cell.with_article} has no states {of!r}; it has "
            f"{'h' if trace.c is None else 'h and c'}"
        )
    return states[layer, direction].astype(np.float64)


def _chosen(trace: Trace, states: np.ndarray, sequence: int | None) -> np.ndarray:
    if sequence is None:
        return states[trace.mask]
    if not 0 <= sequence < trace.batch:
        raise TraceError(f"there is no sequence {sequence}; the trace has {trace.batch}, from 0")
    return states[trace.mask[:, sequence], sequence]

"""Singular values of products of Jacobians."""

import numpy as np
from matplotlib.axes import Axes

from rnnviz import measure
from rnnviz.figures.axes import (
    Say,
    axes_or_new,
    check_sequence,
    lag_axis,
    legend,
    log_axis,
    scaled,
)
from rnnviz.palette import LIGHT, Palette
from rnnviz.trace import Trace
from rnnviz.translation import explained

_DECADES = 16


def products(
    trace: Trace,
    *,
    step: int | None = None,
    sequence: int = 0,
    layer: int = 0,
    direction: int = 0,
    ax: Axes | None = None,
    label: str | None = None,
    color: str | None = None,
    palette: Palette = LIGHT,
    say: Say = str,
) -> Axes:
    """All singular values of ∂h_t/∂h_k by the lag t − k, for one step t (from 0), the last unless
    given, on a logarithmic axis of at most sixteen decades. ``label`` names the greatest of them.

    Raises: TraceError if there is no such step, layer, direction or sequence
    """
    check_sequence(trace, sequence)
    last = int(trace.mask[:, sequence].sum()) - 1
    t = step if step is not None else (last if direction == 0 else 0)
    found = measure.state_jacobian_singular_values(trace, t, layer=layer, direction=direction)
    values = found[:, sequence]
    values = values[: t + 1][::-1] if direction == 0 else values[t : last + 1]
    axes = axes_or_new(ax)
    log_axis(axes, r"$\sigma_i(\partial h_t / \partial h_k)$", say)
    top = float(np.nanmax(values))
    shown = np.where(values > top * 10.0**-_DECADES, values, np.nan)
    named = r"$\sigma_1$" if label is None else explained(label, r"$\sigma_1$", say)
    for index in range(shown.shape[1]):
        axes.plot(
            shown[:, index],
            color=color or palette.hidden,
            alpha=1.0 if index == 0 else 0.35,
            linewidth=scaled(1.6 if index == 0 else 0.8),
            label=None if index else named,
            marker="o" if len(shown) == 1 else "",
        )
    axes.axhline(1.0, color=palette.note, linestyle="-", linewidth=scaled(0.8))
    lag_axis(axes, len(shown), say, direction=direction)
    legend(axes)
    return axes

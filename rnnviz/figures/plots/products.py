"""Singular values of products of Jacobians."""

from typing import Final

import numpy as np
from matplotlib.axes import Axes

from rnnviz import measure
from rnnviz.errors import TraceError
from rnnviz.figures.axes import (
    Say,
    axes_or_new,
    check_sequence,
    lag_axis,
    legend,
    log_axis,
    scaled,
    spread,
)
from rnnviz.figures.entry import FigureEntry
from rnnviz.text.palette import LIGHT, Palette
from rnnviz.text.translation import N_, explained
from rnnviz.trace import Trace

FIGURE: Final = FigureEntry(
    name="products",
    target=f"{__name__}:products",
    summary=N_("The singular values of products of Jacobians."),
    task="prices",
)

_DECADES = 16
# so many lags times units³ take seconds
_WORK = 1 << 33
_LEAST = 8


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

    Of a large layer and a long sequence, they are those of some lags, evenly spaced, and the legend
    says of how many.

    Raises: TraceError if there is no such step, layer, direction or sequence
    """
    check_sequence(trace, sequence)
    last = int(trace.mask[:, sequence].sum()) - 1
    t = step if step is not None else (last if direction == 0 else 0)
    count = t + 1 if direction == 0 else last - t + 1
    if step is not None and not 0 <= step <= last:
        raise TraceError(f"there is no step {step}; sequence {sequence} has {last + 1}, from 0")
    lags = spread(count, max(_LEAST, _WORK // trace.hidden_size**3))
    values = measure.singular_values_back(
        trace, t, lags, sequence=sequence, layer=layer, direction=direction
    )
    axes = axes_or_new(ax)
    log_axis(axes, r"$\sigma_i(\partial h_t / \partial h_k)$", say)
    top = float(np.nanmax(values))
    shown = np.where(values > top * 10.0**-_DECADES, values, np.nan)
    symbol = r"$\sigma_1$"
    if len(lags) < count:
        symbol += ", " + say("at {some} of {all} lags").format(some=len(lags), all=count)
    named = symbol if label is None else explained(label, symbol, say)
    for index in range(shown.shape[1]):
        axes.plot(
            lags,
            shown[:, index],
            color=color or palette.hidden,
            alpha=1.0 if index == 0 else 0.35,
            linewidth=scaled(1.6 if index == 0 else 0.8),
            label=None if index else named,
            marker="o" if len(shown) == 1 else "",
        )
    axes.axhline(1.0, color=palette.note, linestyle="-", linewidth=scaled(0.8))
    lag_axis(axes, count, say, direction=direction)
    legend(axes)
    return axes

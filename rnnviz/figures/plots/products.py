"""Figure of the singular values of products of Jacobians."""

from typing import Final

import numpy as np
from matplotlib.axes import Axes

from rnnviz import measure
from rnnviz.errors import TraceError
from rnnviz.figures.axes import (
    Say,
    axes_or_new,
    check_sequence,
    in_legend,
    lag_axis,
    legend,
    log_axis,
    scaled,
    spread,
)
from rnnviz.figures.entry import FigureEntry
from rnnviz.text.notation import in_tex
from rnnviz.text.palette import LIGHT, Palette
from rnnviz.text.translation import N_
from rnnviz.trace import Trace

FIGURE: Final = FigureEntry(
    name="products",
    target=f"{__name__}:products",
    summary=N_("The singular values of products of Jacobians."),
    task="prices",
)

_DECADES = 16
# lags times units³ that take seconds to compute
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
    """Draw all singular values of ∂h_t/∂h_k by the lag t − k, for one ``step`` t (from 0).

    Without a step, t is the last. The axis is logarithmic and spans at most sixteen decades. For a
    large layer and a long sequence only some lags are drawn, evenly spaced, and the legend says how
    many. ``label`` precedes the name of the greatest in the legend.

    Raises: TraceError if there is no such step, layer, direction or sequence
    """
    check_sequence(trace, sequence)
    last = int(trace.mask[:, sequence].sum()) - 1
    t = step if step is not None else (last if direction == 0 else 0)
    count = t + 1 if direction == 0 else last - t + 1
    if step is not None and not 0 <= step <= last:
        raise TraceError(f"step of sequence {sequence} must be 0 to {last}, got {step}")
    lags = spread(count, max(_LEAST, _WORK // trace.hidden_size**3))
    values = measure.singular_values_back(
        trace, t, lags, sequence=sequence, layer=layer, direction=direction
    )
    axes = axes_or_new(ax)
    matrix = in_tex(r"$\partial h_t / \partial h_k$")
    log_axis(axes, say("singular value"), say)
    top = float(np.nanmax(values))
    shown = np.where(values > top * 10.0**-_DECADES, values, np.nan)
    symbol = say("largest of {matrix}").format(matrix=matrix)
    if len(lags) < count:
        symbol += ", " + say("at {some} of {all} lags").format(some=len(lags), all=count)
    named = in_legend(label, symbol, say)
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

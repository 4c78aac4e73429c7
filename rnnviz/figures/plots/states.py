"""Hidden states over time."""

from typing import Final

import numpy as np
from matplotlib.axes import Axes

from rnnviz.deprecated import also_at_old_path
from rnnviz.figures.axes import (
    Say,
    axes_or_new,
    cells,
    check_sequence,
    colour_scale,
    signed_map,
    state_of,
    time_axis,
    whole_numbers,
)
from rnnviz.figures.entry import COVERING_CELLS, FigureEntry
from rnnviz.text.palette import LIGHT, Palette
from rnnviz.text.translation import N_
from rnnviz.trace import Trace

FIGURE: Final = FigureEntry(
    name="states",
    target=f"{__name__}:states",
    summary=N_("The hidden states over time."),
    no_overlay=COVERING_CELLS,
)


@also_at_old_path
def states(
    trace: Trace,
    *,
    of: str = "h",
    sequence: int = 0,
    layer: int = 0,
    direction: int = 0,
    ax: Axes | None = None,
    label: str | None = None,
    palette: Palette = LIGHT,
    say: Say = str,
) -> Axes:
    """h_t, or c_t of an LSTM, as cells: a row a unit, a column a step, with ``label`` above.

    Raises: TraceError if the trace has no such state, layer, direction or sequence
    Example: >>> states(trace, ax=axes[0])
    """
    check_sequence(trace, sequence)
    values = state_of(trace, of, layer, direction)[:, sequence].T
    axes = axes_or_new(ax)
    limit = max(1.0, float(np.nanmax(np.abs(values))))
    shown = cells(axes, values, cmap=signed_map(palette), limits=(-limit, limit))
    axes.set_ylabel(say("unit"))
    whole_numbers(axes.yaxis)
    time_axis(axes, trace, sequence, say)
    colour_scale(axes, shown, f"${of}_t$")
    if label is not None:
        axes.set_title(label)
    return axes

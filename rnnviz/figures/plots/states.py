"""Figure of the hidden states over time."""

from typing import Final

import numpy as np
from matplotlib.axes import Axes

from rnnviz.deprecated import also_at_old_path
from rnnviz.figures.axes import (
    Say,
    axes_or_new,
    check_sequence,
    color_map,
    state_of,
    units_over_time,
)
from rnnviz.figures.entry import COVERING_CELLS, FigureEntry
from rnnviz.text.notation import in_tex
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
    """Draw h_t, or c_t of an LSTM, as cells: one row per unit, one column per step.

    ``label`` is the title.

    Raises: TraceError if the trace has no such state, layer, direction or sequence
    Example: >>> states(trace, ax=axes[0])
    """
    check_sequence(trace, sequence)
    values = state_of(trace, of, layer, direction)[:, sequence].T
    axes = axes_or_new(ax)
    limit = max(1.0, float(np.nanmax(np.abs(values))))
    units_over_time(
        axes,
        trace,
        values,
        sequence,
        say,
        cmap=color_map(palette, "signed"),
        limits=(-limit, limit),
        symbol=in_tex(f"${of}_t$"),
        title=label,
    )
    return axes

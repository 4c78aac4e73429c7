"""Figure of the table of ‖∂L_t/∂h_k‖: every loss t at every state k."""

from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm

from rnnviz import measure
from rnnviz.errors import TraceError
from rnnviz.figures.axes import (
    Say,
    axes_or_new,
    cells,
    check_sequence,
    color_map,
    colour_scale,
    whole_numbers,
)
from rnnviz.figures.entry import COVERING_CELLS, FigureEntry
from rnnviz.text.notation import in_tex
from rnnviz.text.palette import LIGHT, Palette
from rnnviz.text.translation import N_, explained
from rnnviz.trace import Trace

FIGURE: Final = FigureEntry(
    name="gradient-table",
    target=f"{__name__}:gradient_table",
    summary=N_("The gradient of every loss at every state."),
    task="prices",
    no_overlay=COVERING_CELLS,
)

_DECADES = 8
_MOST_TICKS = 8


def gradient_table(
    trace: Trace,
    *,
    log: bool = True,
    sequence: int = 0,
    layer: int = 0,
    direction: int = 0,
    ax: Axes | None = None,
    label: str | None = None,
    palette: Palette = LIGHT,
    say: Say = str,
) -> Axes:
    """Draw ‖∂L_t/∂h_k‖ as cells: one row per loss, one column per state, empty where it is zero.

    The colours span at most eight decades on a logarithmic scale (``log``). ``label`` is the title.

    Raises: TraceError if the trace has no gradients, or only zeros
    """
    check_sequence(trace, sequence)
    norms = measure.gradient_norms(trace, layer=layer, direction=direction)[:, :, sequence]
    shown = np.where(norms > 0, norms, np.nan)
    if np.isnan(shown).all():
        raise TraceError("all gradients of this sequence are zero; choose another sequence")
    assert trace.loss_times is not None
    times = trace.loss_times + 1
    kept = ~np.isnan(shown).all(axis=1)
    shown, times = shown[kept], times[kept]
    top = float(np.nanmax(shown))
    low = max(float(np.nanmin(shown)), top * 10.0**-_DECADES)
    axes = axes_or_new(ax)
    norm = LogNorm(low if low < top else top / 10, top, clip=True) if log else None
    mesh = cells(axes, shown, cmap=color_map(palette, "gradient"), limits=(0.0, top), norm=norm)
    axes.set_xlabel(explained("$k$", say("step of the state"), say))
    axes.set_ylabel(explained("$t$", say("step of the loss"), say))
    whole_numbers(axes.xaxis)
    apart = -(-len(times) // _MOST_TICKS)
    places = np.arange(apart - 1, len(times), apart)
    axes.set_yticks(places + 1, [str(time) for time in times[places]])
    less = log and float(np.nanmin(shown)) < low
    norms_of = in_tex(r"$\|\partial L_t / \partial h_k\|$")
    named = explained(norms_of, say("log scale"), say) if log else norms_of
    colour_scale(axes, mesh, named, title=label, extend="min" if less else "neither")
    return axes

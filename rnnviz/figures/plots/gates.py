"""Figure of the gates over time: r, z, n of a GRU; i, f, g, o of an LSTM; h of a plain RNN."""

from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rnnviz import measure
from rnnviz.errors import TraceError
from rnnviz.figures.axes import (
    Say,
    ShownFigure,
    axes_or_new,
    check_sequence,
    color_map,
    units_over_time,
)
from rnnviz.figures.entry import COVERING_CELLS, FigureEntry
from rnnviz.text.notation import gate_source, in_tex
from rnnviz.text.palette import LIGHT, Palette
from rnnviz.text.translation import N_
from rnnviz.trace import Trace

FIGURE: Final = FigureEntry(
    name="gates",
    target=f"{__name__}:gates",
    summary=N_("Every gate over time."),
    no_overlay=COVERING_CELLS,
)

_SIGNED = ("h", "n", "g")


def gates(
    trace: Trace,
    *,
    sequence: int = 0,
    layer: int = 0,
    direction: int = 0,
    figure: Figure | None = None,
    palette: Palette = LIGHT,
    say: Say = str,
) -> Figure:
    """Draw all gates of a layer, one below the other.

    Raises: TraceError if there is no such layer, direction or sequence
    """
    made = figure if figure is not None else ShownFigure(layout="constrained")
    names = list(measure.gates(trace, layer=layer, direction=direction))
    every = made.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
    for name, ax in zip(names, every, strict=True):
        gate(
            trace,
            name,
            sequence=sequence,
            layer=layer,
            direction=direction,
            ax=ax,
            palette=palette,
            say=say,
        )
        if ax is not every[-1]:
            ax.set_xlabel("")
            ax.tick_params(labelbottom=False)
    return made


def gate(
    trace: Trace,
    name: str,
    *,
    sequence: int = 0,
    layer: int = 0,
    direction: int = 0,
    ax: Axes | None = None,
    label: str | None = None,
    palette: Palette = LIGHT,
    say: Say = str,
) -> Axes:
    """Draw one gate as cells: one row per unit, one column per step, with ``label`` as title.

    Raises: TraceError if there is no such gate, layer, direction or sequence
    """
    check_sequence(trace, sequence)
    found = measure.gates(trace, layer=layer, direction=direction)
    if name not in found:
        raise TraceError(f"unknown gate {name!r}; choose {', '.join(found)}")
    values = np.asarray(found[name])[:, sequence].T
    axes = axes_or_new(ax)
    signed = name in _SIGNED
    low = -1.0 if signed else 0.0
    top = max(1.0, float(np.nanmax(np.abs(values))))
    cmap = color_map(palette, "signed" if signed else "gate")
    units_over_time(
        axes,
        trace,
        values,
        sequence,
        say,
        cmap=cmap,
        limits=(low * top, top),
        symbol=in_tex(f"${gate_source(name)}_t$"),
        title=label,
    )
    return axes

"""How often the slope of the nonlinearity is small."""

import numpy as np
from matplotlib.axes import Axes

from rnnviz import measure
from rnnviz.figures.axes import Say, axes_or_new, legend, scaled
from rnnviz.palette import LIGHT, Palette
from rnnviz.trace import Trace

_BINS = 25


def saturation(
    trace: Trace,
    *,
    layer: int = 0,
    direction: int = 0,
    ax: Axes | None = None,
    palette: Palette = LIGHT,
    say: Say = str,
) -> Axes:
    """The slopes of all units, steps and sequences, counted: 1 − h² of a tanh, gate by gate.

    Raises: TraceError if there is no such layer or direction
    """
    slopes = measure.gate_slopes(trace, layer=layer, direction=direction)
    colors = (palette.hidden, palette.input, palette.output, palette.weight)
    axes = axes_or_new(ax)
    edges = np.linspace(0.0, 1.0, _BINS + 1)
    for (name, values), color in zip(slopes.items(), colors, strict=False):
        there = np.asarray(values)[~np.isnan(values)]
        shares = np.histogram(there, edges)[0] / there.size
        axes.stairs(
            shares,
            edges,
            color=color,
            fill=len(slopes) == 1,
            alpha=0.85,
            linewidth=scaled(1.2),
            label=f"${name}$",
        )
    if len(slopes) > 1:
        legend(axes)
    axes.set_xlim(0, 1)
    axes.set_xlabel(say("slope of the nonlinearity"))
    axes.set_ylabel(say("share of units and steps"))
    return axes

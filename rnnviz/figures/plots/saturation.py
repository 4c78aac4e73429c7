"""Figure of how often the slope of the nonlinearity is small."""

from typing import Final

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes

from rnnviz import measure
from rnnviz.figures.axes import Say, axes_or_new, in_legend, legend, scaled
from rnnviz.figures.entry import FigureEntry
from rnnviz.text.notation import gate_source, in_tex
from rnnviz.text.palette import LIGHT, Palette
from rnnviz.text.translation import N_
from rnnviz.trace import Trace

FIGURE: Final = FigureEntry(
    name="saturation",
    target=f"{__name__}:saturation",
    summary=N_("How often the slope of the nonlinearity is small."),
)

_BINS = 25
_DASHES = ("-", "--", ":", "-.")


def saturation(
    trace: Trace,
    *,
    layer: int = 0,
    direction: int = 0,
    ax: Axes | None = None,
    label: str | None = None,
    color: str | None = None,
    palette: Palette = LIGHT,
    say: Say = str,
) -> Axes:
    """Draw a histogram of the slopes of all units, steps and sequences (1 − h² of a tanh) per gate.

    ``label`` precedes the name of each gate in the legend; with ``color``, the gates differ in
    their dashes.

    Raises: TraceError if there is no such layer or direction
    """
    slopes = measure.gate_slopes(trace, layer=layer, direction=direction)
    own = (palette.hidden, palette.text, palette.output, palette.weight)
    axes = axes_or_new(ax)
    edges = np.linspace(0.0, 1.0, _BINS + 1)
    for (name, values), of_gate, dashes in zip(slopes.items(), own, _DASHES, strict=False):
        there = np.asarray(values)[~np.isnan(values)]
        shares = np.histogram(there, edges)[0] / there.size
        gate = in_tex(f"${gate_source(name)}_t$")
        axes.stairs(
            shares,
            edges,
            color=color or of_gate,
            fill=len(slopes) == 1 and label is None,
            alpha=0.85,
            linewidth=scaled(1.2),
            linestyle=dashes if color and len(slopes) > 1 else rcParams["lines.linestyle"],
            label=in_legend(label, gate, say),
        )
    if len(slopes) > 1 or label is not None:
        legend(axes)
    axes.set_xlim(0, 1)
    axes.set_xlabel(say("slope of the nonlinearity"))
    axes.set_ylabel(say("share of units and steps"))
    return axes

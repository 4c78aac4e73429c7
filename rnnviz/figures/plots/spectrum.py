"""Figure of the eigenvalues of every step's Jacobian, and of W, in the complex plane."""

from typing import Final

import numpy as np
from matplotlib.axes import Axes

from rnnviz import measure
from rnnviz.figures.axes import Say, axes_or_new, check_sequence, in_legend, legend, scaled, spread
from rnnviz.figures.entry import FigureEntry
from rnnviz.text.notation import in_tex
from rnnviz.text.palette import LIGHT, Palette
from rnnviz.text.translation import N_
from rnnviz.trace import Trace

FIGURE: Final = FigureEntry(
    name="spectrum",
    target=f"{__name__}:spectrum",
    summary=N_("The eigenvalues of every step's Jacobian, and of the recurrent weights."),
    task="prices",
)

# steps times units³ that take seconds to compute
_WORK = 1 << 31
_LEAST = 8


def spectrum(
    trace: Trace,
    *,
    sequence: int = 0,
    layer: int = 0,
    direction: int = 0,
    ax: Axes | None = None,
    label: str | None = None,
    color: str | None = None,
    palette: Palette = LIGHT,
    say: Say = str,
) -> Axes:
    """Draw the eigenvalues of ∂h_k/∂h_{k−1} at all steps, those of a plain RNN's W, and a circle.

    The circle has the radius 1. For a large layer and a long sequence only some steps are drawn,
    evenly spaced, and the legend says how many. ``label`` precedes each name in the legend.

    Raises: TraceError if there is no such layer, direction or sequence
    """
    check_sequence(trace, sequence)
    count = int(trace.mask[:, sequence].sum())
    steps = spread(count, max(_LEAST, _WORK // trace.hidden_size**3))
    found = measure.step_eigenvalues(
        trace, steps, sequence=sequence, layer=layer, direction=direction
    ).ravel()
    symbol = in_tex(r"$\partial h_k / \partial h_{k-1}$")
    if len(steps) < count:
        symbol += ", " + say("{some} of {all} steps").format(some=len(steps), all=count)
    axes = axes_or_new(ax)
    angles = np.linspace(0, 2 * np.pi, 361)
    axes.plot(
        np.cos(angles), np.sin(angles), color=palette.note, linestyle="-", linewidth=scaled(0.8)
    )
    axes.scatter(
        found.real,
        found.imag,
        s=scaled(2.4) ** 2,
        color=color or palette.hidden,
        linewidths=0,
        alpha=0.5,
        label=in_legend(label, symbol, say),
    )
    if not trace.cell.gated:
        (weights,) = measure.recurrent_weights(trace, layer=layer, direction=direction).values()
        of_w = measure.eigenvalues(weights.astype(float))
        axes.scatter(
            of_w.real, of_w.imag, s=scaled(4.7) ** 2, facecolors="none",
            edgecolors=color or palette.weight, linewidths=scaled(1),
            label=in_legend(label, in_tex("$W$"), say),
        )  # fmt: skip
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xlabel(say("real part"))
    axes.set_ylabel(say("imaginary part"))
    legend(axes)
    return axes

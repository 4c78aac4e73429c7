"""Figure of what each step adds to the gradient of a weight."""

from typing import Final

import numpy as np
from matplotlib.axes import Axes

from rnnviz import measure
from rnnviz.figures.axes import Say, axes_or_new, outline, time_axis
from rnnviz.figures.entry import FigureEntry
from rnnviz.text.notation import in_tex
from rnnviz.text.palette import LIGHT, Palette
from rnnviz.text.translation import N_
from rnnviz.trace import Trace

FIGURE: Final = FigureEntry(
    name="weight-shares",
    target=f"{__name__}:weight_shares",
    summary=N_("What each step adds to the gradient of the recurrent weights."),
)

_SYMBOLS = {"weight_hh": "W", "weight_ih": "U", "bias_hh": "b", "bias_ih": "b", "weight_hr": "P"}


def weight_shares(
    trace: Trace,
    *,
    kind: str = "weight_hh",
    layer: int = 0,
    direction: int = 0,
    ax: Axes | None = None,
    label: str | None = None,
    color: str | None = None,
    palette: Palette = LIGHT,
    say: Say = str,
) -> Axes:
    """Draw ‖Σ_t ∂L_t/∂θ_s‖ of each step s as a share of the sum over the steps.

    With a ``label`` the bars are an outline, so that several can be compared.

    Raises: TraceError if the trace has no gradients, or the layer no such parameter
    """
    shares = measure.weight_gradient_norm_shares(trace, kind, layer=layer, direction=direction)
    axes = axes_or_new(ax)
    if label is None:
        axes.bar(np.arange(1, len(shares) + 1), shares, color=color or palette.gradient, width=0.8)
    else:
        outline(axes, shares, label, color or palette.gradient)
    name = in_tex(rf"$\partial L / \partial {_SYMBOLS[kind]}_s$")
    axes.set_ylabel(say("share of {name}").format(name=name))
    time_axis(axes, trace, None, say)
    return axes

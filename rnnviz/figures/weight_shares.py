"""What each step's use of W adds to the gradient of W."""

import numpy as np
from matplotlib.axes import Axes

from rnnviz import measure
from rnnviz.figures.axes import Say, axes_or_new, time_axis
from rnnviz.palette import LIGHT, Palette
from rnnviz.trace import Trace


def weight_shares(
    trace: Trace,
    *,
    kind: str = "weight_hh",
    layer: int = 0,
    direction: int = 0,
    ax: Axes | None = None,
    palette: Palette = LIGHT,
    say: Say = str,
) -> Axes:
    """‖Σ_t ∂L_t/∂θ_s‖ of each step s as a share of the sum over the steps.

    Raises: TraceError if the trace has no gradients, or the layer no such parameter
    """
    shares = measure.weight_gradient_norm_shares(trace, kind, layer=layer, direction=direction)
    axes = axes_or_new(ax)
    axes.bar(np.arange(1, len(shares) + 1), shares, color=palette.gradient, width=0.8)
    axes.set_ylabel(say("share of the gradient"))
    axes.margins(x=0.01)
    time_axis(axes, trace, 0, say)
    return axes

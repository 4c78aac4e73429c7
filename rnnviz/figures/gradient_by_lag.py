"""How the gradient of a loss changes with the steps it goes back."""

import numpy as np
from matplotlib.axes import Axes

from rnnviz import measure
from rnnviz.errors import TraceError
from rnnviz.figures.axes import Say, axes_or_new, lag_axis, legend, log_axis
from rnnviz.palette import LIGHT, Palette
from rnnviz.trace import Trace


def gradient_by_lag(
    trace: Trace,
    *,
    bound: bool = True,
    layer: int = 0,
    direction: int = 0,
    ax: Axes | None = None,
    palette: Palette = LIGHT,
    say: Say = str,
) -> Axes:
    """The mean of ‖∂L_t/∂h_k‖ at each lag t − k, on a logarithmic axis.

    The mean is over all losses and sequences, but for those without a gradient at any state, which
    have no loss; the band runs from the least to the greatest. What is exactly zero counts in both,
    and lies below the axis. ``bound`` draws, for a plain RNN, what (γ σ₁(W))^(t−k) allows at most:
    the greatest ‖∂L_t/∂h_t‖ times it.

    Raises: TraceError if the trace has no gradients, or none that is not zero
    """
    norms = measure.gradient_norms_by_lag(trace, layer=layer, direction=direction)
    lags = norms.shape[1]
    felt = np.where((norms > 0).any(axis=1, keepdims=True), norms, np.nan)
    flat = felt.transpose(1, 0, 2).reshape(lags, -1)
    there = ~np.isnan(flat).all(axis=1)
    if not there.any():
        raise TraceError(
            "all gradients of this layer and direction are zero; choose others, or record a trace "
            "with a loss"
        )
    x, kept = np.flatnonzero(there), flat[there]
    axes = axes_or_new(ax)
    log_axis(axes, r"$\|\partial L_t / \partial h_k\|$", say)
    band = np.nanmin(kept, axis=1), np.nanmax(kept, axis=1)
    axes.fill_between(x, *band, color=palette.gradient, alpha=0.2, linewidth=0)
    dot = "o" if len(x) == 1 else ""
    mean = np.nanmean(kept, axis=1)
    axes.plot(x, mean, color=palette.gradient, marker=dot, label=say("recorded mean"))
    if bound and trace.metadata.cell == "rnn":
        most = measure.state_jacobian_bounds(trace, layer=layer, direction=direction)[-1, ::-1]
        most = most if direction == 0 else most[::-1]
        axes.plot(
            x,
            band[1][0] * most[x],
            color=palette.note,
            linestyle="--",
            marker=dot,
            label=say("bound") + r" $\propto (\gamma\sigma_1)^{t-k}$",
        )
    lag_axis(axes, lags, say)
    legend(axes)
    return axes

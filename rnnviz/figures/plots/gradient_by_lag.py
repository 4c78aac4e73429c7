"""Figure of the gradient of a loss by the number of steps back."""

from typing import Final

import numpy as np
from matplotlib.axes import Axes

from rnnviz import measure
from rnnviz.deprecated import also_at_old_path
from rnnviz.errors import TraceError
from rnnviz.figures.axes import Say, axes_or_new, in_legend, lag_axis, legend, log_axis, scaled
from rnnviz.figures.entry import FigureEntry
from rnnviz.text.notation import in_tex
from rnnviz.text.palette import LIGHT, Palette
from rnnviz.text.translation import N_
from rnnviz.trace import Trace

FIGURE: Final = FigureEntry(
    name="gradient-by-lag",
    target=f"{__name__}:gradient_by_lag",
    summary=N_("How the gradient changes with the steps it goes back, and its bound."),
    task="prices",
)


@also_at_old_path
def gradient_by_lag(
    trace: Trace,
    *,
    state: str = "h",
    normalize: bool = False,
    bound: bool = True,
    layer: int = 0,
    direction: int = 0,
    ax: Axes | None = None,
    label: str | None = None,
    color: str | None = None,
    palette: Palette = LIGHT,
    say: Say = str,
) -> Axes:
    """Draw the mean of ‖∂L_t/∂h_k‖ at each lag t − k (k − t in the reverse direction).

    The axis is logarithmic. ``state="c"`` of an LSTM draws ‖∂L_t/∂c_k‖. Negative lags are states
    after the loss, which reach it below a bidirectional layer, or if what follows the layer reads
    other steps.

    The mean is over all losses and sequences that have a gradient at any state; the band runs from
    the least to the greatest. Exact zeros count in both, and lie below the axis. ``bound`` draws
    the greatest ‖∂L_t/∂h_t‖ times (γ σ₁(W))^(t−k), for a plain RNN whose losses enter only at
    lag 0. ``normalize`` divides everything by the mean at lag 0.

    ``label`` names the mean in the legend; ``color`` is used for the mean, its band and its bound.

    Raises: TraceError if the trace has no gradients or only zeros, no such state, or with
            ``normalize`` only zeros at lag 0
    """
    table = measure.gradient_norms(trace, state=state, layer=layer, direction=direction)
    lags = measure.lags(trace, table, direction=direction)
    norms = measure.by_lag(trace, table, direction=direction)
    felt = np.where((norms > 0).any(axis=1, keepdims=True), norms, np.nan)
    flat = felt.transpose(1, 0, 2).reshape(len(lags), -1)
    there = ~np.isnan(flat).all(axis=1)
    if not there.any():
        raise TraceError(
            "all gradients of this layer and direction are zero; choose another, or record a trace "
            "with a loss"
        )
    x, kept = lags[there], flat[there]
    unit = _at_no_lag(x, kept) if normalize else 1.0
    axes = axes_or_new(ax)
    log_axis(axes, _symbol(state, normalize), say)
    band = np.nanmin(kept, axis=1) / unit, np.nanmax(kept, axis=1) / unit
    line = color or palette.gradient
    axes.fill_between(x, *band, color=line, alpha=0.2, linewidth=0)
    dot = "o" if len(x) == 1 else ""
    mean = np.nanmean(kept, axis=1) / unit
    axes.plot(x, mean, color=line, marker=dot, label=label or say("recorded mean"))
    if (
        bound
        and not trace.cell.gated
        and measure.enters_at_lag_0(trace, layer=layer, direction=direction)
    ):
        most = measure.state_jacobian_bounds(trace, layer=layer, direction=direction)[-1, ::-1]
        most = most if direction == 0 else most[::-1]
        power = "t-k" if direction == 0 else "k-t"
        named = say("bound") + rf" $\propto (\gamma\sigma_1)^{{{power}}}$"
        axes.plot(
            x,
            band[1][0] * most[x],
            color=color or palette.note,
            linestyle="--" if color is None else ":",
            marker=dot,
            label=in_legend(label, named, say),
        )
    if lags[0] < 0:
        axes.axvline(0, color=palette.note, linewidth=scaled(0.8))
    lag_axis(axes, trace.steps, say, ahead=-int(lags[0]), direction=direction)
    legend(axes)
    return axes


def _at_no_lag(lags: np.ndarray, norms: np.ndarray) -> float:
    here = norms[lags == 0]
    mean = float(np.nanmean(here)) if here.size else 0.0
    if mean == 0:
        raise TraceError(
            "the gradients at lag 0 are zero, and cannot be divided by; leave normalize out"
        )
    return mean


def _symbol(state: str, normalize: bool) -> str:
    def norm(step: str) -> str:
        return rf"\|\partial L_t / \partial {state}_{step}\|"

    share = rf"${norm('k')} \,/\, \overline{{{norm('t')}}}$"
    return in_tex(share if normalize else f"${norm('k')}$")

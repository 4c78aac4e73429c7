"""Figure of how much each input matters for one loss."""

from typing import Final

import numpy as np
from matplotlib.axes import Axes

from rnnviz import measure
from rnnviz.errors import TraceError
from rnnviz.figures.axes import Say, axes_or_new, check_sequence, outline, time_axis
from rnnviz.figures.entry import FigureEntry
from rnnviz.text.notation import in_tex
from rnnviz.text.palette import LIGHT, Palette
from rnnviz.text.translation import N_, explained
from rnnviz.trace import Trace

FIGURE: Final = FigureEntry(
    name="saliency",
    target=f"{__name__}:saliency",
    summary=N_("How much each input matters for a loss."),
)


def saliency(
    trace: Trace,
    *,
    loss: int | None = None,
    sequence: int = 0,
    ax: Axes | None = None,
    label: str | None = None,
    color: str | None = None,
    palette: Palette = LIGHT,
    say: Say = str,
) -> Axes:
    """Draw ‖∂L_t/∂x_k‖ over the inputs, for the ``loss`` at one step t (from 0).

    Without a loss, it is the last that has gradients. With a ``label``, which precedes the loss in
    the legend, the bars are an outline, so that several can be compared.

    Raises: TraceError if the trace has no gradients of such a loss, or no such sequence
    """
    check_sequence(trace, sequence)
    table = measure.input_saliency(trace)[:, :, sequence]
    assert trace.loss_times is not None
    times = trace.loss_times.tolist()
    if loss is None:
        there = [row for row in range(len(times)) if np.nansum(table[row]) > 0]
        if not there:
            raise TraceError("all gradients of this sequence are zero; choose another sequence")
        row = there[-1]
    elif loss in times:
        row = times.index(loss)
    else:
        raise TraceError(
            f"the trace has no gradients of the loss at step {loss}; choose one of {times}"
        )
    axes = axes_or_new(ax)
    line = color or palette.gradient
    at = f"L_{{{times[row] + 1}}}"
    if label is None:
        axes.bar(np.arange(1, trace.steps + 1), table[row], color=line, width=0.8)
        axes.set_ylabel(_symbol(at))
    else:
        outline(axes, table[row], explained(label, in_tex(f"${at}$"), say), line)
        axes.set_ylabel(_symbol("L_t"))
    time_axis(axes, trace, sequence, say)
    return axes


def _symbol(loss: str) -> str:
    return in_tex(rf"$\|\partial {loss} / \partial x_k\|$")

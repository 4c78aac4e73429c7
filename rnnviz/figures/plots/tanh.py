"""Figure of tanh and its slope, with the recorded pre-activations on both."""

from typing import Final

import numpy as np
from matplotlib.axes import Axes

from rnnviz.errors import TraceError
from rnnviz.figures.axes import Say, axes_or_new, legend, scaled
from rnnviz.figures.entry import FigureEntry
from rnnviz.text.notation import in_tex
from rnnviz.text.palette import LIGHT, Palette
from rnnviz.text.translation import N_, explained
from rnnviz.trace import Trace

FIGURE: Final = FigureEntry(
    name="tanh",
    target=f"{__name__}:tanh",
    summary=N_("The recorded sums on tanh and on its slope."),
)


def tanh(
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
    """Draw tanh a and 1 − tanh² a, with a dot on both for each recorded pre-activation a.

    ``label`` and ``color`` are those of the dots; with a ``color`` the curves are grey.

    Raises: TraceError if the trace is not of a tanh RNN
    """
    if not trace.cell.is_textbook:
        raise TraceError(
            f"the trace is of {trace.cell.full_title_with_article}, but 'tanh' shows a tanh RNN; "
            "see 'saturation' for the gates of others"
        )
    assert trace.preact is not None
    sums = trace.preact[layer, direction][trace.mask].ravel()
    reach = max(3.0, float(np.abs(sums).max()) * 1.05)
    x = np.linspace(-reach, reach, 401)
    axes = axes_or_new(ax)
    held = axes.get_legend_handles_labels()[1]
    for curve, own, dashes, name in (
        (np.tanh, palette.hidden, "-", in_tex(r"$\tanh a$")),
        (lambda a: 1 - np.tanh(a) ** 2, palette.text, "--", in_tex(r"$1 - \tanh^2 a$")),
    ):
        axes.plot(
            x, curve(x), linewidth=scaled(0.8), label=None if name in held else name,
            color=own if color is None else palette.note, linestyle=dashes if color else "-",
        )  # fmt: skip
        axes.scatter(
            sums, curve(sums), color=color or own, s=scaled(3) ** 2, linewidths=0, alpha=0.5,
            label=label,
        )  # fmt: skip
        label = None
    axes.axhline(0, color=palette.note, linestyle="-", linewidth=scaled(0.6))
    axes.set_xlabel(explained(in_tex("$a$"), say("recorded sum"), say))
    legend(axes)
    return axes

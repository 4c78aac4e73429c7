"""Figure of the cliff in the error of a network of one unit."""

from typing import Final

import numpy as np
from matplotlib.axes import Axes

from rnnviz.figures.axes import Say, axes_or_new, color_map, colour_scale, legend, scaled
from rnnviz.figures.entry import FigureEntry
from rnnviz.measure.cliff import B_RANGE, W_RANGE, cliff_error, descent, steepest
from rnnviz.text.palette import LIGHT, Palette
from rnnviz.text.translation import N_

FIGURE: Final = FigureEntry(
    name="cliff",
    target=f"{__name__}:cliff",
    summary=N_("The cliff in the error of a network of one unit."),
    drawn_from="nothing",
    no_overlay="it is drawn from no trace",
)

_POINTS = (441, 241)


def cliff(
    *,
    b: float = -2.6,
    rate: float = 0.05,
    steps: int = 12,
    threshold: float = 1.0,
    ax: Axes | None = None,
    label: str | None = None,
    palette: Palette = LIGHT,
    say: Say = str,
) -> Axes:
    """Draw the error over w and b, with gradient descent from the foot of the cliff at ``b``.

    One step is not clipped, and ``steps`` steps have their gradients clipped to ``threshold``.
    ``label`` is the title.

    Source: Pascanu et al. 2013, fig. 6
    """
    axes = axes_or_new(ax)
    ws, bs = (
        np.linspace(*bounds, count)
        for bounds, count in zip((W_RANGE, B_RANGE), _POINTS, strict=True)
    )
    image = axes.imshow(
        cliff_error(ws[None, :], bs[:, None]),
        origin="lower",
        extent=(*W_RANGE, *B_RANGE),
        aspect="auto",
        cmap=color_map(palette, "error"),
        vmin=0.0,
    )
    foot = steepest(b)
    thrown, kept = descent(foot, rate, 1), descent(foot, rate, steps, threshold)
    axes.plot(*thrown.T, color=palette.gradient, label=say("not clipped"))
    axes.plot(*kept.T, color=palette.text, marker="o", markersize=scaled(2), label=say("clipped"))
    axes.set_xlim(*W_RANGE)
    axes.set_ylim(*B_RANGE)
    axes.set_xlabel("$w$")
    axes.set_ylabel("$b$")
    legend(axes)
    colour_scale(axes, image, r"$(\sigma(h_{50}) - 0.7)^2$", title=label)
    return axes

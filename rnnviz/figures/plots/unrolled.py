"""Figure of the unrolled network with its recorded states."""

from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

from rnnviz.figures.axes import (
    Say,
    axes_or_new,
    check_sequence,
    color_map,
    colour_scale,
    scaled,
    state_of,
    turn,
    words_fit,
    words_of,
)
from rnnviz.figures.entry import FigureEntry
from rnnviz.text.notation import in_tex
from rnnviz.text.palette import LIGHT, Palette
from rnnviz.text.translation import N_
from rnnviz.trace import Trace

FIGURE: Final = FigureEntry(
    name="unrolled",
    target=f"{__name__}:unrolled",
    summary=N_("The unrolled network with its states."),
    height=0.32,
    fills_width=True,
    no_overlay="its boxes would cover those of another",
)

_MOST_STEPS = 10
_MOST_UNITS = 16
_PITCH, _WIDTH, _HEIGHT = 1.5, 0.8, 1.6


def unrolled(
    trace: Trace,
    *,
    sequence: int = 0,
    layer: int = 0,
    direction: int = 0,
    ax: Axes | None = None,
    label: str | None = None,
    palette: Palette = LIGHT,
    say: Say = str,
) -> Axes:
    """Draw a box for each of the last steps, at most ten, with the layer's state inside as cells.

    Inputs enter from below, outputs leave at the top, states go to the next box. Of more than 16
    units the first are shown. ``label`` is the title.

    Raises: TraceError if there is no such layer, direction or sequence
    """
    check_sequence(trace, sequence)
    axes = axes_or_new(ax)
    last = int(trace.mask[:, sequence].sum())
    steps = range(max(0, last - _MOST_STEPS), last)
    states = state_of(trace, "h", layer, direction)[:, sequence, :_MOST_UNITS]
    cmap = color_map(palette, "signed")
    limit = max(1.0, float(np.nanmax(np.abs(states))))
    words = words_of(trace, sequence)
    across = (len(steps) - 1) * _PITCH + 2 * _WIDTH
    named = []
    for place, step in enumerate(steps):
        x = place * _PITCH
        _box(axes, x, palette)
        side = _HEIGHT * 0.86 / states.shape[1]
        for unit, value in enumerate(states[step]):
            y = _HEIGHT * 0.43 - (unit + 1) * side
            color = cmap((value / limit + 1) / 2)
            axes.add_patch(
                Rectangle((x - 0.17, y), 0.34, side * 0.88, facecolor=color, linewidth=0)
            )
        below, above = -_HEIGHT / 2, _HEIGHT / 2
        _arrow(axes, (x, below - 0.65), (x, below), palette.input)
        _arrow(axes, (x, above), (x, above + 0.65), palette.output)
        name = words[step] if words else in_tex(f"$x_{{{step + 1}}}$")
        named.append(
            axes.text(
                x, below - 0.75, name, color=palette.input, ha="center", va="top",
                parse_math=not words,
            )
        )  # fmt: skip
        output = in_tex(f"$y_{{{step + 1}}}$")
        axes.text(x, above + 0.72, output, color=palette.output, ha="center", va="bottom")
        axes.text(
            x + 0.12, above + 0.12, in_tex(f"$h_{{{step + 1}}}$"), color=palette.hidden,
            ha="left", size="small",
        )  # fmt: skip
        if place:
            ends = (x - _PITCH + _WIDTH / 2, 0), (x - _WIDTH / 2, 0)
            _arrow(axes, *(ends if direction == 0 else ends[::-1]), palette.hidden)
    axes.set_xlim(-_WIDTH, across - _WIDTH)
    axes.set_ylim(-_HEIGHT / 2 - 1.15, _HEIGHT / 2 + 1.15)
    axes.set_aspect("equal")
    axes.set_axis_off()
    if not words_fit(named, axes.get_window_extent().width * _PITCH / across):
        turn(named)
    scale = ScalarMappable(Normalize(-limit, limit), cmap)
    colour_scale(axes, scale, in_tex("$h_t$"), title=label, shrink=0.7)
    return axes


def _box(axes: Axes, x: float, palette: Palette) -> None:
    axes.add_patch(
        FancyBboxPatch(
            (x - _WIDTH / 2, -_HEIGHT / 2),
            _WIDTH,
            _HEIGHT,
            boxstyle="round,pad=0,rounding_size=0.1",
            facecolor=palette.surface,
            edgecolor=palette.hidden,
            linewidth=scaled(0.9),
        )
    )


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], color: str) -> None:
    axes.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>",
            mutation_scale=scaled(6),
            linewidth=scaled(0.9),
            color=color,
            shrinkA=0,
            shrinkB=0,
        )
    )

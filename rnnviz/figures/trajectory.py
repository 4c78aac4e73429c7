"""The states as a path in the plane of their first two principal components."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

from rnnviz import measure
from rnnviz.figures.axes import (
    MOST_WORDS,
    Say,
    axes_or_new,
    check_sequence,
    legend,
    scaled,
    words_of,
)
from rnnviz.palette import LIGHT, Palette
from rnnviz.trace import Trace

_SIDES = (
    ((3.0, 2.0), ("left", "bottom")),
    ((3.0, -2.0), ("left", "top")),
    ((-3.0, 2.0), ("right", "bottom")),
    ((-3.0, -2.0), ("right", "top")),
)


def trajectory(
    trace: Trace,
    *others: Trace,
    fixed_points: bool = True,
    sequence: int = 0,
    layer: int = 0,
    direction: int = 0,
    ax: Axes | None = None,
    palette: Palette = LIGHT,
    say: Say = str,
) -> Axes:
    """One path a trace, with words along the first, and the layer's fixed points for x = 0.

    Words that have no room are left out; without words the first and the last step are named.

    A filled square is a stable fixed point, an empty one is not stable.

    Raises: TraceError if the states do not vary, or there is no such layer, direction or sequence
    """
    check_sequence(trace, sequence)
    plane = measure.principal_components(
        trace, *others, sequence=sequence, layer=layer, direction=direction
    )
    axes = axes_or_new(ax)
    colors = (palette.hidden, palette.output, palette.input, palette.weight)
    for path, color in zip(plane.trajectories, colors, strict=False):
        points = path[:, sequence if path.shape[1] > sequence else 0]
        axes.plot(*points.T, color=color, linewidth=scaled(1), marker="o", markersize=scaled(2.4))
    words = words_of(trace, sequence)
    if words and len(words) <= MOST_WORDS:
        named = list(zip(words, plane.trajectories[0][:, sequence], strict=True))
    else:
        path = plane.trajectories[0][trace.mask[:, sequence], sequence]
        named = [("1", path[0]), (str(len(path)), path[-1])]
    if fixed_points and layer == 0:
        found = measure.fixed_points(trace, direction=direction)
        at = plane.project(found.states[:, : trace.hidden_size])
        for stable, what in (
            (True, say("stable fixed point")),
            (False, say("unstable fixed point")),
        ):
            if (found.stable == stable).any():
                axes.scatter(
                    at[found.stable == stable, 0],
                    at[found.stable == stable, 1],
                    marker="s",
                    s=scaled(5) ** 2,
                    label=what,
                    facecolors=palette.text if stable else "none",
                    edgecolors=palette.text,
                    linewidths=scaled(0.8),
                )
        if len(at):
            legend(axes)
    component = say("component")
    first, second = (
        f"{component} {number} ({share:.0%})" for number, share in enumerate(plane.shares, start=1)
    )
    axes.set_xlabel(first)
    axes.set_ylabel(second)
    axes.margins(0.08, 0.12)
    _name(axes, named)
    return axes


def _name(axes: Axes, named: Sequence[tuple[str, np.ndarray]]) -> None:
    """Words beside their points, where they lie over no other; the first and last come first."""
    taken: list[Bbox] = []
    for word, point in (named[0], named[-1], *named[1:-1]):
        for (x, y), (ha, va) in _SIDES:
            text = axes.annotate(
                word,
                (point[0], point[1]),
                xytext=(scaled(x), scaled(y)),
                textcoords="offset points",
                ha=ha,
                va=va,
                parse_math=False,
            )
            box = text.get_window_extent()
            if not any(box.overlaps(other) for other in taken):
                taken.append(box)
                break
            text.remove()

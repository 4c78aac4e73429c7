"""The states as a path in the plane of their first two principal components."""

from matplotlib.axes import Axes

from rnnviz import measure
from rnnviz.figures.axes import MOST_WORDS, Say, axes_or_new, check_sequence, words_of
from rnnviz.palette import LIGHT, Palette
from rnnviz.trace import Trace


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
        axes.plot(*points.T, color=color, linewidth=1.2, marker="o", markersize=3)
    words = words_of(trace, sequence)
    if words and len(words) <= MOST_WORDS:
        for word, point in zip(words, plane.trajectories[0][:, sequence], strict=True):
            axes.annotate(word, point, xytext=(4, 3), textcoords="offset points", parse_math=False)
    if fixed_points and layer == 0:
        found = measure.fixed_points(trace, direction=direction)
        at = plane.project(found.states[:, : trace.hidden_size])
        for (x, y), stable in zip(at, found.stable, strict=True):
            face = palette.text if stable else "none"
            axes.scatter(x, y, marker="s", s=28, facecolors=face, edgecolors=palette.text)
    component = say("component")
    first, second = (
        f"{component} {number} ({share:.0%})" for number, share in enumerate(plane.shares, start=1)
    )
    axes.set_xlabel(first)
    axes.set_ylabel(second)
    return axes

"""Figure of the states as a path in the plane of their first two principal components."""

import warnings
from collections.abc import Sequence
from itertools import cycle, zip_longest
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.path import Path
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

from rnnviz import measure
from rnnviz.figures.axes import (
    MOST_WORDS,
    Say,
    axes_or_new,
    check_sequence,
    in_legend,
    legend,
    scaled,
    words_of,
)
from rnnviz.figures.entry import FigureEntry
from rnnviz.text.palette import LIGHT, Palette
from rnnviz.text.translation import N_
from rnnviz.trace import Trace

FIGURE: Final = FigureEntry(
    name="trajectory",
    target=f"{__name__}:trajectory",
    summary=N_("The states as a path, with fixed points."),
)

_Side = tuple[tuple[float, float], tuple[str, str]]

_SIDES: tuple[_Side, ...] = (
    ((3.0, 2.0), ("left", "bottom")),
    ((3.0, -2.0), ("left", "top")),
    ((-3.0, 2.0), ("right", "bottom")),
    ((-3.0, -2.0), ("right", "top")),
)
_DOT = 2.4
_SQUARE = 5.0
_INK = (0.95, 0.65)


def trajectory(
    trace: Trace,
    *others: Trace,
    fixed_points: bool = True,
    sequence: int = 0,
    layer: int = 0,
    direction: int = 0,
    ax: Axes | None = None,
    label: str | Sequence[str] | None = None,
    color: str | Sequence[str] | None = None,
    palette: Palette = LIGHT,
    say: Say = str,
) -> Axes:
    """Draw a path for each trace, with words along the first, and the fixed points for x = 0.

    Words without room are left out; if there are no words, the first and the last step are named.
    Filled squares are stable fixed points, empty ones unstable. ``label`` and ``color`` are those
    of the paths, one for each trace.

    Raises: TraceError if the states do not vary, or there is no such layer, direction or sequence
    """
    check_sequence(trace, sequence)
    plane = measure.principal_components(
        trace, *others, sequence=sequence, layer=layer, direction=direction
    )
    axes = axes_or_new(ax)
    own = (palette.hidden, palette.output, palette.text, palette.weight, palette.note)
    colors = cycle(own if color is None else [color] if isinstance(color, str) else color)
    labels = [label] if isinstance(label, str) else label or ()
    for states, named in zip_longest(plane.trajectories, labels):
        points = states[:, sequence if states.shape[1] > sequence else 0]
        axes.plot(
            *points.T, color=next(colors), linewidth=scaled(1), marker="o",
            markersize=scaled(_DOT), label=named,
        )  # fmt: skip
    path = plane.trajectories[0][trace.mask[:, sequence], sequence]
    words = words_of(trace, sequence)
    if words and len(words) <= MOST_WORDS:
        named = list(zip(words, plane.trajectories[0][:, sequence], strict=True))
    else:
        named = [("1", path[0]), (str(len(path)), path[-1])]
    at = np.empty((0, 2))
    if fixed_points and layer == 0 and not trace.is_custom:
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
                    s=scaled(_SQUARE) ** 2,
                    label=in_legend(labels[0] if labels else None, what, say),
                    facecolors=palette.text if stable else "none",
                    edgecolors=palette.text,
                    linewidths=scaled(0.8),
                )
    if len(at) or labels:
        legend(axes)
    component = say("component")
    first, second = (
        f"{component} {number} ({share:.0%})" for number, share in enumerate(plane.shares, start=1)
    )
    axes.set_xlabel(first)
    axes.set_ylabel(second)
    axes.margins(0.12)
    if ax is None:
        _lay_out(axes)
    marks = [*_boxes(axes, path, scaled(_DOT)), *_boxes(axes, at, scaled(_SQUARE))]
    _name(axes, named, marks, Path(axes.transData.transform(path)))
    return axes


def _lay_out(axes: Axes) -> None:
    """Lay out the axes; if the page is too small, the error is raised when it is drawn."""
    page = axes.get_figure(root=True)
    assert page is not None
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="constrained_layout not applied")
        page.draw_without_rendering()


def _boxes(axes: Axes, points: np.ndarray, size: float) -> list[Bbox]:
    half = size / 2 * axes.figure.dpi / 72
    return [
        Bbox.from_extents(x - half, y - half, x + half, y + half)
        for x, y in axes.transData.transform(points)
    ]


def _name(
    axes: Axes, named: Sequence[tuple[str, np.ndarray]], marks: Sequence[Bbox], path: Path
) -> None:
    """Place words beside their points, over no mark or other word, the first and last word first.

    Of the free sides of a point, prefer those where the word does not cross the path, then those
    where it stays inside the axes, then the one farthest from the marks of other points.
    """
    page = axes.get_window_extent()
    taken = list(marks)
    for word, point in (named[0], named[-1], *named[1:-1]):
        own = axes.transData.transform(point)
        others = [_middle(box) for box in taken if not box.contains(*own)]
        texts = [_beside(axes, word, point, side) for side in _SIDES]
        ranks = []
        for place, text in enumerate(texts):
            box = text.get_window_extent()
            if not any(box.overlaps(other) for other in taken):
                clear = not path.intersects_bbox(box.expanded(*_INK), filled=False)
                within = page.x0 <= box.x0 and page.y0 <= box.y0 and box.y1 <= page.y1
                ranks.append((clear, within, _distance(others, box), place))
        best = texts[max(ranks)[-1]] if ranks else None
        for text in texts:
            if text is not best:
                text.remove()
        if best is not None:
            taken.append(best.get_window_extent())


def _beside(axes: Axes, word: str, point: np.ndarray, side: _Side) -> Annotation:
    (x, y), (ha, va) = side
    return axes.annotate(
        word,
        (point[0], point[1]),
        xytext=(scaled(x), scaled(y)),
        textcoords="offset points",
        ha=ha,
        va=va,
        parse_math=False,
    )


def _distance(others: Sequence[np.ndarray], box: Bbox) -> float:
    middle = _middle(box)
    return min((float(np.linalg.norm(middle - other)) for other in others), default=np.inf)


def _middle(box: Bbox) -> np.ndarray:
    return np.asarray(box.get_points().mean(axis=0))

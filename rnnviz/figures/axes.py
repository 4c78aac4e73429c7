"""What the figures share: axes to draw on, colour maps, and a time axis with words."""

import io
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from rnnviz.errors import TraceError
from rnnviz.lettering import check_characters
from rnnviz.measure.recorded import check_place
from rnnviz.palette import Palette
from rnnviz.trace import Trace

Say = Callable[[str], str]
"""From a text of rnnviz to the same in another language."""

MOST_WORDS = 24
_LONGEST = 14
_WIDE = 60
_DOTS = 150


class ShownFigure(Figure):
    """A figure that no window belongs to, and that a notebook shows as it is."""

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        self.savefig(file, format="png", dpi=_DOTS)
        return file.getvalue()


def axes_or_new(ax: Axes | None) -> Axes:
    """The given axes, or the only ones of a new figure that no window belongs to."""
    return ax if ax is not None else ShownFigure(layout="constrained").subplots()


def signed_map(palette: Palette) -> Colormap:
    """The diverging colours of signed values."""
    return LinearSegmentedColormap.from_list("rnnviz signed", palette.signed_stops)


def magnitude_map(palette: Palette) -> Colormap:
    """The sequential colours of magnitudes."""
    return LinearSegmentedColormap.from_list("rnnviz magnitude", palette.magnitude_stops)


def words_of(trace: Trace, sequence: int) -> tuple[str, ...]:
    """What people call the inputs of a sequence, if the trace says it; long words are cut.

    Raises: TextError for a character that the shipped font does not have
    """
    labels = trace.metadata.step_labels
    return tuple(map(_cut, labels[sequence])) if labels else ()


def _cut(word: str) -> str:
    check_characters(
        re.sub(r"\s", " ", word), "replace it in the data that the trace was recorded from"
    )
    return word if len(word) <= _LONGEST else word[: _LONGEST - 1] + "…"


def time_axis(ax: Axes, trace: Trace, sequence: int, say: Say) -> None:
    """Steps along x, counted from 1; under each its word, where there are few enough."""
    words = words_of(trace, sequence)
    if words and len(words) <= MOST_WORDS:
        turned = sum(map(len, words)) > _WIDE
        ax.set_xticks(
            np.arange(1, trace.steps + 1),
            words,
            rotation=60 if turned else 0,
            ha="right" if turned else "center",
            rotation_mode="anchor",
            parse_math=False,
        )
    else:
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set_xlabel(say("step"))


def grid_image(
    ax: Axes,
    values: np.ndarray,
    *,
    cmap: Colormap,
    limits: tuple[float, float],
    norm: Any = None,
) -> Any:
    """An array (rows, steps) as cells, row 1 on top, steps and rows counted from 1."""
    rows, columns = values.shape
    scale = {"norm": norm} if norm is not None else {"vmin": limits[0], "vmax": limits[1]}
    return ax.imshow(
        values,
        cmap=cmap,
        aspect="auto",
        interpolation="nearest",
        extent=(0.5, columns + 0.5, rows + 0.5, 0.5),
        **scale,
    )


def integer_ticks(ax: Axes, count: int) -> None:
    """Whole numbers along y: all of a few, otherwise some."""
    if count <= 10:
        ax.set_yticks(range(1, count + 1))
    else:
        ax.yaxis.set_major_locator(MaxNLocator(integer=True))


def check_sequence(trace: Trace, sequence: int) -> None:
    """Raises TraceError for a sequence that the trace does not have."""
    if not 0 <= sequence < trace.batch:
        raise TraceError(f"there is no sequence {sequence}; the trace has {trace.batch}, from 0")


def state_of(trace: Trace, of: str, layer: int, direction: int) -> np.ndarray:
    """h, or c of an LSTM, of one layer and direction: (time, batch, unit).

    Raises: TraceError if there is no such state, layer or direction
    """
    check_place(trace, layer, direction)
    values = {"h": trace.h, "c": trace.c}.get(of)
    if values is None:
        raise TraceError(f"the trace has no state {of!r}; it has h, and c if it is of an LSTM")
    return values[layer, direction]

"""What the figures share: axes to draw on, colour maps, and a time axis with words."""

import io
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any
from unicodedata import east_asian_width

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator, ScalarFormatter
from wcwidth import iter_graphemes

from rnnviz.errors import TraceError
from rnnviz.figures.embedding import written_with
from rnnviz.lettering import FAMILY, check_characters
from rnnviz.measure.recorded import check_place
from rnnviz.palette import Palette
from rnnviz.trace import Trace
from rnnviz.translation import explained

Say = Callable[[str], str]
"""From a text of rnnviz to the same in another language."""

MOST_WORDS = 24
_LONGEST = 14
"""Letters that a word may have; those of East Asia are twice as wide."""
_PAPER = 8.0
_POINTS_PER_INCH = 72
_LEFT = 0.9
_SPACE = 0.5
_TURNED = 60
_DOTS = 150


class ShownFigure(Figure):
    """A figure that no window belongs to, and that a notebook shows as it is.

    It is written with the settings that it was drawn with, if ``drawn_with`` says them.
    """

    drawn_with: Mapping[Any, Any] | None = None

    def savefig(self, fname: Any, *, transparent: bool | None = None, **options: Any) -> None:
        """Write it as ``matplotlib.figure.Figure`` does, with its own settings."""
        with written_with(self.drawn_with):
            super().savefig(fname, transparent=transparent, **options)

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
    """What people call the inputs of a sequence, in one line each, if the trace says it; long
    words are cut.

    Raises: TextError for a character that no font in use has, if they are rnnviz's
    """
    labels = trace.metadata.step_labels
    return tuple(map(_cut, labels[sequence])) if labels else ()


def _cut(word: str) -> str:
    line = " ".join(word.split())
    if rcParams["font.family"][-1:] == [FAMILY]:
        check_characters(line, "the data that the trace was recorded from")
    pieces = tuple(iter_graphemes(line))
    wide = list(accumulate(2 if east_asian_width(piece[0]) in "WF" else 1 for piece in pieces))
    if not wide or wide[-1] <= _LONGEST:
        return line
    return "".join(pieces[: bisect_right(wide, _LONGEST - 1)]) + "…"


def scaled(size: float) -> float:
    """A size in points that was chosen for a paper's type, for the type that is in use."""
    return size * float(rcParams["font.size"]) / _PAPER


def words_fit(texts: Sequence[Text], pitch: float) -> bool:
    """Whether words, each at the middle of as much room as ``pitch``, leave a space between them.

    Units:  pitch in pixels
    """
    wide = [text.get_window_extent().width if text.get_text() else 0.0 for text in texts]
    space = _SPACE * _height(texts[0])
    return all(
        (left + right) / 2 + space <= pitch for left, right in pairwise(wide) if left and right
    )


def turn(texts: Sequence[Text]) -> None:
    """Turn words so that they end where they stood."""
    for text in texts:
        text.set(rotation=_TURNED, ha="right", rotation_mode="anchor")


def time_axis(ax: Axes, trace: Trace, sequence: int | None, say: Say) -> None:
    """Steps along x, counted from 1; under each its word, if there are words and room for them.

    Without a sequence, the words are those that all sequences share.
    """
    words = _shared_words(trace) if sequence is None else words_of(trace, sequence)
    ax.set_xlim(0.5, trace.steps + 0.5)
    if words and len(words) <= MOST_WORDS:
        ax.set_xticks(np.arange(1, trace.steps + 1), words, parse_math=False)
        texts = ax.get_xticklabels()
        if not texts:
            return
        pitch = _LEFT * ax.get_window_extent().width / trace.steps
        if words_fit(texts, pitch):
            return
        if pitch >= _height(texts[0]):
            turn(texts)
            return
        ax.xaxis.set_major_formatter(ScalarFormatter())
    whole_numbers(ax.xaxis)
    ax.set_xlabel(say("step"))


def _shared_words(trace: Trace) -> tuple[str, ...]:
    every = {words_of(trace, sequence) for sequence in range(trace.batch)}
    return every.pop() if len(every) == 1 else ()


def _height(text: Text) -> float:
    figure = text.get_figure(root=True)
    assert figure is not None
    return float(text.get_fontsize()) * figure.dpi / _POINTS_PER_INCH


def whole_numbers(axis: Axis) -> None:
    """Ticks at whole numbers alone, as many as there is room for."""
    axis.set_major_locator(MaxNLocator("auto", integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))


def log_axis(ax: Axes, label: str, say: Say) -> None:
    """A logarithmic axis along y, which says so."""
    ax.set_yscale("log")
    ax.set_ylabel(explained(label, say("log scale"), say))


def lag_axis(ax: Axes, lags: int, say: Say) -> None:
    """Steps back along x, from none to all that there are."""
    margin = max(0.5, 0.04 * (lags - 1))
    ax.set_xlim(-margin, lags - 1 + margin)
    ax.set_xlabel(explained("$t - k$", say("steps back"), say))
    whole_numbers(ax.xaxis)


def legend(ax: Axes) -> None:
    """What the lines and marks are, where they leave room, and not to be taken for one of them."""
    drawn = ax.legend(loc="best", fancybox=False, framealpha=0.85, borderpad=0.3, handlelength=1.6)
    drawn.get_frame().set(edgecolor=rcParams["axes.edgecolor"], linewidth=scaled(0.4))


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


def check_sequence(trace: Trace, sequence: int) -> None:
    """Raises TraceError for a sequence that the trace does not have."""
    if not 0 <= sequence < trace.batch:
        raise TraceError(f"there is no sequence {sequence}; the trace has {trace.batch}, from 0")


def state_of(trace: Trace, of: str, layer: int, direction: int) -> np.ndarray:
    """h, or c of an LSTM, of one layer and direction: (time, batch, unit), NaN after a sequence.

    Raises: TraceError if there is no such state, layer or direction
    """
    check_place(trace, layer, direction)
    values = {"h": trace.h, "c": trace.c}.get(of)
    if values is None:
        raise TraceError(f"the trace has no state {of!r}; it has h, and c if it is of an LSTM")
    return np.where(trace.mask[:, :, None], values[layer, direction], np.nan)

"""What the figures share: new axes, colour maps, axes of time and lag, legends and heat maps."""

import io
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate, combinations, pairwise
from typing import Any
from unicodedata import east_asian_width

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import QuadMesh
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator, MaxNLocator, ScalarFormatter
from wcwidth import iter_graphemes

from rnnviz.errors import TraceError
from rnnviz.figures.font_embedding import file_settings
from rnnviz.measure.recorded import check_place
from rnnviz.text.fonts import FAMILY, check_characters
from rnnviz.text.palette import Palette, Ramp
from rnnviz.text.translation import explained
from rnnviz.trace import Trace

Say = Callable[[str], str]
"""Translates a text of rnnviz."""

MOST_WORDS = 24
_LONGEST = 14
"""The widest word of a time axis, in letters; East Asian ones count twice."""
_PAPER = 8.0
_POINTS_PER_INCH = 72
_LEFT = 0.9
_SPACE = 0.5
_TURNED = 60
_CLOSEST = 0.8
_SPAN = 0.8
_DOTS = 150
_SEAM = 0.2
MOST_CELLS = 5_000
"""The most cells of a heat map that are drawn as shapes; more would make a large, slow file."""


class ShownFigure(Figure):
    """A figure without a window, which a notebook displays.

    It is written with the settings it was drawn with, ``drawn_with``, if those are known.
    """

    drawn_with: Mapping[Any, Any] | None = None

    def savefig(self, fname: Any, *, transparent: bool | None = None, **options: Any) -> None:
        """Write the figure as ``matplotlib.figure.Figure`` does, with its own settings."""
        with file_settings(self.drawn_with):
            super().savefig(fname, transparent=transparent, **options)

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        self.savefig(file, format="png", dpi=_DOTS)
        return file.getvalue()


def axes_or_new(ax: Axes | None) -> Axes:
    """Return the given axes, or those of a new figure without a window."""
    return ax if ax is not None else ShownFigure(layout="constrained").subplots()


def color_map(palette: Palette, ramp: Ramp) -> Colormap:
    """Return the colours of values of one kind: diverging for "signed", else sequential."""
    return LinearSegmentedColormap.from_list(f"rnnviz {ramp}", palette.ramp(ramp))


def words_of(trace: Trace, sequence: int) -> tuple[str, ...]:
    """Return the labels of a sequence's steps, each on one line and cut if long, or none.

    Raises: TextError for a character that no font in use has, unless the fonts are the user's own
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
    """Scale a size in points from the type of a paper to the type in use."""
    return size * float(rcParams["font.size"]) / _PAPER


def words_fit(texts: Sequence[Text], pitch: float) -> bool:
    """Return whether words, centred ``pitch`` apart, leave a space between them.

    Units:  pitch in pixels
    """
    wide = [text.get_window_extent().width if text.get_text() else 0.0 for text in texts]
    space = _SPACE * _height(texts[0])
    return all(
        (left + right) / 2 + space <= pitch for left, right in pairwise(wide) if left and right
    )


def turn(texts: Sequence[Text]) -> None:
    """Rotate words so that they end at their positions."""
    for text in texts:
        text.set(rotation=_TURNED, ha="right", rotation_mode="anchor")


def crowded(texts: Sequence[Text]) -> bool:
    """Return whether texts overlap as they are drawn; rotated ones all end at one height."""
    level = [text.get_window_extent() for text in texts if not text.get_rotation()]
    boxes = [box.shrunk(_CLOSEST, _CLOSEST) for box in level]
    if any(one.overlaps(other) for one, other in combinations(boxes, 2)):
        return True
    turned = [text for text in texts if text.get_rotation() == _TURNED and text.get_text()]
    places = sorted(
        float(text.get_transform().transform(text.get_position())[0]) for text in turned
    )
    room = min((right - left for left, right in pairwise(places)), default=np.inf)
    return bool(turned) and room * np.sin(np.radians(_TURNED)) < _CLOSEST * _height(turned[0])


def spans_its_place(ax: Axes) -> bool:
    """Return whether a drawing with equal scales fills the width that it has."""
    if ax.get_aspect() != 1:
        return True
    drawn, place = ax.get_position(original=False), ax.get_position(original=True)
    return drawn.width >= _SPAN * place.width


def time_axis(ax: Axes, trace: Trace, sequence: int | None, say: Say) -> None:
    """Label x with steps, counted from 1, or with their words if there are some that fit.

    Without a sequence, the words are those that all sequences share. If steps of another trace were
    drawn before, the axis spans both, and has words only if they are the same.
    """
    words = _shared_words(trace) if sequence is None else words_of(trace, sequence)
    same = _same_words(ax, words, say)
    ax.set_xlim(0.5, max(trace.steps + 0.5, ax.dataLim.x1))
    if same and words and len(words) <= MOST_WORDS:
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
    if not same:
        for text in ax.get_xticklabels():
            text.set(rotation=0, ha="center", rotation_mode="default")
    ax.xaxis.set_major_formatter(ScalarFormatter())
    whole_numbers(ax.xaxis)
    ax.set_xlabel(say("step"))


def _same_words(ax: Axes, words: Sequence[str], say: Say) -> bool:
    """Return whether an axis without steps gets these words, or has the same already."""
    if isinstance(ax.xaxis.get_major_locator(), FixedLocator):
        return [text.get_text() for text in ax.get_xticklabels()] == list(words)
    return ax.get_xlabel() != say("step")


def _shared_words(trace: Trace) -> tuple[str, ...]:
    every = {words_of(trace, sequence) for sequence in range(trace.batch)}
    return every.pop() if len(every) == 1 else ()


def _height(text: Text) -> float:
    figure = text.get_figure(root=True)
    assert figure is not None
    return float(text.get_fontsize()) * figure.dpi / _POINTS_PER_INCH


def whole_numbers(axis: Axis) -> None:
    """Place ticks at whole numbers, as many as fit."""
    axis.set_major_locator(MaxNLocator("auto", integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))


def log_axis(ax: Axes, label: str, say: Say) -> None:
    """Make y logarithmic, and say so in its label."""
    ax.set_yscale("log")
    ax.set_ylabel(explained(label, say("log scale"), say))


def lag_axis(ax: Axes, lags: int, say: Say, *, ahead: int = 0, direction: int = 0) -> None:
    """Label x with steps back, below 0 ahead, wide enough for what was drawn before as well."""
    least, most = min(-ahead, ax.dataLim.x0), max(lags - 1, ax.dataLim.x1)
    margin = max(0.5, 0.04 * (most - least))
    ax.set_xlim(least - margin, most + margin)
    meaning = say("steps back; below 0, states after the loss") if least < 0 else say("steps back")
    ax.set_xlabel(explained("$t - k$" if direction == 0 else "$k - t$", meaning, say))
    whole_numbers(ax.xaxis)


def spread(count: int, most: int) -> list[int]:
    """Return at most ``most`` of range(count), evenly spaced and with both ends.

    Example: >>> spread(9, 3)
             [0, 4, 8]
    """
    chosen = np.linspace(0, count - 1, max(1, min(count, most))).round().astype(int)
    return sorted(set(chosen.tolist()))


def legend(ax: Axes) -> None:
    """Add a legend where it covers least, in a frame so that it is not read as data."""
    drawn = ax.legend(loc="best", fancybox=False, framealpha=0.85, borderpad=0.3, handlelength=1.6)
    drawn.get_frame().set(edgecolor=rcParams["axes.edgecolor"], linewidth=scaled(0.4))


def in_legend(label: str | None, name: str, say: Say) -> str:
    """Return what a legend calls a line: its name, after the label of its trace if there is one."""
    return name if label is None else explained(label, name, say)


def outline(ax: Axes, values: np.ndarray, label: str, color: str) -> None:
    """Draw values at steps as an outline that does not hide others."""
    ax.stairs(
        values,
        np.arange(len(values) + 1) + 0.5,
        color=color,
        label=label,
        linestyle=rcParams["lines.linestyle"],
        linewidth=scaled(1.2),
    )
    legend(ax)


def cells(
    ax: Axes,
    values: np.ndarray,
    *,
    cmap: Colormap,
    limits: tuple[float, float],
    norm: Any = None,
) -> QuadMesh | AxesImage:
    """Draw an array (rows, steps) as cells, row 1 at the top, both counted from 1.

    Up to ``MOST_CELLS`` are shapes, sharp at any size; more are an image.
    """
    rows, columns = values.shape
    scale = {"norm": norm} if norm is not None else {"vmin": limits[0], "vmax": limits[1]}
    if values.size > MOST_CELLS:
        extent = (0.5, columns + 0.5, rows + 0.5, 0.5)
        return ax.imshow(
            values, cmap=cmap, aspect="auto", interpolation="nearest", extent=extent, **scale
        )
    mesh = ax.pcolormesh(
        np.arange(columns + 1) + 0.5,
        np.arange(rows + 1) + 0.5,
        np.ma.masked_invalid(values),
        cmap=cmap,
        edgecolors="face",  # without edges, viewers show gaps between neighbours
        linewidth=_SEAM,
        **scale,
    )
    ax.set_xlim(0.5, columns + 0.5)
    ax.set_ylim(rows + 0.5, 0.5)
    return mesh


def units_over_time(
    ax: Axes,
    trace: Trace,
    values: np.ndarray,
    sequence: int,
    say: Say,
    *,
    cmap: Colormap,
    limits: tuple[float, float],
    symbol: str,
    title: str | None,
) -> None:
    """Draw values (unit, time) of a sequence as cells, with a row for each unit."""
    shown = cells(ax, values, cmap=cmap, limits=limits)
    ax.set_ylabel(say("unit"))
    whole_numbers(ax.yaxis)
    time_axis(ax, trace, sequence, say)
    colour_scale(ax, shown, symbol, title=title)


def colour_scale(
    ax: Axes, shown: Any, label: str, *, title: str | None = None, **options: Any
) -> None:
    """Add a colour bar, drawn as shapes, and a title above the axes if there is one."""
    figure = ax.get_figure()
    assert figure is not None
    bar = figure.colorbar(shown, ax=ax, **{"pad": 0.02, **options})
    bar.set_label(label)
    bar.outline.set_visible(False)
    assert bar.solids is not None
    bar.solids.set(rasterized=False, edgecolor="face", linewidth=_SEAM)
    if title is not None:
        ax.set_title(title)


def check_sequence(trace: Trace, sequence: int) -> None:
    """Check that a trace has a sequence.

    Raises: TraceError
    """
    if not 0 <= sequence < trace.batch:
        raise TraceError(f"sequence must be 0 to {trace.batch - 1}, got {sequence}")


def state_of(trace: Trace, of: str, layer: int, direction: int) -> np.ndarray:
    """Return h, or c of an LSTM, of one layer and direction, NaN after the end of a sequence.

    Shapes: (time, batch, unit)

    Raises: TraceError if there is no such state, layer or direction
    """
    check_place(trace, layer, direction)
    values = {"h": trace.h, "c": trace.c}.get(of)
    if values is None:
        raise TraceError(f"the trace has no state {of!r}; choose h, or c of an LSTM")
    return np.where(trace.mask[:, :, None], values[layer, direction], np.nan)

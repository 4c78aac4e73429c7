"""Matplotlib's settings for the figures of a paper, slides or a poster.

Source: widths from the style files of NeurIPS 2023 (textwidth 5.5 in), ICML 2024 (columns of
3.25 in, 6.75 in across), IEEEtran (columns of 252 pt, 516 pt across) and ACL (columns of
219.086 pt, 455.244 pt across); 72.27 pt are an inch
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Final

from matplotlib import font_manager, rc_context, rcdefaults, rcParams
from matplotlib.rcsetup import cycler

from rnnviz.errors import FigureError
from rnnviz.figures.font_embedding import EMBEDDED, truetype_outlines
from rnnviz.text.font_files import Font, FontSource
from rnnviz.text.fonts import FAMILY, load_fonts, using_fonts
from rnnviz.text.notation import UWV, Notation, using_notation
from rnnviz.text.notation_files import load_notation
from rnnviz.text.palette import Palette
from rnnviz.text.theme_file import load_theme

_POINT: Final = 1 / 72.27


@dataclass(frozen=True)
class Style:
    """Sizes of one kind of figure.

    Units:  type and line in points, width in inches; height as a share of the width
    """

    type: float
    line: float
    width: float
    height: float = 0.62


STYLES: Final[Mapping[str, Style]] = {
    "paper": Style(type=8.0, line=1.2, width=3.4),
    "slides": Style(type=18.0, line=2.4, width=10.0, height=0.56),
    "poster": Style(type=28.0, line=4.0, width=14.0),
}
COLUMNS: Final[Mapping[str, tuple[float, float]]] = {
    "neurips": (5.5, 5.5),
    "icml": (3.25, 6.75),
    "ieee": (252 * _POINT, 516 * _POINT),
    "acl": (219.086 * _POINT, 455.244 * _POINT),
}
"""The width of one column and of the whole page, in inches."""


@contextmanager
def style(
    name: str = "paper",
    *,
    venue: str | None = None,
    span: int = 1,
    width: float | None = None,
    height: float | None = None,
    theme: str | Path | Palette = "light",
    font: FontSource | Iterable[FontSource] | None = None,
    notation: Notation | str | Path = UWV,
) -> Iterator[None]:
    """Use rnnviz's Matplotlib settings within a ``with`` block, for figures of your own.

    The options are those of ``figure``. A new figure has their size, type and colours, and a file
    written within the block embeds its fonts as rnnviz's files do. Your own settings are not used
    within the block, and are restored when it ends.

    Units:  width and height in inches
    Raises: FigureError for an unknown style or venue; ThemeError for an invalid theme
    Example: >>> with rnnviz.figures.style(venue="neurips"):
             ...     fig, ax = plt.subplots()
             ...     fig.savefig("own.pdf")
    """
    palette = load_theme(theme)
    fonts = load_fonts(font or palette.fonts)
    settings = style_settings(name, venue, span, width, height, palette, fonts=fonts)
    symbols = load_notation(notation)
    with rc_context(), using_fonts(fonts), using_notation(symbols), truetype_outlines():
        rcdefaults()
        rcParams.update({**settings, "figure.constrained_layout.use": True})
        yield


def style_settings(
    style: str,
    venue: str | None,
    span: int,
    width: float | None,
    height: float | None,
    palette: Palette,
    share: float | None = None,
    fonts: Sequence[Font] = (),
) -> dict[Any, Any]:
    """Return the rcParams of a figure, to be used within ``rc_context``.

    ``share`` is the height over the width, None for the style's; ``fonts`` set the characters that
    rnnviz Sans lacks.

    Raises: FigureError for an unknown style or venue, or a span or width that does not go with it
    """
    chosen: Style = choose("style", style, STYLES)
    if width is not None and venue is not None:
        raise FigureError("venue and width both set the width of a figure; give one of them")
    wide = width or _width(venue, span) or chosen.width
    high = height or wide * (share or chosen.height)
    _add_font()
    for font in fonts:
        font_manager.fontManager.addfont(font.file)
    type_size = chosen.type * palette.type_scale
    small = type_size * 0.9
    return {
        "figure.figsize": (wide, high),
        "figure.facecolor": palette.ground,
        "savefig.facecolor": palette.ground,
        "figure.dpi": 100,
        "savefig.dpi": 300,
        "font.family": [*(font.family for font in fonts), FAMILY],
        "font.size": type_size,
        "mathtext.fontset": "cm",
        "axes.unicode_minus": True,
        "axes.facecolor": palette.ground,
        "axes.edgecolor": palette.note,
        "axes.labelcolor": palette.text,
        "axes.labelsize": type_size,
        "axes.linewidth": chosen.line * 0.5,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "lines.linewidth": chosen.line,
        "lines.markersize": chosen.type * 0.5,
        "text.color": palette.text,
        "xtick.color": palette.note,
        "ytick.color": palette.note,
        "xtick.labelcolor": palette.text,
        "ytick.labelcolor": palette.text,
        "xtick.labelsize": small,
        "ytick.labelsize": small,
        "legend.fontsize": small,
        "legend.labelcolor": palette.text,
        "axes.titlesize": type_size,
        "axes.prop_cycle": cycler(color=series(palette)),
        "image.cmap": "viridis",
        "savefig.bbox": None,
        "text.usetex": False,
        **EMBEDDED,
    }


def choose(kind: str, name: str, choices: Mapping[str, Any]) -> Any:
    """Return the choice of a name.

    Raises: FigureError for a name that is not among the choices
    """
    if name not in choices:
        raise FigureError(f"unknown {kind} {name!r}; choose {', '.join(choices)}")
    return choices[name]


def series(palette: Palette) -> tuple[str, ...]:
    """Return the colours of several lines in one figure, whose meaning the reader's labels give.

    Neither that of inputs nor that of gradients is among them.
    """
    return palette.text, palette.weight, palette.output, palette.hidden, palette.note


@cache
def _add_font() -> None:
    """Register the font that rnnviz ships with Matplotlib, once per process."""
    with as_file(files("rnnviz") / "fonts" / "rnnvizSans.ttf") as path:
        font_manager.fontManager.addfont(path)


def _width(venue: str | None, span: int) -> float | None:
    if span not in (1, 2):
        raise FigureError(f"span must be 1 or 2 columns, got {span}")
    if venue is None and span == 2:
        raise FigureError("span counts the columns of a venue's page; give a venue, or a width")
    return None if venue is None else choose("venue", venue, COLUMNS)[span - 1]

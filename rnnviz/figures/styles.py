"""Where a figure goes decides its size and its type; the colours are the palette's.

Sources: widths from the style files of NeurIPS 2023 (textwidth 5.5 in), ICML 2024 (columns of
3.25 in, 6.75 in across), IEEEtran (columns of 252 pt, 516 pt across) and ACL (columns of
219.086 pt, 455.244 pt across); 72.27 pt are an inch
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from typing import Any, Final

from matplotlib import font_manager
from matplotlib.rcsetup import cycler

from rnnviz.figures.font_embedding import EMBEDDED
from rnnviz.text.font_files import Font
from rnnviz.text.fonts import FAMILY
from rnnviz.text.palette import Palette

_POINT: Final = 1 / 72.27


@dataclass(frozen=True)
class Style:
    """Type and lines of one use.

    Units:  type and lines in points, width in inches; height is a share of the width
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


def settings(
    style: Style, palette: Palette, width: float, height: float, fonts: Sequence[Font] = ()
) -> dict[Any, Any]:
    """Matplotlib's settings for a figure, to be used within ``rc_context``.

    ``fonts`` set what rnnviz Sans does not.
    """
    add_font()
    for font in fonts:
        font_manager.fontManager.addfont(font.file)
    small = style.type * 0.9
    return {
        "figure.figsize": (width, height),
        "figure.facecolor": palette.ground,
        "savefig.facecolor": palette.ground,
        "figure.dpi": 100,
        "savefig.dpi": 300,
        "font.family": [*(font.family for font in fonts), FAMILY],
        "font.size": style.type,
        "mathtext.fontset": "cm",
        "axes.unicode_minus": True,
        "axes.facecolor": palette.ground,
        "axes.edgecolor": palette.note,
        "axes.labelcolor": palette.text,
        "axes.labelsize": style.type,
        "axes.linewidth": style.line * 0.5,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "lines.linewidth": style.line,
        "lines.markersize": style.type * 0.5,
        "text.color": palette.text,
        "xtick.color": palette.note,
        "ytick.color": palette.note,
        "xtick.labelcolor": palette.text,
        "ytick.labelcolor": palette.text,
        "xtick.labelsize": small,
        "ytick.labelsize": small,
        "legend.fontsize": small,
        "legend.labelcolor": palette.text,
        "axes.titlesize": style.type,
        "axes.prop_cycle": cycler(color=series(palette)),
        "image.cmap": "viridis",
        "savefig.bbox": None,
        "text.usetex": False,
        **EMBEDDED,
    }


def series(palette: Palette) -> tuple[str, ...]:
    """Colours that tell several lines apart."""
    return palette.input, palette.gradient, palette.hidden, palette.weight, palette.output


@cache
def add_font() -> None:
    """Make the font that rnnviz ships known to Matplotlib, for this process."""
    with as_file(files("rnnviz") / "fonts" / "rnnvizSans.ttf") as path:
        font_manager.fontManager.addfont(path)

"""How a figure's fonts get into a file.

Matplotlib embeds fonts in a PDF as Type 3 unless it is told otherwise, which ICML, IEEE and others
reject. Here they are embedded as TrueType (Type 42), each cut to the characters that are used.
Matplotlib writes whatever outlines a font has under that name; those of an OpenType font with CFF,
which is no TrueType, are converted.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from unittest import mock

from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont, newTable
from matplotlib import rc_context, rcdefaults, rcParams
from matplotlib.backends import _backend_pdf_ps

from rnnviz.text.font_files import quiet_fonttools

EMBEDDED: Final[Mapping[Any, Any]] = {
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    "pdf.use14corefonts": False,
    "ps.useafm": False,
}
"""Matplotlib's settings for it."""

_OF_CFF: Final = ("CFF ", "CFF2", "VORG")
_OF_VARIATION: Final = ("fvar", "avar", "HVAR", "VVAR", "MVAR", "STAT")
_MAXIMA: Final = {
    "tableVersion": 0x00010000,
    "maxZones": 1,
    **dict.fromkeys(
        (
            *("maxTwilightPoints", "maxStorage", "maxFunctionDefs", "maxInstructionDefs"),
            *("maxStackElements", "maxSizeOfInstructions", "maxComponentElements"),
        ),
        0,
    ),
}
"""What a TrueType font tells of its programs, of which there are none."""
_OFF: Final = 1 / 2000
"""How far a converted outline may lie from its curve, as a share of the font's size."""


@contextmanager
def written_with(settings: Mapping[Any, Any] | None) -> Iterator[None]:
    """A time in which figures are written with these settings alone, or with the user's."""
    with rc_context(), quiet_fonttools(), truetype_alone():
        if settings is not None:
            rcdefaults()
            rcParams.update(settings)
        rcParams.update(EMBEDDED)
        yield


@contextmanager
def truetype_alone() -> Iterator[None]:
    """A time in which what Matplotlib embeds as TrueType has such outlines."""
    written: Any = _backend_pdf_ps.font_as_file

    def converted(font: TTFont) -> Any:
        if "glyf" not in font:
            _convert(font)
        return written(font)

    with mock.patch.object(_backend_pdf_ps, "font_as_file", converted):
        yield


def _convert(font: TTFont) -> None:
    """Give a font with CFF outlines TrueType's, glyph by glyph in their order."""
    order, shapes = font.getGlyphOrder(), font.getGlyphSet()
    glyphs = {}
    for name in order:
        pen = TTGlyphPen(None)
        shapes[name].draw(Cu2QuPen(pen, _OFF * font["head"].unitsPerEm, reverse_direction=True))
        glyphs[name] = pen.glyph()
    for tag in (*_OF_CFF, *_OF_VARIATION):
        if tag in font:
            del font[tag]
    font["loca"], font["glyf"] = newTable("loca"), newTable("glyf")
    font["glyf"].glyphs, font["glyf"].glyphOrder = glyphs, order
    for name, glyph in glyphs.items():
        glyph.recalcBounds(font["glyf"])
        font["hmtx"][name] = (font["hmtx"][name][0], getattr(glyph, "xMin", 0))
    for what, value in _MAXIMA.items():
        setattr(font["maxp"], what, value)
    font.setGlyphOrder(order)
    font["maxp"].recalc(font)
    font["post"].formatType = 3.0
    font.sfntVersion = "\0\1\0\0"

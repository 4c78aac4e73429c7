"""Embed fonts in the files of figures as TrueType (Type 42), cut to the characters that are used.

Matplotlib's default is Type 3, which ICML, IEEE and others reject. With ``pdf.fonttype`` 42 it
writes whatever outlines a font has under the name of TrueType, also those of an OpenType font with
CFF, which no reader can draw. Matplotlib has no setting, argument or class to override for that
step, so ``truetype_outlines`` replaces the function that serializes a font while a file is written.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

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
"""Matplotlib's settings for TrueType."""

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
"""The table ``maxp`` of a TrueType font without instructions."""
_TOLERANCE: Final = 1 / 2000
"""The greatest distance of a converted outline from its curve, as a share of the font's size."""


@contextmanager
def file_settings(settings: Mapping[Any, Any] | None) -> Iterator[None]:
    """Write files with these settings instead of the user's (None: the user's), and TrueType."""
    with rc_context(), quiet_fonttools(), truetype_outlines():
        if settings is not None:
            rcdefaults()
            rcParams.update(settings)
        rcParams.update(EMBEDDED)
        yield


@contextmanager
def truetype_outlines() -> Iterator[None]:
    """Convert fonts without TrueType outlines before Matplotlib embeds them."""
    original: Any = _backend_pdf_ps.font_as_file

    def converted(font: TTFont) -> Any:
        if "glyf" not in font:
            _convert(font)
        return original(font)

    _backend_pdf_ps.font_as_file = converted
    try:
        yield
    finally:
        _backend_pdf_ps.font_as_file = original


def _convert(font: TTFont) -> None:
    """Replace the CFF outlines of a font with TrueType outlines, keeping the order of glyphs."""
    order, shapes = font.getGlyphOrder(), font.getGlyphSet()
    tolerance = _TOLERANCE * font["head"].unitsPerEm
    glyphs = {}
    for name in order:
        pen = TTGlyphPen(None)
        shapes[name].draw(Cu2QuPen(pen, tolerance, reverse_direction=True))
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

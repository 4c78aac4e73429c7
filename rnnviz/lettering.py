"""The font that rnnviz ships: which characters it has, and the font cut to those of one page."""

import io
import logging
from functools import cache
from importlib.resources import files

from fontTools import subset
from fontTools.ttLib import TTFont

from rnnviz.errors import TextError

_FONT = files("rnnviz") / "fonts" / "rnnvizSans.ttf"
_ALWAYS = "".join(map(chr, range(0x20, 0x7F)))
_SQUARE = {"‖": 100, "∂": 30, "∏": 50}
"""Signs that stand in the middle of a square, as in Chinese, and the room beside them in a formula,
in thousandths of the size."""


def check_characters(text: str, remedy: str) -> None:
    """Raises TextError, which names it, for a character that the font does not have."""
    for character in text:
        if ord(character) not in _coverage():
            raise TextError(
                f"no font of rnnviz has the character {character!r} (U+{ord(character):04X}) "
                f"in {text!r}; {remedy}"
            )


def font_for(text: str) -> bytes:
    """A WOFF font with the characters of a text, and those of ASCII.

    Signs of formulas are as wide there as they are drawn: browsers set formulas as text.
    """
    logging.getLogger("fontTools.subset").setLevel(logging.WARNING)
    options = subset.Options(flavor="woff", hinting=False, notdef_outline=True)
    with _FONT.open("rb") as file:
        font = TTFont(file, recalcTimestamp=False)
        cutter = subset.Subsetter(options)
        cutter.populate(text=text + _ALWAYS)
        cutter.subset(font)
        for sign in _SQUARE:
            _tighten(font, sign)
        made = io.BytesIO()
        font.flavor = "woff"
        font.save(made, reorderTables=False)
    return made.getvalue()


def _tighten(font: TTFont, sign: str) -> None:
    """Leave so much room to the left and right of a sign."""
    name = font.getBestCmap().get(ord(sign))
    if name is None:
        return
    glyph, room = font["glyf"][name], round(_SQUARE[sign] * font["head"].unitsPerEm / 1000)
    glyph.coordinates.translate((room - glyph.xMin, 0))
    glyph.recalcBounds(font["glyf"])
    font["hmtx"][name] = (glyph.xMax + room, glyph.xMin)


@cache
def _coverage() -> frozenset[int]:
    with _FONT.open("rb") as file:
        return frozenset(TTFont(file, lazy=True).getBestCmap())

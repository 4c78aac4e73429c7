"""The font that rnnviz ships, cut to the characters of one page."""

import io
from importlib.resources import files

from fontTools import subset
from fontTools.ttLib import TTFont

_ALWAYS = "".join(map(chr, range(0x20, 0x7F)))


def font_for(text: str) -> bytes:
    """A WOFF font with the characters of a text, and those of ASCII."""
    options = subset.Options(flavor="woff", hinting=False, notdef_outline=True)
    with (files("rnnviz") / "fonts" / "rnnvizSans.ttf").open("rb") as file:
        font = TTFont(file, recalcTimestamp=False)
        cutter = subset.Subsetter(options)
        cutter.populate(text=text + _ALWAYS)
        cutter.subset(font)
        made = io.BytesIO()
        font.flavor = "woff"
        font.save(made, reorderTables=False)
    return made.getvalue()

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


def check_characters(text: str, remedy: str) -> None:
    """Raises TextError, which names it, for a character that the font does not have."""
    for character in text:
        if ord(character) not in _coverage():
            raise TextError(
                f"no font of rnnviz has the character {character!r} (U+{ord(character):04X}) "
                f"in {text!r}; {remedy}"
            )


def font_for(text: str) -> bytes:
    """A WOFF font with the characters of a text, and those of ASCII."""
    logging.getLogger("fontTools.subset").setLevel(logging.WARNING)
    options = subset.Options(flavor="woff", hinting=False, notdef_outline=True)
    with _FONT.open("rb") as file:
        font = TTFont(file, recalcTimestamp=False)
        cutter = subset.Subsetter(options)
        cutter.populate(text=text + _ALWAYS)
        cutter.subset(font)
        made = io.BytesIO()
        font.flavor = "woff"
        font.save(made, reorderTables=False)
    return made.getvalue()


@cache
def _coverage() -> frozenset[int]:
    with _FONT.open("rb") as file:
        return frozenset(TTFont(file, lazy=True).getBestCmap())

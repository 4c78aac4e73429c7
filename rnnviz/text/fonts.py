"""The fonts that text is set with, their characters, and subsets of them for one page.

rnnviz Sans sets all the characters it has except East Asian ones, so that numbers, formulas and
captions look the same in every picture. The user's fonts set the others, in their order, and
rnnviz Sans the East Asian characters that they lack.
"""

import io
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, lru_cache
from hashlib import sha256
from importlib.resources import files
from typing import Final

from fontTools import subset
from fontTools.ttLib import TTFont

from rnnviz.errors import TextError
from rnnviz.text.font_files import Font, FontSource, quiet_fonttools, read_fonts
from rnnviz.text.html import data_uri
from rnnviz.text.plain_text import FIRST_WIDE, is_shown

FAMILY: Final = "rnnviz Sans"
_FONT = files("rnnviz") / "fonts" / "rnnvizSans.ttf"
_ALWAYS = "".join(map(chr, range(0x20, 0x7F)))
_SQUARE = {"‖": 100, "∂": 30, "∏": 50}
"""Signs drawn in the middle of a square, as in Chinese, and the space beside them in a formula, in
thousandths of the font size."""
_DOTTED_CIRCLE: Final = 0x25CC
"""The base of a combining mark that stands alone; both must come from the same font."""
_IN_NO_FONT: Final = ("Cc", "Cs", "Co", "Cn")
_EXCERPT: Final = 40
_CUTS_IN_MEMORY: Final = 8
"""Fonts for pages, which mostly have the same characters; each takes some 100 kB."""

_in_use: Final[ContextVar[tuple[Font, ...]]] = ContextVar("fonts", default=())


def load_fonts(sources: FontSource | Iterable[FontSource] | None) -> tuple[Font, ...]:
    """Load a user's fonts for ``using_fonts``.

    Raises: TextError for a font that cannot set text
    """
    return read_fonts(sources, _own_characters())


@contextmanager
def using_fonts(fonts: Sequence[Font]) -> Iterator[None]:
    """A context in which these fonts set the characters that rnnviz Sans does not."""
    token = _in_use.set(tuple(fonts))
    try:
        yield
    finally:
        _in_use.reset(token)


def fonts_in_use() -> tuple[Font, ...]:
    """Return the fonts in use beside rnnviz Sans."""
    return _in_use.get()


def lacking(text: str) -> str:
    """Return the characters of a text that no font in use has, each once."""
    known = (_coverage(), *(font.characters for font in fonts_in_use()))
    return "".join(
        character
        for character in dict.fromkeys(text)
        if is_shown(character) and not any(ord(character) in each for each in known)
    )


def check_characters(text: str, where: str) -> None:
    """Check that the fonts in use have all characters of a text; ``where`` is its source.

    Raises: TextError that names the character
    """
    missing = lacking(text)
    if missing:
        raise TextError(f"{describe_missing(missing[0], text)}; {remedy_for(missing[0], where)}")


def describe_missing(character: str, text: str) -> str:
    """Return the fact that no font has a character of a text."""
    place = text.index(character)
    start = max(0, place - _EXCERPT // 2)
    excerpt = "".join(filter(is_shown, text[start : start + _EXCERPT]))
    others = " and ".join(map(str, fonts_in_use()))
    return (
        f"no font of rnnviz has the character {character!r} (U+{ord(character):04X}) "
        f"in {excerpt!r}{f', nor has {others}' if others else ''}"
    )


def remedy_for(character: str, where: str) -> str:
    """Return the remedy for a character that no font has."""
    if unicodedata.category(character) in _IN_NO_FONT:
        return f"replace it in {where}"
    return f"give a font that has it: --font FILE (font= in Python), or replace it in {where}"


def font_for(text: str) -> bytes:
    """Return rnnviz Sans as WOFF with the characters of a text, and those of ASCII.

    Signs of formulas get the width of their outline, since browsers set formulas as text.
    """
    return _cut(frozenset(map(ord, text + _ALWAYS)) & _coverage())


@lru_cache(maxsize=_CUTS_IN_MEMORY)
@quiet_fonttools()
def _cut(characters: frozenset[int]) -> bytes:
    options = subset.Options(flavor="woff", hinting=False, notdef_outline=True)
    with _FONT.open("rb") as file:
        font = TTFont(file, recalcTimestamp=False)
        cutter = subset.Subsetter(options)
        cutter.populate(unicodes=characters)
        cutter.subset(font)
        for sign in _SQUARE:
            _tighten(font, sign)
        content = io.BytesIO()
        font.flavor = "woff"
        font.save(content, reorderTables=False)
    return content.getvalue()


def _tighten(font: TTFont, sign: str) -> None:
    """Set the space to the left and right of a sign."""
    name = font.getBestCmap().get(ord(sign))
    if name is None:
        return
    glyph, room = font["glyf"][name], round(_SQUARE[sign] * font["head"].unitsPerEm / 1000)
    glyph.coordinates.translate((room - glyph.xMin, 0))
    glyph.recalcBounds(font["glyf"])
    font["hmtx"][name] = (glyph.xMax + room, glyph.xMin)


def font_faces(text: str) -> str:
    """Return style sheet rules that give a page rnnviz Sans and the fonts in use."""
    rules = [_rule(font_for(text), "woff")]
    wanted = {ord(character) for character in text}
    taken: set[int] = set()
    for font in fonts_in_use():
        here = sorted((wanted & font.characters) - taken)
        if here:
            taken |= set(here)
            marks = "".join(character for character in text if not is_shown(character))
            shown = "".join(map(chr, here)) + "".join(dict.fromkeys(marks))
            content = font.cut(shown).content
            rules.append(_rule(content, "opentype", here))
    return "\n".join(rules)


def _rule(content: bytes, kind: str, characters: Sequence[int] = ()) -> str:
    address = data_uri(content, f"font/{kind}")
    only = ",".join(f"U+{code:X}" for code in characters)
    scope = f" unicode-range: {only};" if only else ""
    return f'@font-face {{ font-family: "{FAMILY}"; src: url("{address}");{scope} }}'


@cache
def shipped_digest() -> str:
    """Return a digest of the fonts that the library ships."""
    digest = sha256()
    for path in sorted((files("rnnviz") / "fonts").iterdir(), key=lambda path: path.name):
        digest.update(path.read_bytes())
    return digest.hexdigest()


@cache
def _own_characters() -> frozenset[int]:
    """The characters that rnnviz Sans sets even if another font has them."""
    return frozenset(code for code in _coverage() if code < FIRST_WIDE) - {_DOTTED_CIRCLE}


@cache
def _coverage() -> frozenset[int]:
    with _FONT.open("rb") as file:
        return frozenset(TTFont(file, lazy=True).getBestCmap())

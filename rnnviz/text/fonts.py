"""Which fonts text is set with, which characters they have, and the fonts cut for one page.

rnnviz Sans sets what it has but for East Asian text, so that numbers, formulas and captions look
the same in every picture. All else is set with the fonts that are given, in their order; what they
lack of East Asian text is rnnviz Sans's again.
"""

import io
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Final

from fontTools import subset
from fontTools.ttLib import TTFont

from rnnviz.errors import TextError
from rnnviz.text.font_files import Font, Given, fonts_of, quiet_fonttools
from rnnviz.text.html import data_uri
from rnnviz.text.plain_text import FIRST_WIDE, is_shown

FAMILY: Final = "rnnviz Sans"
_FONT = files("rnnviz") / "fonts" / "rnnvizSans.ttf"
_ALWAYS = "".join(map(chr, range(0x20, 0x7F)))
_SQUARE = {"‖": 100, "∂": 30, "∏": 50}
"""Signs that stand in the middle of a square, as in Chinese, and the room beside them in a formula,
in thousandths of the size."""
_DOTTED_CIRCLE: Final = 0x25CC
"""What carries a mark that stands alone; it has to be of the mark's own font."""
_IN_NO_FONT: Final = ("Cc", "Cs", "Co", "Cn")
_EXCERPT: Final = 40

_in_use: Final[ContextVar[tuple[Font, ...]]] = ContextVar("fonts", default=())


def given_fonts(given: Given | Iterable[Given] | None) -> tuple[Font, ...]:
    """The fonts that a user gives, ready for ``using_fonts``.

    Raises: TextError for what is no font that can set text
    """
    return fonts_of(given, _ours())


@contextmanager
def using_fonts(fonts: Sequence[Font]) -> Iterator[None]:
    """Within it, these fonts set what rnnviz Sans does not."""
    token = _in_use.set(tuple(fonts))
    try:
        yield
    finally:
        _in_use.reset(token)


def fonts_in_use() -> tuple[Font, ...]:
    """The fonts beside rnnviz Sans."""
    return _in_use.get()


def lacking(text: str) -> str:
    """The characters of a text that no font in use has, each once."""
    known = (_coverage(), *(font.characters for font in fonts_in_use()))
    return "".join(
        character
        for character in dict.fromkeys(text)
        if is_shown(character) and not any(ord(character) in each for each in known)
    )


def check_characters(text: str, where: str) -> None:
    """Refuse a text with a character that no font in use has.

    ``where`` is what holds the text, and where it may be replaced.

    Raises: TextError that names the character
    """
    missing = lacking(text)
    if missing:
        raise TextError(f"{told_of(missing[0], text)}; {remedy_for(missing[0], where)}")


def told_of(character: str, text: str) -> str:
    """That a character of a text is in no font, in words."""
    place = text.index(character)
    start = max(0, place - _EXCERPT // 2)
    excerpt = "".join(filter(is_shown, text[start : start + _EXCERPT]))
    given = " and ".join(map(str, fonts_in_use()))
    return (
        f"no font of rnnviz has the character {character!r} (U+{ord(character):04X}) "
        f"in {excerpt!r}{f', nor is it in {given}' if given else ''}"
    )


def remedy_for(character: str, where: str) -> str:
    """What to do about a character that is in no font."""
    if unicodedata.category(character) in _IN_NO_FONT:
        return f"replace it in {where}"
    return f"give a font that has it: --font FILE (font= in Python), or replace it in {where}"


@quiet_fonttools()
def font_for(text: str) -> bytes:
    """A WOFF font with the characters of a text, and those of ASCII.

    Signs of formulas are as wide there as they are drawn: browsers set formulas as text.
    """
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


def font_faces(text: str) -> str:
    """Style sheet rules that give a page rnnviz Sans, with the fonts in use where they go first."""
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
    """A digest of the fonts that the library ships."""
    digest = sha256()
    for path in sorted((files("rnnviz") / "fonts").iterdir(), key=lambda path: path.name):
        digest.update(path.read_bytes())
    return digest.hexdigest()


@cache
def _ours() -> frozenset[int]:
    """The characters that rnnviz Sans sets, whatever else has them."""
    return frozenset(code for code in _coverage() if code < FIRST_WIDE) - {_DOTTED_CIRCLE}


@cache
def _coverage() -> frozenset[int]:
    with _FONT.open("rb") as file:
        return frozenset(TTFont(file, lazy=True).getBestCmap())

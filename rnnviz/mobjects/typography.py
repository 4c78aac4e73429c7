"""Text and formulas through Typst, with the fonts that rnnviz ships.

Sizes are em heights in Manim units. Text from a user's data is always a Typst string literal,
so nothing in it is ever read as Typst source.
"""

import re
from collections.abc import Mapping
from typing import Final, Self

import numpy as np
from manim import UP, ManimColor, VGroup
from wcwidth import iter_graphemes

from rnnviz.errors import TextError
from rnnviz.mobjects.typesetting import Typeset, typeset
from rnnviz.text.fonts import check_characters
from rnnviz.text.plain_text import FIRST_WIDE, isolated, visible

NOTE: Final = 0.24
SMALL: Final = 0.28
BODY: Final = 0.36
FORMULA: Final = 0.56

MINUS: Final = "−"
_POINTS_PER_EM: Final = 10.0
_WIDER: Final = 1.06
"""A caption may be so much wider than asked for if it is a line shorter then."""
_WIDE: Final = chr(FIRST_WIDE)
_CHINESE_MARK: Final = re.compile("[，：；。、]")
_SECONDS_PER_WIDE: Final = 0.2
_SECONDS_PER_LETTER: Final = 0.062
_MATH: Final = re.compile(r"\$(.+?)\$")
_FACT: Final = re.compile(r"\{(\w+)\}")
_IN_FORMULA: Final = re.compile(r"[A-Za-z]|[0-9.,·⁻⁰¹²³⁴⁵⁶⁷⁸⁹+−]+")
_DOLLAR: Final = "\ue000"
_ROUNDING: Final = 1e-9
"""Percent that shares which add up to all may lack."""


class Ink(VGroup):
    """Typeset text or a formula: one outline a glyph, and where its baseline is.

    Only the outlines are kept of what Typst set, so that copying one costs little.
    """

    def __init__(self, typeset: Typeset, text: str, *, math: bool, color: ManimColor, size: float):
        self.text = text
        self.has_scripts = math
        glyphs = [glyph.drawn(color) for glyph in typeset.glyphs]
        super().__init__(*glyphs)
        self._parts = {
            name: VGroup(*[glyphs[place] for place in places])
            for name, places in typeset.parts.items()
        }
        self._em_per_height = size / self.height if self.height else 0.0
        self._baseline_share = typeset.baseline_share

    @property
    def em(self) -> float:
        """The em height at which the text stands now, in Manim units."""
        return float(self.height * self._em_per_height)

    @property
    def baseline(self) -> float:
        """The height (y) of the baseline."""
        return float(self.get_bottom()[1] + self._baseline_share * self.height)

    def set_on(self, y: float) -> Self:
        """Stand with the baseline, not the ink, at height ``y``."""
        return self.shift((y - self.baseline) * UP)

    def part(self, name: str) -> VGroup:
        """The glyphs of a part that the formula's source names."""
        return self._parts[name]


def label(text: str, *, color: ManimColor, size: float = BODY) -> Ink:
    """One line of text, shown as typed.

    Units:  size is the em height in Manim units
    Raises: TextError if no font in use has one of the characters
    """
    shown = _literal(isolated(visible(text)), "the data that the trace was recorded from")
    return _typst(f"#{shown}", text, color=color, size=size)


def fitted_label(
    text: str, *, color: ManimColor, width: float, size: float = BODY, smallest: float = NOTE
) -> Ink:
    """A label no wider than ``width``: made smaller first, then cut with an ellipsis."""
    shown = label(text, color=color, size=size)
    if shown.width > width:
        shown = label(text, color=color, size=max(smallest, size * width / shown.width))
    pieces = tuple(iter_graphemes(text))
    kept = len(pieces)
    while shown.width > width and kept > 1:
        kept = min(kept - 1, max(1, int(kept * width / shown.width)))
        shown = label("".join(pieces[:kept]).rstrip() + "…", color=color, size=smallest)
    return shown


def formula(source: str, *, color: ManimColor, size: float = FORMULA) -> Ink:
    """A formula in Typst's notation; ``{{ part : name }}`` makes a part that can be selected."""
    return Ink(typeset(source, size, math=True), source, math=True, color=color, size=size)


def prose(
    template: str, facts: Mapping[str, str], *, color: ManimColor, width: float, size: float = BODY
) -> Ink:
    """A caption: text with ``{facts}`` filled in and ``$formulas$`` set, on balanced lines.

    A fact is shown as it is, dollar signs too; one within a formula is a number or a letter.

    Units:  width and size in Manim units
    Raises: TextError for a character that no font has, a fact that is not given, or one that
            cannot stand in a formula
    """
    limit = width / size * _POINTS_PER_EM
    text = _filled(template, facts)
    halves = _halves(text) if _ems(text) > width / size else (text,)
    body = "#linebreak()".join(_markup(half) for half in halves)
    source = (
        f"#context {{ let body = par(leading: 1.15em)[{body}]; let most = {limit:.2f}pt; "
        "let lines(wide) = block(width: wide, align(center, body)); "
        f"let widest = most * {_WIDER}; let least = measure(lines(widest)).height; "
        "let wide = calc.min(most, measure(body).width / calc.ceil(measure(body).width / most)); "
        "while wide < widest and measure(lines(wide)).height > least { wide = wide + 2pt }; "
        "lines(calc.min(wide, widest)) }"
    )
    return _typst(source, text.replace(_DOLLAR, "$"), color=color, size=size)


def _filled(template: str, facts: Mapping[str, str]) -> str:
    """The text with its facts, their dollar signs told apart from those of formulas."""
    for name in _FACT.findall(template):
        if name not in facts:
            given = ", ".join(facts) or "nothing"
            raise TextError(
                f"caption {template!r} names {{{name}}}, and facts() gives {given}; "
                "give it there, or take it out"
            )
    for name in (name for piece in _MATH.findall(template) for name in _FACT.findall(piece)):
        if not _IN_FORMULA.fullmatch(facts[name]):
            raise TextError(f"{facts[name]!r} cannot stand in a formula; it is no number")
    return template.format_map(
        {name: isolated(text).replace("$", _DOLLAR) for name, text in facts.items()}
    )


def reading_time(text: str) -> float:
    """How many seconds it takes to read a caption aloud; a Chinese character is a syllable."""
    wide = sum(ord(character) >= FIRST_WIDE for character in text)
    return _SECONDS_PER_WIDE * wide + _SECONDS_PER_LETTER * (len(text) - wide)


def _markup(text: str) -> str:
    """Typst source of a text with ``$formulas$`` in it."""
    pieces = enumerate(_MATH.split(text))
    return "".join(
        f"#box(${piece}$)" if index % 2 else _plain_markup(piece) for index, piece in pieces
    )


def _plain_markup(text: str) -> str:
    if not text:
        return ""
    return f"#{_literal(text.replace(_DOLLAR, '$'), 'the caption or in the data that it names')}"


def _halves(text: str) -> tuple[str, ...]:
    """A Chinese text in two lines, parted at the punctuation nearest to its middle.

    Chinese has no spaces to part lines at; a line that ends within a word is hard to read.
    """
    marks = [match.end() for match in _CHINESE_MARK.finditer(text)]
    middle = len(text) / 2
    near = [mark for mark in marks if 0.25 < mark / len(text) < 0.75]
    if not near:
        return (text,)
    place = min(near, key=lambda mark: abs(mark - middle))
    return text[:place], text[place:]


def _ems(text: str) -> float:
    """About how wide a text is: Chinese characters take one em, others half of one."""
    return sum(1.0 if piece[0] >= _WIDE else 0.5 for piece in iter_graphemes(text))


def number(value: float, digits: int = 2) -> str:
    """A recorded value as text with ``digits`` significant digits."""
    if value == 0:
        return "0"
    magnitude = int(np.floor(np.log10(abs(value))))
    rounded = round(value, digits - 1 - magnitude)
    if abs(rounded) >= 10 ** (magnitude + 1):
        magnitude += 1
    if -4 <= magnitude < 5:
        text = f"{rounded:.{max(0, digits - 1 - magnitude)}f}"
    else:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        text = scientific(mantissa, int(exponent))
    return text.replace("-", MINUS)


def scientific(mantissa: str, exponent: int) -> str:
    """A mantissa times a power of ten: 1.2·10⁻⁷."""
    return f"{mantissa}·10{str(exponent).translate(_SUPERSCRIPT)}"


def percent(share: float) -> str:
    """A share as a percentage with two significant digits, never rounded up to all or nothing."""
    value = 100.0 * share
    if 99.5 <= value < 100.0 - _ROUNDING:
        return ">99%"
    return f"{value:.0f}%" if value >= 10 else f"{number(value)}%"


_SUPERSCRIPT: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def _literal(text: str, where: str) -> str:
    shown = re.sub(r"\s", " ", visible(text))
    check_characters(shown, where)
    escaped = shown.replace("\\", "\\\\").replace('"', '\\"')
    return f'text("{escaped}")'


def _typst(source: str, text: str, *, color: ManimColor, size: float) -> Ink:
    return Ink(typeset(source, size), text, math=False, color=color, size=size)

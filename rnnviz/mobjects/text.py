"""Text and formulas set by Typst, in the fonts that rnnviz ships and the user's own.

Sizes are em heights in Manim units. User data always enters as a Typst string literal, never as
Typst source.
"""

import re
from collections.abc import Mapping
from typing import Final, Self

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

_POINTS_PER_EM: Final = 10.0
_WIDER: Final = 1.06
"""A caption may exceed its width by this factor if that saves a line."""
_WIDE: Final = chr(FIRST_WIDE)
_CHINESE_MARK: Final = re.compile("[，：；。、]")
_MATH: Final = re.compile(r"\$(.+?)\$")
_FACT: Final = re.compile(r"\{(\w+)\}")
_IN_FORMULA: Final = re.compile(r"[A-Za-z]|[0-9.,·⁻⁰¹²³⁴⁵⁶⁷⁸⁹+−]+")
_DOLLAR: Final = "\ue000"


class Ink(VGroup):
    """Typeset text or a formula, as one outline per glyph, with its baseline."""

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
        """The current em height in Manim units."""
        return float(self.height * self._em_per_height)

    @property
    def baseline(self) -> float:
        """The y of the baseline."""
        return float(self.get_bottom()[1] + self._baseline_share * self.height)

    def set_on(self, y: float) -> Self:
        """Move the baseline to height ``y``."""
        return self.shift((y - self.baseline) * UP)

    def part(self, name: str) -> VGroup:
        """Return the glyphs of a part named in the formula's source."""
        return self._parts[name]


def label(text: str, *, color: ManimColor, size: float = BODY) -> Ink:
    """Return one line of text, shown as typed.

    Units:  size is the em height in Manim units
    Raises: TextError if no font in use has one of the characters
    """
    shown = _literal(isolated(visible(text)), "the data that the trace was recorded from")
    return _typst(f"#{shown}", text, color=color, size=size)


def fitted_label(
    text: str, *, color: ManimColor, width: float, size: float = BODY, smallest: float = NOTE
) -> Ink:
    """Return a label at most ``width`` wide: shrunk first, then cut with an ellipsis."""
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
    """Return a formula in Typst's notation; ``{{ part : name }}`` names a part to select."""
    return Ink(typeset(source, size, math=True), source, math=True, color=color, size=size)


def prose(
    template: str, facts: Mapping[str, str], *, color: ManimColor, width: float, size: float = BODY
) -> Ink:
    """Return a caption: text with ``{facts}`` and ``$formulas$``, on lines of similar length.

    Facts are shown literally, dollar signs included; in a formula they must be numbers or letters.

    Units:  width and size in Manim units
    Raises: TextError for a character that no font has, a missing fact, or a fact that cannot be
            part of a formula
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
    """Return the text with its facts, whose dollar signs are marked so as to open no formula."""
    for name in _FACT.findall(template):
        if name not in facts:
            known = ", ".join(facts) or "nothing"
            raise TextError(
                f"caption {template!r} uses {{{name}}}, but facts() returns only {known}; "
                "add it there or remove it from the caption"
            )
    for name in (name for piece in _MATH.findall(template) for name in _FACT.findall(piece)):
        if not _IN_FORMULA.fullmatch(facts[name]):
            raise TextError(
                f"fact {name!r} is {facts[name]!r}, which a formula cannot hold; "
                "use a number or a single letter"
            )
    return template.format_map(
        {name: isolated(text).replace("$", _DOLLAR) for name, text in facts.items()}
    )


def _markup(text: str) -> str:
    """Return the Typst source of a text that may hold ``$formulas$``."""
    pieces = enumerate(_MATH.split(text))
    return "".join(
        f"#box(${piece}$)" if index % 2 else _plain_markup(piece) for index, piece in pieces
    )


def _plain_markup(text: str) -> str:
    if not text:
        return ""
    return f"#{_literal(text.replace(_DOLLAR, '$'), 'the caption or in the data that it names')}"


def _halves(text: str) -> tuple[str, ...]:
    """Split a Chinese text into two lines at the punctuation mark nearest to its middle.

    Chinese has no spaces to break lines at, and a line that ends inside a word is hard to read.
    """
    marks = [match.end() for match in _CHINESE_MARK.finditer(text)]
    middle = len(text) / 2
    near = [mark for mark in marks if 0.25 < mark / len(text) < 0.75]
    if not near:
        return (text,)
    place = min(near, key=lambda mark: abs(mark - middle))
    return text[:place], text[place:]


def _ems(text: str) -> float:
    """Estimate the width of a text: one em per Chinese character, half an em for others."""
    return sum(1.0 if piece[0] >= _WIDE else 0.5 for piece in iter_graphemes(text))


def _literal(text: str, where: str) -> str:
    shown = re.sub(r"\s", " ", visible(text))
    check_characters(shown, where)
    escaped = shown.replace("\\", "\\\\").replace('"', '\\"')
    return f'text("{escaped}")'


def _typst(source: str, text: str, *, color: ManimColor, size: float) -> Ink:
    return Ink(typeset(source, size), text, math=False, color=color, size=size)

"""Text and formulas set by Typst, in the fonts that rnnviz ships and the user's own.

Sizes are em heights in Manim units, times the type scale in use. User data always enters as a Typst
string literal, never as Typst source.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import combinations, pairwise
from typing import Final, Self

import numpy as np
from manim import UP, ManimColor, VGroup
from wcwidth import iter_graphemes

from rnnviz.errors import TextError
from rnnviz.mobjects.typesetting import Typeset, typeset
from rnnviz.text.fonts import check_characters
from rnnviz.text.notation import in_captions, in_typst
from rnnviz.text.plain_text import FIRST_WIDE, Phrase, isolated, visible

NOTE: Final = 0.25
SMALL: Final = 0.28
BODY: Final = 0.36
FORMULA: Final = 0.56

_type_scale: Final[ContextVar[float]] = ContextVar("type scale", default=1.0)
_FORMULA_ROOM: Final = (12.9, 1.22)
"""The width and the height that a formula may have in type that is larger than usual."""
_LINE: Final = 1.06
"""The height of a line of text, in ems."""
_POINTS_PER_EM: Final = 10.0
_WIDER: Final = 1.06
"""A caption may exceed its width by this factor if that saves a line."""
_WIDE: Final = chr(FIRST_WIDE)
_CHINESE_MARK: Final = re.compile("[，：；。、]")
_MOST_LINES: Final = 4
"""The most lines that a Chinese text is broken into at its punctuation marks."""
_ROOM_TO_FIT: Final = 0.98
"""Type of another size is not wider in just the same ratio."""
_MATH: Final = re.compile(r"\$(.+?)\$")
_FACT: Final = re.compile(r"\{(\w+)\}")
_IN_FORMULA: Final = re.compile(r"[A-Za-z]|[0-9.,·⁻⁰¹²³⁴⁵⁶⁷⁸⁹+−]+")
_MONOSPACED: Final = "DejaVu Sans Mono"
"""A font that Typst itself contains."""
_ADVANCE: Final = 1233 / 2048
"""The width of its characters, in ems."""
_DOLLAR: Final = "\ue000"


@contextmanager
def using_type_scale(scale: float) -> Iterator[None]:
    """A context in which text and formulas are this much larger than their size says."""
    token = _type_scale.set(scale)
    try:
        yield
    finally:
        _type_scale.reset(token)


def scaled(size: float) -> float:
    """Return the em height that a size has in the type scale in use."""
    return size * _type_scale.get()


def size_in_rows(size: float, pitch: float) -> float:
    """Return the size of texts in rows: as given, unless the type scale makes rows overlap.

    Units:  the distance between rows in Manim units
    """
    return max(size / max(1.0, _type_scale.get()), min(size, pitch / scaled(_LINE)))


class Ink(VGroup):
    """Typeset text or a formula, as one outline per glyph, with its baseline.

    Units:  ``slant`` is the angle by which it was turned, in radians
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
        self.slant = 0.0

    @property
    def em(self) -> float:
        """The current em height in Manim units."""
        height = self.height
        if self.slant:
            lower, _, _, upper = self.corners
            height = float(np.linalg.norm(upper - lower))
        return float(height * self._em_per_height)

    @property
    def corners(self) -> np.ndarray:
        """The corners (4, 3) of the box around the text, turned with it, from the lower left."""
        cos, sin = np.cos(self.slant), np.sin(self.slant)
        axes = np.array([[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]])
        seen = self.get_points_defining_boundary() @ axes.T
        (left, bottom, _), (right, top, _) = seen.min(axis=0), seen.max(axis=0)
        box = [[left, bottom, 0.0], [right, bottom, 0.0], [right, top, 0.0], [left, top, 0.0]]
        return np.array(box) @ axes

    def turn(self, angle: float, about: np.ndarray) -> Self:
        """Turn the text by an angle in radians, anticlockwise."""
        self.slant += angle
        return self.rotate(angle, about_point=about)

    @property
    def baseline(self) -> float:
        """The y of the baseline."""
        return float(self.get_bottom()[1] + self._baseline_share * self.height)

    def set_on(self, y: float) -> Self:
        """Move the baseline to height ``y``."""
        return self.shift((y - self.baseline) * UP)

    @property
    def part_names(self) -> tuple[str, ...]:
        """The names of the formula's parts."""
        return tuple(self._parts)

    def part(self, name: str) -> VGroup:
        """Return the glyphs of a part named in the formula's source."""
        return self._parts[name]


def label(text: str, *, color: ManimColor, size: float = BODY) -> Ink:
    """Return one line of text, shown as typed unless it is a ``Phrase``.

    Units:  size is the em height in Manim units
    Raises: TextError if no font in use has one of the characters
    """
    if isinstance(text, Phrase):
        phrase = in_captions(text)
        return _typst(_markup(phrase), phrase, color=color, size=size)
    shown = _literal(isolated(visible(text)), "the data that the trace was recorded from")
    return _typst(f"#{shown}", text, color=color, size=size)


def fitted_label(
    text: str, *, color: ManimColor, width: float, size: float = BODY, smallest: float = NOTE
) -> Ink:
    """Return a label at most ``width`` wide: shrunk first, then cut with an ellipsis.

    A ``Phrase`` is never cut.
    """
    smallest = smallest / _type_scale.get()
    shown = label(text, color=color, size=size)
    if isinstance(text, Phrase):
        return shown.scale_to_fit_width(width) if shown.width > width else shown
    if shown.width > width:
        fitting = _ROOM_TO_FIT * size * width / shown.width
        shown = label(text, color=color, size=max(smallest, fitting))
    pieces = tuple(iter_graphemes(text))
    kept = len(pieces)
    while shown.width > width and kept > 1:
        kept = min(kept - 1, max(1, int(kept * width / shown.width)))
        shown = label("".join(pieces[:kept]).rstrip() + "…", color=color, size=smallest)
    return shown


def code(text: str, *, color: ManimColor, size: float = SMALL) -> Ink:
    """Return one line of code in a font whose characters are all ``code_advance(size)`` wide.

    Units:  size is the em height in Manim units
    Raises: TextError if no font in use has one of the characters
    """
    shown = _literal(text, "the code")
    source = f'#text(font: "{_MONOSPACED}", {shown})'
    return _typst(source, text, color=color, size=size)


def code_advance(size: float) -> float:
    """Return the width of a character of code, in Manim units."""
    return _ADVANCE * scaled(size)


def formula(source: str, *, color: ManimColor, size: float = FORMULA) -> Ink:
    """Return a formula in Typst's notation; ``{{ part : name }}`` names a part to select.

    ``source`` has the symbols of the default notation, and is set in the notation in use.
    """
    size = scaled(size)
    shown = in_typst(source)
    ink = Ink(typeset(shown, size, math=True), shown, math=True, color=color, size=size)
    if _type_scale.get() > 1.0 and len(ink):
        width, height = _FORMULA_ROOM
        ink.scale(min(1.0, width / ink.width, height / ink.height))
    return ink


def prose(
    template: str, facts: Mapping[str, str], *, color: ManimColor, width: float, size: float = BODY
) -> Ink:
    """Return a caption: text with ``{facts}`` and ``$formulas$``, on lines of similar length.

    Facts are shown literally, dollar signs included; in a formula they must be numbers or letters.
    Formulas are set in the notation in use.

    Units:  width and size in Manim units
    Raises: TextError for a character that no font has, a missing fact, or a fact that cannot be
            part of a formula
    """
    most = width / scaled(size)
    limit = most * _POINTS_PER_EM
    text = _filled(in_captions(template), facts)
    broken = list(_in_lines(text)) if _ems(text) > most else []
    bodies = ["#linebreak()".join(map(_markup, lines)) for lines in (*broken, (text,))]
    source = (
        f"#context {{ let most = {limit:.2f}pt; let widest = most * {_WIDER}; "
        f"let bodies = ({''.join(f'[{body}], ' for body in bodies)}); "
        "let fitting = bodies.find(each => measure(each).width <= widest); "
        "let body = par(leading: 1.15em, if fitting == none { bodies.last() } else { fitting }); "
        "let lines(wide) = block(width: wide, align(center, body)); "
        "let least = measure(lines(widest)).height; "
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
        {
            name: in_captions(text)
            if isinstance(text, Phrase)
            else isolated(text).replace("$", _DOLLAR)
            for name, text in facts.items()
        }
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


def _in_lines(text: str) -> Iterator[tuple[str, ...]]:
    """Yield a Chinese text on two lines, on three and so on, of similar length.

    Chinese has no spaces to break lines at, and a line that ends inside a word is hard to read:
    lines end at punctuation marks. A text without a mark near its middle is not broken.
    """
    ends = [match.end() for match in _CHINESE_MARK.finditer(text)]
    marks = [end for end in ends if end < len(text)]
    near = [mark for mark in marks if 0.25 < mark / len(text) < 0.75]
    if not near:
        return
    yield _cut(text, [min(near, key=lambda mark: abs(mark - len(text) / 2))])
    for count in range(3, _MOST_LINES + 1):
        ways = [_cut(text, places) for places in combinations(marks, count - 1)]
        if ways:
            yield min(ways, key=lambda lines: max(map(_ems, lines)))


def _cut(text: str, places: Iterable[int]) -> tuple[str, ...]:
    return tuple(text[start:end] for start, end in pairwise((0, *places, len(text))))


def _ems(text: str) -> float:
    """Estimate the width of a text: one em per Chinese character, half an em for others."""
    return sum(1.0 if piece[0] >= _WIDE else 0.5 for piece in iter_graphemes(text))


def _literal(text: str, where: str) -> str:
    shown = re.sub(r"\s", " ", visible(text))
    check_characters(shown, where)
    escaped = shown.replace("\\", "\\\\").replace('"', '\\"')
    return f'text("{escaped}")'


def _typst(source: str, text: str, *, color: ManimColor, size: float) -> Ink:
    size = scaled(size)
    return Ink(typeset(source, size), text, math=False, color=color, size=size)
